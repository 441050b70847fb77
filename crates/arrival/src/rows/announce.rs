//! Telling a recipient that a letter waits: which notice, in which language, as a leg of its own in the
//! same transaction as the deposit. Knows no wording.

use std::collections::BTreeMap;
use std::time::Duration;

use sealpost_delivery::{Purpose, Route};
use sealpost_mail::{Address, Reply, ReversePath, Secret, Summary, Timestamp, TlsFloor};
use sealpost_mailbox::Retention;
use sealpost_notice::{Brand, Language, Notice};
use sealpost_store::{ArrivalRows, LegPurpose, MailboxState, NewToken, ReachedMailbox};
use sealpost_vault::{InitialPassword, Token, TokenHash};
use serde::{Deserialize, Serialize};

use super::Cut;
use crate::context::Front;
use super::initial_password;
use crate::notice_facts::NoticeFacts;
use crate::enqueue;
use crate::verp;

/// How long a recipient has before an unactivated letter is deleted, and how notices look.
#[derive(Clone, Debug)]
pub struct Announcer {
    pub from: Address,
    pub brand: Brand,
    pub zone: String,
    pub public_url: String,
    pub show_subject: bool,
    pub language: Language,
    /// By the last labels of the recipient's domain; the longest match wins.
    pub languages: BTreeMap<String, Language>,
    /// Where reports on notices come back to (VERP), if anywhere.
    pub bounces: Option<Address>,
    /// When letters and links go.
    pub retention: Retention,
    /// Whether new mailboxes open with an initial password and not with a link.
    pub by_password: bool,
    pub route: Route,
    /// The least TLS a notice goes over.
    pub floor: TlsFloor,
}

/// The mailbox as the notice sees it.
pub(crate) enum Standing {
    /// Made just now: the notice carries the activation link.
    New { link: Secret<String> },
    /// Made just now: the notice carries nothing, the sender is told the password.
    NewByPassword { initial: InitialPassword },
    /// Not activated yet: the same link again, if it is still kept.
    Pending { link: Option<Secret<String>> },
    /// Not activated yet, and somebody has been told the password.
    PendingByPassword,
    /// In use.
    Active,
}

/// One announcement.
pub(crate) struct Announcement<'a> {
    pub(crate) mailbox_id: &'a str,
    pub(crate) deposit_id: &'a str,
    pub(crate) recipient: &'a Address,
    pub(crate) sender: &'a ReversePath,
    pub(crate) listing: &'a Summary,
    pub(crate) standing: &'a Standing,
}

/// The label of [`NoticeMemo`].
pub(crate) const MEMO: &str = "notice";

/// What is kept (sealed) of a notice, so that its bounce can be told to the letter's sender.
#[derive(Serialize, Deserialize)]
pub(crate) struct NoticeMemo {
    pub(crate) sender: ReversePath,
    pub(crate) recipient: Address,
    pub(crate) at: Timestamp,
}

impl Standing {
    /// What an existing mailbox's state means for its next notice.
    pub(crate) fn of(front: &Front, row: &ReachedMailbox) -> Self {
        match row.state {
            // A mailbox keeps the way it was made with, whatever the operator has chosen since.
            MailboxState::Pending if row.by_password => Self::PendingByPassword,
            MailboxState::Pending => {
                let sealed = row.link_sealed.as_ref();
                let token = sealed.and_then(|sealed| Token::kept(&front.keys.rows, &row.id, sealed).ok());
                Self::Pending { link: token.map(|token| front.announcer.activation_link(&token)) }
            }
            MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => Self::Active,
        }
    }

    /// When the letter goes: soon if nobody activates the mailbox, else when letters of its age go.
    pub(crate) fn expiry(&self, front: &Front, now: Timestamp) -> Option<Timestamp> {
        let state = match self {
            Self::New { .. }
            | Self::NewByPassword { .. }
            | Self::Pending { .. }
            | Self::PendingByPassword => MailboxState::Pending,
            Self::Active => MailboxState::Active,
        };
        front.announcer.retention.letter(state, now)
    }
}

/// Whole days.
pub fn days(span: Duration) -> u32 {
    u32::try_from(span.as_secs() / 86_400).unwrap_or(u32::MAX)
}

impl Announcer {
    /// The language for a recipient nobody knows yet.
    pub(crate) fn language(&self, address: &Address) -> Language {
        let mut rest = address.domain().as_str();
        loop {
            if let Some(language) = self.languages.get(rest) {
                return *language;
            }
            match rest.split_once('.') {
                Some((_label, parent)) => rest = parent,
                None => return self.language,
            }
        }
    }

    /// The link an activation mail carries. Nothing of the address is in it.
    pub(crate) fn activation_link(&self, token: &Token) -> Secret<String> {
        Secret::new(format!("{}/a/{}", self.public_url, token.text().expose()))
    }

