//! When owners are notified: at once, or together with others; scheduled notices; and what a letter's sender
//! is told.

use sealpost_arrival::reminder::{self, Mailing};
use sealpost_arrival::unnotified_letters;
use sealpost_mail::{ActivateBy, EnhancedCode, Secret};
use sealpost_notice::{Notice, Reached};
use sealpost_store::{Announced, MailboxRow, MemoKey, Pace, Reminded, SenderNote};

use crate::rig::{DAY, NOW, PORTAL, Rig, SENDER, from_nobody, origin};

const TO: &str = "max@a.web.example";

fn hourly() -> Rig {
    Rig::with(|set| {
        set.announcer.pace = Pace::Hourly;
        set.announcer.pending_pace = Pace::Hourly;
    })
}

fn digest(letters: u32) -> Notice {
    Notice::Digest {
        letters,
        date: NOW,
        link: Secret::new(PORTAL.to_owned()),
        deletion: None,
        newcomer: None,
    }
}

fn unread() -> Notice {
    Notice::UnreadReminder {
        letters: 1,
        link: Secret::new(PORTAL.to_owned()),
        expires: NOW.plus(DAY),
        days: 1,
    }
}

async fn row(rig: &Rig) -> MailboxRow {
    rig.mailbox(TO).await.unwrap()
}

/// The ids of the letters whose owner has not been told.
async fn waiting(rig: &Rig) -> Vec<String> {
    rig.store.awaiting_notice("").await.unwrap().into_iter().map(|one| one.deposit_id).collect()
}

