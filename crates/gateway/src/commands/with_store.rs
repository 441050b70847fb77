//! What commands work with: the plan, the keys that they need, and the store, opened for as long as they run.
//! Knows no command.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use sealpost_mail::{Clock as _, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Chain, Event};
use sealpost_store::{AuditProver, AuditRow, Store, StoreError, StoreOptions, newest_schema};
use sealpost_support::SupportDesk;
use sealpost_vault::AuditKey;

use super::output::{complain_all, fail};
use crate::config::checked::{Plan, SupportKeys};
use crate::config::file::Problem;
use crate::roles::Roles;

/// Opens the store for a command whose audit rows are proven by `key`.
pub(super) fn open_store(plan: &Plan, key: &AuditKey) -> Result<Store, StoreError> {
    Store::open(StoreOptions { prover: Some(prover(key)), ..plan.store() })
}

/// Proves rows of the audit trail with this key.
pub(super) fn prover(key: &AuditKey) -> Arc<dyn AuditProver> {
    Arc::new(Chain::new(key.clone()))
}

/// The audit row written if the command migrates the schema.
pub(super) fn migrated() -> AuditRow {
    Event::Migrated { to: newest_schema() }.row(SystemClock.now(), &Actor::of_command(), None)
}

/// The tokio runtime everything runs on.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Runs a command with the store of a configuration.
pub(super) fn with_store<T, E: From<StoreError>>(
    plan: &Plan,
    key: &AuditKey,
    act: impl AsyncFnOnce(&Store) -> Result<T, E>,
) -> Result<T, E> {
    let runtime = runtime().map_err(|source| StoreError::Path { path: plan.data.clone(), source })?;
    runtime.block_on(async {
        let store = open_store(plan, key)?;
        let done = act(&store).await;
        store.close().await;
        done
    })
}

/// The same for commands that write nothing to the audit trail.
pub(super) fn looking<T, E: From<StoreError>>(
    plan: &Plan,
    act: impl AsyncFnOnce(&Store) -> Result<T, E>,
) -> Result<T, E> {
    let runtime = runtime().map_err(|source| StoreError::Path { path: plan.data.clone(), source })?;
    runtime.block_on(async {
        let store = Store::open(plan.store())?;
        let done = act(&store).await;
        store.close().await;
        done
    })
}

/// The role whose key proves the audit rows of operators' commands that need no other key.
const NOTES: Roles = Roles { jobs: true, ..Roles::NONE };

/// The plan, and the key that proves the audit rows of such a command.
pub(super) fn load_to_note(config: &Path) -> Result<(Plan, Option<AuditKey>), Vec<Problem>> {
    Plan::load(config, NOTES).map(|(plan, keys)| (plan, keys.audit))
}

/// Runs a support command with the configuration, its store and support's keys.
pub(super) fn desk<'a>(store: &'a Store, plan: &'a Plan, keys: &'a SupportKeys) -> SupportDesk<'a> {
    SupportDesk {
        store,
        keys: &keys.role,
        actor: Actor::of_command(),
        announcer: &plan.announcer,
        name: &plan.name,
        give_up: plan.routes.give_up,
        most_bounces: plan.telling.most_bounces(),
        unread: plan.telling.gone_unread,
        retention: &plan.portal.retention,
        recall: plan.recall,
        random: &SystemRandom,
    }
}

pub(super) fn with_support<E: From<StoreError> + std::error::Error>(
    config: &Path,
    act: impl AsyncFnOnce(&Store, &Plan, SupportKeys) -> Result<(), E>,
) -> ExitCode {
    let (plan, keys) = match Plan::load_for_support(config) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let key = keys.role.queue.audit.clone();
    match with_store(&plan, &key, async |store| act(store, &plan, keys).await) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}
