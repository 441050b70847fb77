//! The row of a letter that came encrypted and is kept as it came. Knows not how it is opened again.

use sealpost_mail::Reply;
use sealpost_partner::{Original, OriginalFacts};
use sealpost_store::ArrivalRows;

use super::Arrival;
use crate::partners::{AsItCame, Partners};

/// Adds the letter as it came to its rows.
pub(crate) fn keep(
    arrival: &Arrival<'_>,
    partners: &Partners,
    came: &AsItCame,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let shared = &arrival.context.shared;
    let Some(kept) = arrival.context.tenant.inbound.originals else { return Ok(()) };
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
    let row = partners.originals(shared).row(&original, place, &*shared.random);
    rows.originals.push(row.map_err(crate::failure::later)?);
    // A copy that goes on as it came has brought it already.
    if rows.body.iter().chain(&rows.more_bodies).all(|body| body.id() != came.body.id()) {
        rows.more_bodies.push(came.body.clone());
    }
    Ok(())
}
