//! Failures that only a server has: it refuses, disappears while it commits, or waits for a standby that is not connected.

use std::time::Duration;

use sealpost_mail::Random as _;
use sealpost_store::{
    ArrivalRows, Committed, Durability, Finished, Lease, LeaseFrom, LegEnd, LegNotes, LegStart, PostgresHost,
    PostgresUnfit, Rows, Store, StoreError, StoreOptions,
};
use tempfile::TempDir;

use crate::cluster::{Cluster, Standby};
use crate::options;
use crate::rig::{LATER, NOW, Rig};
use crate::trail::row;

/// Options for a store on this server, with short timeouts.
fn hasty(cluster: &Cluster, scratch: &TempDir, durability: Durability) -> StoreOptions {
    let folder = scratch.path().join("store");
    let mut options = options(cluster, &folder);
    options.durability = durability;
    options.patience = Duration::from_secs(2);
    StoreOptions { rows: Rows::Postgres(Box::new(options)), ..StoreOptions::new(folder) }
}

/// A server of its own, its standby, and a store that promises both.
fn replicated() -> (Cluster, Standby, Rig) {
    let cluster = Cluster::start("");
    let standby = cluster.standby();
    let scratch = tempfile::tempdir().unwrap();
    let rig = Rig::with(hasty(&cluster, &scratch, Durability::Replicated), scratch);
    (cluster, standby, rig)
}

/// Waits until the rows are as wanted.
async fn settled(rows: impl Fn() -> String, wanted: &str, otherwise: &str) {
    for _ in 0..500 {
        if rows() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("{otherwise}: {}", rows());
}

pub(crate) async fn letter(rig: &Rig, fingerprint: u8) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.fingerprint = Some([fingerprint; 32]);
    rows.legs.push(rig.leg(body.id(), "a.example"));
    rows.body = Some(body);
    rows
}

#[test]
fn facts_are_asked_and_judged() {
    let scratch = tempfile::tempdir().unwrap();
    let facts = options(Cluster::shared(), scratch.path()).facts().unwrap();
    assert!(facts.version_number >= 150_000, "{facts:?}");
    assert!(!facts.in_recovery && facts.may_create && facts.sees_standbys && !facts.tls, "{facts:?}");
    assert!(!facts.syncs, "the tests' server syncs nothing, and says so");
    assert_eq!(facts.unfit(Durability::Local), None);
    assert_eq!(facts.unfit(Durability::Replicated), Some(PostgresUnfit::NoStandby));
    let lazy = sealpost_store::PostgresFacts { synchronous_commit: "off".to_owned(), ..facts };
    assert_eq!(lazy.unfit(Durability::Local), Some(PostgresUnfit::CommitsLater));
}

#[test]
fn without_a_standby_nothing_that_promises_one_starts() {
    let scratch = tempfile::tempdir().unwrap();
    let error = Store::open(hasty(Cluster::shared(), &scratch, Durability::Replicated)).unwrap_err();
    assert!(matches!(error, StoreError::Unfit(_)), "{error}");
    assert!(error.to_string().contains("synchronous_standby_names"), "{error}");
}

#[tokio::test]
async fn folder_and_database_belong_together() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    rig.store.close().await;
    let other = tempfile::tempdir().unwrap();
    let same_schema = options(Cluster::shared(), &rig.folder());
    let store_options = |folder: &std::path::Path| StoreOptions {
        rows: Rows::Postgres(Box::new(same_schema.clone())),
        ..StoreOptions::new(folder)
    };
    let error = Store::open(store_options(other.path())).unwrap_err();
    assert!(matches!(error, StoreError::OtherFolder { .. }), "{error}");
    // SQLite is not started beside it.
    let error = Store::open(StoreOptions::new(rig.folder())).unwrap_err();
    assert!(matches!(error, StoreError::OtherEngine { holds: "PostgreSQL", .. }), "{error}");
    // Nor the other way round.
    let lite = tempfile::tempdir().unwrap();
    Store::open(StoreOptions::new(lite.path())).unwrap().close().await;
    let mut fresh = options(Cluster::shared(), lite.path());
    fresh.patience = Duration::from_secs(2);
    let store_options =
        StoreOptions { rows: Rows::Postgres(Box::new(fresh)), ..StoreOptions::new(lite.path()) };
    let error = Store::open(store_options).unwrap_err();
    assert!(matches!(error, StoreError::OtherEngine { holds: "SQLite", .. }), "{error}");
    // It is still there in the right folder.
    let store = Store::open(options_again(&rig)).unwrap();
    assert_eq!(store.sweep(NOW).await.unwrap().counts.legs, 1);
    store.close().await;
}

