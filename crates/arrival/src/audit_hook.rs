//! What the audit trail says of mail that went out, or did not: of notices, because their letters' senders may have to
//! show that they were sent. Knows no next hop.

use sealpost_delivery::{Ended, Ending, Purpose, Witness};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::AuditRow;

/// What delivery calls.
pub struct NoticesNoted;

impl Witness for NoticesNoted {
    fn rows(&self, ended: &Ended<'_>) -> Vec<AuditRow> {
        let Ended { ending, ticket, code, enhanced, at } = *ended;
        match &ticket.purpose {
            Purpose::Notice { mailbox_id: mailbox, deposit_id: letter, sender: _ } => {
                let event = match ending {
                    Ending::Delivered => Event::NoticeSent { letter, mailbox, code, enhanced },
                    Ending::Failed => Event::NoticeFailed { letter, mailbox, code, enhanced },
                };
                vec![event.row(at, &Actor::System, None)]
            }
            Purpose::Relay | Purpose::Report | Purpose::Opened | Purpose::PortalReply { .. } => Vec::new(),
        }
    }
}
