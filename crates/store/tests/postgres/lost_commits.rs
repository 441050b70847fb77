//! A commit that is answered before it is flushed and is lost when the flush is requested: behind a pooler the connection outlives
//! the server process, and the server continues under its old name. The caller finds what it wrote, or is told nothing.

use std::net::TcpListener;
use std::time::Duration;

use sealpost_store::{
    ArrivalRows, Committed, PostgresHost, PostgresOptions, Rows, Store, StoreError, StoreOptions,
};

use crate::cluster::Cluster;
use crate::options;
use crate::pgbouncer::Bouncer;
use crate::rig::{NOW, Rig, options as store_options};
use crate::strangers::{Stranger, seen};
use crate::trail::{proven_in, row};

async fn letter(rig: &Rig, fingerprint: u8) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.fingerprint = Some([fingerprint; 32]);
    rows.legs.push(rig.leg(body.id(), "a.example"));
    rows.body = Some(body);
    rows.audit.push(row("arrival.kept", "one"));
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_lost_the_commit_is_not_taken_for_the_one_that_has_it() {
    // Everything of the letter is gone, as after a crash.
    let gone = |body: &str| {
        format!(
            "DELETE FROM fingerprints WHERE get_byte(fingerprint, 0) = 2;
             DELETE FROM legs WHERE body_id = '{body}'; DELETE FROM bodies WHERE id = '{body}'"
        )
    };
    let Scene { rig, ours, told, _pool } = committed_and_then(&gone).await;
    let error = told.unwrap_err();
    assert!(matches!(error, StoreError::NotKept { .. } | StoreError::Uncertain { .. }), "{error:?}");
    let again = tokio::time::timeout(Duration::from_secs(60), ours.commit_arrival(letter(&rig, 2).await));
    assert!(matches!(again.await.unwrap().unwrap(), Committed::New(_)), "it comes again and is kept");
}

/// Its client has retried at another node, which has forgotten the fingerprint. Taking that for "not kept" would remove the
/// letter's file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_another_node_has_acknowledged_is_not_taken_for_one_that_is_lost() {
    let gone = |_body: &str| "DELETE FROM fingerprints WHERE get_byte(fingerprint, 0) = 2".to_owned();
    let told = committed_and_then(&gone).await.told;
    assert!(matches!(told, Ok(Committed::New(_))), "{told:?}");
}

/// A store behind a pooler, and the result of a letter.
struct Scene {
    rig: Rig,
    ours: Store,
    told: Result<Committed, StoreError>,
    _pool: Bouncer,
}

/// The result of a letter whose audit row is lost right after its commit, along with what `gone` removes.
async fn committed_and_then(gone: &dyn Fn(&str) -> String) -> Scene {
    let rig = Rig::new();
    let direct = options(Cluster::shared(), &rig.folder());
    let schema = direct.schema.clone();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (socket, port) = (Cluster::shared().socket(), Cluster::shared().port());
    // Each transaction goes to the server process that has been idle longest.
    let pooled = Bouncer::start(address, socket, port, "server_round_robin = 1\n");
    let pool = PostgresHost { name: address.ip().to_string(), port: address.port() };
    let rows = Rows::Postgres(Box::new(PostgresOptions { hosts: vec![pool], ..direct }));
    let ours = proven_in(StoreOptions { rows, ..store_options(&rig.scratch) }, "intake");
    assert!(matches!(ours.commit_arrival(letter(&rig, 1).await).await.unwrap(), Committed::New(_)));
    // Many transactions make the pooler use several processes; then the change is noticed and nothing is prepared any more. Letters
    // would share transactions.
    let mut crowd = Vec::new();
    for _ in 0..16 {
        let store = ours.clone();
        crowd.push(tokio::spawn(async move { store.append_audit(vec![row("arrival.kept", "one")]).await }));
    }
    for one in crowd {
        one.await.unwrap().unwrap();
    }
    for fingerprint in 30..36 {
        let _kept = ours.commit_arrival(letter(&rig, fingerprint).await).await.unwrap();
    }
    // The letter waits at its last statement, with its row of the trail written.
    let mut holds = Stranger::comes(&schema);
    holds.say("BEGIN; SELECT seq FROM audit_anchors FOR UPDATE; -- holds the head");
    seen("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%audit_anchors FOR UPDATE%'").await;
    let (store, rows) = (ours.clone(), letter(&rig, 2).await);
    let body = rows.body.as_ref().map(|body| body.id().to_owned()).unwrap();
    let arriving = tokio::spawn(async move { store.commit_arrival(rows).await });
    seen("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INTO audit_anchors%'").await;
    // The next writer gets the trail as soon as the letter is committed, and before it looks again.
    let mut crash = Stranger::comes(&schema);
    crash.say("BEGIN; LOCK TABLE audit IN ACCESS EXCLUSIVE MODE; SELECT 1 AS locked;");
    seen("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%LOCK TABLE audit%'").await;
    holds.say("COMMIT;");
    holds.goes();
    seen("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%AS locked%'").await;
    crash.say(&format!(
        "DELETE FROM audit WHERE seq = 24; UPDATE audit_anchors a SET seq = 23, proof = (SELECT proof FROM audit WHERE seq = 23);
         {}; COMMIT;",
        gone(&body)
    ));
    crash.goes();
    let told = arriving.await.unwrap();
    Scene { rig, ours, told, _pool: pooled }
}
