//! Queues mail that the product writes itself: a sealed ticket, one leg, and for a finished letter its sealed
//! body. Knows neither wording nor reason.

use sealpost_delivery::{Content, Hand, Purpose, Queued, ReportsTo, Route, Ticket, TicketError};
use sealpost_mail::{Address, BodyType, Head, Notify, Random, Recipient, ReversePath, Timestamp, TlsFloor};
use sealpost_mailbox::seal_body;
use sealpost_store::{LegPurpose, LegStart, NewLeg, Store, StoreError, StoredBody};
use sealpost_vault::{MessageKey, SpoolKey};

use crate::context::Context;

/// What is needed to queue a mail.
pub struct Queue<'a> {
    /// Key that seals tickets.
    pub spool: &'a SpoolKey,
    /// Source of randomness.
    pub random: &'a dyn Random,
    /// How long delivery tries.
    pub give_up: std::time::Duration,
}

impl<'a> Queue<'a> {
    /// Takes the queue's settings from an arrival's context.
    pub(crate) fn of(context: &'a Context) -> Self {
        Self {
            spool: &context.shared.keys.spool,
            random: &*context.shared.random,
            give_up: context.tenant.routes.give_up,
        }
    }
}

/// A mail to be queued.
pub struct Draft {
    /// The finished letter, or the facts it is generated from.
    pub content: Content,
    /// Who is notified of its failure.
    pub reverse_path: ReversePath,
    /// The recipient of the mail.
    pub recipient: Address,
    /// The route of the mail.
    pub route: Route,
    /// The minimum TLS it needs.
    pub tls: TlsFloor,
    /// What the mail is for.
    pub purpose: Purpose,
    /// Whose reverse-path is notified of its failure; for a notice, that of the letter's sender.
    pub reports_to: ReportsTo,
    /// When it was queued.
    pub at: Timestamp,
}

/// Seals a finished letter: returns its body, to be committed with the leg, and the content of the leg's
/// ticket.
pub async fn letter(
    store: &Store,
    random: &dyn Random,
    mail: Vec<u8>,
) -> Result<(Content, StoredBody), StoreError> {
    let mut head = mail;
    let split = Head::split(&head).unwrap_or(head.len());
    let rest = head.split_off(split);
    let key = MessageKey::generate(random);
    let body = seal_body(store, &key, &rest, random).await?;
    Ok((Content::Letter { head, body_key: key.to_bytes() }, body))
}

/// The leg of a mail; durable with the caller's transaction.
pub fn leg(
    queue: &Queue<'_>,
    draft: Draft,
    body: Option<&StoredBody>,
    purpose: LegPurpose,
    arrival_id: &str,
) -> Result<NewLeg, TicketError> {
    let ticket = Ticket {
        reverse_path: draft.reverse_path,
        smtputf8: draft.recipient.needs_smtputf8(),
        recipient: Recipient { address: draft.recipient, orcpt: None, notify: Notify::Unspecified },
        envid: None,
        ret: None,
        body_type: BodyType::SevenBit,
        content: draft.content,
        route: draft.route,
        tls: draft.tls,
        purpose: draft.purpose,
        hand: Hand::Ours,
        reports_to: draft.reports_to,
        arrived: draft.at,
    };
    let queued = Queued {
        arrival_id,
        body_id: body.map(StoredBody::id),
        purpose,
        state: LegStart::Queued,
        give_up: queue.give_up,
    };
    ticket.leg(queue.spool, queued, queue.random)
}
