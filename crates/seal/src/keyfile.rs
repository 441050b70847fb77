//! Parses key files as people send them: DER, PEM, PKCS#7, OpenPGP armoured or binary, a zip of these. Knows no private
//! key. Untrusted files are only parsed in the worker.

use std::io::{Cursor, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::x509::X509;
use sealpost_cms::{Cms, CmsKind};

use crate::error::KeyError;
use crate::key_facts::Method;
use crate::partner_key::PartnerKey;
use crate::pgp;
use crate::smime::certificate::is_authority;

/// Maximum size of a key file, in bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Maximum number of keys taken from one.
const MAX_KEYS: usize = 1024;
/// Maximum number of files in a zip.
const MAX_FILES: usize = 1024;

impl PartnerKey {
    /// Reads every key in a file: DER, PEM, PKCS#7, OpenPGP armoured or binary, or a zip of these. **In this process**:
    /// for files of the operator's own. Untrusted ones go through [`crate::Worker::read_keys`].
    ///
    /// # Errors
    /// Not in a supported format, or too large.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, KeyError> {
        read(bytes)
    }
}

/// Every key in it. Certificates of authorities are only keys if there are no others: otherwise they belong to those.
fn read(bytes: &[u8]) -> Result<Vec<PartnerKey>, KeyError> {
    let mut found = KeysInFile::default();
    found.file(bytes, Depth::Outermost)?;
    found.into_keys()
}

/// Those of these keys that a bare revocation certificate revokes, together with it.
pub(crate) fn revoked_by(bytes: &[u8], keys: &[PartnerKey]) -> Result<Vec<PartnerKey>, KeyError> {
    if bytes.len() > MAX_BYTES {
        return Err(KeyError::TooLarge);
    }
    // GnuPG writes a colon before the first line, so that the file is not imported by mistake.
    let text = String::from_utf8_lossy(bytes).replace(":-----BEGIN PGP", "-----BEGIN PGP");
    let bytes =
        if memchr::memmem::find(bytes, b"-----BEGIN PGP").is_some() { text.as_bytes() } else { bytes };
    let mut revoked = Vec::new();
    for key in keys.iter().filter(|key| key.method() == Method::OpenPgp && !key.facts().revoked) {
        let with = PartnerKey::of_cert(&pgp::key::with_revocation(&key.cert()?, bytes)?)?;
        // A signature that is not its holder's has no effect.
        if with.facts().revoked {
            revoked.push(with);
        }
    }
    if revoked.is_empty() { Err(KeyError::Unknown) } else { Ok(revoked) }
}

/// Every certificate in a file that is not a zip.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<X509>, KeyError> {
    let mut found = KeysInFile::default();
    found.file(bytes, Depth::InZip)?;
    if found.certificates.is_empty() { Err(KeyError::NoCertificate) } else { Ok(found.certificates) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Outermost,
    InZip,
}

#[derive(Default)]
struct KeysInFile {
    certificates: Vec<X509>,
    keys: Vec<PartnerKey>,
}

impl KeysInFile {
    fn file(&mut self, bytes: &[u8], depth: Depth) -> Result<(), KeyError> {
        if bytes.len() > MAX_BYTES {
            return Err(KeyError::TooLarge);
        }
        if bytes.starts_with(b"PK\x03\x04") && depth == Depth::Outermost {
            return self.zip(bytes);
        }
        let text = memchr::memmem::find(bytes, b"-----BEGIN ").is_some();
        if text { self.text(bytes) } else { self.binary(bytes) }
    }

