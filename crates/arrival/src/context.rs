//! What arrivals are carried out with: what one process shares, what the operator has set, and what mailboxes are made
//! of. Decides nothing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sealpost_delivery::Inlet;
use sealpost_intake::MemoryBudget;
use sealpost_mail::{Clock, Random, Reply};
use sealpost_policy::Rules;
use sealpost_store::Store;
use sealpost_vault::{EscrowPublic, Pepper, QueueKeys, TokenKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::live::LiveSessions;
use crate::settings::{Announcer, Inbound, Quotas, Routes, Writing};

/// How long a letter waits for memory.
const PATIENCE: Duration = Duration::from_secs(120);

/// Initial passwords made at once, each for 19 MiB beside the budget and a good part of a tenth of a second.
const HASHING: usize = 2;

/// What mailboxes are made with. It opens no active one (invariant 4).
#[derive(Clone, Debug)]
pub struct Making {
    /// For the hashes of the links.
    pub tokens: TokenKey,
    /// Pepper for the wraps under passwords and links.
    pub pepper: Pepper,
    /// Present if the operator chose escrow.
    pub escrow: Option<EscrowPublic>,
}

/// Both halves: whoever queues mail has one.
pub struct Context {
    /// What this process shares.
    pub shared: Shared,
    /// What the operator has set.
    pub tenant: Tenant,
}

/// What all arrivals of a process share.
pub struct Shared {
    /// The store of rows and bodies.
    pub store: Store,
    /// The keys of whoever queues mail.
    pub keys: QueueKeys,
    /// Source of the present time.
    pub clock: Arc<dyn Clock>,
    /// Source of randomness.
    pub random: Arc<dyn Random>,
    /// The way into delivery.
    pub inlet: Inlet,
    /// For whole letters that are looked into.
    memory: MemoryBudget,
    hashing: Arc<Semaphore>,
    pub(crate) live: LiveSessions,
}

/// What one operator has set.
pub struct Tenant {
    /// The gateway's name in trace fields, Message-IDs and reports.
    pub name: String,
    rules: RwLock<Arc<Rules>>,
    /// How notices look and where they go.
    pub announcer: Announcer,
    /// Letters of mailboxes' owners.
    pub writing: Writing,
    /// Everything else that leaves.
    pub routes: Routes,
    /// How much may be sent and kept.
    pub quotas: Quotas,
    /// Letters from the world.
    pub inbound: Inbound,
}

impl Tenant {
    /// Puts the settings together.
    #[must_use]
    pub fn new(
        name: String,
        rules: Rules,
        announcer: Announcer,
        writing: Writing,
        routes: Routes,
        quotas: Quotas,
        inbound: Inbound,
    ) -> Self {
        Self { name, rules: RwLock::new(Arc::new(rules)), announcer, writing, routes, quotas, inbound }
    }

    /// The rules in force; an arrival keeps the ones it began with.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// New rules from the next arrival on.
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

impl Shared {
    /// Puts together what a process shares. `memory` is for letters that are looked into.
    #[must_use]
    pub fn new(
        store: Store,
        keys: QueueKeys,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        inlet: Inlet,
        memory: MemoryBudget,
    ) -> Self {
        let hashing = Arc::new(Semaphore::new(HASHING));
        Self { store, keys, clock, random, inlet, memory, hashing, live: LiveSessions::default() }
    }

    /// A place in the memory for letters that are looked into; waits if many ask at once.
    pub(crate) async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Reply> {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let room = self.memory.take(kib, PATIENCE).await;
        room.ok_or_else(|| Reply::later(452, 3, 1, "Too busy now, please try again later"))
    }

    /// A turn for Argon2, to be kept until it has run.
    pub(crate) async fn hashing_turn(&self) -> Result<OwnedSemaphorePermit, tokio::sync::AcquireError> {
        Arc::clone(&self.hashing).acquire_owned().await
    }
}
