//! The accepted CMS algorithms, by the exact bytes of their identifiers. Pure.

use openssl::symm::Cipher;

use super::der::{self, OCTET_STRING, OID, SEQUENCE, SET};
use crate::key_facts::Capability;
use crate::token::{KeyEncryption, Sha};

/// Contents of OIDs, as in DER.
mod oid {
    pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(super) const OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7];
    pub(super) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    pub(super) const P_SPECIFIED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 9];
    pub(super) const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    pub(super) const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    pub(super) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    pub(super) const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
    pub(super) const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
    pub(super) const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
    pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
    pub(super) const MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
    /// SHA-2, by its last byte: 1 is SHA-256, 2 SHA-384, 3 SHA-512, 4 SHA-224.
    pub(super) const SHA2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
    /// AES, by its last byte.
    pub(super) const AES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1];
    /// des-EDE3-CBC.
    pub(super) const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7];
    /// dhSinglePass-stdDH-sha2*kdf (RFC 5753).
    pub(super) const STD_DH_SHA2: &[u8] = &[0x2b, 0x81, 0x04, 1, 11];
    pub(super) const STD_DH_SHA1: &[u8] = &[0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x3f, 0, 2];
    pub(super) const CAPABILITIES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15];
}

/// The OID and the parameters of an AlgorithmIdentifier.
fn identifier(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (oid, parameters) = der::value(der::only(der, SEQUENCE)?)?;
    (oid.tag == OID).then_some((oid.content, parameters))
}

/// A hash's name, if its identifier is exactly a known one.
fn hash(oid: &[u8]) -> Option<&'static str> {
    match oid.split_last() {
        Some((1, oid::SHA2)) => Some("SHA-256"),
        Some((2, oid::SHA2)) => Some("SHA-384"),
        Some((3, oid::SHA2)) => Some("SHA-512"),
        Some((4, oid::SHA2)) => Some("SHA-224"),
        _ if oid == oid::SHA1 => Some("SHA-1"),
        _ if oid == oid::MD5 => Some("MD5"),
        _ => None,
    }
}

/// An accepted key transport. OpenSSL takes OAEP with unreadable parameters for PKCS#1 v1.5 (its issue
/// 32567): they are parsed here first, to the last byte.
pub(crate) fn transport(der: &[u8]) -> Option<KeyEncryption> {
    let (oid, parameters) = identifier(der)?;
    if oid == oid::RSA {
        return (parameters.is_empty() || parameters == [5, 0]).then_some(KeyEncryption::Pkcs1);
    }
    if oid != oid::OAEP {
        return None;
    }
    // RFC 8017 A.2.1: all of them may be omitted and default to SHA-1.
    let (mut digest, mut mask) = (Sha::Sha1, Sha::Sha1);
    let mut given = Vec::new();
    let mut last = 0;
    for field in der::all(der::only(parameters, SEQUENCE)?)? {
        if field.tag <= last {
            return None;
        }
        last = field.tag;
        match field.tag {
            0xa0 => digest = hash_identifier(field.content)?,
            0xa1 => {
                let (oid, parameters) = identifier(field.content)?;
                mask = (oid == oid::MGF1).then(|| hash_identifier(parameters)).flatten()?;
            }
            0xa2 => {
                let (oid, label) = identifier(field.content)?;
                if oid != oid::P_SPECIFIED {
                    return None;
                }
                given = der::only(label, OCTET_STRING)?.to_vec();
            }
            _ => return None,
        }
    }
    Some(KeyEncryption::Oaep { digest, mask, label: given })
}

fn hash_identifier(der: &[u8]) -> Option<Sha> {
    let (oid, parameters) = identifier(der)?;
    if !parameters.is_empty() && parameters != [5, 0] {
        return None;
    }
    match oid.split_last() {
        Some((1, oid::SHA2)) => Some(Sha::Sha256),
        Some((2, oid::SHA2)) => Some(Sha::Sha384),
        Some((3, oid::SHA2)) => Some(Sha::Sha512),
        Some((4, oid::SHA2)) => Some(Sha::Sha224),
        _ if oid == oid::SHA1 => Some(Sha::Sha1),
        _ => None,
    }
}

/// An accepted key agreement.
pub(crate) struct KeyAgreement<'a> {
    /// The hash of its derivation.
    pub(crate) hash: Sha,
    /// DER of the wrapping algorithm.
    pub(crate) wrap: &'a [u8],
}

impl std::fmt::Display for KeyAgreement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ECDH with {}", self.hash)
    }
}

/// The key agreement of a keyEncryptionAlgorithm.
pub(crate) fn agreement(der: &[u8]) -> Option<KeyAgreement<'_>> {
    let (oid, wrap) = identifier(der)?;
    let hash = match oid.split_last() {
        Some((0, oid::STD_DH_SHA2)) => Sha::Sha224,
        Some((1, oid::STD_DH_SHA2)) => Sha::Sha256,
        Some((2, oid::STD_DH_SHA2)) => Sha::Sha384,
        Some((3, oid::STD_DH_SHA2)) => Sha::Sha512,
        // A key derivation: attacks on SHA-1 do not affect it.
        _ if oid == oid::STD_DH_SHA1 => Sha::Sha1,
        _ => return None,
    };
    Some(KeyAgreement { hash, wrap })
}

/// Octets of the key of an AES key wrap (RFC 3565 §2.3.2).
pub(crate) fn key_wrap(der: &[u8]) -> Option<usize> {
    match identifier(der)?.0.split_last()? {
        (0x05, oid::AES) => Some(16),
        (0x19, oid::AES) => Some(24),
        (0x2d, oid::AES) => Some(32),
        _ => None,
    }
}

