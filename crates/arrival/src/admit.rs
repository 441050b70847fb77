//! A letter spooled whole is decided, carried out and committed; the receipt is the proof for `250`.
//! Knows neither how rows are built nor what rules say.

use sealpost_intake::Receipt;
use sealpost_mail::{Envelope, Origin, Reply};
use sealpost_store::Committed;

use crate::commit::commit;
use crate::context::{self, Front, Making};
use crate::spool::Spooled;
use crate::{decide, quota, rows};

/// How often the rows are built again when another letter made the same mailbox first.
const RACES: usize = 8;

/// Decides and makes durable; the receipt is the proof that may be answered with 250.
pub(crate) async fn admit(
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
        let rows::Carried { rows, room } =
            rows::rows(front, making, &id, &envelope, &origin, &decided, &spooled, live.is_some()).await?;
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

fn receipt(front: &Front, id: String, live: Option<context::Live>) -> Receipt {
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
pub(crate) fn later(error: impl std::fmt::Display) -> Reply {
    Reply::later(451, 3, 0, "Please try again later").because(error)
}

/// The store cannot take it now: nothing is lost, the client keeps the letter.
pub(crate) fn unavailable(error: &sealpost_store::StoreError) -> Reply {
    Reply::later(451, 3, 0, "Temporarily unable to take the message").because(error)
}
