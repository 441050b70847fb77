//! Bounces of a notice: the letter's sender is told once that the recipient was not notified, and of what
//! reports nothing nobody is told.

use sealpost_mail::Address;
use sealpost_notice::Notice;
use sealpost_store::{Folder, LegPurpose, LetterEvent};

use crate::rig::{DAY, Rig, SENDER, envelope, from_nobody, letter, origin};

const TO: &str = "max@a.web.example";

/// A report as mail servers write it.
fn report(action: &str, status: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.web.example\r\nTo: bounce@insurer.example\r\nSubject: Undeliverable\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.web.example\r\n\r\nFinal-Recipient: rfc822; max@a.web.example\r\n\
         Action: {action}\r\nStatus: {status}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// A letter whose notice is under way; its bounce address.
async fn noticed(rig: &Rig, subject: &str) -> String {
    rig.write(&[TO], subject).await.unwrap();
    let back = Rig::return_path(&rig.leg_to(TO).await);
    rig.let_go().await;
    back.to_path()
}

async fn comes_back(rig: &Rig, back: &str, bytes: &[u8]) {
    rig.send(from_nobody(&[back]), origin(), bytes).await.unwrap();
}

#[tokio::test]
async fn the_sender_hears_once_that_the_recipient_does_not_know() {
    let rig = Rig::new();
    rig.listen().await;
    let back = noticed(&rig, "[vertraulich] Geheim-1").await;
    comes_back(&rig, &back, &report("failed", "5.1.1")).await;
    let told = rig.leg_to(SENDER).await;
    assert_eq!((told.row.purpose, told.from().as_str()), (LegPurpose::Report, "<>"));
    let text = rig.rest(&told).await;
    assert!(
        text.contains("Final-Recipient: rfc822; max@a.web.example") && text.contains("Status: 5.1.1"),
        "{text}"
    );
    assert!(!text.contains("Geheim-1"), "{text}");

    let id = rig.mailbox_id(TO).await;
    let marked = rig.store.unreachable(&id).await.unwrap().unwrap();
    assert_eq!((marked.bounces, marked.status.as_str()), (1, "5.1.1"));
    assert!(
        rig.trail(&id).await.contains(&"system notice.returned".to_owned()),
        "{:?}",
        rig.trail(&id).await
    );
    let kinds: Vec<LetterEvent> = rig.heard().await.into_iter().map(|event| event.kind).collect();
    assert!(
        kinds.contains(&LetterEvent::Deposited) && kinds.contains(&LetterEvent::NoticeBounced),
        "{kinds:?}"
    );
    // The letter itself is unchanged.
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 1);

    rig.let_go().await;
    let again = rig.send(from_nobody(&[&back]), origin(), &report("failed", "5.1.2")).await.unwrap_err();
    assert_eq!(again.code(), 550, "its token is spent");
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn what_reports_no_failure_is_told_to_nobody_and_spends_nothing() {
    let rig = Rig::new();
    let back = noticed(&rig, "[vertraulich] Brief").await;
    let away = b"From: Max <max@a.web.example>\r\nSubject: Abwesend\r\nAuto-Submitted: auto-replied\r\n\r\nBis Montag.\r\n";
    for (what, bytes) in [
        ("delayed", report("delayed", "4.4.1")),
        ("delivered", report("delivered", "2.0.0")),
        ("relayed", report("relayed", "2.0.0")),
        ("away", away.to_vec()),
    ] {
        comes_back(&rig, &back, &bytes).await;
        assert!(rig.legs().await.is_empty(), "{what}");
    }
    let id = rig.mailbox_id(TO).await;
    assert!(rig.store.unreachable(&id).await.unwrap().is_none());
    // It still leads to its letter.
    comes_back(&rig, &back, &report("failed", "5.2.2")).await;
    assert_eq!(rig.queued_to().await, [SENDER]);
}

#[tokio::test]
async fn what_no_machine_can_read_is_told_with_doubt_and_not_counted() {
    let rig = Rig::new();
    let back = noticed(&rig, "[vertraulich] Brief").await;
    let odd = b"From: postmaster@mx.web.example\r\nSubject: Your mail\r\n\r\nSomething went wrong.\r\n";
    comes_back(&rig, &back, odd).await;
    let text = rig.rest(&rig.leg_to(SENDER).await).await;
    assert!(text.contains("Status: 5.0.0"), "{text}");
    let id = rig.mailbox_id(TO).await;
    assert!(rig.store.unreachable(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_refused() {
    let rig = Rig::new();
    let back = noticed(&rig, "[vertraulich] Brief").await;
    let strange = "bounce+00000000000000000000000000000000ff@insurer.example";
    for to in [strange, "bounce+@insurer.example", "bounce+x@insurer.example"] {
        let reply = rig.send(from_nobody(&[to]), origin(), &report("failed", "5.1.1")).await.unwrap_err();
        assert_eq!(reply.code(), 550, "{to}");
    }
    // Another domain's address with the same local part is not ours.
    let token = Address::parse(&back).unwrap().local().to_owned();
    let elsewhere = format!("{token}@relay.example");
    comes_back(&rig, &elsewhere, &report("failed", "5.1.1")).await;
    assert_eq!(rig.queued_to().await, [elsewhere], "relayed like any mail");
}

#[tokio::test]
async fn somebody_who_writes_to_a_return_address_is_told_how_to_answer_and_nothing_is_spent() {
    let rig = Rig::new();
    let back = noticed(&rig, "[vertraulich] Brief").await;
    let text = letter(&rig.random, "Re: Neue Nachricht", "", "Hallo");
    rig.send(envelope(TO, &[&back]), origin(), &text).await.unwrap();
    let told = rig.leg_to(TO).await;
    assert!(matches!(told.notice(), Notice::ReplySafely { .. }));
    rig.let_go().await;
    comes_back(&rig, &back, &report("failed", "5.1.1")).await;
    assert_eq!(rig.queued_to().await, [SENDER]);
}

#[tokio::test]
async fn an_address_that_never_answers_gets_no_more_notices_and_the_sender_hears_it_at_once() {
    let rig = Rig::new();
    for subject in ["[vertraulich] Eins", "[vertraulich] Zwei"] {
        let back = noticed(&rig, subject).await;
        comes_back(&rig, &back, &report("failed", "5.1.1")).await;
        rig.let_go().await;
        rig.clock.advance(DAY);
    }
    let id = rig.mailbox_id(TO).await;
    assert_eq!(rig.store.unreachable(&id).await.unwrap().unwrap().bounces, 2);
    rig.write(&[TO], "[vertraulich] Drei").await.unwrap();
    assert_eq!(rig.queued_to().await, [SENDER], "no notice, and a report in its place");
    let text = rig.rest(&rig.leg_to(SENDER).await).await;
    assert!(text.contains("Status: 5.2.1"), "{text}");
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 3, "the letter is there all the same");
    // Support has confirmed with its owner that the address is right.
    assert!(rig.store.clear_unreachable(&id).await.unwrap());
    rig.let_go().await;
    rig.write(&[TO], "[vertraulich] Vier").await.unwrap();
    assert_eq!(rig.queued_to().await, [TO]);
}

#[tokio::test]
async fn without_an_address_for_bounces_notices_come_from_ours() {
    let rig = Rig::with(|set| set.announcer.bounces = None);
    rig.write(&[TO], "[vertraulich] Brief").await.unwrap();
    assert_eq!(rig.leg_to(TO).await.from(), crate::rig::OURS);
}