fn options_again(rig: &Rig) -> StoreOptions {
    let folder = rig.folder();
    let options = options(Cluster::shared(), &folder);
    StoreOptions { rows: Rows::Postgres(Box::new(options)), ..StoreOptions::new(folder) }
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let rig = Rig::new();
    rig.store.close().await;
    let schema = options(Cluster::shared(), &rig.folder()).schema;
    Cluster::shared().sql(&format!("INSERT INTO {schema}.schema_version (version) VALUES (9999)"));
    let error = Store::open(options_again(&rig)).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 9999, .. }), "{error}");
}

#[tokio::test]
async fn sealed_bytes_are_stored_as_they_are_and_words_ordered_by_bytes() {
    let rig = Rig::new();
    let schema = options(Cluster::shared(), &rig.folder()).schema;
    let compressed = Cluster::shared().sql(&format!(
        "SELECT count(*) FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = '{schema}'::regnamespace
           AND relkind = 'r') AND atttypid = 'bytea'::regtype AND attnum > 0 AND NOT attisdropped AND attstorage <> 'e'"
    ));
    assert_eq!(compressed, "0");
    let otherwise = Cluster::shared().sql(&format!(
        "SELECT count(*) FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
         WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'
           AND relname <> 'folder') AND attnum > 0 AND NOT attisdropped AND collname <> 'C'"
    ));
    assert_eq!(otherwise, "0");
    // The cluster's own collation differs, or the above would prove nothing.
    assert_eq!(Cluster::shared().sql("SELECT 'a' < 'B'"), "t");
}

/// The server answers a cancelled wait for a standby with success. If a standby was promised, we do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_wait_for_the_standby_is_no_success() {
    let (cluster, standby, rig) = replicated();
    let first = letter(&rig, 1).await;
    assert!(matches!(rig.store.commit_arrival(first).await.unwrap(), Committed::New(_)));
    // From now on there is no standby to answer.
    standby.stop();
    let rows = letter(&rig, 2).await;
    let store = rig.store.clone();
    let arriving = tokio::spawn(async move { store.commit_arrival(rows).await });
    cancel_the_wait(&cluster).await;
    let error = arriving.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Uncertain { .. } | StoreError::Database(_)), "{error:?}");
    assert_eq!(error.fault(), sealpost_mail::Fault::Temporary);
    // It is on the primary nevertheless; a client that retries is not told that it is safe.
    let again = rig.store.commit_arrival(letter(&rig, 2).await).await.unwrap_err();
    assert!(matches!(again, StoreError::Uncertain { .. }), "{again:?}");
}

/// Cancels a commit's wait for its standby: the server warns and reports success.
async fn cancel_the_wait(cluster: &Cluster) {
    while cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cluster.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
}

/// Waits until the only leg is not leased.
async fn only_leg_is_free(cluster: &Cluster, rig: &Rig) {
    let schema = options(cluster, &rig.folder()).schema;
    let legs = || cluster.sql(&format!("SELECT count(*), count(lease_owner) FROM {schema}.legs"));
    settled(legs, "1|0", "the leg stays with somebody who never got it").await;
}

