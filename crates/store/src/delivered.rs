//! Records in a small file which legs a server has accepted, at the moment it did, because their rows follow only with
//! the next commit. After a kill, the next delivery process finds here what must not be sent again. Knows no hops.
//!
//! One slot for each leg whose end is being written. Slots are reused and never cleared: a leg's id is used once, so an
//! id without a row means nothing. Nothing is synced, as with the commit of the leg's end: a power failure may lose a
//! note, and then the letter is sent again.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::LegNotes;
use crate::error::StoreError;
use crate::exclusive_lock::Alone;
use crate::file_permissions::Access;
use crate::leg::LeasedLeg;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// The file in the store's folder.
pub(crate) const DELIVERED: &str = "delivered";

/// The longest id and therefore a slot's size in bytes; the rest of a slot is zero.
const SLOT: usize = 64;

/// The file of delivered legs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Deliveries(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    free: Vec<u64>,
    used: u64,
}

/// A leg noted as delivered. Drop it once the leg's end is committed: its slot is then reused.
#[derive(Debug)]
pub struct Noted {
    /// `None`: the slot is not to be reused.
    slot: Option<u64>,
    inner: Arc<Inner>,
}

impl Store {
    /// Ends the legs that an earlier process noted as delivered but did not end, clears the notes and returns how many
    /// legs there were. `told` makes each leg's audit rows and events from its id and ticket.
    pub async fn deliveries(
        &self,
        _alone: &Alone,
        told: impl Fn(&str, &[u8]) -> LegNotes,
    ) -> Result<(Deliveries, usize), StoreError> {
        let path = self.folder().join(DELIVERED);
        let failed = |source| StoreError::Path { path: path.clone(), source };
        let file = Access::of(self.folder()).file(&path)?;
        let bytes = std::fs::read(&path).map_err(failed)?;
        let ended = self.end_noted(&bytes, told).await?;
        file.set_len(0).map_err(failed)?;
        Ok((Deliveries(Arc::new(Inner { file, slots: Mutex::default() })), ended))
    }

    async fn end_noted(
        &self,
        bytes: &[u8],
        told: impl Fn(&str, &[u8]) -> LegNotes,
    ) -> Result<usize, StoreError> {
        let ids = bytes.chunks(SLOT).filter_map(|slot| {
            let id = std::str::from_utf8(slot.split(|byte| *byte == 0).next()?).ok()?;
            (!id.is_empty()).then_some(id)
        });
        let questions =
            ids.map(|id| sql!("SELECT id, body_id, ticket_sealed FROM legs WHERE id = ?1", id)).collect();
        let mut batch = Batch::default();
        let mut ended = 0;
        for mut row in self.read(questions).await?.into_iter().flatten() {
            let (id, body_id, ticket) = (row.text()?, row.opt_text()?, row.blob()?);
            let LegNotes { audit, events } = told(&id, &ticket);
            events.iter().for_each(|event| batch.add(event.statement()));
            audit.into_iter().for_each(|row| row.add_to(&mut batch));
            batch.add(sql!("DELETE FROM legs WHERE id = ?1", id));
            if let Some(body_id) = body_id {
                batch.release_body(&body_id);
            }
            ended += 1;
        }
        if ended > 0 {
            let _cannot_be_refused = self.write(batch).await?;
        }
        Ok(ended)
    }
}

impl Deliveries {
    /// Notes that a server has accepted this leg, whose end needs no report. `None`: the note failed, and the leg would
    /// be sent again after a kill.
    #[must_use]
    pub fn note(&self, leg: &LeasedLeg) -> Option<Noted> {
        let mut bytes = [0; SLOT];
        bytes.get_mut(..leg.id.len())?.copy_from_slice(leg.id.as_bytes());
        let slot = self.slot();
        let noted = Noted { slot: Some(slot), inner: Arc::clone(&self.0) };
        match self.0.file.write_all_at(&bytes, slot.saturating_mul(SLOT as u64)) {
            Ok(()) => Some(noted),
            Err(error) => {
                tracing::debug!(%error, "a delivery could not be recorded");
                None
            }
        }
    }

    fn slot(&self) -> u64 {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.free.pop().unwrap_or_else(|| {
            slots.used += 1;
            slots.used - 1
        })
    }
}

impl Noted {
    /// The leg's end could not be committed: keeps the note for the next process.
    pub fn stays(mut self) {
        self.slot = None;
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner).free.push(slot);
        }
    }
}
