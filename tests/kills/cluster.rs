//! `cargo xtask kills cluster [COUNT]`: two nodes over a primary with a synchronous standby and a bucket, under load; one
//! fault after the other, and how long it was until a letter was taken again. In the end everything is counted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rig::postgres_pair::Pair;
use rig::process::poll;
use rig::s3::S3;
use rig::tap::Tap;
use rig::{Config, Gateway, Hop};
use rustix::process::Signal;

use crate::REST;
use crate::sender::Senders;

/// Sessions at once, over both nodes.
const SESSIONS: usize = 8;
/// Between two faults everything is well for so long.
const CALM: Duration = Duration::from_secs(3);
/// How long a node stands still, or is cut off.
const STILL: Duration = Duration::from_secs(40);
/// A pause ends with as many letters taken as there are sessions: each of them goes on.
const TAKEN: u64 = 8;

#[derive(Clone, Copy, Debug)]
enum Fault {
    NodeKilled,
    PrimaryKilled,
    StandbyKilled,
    BucketKilled,
    NodeStopped,
    NodeCutOff,
}

const FAULTS: [Fault; 6] = [
    Fault::NodeKilled,
    Fault::PrimaryKilled,
    Fault::StandbyKilled,
    Fault::BucketKilled,
    Fault::NodeStopped,
    Fault::NodeCutOff,
];

struct Scene {
    hop: Hop,
    pair: Pair,
    server: S3,
    nodes: Vec<Gateway>,
    /// The second node's ways to both servers.
    taps: [Tap; 2],
    senders: Senders,
    schema: String,
    /// How much each node had said when the last fault began.
    lines: Vec<usize>,
}

pub(crate) fn run(count: usize) -> ExitCode {
    let mut scene = scene();
    let mut pauses: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for nth in 0..count {
        let fault = FAULTS[nth % FAULTS.len()];
        std::thread::sleep(CALM);
        let pause = scene.strike(fault, nth / FAULTS.len() % 2);
        println!(
            "{:>3} {fault:?}: a letter every session after {:.1} s; {} taken so far",
            nth + 1,
            pause.as_secs_f64(),
            scene.senders.accepted()
        );
        pauses.entry(format!("{fault:?}")).or_default().push(pause);
    }
    scene.count(count, &pauses)
}