/// The outcome is unknown, so its caller did not get the legs: the client is told `451`, retries and finds the letter, and somebody
/// must deliver it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_unknown_commit_had_in_hand_is_free_at_once() {
    let (cluster, standby, rig) = replicated();
    standby.stop();
    let mut rows = letter(&rig, 1).await;
    rows.legs[0].state = LegStart::InHand { owner: "one".to_owned(), until: LATER };
    let store = rig.store.clone();
    let arriving = tokio::spawn(async move { store.commit_arrival(rows).await });
    cancel_the_wait(&cluster).await;
    let error = arriving.await.unwrap().unwrap_err();
    assert!(error.is_busy(), "{error:?}");
    only_leg_is_free(&cluster, &rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_unknown_lease_took_is_free_at_once() {
    let (cluster, standby, rig) = replicated();
    rig.queue(10, &["a.example"]).await;
    standby.stop();
    let store = rig.store.clone();
    let leasing = tokio::spawn(async move {
        let (owner, now, until) = ("one".to_owned(), NOW, LATER);
        store.lease_legs(Lease { owner, now, until, limit: 10, from: LeaseFrom::AllBut(&[]) }).await
    });
    cancel_the_wait(&cluster).await;
    let error = leasing.await.unwrap().unwrap_err();
    assert!(error.is_busy(), "{error:?}");
    only_leg_is_free(&cluster, &rig).await;
}

/// The commit is given up while it waits, and its leases are still invisible when they are released: once visible, they must not
/// belong to a caller that gave them up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_commit_took_that_is_seen_late_is_free_then() {
    let cluster = Cluster::start("");
    let standby = cluster.standby();
    let scratch = tempfile::tempdir().unwrap();
    let mut store_options = hasty(&cluster, &scratch, Durability::Replicated);
    store_options.lock_wait = Duration::from_millis(500);
    let rig = Rig::with(store_options, scratch);
    let schema = options(&cluster, &rig.folder()).schema;
    rig.queue(10, &["a.example"]).await;
    standby.stop();
    let (owner, now, until) = ("one".to_owned(), NOW, LATER);
    let request = Lease { owner: owner.clone(), now, until, limit: 10, from: LeaseFrom::AllBut(&[]) };
    let error = rig.store.lease_legs(request).await.unwrap_err();
    assert!(error.is_busy(), "{error:?}");
    let mut rows = letter(&rig, 1).await;
    rows.legs[0].state = LegStart::InHand { owner, until };
    let error = rig.store.commit_arrival(rows).await.unwrap_err();
    assert!(error.is_busy(), "{error:?}");
    let legs = || cluster.sql(&format!("SELECT count(*), count(lease_owner) FROM {schema}.legs"));
    assert_eq!(legs(), "1|0", "neither is seen yet");
    cluster.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    settled(legs, "2|0", "legs stay in a hand").await;
}

/// A leg's end is committed without waiting for its flush, and the primary is lost before replicating it. Without a repetition the
/// leg would stay leased to us although it was delivered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_the_lost_primary_kept_for_itself_is_written_on_the_next_one() {
    let cluster = Cluster::start("");
    let standby = cluster.standby();
    let scratch = tempfile::tempdir().unwrap();
    let mut store_options = hasty(&cluster, &scratch, Durability::Local);
    if let Rows::Postgres(options) = &mut store_options.rows {
        let other = PostgresHost { port: 5433, ..options.hosts[0].clone() };
        options.hosts.push(other);
        options.patience = Duration::from_secs(30);
    }
    let rig = Rig::with(store_options, scratch);
    let schema = options(&cluster, &rig.folder()).schema;
    let mut rows = letter(&rig, 1).await;
    rows.legs[0].state = LegStart::InHand { owner: "one".to_owned(), until: LATER };
    let Committed::New(durable) = rig.store.commit_arrival(rows).await.unwrap() else { unreachable!() };
    let receiver = cluster.sql_on(5433, "SELECT pid FROM pg_stat_wal_receiver");
    cluster.run(&format!("kill -STOP {receiver}"));
    let leg = durable.in_hand.into_iter().next().unwrap();
    assert_eq!(rig.store.finish_leg(&leg, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    let end = cluster.sql("SELECT pg_current_wal_insert_lsn()");
    let is_behind = format!("SELECT pg_last_wal_replay_lsn() < '{end}'::pg_lsn");
    assert_eq!(cluster.sql_on(5433, &is_behind), "t", "it has seen the end");
    cluster.kill();
    // What is in its socket is never read.
    cluster.run(&format!("kill -KILL {receiver}"));
    standby.promote();
    let legs = || cluster.sql_on(5433, &format!("SELECT count(*) FROM {schema}.legs"));
    settled(legs, "0", "the leg stays in our hand").await;
}

/// The end is on the primary, its wait was cancelled, and the leg is gone when the end is written again: that is not durable yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_that_is_gone_is_no_end_before_the_standby_has_it() {
    let (cluster, standby, rig) = replicated();
    rig.queue(10, &["a.example"]).await;
    let request =
        Lease { owner: "one".to_owned(), now: NOW, until: LATER, limit: 10, from: LeaseFrom::AllBut(&[]) };
    let leg = rig.store.lease_legs(request).await.unwrap().pop().unwrap();
    standby.stop();
    let (store, ending) = (rig.store.clone(), leg.clone());
    let ending = tokio::spawn(async move { store.finish_leg(&ending, LegEnd::Failed, vec![]).await });
    cancel_the_wait(&cluster).await;
    let error = ending.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
    let again = rig.store.finish_leg(&leg, LegEnd::Failed, vec![]).await.unwrap_err();
    assert!(matches!(again, StoreError::Uncertain { .. }), "{again:?}");
}

