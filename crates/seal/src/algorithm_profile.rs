//! Which algorithms a letter is closed with for a partner. Knows no key material, only what a key's facts say.

use serde::{Deserialize, Serialize};

use crate::key_facts::{Algorithm, Capability, KeyFacts, Method};

/// How the content of an S/MIME letter is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// EnvelopedData with AES-256-CBC: what everybody can open.
    #[default]
    Aes256Cbc,
    /// AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084): S/MIME 4.0.
    Aes256Gcm,
}

/// How the content key is encrypted to an RSA key. Elliptic curves always take ECDH (RFC 5753).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// RSAES-PKCS1-v1_5: what everybody can open.
    #[default]
    Pkcs1,
    /// RSAES-OAEP with SHA-256.
    Oaep,
}

/// How an RSA key of ours signs. Elliptic curves always take ECDSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Pkcs1,
    /// RSASSA-PSS with SHA-256.
    Pss,
}

/// The shape of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// multipart/signed: readable without any key, where it is not encrypted as well.
    #[default]
    Detached,
    /// SignedData with the content in it: nothing on the way can break it by changing white space.
    Opaque,
}

/// What of the head goes inside as well, so that nobody changes it on the way, and what is withheld outside (RFC 9788).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderProtection {
    /// The head stays as it is.
    #[serde(rename = "none")]
    Off,
    /// Inside whole; outside what servers and threads need, and the subject (`hcp_no_confidentiality` for that one).
    #[default]
    // Partners of the version before, which knew no choice, have "off" in their rows.
    #[serde(alias = "off")]
    SubjectShown,
    /// Inside whole; outside the same with `[...]` for a subject (`hcp_baseline`).
    #[serde(alias = "subject")]
    SubjectWithheld,
}

/// By which algorithms a letter is closed. The default is what gpgsm 2.2, NSS, OpenSSL and BouncyCastle all open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Profile {
    /// S/MIME content encryption.
    pub content: Content,
    /// S/MIME key transport.
    pub transport: Transport,
    /// S/MIME signature algorithm.
    pub signature: Signature,
    /// S/MIME signature shape; OpenPGP signs inside the encryption (RFC 3156 §6.2), or detached where nothing is
    /// encrypted.
    pub form: Form,
    /// Header protection. The choice of whoever knows what the partner's programs show; no certificate raises it.
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
            // A guideline on algorithms cannot know what the partner's programs show of a withheld one.
            headers: HeaderProtection::SubjectShown,
        }
    }

    /// This profile with everything stronger that the partner's key says its holder can read; never weaker.
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
