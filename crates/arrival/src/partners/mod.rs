//! Letters to and from partners: which key, closed copies, opened letters. Knows no rules and no SMTP; how letters are
//! encrypted is `seal`'s.

mod choose;
mod close;
mod marks;
mod open;
mod piping;

use std::sync::Arc;

use sealpost_mail::Reply;
use sealpost_partner::{Book, OwnKeys, PartnerError};
use sealpost_seal::Worker;
use sealpost_vault::KeyringKey;
use tokio::sync::Semaphore;

use crate::context::Shared;

pub use choose::{Chosen, choose};
pub use close::Copy;
pub(crate) use close::settle;
pub(crate) use open::{Arrived, open};

/// Letters closed or opened at once: each has a thread or a process to itself for a while.
const AT_ONCE: usize = 4;

/// What letters are closed and opened with. Whoever has one has the keyring.
pub struct Partners {
    keyring: KeyringKey,
    worker: Option<Worker>,
    turns: Arc<Semaphore>,
}

impl Partners {
    /// Puts it together. Without a worker nothing is opened.
    #[must_use]
    pub fn new(keyring: KeyringKey, worker: Option<Worker>) -> Self {
        Self { keyring, worker, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    pub(crate) fn worker(&self) -> Option<&Worker> {
        self.worker.as_ref()
    }

    pub(crate) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    /// The partners of this store.
    pub(crate) fn book<'a>(&'a self, shared: &'a Shared) -> Book<'a> {
        Book { store: &shared.store, keyring: &self.keyring, tags: &shared.keys.tags }
    }

    /// Our own keys.
    pub(crate) fn own<'a>(&'a self, shared: &'a Shared) -> OwnKeys<'a> {
        OwnKeys { store: &shared.store, rows: &shared.keys.rows, keyring: &self.keyring }
    }
}

/// Nothing can be said of partners at the moment: nothing is lost, the client keeps the letter.
pub(crate) fn unavailable(error: PartnerError) -> Reply {
    match error {
        PartnerError::Store(error) => crate::failure::unavailable(&error),
        error @ (PartnerError::Forged { .. }
        | PartnerError::Record { .. }
        | PartnerError::Moved { .. }
        | PartnerError::Key { .. }
        | PartnerError::Overtaken) => crate::failure::later(error),
    }
}