#[tokio::test]
async fn the_first_letter_of_an_hour_is_told_of_and_the_others_wait() {
    let rig = hourly();
    for subject in ["Eins", "Zwei", "Drei"] {
        rig.write(&[TO], subject).await.unwrap();
    }
    assert_eq!(rig.queued_to().await, [TO]);
    let waiting = waiting(&rig).await;
    assert_eq!(waiting.len(), 2);
    // Each can still be reported to its sender if necessary.
    for id in &waiting {
        assert!(rig.store.bounce_memo(&MemoKey::first(id)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn one_mail_tells_of_all_that_have_waited_and_once() {
    let rig = hourly();
    for subject in ["Eins", "Zwei", "Drei"] {
        rig.write(&[TO], subject).await.unwrap();
    }
    rig.let_go().await;
    let (mailbox, letters) = (row(&rig).await, waiting(&rig).await);
    rig.clock.advance(DAY);
    let announced = || Announced {
        mailbox_id: mailbox.id.clone(),
        before: Some(NOW),
        at: rig.now(),
        letters: letters.clone(),
    };
    let others = letters[1..].to_vec();
    let send = async || {
        reminder::digest(rig.context(), &mailbox, digest(2), &letters[0], &others, announced()).await
    };
    assert_eq!(send().await.unwrap(), Mailing::Queued);
    let leg = rig.leg_to(TO).await;
    assert!(matches!(leg.notice(), Notice::Digest { letters: 2, .. }));
    assert!(waiting(&rig).await.is_empty());
    assert_eq!(send().await.unwrap(), Mailing::Already, "another node was faster");
    assert_eq!(rig.legs().await.len(), 1);

    // It bounces: the senders of both letters are told.
    let back = Rig::return_path(&leg).to_path();
    rig.let_go().await;
    let report =
        b"From: MAILER-DAEMON@a.web.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\
        Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n";
    rig.send(from_nobody(&[&back]), origin(), report).await.unwrap();
    assert_eq!(rig.queued_to().await, [SENDER, SENDER]);
}

#[tokio::test]
async fn an_owner_is_reminded_once_whoever_asks_twice() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    rig.let_go().await;
    let mailbox = row(&rig).await;
    let note = reminder::Note { about: Reminded::Mailbox, before: None, at: NOW };
    let send = async || reminder::send(rig.context(), &mailbox, unread(), None, note).await.unwrap();
    assert_eq!(send().await, Mailing::Queued);
    assert_eq!(send().await, Mailing::Already);
    let leg = rig.leg_to(TO).await;
    assert!(leg.from().starts_with("bounce+"), "one that comes back is counted: {}", leg.from());
    assert_eq!(rig.store.reminded_of_mailbox(&mailbox.id).await.unwrap(), Some(NOW));
}

#[tokio::test]
async fn a_reminder_of_a_letter_comes_back_to_that_letter() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    let (first, id) = (rig.leg_to(TO).await.from(), Rig::letter_of(&rig.leg_to(TO).await));
    rig.let_go().await;
    let mailbox = row(&rig).await;
    let letter = reminder::Letter { id: &id, number: 1, others: &[] };
    let note = reminder::Note { about: Reminded::Letters, before: None, at: NOW };
    let sent = reminder::send(rig.context(), &mailbox, unread(), Some(letter), note).await;
    assert_eq!(sent.unwrap(), Mailing::Queued);
    let second = rig.leg_to(TO).await.from();
    assert!(second.starts_with("bounce+") && second != first, "each copy has a way back of its own");
    let memo = rig.store.bounce_memo(&MemoKey::of(&id, 1)).await.unwrap();
    assert_eq!(memo.unwrap().deposit_id, id);
}

#[tokio::test]
async fn a_reminder_brings_the_way_in_that_the_mailbox_was_made_with() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    let Notice::Activation { link, .. } = rig.leg_to(TO).await.notice() else { panic!("no link") };
    let way = reminder::way_in(rig.context(), &row(&rig).await).await.unwrap();
    assert_eq!((way.link.expose(), way.by), (link.expose(), ActivateBy::Link));

    let rig = Rig::with(|set| set.announcer.activate_by = ActivateBy::InitialPassword);
    rig.write(&[TO], "Eins").await.unwrap();
    let way = reminder::way_in(rig.context(), &row(&rig).await).await.unwrap();
    assert_eq!((way.link.expose().as_str(), way.by), (PORTAL, ActivateBy::InitialPassword));
}

#[tokio::test]
async fn a_row_that_is_not_ours_is_reminded_of_nothing() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    rig.let_go().await;
    let mut forged = row(&rig).await;
    forged.tag = rig.tag("ida@a.web.example");
    let note = reminder::Note { about: Reminded::Mailbox, before: None, at: NOW };
    let told = reminder::send(rig.context(), &forged, unread(), None, note).await;
    assert!(matches!(told, Err(reminder::Unsent::Row(_))), "one mailbox, and all others can be told");
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn a_sender_hears_once_that_nobody_fetches_the_letter() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    rig.let_go().await;
    let unfetched = rig.store.unfetched("", NOW.plus(DAY), NOW.plus(DAY * 4), 3).await.unwrap();
    let [one] = unfetched.as_slice() else { panic!("{unfetched:?}") };
    let notice = |to: &sealpost_mail::Address| Notice::NotFetched {
        recipient: to.to_path(),
        date: NOW,
        waiting: 7,
        deletion: None,
        reached: Reached::default(),
        newcomer: None,
    };
    let tell = async || {
        let told =
            SenderNote::Unfetched { deposit_id: one.deposit_id.clone(), at: NOW, latest: NOW.plus(DAY * 4) };
        reminder::tell_sender(rig.context(), &one.deposit_id, &one.memo_sealed, told, notice, NOW)
            .await
            .unwrap()
    };
    assert_eq!(tell().await, Mailing::Queued);
    assert_eq!(tell().await, Mailing::Already);
    let leg = rig.leg_to(SENDER).await;
    assert_eq!(leg.row.destination, "insurer");
    assert!(matches!(leg.notice(), Notice::NotFetched { recipient, .. } if recipient == TO));
    assert!(rig.store.unfetched("", NOW.plus(DAY), NOW.plus(DAY * 4), 3).await.unwrap().is_empty());
    // Sealed for one letter, it is invalid for another.
    let told = SenderNote::Unfetched { deposit_id: "other".to_owned(), at: NOW, latest: NOW.plus(DAY * 4) };
    let moved = reminder::tell_sender(rig.context(), "other", &one.memo_sealed, told, notice, NOW).await;
    assert!(matches!(moved, Err(reminder::Unsent::Row(_))));
}

#[tokio::test]
async fn whose_letter_nobody_knows_is_told_once_and_of_a_letter_without_sender_nobody() {
    let rig = Rig::new();
    rig.write(&[TO], "Eins").await.unwrap();
    let id = Rig::letter_of(&rig.leg_to(TO).await);
    rig.let_go().await;
    let told =
        unnotified_letters::tell(rig.context(), &id, Some(unnotified_letters::UNREACHABLE)).await.unwrap();
    assert_eq!(told, Mailing::Queued);
    let told = unnotified_letters::tell(rig.context(), &id, Some(EnhancedCode(5, 1, 1))).await.unwrap();
    assert_eq!(told, Mailing::Already);
    let report = rig.rest(&rig.leg_to(SENDER).await).await;
    assert!(report.contains("Status: 5.2.1"), "{report}");
    let told = unnotified_letters::tell(rig.context(), "no such letter", None).await.unwrap();
    assert_eq!(told, Mailing::Nobody);

    let rig = Rig::new();
    let text = crate::rig::letter(&rig.random, "Bericht", "", "Text");
    rig.send(from_nobody(&[TO]), origin(), &text).await.unwrap();
    let id = Rig::letter_of(&rig.leg_to(TO).await);
    rig.let_go().await;
    assert_eq!(unnotified_letters::tell(rig.context(), &id, None).await.unwrap(), Mailing::Nobody);
    assert!(rig.legs().await.is_empty());
}
