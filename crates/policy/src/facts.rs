//! What a condition may look at. Gathered by the caller, read-only, for one recipient.

use std::fmt;

use sealpost_mail::{Address, Head, Origin, ReversePath};

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
    /// Whether the letter answers one that came from or went through the portal.
    pub thread: &'a Known<bool>,
}

/// A fact that costs something to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// Found out.
    Yes(T),
    /// Not looked up, because [`crate::Rules::needs`] said that no rule asks.
    Unasked,
    /// Looked up, and nobody can say; the text is for the log.
    Unanswerable(String),
}

/// What the body holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Deep {
    /// Name and type of every attachment.
    pub attachments: Vec<(String, String)>,
    /// Every decoded text part.
    pub texts: Vec<String>,
    /// Nothing in it can be read without a key.
    pub encrypted: bool,
    /// It is signed.
    pub signed: bool,
}

impl fmt::Debug for Deep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deep({} attachments, {} texts)", self.attachments.len(), self.texts.len())
    }
}
