//! What a key or certificate says of itself, in words that can be shown, kept and judged. Knows no library and no key.

use std::fmt;

use sealpost_mail::{Address, Domain, Timestamp, hex};
use serde::{Deserialize, Serialize};

/// The two ways of closing a letter.
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

/// SHA-256 over a certificate's DER, or the fingerprint of an OpenPGP key (RFC 9580 §5.5.4: 20 bytes for version 4,
/// 32 for version 6). As text: hex in groups of four, to be compared by telephone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// These bytes.
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

    /// What a person typed or pasted: hex digits in any case, with spaces, colons or hyphens between them.
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
    /// RSA with so many bits.
    Rsa(u32),
    /// DSA or ElGamal with so many bits: never used by us.
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

/// What the holder's programs say they can read (SMIMECapabilities, RFC 8551 §2.5.2; OpenPGP features, RFC 9580
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

/// Everything that is known of a key from looking at its public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Certificate or OpenPGP key.
    pub method: Method,
    /// To compare.
    pub fingerprint: Fingerprint,
    /// Distinguished name or first user id, on one line.
    pub subject: String,
    /// Who issued the certificate; `None` for OpenPGP.
    pub issuer: Option<String>,
    /// Serial number in hex; `None` for OpenPGP.
    pub serial: Option<String>,
    /// Addresses it names, each read by the strict parser. One that cannot be read so is not here.
    pub addresses: Vec<Address>,
    /// Names of addresses or domains in it that the strict parser refuses (white space, control characters): so many.
    pub unreadable_names: usize,
    /// Domains it names as such (dNSName), and those of domain-wide addresses.
    pub domains: Vec<Domain>,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until; `None`: it does not expire (OpenPGP).
    pub not_after: Option<Timestamp>,
    /// Of the key that encrypts, or of the only one.
    pub algorithm: Algorithm,
    /// Of the key that signs, where it is another one (OpenPGP).
    pub signing_algorithm: Option<Algorithm>,
    /// How its issuer signed it, such as `sha256WithRSAEncryption`.
    pub signed_by: String,
    /// May encrypt, by what it says of its usage, and can, by its algorithm.
    pub encrypts: bool,
    /// May sign.
    pub signs: bool,
    /// Is a certificate authority's.
    pub is_authority: bool,
    /// Its issuer is itself: chain validation says nothing, the fingerprint must be compared.
    pub self_issued: bool,
    /// Its holder has revoked it (OpenPGP, where it says so itself).
    pub revoked: bool,
    /// What its holder can read.
    pub capabilities: Vec<Capability>,
    /// Where revocation lists can be had (http), as the certificate says: another's words.
    pub crl_urls: Vec<String>,
    /// Where its state can be asked (OCSP), as the certificate says: another's words.
    pub ocsp_urls: Vec<String>,
}

impl KeyFacts {
    /// Whether it names this address. The local part is compared without regard to case: no house has two people whose
    /// addresses differ by it only, and certificates are written by hand.
    #[must_use]
    pub fn names(&self, address: &Address) -> bool {
        self.addresses.iter().any(|own| {
            own.domain() == address.domain() && own.local().to_lowercase() == address.local().to_lowercase()
        })
    }

    /// Whether an address or a name in it is of this domain itself (not above or below it).
    #[must_use]
    pub fn names_domain(&self, domain: &Domain) -> bool {
        self.domains.contains(domain) || self.addresses.iter().any(|address| address.domain() == domain)
    }
}
