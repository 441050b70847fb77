//! Mail the product writes itself on its way into the queue: sealed ticket, one leg, for a finished letter its
//! sealed body too. Knows neither wording nor why.

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
    /// The queue as an arrival sees it.
    pub(crate) fn of(context: &'a Context) -> Self {
        Self {
            spool: &context.shared.keys.spool,
            random: &*context.shared.random,
            give_up: context.tenant.routes.give_up,
        }
    }
}

/// A mail and where it goes.
pub struct Draft {
    /// What it says, or what it is written from.
    pub content: Content,
    /// Who hears of its failure.
    pub reverse_path: ReversePath,
    /// The recipient of the mail.
    pub recipient: Address,
    /// The road that the mail takes.
    pub route: Route,
    /// The least TLS that it needs.
    pub tls: TlsFloor,
    /// What the mail is for.
    pub purpose: Purpose,
    /// Whose is the reverse-path that hears of its failure; of a notice, that of the letter's sender.
    pub reports_to: ReportsTo,
    /// When it was queued.
    pub at: Timestamp,
}

/// Seals a finished letter: its body, to be committed with the leg, and what the leg's ticket must say.
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
