//! Turns decisions into rows: each kind builds its own, and they are merged once. Knows no rules.

mod announce;
mod announced_letter;
mod arrival;
mod bounce;
mod deletion_request;
mod deposits;
mod edited_heads;
mod initial_password;
mod legs;
mod notice_timing;
mod originals;
mod reply_to_notice;
mod reports;
mod whole_letter;

pub(crate) use arrival::Arrival;
use edited_heads::Heads;
pub(crate) use reports::{At, unannounced};
pub(crate) use whole_letter::WholeLetter;

use std::collections::BTreeSet;

use sealpost_mail::Reply;
use sealpost_store::ArrivalRows;
use tokio::sync::OwnedSemaphorePermit;

use crate::context::Shared;
use crate::decided::Decided;
use crate::quota;
use crate::spool::Spooled;

/// The rows of an arrival, with their memory reservation until they are committed.
pub(crate) struct Built {
    pub(crate) rows: ArrivalRows,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Builds the rows; called again if another letter created one of the mailboxes first.
pub(crate) async fn build(
    arrival: &Arrival<'_>,
    decided: &[Decided],
    letter: &WholeLetter<'_>,
) -> Result<Built, Reply> {
    let Arrival { context, envelope, spooled, .. } = arrival;
    // Examining the letter comes first: it reserves and returns memory of its own.
    let bounces = bounce::rows(arrival, decided).await?;
    let replied = match deletion_request::rows(arrival, decided).await? {
        Some(requested) => requested,
        None => reply_to_notice::rows(arrival, decided).await?,
    };
    let portal = deposits::Portal::of(arrival, decided).await?;
    let room = heads_room(&context.shared, spooled, decided.len()).await?;
    let mut heads = Heads::default();
    let legs = legs::rows(arrival, decided, &mut heads)?;
    let refused = reports::refusals(arrival, decided).await?;
    let deposits::Deposited { rows: deposits, full } = portal.deposit(arrival, &mut heads).await?;

    let parts = [bounces, replied, legs, refused, deposits];
    let nobody_else = parts.iter().all(|part| part.legs.is_empty() && part.deposits.is_empty());
    if !full.is_empty() && (nobody_else || envelope.reverse_path.address().is_none()) {
        // SMTP has one reply after DATA, and nobody else needs another; or nobody can be notified later.
        return Err(quota::full());
    }
    let full = reports::full(arrival, decided, &full).await?;
    let original = originals::rows(arrival, letter)?;
    let is_carried = parts.iter().any(|part| brings(part, &spooled.body_id));
    let mut rows = ArrivalRows {
        fingerprint: letter.fingerprint,
        body: is_carried.then(|| spooled.body.clone()),
        threads: letter.threads.to_vec(),
        uses: context.uses(envelope, arrival.origin, arrival.now),
        reopened: letter.reopened.cloned(),
        ..ArrivalRows::new(arrival.now)
    };
    let besides = [Some(full), letter.sent_with_it.cloned(), original].into_iter().flatten();
    parts.into_iter().chain(besides).for_each(|part| rows.join(part));
    bodies_once(&mut rows);
    Ok(Built { rows, room })
}

/// Whether a copy refers to this body.
fn brings(part: &ArrivalRows, body_id: &str) -> bool {
    part.deposits.iter().any(|deposit| deposit.body_id == body_id)
        || part.legs.iter().any(|leg| leg.body_id.as_deref() == Some(body_id))
}

/// An original that is stored and also passed on unchanged has a single body.
fn bodies_once(rows: &mut ArrivalRows) {
    let mut known: BTreeSet<String> = rows.body.iter().map(|body| body.id().to_owned()).collect();
    rows.more_bodies.retain(|body| known.insert(body.id().to_owned()));
}

/// Maximum size of the heads of all copies together, above which a letter must be sent to fewer recipients at
/// a time.
const MAX_HEADS: usize = 64 * 1024 * 1024;
/// Below this no memory is reserved.
const HEADS_FREE: usize = 256 * 1024;

/// Every copy has its own head (decision 0002): a large head for many recipients reserves memory, or is
/// refused.
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
        bytes => shared.reserve_memory(bytes as u64).await.map(Some),
    }
}
