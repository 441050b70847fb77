//! `cargo xtask kills cluster [COUNT]`: two nodes on a primary with a synchronous standby and a bucket, under
//! load; one fault after the other, and how long it takes until a letter is accepted again. At the end
//! everything is counted.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rig::postgres_pair::Pair;
use rig::s3::S3;
use rig::tap::Tap;
use rig::{Config, Gateway, Hop};
use rustix::process::Signal;

use crate::REST;
use crate::reckoning::{self, Struck};
use crate::sender::Senders;

/// Sessions at once, over both nodes.
const SESSIONS: usize = 8;
/// How long each of them pauses after a letter: the machine itself is not to be measured.
const REST_OF_SESSION: Duration = Duration::from_millis(30);
/// A server that was killed stays away so long.
const AWAY: Duration = Duration::from_secs(2);
/// How long a node may be silent; it stops itself after half of it.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);
/// How long a node is paused or cut off: longer than it may be silent, and sometimes much longer.
const STILL: Duration = Duration::from_secs(13);
const LONG_STILL: Duration = Duration::from_secs(40);
const LONG_EACH: usize = 8;
/// An outage ends with as many accepted letters as there are sessions: each of them continues.
const TAKEN: u64 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
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
    /// Log lines of each node when the last fault began.
    lines: Vec<usize>,
}

pub(crate) fn run(count: usize) -> ExitCode {
    let mut scene = scene();
    let mut struck = Vec::new();
    for nth in 0..count {
        let (fault, round) = (FAULTS[nth % FAULTS.len()], nth / FAULTS.len());
        // Between two faults everything is well for a while, never the same.
        std::thread::sleep(Duration::from_millis(700 + (nth * 377 % 900) as u64));
        let begun = Instant::now();
        let pause = scene.strike(fault, round % 2, round % LONG_EACH == LONG_EACH - 1);
        println!(
            "{:>3} {fault:?}: a letter every session after {:.1} s; {} taken so far",
            nth + 1,
            pause.as_secs_f64(),
            scene.senders.accepted()
        );
        struck.push(Struck { fault, begun, pause });
        scene.look_for_forgotten();
    }
    scene.count(&struck)
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
            .set("store", "silence", &format!("\"{} s\"", SILENCE.as_secs()))
            .set("log", "level", r#""info""#);
        nodes.push(Gateway::start_in(S3::home(config), config));
    }
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.config.smtp).collect();
    let senders = Senders::start(&addresses, SESSIONS, REST_OF_SESSION);
    Scene { hop, pair, server, nodes, taps, senders, schema, lines: Vec::new() }
}

impl Scene {
    /// Lets it happen, repairs it, and says how long it was until letters were taken again.
    fn strike(&mut self, fault: Fault, which: usize, long: bool) -> Duration {
        let begun = Instant::now();
        let before = self.senders.accepted();
        let still = if long { LONG_STILL } else { STILL };
        self.lines = self.nodes.iter().map(|node| node.process().output.count()).collect();
        match fault {
            Fault::NodeKilled => {
                self.nodes[which].kill();
                let pause = self.until_taken(before, begun);
                self.nodes[which].restart();
                pause
            }
            Fault::PrimaryKilled => {
                self.pair.fail_over();
                // Letters are only acknowledged once the new primary has a standby.
                self.pair.make_standby();
                let pause = self.until_taken(self.senders.accepted(), begun);
                self.restart_ended();
                pause
            }
            Fault::StandbyKilled => {
                self.pair.kill_standby();
                std::thread::sleep(AWAY);
                self.pair.restart_standby();
                self.until_taken(self.senders.accepted(), begun)
            }
            Fault::BucketKilled => {
                self.server.kill();
                std::thread::sleep(AWAY);
                self.server.restart();
                self.until_taken(before, begun)
            }
            Fault::NodeStopped => {
                self.nodes[which].process().signal(Signal::STOP);
                let pause = self.until_others_deliver(which, begun);
                std::thread::sleep(still.saturating_sub(begun.elapsed()));
                self.nodes[which].process().signal(Signal::CONT);
                self.restart_replaced(which);
                pause
            }
            Fault::NodeCutOff => {
                self.taps.iter().for_each(Tap::shut);
                let pause = self.until_others_deliver(1, begun);
                std::thread::sleep(still.saturating_sub(begun.elapsed()));
                self.taps.iter().for_each(Tap::open);
                self.restart_replaced(1);
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

    /// Until the other node has taken over this one's leases.
    fn until_others_deliver(&self, which: usize, begun: Instant) -> Duration {
        let output = &self.nodes[1 - which].process().output;
        let said = "*silent for too long: what it had in hand is free*";
        output.wait_from(self.lines[1 - which], said).unwrap();
        begun.elapsed()
    }

    /// What its unit does: a process that ended is started again. This one finds itself replaced, and ends.
    fn restart_replaced(&mut self, which: usize) {
        let _ended = self.nodes[which].wait();
        self.restart_ended();
    }

    fn restart_ended(&mut self) {
        for node in &mut self.nodes {
            if !node.is_running() {
                node.restart();
            }
        }
    }

    fn rows(&self, sql: &str) -> String {
        self.pair.sql(&format!("SET search_path = {}; {sql}", self.schema))
    }

    /// Legs leased by a node that is gone, or for longer than anything takes here.
    fn look_for_forgotten(&self) {
        let held = self.rows(
            "SELECT id, lease_owner, lease_owner IN (SELECT incarnation FROM nodes), attempts FROM legs
             WHERE lease_owner IS NOT NULL AND created_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 60000",
        );
        for leg in held.lines() {
            println!("    in somebody's hand for over a minute: {leg}");
        }
    }

    fn count(mut self, struck: &[Struck]) -> ExitCode {
        self.restart_ended();
        let sent = self.senders.finish();
        let rested = Instant::now();
        while self.rows("SELECT count(*) FROM legs") != "0" && rested.elapsed() < REST / 5 {
            std::thread::sleep(Duration::from_millis(200));
        }
        let stuck = self.rows("SELECT id, state, lease_owner, due_at, last_code FROM legs");
        stuck.lines().for_each(|leg| println!("stuck: {leg}"));
        let deposits: Vec<u64> = self
            .rows("SELECT count(*) FROM deposits GROUP BY mailbox_id")
            .lines()
            .map(|n| n.parse().unwrap())
            .collect();
        let is_well = reckoning::count(&sent, &self.hop.delivered(), deposits, struck) && stuck.is_empty();
        let agree = Instant::now();
        while self.server.keys().len().to_string() != self.rows("SELECT count(*) FROM objects") {
            assert!(agree.elapsed() < REST, "objects and rows do not agree");
            std::thread::sleep(Duration::from_millis(200));
        }
        for node in self.nodes {
            node.sweep();
        }
        if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
