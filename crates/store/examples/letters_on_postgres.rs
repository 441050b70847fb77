//! What a confidential letter costs a PostgreSQL server and the store in front of it: CPU, statements, WAL. Each letter has a
//! notice, and its legs are delivered; SMTP and sealing are left out. Runs its own server and removes it afterwards.
//!
//! `cargo run -p sealpost-store --example letters_on_postgres -- [callers] [seconds] [nodes] [pause of a caller, ms] [body bytes]`
#![expect(clippy::unwrap_used, reason = "as in tests: it is run by hand")]

#[path = "../../../tests/src/postgres.rs"]
#[expect(unreachable_pub, dead_code, reason = "the rig of the flows shares it")]
mod cluster;

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sealpost_mail::{Random as _, SystemRandom, Timestamp};
use sealpost_store::{
    ArrivalRows, AuditRow, Committed, Finished, Folder, LegEnd, LegNotes, LegPurpose, LegStart, MailboxSizes,
    NewBounceMemo, NewDeposit, NewLeg, NewMailbox, NewNode, NewWrap, PostgresHost, PostgresOptions, Rows,
    Store, StoreError, StoreOptions, WrapKind,
};
use tokio::time::Instant;

use crate::cluster::Cluster;

type Failure = Box<dyn Error + Send + Sync>;

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(9_000_000);
/// As many as `cargo xtask bench cluster` has.
const MAILBOXES: u8 = 200;

