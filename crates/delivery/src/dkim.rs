//! Signs mail that we wrote or changed with DKIM (RFC 6376, RFC 8463), by mail-auth. The ticket says which letters are
//! ours; knows no key file.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use mail_auth::common::crypto::{DkimKey as SigningKey, Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sealpost_mail::{Domain, Head, Secret};
use thiserror::Error;

use crate::content::Opened;
use crate::ticket::{Hand, Purpose, Ticket};

/// Bytes that signatures may take on top of a letter: two of RSA-4096, folded.
pub(crate) const ROOM: usize = 8 * 1024;

/// The signed fields. Each is listed twice: signed if present, and none can be added (RFC 6376 §5.4.2).
const SIGNED: [&str; 18] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    // RFC 8460 §5.3.
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
];

/// Why a key cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this is no private key for DKIM (PKCS#8 with RSA or Ed25519)")]
pub struct DkimError;

/// Algorithms of DKIM keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DkimAlgorithm {
    /// rsa-sha256 (RFC 6376 §3.3.1).
    Rsa,
    /// ed25519-sha256 (RFC 8463).
    Ed25519,
}

/// Which letters are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DkimScope {
    /// Those that we write or change.
    Ours,
    /// Also letters of our domains that are passed on unchanged.
    PassedToo,
}

/// A key that signs for one domain under one selector.
#[derive(Clone)]
pub struct DkimKey {
    domain: Domain,
    selector: String,
    signer: Arc<DkimSigner<SigningKey, Done>>,
}

/// The keys in use. Clones share them, so that one [`Self::replace`] reaches all further letters.
#[derive(Clone, Debug, Default)]
pub struct DkimKeys(Arc<RwLock<Arc<Vec<DkimKey>>>>);

impl DkimKey {
    /// A key from a private key in PKCS#8.
    ///
    /// # Errors
    /// It is not such a key.
    pub fn new(
        domain: Domain,
        selector: &str,
        algorithm: DkimAlgorithm,
        pkcs8: &Secret<Vec<u8>>,
    ) -> Result<Self, DkimError> {
        let key = match algorithm {
            DkimAlgorithm::Rsa => {
                let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.expose().as_slice()));
                RsaKey::<Sha256>::from_key_der(der).map(SigningKey::from).map_err(|_secret| DkimError)?
            }
            DkimAlgorithm::Ed25519 => Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.expose())
                .map(SigningKey::from)
                .map_err(|_secret| DkimError)?,
        };
        let signer = DkimSigner::from_key(key)
            .domain(domain.as_str())
            .selector(selector)
            .headers(SIGNED.iter().chain(&SIGNED).copied())
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Relaxed);
        Ok(Self { domain, selector: selector.to_owned(), signer: Arc::new(signer) })
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({}._domainkey.{})", self.selector, self.domain)
    }
}

