//! Stopping between letters, and starting after a crash.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{Lease, LeaseFrom};
use tokio::sync::Semaphore;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, START, post};

#[tokio::test]
async fn a_letter_under_way_is_finished_and_no_other_begun() {
    let gate = Arc::new(Semaphore::new(0));
    let hop = Hop::start(Script { gate: Some(gate.clone()), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    for number in 0..5 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    hop.letters(1).await;
    running.ask_to_stop();
    gate.add_permits(5);
    running.stop().await;
    assert_eq!(hop.letter_count(), 1);
    assert_eq!(fixture.legs().await.len(), 4);
    // The next run has them all at once.
    let running = fixture.start();
    hop.letters(5).await;
    fixture.until_empty().await;
    running.stop().await;
}

/// Every limit keeps its minutes: only the stop itself ends these attempts, wherever they are before the
/// final dot.
#[tokio::test]
async fn an_attempt_before_its_final_dot_does_not_hold_the_stop() {
    let mute = VecDeque::from([Say::Nothing]);
    let silent = Script { greeting: Say::Nothing, ..Script::default() };
    let mut no_rcpt = Script { offers: Vec::new(), ..Script::default() };
    no_rcpt.rcpt.insert("r@d.example", mute.clone());
    let no_mail = Script { offers: Vec::new(), mail: mute, ..Script::default() };
    let sipping = Script { sips: Some(1), ..Script::default() };
    for (script, awaited) in [(silent, ""), (no_mail, "MAIL"), (no_rcpt, "RCPT"), (sipping, "DATA")] {
        let hop = Hop::start(script).await;
        let fixture = Fixture::new(&hop);
        let rest = "x\r\n".repeat(10 * 1024 * 1024 / 3).into_bytes();
        fixture.queue(Post { rest, ..post("r@d.example") }).await;
        let running = fixture.start();
        hop.connections(1).await;
        if !awaited.is_empty() {
            hop.command(awaited).await;
        }
        running.stop().await;
        let legs = fixture.legs().await;
        assert!(legs.len() == 1 && legs[0].attempts == 0, "{awaited}: {legs:#?}");
        assert_eq!(hop.letter_count(), 0, "{awaited}");
    }
}

#[tokio::test]
async fn what_a_dead_run_had_leased_is_taken_up_at_once() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let request = Lease {
        owner: "a dead process".to_owned(),
        now: START,
        until: START.plus(Duration::from_secs(7200)),
        limit: 10,
        from: LeaseFrom::AllBut(&[]),
    };
    assert_eq!(fixture.store.lease_legs(request).await.unwrap().len(), 1);
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    running.stop().await;
}

/// Hundreds of letters, more than one batch: all arrive, each once.
#[tokio::test]
async fn more_than_a_batch() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.batch = 16;
    for number in 0..300 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    let letters = hop.letters(300).await;
    fixture.until_empty().await;
    let mut to: Vec<String> = letters.into_iter().map(|letter| letter.rcpt).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), hop.letter_count()), (300, 300));
    running.stop().await;
}

#[tokio::test]
async fn after_the_clock_was_set_back_what_is_due_goes_by_itself() {
    let mut script = Script::default();
    script.rcpt.insert("r@d.example", [crate::hop::Say::Line("450 4.2.1 busy")].into_iter().collect());
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    running.stop().await;
    // The next start sees a clock that is two days behind what the row says.
    fixture.clock = Arc::new(sealpost_mail::FakeClock::at(Timestamp(START.0 - 2 * 86_400_000)));
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    running.stop().await;
}
