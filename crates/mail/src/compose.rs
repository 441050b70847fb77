//! Writes the product's own letters: notices and delivery reports. Contains no wording and knows no queue.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Written;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use thiserror::Error;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::display::one_line;
use crate::envelope::Orcpt;
use crate::head::is_crlf_clean;
use crate::parts::split_entity;
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

/// A notice: text, optionally with HTML, optionally with images for the HTML.
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
    /// Message-ID of the letter that it is about or answers, without angle brackets. Omitted if it is not valid in a
    /// field.
    pub about: Option<String>,
    /// Further fields: name and unstructured text.
    pub extra: Vec<(String, String)>,
    /// Images the HTML points to: Content-ID, type, bytes.
    pub inline_images: Vec<(String, String, Vec<u8>)>,
}

/// Writes a notice: CRLF, 7-bit clean (an address outside ASCII is the one exception, RFC 6532 §3.2). Text and HTML
/// form a multipart/alternative, HTML and its images a multipart/related.
pub fn compose_notice(notice: &Compose) -> Result<Vec<u8>, ComposeError> {
    let id = checked_id(&notice.message_id)?;
    let mut letter = addressed(
        notice.from.0.as_deref(),
        &notice.from.1,
        &notice.to,
        unstructured(&notice.subject),
        id,
        notice.at,
    )
    .header("Auto-Submitted", Raw::new(notice.auto_submitted));
    letter = in_thread(letter, notice.about.as_deref());
    if let Some(reply_to) = &notice.reply_to {
        letter = letter.reply_to(Written::new_address(None::<String>, reply_to.to_path()));
    }
    for (name, value) in &notice.extra {
        letter = letter.header(checked_name(name)?, HeaderType::Text(Text::new(one_line(value))));
    }
    let text = MimePart::new("text/plain", BodyPart::Text(crlf(&notice.text).into()));
    let Some(html) = &notice.html else {
        return Ok(letter.body(text).write_to_vec()?);
    };
    let mut html = MimePart::new("text/html", BodyPart::Text(crlf(html).into()));
    if !notice.inline_images.is_empty() {
        let mut related = vec![html];
        for (cid, kind, bytes) in &notice.inline_images {
            let kind = checked_type(kind)?;
            let image = MimePart::new(kind, BodyPart::Binary(bytes.as_slice().into()));
            related.push(image.inline().cid(checked_id(cid)?));
        }
        html = multipart("multipart/related", "related", id, related, &[("type", "text/html")]);
    }
    Ok(letter.body(multipart("multipart/alternative", "body", id, vec![text, html], &[])).write_to_vec()?)
}

/// The fields that all our letters have.
pub(crate) fn addressed<'x>(
    from_name: Option<&str>,
    from: &Address,
    to: &Address,
    subject: HeaderType<'x>,
    id: &'x str,
    at: Timestamp,
) -> MessageBuilder<'x> {
    let from_name = from_name.map(one_line).filter(|name| !name.is_empty());
    MessageBuilder::new()
        .from(Written::new_address(from_name, from.to_path()))
        .to(Written::new_address(None::<String>, to.to_path()))
        .header("Subject", subject)
        .date(Date::new(at.seconds()))
        .message_id(id)
}

/// The threading fields (RFC 3834 §3.1.5, RFC 5322 §3.6.4). The other Message-ID comes from outside and is untrusted.
fn in_thread<'x>(letter: MessageBuilder<'x>, about: Option<&'x str>) -> MessageBuilder<'x> {
    match about.and_then(|id| checked_id(id).ok()) {
        Some(id) => letter.in_reply_to(id).references(id),
        None => letter,
    }
}

/// Text as the body of an unstructured field. Text that looks like an encoded-word is encoded itself, or readers would
/// decode it (RFC 2047 §7).
pub(crate) fn unstructured(text: &str) -> HeaderType<'static> {
    /// RFC 2047 §2: 76 characters a line; base64 of 36 octets, its delimiters and the field's name make 69.
    const OCTETS: usize = 36;
    let line = one_line(text);
    if !line.contains("=?") {
        return HeaderType::Text(Text::new(line));
    }
    let mut words = String::new();
    let mut part = String::new();
    let mut word = |part: &mut String| {
        if !part.is_empty() {
            let separator = if words.is_empty() { "" } else { " " };
            words.push_str(&format!("{separator}=?utf-8?B?{}?=", STANDARD.encode(&*part)));
            part.clear();
        }
    };
    for c in line.chars() {
        if part.len() + c.len_utf8() > OCTETS {
            word(&mut part);
        }
        part.push(c);
    }
    word(&mut part);
    HeaderType::Raw(Raw::new(words))
}

