//! What every arrival shares: rules, keys, store, clock. Implements the listener's seam.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use sealpost_delivery::{Inlet, Route};
use sealpost_intake::{Incoming, MemoryBudget, Receipt, Reception};
use sealpost_mail::{Address, Clock, Envelope, Origin, Random, Reply};
use sealpost_policy::Rules;
use sealpost_store::{Room, Store};
use sealpost_vault::{EscrowPublic, Pepper, QueueKeys, TokenKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rows::Announcer;
use crate::spool::Spool;
use crate::reply::Writing;
use crate::quota::{self, Quotas};

/// How long a letter waits for memory.
const PATIENCE: Duration = Duration::from_secs(120);

/// What mailboxes are made with. It opens no active one (invariant 4).
#[derive(Clone, Debug)]
pub struct Making {
    pub tokens: TokenKey,
    pub pepper: Pepper,
    /// Present if the operator chose escrow.
    pub escrow: Option<EscrowPublic>,
}

/// Shared by all arrivals, and by whoever else queues mail.
pub struct Front {
    pub name: String,
    pub store: Store,
    pub keys: QueueKeys,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub inlet: Inlet,
    pub rules: RwLock<Arc<Rules>>,
    pub announcer: Announcer,
    pub writing: Writing,
    pub route: Route,
    pub report_route: Route,
    pub report_from: (String, Address),
    pub give_up: Duration,
    pub quotas: Quotas,
    /// For whole letters that are looked into.
    pub memory: MemoryBudget,
    /// Argon2 runs for initial passwords at once; each takes 19 MiB beside the budget.
    pub hashing: Arc<Semaphore>,
    pub max_received: usize,
    pub live: Arc<Mutex<HashSet<[u8; 32]>>>,
}

impl Front {
    /// The rules in force; an arrival keeps the ones it began with.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// New rules from the next arrival on.
    pub(crate) fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// A place in the memory for letters that are looked into; waits if many ask at once.
    pub(crate) async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Reply> {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let room = self.memory.take(kib, PATIENCE).await;
        room.ok_or_else(|| Reply::later(452, 3, 1, "Too busy now, please try again later"))
    }

    /// Marks a fingerprint as belonging to a living session. `None`: another living session holds the
    /// same bytes, so they are two letters and not one sent again.
    pub(crate) fn claim(&self, fingerprint: [u8; 32]) -> Option<Live> {
        let fresh = self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint);
        fresh.then(|| Live { fingerprint, set: Arc::clone(&self.live) })
    }
}

/// A fingerprint whose session still lives; dropped, the fingerprint is only in the store.
pub(crate) struct Live {
    fingerprint: [u8; 32],
    set: Arc<Mutex<HashSet<[u8; 32]>>>,
}

impl Live {
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.fingerprint);
    }
}

/// The listener's door. Who opens one has the keys that make mailboxes.
pub struct Door {
    pub front: Arc<Front>,
    pub making: Arc<Making>,
}

#[async_trait]
impl Reception for Door {
    fn may_begin(&self, announced: u64) -> Result<(), Reply> {
        match self.front.store.room(announced) {
            Room::Enough => Ok(()),
            // RFC 5321 §4.2.3. Deliveries go on, so it will be better soon.
            Room::Low { .. } => Err(Reply::later(452, 3, 1, "Not enough space now, please try again later")),
        }
    }

    async fn begin(&self, envelope: Envelope, origin: Origin) -> Result<Box<dyn Incoming>, Reply> {
        let uses = quota::of_arrival(&self.front, &envelope, &origin, self.front.clock.now());
        // Said before the letter comes; the commit asks once more.
        quota::reply(quota::ask(&self.front, &uses).await.map_err(|error| crate::admit::unavailable(&error))?)?;
        let spool = Spool::open(&self.front, &envelope);
        let (front, making) = (Arc::clone(&self.front), Arc::clone(&self.making));
        Ok(Box::new(Arriving { front, making, envelope, origin, spool }))
    }
}

/// One letter on its way in.
struct Arriving {
    front: Arc<Front>,
    making: Arc<Making>,
    envelope: Envelope,
    origin: Origin,
    spool: Spool,
}

#[async_trait]
impl Incoming for Arriving {
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        self.spool.take(bytes, &*self.front.random).await
    }

    async fn finish(self: Box<Self>) -> Result<Receipt, Reply> {
        let Self { front, making, envelope, origin, spool } = *self;
        let spooled = spool.finish(&*front.random).await?;
        crate::admit::admit(&front, &making, envelope, origin, spooled).await
    }
}
