//! Read receipts to a sender who requested them: once, to the letter's sender and to nobody else.

use sealpost_arrival::Receipts;
use sealpost_mail::{Origin, TlsFloor};
use sealpost_mailbox::Outbox as _;
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{Folder, LegPurpose, NewOpening, Opening};

use crate::rig::{NOW, Rig, SENDER, envelope, letter, origin};

const TO: &str = "max@a.web.example";

/// Deposits a letter with these fields in an owner's mailbox: returns the mailbox and the letter.
async fn lies(rig: &Rig, fields: &str, from: Origin) -> (String, String) {
    let (id, secret) = rig.owner(TO).await;
    rig.clock.advance(std::time::Duration::from_secs(60));
    let text = letter(&rig.random, "[vertraulich] Geheim-1", fields, "Text");
    rig.send(envelope(SENDER, &[TO]), from, &text).await.unwrap();
    rig.let_go().await;
    let letters = rig.letters(&id, &secret, Folder::Inbox).await;
    assert_eq!(letters.len(), 2, "it is there");
    (id, letters[1].row.id.clone())
}

async fn opens(rig: &Rig, id: &str, letter: &str) -> bool {
    let noted = Event::LetterDeposited { letter, mailbox: id, arrival: None }.row(NOW, &Actor::Owner, None);
    let opening = NewOpening { mailbox_id: id.to_owned(), deposit_id: letter.to_owned(), how: Opening::Seen };
    rig.outbox.opened(opening, noted).await.unwrap()
}

fn asks(whom: &str) -> String {
    format!("Disposition-Notification-To: {whom}\r\n")
}

#[tokio::test]
async fn the_sender_hears_once_that_the_letter_was_opened() {
    let rig = Rig::new();
    let (id, letter) = lies(&rig, &asks(SENDER), origin()).await;
    assert!(opens(&rig, &id, &letter).await);
    assert!(!opens(&rig, &id, &letter).await, "it was opened before");
    let leg = rig.leg_to(SENDER).await;
    assert_eq!((leg.from().as_str(), leg.row.purpose), ("<>", LegPurpose::Report));
    assert_eq!((leg.row.destination.as_str(), leg.ticket.tls), ("insurer", TlsFloor::None));
    let text = rig.rest(&leg).await;
    assert!(leg.head().contains("disposition-notification"), "{}", leg.head());
    assert!(text.contains("Final-Recipient: rfc822;") && text.contains("displayed"), "{text}");
    assert!(!text.contains("Geheim-1") && !leg.head().contains("Geheim-1"), "{text}");
}

#[tokio::test]
async fn who_did_not_ask_or_asked_for_somebody_else_hears_nothing() {
    let twice = format!("{}{}", asks(SENDER), asks(SENDER));
    for fields in
        [String::new(), asks("spy@evil.example"), twice, format!("{}Precedence: bulk\r\n", asks(SENDER))]
    {
        let rig = Rig::new();
        let (id, letter) = lies(&rig, &fields, origin()).await;
        assert!(!opens(&rig, &id, &letter).await, "{fields}");
        assert!(rig.legs().await.is_empty(), "{fields}");
    }
}

#[tokio::test]
async fn nobody_in_the_world_hears_what_our_recipients_do() {
    let rig = Rig::new();
    let world = Origin { listener: "world".to_owned(), ..origin() };
    let (id, letter) = lies(&rig, &asks(SENDER), world).await;
    assert!(!opens(&rig, &id, &letter).await);
}

#[tokio::test]
async fn where_the_operator_wants_none_there_are_none() {
    let rig = Rig::with(|set| set.announcer.receipts = Receipts::Off);
    let (id, letter) = lies(&rig, &asks(SENDER), origin()).await;
    assert!(!opens(&rig, &id, &letter).await);
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn another_mailbox_does_not_open_it() {
    let rig = Rig::new();
    let (_id, letter) = lies(&rig, &asks(SENDER), origin()).await;
    assert!(!opens(&rig, "another", &letter).await);
    assert!(rig.legs().await.is_empty());
}