/// A multipart with a boundary of our own: the builder would derive one from the clock. `=_` does not occur in
/// quoted-printable or base64 (RFC 2045 §6.7), and the Message-ID is random.
pub(crate) fn multipart<'x>(
    kind: &'x str,
    role: &str,
    id: &str,
    children: Vec<MimePart<'x>>,
    parameters: &[(&'x str, &'x str)],
) -> MimePart<'x> {
    let unique: String = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let kind =
        parameters.iter().fold(ContentType::new(kind), |kind, (name, value)| kind.attribute(*name, *value));
    MimePart::new(kind.attribute("boundary", format!("=_{role}_{unique}")), BodyPart::Multipart(children))
}

/// A Message-ID or Content-ID without its angle brackets (RFC 5322 §3.6.4).
pub(crate) fn checked_id(id: &str) -> Result<&str, ComposeError> {
    let ok = id.len() <= 200
        && id.contains('@')
        && id.bytes().all(|b| b.is_ascii_graphic() && !b"<>()\",".contains(&b));
    if ok { Ok(id) } else { Err(ComposeError::Field("Message-ID")) }
}

pub(crate) fn checked_type(kind: &str) -> Result<&str, ComposeError> {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-".contains(&b))
    };
    let ok = kind.split_once('/').is_some_and(|(class, rest)| token(class) && token(rest));
    if ok { Ok(kind) } else { Err(ComposeError::Field("Content-Type")) }
}

/// A valid field name (RFC 5322 §3.6.8) that we do not write ourselves.
fn checked_name(name: &str) -> Result<&str, ComposeError> {
    const OURS: [&str; 10] = [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    let token =
        !name.is_empty() && name.len() <= 70 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let taken = OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    if token && !taken { Ok(name) } else { Err(ComposeError::Field("extra field")) }
}

/// Every line end to CRLF.
pub(crate) fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
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
    /// Passed on to a server that sends no reports.
    Relayed,
    /// Passed on to several addresses.
    Expanded,
}

/// What a delivery report says about one recipient.
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
    /// When the letter was accepted.
    pub arrival: Timestamp,
    /// Date of the report.
    pub at: Timestamp,
    /// Display name and address.
    pub from: (String, Address),
    /// The letter's sender.
    pub to: Address,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Message-ID of the letter that it is about, without angle brackets. Omitted if it is not valid in a field.
    pub about: Option<String>,
    /// Subject.
    pub subject: String,
    /// The human-readable part.
    pub text: String,
    /// The status of each recipient.
    pub recipients: Vec<DsnRecipient>,
    /// The letter, or its header section.
    pub returned: Option<Vec<u8>>,
    /// `returned` is the whole letter (RFC 3461 §4.3 RET=FULL).
    pub returned_full: bool,
}

impl DsnAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

/// Writes an RFC 3464 report as RFC 6522 multipart/report: CRLF, 7-bit clean.
///
/// A whole letter is returned only if it is 7-bit itself: message/rfc822 may not be encoded (RFC 2046 §5.2.1), so for
/// an 8-bit letter the header section is returned, which RFC 3461 §6.2 allows.
pub fn compose_dsn(parts: &DsnParts) -> Result<Vec<u8>, ComposeError> {
    let id = checked_id(&parts.message_id)?;
    let letter =
        addressed(Some(&parts.from.0), &parts.from.1, &parts.to, unstructured(&parts.subject), id, parts.at)
            .header("Auto-Submitted", Raw::new("auto-replied")); // RFC 3834 §5
    let letter = in_thread(letter, parts.about.as_deref());
    let mut children =
        vec![MimePart::new("text/plain", BodyPart::Text(crlf(&parts.text).into())), status(parts)];
    children.extend(returned(parts));
    let report = multipart("multipart/report", "report", id, children, &[("report-type", "delivery-status")]);
    Ok(letter.body(report).write_to_vec()?)
}

