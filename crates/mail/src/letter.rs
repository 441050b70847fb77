//! The one parsed view of a whole letter, for looking and never for relaying. Opens nothing, runs nothing.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::Timestamp;

/// Why a letter is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LetterError {
    /// No header field at all.
    #[error("there is no header field in it")]
    NoHeader,
    /// More parts, or parts nested deeper, than any honest letter has.
    #[error("it has too many parts, or parts nested too deeply")]
    TooComplex,
}

/// A sender or recipient as the letter shows it; nothing in it is proven.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name.
    pub name: Option<String>,
    /// The address as written.
    pub address: Option<String>,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox")
    }
}

/// What a list of letters shows of one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// From.
    pub from: Vec<Mailbox>,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// Subject.
    pub subject: Option<String>,
    /// Date.
    pub date: Option<Timestamp>,
    /// Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, each without angle brackets.
    pub in_reply_to: Vec<String>,
    /// References, each without angle brackets.
    pub references: Vec<String>,
    /// The attachments.
    pub attachments: Vec<Attachment>,
    /// Bytes of the whole letter.
    pub size: u64,
}

/// One attachment; its bytes come from [`Letter::attachment_bytes`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its number in this letter.
    pub index: usize,
    /// A file name safe to show and to save under: never a path.
    pub name: String,
    /// Its type, lower case.
    pub content_type: String,
    /// Decoded bytes.
    pub size: u64,
    /// Content-ID without angle brackets, if the HTML part can point to it.
    pub inline_cid: Option<String>,
}

/// A parsed letter.
pub struct Letter<'a> {
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Letter<'a> {
    /// Parses leniently and bounded.
    pub fn parse(_bytes: &'a [u8]) -> Result<Self, LetterError> {
        Err(LetterError::NoHeader)
    }

    /// What a list shows.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            from: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: None,
            date: None,
            message_id: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            attachments: Vec::new(),
            size: 0,
        }
    }

    /// The best text body; made from the HTML if there is no text part.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        None
    }

    /// The HTML body, as sent: hostile.
    #[must_use]
    pub fn html(&self) -> Option<String> {
        None
    }

    /// Every decoded text part.
    #[must_use]
    pub fn text_parts(&self) -> Vec<String> {
        Vec::new()
    }

    /// The attachments.
    #[must_use]
    pub fn attachments(&self) -> Vec<Attachment> {
        Vec::new()
    }

    /// The decoded bytes of one attachment.
    #[must_use]
    pub fn attachment_bytes(&self, _index: usize) -> Option<Cow<'_, [u8]>> {
        None
    }

    /// Type and bytes of the part with that Content-ID.
    #[must_use]
    pub fn inline(&self, _cid: &str) -> Option<(String, Cow<'_, [u8]>)> {
        None
    }

    /// Whether the letter is encrypted (S/MIME, PGP/MIME, inline PGP).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        false
    }

    /// Whether the letter is signed (S/MIME, PGP/MIME, inline PGP). Says nothing about validity.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        false
    }
}
