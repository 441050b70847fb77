//! A next hop answers what it was not asked yet: nothing of that counts, and the letter goes over another connection.

use std::time::Duration;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, post, readable};

const OFFERS: [&str; 2] = ["SIZE 0", "8BITMIME"];

/// The first connection is `script`'s; what comes later is answered as it should be.
async fn goes_over_another(script: Script, of: &str) {
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    running.advance(&fixture, Duration::from_secs(3600));
    let letters = hop.letters(1).await;
    assert_eq!(letters[0].connection, 2, "{of}");
    fixture.until_empty().await;
    running.stop().await;
    assert_eq!(hop.letters(1).await.len(), 1, "{of}: it came once");
}

fn first(line: &'static str) -> std::collections::VecDeque<Say> {
    [Say::Line(line)].into()
}

#[tokio::test]
async fn the_end_of_a_letter_is_not_answered_with_its_beginning() {
    let data = first("354 go\r\n250 2.0.0 taken");
    goes_over_another(Script { data, offers: OFFERS.to_vec(), ..Script::default() }, "DATA").await;
    let data = first("354 go\r\n250 2.0.0 taken");
    goes_over_another(Script { data, ..Script::default() }, "DATA in one flight").await;
}

#[tokio::test]
async fn a_recipients_answer_is_not_that_to_the_letter() {
    let mut script = Script { offers: OFFERS.to_vec(), ..Script::default() };
    script.rcpt.insert("r@d.example", first("250 ok\r\n354 go\r\n250 2.0.0 taken"));
    goes_over_another(script, "RCPT").await;
}

#[tokio::test]
async fn the_senders_answer_is_not_that_to_the_letter() {
    let mail = first("250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken");
    goes_over_another(Script { mail, offers: OFFERS.to_vec(), ..Script::default() }, "MAIL").await;
}

#[tokio::test]
async fn a_greeting_answers_nothing_else() {
    let all = "220 x\r\n250-x\r\n250 8BITMIME\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken";
    let first_greetings = first(all);
    goes_over_another(Script { first_greetings, ..Script::default() }, "greeting").await;
}

/// RFC 5321 §3.8: 421 may come at any time, also before it is asked for; it says something of the connection.
#[tokio::test]
async fn a_server_may_take_its_leave_early() {
    let mail = first("250 ok\r\n421 4.3.2 going down");
    goes_over_another(Script { mail, offers: OFFERS.to_vec(), ..Script::default() }, "421").await;
}

/// More than sockets hold, so that the end of the letter cannot be sent.
fn large() -> Post {
    Post { rest: "x\r\n".repeat(10 * 1024 * 1024 / 3).into_bytes(), ..post("r@d.example") }
}

fn during(line: &'static str, then: Say) -> Script {
    Script { during: [(100_000, line, then)].into(), ..Script::default() }
}

/// The server's own word is kept: a refusal for good is told to the sender at once, in its words.
#[tokio::test]
async fn a_refusal_during_a_letter_is_final_and_told() {
    for then in [Say::HangUp, Say::Nothing] {
        let hop = Hop::start(during("552 5.3.4 too large for this server", then)).await;
        let fixture = Fixture::new(&hop);
        fixture.queue(large()).await;
        let running = fixture.start();
        let text = readable(&hop.letters(1).await[0].bytes);
        assert!(text.contains("Status: 5.3.4"), "{text}");
        assert!(text.contains("552 5.3.4 too large for this server"), "{text}");
        fixture.until_empty().await;
        running.stop().await;
    }
}

#[tokio::test]
async fn a_deferral_during_a_letter_is_one() {
    for then in [Say::HangUp, Say::Nothing] {
        let hop = Hop::start(during("452 4.3.1 no space at present", then)).await;
        let fixture = Fixture::new(&hop);
        fixture.queue(large()).await;
        let running = fixture.start();
        let leg = fixture.until_attempts(1).await;
        assert_eq!(leg.last_enhanced.as_deref(), Some("4.3.1"));
        running.advance(&fixture, Duration::from_secs(3600));
        hop.letters(1).await;
        fixture.until_empty().await;
        running.stop().await;
    }
}

#[tokio::test]
async fn an_acceptance_during_a_letter_is_none() {
    let hop = Hop::start(during("250 2.0.0 taken", Say::Nothing)).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(large()).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    running.advance(&fixture, Duration::from_secs(3600));
    assert_eq!(hop.letters(1).await[0].connection, 2);
    fixture.until_empty().await;
    running.stop().await;
}
