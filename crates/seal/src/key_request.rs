//! The parameters of a new key. Makes none.

use sealpost_mail::{Address, Domain};

/// The kind of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// S/MIME, RSA with 3072 bits: supported by all programs.
    SmimeRsa3072,
    /// S/MIME, RSA with 4096 bits.
    SmimeRsa4096,
    /// S/MIME on NIST P-256.
    SmimeP256,
    /// S/MIME on NIST P-384.
    SmimeP384,
    /// OpenPGP, Ed25519 and X25519 (version 4, readable by GnuPG 2.2).
    OpenPgpCurve25519,
    /// OpenPGP, RSA with 3072 bits.
    OpenPgpRsa3072,
    /// OpenPGP, RSA with 4096 bits.
    OpenPgpRsa4096,
}

/// The holder of a new key.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The organisation's name, as people know it.
    pub name: String,
    /// The address in the certificate or user id.
    pub address: Address,
    /// The whole domain, for a domain key.
    pub domain: Option<Domain>,
    /// Two letters, such as `DE`.
    pub country: Option<String>,
}