impl DkimKeys {
    /// Replaces the keys.
    pub fn replace(&self, keys: Vec<DkimKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Whether there is a key for a domain, or for one above it.
    #[must_use]
    pub fn sign_for(&self, domain: &Domain) -> bool {
        !best(&self.0.read().unwrap_or_else(PoisonError::into_inner), domain).is_empty()
    }

    /// The keys that sign this letter; empty if we do not sign it: those of the domain in From, which DMARC compares
    /// (RFC 7489 §3.1.1), or of our own name for mail that we write in another's.
    pub(crate) fn of(&self, ticket: &Ticket, head: &[u8], our_name: &str, scope: DkimScope) -> Vec<DkimKey> {
        let keys = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if keys.is_empty() {
            return Vec::new();
        }
        let from = Head::new(head.to_vec()).ok().and_then(|head| head.from_address().ok().flatten());
        let aligned = from.map(|from| best(&keys, from.domain())).unwrap_or_default();
        match (&ticket.purpose, ticket.hand) {
            (
                Purpose::Notice { .. } | Purpose::Report | Purpose::TlsReport | Purpose::PortalReply { .. },
                _,
            ) if aligned.is_empty() => {
                Domain::parse(our_name).map(|name| best(&keys, &name)).unwrap_or_default()
            }
            (
                Purpose::Notice { .. } | Purpose::Report | Purpose::TlsReport | Purpose::PortalReply { .. },
                _,
            )
            | (Purpose::Relay, Hand::Ours) => aligned,
            (Purpose::Relay, Hand::Passed) if scope == DkimScope::PassedToo => aligned,
            (Purpose::Relay, Hand::Passed | Hand::World) | (Purpose::Opened, _) => Vec::new(),
        }
    }
}

/// The keys of this domain, or of the nearest one above it.
fn best(keys: &[DkimKey], domain: &Domain) -> Vec<DkimKey> {
    let covering = keys.iter().filter(|key| domain == &key.domain || domain.is_within(&key.domain));
    let nearest = covering.clone().map(|key| key.domain.as_str().len()).max();
    covering.filter(|key| Some(key.domain.as_str().len()) == nearest).cloned().collect()
}

/// The letter with the keys' signatures on top. CPU-bound: not on the event loop. A signature that cannot be made is
/// logged and left out: a letter without a signature is better than none.
pub(crate) fn sign(keys: &[DkimKey], mut letter: Opened) -> Opened {
    let mut fields = Vec::new();
    for key in keys {
        match key.signer.sign(&letter.bytes) {
            Ok(signature) => fields.extend_from_slice(unbroken(signature.to_header()).as_bytes()),
            Err(error) => {
                tracing::error!(dkim.key = ?key, %error, "a letter goes out without this signature")
            }
        }
    }
    letter.head += fields.len();
    letter.bytes.splice(0..0, fields);
    letter
}

/// mail-auth folds wherever a line is full, also between the signature and its semicolon. White space there is ignored
/// (RFC 6376 §3.7), but some verifiers keep it (dkimpy).
fn unbroken(field: String) -> String {
    match field.strip_suffix("\r\n\t;\r\n") {
        Some(before) => format!("{before};\r\n"),
        None => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_semicolon_alone_however_long_the_domain_is() {
        let text = b"From: a@insurer.example\r\nSubject: x\r\n\r\nText\r\n".to_vec();
        for long in 1..60 {
            let keys = [key(&format!("{}.example", "x".repeat(long)), "a")];
            let signed = sign(&keys, Opened { bytes: text.clone(), head: text.len() - 6 });
            let signed = String::from_utf8(signed.bytes).unwrap();
            assert!(signed.lines().all(|line| line != "\t;"), "{signed}");
        }
    }

    fn key(domain: &str, selector: &str) -> DkimKey {
        let pkcs8 = Secret::new(Ed25519Key::generate_pkcs8().unwrap());
        DkimKey::new(Domain::parse(domain).unwrap(), selector, DkimAlgorithm::Ed25519, &pkcs8).unwrap()
    }

    #[test]
    fn the_nearest_domain_signs_and_another_never() {
        let keys =
            [key("insurer.example", "a"), key("mail.insurer.example", "b"), key("insurer.example", "c")];
        let names = |domain: &str| {
            let keys = best(&keys, &Domain::parse(domain).unwrap());
            keys.into_iter().map(|key| key.selector).collect::<Vec<_>>()
        };
        assert_eq!(names("insurer.example"), ["a", "c"]);
        assert_eq!(names("mail.insurer.example"), ["b"]);
        assert_eq!(names("x.mail.insurer.example"), ["b"]);
        assert!(names("notinsurer.example").is_empty() && names("example").is_empty());
    }

    #[test]
    fn the_signature_stands_on_top_and_the_letter_is_as_it_was() {
        let text = b"From: a@insurer.example\r\nSubject: x\r\n\r\nText\r\n".to_vec();
        let head = text.len() - 6;
        let signed = sign(&[key("insurer.example", "a")], Opened { bytes: text.clone(), head });
        assert!(signed.bytes.starts_with(b"DKIM-Signature: ") && signed.bytes.ends_with(&text));
        assert_eq!(signed.bytes.get(signed.head..), Some(&b"Text\r\n"[..]));
        // Listed twice: signed, and none can be added.
        let folded = String::from_utf8(signed.bytes).unwrap().replace("\r\n\t", "");
        let named = folded.split("h=").nth(1).unwrap().split(';').next().unwrap();
        assert_eq!(named.split(':').filter(|name| name.trim() == "From").count(), 2, "{named}");
    }

    #[test]
    fn something_else_is_no_key() {
        let domain = Domain::parse("insurer.example").unwrap();
        let nothing = Secret::new(b"nothing".to_vec());
        for algorithm in [DkimAlgorithm::Rsa, DkimAlgorithm::Ed25519] {
            assert!(DkimKey::new(domain.clone(), "a", algorithm, &nothing).is_err());
        }
    }
}
