//! The row of the stored original of an encrypted letter. Does not know how it is decrypted again.

use sealpost_mail::Reply;
use sealpost_partner::{Original, OriginalFacts};
use sealpost_store::ArrivalRows;

use super::Arrival;
use super::whole_letter::WholeLetter;

/// Stores the original, if originals are stored. One that is reopened is stored already.
pub(super) fn rows(arrival: &Arrival<'_>, letter: &WholeLetter<'_>) -> Result<Option<ArrivalRows>, Reply> {
    let shared = &arrival.context.shared;
    let kept = arrival.context.tenant.inbound.originals;
    let (Some(came), None, Some(kept)) = (letter.original, letter.reopened, kept) else { return Ok(None) };
    let original = Original {
        envelope: arrival.envelope.clone(),
        origin: arrival.origin.clone(),
        head: came.head.as_bytes().to_vec(),
        key: came.key.clone(),
    };
    let place = OriginalFacts {
        id: arrival.id,
        body_id: came.body.id(),
        state: came.state,
        created_at: arrival.now,
        until: arrival.now.plus(kept),
    };
    let row = letter.partners.originals(shared).row(&original, place, &*shared.random);
    let originals = vec![row.map_err(crate::failure::later)?];
    let more_bodies = vec![came.body.clone()];
    Ok(Some(ArrivalRows { originals, more_bodies, ..ArrivalRows::new(arrival.now) }))
}
