//! Decides a spooled letter, carries the decision out and commits it; the receipt is the proof required for
//! `250`. Knows neither how rows are built nor what rules say.

use sealpost_intake::Receipt;
use sealpost_mail::{Direction, Envelope, Origin, Reply, Timestamp};
use sealpost_store::{ArrivalRows, Committed, OriginalRow, Store};

use crate::commit::commit;
use crate::context::{Context, Making};
use crate::failure::unavailable;
use crate::live_fingerprints::{Live, StillKeeping};
use crate::partners::{self, Arrived, Partners};
use crate::rows::{self, Arrival, Built, WholeLetter};
use crate::spool::Spooled;
use crate::{decide, quota, thread};

/// RFC 5321 §6.3 asks for a limit of at least 100 Received fields.
pub const MAX_RECEIVED: usize = 100;

/// How often the rows are rebuilt when another letter created the same mailbox first.
const RACES: usize = 8;

/// Decides and makes durable; only with the receipt may `250` be sent.
pub(crate) async fn admit(
    context: &Context,
    making: &Making,
    partners: &Partners,
    envelope: Envelope,
    origin: Origin,
    spooled: Spooled,
) -> Result<Receipt, Reply> {
    if spooled.head.received_count() > MAX_RECEIVED {
        // RFC 5321 §6.3: a large count of trace fields means a loop.
        return Err(Reply::refuse(554, 4, 6, "This message has passed too many servers: mail loop"));
    }
    let id = context.shared.random.id();
    let from_world = (&context.shared, &context.tenant.inbound);
    let arrived = partners::open(from_world, partners, &envelope, &origin, spooled).await?;
    let beside = partners::hear(context, partners, &envelope, &arrived).await;
    let letter = Letter { id, envelope, origin, beside, reopened: None };
    carry_out(context, making, partners, letter, arrived).await
}

/// A letter whose copies are to be made.
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) envelope: Envelope,
    pub(crate) origin: Origin,
    /// Rows of what is sent because of it.
    pub(crate) beside: Option<ArrivalRows>,
    /// The stored original, if the letter arrived earlier and is reopened.
    pub(crate) reopened: Option<OriginalRow>,
}

/// Decides, and makes the decision durable.
pub(crate) async fn carry_out(
    context: &Context,
    making: &Making,
    partners: &Partners,
    letter: Letter,
    arrived: Arrived,
) -> Result<Receipt, Reply> {
    let Letter { id, envelope, origin, beside, reopened } = letter;
    let decided = decide::judge(context, partners, &envelope, &origin, &arrived).await?;
    let Arrived { spooled, came, size, original, direction, protection, .. } = arrived;
    decide::log(&id, &decided);
    // A reply from inside to this letter must not leave in clear.
    let threads = match direction {
        Direction::Inbound if protection.encryption.is_there() => {
            thread::closed_tags(&context.shared, &spooled.head)
        }
        Direction::Inbound | Direction::Outbound => Vec::new(),
    };
    let live = context.shared.live.claim(spooled.fingerprint).await.map_err(|StillKeeping| {
        Reply::later(451, 4, 3, "Please try again shortly").because("the same letter is still being kept")
    })?;
    let whole = WholeLetter {
        partners,
        original: original.as_ref(),
        reopened: reopened.as_ref(),
        sent_with_it: beside.as_ref(),
        threads: &threads,
        fingerprint: live.is_some().then_some(spooled.fingerprint),
    };
    for _ in 0..RACES {
        let now = context.shared.clock.now();
        let arrival = Arrival {
            context,
            making,
            id: &id,
            now,
            envelope: &envelope,
            origin: &origin,
            spooled: &spooled,
            came,
            size,
            direction,
            signature: protection.signature,
        };
        let Built { rows, room } = rows::build(&arrival, &decided, &whole).await?;
        let committed = commit(&context.shared, rows).await.map_err(|error| unavailable(&error))?;
        drop(room);
        match committed {
            Committed::New(_durable) => {
                return Ok(receipt(context.shared.store.clone(), id, live, Some(now)));
            }
            Committed::Duplicate => {
                // An identical transmission is already stored, only its 250 was lost.
                tracing::info!(arrival.id = %id, "letter was accepted before a lost reply; not taken twice");
                // The client's receipt is for that letter, not for a later one with identical bytes.
                let earlier = context.shared.store.fingerprint_of(spooled.fingerprint).await;
                let earlier = earlier.map_err(|error| unavailable(&error))?;
                return Ok(receipt(context.shared.store.clone(), id, live, earlier));
            }
            Committed::MailboxTaken => {}
            Committed::TooMany => {
                let uses = context.uses(&envelope, &origin, context.shared.clock.now());
                let answer =
                    quota::ask(&context.shared.store, &uses).await.map_err(|error| unavailable(&error))?;
                quota::reply(answer)?;
            }
        }
    }
    Err(Reply::later(451, 3, 0, "Please try again shortly").because("mailbox race lost too often"))
}

/// `committed_at`: of the letter that it is for; `None`: its fingerprint is already forgotten.
fn receipt(store: Store, id: String, live: Option<Live>, committed_at: Option<Timestamp>) -> Receipt {
    live.iter().for_each(Live::note_kept);
    Receipt {
        id,
        acknowledged: live.map(|live| {
            let acknowledge: Box<dyn FnOnce() + Send> = Box::new(move || {
                if let Some(committed_at) = committed_at {
                    store.acknowledge(live.fingerprint(), committed_at);
                }
            });
            acknowledge
        }),
    }
}
