//! What the audit trail costs an arrival: the same arrivals with and without its row, alternating, and the ratio of
//! their rates.
//!
//! `cargo xtask bench audit`, or `cargo run --release -p sealpost-mailbox --example audit_cost -- [callers] [arrivals]`

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealpost_mail::{Random as _, Secret, SequenceRandom, Timestamp};
use sealpost_mailbox::audit::{Actor, Arrived, Chain, Event};
use sealpost_store::{ArrivalRows, Committed, LegPurpose, LegStart, NewLeg, Store, StoreError, StoreOptions};
use sealpost_vault::ServerKey;
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

/// As large as most letters are.
const BYTES: usize = 10 * 1024;

/// Alternating, so that other load on the machine affects both alike. The best round counts.
const ROUNDS: usize = 5;

/// Whether an arrival is recorded in the trail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trail {
    Noted,
    Silent,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let mut number = |usual: usize| words.next().and_then(|word| word.parse().ok()).unwrap_or(usual);
    let (callers, arrivals) = (number(50), number(20_000));
    let mut out = std::io::stdout();
    let (mut noted, mut silent) = (0.0_f64, 0.0_f64);
    for _round in 0..ROUNDS {
        silent = silent.max(rate(callers, arrivals, Trail::Silent).await?);
        noted = noted.max(rate(callers, arrivals, Trail::Noted).await?);
        writeln!(out, "without the trail {silent:.0}/s, with it {noted:.0}/s so far")?;
    }
    writeln!(out, "ratio {:.2}", noted / silent)?;
    Ok(())
}

async fn rate(callers: usize, arrivals: usize, trail: Trail) -> Result<f64, Failure> {
    let scratch = tempfile::tempdir_in(".")?;
    let chain = Chain::new(ServerKey::from_bytes(Secret::new([7; 32])).keys().intake().queue.audit);
    let options =
        StoreOptions { prover: Some(Arc::new(chain)), ..StoreOptions::new(scratch.path().join("store")) };
    let store = Store::open(options)?;
    let ids = Arc::new(SequenceRandom::default());
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, ids, next) = (store.clone(), Arc::clone(&ids), Arc::clone(&next));
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::SeqCst) < arrivals {
                    arrive(&store, &ids, trail).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let seconds = started.elapsed().as_secs_f64();
    store.close().await;
    Ok(f64::from(u32::try_from(arrivals)?) / seconds)
}

async fn arrive(store: &Store, ids: &SequenceRandom, trail: Trail) -> Result<(), StoreError> {
    let mut writer = store.body_writer(ids.id());
    writer.push(&vec![7; BYTES]).await?;
    let body = writer.finish().await?;
    let mut fingerprint = [0; 32];
    ids.fill(&mut fingerprint);
    let (letter, at) = (ids.id(), Timestamp(0));
    let mut rows = ArrivalRows::new(at);
    rows.fingerprint = Some(fingerprint);
    rows.legs.push(NewLeg {
        id: ids.id(),
        arrival_id: letter.clone(),
        body_id: Some(body.id().to_owned()),
        ticket_sealed: vec![1; 2048],
        destination: "smarthost".to_owned(),
        due_at: at,
        expires_at: Timestamp(1_000_000),
        created_at: at,
        purpose: LegPurpose::Relay,
        state: LegStart::Queued,
    });
    rows.body = Some(body);
    if trail == Trail::Noted {
        let event = Event::LetterDeposited {
            letter: &letter,
            mailbox: &letter,
            arrival: Some(Arrived { id: &letter, sha256: [0; 32] }),
        };
        rows.audit.push(event.row(at, &Actor::Sender, None));
    }
    if let Committed::New(_) = store.commit_arrival(rows).await? {
        store.acknowledge(fingerprint, at);
    }
    Ok(())
}