/// A letter that writes to the trail is visible before it is flushed. If a flush is impossible, neither its client nor a retry is
/// told that it is safe, even on a server without a standby.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_seen_and_not_flushed_is_no_promise() {
    let cluster = Cluster::start("");
    let scratch = tempfile::tempdir().unwrap();
    let rig = Rig::with(hasty(&cluster, &scratch, Durability::Local), scratch);
    let schema = options(&cluster, &rig.folder()).schema;
    // The function that makes a commit wait for a flush disappears, and comes back.
    let rename = |from: &str, to: &str| {
        cluster.sql(&format!(
            "DO $$ DECLARE f regprocedure; BEGIN
                 FOR f IN SELECT oid FROM pg_proc WHERE proname = '{from}' AND prorettype = 'pg_lsn'::regtype LOOP
                     EXECUTE format('ALTER FUNCTION %s RENAME TO {to}', f); END LOOP; END $$"
        ))
    };
    rename("pg_logical_emit_message", "no_message");
    let mut rows = letter(&rig, 1).await;
    rows.audit.push(row("arrival.kept", "one"));
    let error = rig.store.commit_arrival(rows).await.unwrap_err();
    assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
    assert_eq!(cluster.sql(&format!("SELECT count(*) FROM {schema}.legs")), "1", "it is there all the same");
    let again = rig.store.commit_arrival(letter(&rig, 1).await).await.unwrap_err();
    assert!(matches!(again, StoreError::Uncertain { .. }), "{again:?}");
    rename("no_message", "pg_logical_emit_message");
    let again = rig.store.commit_arrival(letter(&rig, 1).await).await.unwrap();
    assert!(matches!(again, Committed::Duplicate), "{again:?}");
}

/// A server process is killed: all of them end and unwritten data is lost, but the server continues with the same identity.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_a_server_lost_and_went_on_is_written_again() {
    let cluster = Cluster::start("wal_writer_delay = 10s");
    let scratch = tempfile::tempdir().unwrap();
    let mut store_options = hasty(&cluster, &scratch, Durability::Local);
    if let Rows::Postgres(options) = &mut store_options.rows {
        options.patience = Duration::from_secs(30);
    }
    let rig = Rig::with(store_options, scratch);
    let schema = options(&cluster, &rig.folder()).schema;
    let mut rows = letter(&rig, 1).await;
    rows.legs[0].state = LegStart::InHand { owner: "one".to_owned(), until: LATER };
    let Committed::New(durable) = rig.store.commit_arrival(rows).await.unwrap() else { unreachable!() };
    let leg = durable.in_hand.into_iter().next().unwrap();
    let started = cluster.sql("SELECT pg_postmaster_start_time()");
    let killed = cluster.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
    assert_eq!(rig.store.finish_leg(&leg, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    cluster.run(&format!(
        "kill -KILL {killed}; until psql -X -q -h '{}' -p {} -U sealpost -d postgres -c 'SELECT 1' >'{}/said' 2>&1; do sleep 0.1; done",
        cluster.socket().display(),
        cluster.port(),
        cluster.socket().display()
    ));
    assert_eq!(cluster.sql("SELECT pg_postmaster_start_time()"), started);
    let legs = || cluster.sql(&format!("SELECT count(*) FROM {schema}.legs"));
    settled(legs, "0", "the leg stays in our hand").await;
}

/// The server is killed repeatedly while letters arrive: what was promised is there, what was refused is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_makes_no_promise_a_lie() {
    let cluster = Cluster::start("fsync = on");
    let scratch = tempfile::tempdir().unwrap();
    let mut store_options = hasty(&cluster, &scratch, Durability::Local);
    if let Rows::Postgres(options) = &mut store_options.rows {
        options.patience = Duration::from_secs(30);
    }
    let rig = Rig::with(store_options, scratch);
    let (mut kept, mut not) = (Vec::new(), Vec::new());
    for round in 0..2_u8 {
        let mut arriving = Vec::new();
        for at in 0..40_u8 {
            let rows = letter(&rig, round * 40 + at).await;
            let id = rows.body.as_ref().unwrap().id().to_owned();
            let store = rig.store.clone();
            arriving.push((id, tokio::spawn(async move { store.commit_arrival(rows).await })));
            if at == 20 {
                cluster.kill();
            }
        }
        cluster.restart();
        for (id, arrival) in arriving {
            match arrival.await.unwrap() {
                Ok(Committed::New(_)) => kept.push(id),
                Ok(other) => unreachable!("{other:?}"),
                Err(StoreError::Uncertain { .. }) => {}
                Err(_certainly) => not.push(id),
            }
        }
    }
    assert!(!kept.is_empty());
    for id in &kept {
        assert!(rig.store.body(id).await.unwrap().is_some(), "{id} was promised");
    }
    for id in &not {
        assert!(rig.store.body(id).await.unwrap().is_none(), "{id} was refused");
    }
    rig.clean().await;
    assert_ne!(rig.ids.id(), "");
}

