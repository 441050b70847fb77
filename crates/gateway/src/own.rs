//! Mail the product writes itself on its way into the queue: sealed body, sealed ticket, one leg. Knows
//! neither wording nor why.

use sealpost_delivery::{Purpose, Route, Ticket};
use sealpost_mail::{
    Address, BodyType, Head, Notify, Random, Recipient, Reply, ReversePath, Timestamp, TlsFloor,
};
use sealpost_store::{LegPurpose, LegStart, NewLeg, Store, StoredBody};
use sealpost_vault::{MessageKey, SpoolKey, StreamSealer};

use crate::arrival::{Front, destination};

/// What is needed to queue a mail.
pub(crate) struct Queue<'a> {
    pub(crate) store: &'a Store,
    pub(crate) spool: &'a SpoolKey,
    pub(crate) random: &'a dyn Random,
    pub(crate) give_up: std::time::Duration,
}

impl<'a> Queue<'a> {
    /// The queue as an arrival sees it.
    pub(crate) fn of(front: &'a Front) -> Self {
        Self { store: &front.store, spool: &front.keys.spool, random: &*front.random, give_up: front.give_up }
    }
}

/// A finished mail and where it goes.
pub(crate) struct Draft {
    pub(crate) mail: Vec<u8>,
    pub(crate) reverse_path: ReversePath,
    pub(crate) recipient: Address,
    pub(crate) route: Route,
    pub(crate) tls: TlsFloor,
    pub(crate) purpose: Purpose,
    pub(crate) at: Timestamp,
}

/// Seals the mail and makes its leg; both become durable with the caller's transaction.
pub(crate) async fn queue(
    queue: &Queue<'_>,
    draft: Draft,
    purpose: LegPurpose,
    arrival_id: &str,
) -> Result<(NewLeg, StoredBody), Reply> {
    let later =
        |error: &dyn std::fmt::Display| Reply::later(451, 3, 0, "Please try again later").because(error);
    let mut mail = draft.mail;
    let split = Head::split(&mail).unwrap_or(mail.len());
    let rest = mail.split_off(split);
    let key = MessageKey::generate(queue.random);
    let body_id = queue.random.id();
    let mut sealed = Vec::with_capacity(rest.len() + 128);
    let mut sealer = StreamSealer::new(&key, queue.random);
    sealer.push(&rest, &mut sealed);
    sealer.finish(&mut sealed);
    let mut writer = queue.store.body_writer(body_id.clone());
    writer.push(&sealed).await.map_err(|error| later(&error))?;
    let body = writer.finish().await.map_err(|error| later(&error))?;
    let ticket = Ticket {
        reverse_path: draft.reverse_path,
        smtputf8: draft.recipient.needs_smtputf8(),
        recipient: Recipient { address: draft.recipient, orcpt: None, notify: Notify::Unspecified },
        envid: None,
        ret: None,
        body_type: BodyType::SevenBit,
        head: mail,
        body_key: key.to_bytes(),
        route: draft.route,
        tls: draft.tls,
        purpose: draft.purpose,
        arrived: draft.at,
    };
    let id = queue.random.id();
    let ticket_sealed = ticket.seal(queue.spool, &id, queue.random).map_err(|error| later(&error))?;
    let leg = NewLeg {
        id,
        arrival_id: arrival_id.to_owned(),
        body_id,
        ticket_sealed,
        destination: destination(&ticket.route, &ticket.recipient.address),
        due_at: draft.at,
        expires_at: draft.at.plus(queue.give_up),
        created_at: draft.at,
        purpose,
        state: LegStart::Queued,
    };
    Ok((leg, body))
}
