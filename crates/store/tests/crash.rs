//! Killed in the middle of its work, the store keeps every promise it printed.
//!
//! This program starts itself as the process to be killed. It has no test harness, which would not let it run
//! as a plain child.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use sealpost_mail::{Random, SystemRandom, Timestamp};
use sealpost_store::{
    ArrivalRows, Committed, Folder, Lease, LeaseFrom, LegEnd, LegFilter, LegPurpose, LegStart, NewDeposit,
    NewLeg, NewMailbox, NewWrap, Page, PostgresHost, PostgresOptions, Rows, Store, StoreOptions, WrapKind,
};

use crate::cluster::Cluster;

#[path = "../../../tests/src/postgres.rs"]
#[expect(unreachable_pub, dead_code, reason = "the rig of the flows shares it")]
mod cluster;

const CHILD: &str = "SEALPOST_STORE_CRASH_FOLDER";
/// Where PostgreSQL's socket is, if the rows are there.
const SOCKET: &str = "SEALPOST_STORE_CRASH_SOCKET";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match std::env::var_os(CHILD) {
        Some(folder) => runtime.block_on(work_until_killed(PathBuf::from(folder))),
        None => {
            rounds(&runtime, None);
            let cluster = Cluster::start("");
            rounds(&runtime, Some(cluster.socket()));
        }
    }
}

/// Four kills on one engine.
fn rounds(runtime: &tokio::runtime::Runtime, socket: Option<&Path>) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("store");
    let mut promised = Vec::new();
    // Later rounds find what earlier ones left.
    for lines in [1, 40, 300, 900] {
        promised.extend(promises_of_a_killed_child(&folder, lines, socket));
        runtime.block_on(check(&folder, &promised, socket));
    }
    println!("crash: {} promises kept over 4 kills, {socket:?}", promised.len());
}

fn options(folder: &Path, socket: Option<&Path>) -> StoreOptions {
    let mut options = StoreOptions::new(folder);
    if let Some(socket) = socket {
        let host = PostgresHost { name: socket.to_string_lossy().into_owned(), port: 5432 };
        options.rows = Rows::Postgres(Box::new(PostgresOptions::new(host, "postgres", "sealpost")));
    }
    options
}

/// Starts a child, kills it (SIGKILL) once it has printed this many lines, and returns all it printed.
fn promises_of_a_killed_child(folder: &Path, lines: usize, socket: Option<&Path>) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, folder)
        .envs(socket.map(|socket| (SOCKET, socket)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut promised = Vec::new();
    for line in output.by_ref().take(lines) {
        promised.push(line.unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What is still in the pipe was printed too; only the last line may be cut off.
    promised.extend(output.map_while(Result::ok).filter(|line| line.len() == 34));
    assert!(promised.len() >= lines, "the child ended by itself");
    promised
}

async fn check(folder: &Path, promised: &[String], socket: Option<&Path>) {
    let store = Store::open(options(folder, socket)).unwrap();
    let report = store.sweep(Timestamp(0)).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    let mailbox = store.mailboxes_by_tag(&[[1; 32]]).await.unwrap().pop();
    for line in promised {
        let (kind, id) = line.split_at(2);
        match kind {
            "b " => {
                let body = store.body(id).await.unwrap().unwrap();
                let bytes = body.read(0..body.len()).await.unwrap();
                assert!(bytes.iter().all(|byte| *byte == 7), "{id} holds what was written");
            }
            "d " => {
                let mailbox = mailbox.as_ref().unwrap();
                assert!(store.deposit(&mailbox.id, id).await.unwrap().is_some(), "{id} is there");
            }
            _ => {
                let (any, all) = (LegFilter::default(), Page { offset: 0, limit: 100_000 });
                let legs = store.list_legs(&any, all).await.unwrap().legs;
                assert!(legs.iter().all(|leg| leg.id != id), "{id} was finished");
            }
        }
    }
    store.close().await;
}

async fn work_until_killed(folder: PathBuf) {
    let socket = std::env::var_os(SOCKET).map(PathBuf::from);
    let store = Store::open(options(&folder, socket.as_deref())).unwrap();
    let ids: Arc<dyn Random> = Arc::new(SystemRandom);
    let mailbox_id = loop {
        if let Some(mailbox) = store.mailboxes_by_tag(&[[1; 32]]).await.unwrap().pop() {
            break mailbox.id;
        }
        let mut rows = ArrivalRows::new(Timestamp(0));
        rows.mailboxes.push(NewMailbox {
            id: ids.id(),
            tag: [1; 32],
            address_sealed: Vec::new(),
            public_key: Vec::new(),
            language: "de".to_owned(),
            created_at: Timestamp(0),
            wraps: vec![NewWrap { kind: WrapKind::Activation, sealed: Vec::new() }],
            token: None,
        });
        let _ = store.commit_arrival(rows).await.unwrap();
    };
    let mut tasks = Vec::new();
    for writer in 0..8_usize {
        let (store, ids, mailbox_id) = (store.clone(), Arc::clone(&ids), mailbox_id.clone());
        tasks.push(tokio::spawn(async move {
            for letter in 0_usize.. {
                let large = (letter + writer) % 16 == 0;
                arrive(&store, ids.as_ref(), &mailbox_id, if large { 300_000 } else { 5_000 }).await;
            }
        }));
    }
    tasks.push(tokio::spawn(async move {
        for now in 1_i64.. {
            let now = Timestamp(now);
            let request = Lease {
                owner: "me".to_owned(),
                now,
                until: Timestamp(now.0 + 1000),
                limit: 5,
                from: LeaseFrom::AllBut(&[]),
            };
            for leg in store.lease_legs(request).await.unwrap() {
                let _ = store.finish_leg(&leg, LegEnd::Done, Vec::new()).await.unwrap();
                say("f", &leg.id);
            }
        }
    }));
    for task in tasks {
        task.await.unwrap();
    }
}

/// A letter with a deposit that stays and a leg that is delivered at some point.
async fn arrive(store: &Store, ids: &dyn Random, mailbox_id: &str, len: usize) {
    let mut writer = store.body_writer(ids.id());
    writer.push(&vec![7; len]).await.unwrap();
    let body = writer.finish().await.unwrap();
    let (body_id, deposit_id) = (body.id().to_owned(), ids.id());
    let mut rows = ArrivalRows::new(Timestamp(0));
    rows.deposits.push(NewDeposit {
        id: deposit_id.clone(),
        mailbox_id: mailbox_id.to_owned(),
        body_id: body_id.clone(),
        folder: Folder::Inbox,
        sealed_to: Vec::new(),
        key_sealed: Vec::new(),
        head_sealed: Vec::new(),
        listing_sealed: Vec::new(),
        size: 1,
        received_at: Timestamp(0),
        expires_at: None,
        requested_until: None,
        thread_tags: Vec::new(),
    });
    rows.legs.push(NewLeg {
        id: ids.id(),
        arrival_id: "arrival".to_owned(),
        body_id: Some(body_id.clone()),
        ticket_sealed: vec![1; 500],
        destination: "a.example".to_owned(),
        due_at: Timestamp(0),
        expires_at: Timestamp(9),
        created_at: Timestamp(0),
        purpose: LegPurpose::Relay,
        state: LegStart::Queued,
    });
    rows.body = Some(body);
    if let Committed::New(_) = store.commit_arrival(rows).await.unwrap() {
        say("b", &body_id);
        say("d", &deposit_id);
    }
}

/// One whole line at a time; the parent counts nothing else as a promise.
fn say(kind: &str, id: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{kind} {id}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
