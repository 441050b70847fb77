//! The result for each letter of a cluster under faults: lost, duplicated, or sent again and why. Knows no processes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rig::Delivered;

use crate::cluster::{Fault, SILENCE};
use crate::sender::Sent;

/// What a hop accepted within this time before its node was hit may be unknown to the node, or not recorded.
const MOMENT: Duration = Duration::from_millis(100);

/// A fault, and how long letters were not accepted, or not delivered.
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    pub(crate) begun: Instant,
    pub(crate) pause: Duration,
}

/// Prints everything; whether it is as promised.
pub(crate) fn count(sent: &Sent, delivered: &[Delivered], deposits: Vec<u64>, struck: &[Struck]) -> bool {
    print_pauses(struck);
    let mut taken: BTreeMap<&str, Vec<Instant>> = BTreeMap::new();
    for letter in delivered {
        taken.entry(letter.to()[0]).or_default().push(letter.at);
    }
    let of = |to: &String| taken.get(to.as_str()).map_or(&[][..], Vec::as_slice);
    let lost: Vec<_> = sent.ordinary.iter().filter(|to| of(to).is_empty()).collect();
    lost.iter().for_each(|to| println!("lost: {to}"));
    let (mut again, mut unexplained) = (0, 0);
    for to in &sent.ordinary {
        for times in of(to).windows(2) {
            again += 1;
            let why = cause(times[0], struck);
            unexplained += usize::from(why.is_none());
            println!(
                "again: {to} after {:.1} s; {}",
                times[1].duration_since(times[0]).as_secs_f64(),
                why.unwrap_or_else(|| format!("nobody's answer was lost: {}", nearest(times[0], struck)))
            );
        }
    }
    let (missing, doubled) = compare(sent.confidential.values().copied().collect(), deposits);
    println!(
        "{} faults: {} ordinary letters, {} lost, {again} delivered again, {unexplained} of them without a lost answer; \
         {} confidential, {missing} lost, {doubled} deposited twice",
        struck.len(),
        sent.ordinary.len(),
        lost.len(),
        sent.confidential.values().sum::<u64>(),
    );
    lost.is_empty() && unexplained == 0 && missing == 0 && doubled == 0
}

fn print_pauses(struck: &[Struck]) {
    let mut pauses: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for Struck { fault, pause, .. } in struck {
        pauses.entry(format!("{fault:?}")).or_default().push(*pause);
    }
    for (fault, mut pauses) in pauses {
        pauses.sort();
        println!(
            "{fault}: {} times, {:.1} s in the middle, {:.1} s at most",
            pauses.len(),
            pauses[pauses.len() / 2].as_secs_f64(),
            pauses[pauses.len() - 1].as_secs_f64()
        );
    }
}

/// The node that sent it was struck before it could tell anybody of the hop's answer.
fn cause(at: Instant, struck: &[Struck]) -> Option<String> {
    struck.iter().enumerate().find_map(|(nth, one)| {
        let until = match one.fault {
            Fault::NodeKilled | Fault::NodeStopped => one.begun,
            // Until it stops itself.
            Fault::NodeCutOff => one.begun + SILENCE / 2,
            Fault::PrimaryKilled | Fault::StandbyKilled | Fault::BucketKilled => return None,
        };
        let within = at + MOMENT >= one.begun && at <= until + MOMENT;
        within.then(|| {
            format!("its node was struck ({} {:?}) before it could write that down", nth + 1, one.fault)
        })
    })
}

fn nearest(at: Instant, struck: &[Struck]) -> String {
    let away = |one: &Struck| one.begun.duration_since(at).max(at.duration_since(one.begun));
    let Some((nth, one)) = struck.iter().enumerate().min_by_key(|(_, one)| away(one)) else {
        return "nothing had been struck".to_owned();
    };
    let side = if one.begun > at { "before" } else { "after" };
    format!("{:.3} s {side} {} {:?}", away(one).as_secs_f64(), nth + 1, one.fault)
}

/// Mailboxes get different numbers of letters, so that a missing letter in one is not hidden by a duplicate in another.
fn compare(mut sent: Vec<u64>, mut deposits: Vec<u64>) -> (u64, u64) {
    deposits.resize(deposits.len().max(sent.len()), 0);
    sent.resize(deposits.len(), 0);
    sent.sort_unstable();
    deposits.sort_unstable();
    let pairs = || sent.iter().zip(&deposits);
    (
        pairs().map(|(sent, there)| sent.saturating_sub(*there)).sum(),
        pairs().map(|(sent, there)| there.saturating_sub(*sent)).sum(),
    )
}
