//! `sealpost key rotate-escrow`: reseals what a former escrow key opens to the one that the configuration
//! names. The services may run: new mailboxes are already wrapped to the new key. The old key is provided by
//! the operator and not kept.

use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock, SystemRandom};
use sealpost_mailbox::Resident;
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_maintenance::moved_escrow;
use sealpost_store::{Store, StoreError};
use sealpost_vault::{EscrowPublic, EscrowSecret, VaultError};
use thiserror::Error;

use super::{complain, complain_all, fail, say, with_store};
use crate::config::checked::{Plan, SupportKeys};

#[derive(Debug, Error)]
enum Failed {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Vault(#[from] VaultError),
}

/// The result.
#[derive(Default)]
struct Done {
    moved: usize,
    /// Wrapped to the new key already, or to a third one.
    others: usize,
    /// Rows that are not ours.
    strange: usize,
}

pub(super) fn run(config: &Path, escrow_key: &Path) -> ExitCode {
    let (plan, keys) = match Plan::load_for_support(config) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(to) = plan.escrow.public(&keys.role.way_in) else {
        complain("error: escrow = \"none\": there is no key to seal to");
        return ExitCode::FAILURE;
    };
    let read = sealpost_keyfile::read(escrow_key).map_err(|error| error.to_string());
    let old =
        match read.and_then(|text| EscrowSecret::parse(text.expose()).map_err(|error| error.to_string())) {
            Ok(old) => old,
            Err(error) => {
                complain(format_args!("error: {}: {error}", escrow_key.display()));
                return ExitCode::FAILURE;
            }
        };
    if old.public() == to {
        complain("error: this is the key that the configuration names: give the one before");
        return ExitCode::FAILURE;
    }
    match with_store(&plan, &keys.role.queue.audit, async |store| all(store, &keys, &old, &to).await) {
        Ok(done) => {
            say(format_args!(
                "{} escrow wraps are sealed to key {:#04x} now; {} were so already or are under a third key",
                done.moved,
                to.id(),
                done.others
            ));
            if done.strange > 0 {
                complain(format_args!(
                    "{} mailboxes have rows that are not ours: see `check --store`",
                    done.strange
                ));
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

async fn all(
    store: &Store,
    keys: &SupportKeys,
    old: &EscrowSecret,
    to: &EscrowPublic,
) -> Result<Done, Failed> {
    let (queue, mut done, mut after) = (&keys.role.queue, Done::default(), String::new());
    let noted = |event: Event<'_>| event.row(SystemClock.now(), &Actor::of_command(), None);
    // Recorded once, in the transaction of the first wrap that is replaced.
    let mut began = vec![noted(Event::EscrowRotationBegan { to: to.id() })];
    loop {
        let page = store.keyed_mailboxes(&after).await?;
        let Some(last) = page.last() else {
            let rotated = Event::EscrowRotated { to: to.id(), mailboxes: done.moved };
            store.append_audit(vec![noted(rotated)]).await?;
            return Ok(done);
        };
        after.clone_from(&last.row.id);
        for found in &page {
            let Some(before) = found.wrap(sealpost_store::WrapKind::Escrow) else { continue };
            if Resident::of(&found.row, &queue.rows, &queue.tags).is_err() {
                done.strange += 1;
                continue;
            }
            let Some(wrap) = moved_escrow(found, old, to, &SystemRandom)? else {
                done.others += 1;
                continue;
            };
            // Its owner may have received a new key pair meanwhile, whose wrap is under the new key.
            let noting = store.audited(began.clone());
            if noting.replace_wrap(&found.row.id, wrap.kind, before.to_vec(), wrap.sealed).await? {
                began.clear();
                done.moved += 1;
            } else {
                done.others += 1;
            }
        }
    }
}
