//! What is known of a key without its private part: whose it says it is, how long, how strong. Believes nothing.

use std::fmt;

use sealpost_mail::{Address, Domain, Timestamp};
use serde::{Deserialize, Serialize};

/// The two ways to encrypt a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// An X.509 certificate (RFC 8551).
    Smime,
    /// An OpenPGP certificate (RFC 9580 and before, RFC 3156).
    Openpgp,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smime => "S/MIME",
            Self::Openpgp => "OpenPGP",
        })
    }
}

/// The kind of a key's mathematics, as far as it matters for who can encrypt to it and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Algorithm(pub String);

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a certificate or public key says of itself, and what we think of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// S/MIME or OpenPGP.
    pub kind: KeyKind,
    /// SHA-256 of the certificate, or the OpenPGP fingerprint: upper-case hex.
    pub fingerprint: String,
    /// Its name, for people.
    pub subject: String,
    /// Who issued it, for people; empty for OpenPGP.
    #[serde(default)]
    pub issuer: String,
    /// Addresses and domains it names, in lower case.
    pub names: Vec<String>,
    /// Like `RSA 3072`.
    pub algorithm: Algorithm,
    /// Good from.
    pub not_before: Option<Timestamp>,
    /// Good until.
    pub not_after: Option<Timestamp>,
    /// It may encrypt.
    pub encrypts: bool,
    /// Why it is too weak to be used.
    pub weak: Option<String>,
    /// Its owner has taken it back.
    #[serde(default)]
    pub revoked: bool,
}

impl KeyFacts {
    /// The fingerprint in groups of four, to be read out on the telephone.
    #[must_use]
    pub fn spoken(&self) -> String {
        let letters: Vec<char> = self.fingerprint.chars().collect();
        letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    /// Whether it names this very address.
    #[must_use]
    pub fn names_address(&self, address: &Address) -> bool {
        self.names
            .iter()
            .any(|name| Address::parse(name).is_ok_and(|named| named.identity() == address.identity()))
    }

    /// Whether it names this domain, or an address in it.
    #[must_use]
    pub fn names_domain(&self, domain: &Domain) -> bool {
        self.names.iter().any(|name| {
            let host = name.rsplit_once('@').map_or(name.as_str(), |(_, host)| host);
            Domain::parse(host).is_ok_and(|named| named == *domain)
        })
    }
}