/// The machine-readable part. Addresses outside ASCII need the form of RFC 6533, which may be encoded.
fn status(parts: &DsnParts) -> MimePart<'static> {
    let form = StatusForm::of(parts.recipients.iter().map(|one| &one.final_recipient));
    let mut text = String::new();
    line(&mut text, form, "Reporting-MTA", &format!("dns; {}", parts.reporting_mta));
    if let Some(envid) = &parts.original_envid {
        line(&mut text, form, "Original-Envelope-Id", envid);
    }
    line(&mut text, form, "Arrival-Date", &Date::new(parts.arrival.seconds()).to_rfc822());
    for one in &parts.recipients {
        text.push_str("\r\n");
        if let Some(orcpt) = &one.orcpt {
            line(&mut text, form, "Original-Recipient", &format!("{}; {}", orcpt.kind, orcpt.address));
        }
        let kind = if one.final_recipient.needs_smtputf8() { "utf-8" } else { "rfc822" };
        line(&mut text, form, "Final-Recipient", &format!("{kind}; {}", one.final_recipient.to_path()));
        line(&mut text, form, "Action", one.action.as_str());
        line(&mut text, form, "Status", &one.status.to_string());
        if let Some(remote) = &one.remote_mta {
            line(&mut text, form, "Remote-MTA", &format!("dns; {remote}"));
        }
        if let Some(diagnostic) = &one.diagnostic {
            line(&mut text, form, "Diagnostic-Code", &format!("smtp; {diagnostic}"));
        }
        if let Some(until) = one.will_retry_until {
            line(&mut text, form, "Will-Retry-Until", &Date::new(until.seconds()).to_rfc822());
        }
    }
    let text = BodyPart::Binary(text.into_bytes().into());
    match form {
        StatusForm::Global => MimePart::new("message/global-delivery-status", text),
        StatusForm::Ascii => MimePart::new("message/delivery-status", text).transfer_encoding("7bit"),
    }
}

/// How the fields of a status part are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusForm {
    /// RFC 3464, RFC 8098: ASCII only.
    Ascii,
    /// RFC 6533: in UTF-8.
    Global,
}

impl StatusForm {
    /// The form that these addresses need.
    pub(crate) fn of<'a>(mut addresses: impl Iterator<Item = &'a Address>) -> Self {
        match addresses.any(Address::needs_smtputf8) {
            true => Self::Global,
            false => Self::Ascii,
        }
    }
}

/// One status field, on one line of at most 998 octets.
pub(crate) fn line(text: &mut String, form: StatusForm, name: &str, value: &str) {
    let value = one_line(value);
    let value: String = match form {
        StatusForm::Global => value.chars().take(220).collect(),
        StatusForm::Ascii => value.chars().map(|c| if c.is_ascii() { c } else { '?' }).take(900).collect(),
    };
    text.push_str(name);
    text.push_str(": ");
    text.push_str(&value);
    text.push_str("\r\n");
}

/// The letter, or its header section, as the third part.
fn returned(parts: &DsnParts) -> Option<MimePart<'_>> {
    let bytes = parts.returned.as_deref()?;
    let short_lines = |bytes: &[u8]| bytes.split(|b| *b == b'\n').all(|line| line.len() <= 999);
    let seven_bit = |bytes: &[u8]| bytes.is_ascii() && is_crlf_clean(bytes) && short_lines(bytes);
    if parts.returned_full && seven_bit(bytes) {
        return Some(
            MimePart::new("message/rfc822", BodyPart::Binary(bytes.into())).transfer_encoding("7bit"),
        );
    }
    let (head, _) = split_entity(bytes);
    if seven_bit(head) {
        return Some(
            MimePart::new("text/rfc822-headers", BodyPart::Binary(head.into())).transfer_encoding("7bit"),
        );
    }
    // RFC 6533 §6: the only form for header sections with UTF-8 that may be encoded.
    Some(MimePart::new("message/global-headers", BodyPart::Binary(head.into())))
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
