//! What is found in a letter, and why there may be more. Looks for nothing.

use thiserror::Error;

use crate::head::Head;

/// Why there is more in a letter than was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// More parts, deeper or larger ones than any honest letter has.
    #[error("it has too many parts, or parts nested too deeply")]
    TooMuch,
    /// RFC 2046 §5.2.2: the rest comes in other letters.
    #[error("it is only a piece of a letter (message/partial)")]
    Partial,
    /// Nobody reads it without a key.
    #[error("part of it is encrypted")]
    Encrypted,
    /// A Content-Transfer-Encoding that nobody knows.
    #[error("part of it has an unknown transfer encoding")]
    Encoding,
    /// A charset that nobody knows.
    #[error("part of it has an unknown charset")]
    Charset,
    /// A winmail.dat, signature or the like that is damaged.
    #[error("something in it that holds text or files is damaged")]
    Damaged,
}

/// What is closed in a letter or signed, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sealed {
    /// CMS that nobody reads without a key, or that is damaged.
    Smime,
    /// An OpenPGP message.
    OpenPgp,
    /// Something with a signature, of either kind.
    Signed,
    /// There is more in it than was looked at.
    Unknown,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Every name and every type of every file. Not a list of files: one may stand there several times.
    pub files: Vec<(String, String)>,
    /// Every text in every reading.
    pub texts: Vec<String>,
    /// Why there may be other files and other texts.
    pub unread: Option<Unread>,
    /// Why there may be other texts.
    pub illegible: Option<Unread>,
    /// Why there may be other letters within it, and so other heads.
    pub hidden_letters: Option<Unread>,
    /// What of it is closed or signed, each once.
    pub sealed: Vec<Sealed>,
    /// The Message-IDs of the letters within it, and of those that these answer, as they are written; and those that its
    /// texts name as such.
    pub message_ids: Vec<String>,
    /// What else in its texts may be a Message-ID.
    pub perhaps_ids: Vec<String>,
    /// The heads of the letters within it, and what stands for one: the properties of a winmail.dat, the title and class of an
    /// appointment.
    pub heads: Vec<Head>,
}
