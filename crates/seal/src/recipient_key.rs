//! A key of ours as letters name it: what the worker needs to see that a layer is for us, and nothing private. Worked out once
//! and not for every letter, since an OpenPGP key is checked signature by signature when it is read. Knows no letter.

use sequoia_openpgp::KeyID;
use serde::{Deserialize, Serialize};

use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;
use crate::pgp;

/// The public side of a key of ours, as a letter's recipients are held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientKey {
    fingerprint: Fingerprint,
    named_by: NamedBy,
}

/// By what a letter names a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NamedBy {
    /// Issuer and serial number, or key identifier, of this certificate (DER).
    Certificate(#[serde(with = "crate::base64_bytes")] Vec<u8>),
    /// The ids of those of its keys that decrypt.
    KeyIds(#[serde(with = "crate::base64_list")] Vec<Vec<u8>>),
}

impl RecipientKey {
    /// Of this public key.
    #[must_use]
    pub fn of(public: &PartnerKey) -> Self {
        let named_by = match public.method() {
            Method::Smime => NamedBy::Certificate(public.as_bytes().to_vec()),
            Method::OpenPgp => {
                let ids = public.cert().map(|cert| pgp::key::decrypting_ids(&cert)).unwrap_or_default();
                NamedBy::KeyIds(ids.iter().map(|id| id.as_bytes().to_vec()).collect())
            }
        };
        Self { fingerprint: public.facts().fingerprint.clone(), named_by }
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// DER of the certificate, for S/MIME.
    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        match &self.named_by {
            NamedBy::Certificate(der) => Some(der),
            NamedBy::KeyIds(_) => None,
        }
    }

    /// For OpenPGP.
    pub(crate) fn key_ids(&self) -> impl Iterator<Item = KeyID> {
        let ids = match &self.named_by {
            NamedBy::Certificate(_) => &[][..],
            NamedBy::KeyIds(ids) => ids.as_slice(),
        };
        ids.iter().map(|id| KeyID::from_bytes(id))
    }
}
