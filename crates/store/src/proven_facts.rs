//! Rows that only say that something is to be done or known, word by word as they are proven: that a letter went unread, that
//! mail to an address came back, that somebody asks support for help, why a session has ended. Knows no SQL and no key.

use std::collections::BTreeSet;

use sealpost_mail::{Timestamp, hex};

use crate::column_values::{Ended, LetterEvent, RequestState, UnreadEnd};

/// Which rows are proven so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// A letter that went unread.
    GoneUnread,
    /// An address that mail came back from.
    CameBack,
    /// What somebody asked of support.
    Request,
    /// A session that somebody ended from elsewhere.
    SessionEnded,
}

impl FactKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GoneUnread, Self::CameBack, Self::Request, Self::SessionEnded];

    /// What the log and `check` call one.
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

/// What one of them says, as it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenFact {
    /// A letter went, and nobody had opened it. Whose it was is sealed for this letter, and not among it.
    GoneUnread {
        /// Which.
        deposit_id: String,
        /// When it came.
        received_at: Timestamp,
        /// When it went.
        gone_at: Timestamp,
        /// How.
        how: String,
    },
    /// Mail to a mailbox's owner came back.
    CameBack {
        /// Whose.
        mailbox_id: String,
        /// How often.
        bounces: i64,
        /// When last.
        last_at: Timestamp,
        /// What the server said last.
        status: String,
    },
    /// Somebody asks support.
    Request(AskedRow),
    /// A session was ended from elsewhere. Whose it was is not kept.
    SessionEnded {
        /// Its hash.
        hash: Vec<u8>,
        /// Why.
        why: String,
        /// When.
        at: Timestamp,
    },
}

/// A request, word by word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRow {
    /// Its number.
    pub number: i64,
    /// Whose.
    pub mailbox_id: String,
    /// What for.
    pub kind: String,
    /// How it stands.
    pub state: String,
    /// When it was made, or said again.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// How to reach who asked, sealed.
    pub note: Option<Vec<u8>>,
    /// What support noted, sealed.
    pub decision: Option<Vec<u8>>,
}

/// What a statement writes, to be proven within its transaction by the values it was given. Of what the database returns only
/// that a row was changed counts, and what it alone knows (a number, when a letter came): a trigger may have changed the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proves {
    /// Events for webhooks (`hook::returning!`).
    Events(Happened),
    /// Letters that went, and that nobody had opened.
    GoneUnread {
        /// Among these.
        letters: BTreeSet<String>,
        /// When.
        at: Timestamp,
        /// How those that their owner had not thrown away.
        how: UnreadEnd,
    },
    /// The row of an address as it was before one is counted on; it must hold for that.
    CountedOn,
    /// Mail came back once more.
    CameBack {
        /// From whose address.
        mailbox_id: String,
        /// When.
        at: Timestamp,
        /// The status.
        status: String,
    },
    /// Somebody asks support.
    Asked {
        /// Whose mailbox it is.
        mailbox_id: String,
        /// What for.
        kind: &'static str,
        /// When.
        at: Timestamp,
        /// How to reach them, sealed.
        note: Option<Vec<u8>>,
    },
    /// Sessions that were ended.
    SessionsEnded {
        /// Why.
        why: Ended,
        /// When.
        at: Timestamp,
    },
    /// Requests of a mailbox that were open until now: only what proved then does so again.
    Decided {
        /// Whose.
        mailbox_id: String,
        /// This one alone.
        number: Option<i64>,
        /// How.
        state: RequestState,
        /// When.
        at: Timestamp,
        /// What support noted, sealed.
        decision: Option<Vec<u8>>,
    },
}

/// What webhooks are told of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    /// To which.
    pub(crate) to: Letters,
    /// What.
    pub(crate) kind: LetterEvent,
    /// When.
    pub(crate) at: Timestamp,
    /// Further words, where they are not the database's to say.
    pub(crate) detail: Option<String>,
}

/// One letter, or those of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    One(String),
    AllIn {
        mailbox_id: String,
        /// These, where they are known.
        among: Option<BTreeSet<String>>,
    },
}

impl ProvenFact {
    /// Which kind.
    #[must_use]
    pub fn kind(&self) -> FactKind {
        match self {
            Self::GoneUnread { .. } => FactKind::GoneUnread,
            Self::CameBack { .. } => FactKind::CameBack,
            Self::Request(_) => FactKind::Request,
            Self::SessionEnded { .. } => FactKind::SessionEnded,
        }
    }

    /// What the log and `check` call it by: the letter, the mailbox, the number, the beginning of the hash.
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
