//! The algorithms with which letters to a partner are signed and encrypted. Knows no key material, only key facts.

use serde::{Deserialize, Serialize};

use crate::key_facts::{Algorithm, Capability, KeyFacts, Method};

/// How the content of an S/MIME letter is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// EnvelopedData with AES-256-CBC: readable by all programs.
    #[default]
    Aes256Cbc,
    /// AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084): S/MIME 4.0.
    Aes256Gcm,
}

/// How the content key is encrypted to an RSA key. Elliptic curves always take ECDH (RFC 5753).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// RSAES-PKCS1-v1_5: readable by all programs.
    #[default]
    Pkcs1,
    /// RSAES-OAEP with SHA-256.
    Oaep,
}

/// How an RSA key of ours signs. Elliptic curves always use ECDSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Pkcs1,
    /// RSASSA-PSS with SHA-256.
    Pss,
}

/// The form of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// multipart/signed: readable without any key, unless it is also encrypted.
    #[default]
    Detached,
    /// SignedData with the content embedded: changes of white space in transit cannot invalidate it.
    Opaque,
}

/// Which part of the head is also put inside, so that it cannot be changed in transit, and what is withheld outside
/// (RFC 9788).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderProtection {
    /// The head stays unchanged.
    #[serde(rename = "none")]
    Off,
    /// All of it inside; outside what servers and threading need, and the subject (`hcp_no_confidentiality` for that).
    #[default]
    // Rows of the previous version, which had no choice, contain "off".
    #[serde(alias = "off")]
    SubjectShown,
    /// All of it inside; outside the same with `[...]` for the subject (`hcp_baseline`).
    #[serde(alias = "subject")]
    SubjectWithheld,
}

/// The algorithms for a letter. The default is readable by gpgsm 2.2, NSS, OpenSSL and BouncyCastle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Profile {
    /// S/MIME content encryption.
    pub content: Content,
    /// S/MIME key transport.
    pub transport: Transport,
    /// S/MIME signature algorithm.
    pub signature: Signature,
    /// S/MIME signature form; OpenPGP signs inside the encryption (RFC 3156 §6.2), or detached if not encrypted.
    pub form: Form,
    /// Header protection. To be chosen by what the partner's programs display; no certificate raises it.
    pub headers: HeaderProtection,
}

impl Profile {
    /// BSI TR-02102-1 and TR-03116-4: authenticated encryption, OAEP, PSS; PKCS#1 v1.5 not at all.
    #[must_use]
    pub fn bsi() -> Self {
        Self {
            content: Content::Aes256Gcm,
            transport: Transport::Oaep,
            signature: Signature::Pss,
            form: Form::Detached,
            // A guideline on algorithms cannot know what the partner's programs display for a withheld one.
            headers: HeaderProtection::SubjectShown,
        }
    }

    /// This profile with everything stronger that the partner's key declares support for; never weaker.
    #[must_use]
    pub fn raised_by(self, facts: &KeyFacts) -> Self {
        let can = |capability| facts.method == Method::Smime && facts.capabilities.contains(&capability);
        Self {
            content: if can(Capability::Aes256Gcm) { Content::Aes256Gcm } else { self.content },
            transport: match facts.algorithm {
                Algorithm::Rsa(_) if can(Capability::Oaep) => Transport::Oaep,
                Algorithm::Rsa(_) | Algorithm::Dsa(_) | Algorithm::Curve(_) | Algorithm::Other(_) => {
                    self.transport
                }
            },
            signature: if can(Capability::Pss) { Signature::Pss } else { self.signature },
            ..self
        }
    }
}
