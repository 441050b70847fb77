//! Quotas of senders, logins and mailboxes, the disk, memory, and heads: who is told to retry, who is refused
//! permanently, and that nothing is stored of what was refused.

use std::time::Duration;

use sealpost_mail::{Envelope, Origin};
use sealpost_store::{Folder, UseLimits};

use crate::rig::{DAY, Rig, SENDER, envelope, from_nobody, letter, origin};

fn most(letters_hour: i64, recipients_day: i64) -> Option<UseLimits> {
    Some(UseLimits { letters_hour, letters_day: i64::MAX, recipients_hour: i64::MAX, recipients_day })
}

#[tokio::test]
async fn a_sender_who_has_sent_enough_is_told_when_to_come_back() {
    let rig = Rig::with(|set| set.quotas.sender = most(2, 100));
    for subject in ["Eins", "Zwei"] {
        rig.write(&["a@relay.example"], subject).await.unwrap();
    }
    let no = rig.write(&["a@relay.example"], "Drei").await.unwrap_err();
    assert_eq!(no.code(), 451);
    assert!(no.text().contains("come back after 09:"), "{}", no.text());
    assert_eq!(rig.legs().await.len(), 2);
    // Another sender has its own quota, and reports have no sender.
    let text = letter(&rig.random, "Von Max", "", "Text");
    rig.send(envelope("max@insurer.example", &["a@relay.example"]), origin(), &text).await.unwrap();
    let text = letter(&rig.random, "Bericht", "", "Text");
    rig.send(from_nobody(&["a@relay.example"]), origin(), &text).await.unwrap();
    rig.clock.advance(Duration::from_secs(66 * 60));
    rig.write(&["a@relay.example"], "Vier").await.unwrap();
}

#[tokio::test]
async fn more_recipients_than_a_day_has_are_refused_for_good() {
    let rig = Rig::with(|set| set.quotas.sender = most(100, 2));
    let no =
        rig.write(&["a@relay.example", "b@relay.example", "c@relay.example"], "Gruss").await.unwrap_err();
    assert_eq!(no.code(), 550, "{}", no.text());
    rig.write(&["a@relay.example", "b@relay.example"], "Gruss").await.unwrap();
    assert_eq!(rig.write(&["c@relay.example"], "Gruss").await.unwrap_err().code(), 451);
}

#[tokio::test]
async fn a_login_has_a_quota_of_its_own_whatever_it_calls_itself() {
    let rig = Rig::with(|set| set.quotas.login = most(1, 100));
    let claims = || Origin { login: Some("claims".to_owned()), ..origin() };
    let send = async |from: &str, origin: Origin| {
        let text = letter(&rig.random, "Gruss", "", "Text");
        rig.send(envelope(from, &["a@relay.example"]), origin, &text).await
    };
    send(SENDER, claims()).await.unwrap();
    assert_eq!(send("other@insurer.example", claims()).await.unwrap_err().code(), 451);
    send(SENDER, origin()).await.unwrap();
}

#[tokio::test]
async fn two_letters_at_once_do_not_both_take_the_last_place() {
    let rig = Rig::with(|set| set.quotas.sender = most(1, 100));
    let (one, two) =
        tokio::join!(rig.write(&["a@relay.example"], "Eins"), rig.write(&["b@relay.example"], "Zwei"));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1, "{one:?} {two:?}");
    assert_eq!(rig.legs().await.len(), 1);
}

