//! Statement rows, which only record that something is to be done or known, field by field as their proofs cover them: a letter
//! went unread, mail to an address bounced, an owner asks support for help, a session was ended. Knows no SQL and no key.

use std::collections::BTreeSet;

use sealpost_mail::{Timestamp, hex};

use crate::column_values::{Ended, LetterEvent, RequestState, UnreadEnd};

/// Kinds of statement rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// A letter that went unread.
    GoneUnread,
    /// An address whose mail bounced.
    CameBack,
    /// A request to support.
    Request,
    /// A session ended from elsewhere.
    SessionEnded,
}

impl FactKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GoneUnread, Self::CameBack, Self::Request, Self::SessionEnded];

    /// Its name in the log and in `check`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GoneUnread => "letter gone unread",
            Self::CameBack => "address that mail came back from",
            Self::Request => "request",
            Self::SessionEnded => "ended session",
        }
    }
}

/// The proven fields of a statement row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenFact {
    /// A letter was removed without having been opened. Its sender and recipient are sealed separately and not covered.
    GoneUnread {
        /// The letter's deposit id.
        deposit_id: String,
        /// When it arrived.
        received_at: Timestamp,
        /// When it was removed.
        gone_at: Timestamp,
        /// How it was removed.
        how: String,
    },
    /// Mail to a mailbox's owner bounced.
    CameBack {
        /// The mailbox.
        mailbox_id: String,
        /// Number of bounces.
        bounces: i64,
        /// When it last bounced.
        last_at: Timestamp,
        /// The last status code.
        status: String,
    },
    /// A request to support.
    Request(AskedRow),
    /// A session was ended from elsewhere. The mailbox is not recorded.
    SessionEnded {
        /// Hash of the session's cookie.
        hash: Vec<u8>,
        /// The reason.
        why: String,
        /// When it ended.
        at: Timestamp,
    },
}

/// A request, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRow {
    /// Its number.
    pub number: i64,
    /// The mailbox.
    pub mailbox_id: String,
    /// What is requested.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// When it was made, or repeated.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// How to reach the requester, sealed.
    pub note: Option<Vec<u8>>,
    /// Support's note, sealed.
    pub decision: Option<Vec<u8>>,
}

/// What a statement writes, to be proven within its transaction by the values it was given. Of what the database returns, only the
/// fact that a row was changed counts, and what it alone knows (a number, when a letter arrived): a trigger may have changed the
/// rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proves {
    /// Events for webhooks (`hook::returning!`).
    Events(Happened),
    /// Letters removed without having been opened.
    GoneUnread {
        /// The letters.
        letters: BTreeSet<String>,
        /// When they were removed.
        at: Timestamp,
        /// The outcome of those that were not in the trash.
        how: UnreadEnd,
    },
    /// The row of an address before its count is increased; its proof must be valid for that.
    CountedOn,
    /// Another bounce.
    CameBack {
        /// The mailbox.
        mailbox_id: String,
        /// When it bounced.
        at: Timestamp,
        /// The status code.
        status: String,
    },
    /// A request to support.
    Asked {
        /// The mailbox.
        mailbox_id: String,
        /// What is requested.
        kind: &'static str,
        /// When it was made.
        at: Timestamp,
        /// How to reach the requester, sealed.
        note: Option<Vec<u8>>,
    },
    /// Sessions that were ended.
    SessionsEnded {
        /// The reason.
        why: Ended,
        /// When they ended.
        at: Timestamp,
    },
    /// Requests of a mailbox that were open until now: only those with a valid proof get a new one.
    Decided {
        /// The mailbox.
        mailbox_id: String,
        /// Only this one, if given.
        number: Option<i64>,
        /// The decision.
        state: RequestState,
        /// When it was decided.
        at: Timestamp,
        /// Support's note, sealed.
        decision: Option<Vec<u8>>,
    },
}

/// Events for webhooks about letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    /// The letters.
    pub(crate) to: Letters,
    /// The kind of event.
    pub(crate) kind: LetterEvent,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// Detail, unless the database provides it.
    pub(crate) detail: Option<String>,
}

/// One letter, or those of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    One(String),
    AllIn {
        mailbox_id: String,
        /// Only these, if known.
        among: Option<BTreeSet<String>>,
    },
}

impl ProvenFact {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> FactKind {
        match self {
            Self::GoneUnread { .. } => FactKind::GoneUnread,
            Self::CameBack { .. } => FactKind::CameBack,
            Self::Request(_) => FactKind::Request,
            Self::SessionEnded { .. } => FactKind::SessionEnded,
        }
    }

    /// Its name in the log and in `check`: the letter, the mailbox, the number, or a prefix of the hash.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::GoneUnread { deposit_id, .. } => deposit_id.clone(),
            Self::CameBack { mailbox_id, .. } => mailbox_id.clone(),
            Self::Request(AskedRow { number, mailbox_id, .. }) => format!("{number} of mailbox {mailbox_id}"),
            Self::SessionEnded { hash, .. } => hex(hash.get(..8).unwrap_or(hash)),
        }
    }
}
