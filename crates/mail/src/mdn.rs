//! Writes read receipts (RFC 8098) as RFC 6522 multipart/report, for senders who request them. Contains
//! nothing of the letter but its Message-ID. Contains no wording and knows no queue.

use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use crate::address::Address;
use crate::clock::Timestamp;
use crate::compose::{ComposeError, StatusForm, addressed, checked_id, crlf, line, multipart, unstructured};

/// A read receipt.
#[derive(Clone)]
pub struct MdnParts {
    /// Our host name.
    pub reporting_host: String,
    /// When the letter was opened; also the Date.
    pub at: Timestamp,
    /// Display name and address.
    pub from: (String, Address),
    /// Who requested it.
    pub to: Address,
    /// Who opened it.
    pub recipient: Address,
    /// The letter's Message-ID, without angle brackets.
    pub original_message_id: Option<String>,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Subject.
    pub subject: String,
    /// The human-readable part.
    pub text: String,
}

/// Writes it: CRLF, 7-bit clean.
pub fn compose_mdn(parts: &MdnParts) -> Result<Vec<u8>, ComposeError> {
    let id = checked_id(&parts.message_id)?;
    let mut letter =
        addressed(Some(&parts.from.0), &parts.from.1, &parts.to, unstructured(&parts.subject), id, parts.at)
            .header("Auto-Submitted", Raw::new("auto-replied")); // RFC 3834 §5, RFC 8098 §3
    let original = parts.original_message_id.as_deref().filter(|id| checked_id(id).is_ok());
    if let Some(original) = original {
        letter = letter.in_reply_to(original.to_owned()).references(original.to_owned());
    }
    let form = StatusForm::of(std::iter::once(&parts.recipient));
    let mut text = String::new();
    line(&mut text, form, "Reporting-UA", &format!("{}; Sealpost", parts.reporting_host));
    let kind = match form {
        StatusForm::Global => "utf-8",
        StatusForm::Ascii => "rfc822",
    };
    line(&mut text, form, "Final-Recipient", &format!("{kind}; {}", parts.recipient.to_path()));
    if let Some(original) = original {
        line(&mut text, form, "Original-Message-ID", &format!("<{original}>"));
    }
    // RFC 8098 §3.2.6: opened manually by a person; the receipt is sent automatically.
    line(&mut text, form, "Disposition", "manual-action/MDN-sent-automatically; displayed");
    line(&mut text, form, "X-Displayed-At", &Date::new(parts.at.seconds()).to_rfc822());
    let text = BodyPart::Binary(text.into_bytes().into());
    let machines = match form {
        // RFC 6533 §5.
        StatusForm::Global => MimePart::new("message/global-disposition-notification", text),
        StatusForm::Ascii => {
            MimePart::new("message/disposition-notification", text).transfer_encoding("7bit")
        }
    };
    let children = vec![MimePart::new("text/plain", BodyPart::Text(crlf(&parts.text).into())), machines];
    let kind = [("report-type", "disposition-notification")];
    Ok(letter.body(multipart("multipart/report", "report", id, children, &kind)).write_to_vec()?)
}
