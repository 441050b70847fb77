//! `cargo xtask bench purge [LETTERS]`: letters that all expire at once, and how fast letters are accepted while they
//! are deleted.
//!
//! The letters are copies of a few real ones, written directly into the rows, as sending a million would take hours.
//! Then the same clients send to the same gateway, before anything is due and during the deletion.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rig::{Config, Gateway, Smtp, letters};
use rusqlite::{Connection, params};

use crate::road::Sink;

/// As many as an insurer with a monthly mailing may have on one day.
const USUAL: usize = 1_000_000;

/// What the rate may fall to: issue 11 asks for it.
const FLOOR: f64 = 0.8;

/// Clients at the same time.
const CLIENTS: usize = 10;

/// Letters per mailbox, until there are this many mailboxes, and then more.
const EACH: usize = 400;
const MAX_MAILBOXES: usize = 1_000;

/// A mail server ends a session after some letters.
const LETTERS_A_SESSION: usize = 50;

/// Until the rates of the beginning are over.
const WARM: Duration = Duration::from_secs(3);

/// How long the rate before is measured.
const BEFORE: Duration = Duration::from_secs(20);

/// Purges go on every minute, at the latest; a million letters take their time.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// Letters under way and done.
struct Load {
    taken: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    clients: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start(gateway: &Gateway, mailboxes: usize) -> Self {
        let (taken, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let client = |number: usize| {
            let (taken, stop, address) = (Arc::clone(&taken), Arc::clone(&stop), gateway.config.smtp);
            std::thread::spawn(move || {
                let letter = letters::sized("[vertraulich] Brief", 2 * 1024);
                let mut turn = number;
                while !stop.load(Ordering::SeqCst) {
                    let mut client = Smtp::connect(address);
                    client.ehlo();
                    for _ in 0..LETTERS_A_SESSION {
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                        let to = recipient(turn, mailboxes);
                        client.letter("erika@insurer.example", &[&to], &letter).expect("250 *");
                        taken.fetch_add(1, Ordering::SeqCst);
                        turn += CLIENTS;
                    }
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { taken, stop, clients }
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.clients.into_iter().for_each(|client| client.join().unwrap());
    }
}

fn recipient(turn: usize, mailboxes: usize) -> String {
    format!("kunde{}@web.example", turn % mailboxes)
}

/// Measures, and says whether the floor was kept.
pub(crate) fn run(wanted: Option<&str>) -> ExitCode {
    let count = wanted.map_or(USUAL, |word| word.parse().unwrap());
    let mailboxes = (count / EACH).clamp(CLIENTS, MAX_MAILBOXES);
    let sink = Sink::start();
    let mut config = Config::to(sink.address);
    config.unset("log", "level").unset("delivery", "retry");
    let mut gateway = Gateway::start(&config);
    gateway.knows_its_jobs();
    println!("{mailboxes} mailboxes get a letter each ...");
    let (small, mut client) = (letters::plain("[vertraulich] Brief", "Text"), gateway.smtp());
    for turn in 0..mailboxes {
        if turn % LETTERS_A_SESSION == 0 {
            client = gateway.smtp();
        }
        client.letter("erika@insurer.example", &[&recipient(turn, mailboxes)], &small).expect("250 *");
    }
    drop(client);
    println!("and {count} copies of them ...");
    gateway.kill();
    let rows = Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(Duration::from_secs(60)).unwrap();
    let made = multiply(&rows, count.div_ceil(mailboxes));
    gateway.restart();
    let load = Load::start(&gateway, mailboxes);
    std::thread::sleep(WARM);
    let before = rate(&load, || std::thread::sleep(if count < USUAL { BEFORE / 4 } else { BEFORE }));
    println!("before: {before:.1} letters a second");
    load.end();

    gateway.kill();
    let last_run = make_due(&rows);
    gateway.restart();
    let load = Load::start(&gateway, mailboxes);
    wait("the purge to begin", || has_begun(&rows, last_run));
    let begun = Instant::now();
    let during = rate(&load, || wait("the purge to end", || !is_anything_due(&rows)));
    let lasted = begun.elapsed().as_secs_f64();
    println!("while {made} letters went in {lasted:.1} s: {during:.1} letters a second");
    // What slows the machine, or the larger store, in any case.
    let after = rate(&load, || std::thread::sleep(if count < USUAL { BEFORE / 4 } else { BEFORE }));
    println!("after: {after:.1} letters a second ({:.2} of the rate before)", after / before);
    load.end();
    let ratio = during / before;
    println!("ratio {ratio:.2} (at least {FLOOR})");
    drop(rows);
    gateway.stop();
    if ratio < FLOOR { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn rate(load: &Load, meanwhile: impl FnOnce()) -> f64 {
    let (first, begun) = (load.taken(), Instant::now());
    meanwhile();
    let taken = u32::try_from(load.taken() - first).unwrap();
    f64::from(taken) / begun.elapsed().as_secs_f64()
}

fn wait(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn has_begun(rows: &Connection, last_run: i64) -> bool {
    let runs = "SELECT count(*) FROM job_runs WHERE job = 'retention' AND number > ?1";
    rows.query_row(runs, [last_run], |row| row.get::<_, i64>(0)).unwrap() > 0
}

/// Whether a copy is there still: nothing else is due.
fn is_anything_due(rows: &Connection) -> bool {
    let due = "SELECT count(*) FROM (SELECT 1 FROM deposits WHERE expires_at <= 1 LIMIT 1)";
    rows.query_row(due, [], |row| row.get::<_, i64>(0)).unwrap() > 0
}

/// Copies every letter, its body and the memory of its notice so often. Returns how many copies there are.
fn multiply(rows: &Connection, each: usize) -> usize {
    let each = i64::try_from(each).unwrap();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) ";
    let copies = [
        "INSERT INTO bodies (id, size, place, bytes) SELECT b.id || '-' || i, b.size, b.place, b.bytes
         FROM n, bodies b WHERE b.place = 'row'",
        "INSERT INTO deposits (id, mailbox_id, body_id, folder, size, received_at, read_at, expires_at, flags,
             listing_sealed, key_sealed, head_sealed)
         SELECT d.id || '-' || i, d.mailbox_id, d.body_id || '-' || i, d.folder, d.size, d.received_at, d.read_at,
             9000000000000000, d.flags, d.listing_sealed, d.key_sealed, d.head_sealed
         FROM n, deposits d WHERE d.folder = 'inbox'",
        "INSERT INTO bounce_memos (token, mailbox_id, deposit_id, created_at, memo_sealed)
         SELECT t.deposit_id || '-' || i || '00', t.mailbox_id, t.deposit_id || '-' || i, t.created_at, t.memo_sealed
         FROM n, bounce_memos t WHERE t.token = t.deposit_id || '00'",
    ];
    rows.execute_batch("PRAGMA foreign_keys = off; BEGIN").unwrap();
    let made: Vec<usize> =
        copies.iter().map(|sql| rows.execute(&format!("{numbers}{sql}"), params![each]).unwrap()).collect();
    rows.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    assert_eq!(made[0], made[1], "a body for every letter");
    made[1]
}

/// From now on all copies are due, and the job is at the next look. Returns the number of its last run.
fn make_due(rows: &Connection) -> i64 {
    rows.execute("UPDATE deposits SET expires_at = 1 WHERE expires_at = 9000000000000000", []).unwrap();
    rows.execute(
        "UPDATE jobs SET due_at = 0, lease_owner = NULL, lease_until = NULL WHERE name = 'retention'",
        [],
    )
    .unwrap();
    rows.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    rows.query_row("SELECT coalesce(max(number), 0) FROM job_runs", [], |row| row.get(0)).unwrap()
}
