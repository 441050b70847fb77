//! Timeouts and budgets: no client keeps a slot without using it. Time is paused and jumps from event to
//! event.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, advance, sleep, timeout};

use super::rig::rig;

const SECOND: Duration = Duration::from_secs(1);

/// RFC 5321 §4.5.3.2.7: "An SMTP server SHOULD have a timeout of at least 5 minutes while it is awaiting
/// the next command".
#[tokio::test(start_paused = true)]
async fn a_silent_client_is_put_out_after_five_minutes() {
    let start = Instant::now();
    let mut client = rig().client().await;
    client.expect("421 4.4.2").await;
    client.expect_end().await;
    assert_eq!(start.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_drips_is_put_out_as_soon() {
    let start = Instant::now();
    let mut client = rig().client().await;
    for _ in 0..29 {
        sleep(10 * SECOND).await;
        client.send("N").await;
    }
    client.expect("421 4.4.2").await;
    assert_eq!(start.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_drips_is_put_out() {
    let rig = rig().limits(|limits| {
        limits.data_grace = 60 * SECOND;
        limits.data_rate = 100;
    });
    let mut client = rig.in_data().await;
    let start = Instant::now();
    let drip = async {
        loop {
            client.send("x").await;
            if timeout(SECOND, client.expect("421 4.4.2")).await.is_ok() {
                return;
            }
        }
    };
    drip.await;
    assert!((59..=62).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(rig.count(|memory| &memory.aborted), 1);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_falls_silent_is_put_out() {
    let mut client = rig().limits(|limits| limits.data_grace = 600 * SECOND).in_data().await;
    let start = Instant::now();
    client.say("one").await;
    client.expect("421 4.4.2").await;
    assert_eq!(start.elapsed().as_secs(), 180);
}

#[tokio::test(start_paused = true)]
async fn a_letter_in_chunks_has_no_more_time_than_another() {
    let rig = rig().limits(|limits| limits.data_total = 400 * SECOND);
    let mut client = rig.with_letter().await;
    let start = Instant::now();
    for _ in 0..3 {
        client.send("BDAT 1\r\nx").await;
        client.expect("250").await;
        sleep(120 * SECOND).await;
    }
    client.expect("421 4.4.2").await;
    assert_eq!(start.elapsed().as_secs(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_some_day_even_with_an_envelope_open() {
    let rig = rig().limits(|limits| limits.session_total = 500 * SECOND);
    for begin in ["NOOP", "MAIL FROM:<a@b.example>"] {
        let mut client = rig.client().await;
        client.ask(begin, "250").await;
        for _ in 0..2 {
            sleep(200 * SECOND).await;
            client.ask("NOOP", "250").await;
        }
        sleep(200 * SECOND).await;
        client.ask("NOOP", "421 4.4.2").await;
        client.expect_end().await;
    }
    let mut client = rig.with_letter().await;
    sleep(200 * SECOND).await;
    client.ask("NOOP", "250").await;
    sleep(299 * SECOND).await;
    client.ask("NOOP", "250").await;
    sleep(SECOND).await;
    client.ask("NOOP", "421 4.4.2").await;
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_end_while_content_is_coming_in() {
    let rig = rig().limits(|limits| {
        limits.session_total = 100 * SECOND;
        limits.data_rate = 0;
    });
    let mut client = rig.in_data().await;
    client.say("x").await;
    sleep(110 * SECOND).await;
    client.ask("x\r\n.", "250").await;
    client.ask("NOOP", "421 4.4.2").await;
    client.expect_end().await;

    let mut client = rig.with_letter().await;
    client.send("BDAT 1\r\nx").await;
    client.expect("250").await;
    sleep(110 * SECOND).await;
    client.ask("NOOP", "250").await;
    client.send("BDAT 3 LAST\r\nx\r\n").await;
    client.expect("250").await;
    client.ask("NOOP", "421 4.4.2").await;
    assert_eq!(rig.letters().len(), 2);
}

/// A client that always has the next command ready never lets us wait for it.
#[tokio::test(start_paused = true)]
async fn commands_between_chunks_give_a_letter_no_more_time() {
    let rig = rig().limits(|limits| limits.data_total = 400 * SECOND);
    let mut client = rig.with_letter().await;
    client.send("BDAT 1\r\nx").await;
    client.expect("250").await;
    client.ask("NOOP", "250").await;
    client.say("NOOP").await;
    advance(401 * SECOND).await;
    client.expect("421 4.4.2").await;
}

/// The memory budget delays letters; one that waits too long is deferred.
#[tokio::test(start_paused = true)]
async fn a_letter_waits_for_memory() {
    let rig = rig().limits(|limits| {
        limits.letter_kib = 600;
        limits.memory_wait = 20 * SECOND;
    });
    let mut first = rig.in_data().await;
    let mut second = rig.with_letter().await;
    second.ask("DATA", "452 4.3.1").await;
    second.ask("MAIL FROM:<a@b.example>", "250").await;
    second.ask("RCPT TO:<c@d.example>", "250").await;
    second.say("DATA").await;
    sleep(SECOND).await;
    first.ask("x\r\n.", "250").await;
    second.expect("354").await;
    second.ask("y\r\n.", "250").await;
    assert_eq!(rig.context.memory.free_kib(), 1024);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_inside_its_letter_aborts_it() {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.say("one").await;
    client.close().await;
    assert_eq!(rig.memory.aborted.load(Ordering::SeqCst), 1);
    assert_eq!(rig.context.memory.free_kib(), 1024);
}
