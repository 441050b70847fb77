//! `cargo xtask kills [cluster] [COUNT]`: kills the gateway repeatedly while letters are received and sent, and counts
//! losses and duplicates.
//!
//! The senders behave like mail servers: a letter without `250` is sent again, byte for byte, until it gets one. So at
//! the end every ordinary letter has been delivered at least once, and every confidential one is in its mailbox exactly
//! once.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, reads the clock and stops at the first surprise"
)]

mod cluster;
mod reckoning;
mod sender;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rig::{Config, Gateway, Hop};
use sender::Senders;

/// Sessions at once.
const SESSIONS: usize = 8;
/// How long everything may take to come to rest after the last kill.
const REST: Duration = Duration::from_secs(600);
/// What the next server took within this time before a kill, the gateway may not have heard of.
const MOMENT: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|word| word == "cluster") {
        return cluster::run(std::env::args().nth(2).map_or(12, |text| text.parse().unwrap()));
    }
    let count: u32 = std::env::args().nth(1).map_or(100, |text| text.parse().unwrap());
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("log", "level", r#""warn""#);
    let mut gateway = Gateway::start(&config);
    let mut senders = Senders::start(&[gateway.config.smtp], SESSIONS, Duration::ZERO);
    let (began, mut kills) = (Instant::now(), Vec::new());
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    for kill in 1..=count {
        // Splitmix: the same moments in every run, as far as the machine allows.
        chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (chance ^ (chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        std::thread::sleep(Duration::from_millis(60 + mixed % 400));
        kills.push(Instant::now());
        gateway.kill();
        gateway.restart();
        if kill % 50 == 0 {
            println!(
                "{kill} kills, {} letters accepted, {} s",
                senders.accepted(),
                began.elapsed().as_secs()
            );
        }
    }
    let sent = senders.finish();
    let rested = Instant::now();
    while gateway.count("SELECT count(*) FROM legs") > 0 {
        assert!(rested.elapsed() < REST, "the queue does not empty");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut delivered: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for letter in hop.delivered() {
        delivered.entry(letter.to()[0].to_owned()).or_default().push(letter.at);
    }
    let times = |to: &String| delivered.get(to).map_or(&[][..], Vec::as_slice);
    let lost = sent.ordinary.iter().filter(|to| times(to).is_empty()).count();
    // All except the last time, each attributed to the kill that caused its repetition.
    let again = sent.ordinary.iter().filter_map(|to| times(to).split_last()).flat_map(|(_, before)| before);
    let before_kill = |at: &Instant| {
        let kill = kills.iter().min_by_key(|kill| kill.duration_since(*at).max(at.duration_since(**kill)));
        kill.unwrap_or(at).duration_since(*at)
    };
    let again: Vec<Duration> = again.map(before_kill).collect();
    let known = again.iter().filter(|before| **before > MOMENT).count();
    let deposits = u64::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
    let confidential: u64 = sent.confidential.values().sum();
    let missing = confidential.saturating_sub(deposits);
    let doubled = deposits.saturating_sub(confidential);
    println!(
        "{count} kills: {} ordinary letters, {lost} lost, {} delivered again ({:.2} a kill, {known} of them taken more \
         than {} ms before it); {confidential} confidential, {missing} lost, {doubled} deposited twice",
        sent.ordinary.len(),
        again.len(),
        again.len() as f64 / f64::from(count),
        MOMENT.as_millis(),
    );
    gateway.sweep();
    if lost == 0 && missing == 0 && doubled == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
