//! The state of the leg after each reply.

use std::collections::VecDeque;
use std::time::Duration;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, START, post};

fn rcpt(address: &'static str, answers: &[Say]) -> Script {
    let mut script = Script::default();
    script.rcpt.insert(address, answers.iter().cloned().collect());
    script
}

#[tokio::test]
async fn one_recipients_refusal_is_not_anothers() {
    for offers in [vec![], vec!["PIPELINING"]] {
        let refusal = Say::Line("550 5.1.1 no such user");
        let hop = Hop::start(Script { offers, ..rcpt("bad@d.example", &[refusal]) }).await;
        let mut fixture = Fixture::new(&hop);
        fixture.config.concurrency_per_destination = 1;
        for to in ["a@d.example", "bad@d.example", "b@d.example"] {
            fixture.queue(post(to)).await;
        }
        let running = fixture.start();
        fixture.until_empty().await;
        let mut letters = hop.letters(3).await;
        letters.sort_by(|a, b| a.rcpt.cmp(&b.rcpt));
        let to: Vec<&str> =
            letters.iter().map(|letter| letter.rcpt.split(['<', '>']).nth(1).unwrap()).collect();
        assert_eq!(to, ["a@d.example", "b@d.example", "sender@insurer.example"]);
        let report = String::from_utf8(letters[2].bytes.clone()).unwrap();
        for part in ["Status: 5.1.1", "550 5.1.1 no such user", "Action: failed", "rfc822;bad@d.example"] {
            assert!(report.replace("; ", ";").contains(part), "{part}: {report}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn four_is_tried_again_when_its_time_has_come() {
    let greylisted = Say::Line("451 4.7.1 greylisted");
    let hop = Hop::start(rcpt("r@d.example", &[greylisted.clone(), greylisted])).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.due_at, START.plus(Duration::from_secs(60)));
    assert_eq!((leg.last_code, leg.last_enhanced.as_deref()), (Some(451), Some("4.7.1")));
    running.advance(&fixture, Duration::from_secs(60));
    let leg = fixture.until_attempts(2).await;
    assert_eq!(leg.due_at, START.plus(Duration::from_secs(60 + 300)));
    running.advance(&fixture, Duration::from_secs(300));
    hop.letters(1).await;
    fixture.until_empty().await;
    assert_eq!(hop.letter_count(), 1);
    running.stop().await;
}

/// A leg that becomes due wakes the runner.
#[tokio::test]
async fn nobody_need_wake_the_runner_for_a_retry() {
    let hop = Hop::start(rcpt("r@d.example", &[Say::Line("450 4.2.0 later")])).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.retry.steps = vec![Duration::from_millis(50)];
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    // Time passes without a notification.
    fixture.clock.advance(Duration::from_millis(50));
    hop.letters(1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_refusal_after_the_dot_is_final_and_a_deferral_is_not() {
    let end: VecDeque<Say> =
        [Say::Line("452 4.3.1 no room"), Say::Line("554 5.7.1 looks like spam")].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    running.advance(&fixture, Duration::from_secs(60));
    let letters = hop.letters(3).await;
    assert!(String::from_utf8_lossy(&letters[2].bytes).contains("Status: 5.7.1"));
    fixture.until_empty().await;
    running.stop().await;
}

/// RFC 5321 §4.5.4.2: without the reply to the final dot the outcome is unknown; another copy is better than
/// none.
#[tokio::test]
async fn a_connection_lost_after_the_dot_means_another_try_of_the_same_letter() {
    let end: VecDeque<Say> = [Say::HangUp].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.last_enhanced.as_deref(), Some("4.4.2"));
    assert_eq!(hop.letter_count(), 1, "not again at once");
    running.advance(&fixture, Duration::from_secs(60));
    let letters = hop.letters(2).await;
    assert_eq!(letters[0].bytes, letters[1].bytes);
    assert!(String::from_utf8_lossy(&letters[1].bytes).contains("Message-ID: <stable@insurer.example>"));
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn a_silent_server_is_left_after_its_time() {
    let end: VecDeque<Say> = [Say::Nothing].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.timeouts.end = Duration::from_millis(50);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.last_enhanced.as_deref(), Some("4.4.2"));
    running.stop().await;
}

#[tokio::test]
async fn odd_replies_are_taken_for_what_they_say() {
    let end: VecDeque<Say> = [Say::Line("250")].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_empty().await;
    assert_eq!(hop.letter_count(), 1);
    running.stop().await;
}

#[tokio::test]
async fn given_up_at_the_end_of_its_time_with_the_last_reason() {
    let deferrals = vec![Say::Line("451 4.3.2 not today"); 100];
    let hop = Hop::start(rcpt("r@d.example", &deferrals)).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.retry.delay_notice_after = None;
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    running.advance(&fixture, fixture.config.retry.give_up);
    let report = String::from_utf8(hop.letters(1).await.remove(0).bytes).unwrap();
    for part in ["Action: failed", "Status: 4.4.7", "451 4.3.2 not today"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    fixture.until_empty().await;
    running.stop().await;
}