    /// The row of an activation token.
    pub(crate) fn new_token(&self, hash: TokenHash, now: Timestamp) -> NewToken {
        NewToken {
            hash,
            purpose: sealpost_store::TokenPurpose::Activation,
            created_at: now,
            expires_at: self.retention.link(now),
            deposit_id: None,
        }
    }

    /// The token of a report that came back to our VERP address.
    pub(crate) fn bounce_token(&self, recipient: &Address) -> Option<String> {
        let base = self.bounces.as_ref()?;
        let token = recipient.local().strip_prefix(base.local())?.strip_prefix('+')?;
        (recipient.domain() == base.domain()).then(|| token.to_ascii_lowercase())
    }

    /// Adds the notice's leg and memo to the arrival's rows.
    pub(crate) fn announce(
        &self,
        cut: &Cut<'_>,
        about: &Announcement<'_>,
        rows: &mut ArrivalRows,
    ) -> Result<(), Reply> {
        let front = cut.front;
        let random = &*front.random;
        let language = self.language(about.recipient);
        let notice = self.notice(cut, about, rows);
        match about.standing {
            Standing::NewByPassword { initial } => initial_password::add(cut, about, initial, rows)?,
            Standing::New { .. }
            | Standing::Pending { .. }
            | Standing::PendingByPassword
            | Standing::Active => {}
        }
        let message_id = format!("{}@{}", random.id(), front.name);
        let facts = NoticeFacts { notice, language: language.tag().to_owned(), message_id, at: cut.now };
        let copy =
            verp::Copy { mailbox_id: about.mailbox_id, deposit_id: about.deposit_id, number: 0, at: cut.now };
        let memo =
            NoticeMemo { sender: about.sender.clone(), recipient: about.recipient.clone(), at: cut.now };
        let reverse_path = match copy.reverse_path(front, MEMO, &memo).map_err(crate::admit::later)? {
            None => ReversePath::Address(self.from.clone()),
            Some((path, row)) => {
                rows.notices.push(row);
                path
            }
        };
        let draft = enqueue::Draft {
            content: facts.content().map_err(crate::admit::later)?,
            reverse_path,
            recipient: about.recipient.clone(),
            route: self.route.clone(),
            tls: self.floor,
            purpose: Purpose::Notice {
                mailbox_id: about.mailbox_id.to_owned(),
                deposit_id: about.deposit_id.to_owned(),
                sender: about.sender.clone(),
            },
            at: cut.now,
        };
        let leg = enqueue::leg(&enqueue::Queue::of(front), draft, None, LegPurpose::Notice, cut.arrival_id)
            .map_err(crate::admit::later)?;
        rows.legs.push(leg);
        Ok(())
    }

    fn notice(&self, cut: &Cut<'_>, about: &Announcement<'_>, rows: &mut ArrivalRows) -> Notice {
        let sender = about.listing.from.first();
        let from_name = sender.and_then(|from| from.name.clone());
        let from_address =
            sender.and_then(|from| from.address.clone()).unwrap_or_else(|| about.sender.to_path());
        let subject = about.listing.subject.clone().filter(|_| self.show_subject);
        let activation = |link: Secret<String>| Notice::Activation {
            from_name: from_name.clone(),
            from_address: from_address.clone(),
            subject: subject.clone(),
            date: cut.now,
            link,
            expires: self.retention.link(cut.now),
            days: days(self.retention.unactivated),
        };
        let by_password = || Notice::InitialPassword {
            from_name: from_name.clone(),
            from_address: from_address.clone(),
            subject: subject.clone(),
            date: cut.now,
            link: Secret::new(self.public_url.clone()),
            expires: self.retention.link(cut.now),
            days: days(self.retention.unactivated),
        };
        match about.standing {
            Standing::New { link } => activation(link.clone()),
            Standing::NewByPassword { .. } => by_password(),
            Standing::PendingByPassword => {
                rows.prolonged.push((about.mailbox_id.to_owned(), self.retention.link(cut.now)));
                by_password()
            }
            Standing::Pending { link: Some(link) } => {
                rows.prolonged.push((about.mailbox_id.to_owned(), self.retention.link(cut.now)));
                activation(link.clone())
            }
            Standing::Pending { link: None } | Standing::Active => Notice::NewMessage {
                from_name: from_name.clone(),
                from_address: from_address.clone(),
                subject: subject.clone(),
                date: cut.now,
                link: Secret::new(format!("{}/m/{}", self.public_url, about.deposit_id)),
                deletion: match about.standing {
                    Standing::Active => self.retention.letters,
                    // Its mailbox is not in use: the letter waits for its activation.
                    Standing::New { .. }
                    | Standing::NewByPassword { .. }
                    | Standing::Pending { .. }
                    | Standing::PendingByPassword => Some(self.retention.unactivated),
                }
                .map(|kept| (cut.now.plus(kept), days(kept))),
            },
        }
    }
}
