//! The facts that conditions are evaluated on: envelope, header, parts, size, client. Gathered by the caller,
//! read-only, for one recipient.

use std::fmt;

use sealpost_mail::{Address, Direction, Head, Origin, PlainContent, ReversePath};

/// Everything known of a letter when a recipient's copy is judged.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// MAIL FROM.
    pub reverse_path: &'a ReversePath,
    /// The listener and client the letter came from.
    pub origin: &'a Origin,
    /// The letter's original header section.
    pub head: &'a Head,
    /// The recipient this judgement is about.
    pub recipient: &'a Address,
    /// Size of the whole letter in bytes.
    pub size: u64,
    /// What requires parsing the body.
    pub deep: &'a Known<Deep>,
    /// The heads of nested letters.
    pub heads: &'a Known<HeadsWithin>,
    /// Whether the letter replies to one that came from or went through the portal.
    pub thread: &'a Known<bool>,
    /// Whether it replies to one that arrived encrypted from outside.
    pub closed_thread: &'a Known<bool>,
    /// Signed as a whole by the partner in From, and verified by the gateway.
    pub from_partner: bool,
    /// It arrived encrypted from outside, and it is not certain that all of it was decrypted unmodified.
    pub unopened: bool,
    /// Its direction: inbound ones are decided only by rules that name their listener, and relayed otherwise.
    pub direction: Direction,
}

/// The heads of nested letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsWithin {
    /// Those that were found.
    pub found: Vec<Head>,
    /// Why there may be others: then "no" is never certain.
    pub hidden: Option<String>,
}

/// A fact that is expensive to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// Found out.
    Yes(T),
    /// Not looked up, because [`crate::Rules::needs`] said that no rule needs it.
    Unasked,
    /// Cannot be found out at the moment (memory, store); the text is for the log.
    Unanswerable(String),
    /// Can never be found out because of the letter itself. The text is for the log.
    Never(String),
}

/// The content of the body.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Deep {
    /// Every name and type that a reader's program may show for an attachment.
    pub attachments: Vec<(String, String)>,
    /// Every text that a reader's program may show.
    pub texts: Vec<String>,
    /// What all programs show alike: only by this may a rule relay.
    pub plain: PlainContent,
    /// Why there may be other attachments and texts: then "no" is never certain.
    pub unread: Option<String>,
    /// Why there may be other texts.
    pub illegible: Option<String>,
    /// It cannot be read without a key.
    pub encrypted: bool,
    /// It is signed.
    pub signed: bool,
}

impl Deep {
    /// With all of it plain: a text of one form, files of one name. For letters that are only thought of.
    pub(crate) fn all_plain(self) -> Self {
        let form = (!self.texts.is_empty()).then(|| self.texts.join("\n"));
        let plain = PlainContent { forms: form.into_iter().collect(), files: self.attachments.clone() };
        Self { plain, ..self }
    }

    /// Why there may be unseen files.
    pub(crate) fn hidden_files(&self) -> Option<&String> {
        self.unread.as_ref()
    }

    /// Why there may be unseen text.
    pub(crate) fn hidden_text(&self) -> Option<&String> {
        self.illegible.as_ref().or(self.unread.as_ref())
    }
}

impl fmt::Debug for Deep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deep({} attachments, {} texts)", self.attachments.len(), self.texts.len())
    }
}
