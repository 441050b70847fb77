//! One commit for everything that leaves: legs for which delivery has a slot are handed over directly, the
//! others wait in the queue. Knows neither rules nor letters.

use sealpost_delivery::{Inlet, WorkerSlot};
use sealpost_store::{ArrivalRows, Committed, LegStart, Store, StoreError};

use crate::context::Shared;

/// Commits the rows and notifies delivery.
pub(crate) async fn commit(shared: &Shared, mut rows: ArrivalRows) -> Result<Committed, StoreError> {
    let mut slots: Vec<WorkerSlot> = Vec::new();
    let mut wake = None;
    for leg in rows.legs.iter_mut().filter(|leg| leg.state == LegStart::Queued) {
        match shared.inlet.slot(&leg.destination) {
            Some(slot) => {
                leg.state = slot.start();
                slots.push(slot);
            }
            None => wake = Some(shared.inlet.clone()),
        }
    }
    let store = shared.store.clone();
    if slots.is_empty() {
        return finish(store, rows, slots, wake).await;
    }
    // In its own task: a caller that stops waiting (its client hung up) must not leave a leased leg that
    // no process delivers.
    let finishing = tokio::spawn(finish(store, rows, slots, wake));
    finishing.await.map_err(|_stopped| StoreError::Closed)?
}

/// `wake`: delivery, if a leg waits in the queue.
async fn finish(
    store: Store,
    rows: ArrivalRows,
    slots: Vec<WorkerSlot>,
    wake: Option<Inlet>,
) -> Result<Committed, StoreError> {
    let mut committed = store.commit_arrival(rows).await?;
    if let Committed::New(durable) = &mut committed {
        // In any order: a slot is not bound to a leg.
        let in_hand = std::mem::take(&mut durable.in_hand);
        WorkerSlot::take(slots.into_iter().zip(in_hand));
        if let Some(inlet) = wake {
            inlet.wake();
        }
    }
    Ok(committed)
}
