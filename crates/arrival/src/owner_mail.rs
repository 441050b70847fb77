//! A notice to a mailbox's owner, ready to be queued. Knows neither page nor command line.

use sealpost_delivery::{Purpose, ReportsTo};
use sealpost_mail::{Address, ReversePath, Timestamp};
use sealpost_notice::Notice;

use crate::enqueue;
use crate::notice_ticket::NoticeFacts;
use crate::settings::Announcer;

/// Makes the draft; `about` is the Message-ID of the letter that it replies to or is about. The error is for
/// the log or the command line.
pub fn draft(
    announcer: &Announcer,
    notice: Notice,
    language: &str,
    to: Address,
    message_id: String,
    about: Option<String>,
    now: Timestamp,
) -> Result<enqueue::Draft, String> {
    let facts = NoticeFacts { notice, language: language.to_owned(), message_id, about, at: now };
    Ok(enqueue::Draft {
        content: facts.content().map_err(|error| error.to_string())?,
        // A bounce of this one would be of no use, and none may come back to us (RFC 3834 §3.3).
        reverse_path: ReversePath::Null,
        recipient: to,
        route: announcer.route.clone(),
        tls: announcer.floor,
        purpose: Purpose::Report,
        reports_to: ReportsTo::Ours,
        at: now,
    })
}
