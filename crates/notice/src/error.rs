//! Why a notice cannot be written. Knows no recipient: nothing here may name one.

use thiserror::Error;

/// Why a notice cannot be written. All of these are faults of the configuration or of this program.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// The configured time zone is not an IANA name.
    #[error("time zone {0:?} is unknown; use a name such as \"Europe/Berlin\"")]
    Zone(String),
    /// A moment outside the years 1 to 9999.
    #[error("a date is out of range")]
    Date,
    /// A link that is not http(s), holds blanks or quotes, or names an address.
    #[error("the link of a notice must be a plain http(s) address that names no person")]
    Link,
    /// A translation lacks a text, or the text asks for a value nobody gives.
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
