//! Decisions become rows: each kind builds its own, and they are joined once. Knows no rules.

mod announce;
mod announced_letter;
mod bounce;
mod deletion_request;
mod deposits;
mod initial_password;
mod legs;
mod notice_timing;
pub(crate) mod originals;
mod reply_to_notice;
mod reports;

pub(crate) use reports::{At, unannounced};

use std::sync::Arc;

use sealpost_delivery::ReportsTo;
use sealpost_mail::{Direction, Edit, Envelope, Head, Origin, PORTAL_FIELD, Reply, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{ArrivalRows, AuditRow};
use tokio::sync::OwnedSemaphorePermit;

use crate::context::{Context, Making, Shared};
use crate::decide::Decided;
use crate::partners::{Came, Signature};
use crate::quota;
use crate::spool::Spooled;

/// One arrival, as its rows are built from it.
pub(crate) struct Arrival<'a> {
    pub(crate) context: &'a Context,
    pub(crate) making: &'a Making,
    pub(crate) id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) envelope: &'a Envelope,
    pub(crate) origin: &'a Origin,
    pub(crate) spooled: &'a Spooled,
    /// What of it may be told to whoever sent it.
    pub(crate) came: Came,
    /// Its octets as it came.
    pub(crate) size: u64,
    /// Which way it goes.
    pub(crate) direction: Direction,
    /// Whether it was signed, and by whom.
    pub(crate) signature: Signature,
}

impl Arrival<'_> {
    /// Whose the reverse-path is.
    pub(crate) fn reports_to(&self) -> ReportsTo {
        match (self.direction, self.signature) {
            (Direction::Outbound, _) => ReportsTo::Ours,
            (Direction::Inbound, Signature::Proven) if self.writer_is_sender() => ReportsTo::Proven,
            (Direction::Inbound, Signature::Proven | Signature::Unproven | Signature::None) => {
                ReportsTo::Claimed
            }
        }
    }

    /// Whether From and the reverse-path are of one domain.
    fn writer_is_sender(&self) -> bool {
        let from = self.spooled.head.from_address().ok().flatten();
        let sender = self.envelope.reverse_path.address();
        matches!((from, sender), (Some(from), Some(sender)) if from.domain() == sender.domain())
    }

    /// A row of the audit trail: the sender did this.
    fn noted(&self, event: &Event<'_>) -> AuditRow {
        event.row(self.now, &Actor::Sender, Some(self.origin.peer))
    }
}

/// The rows of an arrival, and the memory they take until they are committed.
pub(crate) struct Built {
    pub(crate) rows: ArrivalRows,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Builds the rows; called again when another letter made one of the mailboxes first.
pub(crate) async fn build(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<Built, Reply> {
    let Arrival { context, envelope, spooled, .. } = arrival;
    // Looking into the letter comes first: it takes and gives back memory of its own.
    let bounces = bounce::rows(arrival, decided).await?;
    let replied = match deletion_request::rows(arrival, decided).await? {
        Some(wished) => wished,
        None => reply_to_notice::rows(arrival, decided).await?,
    };
    let portal = deposits::Portal::of(arrival, decided).await?;
    let room = heads_room(&context.shared, spooled, decided.len()).await?;
    let mut heads = Heads::default();
    let legs = legs::rows(arrival, decided, &mut heads)?;
    let refused = reports::refusals(arrival, decided).await?;
    let deposits::Deposited { rows: deposits, full } = portal.deposit(arrival, &mut heads).await?;

    let mut rows = ArrivalRows::new(arrival.now);
    rows.uses = quota::of_arrival(context, envelope, arrival.origin, arrival.now);
    [bounces, replied, legs, refused, deposits].into_iter().for_each(|part| rows.join(part));
    let nobody_else = rows.legs.is_empty() && rows.deposits.is_empty();
    if !full.is_empty() && (nobody_else || envelope.reverse_path.address().is_none()) {
        // SMTP has one answer after DATA, and nobody else needs another; or nobody can be told later.
        return Err(quota::full());
    }
    rows.join(reports::full(arrival, decided, &full).await?);
    let deposited = rows.deposits.iter().any(|deposit| deposit.body_id == spooled.body_id);
    if deposited || rows.legs.iter().any(|leg| leg.body_id.as_deref() == Some(&spooled.body_id)) {
        rows.body = Some(spooled.body.clone());
    }
    Ok(Built { rows, room })
}

/// The heads of all copies together, above which a letter must go to fewer recipients at a time.
const MAX_HEADS: usize = 64 * 1024 * 1024;
/// Below this nobody is asked for memory.
const HEADS_FREE: usize = 256 * 1024;

/// Every copy carries its own head (decision 0002): a large head for many recipients takes its place in
/// the memory budget, or is refused.
async fn heads_room(
    shared: &Shared,
    spooled: &Spooled,
    recipients: usize,
) -> Result<Option<OwnedSemaphorePermit>, Reply> {
    // Base64 in the ticket, and the ticket sealed.
    let bytes = spooled.head.as_bytes().len().saturating_mul(recipients).saturating_mul(3);
    match bytes {
        0..=HEADS_FREE => Ok(None),
        bytes if bytes > MAX_HEADS * 3 => {
            Err(Reply::refuse(552, 3, 4, "The header section is too large for so many recipients"))
        }
        bytes => shared.room(bytes as u64).await.map(Some),
    }
}

/// Heads as rules have changed them: the same change for a thousand recipients is made once.
#[derive(Default)]
struct Heads(Vec<(Vec<Edit>, Arc<Head>)>);

impl Heads {
    fn of(&mut self, head: &Head, edits: &[Edit]) -> Arc<Head> {
        if let Some((_, made)) = self.0.iter().find(|(known, _)| known == edits) {
            return Arc::clone(made);
        }
        let made = Arc::new(edited(head, edits));
        self.0.push((edits.to_vec(), Arc::clone(&made)));
        made
    }
}

/// A head as rules have changed it.
pub(crate) fn edited(head: &Head, edits: &[Edit]) -> Head {
    let head = if edits.is_empty() { head.clone() } else { head.apply(edits) };
    // Only we say that a portal user had signed in.
    if head.count(PORTAL_FIELD) == 0 { head } else { head.without(PORTAL_FIELD) }
}
