//! Delivery reports: who gets them, what is in them, and what never is.

use std::time::Duration;

use sealpost_delivery::Purpose;
use sealpost_mail::{Address, Notify, Ret, ReversePath};

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, post, readable};

/// A hop that refuses `bad@d.example` and accepts the rest.
async fn refusing() -> Hop {
    let mut script = Script::default();
    script.rcpt.insert("bad@d.example", vec![Say::Line("550 5.1.1 no such user"); 9].into());
    Hop::start(script).await
}

/// What is sent after this letter is refused; then nothing more.
async fn after_refusal(post: Post) -> Vec<String> {
    let hop = refusing().await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post).await;
    let running = fixture.start();
    fixture.until_empty().await;
    running.stop().await;
    let letters = hop.letters(0).await;
    assert!(
        letters
            .iter()
            .all(|letter| letter.mail.starts_with("MAIL FROM:<> ") || letter.mail == "MAIL FROM:<>")
    );
    letters.into_iter().map(|letter| readable(&letter.bytes)).collect()
}

#[tokio::test]
async fn a_failure_is_reported_with_the_head_and_not_the_body() {
    let post = Post {
        envid: Some("QX1"),
        orcpt: Some("original@d.example"),
        rest: b"BODY-CANARY\r\n".to_vec(),
        ..post("bad@d.example")
    };
    let reports = after_refusal(post).await;
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    for part in [
        "multipart/report",
        "delivery-status",
        "Original-Envelope-Id: QX1",
        "Reporting-MTA: dns; gw.example",
        "Original-Recipient: rfc822; original@d.example",
        "Final-Recipient: rfc822; bad@d.example",
        "Action: failed",
        "Status: 5.1.1",
        "Subject: canary",
        "Auto-Submitted: auto-replied",
    ] {
        assert!(report.contains(part) || report.replace(";", "; ").contains(part), "{part}: {report}");
    }
    assert!(!report.contains("BODY-CANARY"));
}

#[tokio::test]
async fn the_whole_letter_comes_back_if_that_was_asked_for() {
    let post = Post { ret: Some(Ret::Full), rest: b"BODY-CANARY\r\n".to_vec(), ..post("bad@d.example") };
    let reports = after_refusal(post).await;
    assert!(reports[0].contains("BODY-CANARY"), "{}", reports[0]);
}

#[tokio::test]
async fn nobody_hears_who_did_not_want_to_or_cannot() {
    assert_eq!(after_refusal(Post { notify: Notify::Never, ..post("bad@d.example") }).await.len(), 0);
    assert_eq!(after_refusal(Post { from: None, ..post("bad@d.example") }).await.len(), 0);
    let delay_only = Notify::On { success: false, failure: false, delay: true };
    assert_eq!(after_refusal(Post { notify: delay_only, ..post("bad@d.example") }).await.len(), 0);
}

#[tokio::test]
async fn a_report_that_fails_is_not_reported() {
    let post = Post { from: Some("bad@d.example"), ..post("bad@d.example") };
    assert_eq!(after_refusal(post).await.len(), 0);
}

#[tokio::test]
async fn the_sender_of_a_confidential_letter_hears_that_nobody_could_be_told_and_nothing_of_the_letter() {
    let sender = ReversePath::Address(Address::parse("boss@insurer.example").unwrap());
    let (mailbox_id, deposit_id) = ("m1".to_owned(), "d1".to_owned());
    let notice = Purpose::Notice {
        mailbox_id,
        deposit_id,
        sender,
        letter_id: None,
        is_first: true,
        others: Vec::new(),
    };
    let reports = after_refusal(Post {
        from: None,
        ret: Some(Ret::Full),
        rest: b"https://portal.example/a/SECRET-TOKEN\r\n".to_vec(),
        purpose: notice,
        ..post("bad@d.example")
    })
    .await;
    assert_eq!(reports.len(), 1);
    assert!(reports[0].contains("boss@insurer.example"));
    assert!(reports[0].contains("inform the recipient by other means"), "{}", reports[0]);
    for secret in ["SECRET-TOKEN", "canary", "text/rfc822-headers", "message/rfc822"] {
        assert!(!reports[0].contains(secret), "{secret}: {}", reports[0]);
    }
}

#[tokio::test]
async fn a_delay_is_reported_once() {
    let mut script = Script::default();
    script.rcpt.insert("slow@d.example", vec![Say::Line("451 4.2.0 busy"); 9].into());
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("slow@d.example")).await;
    let running = fixture.start();
    fixture.until_attempts(1).await;
    assert_eq!(hop.letter_count(), 0, "not before its time");
    running.advance(&fixture, Duration::from_secs(5 * 3600));
    let report = String::from_utf8(hop.letters(1).await.remove(0).bytes).unwrap();
    for part in ["Action: delayed", "Status: 4.2.0", "Will-Retry-Until:"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let leg = fixture.until_attempts(2).await;
    assert!(leg.delay_noted);
    // The clock must not run ahead of the report's lease.
    fixture.until("the report is through", |legs| legs.len() == 1).await;
    running.advance(&fixture, Duration::from_secs(5 * 3600));
    let leg = fixture.until_attempts(3).await;
    assert!(leg.delay_noted);
    fixture.until("only the letter waits", |legs| legs.len() == 1).await;
    assert_eq!(hop.letter_count(), 1, "once");
    running.stop().await;
}
