//! DKIM (RFC 6376) signing as the insurer's server and verification as the recipient's server, without DNS.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use base64::Engine as _;
use mail_auth::common::cache::NoCache;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::DkimSigner;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

const DOMAIN: &str = "insurer.example";
const SELECTOR: &str = "test";

/// A signing server and what its domain publishes.
pub struct Dkim {
    domain: String,
    key: Vec<u8>,
    record: String,
}

impl Default for Dkim {
    fn default() -> Self {
        Self::new()
    }
}

impl Dkim {
    /// A fresh key for `insurer.example`.
    #[must_use]
    pub fn new() -> Self {
        Self::of(DOMAIN)
    }

    /// A fresh key for this domain.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        let key = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&key).unwrap().public_key();
        let public = base64::engine::general_purpose::STANDARD.encode(public);
        Self { domain: domain.to_owned(), key, record: format!("v=DKIM1; k=ed25519; p={public}") }
    }

    /// The letter with a signature over its important fields and its body in front.
    #[must_use]
    pub fn sign(&self, letter: &[u8]) -> Vec<u8> {
        self.sign_fields(&["From", "To", "Subject", "Date", "Message-ID"], letter)
    }

    /// The same over these fields and the body.
    #[must_use]
    pub fn sign_fields(&self, fields: &[&'static str], letter: &[u8]) -> Vec<u8> {
        let signature = DkimSigner::from_key(Ed25519Key::from_pkcs8_der(&self.key).unwrap())
            .domain(&self.domain)
            .selector(SELECTOR)
            .headers(fields.iter().copied())
            .sign(letter)
            .unwrap();
        let mut signed = signature.to_header().into_bytes();
        signed.extend_from_slice(letter);
        signed
    }

    /// Where its domain publishes the key, and what.
    #[must_use]
    pub fn published(&self) -> (String, &str) {
        (format!("{SELECTOR}._domainkey.{}", self.domain), &self.record)
    }

    /// Whether the letter has a signature and all of them are valid.
    #[must_use]
    pub fn verifies(&self, letter: &[u8]) -> bool {
        verifies_with(&self.record, letter)
    }
}

/// The same with a published record, under any name.
#[must_use]
pub fn verifies_with(record: &str, letter: &[u8]) -> bool {
    let record = DomainKey::parse(record.as_bytes()).unwrap();
    holds(&Published::UnderAnyName(record.into()), letter, |_domain| true)
}

/// Whether every signature of `insurer.example` on the letter is valid, with these records by their names.
#[must_use]
pub fn verify_all(records: &HashMap<String, String>, letter: &[u8]) -> bool {
    let parse = |record: &String| Txt::from(DomainKey::parse(record.as_bytes()).unwrap());
    let dotted = records.iter().map(|(name, record)| (format!("{name}.").into_boxed_str(), parse(record)));
    let plain = records.iter().map(|(name, record)| (name.clone().into_boxed_str(), parse(record)));
    holds(&Published::ByName(dotted.chain(plain).collect()), letter, |domain| domain == DOMAIN)
}

fn holds(published: &Published, letter: &[u8], counts: impl Fn(&str) -> bool) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let message = AuthenticatedMessage::parse(letter).unwrap();
        // Makes no queries: records come from `Published`.
        let nobody = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).unwrap();
        let results = nobody
            .verify_dkim(Parameters {
                params: &message,
                cache_txt: Some(published),
                cache_mx: None::<&NoCache<_, _>>,
                cache_ptr: None::<&NoCache<_, _>>,
                cache_ipv4: None::<&NoCache<_, _>>,
                cache_ipv6: None::<&NoCache<_, _>>,
            })
            .await;
        let ours = results.iter().filter(|result| result.signature().is_some_and(|one| counts(&one.d)));
        ours.clone().count() > 0 && ours.into_iter().all(|result| result.result() == &DkimResult::Pass)
    })
}

/// The records there are.
enum Published {
    ByName(HashMap<Box<str>, Txt>),
    UnderAnyName(Txt),
}

impl ResolverCache<Box<str>, Txt> for Published {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        match self {
            Self::ByName(records) => records.get(name).cloned(),
            Self::UnderAnyName(record) => Some(record.clone()),
        }
    }

    fn remove<Q>(&self, _name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _name: Box<str>, _record: Txt, _until: std::time::Instant) {}
}

#[cfg(test)]
mod tests {
    use super::Dkim;
    use crate::letters;

    #[test]
    fn a_signature_holds_until_one_byte_changes() {
        let dkim = Dkim::new();
        let signed = dkim.sign(&letters::plain("Angebot", "Guten Tag"));
        assert!(dkim.verifies(&signed));
        let mut broken = signed.clone();
        let at = broken.len() - 4;
        broken[at] ^= 1;
        assert!(!dkim.verifies(&broken));
        assert!(!dkim.verifies(&letters::plain("Angebot", "Guten Tag")), "unsigned is not signed");
    }
}
