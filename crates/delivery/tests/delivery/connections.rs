//! Connections are kept, shared and bounded.

use std::time::Duration;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, post};

#[tokio::test]
async fn many_letters_share_a_connection() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    for number in 0..20 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    let letters = hop.letters(20).await;
    assert!(letters.iter().all(|letter| letter.connection == 1));
    assert!(!hop.commands().iter().any(|command| command == "RSET"), "RSET is for refused transactions");
    // And the next one, a moment later, too.
    fixture.until_empty().await;
    fixture.queue(post("late@d.example")).await;
    running.waker.wake();
    hop.letters(21).await;
    assert_eq!(hop.connection_count(), 1);
    running.stop().await;
    hop.command("QUIT").await;
}

#[tokio::test]
async fn a_connection_without_work_is_closed_politely() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.timeouts.idle = Duration::from_millis(30);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    hop.letters(1).await;
    hop.command("QUIT").await;
    hop.all_closed().await;
    running.stop().await;
}

#[tokio::test]
async fn a_connection_carries_only_so_many_letters() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture.config.timeouts.letters_per_connection = 3;
    for number in 0..7 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    hop.letters(7).await;
    assert_eq!(hop.connection_count(), 3);
    running.stop().await;
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_costs_no_attempt() {
    let hop = Hop::start(Script { letters_per_connection: 1, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    for number in 0..4 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    hop.letters(4).await;
    let legs = fixture.until("done or tried", |legs| legs.iter().all(|leg| leg.leased.is_none())).await;
    assert!(legs.iter().all(|leg| leg.attempts == 0), "{legs:#?}");
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn no_more_connections_than_allowed_and_all_of_them() {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let hop = Hop::start(Script { gate: Some(gate.clone()), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 3;
    for number in 0..12 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    hop.letters(3).await;
    gate.add_permits(12);
    hop.letters(12).await;
    assert_eq!(hop.most_open(), 3);
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn the_total_is_bounded_over_all_destinations() {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let hop = Hop::start(Script { gate: Some(gate.clone()), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_total = 2;
    fixture.config.timeouts.idle = Duration::ZERO;
    for name in ["one", "two", "three"] {
        let same = fixture.config.hops["hop"].clone();
        fixture.config.hops.insert(name.to_owned(), same);
        fixture
            .queue(Post { route: sealpost_delivery::Route::NextHop(name.to_owned()), ..post("r@d.example") })
            .await;
    }
    let running = fixture.start();
    hop.letters(2).await;
    gate.add_permits(3);
    hop.letters(3).await;
    fixture.until_empty().await;
    assert!(hop.most_open() <= 3, "a connection being closed may overlap with the next");
    running.stop().await;
}

/// Letters wait for memory without taking it: with room for one at a time, one at a time is decrypted.
#[tokio::test]
async fn letters_in_memory_are_bounded() {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let hop = Hop::start(Script { gate: Some(gate.clone()), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.memory_budget = 150_000;
    for number in 0..3 {
        fixture.queue(Post { rest: vec![b'x'; 100_000], ..post(&format!("r{number}@d.example")) }).await;
    }
    let running = fixture.start();
    hop.letters(1).await;
    hop.connections(3).await;
    for more in 1..=3 {
        assert_eq!(hop.letter_count(), more, "the next one waits for the memory of the one before");
        gate.add_permits(1);
        hop.letters((more + 1).min(3)).await;
    }
    fixture.until_empty().await;
    running.stop().await;
}

/// A letter larger than the whole budget is still sent, alone.
#[tokio::test]
async fn a_letter_over_the_budget_goes_alone() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.memory_budget = 10_000;
    fixture.queue(Post { rest: vec![b'x'; 300_000], ..post("r@d.example") }).await;
    let running = fixture.start();
    hop.letters(1).await;
    running.stop().await;
}

#[tokio::test]
async fn after_a_refusal_the_connection_goes_on() {
    let mut script = Script::default();
    script.rcpt.insert("bad@d.example", [Say::Line("550 5.1.1 no")].into_iter().collect());
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture.queue(Post { from: None, ..post("bad@d.example") }).await;
    fixture.queue(post("good@d.example")).await;
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    assert_eq!(hop.connection_count(), 1);
    running.stop().await;
}

/// A server that wants fewer connections than we would open gets fewer, and no letter waits for its turn.
#[tokio::test]
async fn a_server_that_turns_connections_away_is_given_fewer() {
    let hop = Hop::start(Script { most_connections: 2, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.queue(post("first@d.example")).await;
    fixture.config.concurrency_per_destination = 8;
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    for number in 0..100 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    running.waker.wake();
    // The clock is paused: a deferred letter would never arrive.
    hop.letters(101).await;
    fixture.until_empty().await;
    running.stop().await;
}

/// What is read next may be the reply to something else.
#[tokio::test]
async fn a_connection_that_is_out_of_step_is_not_used_again() {
    let mut script = Script::default();
    script.rcpt.insert("odd@d.example", [Say::Line("354 what?")].into_iter().collect());
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture.queue(post("odd@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    fixture.queue(post("good@d.example")).await;
    running.waker.wake();
    assert_eq!(hop.letters(1).await[0].connection, 2);
    running.stop().await;
}

/// An unsolicited refusal does not apply to the next letter.
#[tokio::test]
async fn a_reply_too_many_is_nobody_elses() {
    let end = [Say::Line("250 2.0.0 taken\r\n554 5.0.0 and another word")].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture.queue(post("one@d.example")).await;
    let running = fixture.start();
    fixture.until_empty().await;
    fixture.queue(post("two@d.example")).await;
    running.waker.wake();
    let letters = hop.letters(2).await;
    assert!(letters[1].rcpt.contains("two@d.example"), "no report of a failure");
    assert_eq!(letters[1].connection, 2);
    running.stop().await;
}