fn scene() -> Scene {
    let (hop, server, pair) = (Hop::new(), S3::start(), Pair::start(""));
    let mut first = Config::new(&hop);
    first.bodies_in(&server).rows_in(pair.cluster());
    let schema = first.value("store", "schema").trim_matches('"').to_owned();
    let mut second = Config::new(&hop);
    second.bodies_in(&server).rows_in(pair.cluster()).set("store", "schema", &format!("{schema:?}"));
    let socket = pair.cluster().socket();
    let taps = [5432, 5433].map(|port| Tap::to_path(&socket.join(format!(".s.PGSQL.{port}"))));
    let through = taps.each_ref().map(|tap| format!("\"{}\"", tap.address())).join(", ");
    first.set("store", "hosts", &pair.hosts());
    second.set("store", "hosts", &format!("[{through}]"));
    let mut nodes = Vec::new();
    for (config, name) in [(&mut first, "one"), (&mut second, "two")] {
        config
            .set("store", "node", &format!("{name:?}"))
            .set("store", "durability", r#""replicated""#)
            .set("store", "silence", r#""10 s""#)
            .set("log", "level", r#""info""#);
        nodes.push(Gateway::start_in(S3::home(config), config));
    }
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.config.smtp).collect();
    let senders = Senders::start(&addresses, SESSIONS);
    Scene { hop, pair, server, nodes, taps, senders, schema, lines: Vec::new() }
}

impl Scene {
    /// Lets it happen, repairs it, and says how long it was until letters were taken again.
    fn strike(&mut self, fault: Fault, which: usize) -> Duration {
        let begun = Instant::now();
        let before = self.senders.accepted();
        self.lines = self.nodes.iter().map(|node| node.process().output.lines().len()).collect();
        match fault {
            Fault::NodeKilled => {
                self.nodes[which].kill();
                let pause = self.until_taken(before, begun);
                self.nodes[which].restart();
                pause
            }
            Fault::PrimaryKilled => {
                self.pair.fail_over();
                // Nobody says "taken" before the new primary has a standby.
                self.pair.make_standby();
                let pause = self.until_taken(self.senders.accepted(), begun);
                self.restart_ended();
                pause
            }
            Fault::StandbyKilled => {
                self.pair.kill_standby();
                std::thread::sleep(CALM);
                self.pair.restart_standby();
                self.until_taken(self.senders.accepted(), begun)
            }
            Fault::BucketKilled => {
                self.server.kill();
                std::thread::sleep(CALM);
                self.server.restart();
                self.until_taken(before, begun)
            }
            Fault::NodeStopped => {
                self.nodes[which].process().signal(Signal::STOP);
                let pause = self.until_others_deliver(which, begun);
                std::thread::sleep(STILL.saturating_sub(begun.elapsed()));
                self.nodes[which].process().signal(Signal::CONT);
                self.restart_ended();
                pause
            }
            Fault::NodeCutOff => {
                self.taps.iter().for_each(Tap::shut);
                let pause = self.until_others_deliver(1, begun);
                std::thread::sleep(STILL.saturating_sub(begun.elapsed()));
                self.taps.iter().for_each(Tap::open);
                self.restart_ended();
                pause
            }
        }
    }

    /// As many letters as there are sessions.
    fn until_taken(&self, before: u64, begun: Instant) -> Duration {
        let deadline = Instant::now() + REST;
        while self.senders.accepted() < before + TAKEN {
            assert!(Instant::now() < deadline, "no letter is taken any more");
            std::thread::sleep(Duration::from_millis(10));
        }
        begun.elapsed()
    }

    /// Until the other node has taken over what this one had in hand.
    fn until_others_deliver(&self, which: usize, begun: Instant) -> Duration {
        let output = &self.nodes[1 - which].process().output;
        let said = "*silent for too long: what it had in hand is free*";
        output.wait_from(self.lines[1 - which], said).unwrap();
        begun.elapsed()
    }

    /// What its unit does: a process that ended is started again.
    fn restart_ended(&mut self) {
        std::thread::sleep(CALM);
        for node in &mut self.nodes {
            if !node.is_running() {
                node.restart();
            }
        }
    }

    fn rows(&self, sql: &str) -> u64 {
        self.pair.sql(&format!("SET search_path = {}; {sql}", self.schema)).parse().unwrap()
    }

    fn count(mut self, count: usize, pauses: &BTreeMap<String, Vec<Duration>>) -> ExitCode {
        self.restart_ended();
        let sent = self.senders.finish();
        let rested = Instant::now();
        while self.pair.sql(&format!("SELECT count(*) FROM {}.legs", self.schema)) != "0" {
            assert!(rested.elapsed() < REST, "the queue does not empty");
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let delivered = self.hop.delivered();
        for letter in &delivered {
            *times.entry(letter.to()[0]).or_default() += 1;
        }
        let of = |to: &String| times.get(to.as_str()).copied().unwrap_or(0);
        let lost = sent.ordinary.iter().filter(|to| of(to) == 0).count();
        let again: usize = sent.ordinary.iter().map(|to| of(to).saturating_sub(1)).sum();
        let deposits = self.rows(&format!("SELECT count(*) FROM {}.deposits", self.schema));
        let (missing, doubled) =
            (sent.confidential.saturating_sub(deposits), deposits.saturating_sub(sent.confidential));
        for (fault, pauses) in pauses {
            let (sum, longest) =
                (pauses.iter().sum::<Duration>(), pauses.iter().max().copied().unwrap_or_default());
            println!(
                "{fault}: {} times, {:.1} s on average, {:.1} s at most",
                pauses.len(),
                sum.as_secs_f64() / pauses.len() as f64,
                longest.as_secs_f64()
            );
        }
        println!(
            "{count} faults: {} ordinary letters, {lost} lost, {again} delivered again; {} confidential, {missing} lost, \
             {doubled} deposited twice",
            sent.ordinary.len(),
            sent.confidential,
        );
        poll("objects and rows to agree", || {
            (self.server.keys().len() as u64 == self.rows("SELECT count(*) FROM objects")).then_some(())
        });
        for node in self.nodes {
            node.sweep();
        }
        if lost == 0 && missing == 0 && doubled == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
