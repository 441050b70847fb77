//! Audit rows and webhook events for notices that were sent, or failed: a letter's sender may have to prove
//! that its notice was sent, to whom and with what reply.

use sealpost_delivery::{Ended, Ending, Purpose, Witness};
use sealpost_mailbox::audit::{Actor, Event, HopReply};
use sealpost_store::{LegNotes, LetterEvent, NewEvent};

/// The hook that delivery calls when a notice ends.
pub struct NoticesNoted;

impl Witness for NoticesNoted {
    fn notes(&self, ended: &Ended<'_>) -> LegNotes {
        let Ended { ending, ticket, reply, at } = ended;
        let reply = HopReply {
            host: reply.host.as_deref(),
            code: reply.code,
            enhanced: reply.enhanced,
            queue_id: reply.queue_id.as_deref(),
        };
        match &ticket.purpose {
            Purpose::Notice {
                mailbox_id: mailbox,
                deposit_id: letter,
                sender: _,
                letter_id: _,
                is_first,
                others: _,
            } => {
                let (event, told, status) = match ending {
                    Ending::Delivered => {
                        let told = is_first.then_some(LetterEvent::Notified);
                        (Event::NoticeSent { letter, mailbox, reply }, told, None)
                    }
                    Ending::Failed => {
                        let event = Event::NoticeFailed { letter, mailbox, reply };
                        (event, Some(LetterEvent::NoticeBounced), reply.enhanced)
                    }
                };
                // A reminder about a mailbox concerns no letter: there is no event for it.
                let told = told.filter(|_| !letter.is_empty());
                let told = told.map(|kind| NewEvent {
                    kind,
                    letter: letter.clone(),
                    mailbox: mailbox.clone(),
                    at: *at,
                    detail: status.map(|status| status.to_string()).unwrap_or_default(),
                    memo_sealed: None,
                });
                LegNotes {
                    audit: vec![event.row(*at, &Actor::System, None)],
                    events: told.into_iter().collect(),
                }
            }
            Purpose::Relay
            | Purpose::Report
            | Purpose::TlsReport
            | Purpose::Opened
            | Purpose::PortalReply { .. } => LegNotes::default(),
        }
    }
}
