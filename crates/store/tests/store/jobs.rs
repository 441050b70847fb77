//! Jobs: one run at a time, and a request made during a run is not lost when it ends.

use sealpost_mail::Timestamp;
use sealpost_store::{Claim, JobEnd, JobStart};

use crate::rig::{LATER, NOW, Rig};

const NEXT: Timestamp = Timestamp(9_000_000);

fn claim(owner: &str) -> Claim<'_> {
    Claim {
        job: "ocsp",
        owner,
        now: NOW,
        until: LATER,
        longest: NEXT,
        latest: Timestamp(99_000_000),
        first: NOW,
        start: JobStart::WhenDue,
    }
}

fn end(owner: &str, number: i64) -> JobEnd<'_> {
    JobEnd { job: "ocsp", owner, number, now: NOW, due_at: NEXT, counts: "{}".to_owned(), error: None }
}

#[tokio::test]
async fn a_request_that_comes_during_a_run_survives_its_end() {
    let rig = Rig::new();
    let store = &rig.store;
    let first = store.claim_job(claim("a")).await.unwrap().unwrap();
    store.make_job_due("ocsp", NOW).await.unwrap();
    assert_eq!(store.claim_job(claim("b")).await.unwrap(), None, "it is under way");
    assert!(store.end_job(end("a", first)).await.unwrap());
    let row = store.jobs().await.unwrap().remove(0);
    assert_eq!((row.due_at, row.requested_at, row.leased), (NOW, Some(NOW), None));

    let second = store.claim_job(claim("b")).await.unwrap().unwrap();
    assert!(store.end_job(end("b", second)).await.unwrap());
    let row = store.jobs().await.unwrap().remove(0);
    assert_eq!((row.due_at, row.requested_at), (NEXT, None), "one request, one run");
    assert_eq!(store.claim_job(claim("a")).await.unwrap(), None);
    rig.clean().await;
}

#[tokio::test]
async fn a_request_counts_whose_clock_is_ahead() {
    let rig = Rig::new();
    let store = &rig.store;
    let first = store.claim_job(claim("a")).await.unwrap().unwrap();
    assert!(store.end_job(end("a", first)).await.unwrap());
    store.make_job_due("ocsp", LATER).await.unwrap();
    let second = store.claim_job(claim("a")).await.unwrap().unwrap();
    assert!(second > first);
    rig.clean().await;
}
