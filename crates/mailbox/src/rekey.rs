//! A mailbox's new key pair: generated when its owner comes by a link, an initial password or an answer; everything sealed to the
//! old one is resealed to it. Knows no way in.
//!
//! The old pair was wrapped under a mailed link or a forgotten password: copies of either open nothing that comes later (decision
//! 0021).

use std::collections::HashMap;

use sealpost_mail::Random;
use sealpost_store::{NewWrap, Rekey, SealedKey, SealedKeys, WrapKind};
use sealpost_vault::{EscrowPublic, MailboxKeys, MailboxPublic, MailboxSecret, RowKey, VaultError};

use crate::seal_address;

/// With fewer letters than this per thread, a single thread is faster.
const WORTH_A_THREAD: usize = 64;

/// The new pair of one mailbox.
#[derive(Clone)]
pub struct NewPair {
    /// The new secret key.
    pub secret: MailboxSecret,
    public: MailboxPublic,
}

/// The mailbox of the pair.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// The id of the mailbox.
    pub mailbox_id: &'a str,
    /// Its address, opened.
    pub address: &'a str,
}

/// Letters' keys already wrapped for the new pair: a retry after letters arrived meanwhile does not repeat that work. A letter's
/// key never changes.
#[derive(Default)]
pub struct Wrapped(HashMap<String, Vec<u8>>);

impl NewPair {
    /// How often letters may arrive meanwhile before the caller is told to retry.
    pub const RACES: usize = 8;
    /// A mailbox with a new key pair has empty epochs.
    pub const EPOCHS: &'static str = "";

    /// Generates a key pair.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let (public, secret) = MailboxKeys::generate(random);
        Self { secret, public }
    }

    /// Everything of the mailbox as read, resealed for this pair: a hybrid key exchange for every letter that has not been seen yet
    /// and is not in `done`, on all cores if there are many. CPU-bound: call it from a blocking thread. If a concurrent change was
    /// faster, the commit of these rows is refused.
    #[must_use]
    pub fn seal_again(
        &self,
        mailbox_id: &str,
        old: &MailboxSecret,
        found: SealedKeys,
        done: &mut Wrapped,
        random: &dyn Random,
    ) -> SealedKeys {
        if found.public_key != old.public().to_bytes() {
            return found;
        }
        let one = |SealedKey { id, key_sealed }: SealedKey| {
            match old.open_key(mailbox_id, &id, &key_sealed) {
                Ok(key) => {
                    // Its owner is here: later lists then need no key exchange per row.
                    let key_sealed = self.secret.wrap_key(mailbox_id, &id, &key, random);
                    SealedKey { id, key_sealed }
                }
                // It could not be opened before either; that must not keep its owner out.
                Err(error) => {
                    tracing::error!(deposit.id = %id, %error, "a key could not be sealed anew");
                    SealedKey { id, key_sealed }
                }
            }
        };
        let is_new = |letter: &SealedKey| !done.0.contains_key(&letter.id);
        let (new, mut letters): (Vec<SealedKey>, Vec<SealedKey>) =
            found.letters.into_iter().partition(is_new);
        for letter in &mut letters {
            if let Some(key_sealed) = done.0.get(&letter.id) {
                letter.key_sealed.clone_from(key_sealed);
            }
        }
        let new = on_all_cores(new, one);
        done.0.extend(new.iter().map(|letter| (letter.id.clone(), letter.key_sealed.clone())));
        letters.extend(new);
        SealedKeys {
            public_key: found.public_key,
            letters,
            drafts: found.drafts.into_iter().map(one).collect(),
            folders: found.folders.into_iter().map(one).collect(),
        }
    }

    /// The rows that replace the old pair by this one. `escrow`: if the operator uses it.
    ///
    /// # Errors
    /// The escrow key cannot be sealed to.
    pub fn rows(
        &self,
        whose: &Whose<'_>,
        old: &MailboxSecret,
        keys: SealedKeys,
        row_key: &RowKey,
        escrow: Option<&EscrowPublic>,
        random: &dyn Random,
    ) -> Result<Rekey, VaultError> {
        let wrap = |escrow| {
            let sealed = self.secret.wrap_escrow(whose.mailbox_id, escrow, random)?;
            Ok(NewWrap { kind: WrapKind::Escrow, sealed })
        };
        Ok(Rekey {
            old_public: old.public().to_bytes(),
            public_key: self.public.to_bytes(),
            address_sealed: seal_address(
                row_key,
                &self.public,
                whose.mailbox_id,
                Self::EPOCHS,
                whose.address,
                random,
            ),
            keys,
            escrow: escrow.map(wrap).transpose()?,
        })
    }
}

/// Applies `one` to each of them, keeping the order.
fn on_all_cores(all: Vec<SealedKey>, one: impl Fn(SealedKey) -> SealedKey + Sync) -> Vec<SealedKey> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(all.len() / WORTH_A_THREAD);
    if threads < 2 {
        return all.into_iter().map(one).collect();
    }
    let share = all.len().div_ceil(threads);
    let (mut rest, mut shares) = (all, Vec::with_capacity(threads));
    while !rest.is_empty() {
        let next = rest.split_off(rest.len().saturating_sub(share));
        shares.push(next);
    }
    shares.reverse();
    let one = &one;
    std::thread::scope(|scope| {
        let work =
            |share: Vec<SealedKey>| scope.spawn(move || share.into_iter().map(one).collect::<Vec<_>>());
        let workers: Vec<_> = shares.into_iter().map(work).collect();
        let done = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(share) => share,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.collect()
    })
}
