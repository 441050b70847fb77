//! The result of inspecting a letter, and why it may be incomplete. Searches nothing.

use thiserror::Error;

use crate::head::Head;

/// Why there may be more in a letter than was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// More, deeper or larger parts than any honest letter has.
    #[error("it has too many parts, or parts nested too deeply")]
    TooMuch,
    /// RFC 2046 §5.2.2: the rest comes in other letters.
    #[error("it is only a piece of a letter (message/partial)")]
    Partial,
    /// Encrypted: not readable without a key.
    #[error("part of it is encrypted")]
    Encrypted,
    /// An unknown Content-Transfer-Encoding.
    #[error("part of it has an unknown transfer encoding")]
    Encoding,
    /// An unknown charset.
    #[error("part of it has an unknown charset")]
    Charset,
    /// A damaged winmail.dat, signature or the like.
    #[error("something in it that holds text or files is damaged")]
    Damaged,
}

/// Encrypted or signed content of a letter, at any depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sealed {
    /// CMS that is encrypted or damaged.
    Smime,
    /// An OpenPGP message.
    OpenPgp,
    /// Signed content of either kind.
    Signed,
    /// A limit was reached: there is more than was examined.
    Unknown,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Every name of every file with every type. Not a list of files: one may occur several times.
    pub files: Vec<(String, String)>,
    /// Every text in every reading.
    pub texts: Vec<String>,
    /// Why there may be other files and other texts.
    pub unread: Option<Unread>,
    /// Why there may be other texts.
    pub illegible: Option<Unread>,
    /// Why there may be other embedded letters, and so other heads.
    pub hidden_letters: Option<Unread>,
    /// Kinds of encrypted and signed content, each once.
    pub sealed: Vec<Sealed>,
    /// The Message-IDs of embedded letters and of those that they answer, as written; and Message-IDs that texts name
    /// as such.
    pub message_ids: Vec<String>,
    /// Other strings in its texts that may be Message-IDs.
    pub perhaps_ids: Vec<String>,
    /// The heads of embedded letters, and equivalents of heads: the properties of a winmail.dat, the title and class of
    /// an appointment.
    pub heads: Vec<Head>,
}
