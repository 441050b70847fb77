//! A server that is slow on purpose does not block anything for long, and no letter is sent twice at the same time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sealpost_delivery::Route;
use sealpost_store::LegRow;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, post};

const SHORT: Duration = Duration::from_millis(300);

/// Every other limit keeps its minutes, so that only the one under test can end the attempt.
#[tokio::test]
async fn an_attempt_ends_whatever_its_steps_may_take() {
    let hop = Hop::start(Script { greeting: Say::Nothing, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.timeouts.attempt = SHORT;
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    assert!(hop.letter_count() == 0);
    running.stop().await;
}

#[tokio::test]
async fn all_recipients_together_have_one_time() {
    for offers in [vec!["PIPELINING"], vec![]] {
        let mut script = Script { offers, ..Script::default() };
        script.rcpt.insert("mute@d.example", VecDeque::from(vec![Say::Nothing; 99]));
        let hop = Hop::start(script).await;
        let mut fixture = Fixture::new(&hop);
        fixture.config.timeouts.recipients = SHORT;
        fixture.queue_to_all(&[post("one@d.example"), post("mute@d.example"), post("two@d.example")]).await;
        let running = fixture.start();
        // No letter waits for ever: each is delivered, or has a recorded attempt.
        fixture
            .until("tried or delivered", |legs| {
                legs.iter().all(|leg| leg.leased.is_none() && leg.attempts == 1) && !legs.is_empty()
            })
            .await;
        running.stop().await;
    }
}

/// A reader that accepts something now and then is never silent. It would need hours for this letter, which is larger
/// than what sockets buffer (4 MiB on our side), so that nothing but the rate can end the attempt.
#[tokio::test]
async fn a_letter_has_a_least_rate() {
    let hop = Hop::start(Script { sips: Some(1), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    (fixture.config.timeouts.grace, fixture.config.timeouts.rate) = (SHORT, u64::MAX);
    fixture
        .queue(Post { rest: "x\r\n".repeat(10 * 1024 * 1024 / 3).into_bytes(), ..post("r@d.example") })
        .await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    assert!(hop.letter_count() == 0);
    running.stop().await;
}

#[tokio::test]
async fn a_letter_that_was_taken_after_its_lease_is_not_sent_for_ever() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let end = VecDeque::from([Say::Line("250 2.0.0 taken"), Say::Line("450 4.0.0 not now")]);
    let hop = Hop::start(Script { gate: Some(Arc::clone(&gate)), end, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    hop.letters(1).await;
    running.advance(&fixture, Duration::from_secs(3 * 3600));
    hop.letters(2).await;
    gate.add_permits(1);
    fixture.until_empty().await;
    gate.add_permits(1);
    running.stop().await;
    assert!(fixture.legs().await.is_empty(), "the second attempt's end must not bring it back");
}

/// A trial after a failure may hang for as long as its timeouts allow; the others wait for it only for a limited time.
#[tokio::test]
async fn a_trial_that_hangs_does_not_hold_the_hop() {
    let first_greetings = VecDeque::from([
        Say::Line("421 4.3.2 not now"),
        Say::Nothing,
        Say::Line("421 4.3.2 not yet"),
        Say::Nothing,
    ]);
    let hop = Hop::start(Script { first_greetings, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.timeouts.trial = SHORT;
    fixture.queue(post("first@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    for number in 0..50 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    // Past the suspension, and past the next one.
    running.advance(&fixture, Duration::from_secs(6));
    hop.connections(3).await;
    fixture.until("tried again", |legs| legs.iter().filter(|leg| leg.attempts > 0).count() > 1).await;
    running.advance(&fixture, Duration::from_secs(60));
    // All except those that two connections hang with, and those that failed and are not due yet.
    hop.letters(47).await;
    running.stop().await;
}

/// A domain's first server accepts connections and says nothing. The first letters wait there; later ones go to the
/// second.
#[tokio::test]
async fn who_comes_after_one_that_hangs_goes_elsewhere() {
    let hop = Hop::start(Script::default()).await;
    let silent = TcpListener::bind(("127.0.0.9", hop.port)).await.unwrap();
    let taken = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((tcp, _)) = silent.accept().await {
            open.push(tcp);
        }
    });
    let mut fixture = Fixture::new(&hop);
    fixture.config.timeouts.trial = SHORT;
    let running = fixture.start();
    let mut letters = 0;
    while hop.letter_count() == 0 {
        // As long as none has waited for long, they go to the first.
        fixture.queue(Post { route: Route::Mx, ..post(&format!("r{letters}@d.example")) }).await;
        running.waker.wake();
        letters += 1;
        assert!(letters < 20, "every connection hangs");
        tokio::time::sleep(SHORT / 3).await;
    }
    // From now on none waits, however long the first ones do.
    for number in 0..10 {
        fixture.queue(Post { route: Route::Mx, ..post(&format!("late{number}@d.example")) }).await;
    }
    running.waker.wake();
    hop.letters(11).await;
    running.stop().await;
    taken.abort();
}

/// However many public servers accept connections and say nothing, mail to the operator's own is sent.
#[tokio::test]
async fn the_world_does_not_have_all_connections() {
    let hop = Hop::start(Script::default()).await;
    let silent = TcpListener::bind(("127.0.0.9", hop.port)).await.unwrap();
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_total = 4;
    for number in 0..8 {
        fixture.queue(Post { route: Route::Mx, ..post(&format!("r{number}@d.example")) }).await;
    }
    let running = fixture.start();
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(silent.accept().await.unwrap());
    }
    fixture.queue(post("inside@insurer.example")).await;
    running.waker.wake();
    assert!(hop.letters(1).await[0].rcpt.contains("inside@insurer.example"));
    running.stop().await;
}

/// However many legs wait for them.
#[tokio::test]
async fn the_world_does_not_have_all_legs_under_way() {
    let hop = Hop::start(Script::default()).await;
    let silent = TcpListener::bind(("127.0.0.9", hop.port)).await.unwrap();
    let mut fixture = Fixture::new(&hop);
    (fixture.config.concurrency_total, fixture.config.batch) = (4, 2);
    for number in 0..20 {
        fixture.queue(Post { route: Route::Mx, ..post(&format!("r{number}@d.example")) }).await;
    }
    let running = fixture.start();
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(silent.accept().await.unwrap());
    }
    let leased = |legs: &[LegRow]| legs.iter().filter(|leg| leg.leased.is_some()).count();
    fixture.until("the world's share leased", |legs| leased(legs) == 6).await;
    // More than its own share: they go one after the other.
    for number in 0..10 {
        fixture.queue(post(&format!("inside{number}@insurer.example"))).await;
    }
    running.waker.wake();
    hop.letters(10).await;
    let legs = fixture.until("the world's alone left", |legs| legs.len() == 20).await;
    assert_eq!(leased(&legs), 6);
    running.stop().await;
}

/// Nor however large their letters are, and however large the one to the operator's own is.
#[tokio::test]
async fn the_world_does_not_have_all_memory() {
    const MIB: usize = 1024 * 1024;
    let hop = Hop::start(Script::default()).await;
    let slow = TcpListener::bind(("127.0.0.9", hop.port)).await.unwrap();
    let mut fixture = Fixture::new(&hop);
    fixture.config.memory_budget = MIB;
    let large = |to: &str| Post { rest: "x\r\n".repeat(MIB / 3).into_bytes(), ..post(to) };
    for number in 0..3 {
        fixture.queue(Post { route: Route::Mx, ..large(&format!("r{number}@d.example")) }).await;
    }
    let running = fixture.start();
    let mut open = Vec::new();
    for _ in 0..3 {
        let (mut tcp, _) = slow.accept().await.unwrap();
        tcp.write_all(b"220 mx1\r\n").await.unwrap();
        open.push(tcp);
    }
    // One comes as far as MAIL, and is answered no more.
    let mut at_mail = 0;
    for tcp in &mut open {
        let mut said = [0; 1024];
        assert!(tcp.read(&mut said).await.unwrap() > 0);
        tcp.write_all(b"250 mx1\r\n").await.unwrap();
    }
    while at_mail == 0 {
        for tcp in &mut open {
            let mut said = [0; 1024];
            let read = tokio::time::timeout(Duration::from_millis(10), tcp.read(&mut said)).await;
            at_mail += usize::from(read.is_ok());
        }
    }
    fixture.queue(large("large@insurer.example")).await;
    fixture.queue(post("small@insurer.example")).await;
    running.waker.wake();
    hop.letters(2).await;
    running.stop().await;
}