/// A signature's algorithms by name, and whether they are secure.
pub(crate) fn signature(digest: &[u8], signature: &[u8]) -> (String, Strength) {
    let digest = identifier(digest).and_then(|(oid, _)| hash(oid));
    let by = identifier(signature).and_then(|(oid, _)| match oid {
        oid::RSA | oid::RSA_SHA1 | oid::RSA_SHA256 | oid::RSA_SHA384 | oid::RSA_SHA512 => {
            Some("RSASSA-PKCS1-v1_5")
        }
        oid::PSS => Some("RSASSA-PSS"),
        oid::EC => Some("ECDSA"),
        oid::ED25519 => Some("Ed25519"),
        [family @ .., _] if family == oid::ECDSA => Some("ECDSA"),
        _ => None,
    });
    match (digest, by) {
        (Some(digest), Some(by)) => {
            let strength = if matches!(digest, "SHA-1" | "MD5") { Strength::Broken } else { Strength::Good };
            (format!("{by} with {digest}"), strength)
        }
        _ => ("an unknown algorithm".to_owned(), Strength::Broken),
    }
}

/// Whether an algorithm is secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Good,
    Broken,
}

/// A content cipher by its OID: our name for it, and whether it authenticates.
pub(crate) fn content_cipher(oid: &[u8]) -> Option<(Cipher, &'static str, Authenticates)> {
    use Authenticates::{No, Yes};
    match oid.split_last() {
        Some((0x02, oid::AES)) => Some((Cipher::aes_128_cbc(), "AES-128-CBC", No)),
        Some((0x16, oid::AES)) => Some((Cipher::aes_192_cbc(), "AES-192-CBC", No)),
        Some((0x2a, oid::AES)) => Some((Cipher::aes_256_cbc(), "AES-256-CBC", No)),
        Some((0x06, oid::AES)) => Some((Cipher::aes_128_gcm(), "AES-128-GCM", Yes)),
        Some((0x1a, oid::AES)) => Some((Cipher::aes_192_gcm(), "AES-192-GCM", Yes)),
        Some((0x2e, oid::AES)) => Some((Cipher::aes_256_gcm(), "AES-256-GCM", Yes)),
        // Old Outlooks still write it; it is not broken in transit.
        _ if oid == oid::TRIPLE_DES => Some((Cipher::des_ede3_cbc(), "3DES-CBC", No)),
        _ => None,
    }
}

/// Whether a cipher detects changes of the ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authenticates {
    Yes,
    No,
}

/// The capabilities in an SMIMECapabilities attribute.
pub(crate) fn attribute_capabilities(der: &[u8]) -> Vec<Capability> {
    let read = || {
        let (_oid, values) = der::value(der::only(der, SEQUENCE)?)?;
        Some(capabilities(der::only(values, SET)?))
    };
    read().unwrap_or_default()
}

/// The capabilities in a certificate's extension (RFC 4262).
pub(crate) fn certificate_capabilities(certificate: &[u8]) -> Vec<Capability> {
    let read = || {
        let at = memchr::memmem::find(certificate, oid::CAPABILITIES)?;
        let rest = certificate.get(at + oid::CAPABILITIES.len()..)?;
        let (value, _rest) = der::value(rest)?;
        (value.tag == 0x04).then(|| capabilities(value.content))
    };
    read().unwrap_or_default()
}

fn capabilities(der: &[u8]) -> Vec<Capability> {
    let listed = der::only(der, SEQUENCE).and_then(der::all).unwrap_or_default();
    let mut found: Vec<Capability> = listed
        .iter()
        .filter(|item| item.tag == SEQUENCE)
        .filter_map(|item| der::value(item.content))
        .filter_map(|(oid, _)| match oid.content.split_last() {
            _ if oid.tag != OID => None,
            Some((0x2a, oid::AES)) => Some(Capability::Aes256Cbc),
            Some((0x2e, oid::AES)) => Some(Capability::Aes256Gcm),
            _ if oid.content == oid::OAEP => Some(Capability::Oaep),
            _ if oid.content == oid::PSS => Some(Capability::Pss),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &[u8] = &[0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0];

    fn seq(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut bytes = vec![tag, u8::try_from(content.len()).unwrap()];
        bytes.extend(content);
        bytes
    }

    fn alg(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
        seq(SEQUENCE, &[&seq(OID, &[oid]), parameters])
    }

    #[test]
    fn oaep_with_parameters_that_cannot_be_read_is_refused_and_not_taken_for_pkcs1() {
        let mask = alg(oid::MGF1, SHA256);
        let good = seq(SEQUENCE, &[&seq(0xa0, &[SHA256]), &seq(0xa1, &[&mask])]);
        let named = |der: &[u8]| transport(der).unwrap().to_string();
        assert_eq!(named(&alg(oid::OAEP, &good)), "RSAES-OAEP with SHA-256");
        assert_eq!(named(&alg(oid::OAEP, &seq(SEQUENCE, &[]))), "RSAES-OAEP with SHA-1");
        let unknown_field = seq(SEQUENCE, &[&seq(0xa0, &[SHA256]), &seq(0xa5, &[&[5, 0]])]);
        let twice = seq(SEQUENCE, &[&seq(0xa0, &[SHA256]), &seq(0xa0, &[SHA256])]);
        let unknown_hash = seq(SEQUENCE, &[&seq(0xa0, &[&alg(&[0x2a, 3], &[5, 0])])]);
        for wrong in
            [&b""[..], &[5, 0], &[4, 0], &good[..good.len() - 1], &unknown_field, &twice, &unknown_hash]
        {
            assert_eq!(transport(&alg(oid::OAEP, wrong)), None);
        }
        assert_eq!(named(&alg(oid::RSA, &[5, 0])), "RSAES-PKCS1-v1_5");
        assert_eq!(transport(&alg(oid::RSA, SHA256)), None);
    }
}
