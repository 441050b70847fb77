//! The story of an arrival on one screen: spool, decide, carry out, commit, answer.
//!
//! A letter streams in and is sealed as it comes ([`spool`]); the policy says what happens to each
//! recipient's copy ([`decide`]); that becomes rows ([`carry`]); one commit makes all of it durable;
//! only then does the caller get the receipt that becomes `250`. Knows no SMTP and no SQL.

mod announce;
mod bounce;
mod came_back;
mod carry;
mod decide;
mod front;
mod handover;
mod listing;
mod report;
mod spool;
mod thread;

use sealpost_intake::Receipt;
use sealpost_mail::{Envelope, Origin, Reply};
use sealpost_store::Committed;

pub(crate) use announce::{Announcer, days};
pub(crate) use decide::{Decided, Way, each, look, refuse_whole};
pub(crate) use front::{Door, Front, Making};
pub(crate) use thread::tag as thread_tag;

use crate::commit::commit;
use crate::quota;
use spool::Spooled;

/// How often the rows are built again when another letter made the same mailbox first.
const RACES: usize = 8;

/// Decides and makes durable; the receipt is the proof that may be answered with 250.
async fn admit(
    front: &Front,
    making: &Making,
    envelope: Envelope,
    origin: Origin,
    spooled: Spooled,
) -> Result<Receipt, Reply> {
    if spooled.head.received_count() > front.max_received {
        // RFC 5321 §6.3: a large count of trace fields means a loop.
        return Err(Reply::refuse(554, 4, 6, "This message has passed too many servers: mail loop"));
    }
    let id = front.random.id();
    let decided = decide::judge(front, &envelope, &origin, &spooled).await?;
    decide::log(&id, &decided);
    let live = front.claim(spooled.fingerprint);
    for _ in 0..RACES {
        let carry::Carried { rows, room } =
            carry::rows(front, making, &id, &envelope, &origin, &decided, &spooled, live.is_some()).await?;
        let committed = commit(front, rows).await.map_err(|error| unavailable(&error))?;
        drop(room);
        match committed {
            Committed::New(_durable) => {
                return Ok(receipt(front, id, live));
            }
            Committed::Duplicate => {
                // The same bytes from the same envelope are safe already, only their 250 was lost.
                tracing::info!(arrival.id = %id, "letter was accepted before a lost reply; not taken twice");
                return Ok(receipt(front, id, live));
            }
            Committed::MailboxTaken => {}
            Committed::TooMany => {
                let uses = quota::of_arrival(front, &envelope, &origin, front.clock.now());
                let answer = quota::ask(front, &uses).await.map_err(|error| unavailable(&error))?;
                quota::reply(answer)?;
            }
        }
    }
    Err(Reply::later(451, 3, 0, "Please try again shortly").because("mailbox race lost too often"))
}

fn receipt(front: &Front, id: String, live: Option<front::Live>) -> Receipt {
    let store = front.store.clone();
    Receipt {
        id,
        acknowledged: live.map(|live| {
            let acknowledge: Box<dyn FnOnce() + Send> =
                Box::new(move || store.acknowledge(live.fingerprint()));
            acknowledge
        }),
    }
}

/// Something of ours failed: nothing is lost, the client keeps the letter. The log hears why.
fn later(error: impl std::fmt::Display) -> Reply {
    Reply::later(451, 3, 0, "Please try again later").because(error)
}

/// The store cannot take it now: nothing is lost, the client keeps the letter.
fn unavailable(error: &sealpost_store::StoreError) -> Reply {
    Reply::later(451, 3, 0, "Temporarily unable to take the message").because(error)
}
