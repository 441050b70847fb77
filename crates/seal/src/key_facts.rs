//! The facts of a key or certificate, in a form that can be displayed, stored and judged. Knows no library and no key.

use std::fmt;

use sealpost_mail::{Address, Domain, Timestamp, hex};
use serde::{Deserialize, Serialize};

/// The two methods of signing and encrypting a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// RFC 8551.
    Smime,
    /// RFC 3156 and RFC 9580.
    OpenPgp,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smime => "S/MIME",
            Self::OpenPgp => "OpenPGP",
        })
    }
}

/// SHA-256 over a certificate's DER, or the fingerprint of an OpenPGP key (RFC 9580 §5.5.4: 20 bytes for version 4, 32
/// for version 6). As text: hex in groups of four, for comparison by telephone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// From these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Hex digits, upper case, without groups.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0).to_ascii_uppercase()
    }

    /// Parses typed or pasted text: hex digits in any case, with spaces, colons or hyphens between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':' | '-' | '\t' | '\u{a0}'))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let bytes: Vec<u8> = digits?
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(high << 4 | low),
                _ => None,
            })
            .collect::<Option<_>>()?;
        matches!(bytes.len(), 20 | 32).then_some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.0.chunks(2).enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            pair.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a fingerprint has 40 or 64 hex digits")
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_hex()
    }
}

/// Algorithm and size of a public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// RSA with this many bits.
    Rsa(u32),
    /// DSA or ElGamal with this many bits: never used by us.
    Dsa(u32),
    /// An elliptic curve by its name, such as `P-256`, `brainpoolP256r1` or `Ed25519`.
    Curve(String),
    /// Anything else, by the name its library gives it.
    Other(String),
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::Dsa(bits) => write!(f, "DSA-{bits}"),
            Self::Curve(name) | Self::Other(name) => f.write_str(name),
        }
    }
}

/// What the holder's programs declare support for (SMIMECapabilities, RFC 8551 §2.5.2; OpenPGP features, RFC 9580
/// §5.2.3.32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// AES-256 in CBC mode.
    Aes256Cbc,
    /// AES-256 in GCM mode: AuthEnvelopedData (RFC 5084).
    Aes256Gcm,
    /// RSAES-OAEP.
    Oaep,
    /// RSASSA-PSS.
    Pss,
    /// OpenPGP version 2 of the encrypted container (AEAD).
    SeipdV2,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256Cbc => "AES-256-CBC",
            Self::Aes256Gcm => "AES-256-GCM",
            Self::Oaep => "RSAES-OAEP",
            Self::Pss => "RSASSA-PSS",
            Self::SeipdV2 => "SEIPDv2",
        })
    }
}

/// All facts of a key, from its public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Certificate or OpenPGP key.
    pub method: Method,
    /// The fingerprint, for comparison.
    pub fingerprint: Fingerprint,
    /// Distinguished name or first user id, on one line.
    pub subject: String,
    /// The issuer's distinguished name; `None` for OpenPGP.
    pub issuer: Option<String>,
    /// Serial number in hex; `None` for OpenPGP.
    pub serial: Option<String>,
    /// Addresses it names, each accepted by the strict parser.
    pub addresses: Vec<Address>,
    /// Number of names of addresses or domains in it that the strict parser refuses (white space, control characters).
    pub unreadable_names: usize,
    /// Domains it names as such (dNSName), and those of domain-wide addresses.
    pub domains: Vec<Domain>,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until; `None`: it does not expire (OpenPGP).
    pub not_after: Option<Timestamp>,
    /// Algorithm of the encryption key, or of the only key.
    pub algorithm: Algorithm,
    /// Algorithm of the signing key, if that is another one (OpenPGP).
    pub signing_algorithm: Option<Algorithm>,
    /// Algorithm of its issuer's signature, such as `sha256WithRSAEncryption`.
    pub signed_by: String,
    /// Whether it may encrypt, by its declared usage, and can, by its algorithm.
    pub encrypts: bool,
    /// Whether it may sign.
    pub signs: bool,
    /// Whether it is a certificate authority's.
    pub is_authority: bool,
    /// Whether it is self-signed: chain validation says nothing, the fingerprint must be compared.
    pub self_issued: bool,
    /// Whether its holder has revoked it (OpenPGP, by its own signature).
    pub revoked: bool,
    /// What its holder's programs support.
    pub capabilities: Vec<Capability>,
    /// URLs of revocation lists (http), from the certificate: untrusted.
    pub crl_urls: Vec<String>,
    /// URLs of OCSP responders, from the certificate: untrusted.
    pub ocsp_urls: Vec<String>,
}

impl KeyFacts {
    /// Whether it names this address. The local part is compared case-insensitively: no organisation has two people
    /// whose addresses differ only in case, and certificates are written by hand.
    #[must_use]
    pub fn names(&self, address: &Address) -> bool {
        self.addresses.iter().any(|own| {
            own.domain() == address.domain() && own.local().to_lowercase() == address.local().to_lowercase()
        })
    }

    /// Whether it names an address or a name in exactly this domain (not above or below it).
    #[must_use]
    pub fn names_domain(&self, domain: &Domain) -> bool {
        self.domains.contains(domain) || self.addresses.iter().any(|address| address.domain() == domain)
    }
}
