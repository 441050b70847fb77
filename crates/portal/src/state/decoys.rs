//! If a forgotten password requires only the answer, anybody can ask for anybody's question. So an address without a
//! mailbox has a question too: derived from it, the same every time, in every language and after every restart. The
//! page's link carries the address's tag, sealed, for mailboxes and decoys alike; nothing is stored. Knows no address.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealpost_mail::Timestamp;
use sealpost_vault::Label;

use crate::access::credentials_form::questions;
use crate::language::Language;
use crate::state::Site;

/// Leads to the question of an address, until it expires.
pub(crate) struct Pass {
    /// The tag of the address.
    pub(crate) tag: [u8; 32],
    /// When the pass expires.
    pub(crate) expires: Timestamp,
    /// Hash under which its use is recorded.
    pub(crate) hash: [u8; 32],
}

impl Pass {
    /// The text for the link.
    pub(crate) fn issue(site: &Site, tag: &[u8; 32], expires: Timestamp) -> String {
        let plain = [tag.as_slice(), expires.0.to_be_bytes().as_slice()].concat();
        URL_SAFE_NO_PAD.encode(site.keys.rows.seal(Label::AnswerPass, "", &plain, site.random.as_ref()))
    }

    /// A pass of ours, expired or not.
    pub(crate) fn read(site: &Site, text: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = site.keys.rows.open(Label::AnswerPass, "", &sealed).ok()?;
        let (tag, expires) = plain.expose().split_first_chunk::<32>()?;
        let expires = Timestamp(i64::from_be_bytes(expires.try_into().ok()?));
        Some(Self { tag: *tag, expires, hash: site.keys.tags.count_tag("pass", &sealed) })
    }
}

/// The question for an address that has none.
pub(crate) fn question(site: &Site, tag: &[u8; 32], language: Language) -> String {
    let [a, b, c, d, ..] = site.keys.tags.count_tag("question", tag);
    let offered = questions(site, language);
    let number = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or_default();
    let nth = number % offered.len().max(1);
    offered.into_iter().nth(nth).map(|(_, text)| text).unwrap_or_default()
}

/// Whether a question is a built-in one.
pub(crate) fn is_offered(site: &Site, question: &str) -> bool {
    index_of(site, question).is_some()
}

/// A built-in question in the language of the page; `None` for the owner's own.
pub(crate) fn translated(site: &Site, chosen: &str, language: Language) -> Option<String> {
    let index = index_of(site, chosen)?;
    questions(site, language).into_iter().nth(index).map(|(_, text)| text)
}

fn index_of(site: &Site, question: &str) -> Option<usize> {
    Language::all()
        .find_map(|spoken| questions(site, spoken).into_iter().position(|(_, text)| text == question))
}
