//! `cargo xtask bench cluster`: how many letters a second are taken on SQLite, on PostgreSQL alone, with a synchronous standby, and
//! by two nodes together, in one run and in turn; ratios, since everything shares one machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rig::postgres_pair::Pair;
use rig::{Config, Gateway, Hop, Smtp, letters};

use crate::report;

/// Sessions at once, over all nodes.
const SESSIONS: usize = 32;
/// A body of 12 KiB: what most letters are.
const SIZE: usize = 12 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Sqlite,
    Postgres,
    Standby,
    TwoNodes,
}

const SUBJECTS: [(Subject, &str); 4] = [
    (Subject::Sqlite, "SQLite"),
    (Subject::Postgres, "PostgreSQL alone"),
    (Subject::Standby, "PostgreSQL with a synchronous standby"),
    (Subject::TwoNodes, "the same, two nodes"),
];

pub(crate) fn run(quick: bool) {
    let (rounds, time) = if quick { (1, 5) } else { (3, 20) };
    println!("letters of {} KiB into mailboxes, {SESSIONS} sessions; {}\n", SIZE / 1024, report::load());
    let mut best = [0.0_f64; SUBJECTS.len()];
    for round in 1..=rounds {
        // In turn and not one after the other: what else the machine does hits all alike.
        for (at, (subject, title)) in SUBJECTS.iter().enumerate() {
            let rate = drive(*subject, Duration::from_secs(time));
            println!("  round {round}  {title:<40} {rate:>7.0} letters/s");
            best[at] = best[at].max(rate);
        }
    }
    println!("\n| rows in | letters/s, best of {rounds} | of SQLite |\n|---|---|---|");
    for ((_, title), rate) in SUBJECTS.iter().zip(best) {
        println!("| {title} | {rate:.0} | {:.2} |", rate / best[0]);
    }
    println!("\ntwo nodes together: {:.2} of one with a standby", best[3] / best[2]);
}

fn drive(subject: Subject, time: Duration) -> f64 {
    let hop = Hop::new();
    // Synced as an operator has it: what is measured is the disk, too.
    let synced = "fsync = on\nfull_page_writes = on";
    let pair = match subject {
        Subject::Sqlite => None,
        Subject::Postgres => Some(Pair::without_standby(synced)),
        Subject::Standby | Subject::TwoNodes => Some(Pair::start(synced)),
    };
    let bodies = tempfile::tempdir().unwrap();
    rig::gateway::mode(bodies.path(), 0o700);
    let mut configs = vec![Config::on_sqlite(&hop)];
    if subject == Subject::TwoNodes {
        configs.push(Config::on_sqlite(&hop));
    }
    for config in &mut configs {
        config.set("log", "level", r#""warn""#);
        if let Some(pair) = &pair {
            config.rows_in(pair.cluster()).set("store", "schema", r#""bench""#);
            config.set("store", "bodies", &format!("{:?}", bodies.path()));
            if subject != Subject::Postgres {
                config.set("store", "durability", r#""replicated""#);
            }
        }
    }
    let nodes: Vec<_> = configs.iter().map(Gateway::start).collect();
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.config.smtp).collect();
    let (taken, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..SESSIONS)
        .map(|session| {
            let (taken, stop) = (Arc::clone(&taken), Arc::clone(&stop));
            let address = addresses[session % addresses.len()];
            std::thread::spawn(move || {
                let mut client = Smtp::connect(address);
                client.ehlo();
                let mut nth = 0;
                while !stop.load(Ordering::Relaxed) {
                    let letter = letters::sized(&format!("[vertraulich] {session} {nth}"), SIZE);
                    let to = format!("box{}@web.example", (session * 31 + nth) % 200);
                    client.letter("a@insurer.example", &[&to], &letter).expect("250 *");
                    taken.fetch_add(1, Ordering::Relaxed);
                    nth += 1;
                }
            })
        })
        .collect();
    // Mailboxes are made first.
    std::thread::sleep(Duration::from_secs(2));
    let (before, begun) = (taken.load(Ordering::Relaxed), Instant::now());
    std::thread::sleep(time);
    let rate = (taken.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    rate
}