#[tokio::test]
async fn a_full_mailbox_is_told_for_good_and_others_get_their_copy() {
    let rig = Rig::with(|set| set.quotas.mailbox = Some(3000));
    let large = "x".repeat(2000);
    let send = async |to: &[&str], from: Envelope| {
        let text = letter(&rig.random, "Brief", "", &large);
        rig.send(Envelope { recipients: envelope(SENDER, to).recipients, ..from }, origin(), &text).await
    };
    send(&["max@a.web.example"], envelope(SENDER, &[])).await.unwrap();
    let no = send(&["max@a.web.example"], envelope(SENDER, &[])).await.unwrap_err();
    assert_eq!((no.code(), no.text().contains("full")), (552, true), "{}", no.text());
    rig.let_go().await;
    send(&["max@a.web.example", "ida@a.web.example"], envelope(SENDER, &[])).await.unwrap();
    assert_eq!(rig.queued_to().await, [SENDER, "ida@a.web.example"], "a report, and a notice");
    let text = rig.rest(&rig.leg_to(SENDER).await).await;
    assert!(text.contains("Final-Recipient: rfc822; max@a.web.example") && text.contains("5.2.2"), "{text}");
    let id = rig.mailbox_id("max@a.web.example").await;
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 1);
    // A report has no sender who could be notified later.
    rig.let_go().await;
    let no = send(&["max@a.web.example", "udo@a.web.example"], from_nobody(&[])).await.unwrap_err();
    assert_eq!(no.code(), 552);
    assert!(rig.mailbox("udo@a.web.example").await.is_none());
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_no_letter() {
    let rig = Rig::with(|set| set.minimum_free = u64::MAX / 4);
    let no = rig.write(&["a@relay.example"], "Gruss").await.unwrap_err();
    assert_eq!((no.code(), no.text().contains("space")), (452, true), "{}", no.text());
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn a_head_without_end_is_refused_and_one_that_is_all_there_is_is_taken() {
    let rig = Rig::new();
    let long = format!("Subject: x\r\n{}\r\nText\r\n", "X-Padding: 0123456789\r\n".repeat(12_000));
    let no = rig.send(envelope(SENDER, &["a@relay.example"]), origin(), long.as_bytes()).await.unwrap_err();
    assert_eq!((no.code(), no.text().contains("too large")), (552, true), "{}", no.text());
    let endless = "X-Padding: 0123456789\r\n".repeat(13_000);
    let no =
        rig.send(envelope(SENDER, &["a@relay.example"]), origin(), endless.as_bytes()).await.unwrap_err();
    assert_eq!(no.code(), 552);
    rig.send(envelope(SENDER, &["a@relay.example"]), origin(), b"Subject: nur ein Kopf\r\n").await.unwrap();
    assert_eq!(rig.rest(&rig.leg_to("a@relay.example").await).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_head_for_very_many_is_refused_before_it_is_copied() {
    let rig = Rig::new();
    let head = "X-Padding: 0123456789012345678901234567890123456789\r\n".repeat(4_500);
    let text = format!("Subject: x\r\n{head}\r\nText\r\n");
    let to: Vec<String> = (0..300).map(|number| format!("a{number}@relay.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let no = rig.send(envelope(SENDER, &to), origin(), text.as_bytes()).await.unwrap_err();
    assert_eq!((no.code(), no.text().contains("so many recipients")), (552, true), "{}", no.text());
    assert!(rig.legs().await.is_empty());
    rig.send(envelope(SENDER, &to[..20]), origin(), text.as_bytes()).await.unwrap();
    assert_eq!(rig.legs().await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_letter_that_rules_look_into_is_read_back_whole_within_its_memory() {
    let rules = r#"[{"name": "numbers", "when": {"text-pattern": "Befund-[0-9]+"}, "then": "portal"}]"#;
    let rig = Rig::with(|set| {
        set.rules = rules.to_owned();
        set.memory_kib = 4 * 1024;
    });
    let text = format!("{}Befund-4711\r\n", "Zeile um Zeile\r\n".repeat(20_000));
    let large = letter(&rig.random, "Gruss", "", &text);
    rig.send(envelope(SENDER, &["max@relay.example"]), origin(), &large).await.unwrap();
    let id = rig.mailbox_id("max@relay.example").await;
    let secret = rig.pending_secret(&id).await;
    let kept = rig.letters(&id, &secret, Folder::Inbox).await.pop().unwrap();
    assert!(kept.rest.ends_with("Befund-4711\r\n\r\n") && kept.rest.len() > 300_000);
    assert_eq!(kept.row.size, i64::try_from(large.len()).unwrap());
    let other = letter(&rig.random, "Gruss", "", &text.replace("Befund-4711", "Nichts"));
    rig.send(envelope(SENDER, &["ida@relay.example"]), origin(), &other).await.unwrap();
    assert!(rig.mailbox("ida@relay.example").await.is_none());
    rig.clock.advance(DAY);
}
