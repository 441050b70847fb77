//! The context of arrivals: what a process shares, the operator's settings, and what mailboxes are created
//! with. Decides nothing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sealpost_delivery::Inlet;
use sealpost_intake::MemoryBudget;
use sealpost_mail::{Clock, Envelope, Origin, Random, Reply, Timestamp};
use sealpost_policy::Rules;
use sealpost_store::{NewUse, Store};
use sealpost_vault::{EscrowPublic, Pepper, QueueKeys, TokenKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::live_fingerprints::LiveSessions;
use crate::quota;
use crate::settings::{Announcer, Inbound, Quotas, Routes, Writing};

/// How long a letter waits for memory.
const PATIENCE: Duration = Duration::from_secs(120);

/// Initial passwords hashed at once, each with 19 MiB beyond the budget and almost a tenth of a second of
/// CPU.
const HASHING: usize = 2;

/// The keys that mailboxes are created with. They open no active one (invariant 4).
#[derive(Clone, Debug)]
pub struct Making {
    /// Hashes the tokens of links.
    pub tokens: TokenKey,
    /// Pepper for the wraps under passwords and links.
    pub pepper: Pepper,
    /// The escrow key, if the operator chose escrow.
    pub escrow: Option<EscrowPublic>,
}

/// Both parts: every function that queues mail needs both.
pub struct Context {
    /// What this process shares.
    pub shared: Shared,
    /// The operator's settings.
    pub tenant: Tenant,
}

/// What all arrivals of a process share.
pub struct Shared {
    /// The store of rows and bodies.
    pub store: Store,
    /// The keys for queueing mail.
    pub keys: QueueKeys,
    /// Source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Source of randomness.
    pub random: Arc<dyn Random>,
    /// The entry to delivery.
    pub inlet: Inlet,
    /// Budget for whole letters in memory.
    memory: MemoryBudget,
    hashing: Arc<Semaphore>,
    pub(crate) live: LiveSessions,
}

/// The settings of one operator.
pub struct Tenant {
    /// The gateway's name in trace fields, Message-IDs and reports.
    pub name: String,
    rules: RwLock<Arc<Rules>>,
    /// How notices look and where they go.
    pub announcer: Announcer,
    /// Settings for letters from mailbox owners.
    pub writing: Writing,
    /// Routes of everything else that leaves.
    pub routes: Routes,
    /// How much may be sent and kept.
    pub quotas: Quotas,
    /// Settings for letters from outside.
    pub inbound: Inbound,
}

impl Tenant {
    /// Assembles the settings.
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

    /// The rules in force; an arrival keeps those it began with.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets the rules for the next arrivals.
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

impl Context {
    /// What a letter uses of its sender's and its login's quota.
    pub(crate) fn uses(&self, envelope: &Envelope, origin: &Origin, at: Timestamp) -> Vec<NewUse> {
        quota::of_arrival(&self.tenant.quotas, &self.shared.keys.tags, (envelope, origin), at)
    }
}

impl Shared {
    /// Assembles what a process shares. `memory` is the budget for whole letters.
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

    /// Reserves memory for a letter; waits if many ask at once.
    pub(crate) async fn reserve_memory(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Reply> {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let reserved = self.memory.take(kib, PATIENCE).await;
        reserved.ok_or_else(|| Reply::later(452, 3, 1, "Too busy now, please try again later"))
    }

    /// A turn for Argon2, to be held until it has run.
    pub(crate) async fn hashing_turn(&self) -> Result<OwnedSemaphorePermit, tokio::sync::AcquireError> {
        Arc::clone(&self.hashing).acquire_owned().await
    }
}
