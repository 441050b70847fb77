//! Recipients of one letter share a transaction, and each has its own result.

use std::collections::VecDeque;
use std::time::Duration;

use sealpost_mail::{Notify, TlsFloor};

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, START, post};

fn many(count: usize) -> Vec<Post> {
    (0..count).map(|number| post(&format!("r{number}@d.example"))).collect()
}

/// More replies than can be used up.
fn always(line: &'static str) -> VecDeque<Say> {
    vec![Say::Line(line); 99].into()
}

fn count(hop: &Hop, verb: &str) -> usize {
    hop.commands().iter().filter(|command| command.starts_with(verb)).count()
}

#[tokio::test]
async fn fifty_recipients_are_one_transaction() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue_to_all(&many(50)).await;
    let running = fixture.start();
    fixture.until_empty().await;
    assert_eq!((hop.letter_count(), count(&hop, "DATA"), count(&hop, "RCPT")), (1, 1, 50));
    assert_eq!(hop.letters(1).await[0].rcpts.len(), 50);
    assert!(fixture.store.sweep(START).await.unwrap().is_clean());
    running.stop().await;
}

#[tokio::test]
async fn without_pipelining_as_well() {
    let hop = Hop::start(Script { offers: vec!["DSN"], ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue_to_all(&many(5)).await;
    let running = fixture.start();
    fixture.until_empty().await;
    assert_eq!((hop.letter_count(), count(&hop, "RCPT")), (1, 5));
    running.stop().await;
}

#[tokio::test]
async fn a_transaction_has_a_bound() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.recipients_per_transaction = 20;
    fixture.queue_to_all(&many(50)).await;
    let running = fixture.start();
    fixture.until_empty().await;
    let mut sizes: Vec<usize> = hop.letters(3).await.iter().map(|letter| letter.rcpts.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [10, 20, 20]);
    running.stop().await;
}

#[tokio::test]
async fn each_recipient_has_its_own_answer_requests_and_report() {
    let mut script = Script::default();
    script.rcpt.insert("gone@d.example", always("550 5.1.1 no such user"));
    script.rcpt.insert("later@d.example", always("450 4.2.1 busy"));
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    let silent = Post { notify: Notify::Never, orcpt: Some("Other@d.example"), ..post("silent@d.example") };
    fixture
        .queue_to_all(&[post("one@d.example"), post("gone@d.example"), post("later@d.example"), silent])
        .await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!((leg.last_code, leg.attempts), (Some(450), 1));
    let letters = hop.letters(2).await;
    assert_eq!(letters[0].rcpts.len(), 2);
    assert!(letters[0].rcpts[0].contains("one@") && !letters[0].rcpts[0].contains("NOTIFY"));
    assert!(
        letters[0].rcpts[1].contains("NOTIFY=NEVER ORCPT=rfc822;Other@d.example"),
        "{:?}",
        letters[0].rcpts
    );
    let report = String::from_utf8(letters[1].bytes.clone()).unwrap();
    assert!(report.contains("Final-Recipient: rfc822; gone@d.example"), "{report}");
    fixture.until("one waits", |legs| legs.len() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn the_answer_to_the_letter_is_for_everybody() {
    let end = [Say::Line("451 4.3.0 later")].into_iter().collect();
    let hop = Hop::start(Script { end, ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.retry.jitter_percent = 20;
    fixture.queue_to_all(&many(3)).await;
    let running = fixture.start();
    fixture.until("all tried", |legs| legs.len() == 3 && legs.iter().all(|leg| leg.attempts == 1)).await;
    // They are retried together, too: with one waiting time for all.
    let due: std::collections::BTreeSet<_> = fixture.legs().await.iter().map(|leg| leg.due_at).collect();
    assert_eq!(due.len(), 1);
    running.advance(&fixture, Duration::from_secs(72));
    fixture.until_empty().await;
    assert_eq!(hop.letter_count(), 2);
    running.stop().await;
}

#[tokio::test]
async fn a_full_transaction_leaves_the_rest_to_the_next() {
    let hop = Hop::start(Script { most_recipients: 4, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue_to_all(&many(10)).await;
    let running = fixture.start();
    // The clock is paused: a deferred recipient would never arrive.
    fixture.until_empty().await;
    let sizes: Vec<usize> = hop.letters(3).await.iter().map(|letter| letter.rcpts.len()).collect();
    assert_eq!(sizes, [4, 4, 2]);
    running.stop().await;
}

#[tokio::test]
async fn one_full_mailbox_is_no_full_transaction_for_ever() {
    let mut script = Script::default();
    script.rcpt.insert("r1@d.example", always("452 4.2.2 mailbox full"));
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    fixture.queue_to_all(&many(3)).await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.last_code, Some(452));
    assert_eq!((hop.letter_count(), hop.letters(1).await[0].rcpts.len()), (1, 2));
    running.stop().await;
}

/// 421 loses the connection, and counts against the recipient it was the reply to.
#[tokio::test]
async fn a_421_for_some_recipients_holds_up_nobody_else() {
    let mut script = Script::default();
    for bad in ["r3@d.example", "r17@d.example"] {
        script.rcpt.insert(bad, always("421 4.7.0 not this one"));
    }
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    fixture.queue_to_all(&many(20)).await;
    let running = fixture.start();
    let legs = fixture
        .until("two wait", |legs| {
            legs.len() == 2 && legs.iter().all(|leg| leg.attempts == 1 && leg.leased.is_none())
        })
        .await;
    assert!(legs.iter().all(|leg| leg.last_code == Some(421)), "{legs:#?}");
    let letters = hop.letters(1).await;
    assert_eq!(letters.iter().map(|letter| letter.rcpts.len()).sum::<usize>(), 18, "each once");
    running.stop().await;
}

/// The same with a letter for each: the good ones arrive at the first attempt, also after so many bad ones
/// that the hop was suspended.
#[tokio::test]
async fn good_letters_pass_between_letters_that_cost_connections() {
    let mut script = Script::default();
    let names: Vec<&'static str> = (0..40).map(|n| &*format!("bad{n}@d.example").leak()).collect();
    for name in &names {
        script.rcpt.insert(name, always("421 4.7.0 not this one"));
    }
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 4;
    for (number, name) in names.iter().enumerate() {
        fixture.queue(post(name)).await;
        if number % 4 == 0 {
            fixture.queue(post(&format!("good{number}@d.example"))).await;
        }
    }
    let running = fixture.start();
    let mut backoffs = 0;
    // Those that were put off during a backoff follow a backoff later each.
    while hop.letter_count() < 10 {
        backoffs += 1;
        assert!(backoffs < 200, "they never arrive");
        running.advance(&fixture, Duration::from_secs(7));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    hop.letters(10).await;
    fixture.until("the good are gone", |legs| legs.len() <= 40).await;
    assert_eq!(hop.letter_count(), 10);
    running.stop().await;
}

#[tokio::test]
async fn a_dead_hop_is_told_apart_from_a_moody_one() {
    let hop = Hop::start(Script { mail: always("421 4.3.2 shutting down"), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 2;
    for number in 0..30 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    let legs = fixture
        .until("all put off", |legs| legs.iter().all(|leg| leg.leased.is_none() && leg.due_at > START))
        .await;
    let tried = legs.iter().filter(|leg| leg.attempts > 0).count();
    assert!((10..=12).contains(&tried), "{tried}: a cohort, not everybody");
    running.stop().await;
}

#[tokio::test]
async fn different_letters_and_envelopes_are_never_mixed() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    fixture
        .queue_to_all(&[
            post("a@d.example"),
            Post { from: Some("other@insurer.example"), ..post("b@d.example") },
            Post { envid: Some("Q1"), ..post("c@d.example") },
            Post { head: b"Subject: without its tag\r\n\r\n".to_vec(), ..post("d@d.example") },
            post("e@d.example"),
        ])
        .await;
    let running = fixture.start();
    fixture.until_empty().await;
    let letters = hop.letters(4).await;
    let mut to: Vec<Vec<&str>> = letters
        .iter()
        .map(|l| l.rcpts.iter().map(|r| r.split(['<', '@']).nth(1).unwrap()).collect())
        .collect();
    to.sort();
    assert_eq!(to, [vec!["a", "e"], vec!["b"], vec!["c"], vec!["d"]]);
    let of_d = letters.iter().find(|letter| letter.rcpt.contains("d@d")).unwrap();
    assert!(of_d.bytes.starts_with(b"Subject: without its tag"));
    running.stop().await;
}

#[tokio::test]
async fn another_floor_is_another_connection() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture
        .queue_to_all(&[post("a@d.example"), Post { tls: TlsFloor::Encrypted, ..post("b@d.example") }])
        .await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.last_enhanced.as_deref(), Some("4.7.4"));
    assert_eq!(hop.letters(1).await[0].rcpts.len(), 1);
    running.stop().await;
}
