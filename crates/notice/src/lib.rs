//! Every mail the product itself writes, in every language: facts in, subject, text and HTML out.
//!
//! SECURITY: sender names, subjects and server replies are hostile. They pass through
//! [`plain`](crate::plain_text) before any template sees them: no control or bidirectional characters,
//! bounded length, nothing a mail program would turn into a link. Templates escape the rest. A link with an
//! address in it is refused. This crate knows no rules, no SQL and no sessions; it does not send, and does
//! not read the clock.

// Samples of notices refer to the crate by its public name.
#[cfg(test)]
extern crate self as sealpost_notice;

mod about_access;
mod about_deletion;
mod about_keys;
mod about_replies;
mod build;
mod dates;
mod error;
mod evidence;
mod inline_logo;
mod language;
mod layout;
mod notice;
mod partner_letter;
#[cfg(test)]
#[path = "../../../tests/pseudo/mod.rs"]
mod pseudo;
#[cfg(test)]
mod pseudo_tests;
mod report;
mod sanitize;
mod tls_report;
mod to_recipients;
mod to_senders;
mod understood;
mod writer;

pub use build::render;
pub use dates::{date, date_time};
pub use error::NoticeError;
pub use evidence::{
    AttemptEnd, DatedStep, Evidence, EvidenceText, LetterStep, SecondKey, ServerReply, TrailState,
};
pub use inline_logo::{LOGO_CID, inline_images};
pub use language::Language;
pub use notice::{
    Access, DeletedBy, ExpiringKey, KeyOwner, LetterClock, Notice, OldMessages, PasswordReplaced, Reached,
    Rendered, ReplyState, SupportDid, WentUnread, Wrote,
};
pub use partner_letter::{PartnerLetter, partner_letter};
pub use report::{CameBack, Hears, KeyProblem, RefusalReason, Report, ReportText, Why};
pub use sanitize::{address as plain_address, text as plain_text};
pub use tls_report::TlsReportWords;
pub use understood::Understood;
