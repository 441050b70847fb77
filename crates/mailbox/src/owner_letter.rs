//! To whom a mailbox's owner may write, and the letter as passed to the sending crate. Decides and describes;
//! composes and sends nothing.

use std::net::IpAddr;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use sealpost_mail::{Address, DomainPattern, Timestamp};
use sealpost_store::{DraftQuota, SentDraft};

/// Maximum files of one letter.
pub const MAX_FILES: u32 = 50;

/// All drafts of one mailbox may have the files of this many full letters.
const MAX_FULL_LETTERS: u64 = 10;
/// What the operator allows.
#[derive(Clone, Debug)]
pub struct WriteRules {
    /// Domains: `insurer.example`, or `*.insurer.example` for everything below it.
    pub domains: Vec<String>,
    /// Single addresses: the address book.
    pub addresses: Vec<Address>,
    /// Maximum total size of the files of one letter, in bytes.
    pub max_size: u64,
    /// Whether the letters are encrypted on every possible route.
    pub is_encrypted: bool,
}

impl Default for WriteRules {
    fn default() -> Self {
        Self { domains: Vec::new(), addresses: Vec::new(), max_size: 20 * 1024 * 1024, is_encrypted: true }
    }
}

impl WriteRules {
    /// Whether there is any permitted recipient.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !(self.domains.is_empty() && self.addresses.is_empty())
    }

    /// Limits for drafts.
    #[must_use]
    pub fn quota(&self) -> DraftQuota {
        let in_mailbox = self.max_size.saturating_mul(MAX_FULL_LETTERS);
        DraftQuota { bytes: self.max_size, files: MAX_FILES, in_mailbox }
    }

    /// Whether this address may be written to. Being in a permitted domain is not enough if its server could
    /// forward the letter to another address (`victim%elsewhere@insurer.example`).
    #[must_use]
    pub fn allows(&self, address: &Address) -> bool {
        self.addresses.iter().any(|known| known.identity() == address.identity())
            || (!address.leads_elsewhere()
                && self.domains.iter().any(|pattern| {
                    DomainPattern::parse(pattern).is_ok_and(|pattern| pattern.covers(address.domain()))
                }))
    }
}

/// A letter its owner wants sent.
pub struct WrittenLetter {
    /// The id of the author's mailbox.
    pub mailbox_id: String,
    /// The address of the mailbox.
    pub from: Address,
    /// Display name for the address.
    pub name: Option<String>,
    /// Recipients; all permitted by the [`WriteRules`].
    pub to: Vec<Address>,
    /// The recipients of copies.
    pub cc: Vec<Address>,
    /// The subject of the letter.
    pub subject: String,
    /// The text of the letter.
    pub text: String,
    /// Message-ID of the letter it replies to.
    pub in_reply_to: Option<String>,
    /// Message-IDs of the thread.
    pub references: Vec<String>,
    /// The files, read one after the other.
    pub files: Vec<WrittenFile>,
    /// The draft it was made from.
    pub draft: SentDraft,
    /// The owner's address, for the audit trail.
    pub client: Option<IpAddr>,
}

/// A file of it.
pub struct WrittenFile {
    /// A name, never a path.
    pub name: String,
    /// Its type, as reported by the author's browser.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The content of the file.
    pub bytes: BoxStream<'static, Result<Bytes, String>>,
}

/// Outcome of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// Durable, with this id in the sent folder.
    Queued(String),
    /// The draft is gone or has changed: nothing was stored.
    Stale,
    /// The quota is used up; the draft is kept.
    TooMany {
        /// When it can be sent. `None`: never, only to fewer people.
        from: Option<Timestamp>,
    },
    /// The mailbox has no room for the copy; the draft is kept.
    Full,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> WriteRules {
        WriteRules {
            domains: vec!["insurer.example".into(), "*.insurer.example".into()],
            addresses: vec![
                Address::parse("broker@partner.example").unwrap(),
                Address::parse("branch!desk@partner.example").unwrap(),
            ],
            ..WriteRules::default()
        }
    }

    #[test]
    fn never_elsewhere() {
        let rules = rules();
        for good in [
            "a@insurer.example",
            "A@INSURER.example",
            "x@unfall.insurer.example",
            "broker@partner.example",
            "Branch!desk@partner.example",
        ] {
            assert!(rules.allows(&Address::parse(good).unwrap()), "{good}");
        }
        for bad in [
            "a@evil.example",
            "a@insurer.example.evil.example",
            "a@evilinsurer.example",
            "other@partner.example",
            "\"a@insurer.example\"@evil.example",
            "victim%evil.example@insurer.example",
            "evil.example!victim@insurer.example",
            "\"victim@evil.example\"@insurer.example",
            "victim\u{ff05}evil.example@insurer.example",
        ] {
            assert!(!rules.allows(&Address::parse(bad).unwrap()), "{bad}");
        }
        let none = WriteRules::default();
        assert!(!none.is_on() && !none.allows(&Address::parse("a@insurer.example").unwrap()));
    }
}
