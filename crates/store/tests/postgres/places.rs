//! Letters that get no slot in a transaction: they wait as long as for a connection, and a retried one gives
//! its slot back first.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{ArrivalRows, Committed, Rows, StoreOptions};

use crate::cluster::Cluster;
use crate::options;
use crate::rig::{NOW, Rig};
use crate::server::letter;
use crate::strangers::{Stranger, seen};

/// A store with a single slot, and its schema.
fn narrow(patience: Duration, lock_wait: Duration) -> (Rig, String) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("store");
    let mut options = options(Cluster::shared(), &folder);
    options.writers = 4;
    options.patience = patience;
    let schema = options.schema.clone();
    let rows = Rows::Postgres(Box::new(options));
    (Rig::with(StoreOptions { rows, lock_wait, ..StoreOptions::new(folder) }, scratch), schema)
}

async fn deposit(rig: &Rig, mailbox: &str) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    let mut deposit = rig.deposit(mailbox, body.id());
    deposit.received_at = Timestamp(NOW.0 + 1);
    rows.deposits.push(deposit);
    rows.body = Some(body);
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_finds_no_place_in_time_is_deferred() {
    let (rig, schema) = narrow(Duration::from_secs(2), Duration::from_secs(50));
    let mut stranger = Stranger::comes(&schema);
    stranger.say("BEGIN; LOCK TABLE legs IN SHARE MODE;");
    let locks = |granted: &str| {
        format!("SELECT count(*) FROM pg_locks WHERE {granted} AND relation = '{schema}.legs'::regclass")
    };
    seen(&locks("mode = 'ShareLock' AND granted")).await;
    let (store, rows) = (rig.store.clone(), letter(&rig, 1).await);
    let first = tokio::spawn(async move { store.commit_arrival(rows).await });
    seen(&locks("NOT granted")).await;
    let error = rig.store.commit_arrival(letter(&rig, 2).await).await.unwrap_err();
    assert!(error.is_busy(), "{error:?}");
    assert!(!first.is_finished(), "it had a place after all: {error}");
    stranger.say("COMMIT;");
    stranger.goes();
    assert!(matches!(first.await.unwrap().unwrap(), Committed::New(_)));
    // What was answered as not done was not done.
    assert!(matches!(rig.store.commit_arrival(letter(&rig, 2).await).await.unwrap(), Committed::New(_)));
    assert_eq!(rig.clean().await.legs, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_tried_again_keeps_no_place_from_others() {
    let (rig, schema) = narrow(Duration::from_secs(30), Duration::from_secs(2));
    let (held, ..) = rig.deposit_in_new(1).await;
    let (free, ..) = rig.deposit_in_new(2).await;
    let mut stranger = Stranger::comes(&schema);
    stranger.say(&format!("BEGIN; SELECT 'held' FROM mailboxes WHERE id = '{held}' FOR UPDATE;"));
    seen(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%{held}%'"
    ))
    .await;
    let (store, rows) = (rig.store.clone(), deposit(&rig, &held).await);
    let first = tokio::spawn(async move { store.commit_arrival(rows).await });
    seen(&format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND pid IN (SELECT pid FROM pg_locks WHERE relation = '{schema}.mailboxes'::regclass)"
    ))
    .await;
    let second = rig.store.commit_arrival(deposit(&rig, &free).await).await.unwrap();
    assert!(matches!(second, Committed::New(_)), "{second:?}");
    assert!(!first.is_finished(), "it has been given up meanwhile");
    stranger.say("COMMIT;");
    stranger.goes();
    assert!(matches!(first.await.unwrap().unwrap(), Committed::New(_)));
    rig.clean().await;
}
