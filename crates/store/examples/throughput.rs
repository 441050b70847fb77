//! How many arrivals a second become durable, and how fast legs are leased and finished.
//!
//! `cargo run --release -p sealpost-store --example throughput -- [callers] [arrivals] [body bytes] [folder]`

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealpost_mail::{Random as _, SequenceRandom, Timestamp};
use sealpost_store::{
    ArrivalRows, Committed, Finished, Lease, LeaseFrom, LegEnd, LegPurpose, LegStart, NewLeg, Store,
    StoreError, StoreOptions,
};
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let mut number = |usual: usize| words.next().and_then(|word| word.parse().ok()).unwrap_or(usual);
    let (callers, arrivals, bytes) = (number(50), number(20_000), number(10 * 1024));
    let scratch = tempfile::tempdir_in(words.next().unwrap_or_else(|| ".".to_owned()))?;
    let store = Store::open(StoreOptions::new(scratch.path().join("store")))?;
    let ids = Arc::new(SequenceRandom::default());
    let mut out = std::io::stdout();

    let started = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, ids, next) = (store.clone(), Arc::clone(&ids), Arc::clone(&next));
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::SeqCst) < arrivals {
                    arrive(&store, &ids, bytes).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    report(&mut out, "commit_arrival", arrivals, started)?;

    let started = Instant::now();
    let mut finished = 0;
    loop {
        let until = Timestamp(1_000_000);
        let request = Lease {
            owner: "a".to_owned(),
            now: Timestamp(1),
            until,
            limit: 100,
            from: LeaseFrom::AllBut(&[]),
        };
        let legs = store.lease_legs(request).await?;
        if legs.is_empty() {
            break;
        }
        finished += legs.len();
        let tasks: Vec<_> = legs
            .into_iter()
            .map(|leg| {
                let store = store.clone();
                tokio::spawn(async move { store.finish_leg(&leg, LegEnd::Done, Vec::new()).await })
            })
            .collect();
        for task in tasks {
            if task.await?? == Finished::LeaseLost {
                return Err("a lease was lost".into());
            }
        }
    }
    report(&mut out, "lease + finish", finished, started)?;
    let sweep = store.sweep(Timestamp(1)).await?;
    writeln!(out, "{:?} {:?}", sweep.counts, sweep.problems)?;
    store.close().await;
    Ok(())
}

async fn arrive(store: &Store, ids: &SequenceRandom, bytes: usize) -> Result<(), StoreError> {
    let mut writer = store.body_writer(ids.id());
    writer.push(&vec![7; bytes]).await?;
    let body = writer.finish().await?;
    let mut fingerprint = [0; 32];
    ids.fill(&mut fingerprint);
    let mut rows = ArrivalRows::new(Timestamp(0));
    rows.fingerprint = Some(fingerprint);
    rows.legs.push(NewLeg {
        id: ids.id(),
        arrival_id: ids.id(),
        body_id: Some(body.id().to_owned()),
        ticket_sealed: vec![1; 2048],
        destination: "smarthost".to_owned(),
        due_at: Timestamp(0),
        expires_at: Timestamp(1_000_000),
        created_at: Timestamp(0),
        purpose: LegPurpose::Relay,
        state: LegStart::Queued,
    });
    rows.body = Some(body);
    if let Committed::New(_) = store.commit_arrival(rows).await? {
        store.acknowledge(fingerprint, Timestamp(0));
    }
    Ok(())
}

fn report(out: &mut impl std::io::Write, what: &str, count: usize, started: Instant) -> std::io::Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds;
    writeln!(out, "{what}: {count} in {seconds:.2} s = {rate:.0}/s")
}
