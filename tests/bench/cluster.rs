//! `cargo xtask bench cluster`: how many letters a second are taken on SQLite, on PostgreSQL alone, with a synchronous standby, and
//! by two nodes together, in one run and in turn; ratios, since everything shares one machine. Beside it what a letter costs
//! nodes and servers: that does not depend on who else is at work, and says what larger machines will do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rig::postgres_pair::Pair;
use rig::{Config, Gateway, Hop, Smtp, letters};

use crate::measure::Tree;
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

/// What a drive came to.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    letters_a_second: f64,
    /// Of all nodes, and of all database servers, for each letter; milliseconds.
    nodes: f64,
    servers: f64,
    /// Bytes of WAL for each letter.
    wal: f64,
}

pub(crate) fn run(quick: bool) {
    let (rounds, time) = if quick { (1, 5) } else { (3, 20) };
    println!("letters of {} KiB into mailboxes, {SESSIONS} sessions; {}\n", SIZE / 1024, report::load());
    let mut best = [Figures::default(); SUBJECTS.len()];
    for round in 1..=rounds {
        // In turn and not one after the other: what else the machine does hits all alike.
        for (at, (subject, title)) in SUBJECTS.iter().enumerate() {
            let figures = drive(*subject, Duration::from_secs(time));
            let rate = figures.letters_a_second;
            println!("  round {round}  {title:<40} {rate:>7.0} letters/s");
            if best[at].letters_a_second < rate {
                best[at] = figures;
            }
        }
    }
    println!(
        "\n| rows in | letters/s, best of {rounds} | of SQLite | CPU of nodes a letter | of servers | WAL a letter |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    for ((_, title), Figures { letters_a_second, nodes, servers, wal }) in SUBJECTS.iter().zip(best) {
        println!(
            "| {title} | {letters_a_second:.0} | {:.2} | {nodes:.2} ms | {servers:.2} ms | {:.1} kB |",
            letters_a_second / best[0].letters_a_second,
            wal / 1000.0
        );
    }
    println!(
        "\ntwo nodes together: {:.2} of one with a standby",
        best[3].letters_a_second / best[2].letters_a_second
    );
}

fn drive(subject: Subject, time: Duration) -> Figures {
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
    let own: Vec<Tree> = nodes.iter().map(|node| Tree::Process(node.process().id())).collect();
    let servers = pair.iter().flat_map(Pair::servers).map(Tree::Family).collect::<Vec<_>>();
    let used = |trees: &[Tree]| trees.iter().map(|tree| tree.cpu()).sum::<Duration>().as_secs_f64() * 1000.0;
    let wal =
        || pair.as_ref().map_or(0.0, |pair| pair.sql("SELECT pg_current_wal_lsn() - '0/0'").parse().unwrap());
    let now = || (taken.load(Ordering::Relaxed), used(&own), used(&servers), wal());
    let (before, begun) = (now(), Instant::now());
    std::thread::sleep(time);
    let (after, lasted) = (now(), begun.elapsed());
    let letters = (after.0 - before.0) as f64;
    let figures = Figures {
        letters_a_second: letters / lasted.as_secs_f64(),
        nodes: (after.1 - before.1) / letters,
        servers: (after.2 - before.2) / letters,
        wal: (after.3 - before.3) / letters,
    };
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    figures
}
