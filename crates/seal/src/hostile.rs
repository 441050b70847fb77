//! The parsers of untrusted bytes, each separately and in this process: for fuzzers and tests. In production letters, key files and
//! answers of authorities are only parsed in the worker ([`crate::Worker`]).

use sealpost_mail::Timestamp;

use crate::error::KeyError;
use crate::inline::{self, Inline};
use crate::lend::{InMemory, Lent};
use crate::mime::Entity;
use crate::open::{self, OpenParameters};
use crate::open_result::{Opened, SpeaksFor};
use crate::opening::{Lists, Sender, TrustedKey};
use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;
use crate::recipient_key::RecipientKey;
use crate::remote_content;
use crate::signable::{Survey, Way};
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::decoded_lists::DecodedLists;
use crate::smime::enveloped::Enveloped;
use crate::smime::fetched_list::{self, FetchedList, ListFor};
use crate::smime::ocsp::{self, OcspAnswer};
use crate::smime::{algorithm, der, signed_data};
use crate::worker_protocol::WorkerReply;

/// Size limit of a decrypted letter here.
const MAX_OPENED: usize = 1 << 20;

/// Opens a letter with these keys of ours; signatures are verified with the same keys.
#[must_use]
pub fn open(letter: &[u8], own: &[OwnKey], now: Timestamp) -> (Opened, Option<Vec<u8>>) {
    let public: Vec<PartnerKey> = own.iter().map(|key| key.public().clone()).collect();
    let trusted = |key: &PartnerKey| TrustedKey { key: key.clone(), speaks_for: SpeaksFor::ItsAddresses };
    let asked = OpenParameters {
        trusted: public.iter().map(trusted).collect(),
        distrusted: Vec::new(),
        roots: Vec::new(),
        crls: Vec::new(),
        lists: Lists::Require,
        sender: Sender::Partner,
        now,
        most: MAX_OPENED,
    };
    let recipients = public.iter().map(RecipientKey::of).collect();
    open::open(letter, &asked, &mut Lent::new(recipients, &mut InMemory(own)))
}

/// What an OCSP response says about a self-signed certificate, which is its own authority.
///
/// # Errors
/// The library's.
pub fn ocsp(response: &[u8], key: &PartnerKey, now: Timestamp) -> Result<OcspAnswer, KeyError> {
    let (certificate, roots) = (key.certificate()?, [key.as_bytes().to_vec()]);
    ocsp::answer(&certificate, &[], &roots, response, now)
}

/// The chain of such a certificate, with a possible revocation list.
///
/// # Errors
/// The library's.
pub fn chain(list: &[u8], key: &PartnerKey, now: Timestamp) -> Result<ChainVerdict, KeyError> {
    let (roots, lists) = ([key.as_bytes().to_vec()], DecodedLists::of(&[list.to_vec()]));
    let certificate = key.certificate()?;
    let _listed = lists.have(&certificate);
    chain::check(&certificate, &[], &Anchors::new(&roots, lists, now)?)
}

/// Checks a fetched revocation list for such a certificate.
///
/// # Errors
/// The library's.
pub fn list(list: &[u8], key: &PartnerKey, now: Timestamp) -> Result<FetchedList, KeyError> {
    let certificate = key.certificate()?;
    let only = std::slice::from_ref(&certificate);
    let held = Some(list);
    fetched_list::read(list, &ListFor { certificates: only, authority: &certificate, held, now })
}

/// Number of our own DER parsers that accept the bytes.
#[must_use]
pub fn der(bytes: &[u8]) -> usize {
    let read = [
        der::all(bytes).is_some(),
        der::element(bytes).is_some(),
        algorithm::transport(bytes).is_some(),
        algorithm::agreement(bytes).is_some(),
        algorithm::key_wrap(bytes).is_some(),
        algorithm::content_cipher(bytes).is_some(),
        algorithm::signature(bytes, bytes).1 == algorithm::Strength::Good,
        !algorithm::attribute_capabilities(bytes).is_empty(),
        !algorithm::certificate_capabilities(bytes).is_empty(),
        signed_data::issuer_and_serial(bytes).is_some(),
        Enveloped::read(bytes).is_some_and(|found| found.decrypt(&[7; 32], MAX_OPENED).is_ok()),
    ];
    read.iter().filter(|read| **read).count()
}

/// Parses an entity as before decryption and before signing, in pieces of `size` octets. Returns the size of the largest piece.
#[must_use]
pub fn entity(bytes: &[u8], size: usize) -> usize {
    let mut largest = 0;
    if let Some(entity) = Entity::parse(bytes) {
        let parts = entity.parts().unwrap_or_default();
        let text = entity.decoded().unwrap_or_default();
        let message = match inline::of(&text) {
            Inline::Message(message) | Inline::Signed { message, .. } => message.len(),
            Inline::None => 0,
        };
        let mangled = inline::mangled_by_exchange(&parts).map_or(0, <[u8]>::len);
        let parts = parts.iter().map(|part| part.len());
        largest = parts.chain([text.len(), message, mangled]).max().unwrap_or_default();
    }
    let _reaches = remote_content::reaches_out(bytes);
    for way in [Way::InClear, Way::Encrypted] {
        let mut survey = Survey::of(way);
        let walked = bytes.chunks(size.max(1)).try_for_each(|piece| survey.push(piece));
        if walked.is_ok() {
            let _plan = survey.finish();
        }
    }
    largest
}

/// Whether a worker's message can be parsed: a compromised worker may send anything.
#[must_use]
pub fn reply(json: &[u8]) -> bool {
    serde_json::from_slice::<WorkerReply>(json).is_ok()
}