/// The primary is lost while letters arrive, and the standby takes over: what was promised is there. The new primary has no
/// standby, so nothing more is promised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_promised_is_on_the_standby_that_takes_over() {
    let cluster = Cluster::start("");
    let standby = cluster.standby();
    let scratch = tempfile::tempdir().unwrap();
    let mut store_options = hasty(&cluster, &scratch, Durability::Replicated);
    if let Rows::Postgres(options) = &mut store_options.rows {
        let other = PostgresHost { port: 5433, ..options.hosts[0].clone() };
        options.hosts.push(other);
        options.patience = Duration::from_secs(30);
    }
    let rig = Rig::with(store_options, scratch);
    let (mut arriving, mut later) = (Vec::new(), Vec::new());
    for at in 0..60_u8 {
        let rows = letter(&rig, at).await;
        let id = rows.body.as_ref().unwrap().id().to_owned();
        let store = rig.store.clone();
        let arrival = tokio::spawn(async move { store.commit_arrival(rows).await });
        // Some have been answered by then, some are under way, some come later.
        if at < 20 {
            arriving.push((id, arrival.await));
            continue;
        }
        if at == 40 {
            cluster.kill();
        }
        later.push((id, arrival));
    }
    standby.promote();
    for (id, arrival) in later {
        arriving.push((id, arrival.await));
    }
    let (mut kept, mut refused) = (0, 0);
    for (id, arrival) in arriving {
        match arrival.unwrap() {
            Ok(Committed::New(_)) => {
                kept += 1;
                assert!(rig.store.body(&id).await.unwrap().is_some(), "{id} was promised");
            }
            Ok(other) => unreachable!("{other:?}"),
            Err(error) => {
                refused += 1;
                assert_eq!(error.fault(), sealpost_mail::Fault::Temporary, "{error}");
            }
        }
    }
    assert!(kept >= 20 && refused > 0, "{kept} kept, {refused} refused");
    let error = rig.store.commit_arrival(letter(&rig, 100).await).await.unwrap_err();
    assert!(error.to_string().contains("commits wait for no standby"), "{error}");
}

/// A leg's end is written to the trail and committed without waiting for its flush, so readers of the trail see the row. An anchor
/// kept elsewhere must not name it before it survives a crash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_anchor_of_the_trail_is_said_when_it_is_flushed() {
    let cluster = Cluster::start("wal_writer_delay = 10s");
    let scratch = tempfile::tempdir().unwrap();
    let rig = Rig::with(hasty(&cluster, &scratch, Durability::Local), scratch);
    rig.queue(10, &["a.example"]).await;
    let leg = rig.lease("one", NOW, LATER).await.pop().unwrap();
    let noting = rig.store.noting(LegNotes { audit: vec![row("queue.done", &leg.id)], events: vec![] });
    assert_eq!(noting.finish_leg(&leg, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    let end = cluster.sql("SELECT pg_current_wal_insert_lsn()");
    let head = rig.store.certain_audit_head().await.unwrap().unwrap();
    assert_eq!(head.seq, 1);
    assert_eq!(cluster.sql(&format!("SELECT pg_current_wal_flush_lsn() >= '{end}'::pg_lsn")), "t");
}
