//! Stored originals of encrypted letters, and decrypting them again on request: after a key was imported, for
//! instance. Its content is then processed like that of a letter that has just arrived. Knows no command
//! line.

use sealpost_intake::Receipt;
use sealpost_mail::{Reply, Timestamp};
use sealpost_mailbox::BodyOpener;
use sealpost_partner::Original;
use sealpost_store::OriginalState;

use crate::admit::{self, Letter};
use crate::partners;
use crate::reception::ArrivalReception;
use crate::spool::Spool;

/// Outcome of decrypting a letter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Again {
    /// It is decrypted, and its content is under way; copies held in their original form are gone.
    Opened,
    /// It still cannot be decrypted; nothing was changed.
    Closed,
    /// It is no longer stored.
    Gone,
}

/// A stored original, as shown in a list.
#[derive(Clone, Debug)]
pub struct StoredOriginal {
    /// The arrival it belongs to.
    pub id: String,
    /// What became of it.
    pub state: OriginalState,
    /// When the letter arrived.
    pub at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// The domain in its reverse-path.
    pub from: Option<String>,
}

/// All stored originals, oldest first. One whose row is not ours is left out.
///
/// # Errors
/// The store did not answer.
pub async fn kept(reception: &ArrivalReception) -> Result<Vec<StoredOriginal>, Reply> {
    let shared = &reception.context.shared;
    let originals = reception.partners.originals(shared);
    let mut all = Vec::new();
    for row in shared.store.originals().await.map_err(|error| crate::failure::unavailable(&error))? {
        match originals.open(&row) {
            Ok(original) => {
                let from = original.envelope.reverse_path.address();
                let from = from.map(|from| from.domain().as_str().to_owned());
                all.push(StoredOriginal {
                    id: row.id,
                    state: row.state,
                    at: row.created_at,
                    until: row.until,
                    from,
                });
            }
            Err(error) => {
                tracing::error!(original.id = %row.id, %error, "a letter that is kept cannot be read")
            }
        }
    }
    Ok(all)
}

/// Decrypts one again.
///
/// # Errors
/// It failed this time, or its content is refused by a rule.
pub async fn again(reception: &ArrivalReception, id: &str) -> Result<Again, Reply> {
    let ArrivalReception { context, making, partners } = reception;
    let shared = &context.shared;
    let row = shared.store.original(id).await.map_err(|error| crate::failure::unavailable(&error))?;
    let Some(row) = row else { return Ok(Again::Gone) };
    let Original { envelope, origin, head, key } =
        partners.originals(shared).open(&row).map_err(crate::failure::later)?;
    let body = shared.store.body(&row.body_id).await.map_err(|error| crate::failure::unavailable(&error))?;
    let Some(body) = body else { return Ok(Again::Gone) };
    let opener = BodyOpener::new(&key, body).await.map_err(crate::failure::later)?;
    let mut spool = Spool::open(shared, &envelope)?;
    spool.take(&head).await?;
    let mut index = 0;
    while let Some(chunk) = opener.chunk(index).await.map_err(crate::failure::later)? {
        spool.take(&chunk).await?;
        index += 1;
    }
    let from_world = (&context.shared, &context.tenant.inbound);
    let arrived = partners::open(from_world, partners, &envelope, &origin, spool.finish().await?).await?;
    match arrived.original.as_ref().map(|original| original.state) {
        Some(OriginalState::Opened) => {}
        Some(OriginalState::Closed) | None => return Ok(Again::Closed),
    }
    let letter = Letter { id: shared.random.id(), envelope, origin, beside: None, reopened: Some(row) };
    let Receipt { id: arrival, acknowledged } =
        admit::carry_out(context, making, partners, letter, arrived).await?;
    if let Some(acknowledge) = acknowledged {
        acknowledge();
    }
    tracing::info!(original.id = %id, arrival.id = %arrival, "a letter was opened again");
    Ok(Again::Opened)
}
