//! Why a notice cannot be written. Knows no recipient: no error may name one.

use thiserror::Error;

/// Why a notice cannot be written. All of these are errors of the configuration or of this program.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// The configured time zone is not an IANA name.
    #[error("time zone {0:?} is unknown; use a name such as \"Europe/Berlin\"")]
    Zone(String),
    /// A time outside the years 1 to 9999.
    #[error("a date is out of range")]
    Date,
    /// A link that is not http(s), contains blanks or quotes, or contains an address.
    #[error("the link of a notice must be a plain http(s) address that names no person")]
    Link,
    /// A translation lacks a text, or the text uses a value that is not given.
    #[error("language {language}: the text {key:?} is missing or incomplete")]
    Text {
        /// The language tag.
        language: &'static str,
        /// The Fluent key.
        key: &'static str,
    },
    /// The template engine failed.
    #[error("template: {0}")]
    Template(#[from] askama::Error),
}
