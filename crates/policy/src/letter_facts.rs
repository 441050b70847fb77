//! What a condition may look at: envelope, header, parts, size, who sent it. Gathered by the caller, read-only, for one recipient.

use std::fmt;

use sealpost_mail::{Address, Direction, Head, Origin, ReversePath};

/// Everything that is known of a letter when a recipient's copy is judged.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// MAIL FROM.
    pub reverse_path: &'a ReversePath,
    /// Where the letter came in.
    pub origin: &'a Origin,
    /// The letter's header section as it came.
    pub head: &'a Head,
    /// The recipient this judgement is about.
    pub recipient: &'a Address,
    /// Bytes of the whole letter.
    pub size: u64,
    /// What only parsing the body can tell.
    pub deep: &'a Known<Deep>,
    /// The heads of letters within it.
    pub heads: &'a Known<HeadsWithin>,
    /// Whether the letter answers one that came from or went through the portal.
    pub thread: &'a Known<bool>,
    /// Whether it answers one that came in encrypted from the world.
    pub closed_thread: &'a Known<bool>,
    /// Signed by the partner it says it is from, whole, and checked by the gateway.
    pub from_partner: bool,
    /// Came encrypted from the world, and it is not certain that all of it was opened as it was closed.
    pub unopened: bool,
    /// Which way it goes: only rules that name its listener decide about inbound ones, and else they are handed on.
    pub direction: Direction,
}

/// The heads of letters within a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsWithin {
    /// Those that were found.
    pub found: Vec<Head>,
    /// Why there may be others: then nobody can say "no".
    pub hidden: Option<String>,
}

/// A fact that costs something to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// Found out.
    Yes(T),
    /// Not looked up, because [`crate::Rules::needs`] said that no rule asks.
    Unasked,
    /// Looked up, and nobody can say at the moment (memory, store); the text is for the log.
    Unanswerable(String),
    /// Looked up, and nobody ever can: the letter itself is the reason. The text is for the log.
    Never(String),
}

/// What the body holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Deep {
    /// Every name and every type that a reader's program may give to an attachment.
    pub attachments: Vec<(String, String)>,
    /// Every text that a reader's program may show.
    pub texts: Vec<String>,
    /// Why there may be other attachments and texts: then nobody can say "no".
    pub unread: Option<String>,
    /// Why there may be other texts.
    pub illegible: Option<String>,
    /// Nothing in it can be read without a key.
    pub encrypted: bool,
    /// It is signed.
    pub signed: bool,
}

impl Deep {
    /// Why there may be files that nobody has seen.
    pub(crate) fn hidden_files(&self) -> Option<&String> {
        self.unread.as_ref()
    }

    /// Why there may be text that nobody has seen.
    pub(crate) fn hidden_text(&self) -> Option<&String> {
        self.illegible.as_ref().or(self.unread.as_ref())
    }
}

impl fmt::Debug for Deep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deep({} attachments, {} texts)", self.attachments.len(), self.texts.len())
    }
}
