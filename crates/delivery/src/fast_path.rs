//! The direct path: a newly accepted letter goes directly to its lane, leased in the commit that made it
//! durable, without being read back from the queue. Knows neither SMTP nor the content of a ticket.

use std::fmt;
use std::sync::{Arc, Weak};

use sealpost_store::{LeasedLeg, LegStart};
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::lease::LEASE;
use crate::route::Servers;

/// Accepts letters that are being committed. Cheap to clone.
#[derive(Clone)]
pub struct Inlet {
    pub(crate) waker: Arc<Notify>,
    pub(crate) engine: Weak<Engine>,
}

/// A worker slot reserved for one leg. Released when dropped unused.
pub struct WorkerSlot {
    /// `None` once the leg has it.
    engine: Option<Arc<Engine>>,
    destination: String,
    start: LegStart,
}

impl Inlet {
    /// Call after every commit that added legs without handing them over.
    pub fn wake(&self) {
        self.waker.notify_one();
    }

    /// A slot for a leg to this destination, if delivery runs, the destination is healthy, and no older
    /// letters wait for the same workers. Without one the leg is queued as usual.
    #[must_use]
    pub fn slot(&self, destination: &str) -> Option<WorkerSlot> {
        let engine = self.engine.upgrade()?;
        if !engine.takes_new(destination) {
            return None;
        }
        engine.under_way.begin(Servers::of(destination, &engine.config));
        let until = engine.lease_time().plus(LEASE);
        let start = LegStart::InHand { owner: engine.owner.clone(), until };
        Some(WorkerSlot { engine: Some(engine), destination: destination.to_owned(), start })
    }
}

impl WorkerSlot {
    /// The initial state of the leg's row.
    #[must_use]
    pub fn start(&self) -> LegStart {
        self.start.clone()
    }

    /// Takes over committed legs, all at once, so that those of one letter share a transaction.
    pub fn take(handed: impl IntoIterator<Item = (Self, LeasedLeg)>) {
        let mut engine = None;
        let mut legs = Vec::new();
        for (mut slot, leg) in handed {
            if let Some(own) = slot.engine.take() {
                engine = Some(own);
                legs.push(leg);
            }
        }
        if let Some(engine) = engine {
            engine.accept(legs);
        }
    }
}

impl Drop for WorkerSlot {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.one_less(&self.destination);
        }
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inlet")
    }
}

impl fmt::Debug for WorkerSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSlot").field("start", &self.start).finish_non_exhaustive()
    }
}