#[derive(Clone, Copy)]
struct Load {
    bytes: usize,
    pause: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let mut number = |usual: usize| words.next().and_then(|word| word.parse().ok()).unwrap_or(usual);
    let (callers, seconds, nodes) = (number(32), number(15), number(1));
    let pause = Duration::from_millis(u64::try_from(number(0))?);
    let load = Load { pause, bytes: number(12_500) };
    let server = Cluster::start(
        "fsync = on\nfull_page_writes = on\nshared_buffers = 128MB\nshared_preload_libraries = 'pg_stat_statements'\n\
         pg_stat_statements.track_utility = on",
    );
    server.sql("CREATE EXTENSION pg_stat_statements");
    let scratch = tempfile::tempdir()?;
    let stores =
        (0..nodes.max(1)).map(|nth| open(&server, scratch.path(), nth)).collect::<Result<Vec<_>, _>>()?;
    let mut mailboxes = Vec::new();
    for tag in 0..MAILBOXES {
        mailboxes.push(make(stores.first().ok_or("no node")?, tag).await?);
    }
    let mailboxes = Arc::new(mailboxes);
    let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let work: Vec<_> = (0..callers)
        .zip(stores.iter().cycle())
        .map(|(caller, store)| {
            let (store, mailboxes) = (store.clone(), Arc::clone(&mailboxes));
            let (done, stop) = (Arc::clone(&done), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut nth = 0;
                while !stop.load(Ordering::Relaxed) {
                    let to =
                        mailboxes.get((caller * 31 + nth) % mailboxes.len()).ok_or(StoreError::Closed)?;
                    letter(&store, to, load).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                    nth += 1;
                    if !load.pause.is_zero() {
                        tokio::time::sleep(load.pause).await;
                    }
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    // Gives connections time to prepare their statements.
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.sql("SELECT pg_stat_statements_reset()");
    let before = Seen::now(&server, &done);
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(u64::try_from(seconds)?)).await;
    let after = Seen::now(&server, &done);
    let lasted = begun.elapsed();
    let statements = server.sql(
        "SELECT calls, round(total_exec_time::numeric, 0), round(total_plan_time::numeric, 0), rows, wal_bytes,
             regexp_replace(left(query, 110), '\\s+', ' ', 'g')
         FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 24",
    );
    let all = server.sql("SELECT sum(calls) FROM pg_stat_statements");
    let tables = server.sql(
        "SELECT relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, seq_scan, n_dead_tup FROM pg_stat_user_tables
         WHERE n_tup_ins + n_tup_upd > 500 ORDER BY n_tup_ins DESC",
    );
    stop.store(true, Ordering::Relaxed);
    for one in work {
        one.await??;
    }
    for store in stores {
        store.close().await;
    }
    let letters = f64::from(u32::try_from(after.letters - before.letters)?);
    let of = |now: f64, then: f64| (now - then) / letters;
    let mut out = std::io::stdout();
    writeln!(out, "{statements}\n{tables}")?;
    writeln!(
        out,
        "letters/s {:.0}; a letter: servers {:.3} ms, store {:.3} ms, statements {:.1}, transactions {:.2}, WAL {:.1} kB",
        letters / lasted.as_secs_f64(),
        of(after.servers, before.servers),
        of(after.own, before.own),
        all.parse::<f64>()? / letters,
        of(after.transactions, before.transactions),
        of(after.wal, before.wal) / 1000.0,
    )?;
    Ok(())
}

fn open(server: &Cluster, scratch: &std::path::Path, nth: usize) -> Result<Store, Failure> {
    let host = PostgresHost { name: server.socket().to_string_lossy().into_owned(), port: server.port() };
    let mut options = PostgresOptions::new(host, "postgres", "sealpost");
    options.node = Some(NewNode {
        name: format!("node{nth}"),
        roles: "all".to_owned(),
        version: "0".to_owned(),
        silence: Duration::from_secs(30),
    });
    let folder = scratch.join("store");
    Ok(Store::open(StoreOptions { rows: Rows::Postgres(Box::new(options)), ..StoreOptions::new(folder) })?)
}

/// A mailbox's id and its tag.
type Mailbox = (String, [u8; 32]);

async fn make(store: &Store, tag: u8) -> Result<Mailbox, StoreError> {
    let mut rows = ArrivalRows::new(NOW);
    let id = SystemRandom.id();
    rows.mailboxes.push(NewMailbox {
        id: id.clone(),
        tag: [tag; 32],
        address_sealed: vec![1; 120],
        public_key: vec![2; 1216],
        language: "de".to_owned(),
        created_at: NOW,
        wraps: vec![NewWrap { kind: WrapKind::Activation, sealed: vec![3; 200] }],
        token: None,
    });
    let _new = store.commit_arrival(rows).await?;
    Ok((id, [tag; 32]))
}

fn noted(action: &str, object: &str, mailbox: &str) -> AuditRow {
    AuditRow {
        at: NOW,
        actor: "system".to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        mailbox: mailbox.to_owned(),
        network: String::new(),
        outcome: "done".to_owned(),
        detail: format!("arrival=0123456789abcdef0123456789abcdef sha256={object}{object}"),
    }
}

async fn letter(store: &Store, (mailbox_id, tag): &Mailbox, load: Load) -> Result<(), StoreError> {
    let _reached = store.reach_mailboxes(&[*tag], MailboxSizes::NotAsked).await?;
    let random = SystemRandom;
    let mut writer = store.body_writer(random.id());
    writer.push(&vec![7; load.bytes]).await?;
    let body = writer.finish().await?;
    let mut fingerprint = [0; 32];
    random.fill(&mut fingerprint);
    let mut thread = [0; 32];
    random.fill(&mut thread);
    let mut return_hash = [0; 32];
    random.fill(&mut return_hash);
    let deposit_id = random.id();
    let mut rows = ArrivalRows::new(NOW);
    rows.fingerprint = Some(fingerprint);
    rows.deposits.push(NewDeposit {
        id: deposit_id.clone(),
        mailbox_id: mailbox_id.clone(),
        body_id: body.id().to_owned(),
        folder: Folder::Inbox,
        key_sealed: vec![1; 1200],
        sealed_to: vec![2; 1216],
        head_sealed: vec![3; 700],
        listing_sealed: vec![4; 300],
        size: 12_288,
        received_at: NOW,
        expires_at: Some(LATER),
        requested_until: None,
        thread_tags: vec![thread],
    });
    rows.legs.push(NewLeg {
        id: random.id(),
        arrival_id: random.id(),
        body_id: None,
        ticket_sealed: vec![5; 1500],
        destination: "smarthost".to_owned(),
        due_at: NOW,
        expires_at: LATER,
        created_at: NOW,
        purpose: LegPurpose::Notice,
        state: LegStart::InHand { owner: "probe".to_owned(), until: LATER },
    });
    rows.bounce_memos.push(NewBounceMemo {
        mailbox_id: mailbox_id.clone(),
        deposit_id: deposit_id.clone(),
        number: 0,
        return_hash,
        memo_sealed: vec![6; 300],
        created_at: NOW,
    });
    rows.audit.push(noted("letter.deposited", &deposit_id, mailbox_id));
    rows.body = Some(body);
    let Committed::New(durable) = store.commit_arrival(rows).await? else { return Err(StoreError::Closed) };
    store.acknowledge(fingerprint, NOW);
    for leg in durable.in_hand {
        let audit = vec![noted("notice.delivered", &leg.id, mailbox_id)];
        let store = store.noting(LegNotes { audit, events: Vec::new() });
        tokio::spawn(async move {
            match store.finish_leg(&leg, LegEnd::Done, Vec::new()).await {
                Ok(Finished::Recorded) => {}
                Ok(Finished::LeaseLost) | Err(_) => tracing::error!("an end was not written"),
            }
        });
    }
    Ok(())
}

/// Usage so far, in milliseconds and bytes.
struct Seen {
    letters: usize,
    servers: f64,
    own: f64,
    transactions: f64,
    wal: f64,
}

impl Seen {
    fn now(server: &Cluster, done: &AtomicUsize) -> Self {
        let number = |question: &str| server.sql(question).parse().unwrap();
        let pid = std::fs::read_to_string(server.socket().join("data/postmaster.pid")).unwrap();
        let postmaster: u32 = pid.lines().next().unwrap().parse().unwrap();
        let wal = number("SELECT pg_current_wal_lsn() - '0/0'");
        let transactions = number("SELECT sum(xact_commit) FROM pg_stat_database");
        let everybody = std::fs::read_dir("/proc").unwrap();
        let pids = everybody.filter_map(|one| one.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let servers =
            pids.filter_map(used).filter(|(pid, parent, _)| *pid == postmaster || *parent == postmaster);
        Self {
            letters: done.load(Ordering::Relaxed),
            servers: servers.map(|(_, _, ticks)| ticks).sum(),
            own: used(std::process::id()).unwrap().2,
            transactions,
            wal,
        }
    }
}

/// A process, its parent, and what it and its ended children have used, in milliseconds.
fn used(pid: u32) -> Option<(u32, u32, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // proc(5): the parent is field 4, utime 14, stime 15, cutime 16, cstime 17; the first two come before the ')'.
    let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u32>().ok());
    let ticks = number(14)? + number(15)? + number(16)? + number(17)?;
    Some((pid, number(4)?, f64::from(ticks) * 10.0))
}