    fn zip(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_zip| KeyError::Unknown)?;
        if archive.len() > MAX_FILES {
            return Err(KeyError::TooLarge);
        }
        let mut left = MAX_BYTES;
        for at in 0..archive.len() {
            let Ok(file) = archive.by_index(at) else { continue };
            if !file.is_file() {
                continue;
            }
            let mut content = Vec::new();
            // Its declared size is untrusted: counted while decompressing.
            let most = u64::try_from(left).unwrap_or(0).saturating_add(1);
            if file.take(most).read_to_end(&mut content).is_err() {
                continue;
            }
            left = left.checked_sub(content.len()).ok_or(KeyError::TooLarge)?;
            // A readme beside the keys is not a reason to refuse them.
            match self.file(&content, Depth::InZip) {
                Ok(()) | Err(KeyError::Unknown) => {}
                Err(other) => return Err(other),
            }
        }
        if self.is_empty() { Err(KeyError::Unknown) } else { Ok(()) }
    }

    /// PEM blocks and armour, ignoring text between them.
    fn text(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        let text = String::from_utf8_lossy(bytes);
        for (label, body, whole) in blocks(&text) {
            match label {
                "CERTIFICATE"
                | "X509 CERTIFICATE"
                | "TRUSTED CERTIFICATE"
                | "PKCS7"
                | "CMS"
                | "PKCS #7 SIGNED DATA" => {
                    if let Some(der) = decode(body) {
                        self.der(&der)?;
                    }
                }
                "PGP PUBLIC KEY BLOCK" => self.openpgp(whole.as_bytes())?,
                // Private keys are not expected here, and nothing of them is kept.
                _ => {}
            }
            if self.certificates.len() + self.keys.len() > MAX_KEYS {
                return Err(KeyError::TooLarge);
            }
        }
        if self.is_empty() { Err(KeyError::Unknown) } else { Ok(()) }
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        // 0x30: a SEQUENCE. An OpenPGP packet has the highest bit set.
        if bytes.first() == Some(&0x30) {
            return self.der(bytes);
        }
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return self.openpgp(bytes);
        }
        // Base64 without a label, as some portals provide it.
        let der = std::str::from_utf8(bytes).ok().and_then(decode).ok_or(KeyError::Unknown)?;
        if der.first() == Some(&0x30) { self.der(&der) } else { self.openpgp(&der) }
    }

    fn der(&mut self, der: &[u8]) -> Result<(), KeyError> {
        if let Ok(certificate) = X509::from_der(der) {
            self.certificates.push(certificate);
            return Ok(());
        }
        let cms = Cms::from_der(der).map_err(|_cms| KeyError::Unknown)?;
        if cms.kind() != CmsKind::Signed {
            return Err(KeyError::Unknown);
        }
        let certificates = cms.certificates();
        if certificates.len() > MAX_KEYS {
            return Err(KeyError::TooLarge);
        }
        if certificates.is_empty() {
            return Err(KeyError::Unknown);
        }
        self.certificates.extend(certificates);
        Ok(())
    }

    fn openpgp(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        for cert in pgp::key::public_keys(bytes, MAX_KEYS)? {
            self.keys.push(PartnerKey::of_cert(&cert)?);
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.keys.is_empty()
    }

    fn into_keys(self) -> Result<Vec<PartnerKey>, KeyError> {
        let (authorities, people): (Vec<X509>, Vec<X509>) =
            self.certificates.into_iter().partition(|certificate| is_authority(certificate));
        let (subjects, chain): (&[X509], &[X509]) =
            if people.is_empty() { (&authorities, &[]) } else { (&people, &authorities) };
        let mut keys = self.keys;
        for certificate in subjects {
            keys.push(PartnerKey::of_certificate(certificate, chain)?);
        }
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert(key.facts().fingerprint.clone()));
        if keys.is_empty() { Err(KeyError::Unknown) } else { Ok(keys) }
    }
}

/// The content of every PEM block with this label.
pub(crate) fn pem(bytes: &[u8], wanted: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let of_kind = blocks(&text).into_iter().filter(|(label, _, _)| *label == wanted);
    of_kind.filter_map(|(_, body, _)| decode(body)).collect()
}

/// Label, content, and the whole text of each block.
fn blocks(text: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, begun)) = rest.split_once("-----BEGIN ") {
        let _ = before;
        let Some((label, after)) = begun.split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        let Some((body, behind)) = after.split_once(&end) else { break };
        let from = text.len() - begun.len() - "-----BEGIN ".len();
        let to = text.len() - behind.len();
        found.push((label, body, text.get(from..to).unwrap_or_default()));
        rest = behind;
    }
    found
}

/// Base64 with white space anywhere in it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(clean).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_file_breaks_it(bytes: Vec<u8>, head in 0..6_usize) {
            let heads: [&[u8]; 6] = [b"", b"\x30\x82", b"PK\x03\x04", b"-----BEGIN CERTIFICATE-----\n",
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n", b"\x99"];
            let mut file = heads[head].to_vec();
            file.extend(bytes);
            let _ = read(&file);
        }
    }
}
