//! Letters to and from partners: choosing keys, encrypting copies, decrypting letters. Knows no rules and no
//! SMTP; the cryptography is in `seal`.

mod announced_capabilities;
mod authentication_results;
mod blocking_io;
mod choose;
mod close;
mod harvest;
mod open;
mod protection;
mod result_header;
mod test_letter;
mod worker_slots;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealpost_mail::{Reply, Timestamp};
use sealpost_partner::{Book, KnownSigners, LendableKeys, OpenedKeys, Originals, OwnKeys, PartnerError};
use sealpost_seal::{Tokens, Worker};
use sealpost_vault::KeyringKey;

use crate::context::Shared;
use crate::key_trail::KeyTrail;
use crate::known_lists::KnownLists;
use crate::settings::Inbound;
use worker_slots::Turns;

pub use choose::{Chosen, choose, choose_for_test};
pub(crate) use close::settle;
pub use close::speaks_for;
pub(crate) use open::{Arrived, AsItCame, Readability, open};
pub(crate) use protection::{Hold, Signature};
pub use test_letter::TestLetter;
pub(crate) use test_letter::hear;

/// Letters encrypted at once: each occupies a thread for a while.
const CLOSED_AT_ONCE: usize = 4;

/// How many letters are processed at once, and how long one waits for its turn.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Letters decrypted at once: each occupies a process for a while.
    pub opened_at_once: usize,
    /// After this long its client must retry.
    pub wait: Duration,
}

/// What letters are encrypted and decrypted with. Having one means having the keyring.
pub struct Partners {
    keyring: KeyringKey,
    worker: Option<Worker>,
    /// Tokens that hold keys of ours.
    tokens: Arc<dyn Tokens>,
    signers: KnownSigners,
    /// The revocation lists last read.
    lists: KnownLists,
    opened_keys: OpenedKeys,
    lendable_keys: LendableKeys,
    /// Strangers never take a turn from our own letters.
    opening: Turns,
    closing: Turns,
    /// Partners whose test letters were answered lately, and when.
    answered: Mutex<HashMap<String, Timestamp>>,
    /// Uses of our own keys that are not in the trail yet.
    uses: Arc<KeyTrail>,
}

impl Partners {
    /// Assembles it. Without a worker nothing is decrypted.
    #[must_use]
    pub fn new(keyring: KeyringKey, worker: Option<Worker>, tokens: Arc<dyn Tokens>, pace: Pace) -> Self {
        let opening = Turns::new(pace.opened_at_once, pace.wait);
        let closing = Turns::new(CLOSED_AT_ONCE, pace.wait);
        Self {
            keyring,
            worker,
            tokens,
            signers: KnownSigners::default(),
            lists: KnownLists::default(),
            opened_keys: OpenedKeys::default(),
            lendable_keys: LendableKeys::default(),
            opening,
            closing,
            answered: Mutex::default(),
            uses: Arc::default(),
        }
    }

    /// Uses of our own keys, to be written by the caller.
    #[must_use]
    pub fn uses(&self) -> Arc<KeyTrail> {
        Arc::clone(&self.uses)
    }

    pub(crate) fn worker(&self) -> Option<&Worker> {
        self.worker.as_ref()
    }

    /// The partners of this store.
    pub(crate) fn book<'a>(&'a self, shared: &'a Shared) -> Book<'a> {
        Book { store: &shared.store, keyring: &self.keyring, tags: &shared.keys.tags }
    }

    /// The current revocation lists.
    pub(crate) async fn lists(&self, shared: &Shared, inbound: &Inbound) -> Result<Arc<Vec<Vec<u8>>>, Reply> {
        let lists = self.lists.now(inbound, &shared.store, &shared.keys.tags).await;
        lists.map_err(|error| crate::failure::unavailable(&error))
    }

    /// The stored originals.
    pub(crate) fn originals<'a>(&'a self, shared: &'a Shared) -> Originals<'a> {
        Originals { store: &shared.store, keyring: &self.keyring }
    }

    /// The operator's own keys.
    pub(crate) fn own<'a>(&'a self, shared: &'a Shared) -> OwnKeys<'a> {
        OwnKeys { store: &shared.store, rows: &shared.keys.rows, keyring: &self.keyring }
    }
}

/// Partners are unavailable at the moment: nothing is lost, the client keeps the letter.
pub(crate) fn unavailable(error: PartnerError) -> Reply {
    match error {
        PartnerError::Store(error) => crate::failure::unavailable(&error),
        error @ (PartnerError::Forged { .. }
        | PartnerError::Record { .. }
        | PartnerError::Moved { .. }
        | PartnerError::Key { .. }
        | PartnerError::NotOpened
        | PartnerError::Overtaken) => crate::failure::later(error),
    }
}
