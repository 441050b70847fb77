//! `cargo xtask kills [COUNT]`: kills the gateway again and again while letters come in and go out, and counts what
//! was lost and what came twice.
//!
//! The senders do as mail servers do: what got no `250` is sent again, byte for byte, until it has one. So in the end
//! every ordinary letter has been delivered at least once, and every confidential one lies in its mailbox exactly once.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, reads the clock and stops at the first surprise"
)]

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

fn main() -> ExitCode {
    let count: u32 = std::env::args().nth(1).map_or(100, |text| text.parse().unwrap());
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("log", "level", r#""warn""#);
    let mut gateway = Gateway::start(&config);
    let senders = Senders::start(gateway.config.smtp, SESSIONS);
    let began = Instant::now();
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    for kill in 1..=count {
        // Splitmix: the same moments in every run, as far as the machine allows.
        chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (chance ^ (chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        std::thread::sleep(Duration::from_millis(60 + mixed % 400));
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
    let mut delivered: BTreeMap<String, u64> = BTreeMap::new();
    for letter in hop.delivered() {
        *delivered.entry(letter.to()[0].to_owned()).or_default() += 1;
    }
    let times = |to: &String| delivered.get(to).copied().unwrap_or(0);
    let lost = sent.ordinary.iter().filter(|to| times(to) == 0).count();
    let twice: u64 = sent.ordinary.iter().map(|to| times(to).saturating_sub(1)).sum();
    let deposits = u64::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
    let missing = sent.confidential.saturating_sub(deposits);
    let doubled = deposits.saturating_sub(sent.confidential);
    println!(
        "{count} kills: {} ordinary letters, {lost} lost, {twice} delivered again ({:.2} a kill); {} confidential, \
         {missing} lost, {doubled} deposited twice",
        sent.ordinary.len(),
        twice as f64 / f64::from(count),
        sent.confidential,
    );
    gateway.sweep();
    if lost == 0 && missing == 0 && doubled == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
