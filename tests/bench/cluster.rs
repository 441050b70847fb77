//! `cargo xtask bench cluster`: letters accepted per second on SQLite, on PostgreSQL alone, with a synchronous standby, and by two
//! nodes together, in one run and alternating; as ratios, since everything shares one machine. Also the cost per letter on nodes
//! and servers, which does not depend on other load and predicts larger machines. Two nodes on the cores of one cannot accept more;
//! so one and two are also measured with a fixed share of a core each, as on separate machines.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rig::postgres_pair::Pair;
use rig::{Config, Gateway, Hop, Smtp, letters};

use crate::cpu_share::CpuShare;
use crate::measure::Tree;
use crate::report;

/// Sessions at once, over all nodes.
const SESSIONS: usize = 32;
/// A body of 12 KiB: what most letters are.
const SIZE: usize = 12 * 1024;

/// What a node has where shares are fixed, in percent of one core: servers, callers and two nodes fit into two cores.
const SHARE: u32 = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Sqlite,
    Postgres,
    Standby,
    TwoNodes,
    OneShare,
    TwoShares,
}

const SUBJECTS: [(Subject, &str); 6] = [
    (Subject::Sqlite, "SQLite"),
    (Subject::Postgres, "PostgreSQL alone"),
    (Subject::Standby, "PostgreSQL with a synchronous standby"),
    (Subject::TwoNodes, "the same, two nodes"),
    (Subject::OneShare, "with a standby, one node of a quarter core"),
    (Subject::TwoShares, "with a standby, two nodes of a quarter core"),
];

/// The results of a drive.
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
            println!("  round {round}  {title:<43} {rate:>7.0} letters/s");
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
        "\ntwo nodes together: {:.2} of one with a standby on the same cores; with a quarter of a core each {:.2} of one",
        best[3].letters_a_second / best[2].letters_a_second,
        best[5].letters_a_second / best[4].letters_a_second
    );
}

fn drive(subject: Subject, time: Duration) -> Figures {
    let hop = Hop::new();
    // As in deploy/cluster, with less memory. With fsync: the disk is measured, too.
    let synced = "fsync = on\nfull_page_writes = on\nshared_buffers = 1GB\nwal_buffers = 64MB\nmax_wal_size = 8GB\n\
                  checkpoint_timeout = 15min\njit = off";
    let pair = match subject {
        Subject::Sqlite => None,
        Subject::Postgres => Some(Pair::without_standby(synced)),
        Subject::Standby | Subject::TwoNodes | Subject::OneShare | Subject::TwoShares => {
            Some(Pair::start(synced))
        }
    };
    let bodies = tempfile::tempdir().unwrap();
    rig::gateway::mode(bodies.path(), 0o700);
    let mut configs = vec![Config::on_sqlite(&hop)];
    if matches!(subject, Subject::TwoNodes | Subject::TwoShares) {
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
    let shares: Vec<CpuShare> = match subject {
        Subject::Sqlite | Subject::Postgres | Subject::Standby | Subject::TwoNodes => Vec::new(),
        Subject::OneShare | Subject::TwoShares => {
            match configs.iter().map(|_| CpuShare::new(SHARE)).collect() {
                Some(shares) => shares,
                // Who may not make control groups gets no figures for them.
                None => return Figures::default(),
            }
        }
    };
    let nodes: Vec<_> = configs.iter().map(Gateway::start).collect();
    for (node, share) in nodes.iter().zip(&shares) {
        share.hold(node.process().id());
    }
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
