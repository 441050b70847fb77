//! Exports a letter as a file: `.eml`, `.msg` (Outlook) and PDF/A-3.
//!
//! SECURITY: knows no accounts, no HTTP and no storage; its input was already decrypted for the owner by the
//! caller. It returns file names, never paths. `.eml` and `.msg` are pure; a PDF is made by a worker process
//! of its own, because that parses hostile HTML and pictures (decision 0010).
//!
//! # The seam
//!
//! One [`Format`] is one file of this crate. A new format is a new variant: the compiler then asks for its
//! extension, its media type and its file, and the portal offers what [`Format::ALL`] lists.

#[cfg(test)]
extern crate self as sealpost_export; // tests share a file with the worker's

mod eml;
mod error;
mod msg;
mod pdf;

pub use eml::eml;
pub use error::ExportError;
pub use msg::{MAX_MSG, MsgPiece, msg, msg_pieces};
pub use pdf::{Labels, Limits, MAX_PDF, Wording, Worker, pdf, pdf_chunks};

/// The formats of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 5322 text, byte for byte as received.
    Eml,
    /// For Outlook.
    Msg,
    /// For reading, printing and archiving; the original and its attachments are embedded.
    Pdf,
}

impl Format {
    /// Every format, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Pdf, Self::Eml, Self::Msg];

    /// The file name's extension.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Eml => "eml",
            Self::Msg => "msg",
            Self::Pdf => "pdf",
        }
    }

    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Eml => "message/rfc822",
            Self::Msg => "application/vnd.ms-outlook",
            Self::Pdf => "application/pdf",
        }
    }

    /// By the extension, as in a URL.
    #[must_use]
    pub fn parse(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// A safe file name made from the decoded subject; `fallback` (without extension, in the reader's
    /// language) where the subject gives none.
    #[must_use]
    pub fn file_name(self, subject: Option<&str>, fallback: &str) -> String {
        let named = |title: &str| sealpost_mail::file_name_from_title(title, self.extension());
        subject
            .and_then(named)
            .or_else(|| named(fallback))
            .unwrap_or_else(|| format!("message.{}", self.extension()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_subject_and_are_never_paths() {
        let name = |subject: Option<&str>| Format::Eml.file_name(subject, "Nachricht");
        assert_eq!(name(Some("Ihr Schaden 7/2026: Größe")), "Ihr Schaden 7_2026_ Größe.eml");
        assert_eq!(name(Some("../../etc/passwd")), "_.._etc_passwd.eml");
        assert_eq!(name(Some(" \u{202e} ")), "Nachricht.eml");
        assert_eq!(name(None), "Nachricht.eml");
        assert_eq!(Format::Eml.file_name(None, ""), "message.eml");
    }

    #[test]
    fn formats_are_found_by_their_extension() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.extension()), Some(format));
            assert!(format.content_type().contains('/'));
        }
        assert_eq!(Format::parse("exe"), None);
    }
}
