//! Scheduled mail, its bounce address, and who is told of a bounce: about the mailbox itself or one of its
//! letters, from any sender.

use sealpost_arrival::reminder::{self, Mailing};
use sealpost_arrival::{MostReports, tell_of_keys};
use sealpost_delivery::{Purpose, ReportsTo};
use sealpost_mail::{Address, Origin, ReversePath, Secret, Timestamp, TlsFloor};
use sealpost_notice::{ExpiringKey, KeyOwner, Notice, Reached};
use sealpost_store::{Announced, KeyWarning, LegPurpose, MailboxRow, Pace, Reminded, SenderNote};

use crate::rig::{DAY, NOW, OURS, PORTAL, Rig, SENDER, address, envelope, from_nobody, letter, origin};

const TO: &str = "max@a.web.example";
const BACK: &[u8] =
    b"From: MAILER-DAEMON@a.web.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\
    Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n";

fn going() -> Notice {
    Notice::MailboxReminder { link: Secret::new(PORTAL.to_owned()), expires: NOW.plus(DAY), days: 1 }
}

fn about(what: Reminded, before: Option<Timestamp>) -> reminder::Note {
    reminder::Note { about: what, before, at: NOW }
}

/// A mailbox with one letter and an empty queue; the letter's id.
async fn waits(rig: &Rig, to: &str) -> (MailboxRow, String) {
    rig.write(&[to], "Eins").await.unwrap();
    let id = Rig::letter_of(&rig.leg_to(to).await);
    rig.let_go().await;
    (rig.mailbox(to).await.unwrap(), id)
}

fn not_fetched(to: &Address) -> Notice {
    Notice::NotFetched {
        recipient: to.to_path(),
        date: NOW,
        waiting: 7,
        deletion: None,
        reached: Reached::default(),
        newcomer: None,
    }
}

#[tokio::test]
async fn a_reminder_of_the_mailbox_that_comes_back_counts_and_is_told_to_nobody() {
    let rig = Rig::new();
    let (mailbox, _) = waits(&rig, TO).await;
    let note = about(Reminded::Mailbox, None);
    assert_eq!(reminder::send(rig.context(), &mailbox, going(), None, note).await.unwrap(), Mailing::Queued);
    let leg = rig.leg_to(TO).await;
    let Purpose::Notice { deposit_id, sender, is_first, .. } = &leg.ticket.purpose else {
        panic!("no notice")
    };
    assert_eq!((deposit_id.as_str(), sender, is_first), ("", &ReversePath::Null, &false));
    let back = Rig::return_path(&leg).to_path();
    rig.let_go().await;
    rig.send(from_nobody(&[&back]), origin(), BACK).await.unwrap();
    assert!(rig.legs().await.is_empty(), "it spoke of nobody's letter");
    assert_eq!(rig.store.unreachable(&mailbox.id).await.unwrap().unwrap().bounces, 1);
}

#[tokio::test]
async fn without_an_address_for_bounces_reminders_come_from_ours() {
    let rig = Rig::with(|set| set.announcer.bounces = None);
    rig.write(&[TO], "Eins").await.unwrap();
    rig.let_go().await;
    let mailbox = rig.mailbox(TO).await.unwrap();
    let note = about(Reminded::Mailbox, None);
    assert_eq!(reminder::send(rig.context(), &mailbox, going(), None, note).await.unwrap(), Mailing::Queued);
    assert_eq!(rig.leg_to(TO).await.from(), OURS);
}

/// Two nodes read the same row: the second one's commit finds it changed.
#[tokio::test]
async fn who_has_read_an_older_row_reminds_nobody() {
    let rig = Rig::new();
    let (mailbox, _) = waits(&rig, TO).await;
    let send = async |about, before| {
        rig.clock.advance(DAY);
        let note = reminder::Note { about, before, at: rig.now() };
        let sent = reminder::send(rig.context(), &mailbox, going(), None, note).await.unwrap();
        rig.let_go().await;
        sent
    };
    assert_eq!(send(Reminded::Mailbox, None).await, Mailing::Queued);
    let first = rig.now();
    assert_eq!(send(Reminded::Mailbox, None).await, Mailing::Already, "it was, a day ago");
    let late = send(Reminded::Mailbox, Some(first.minus(DAY))).await;
    assert_eq!(late, Mailing::Already, "that was read before");
    assert_eq!(send(Reminded::Mailbox, Some(first)).await, Mailing::Queued);
    assert_eq!(
        send(Reminded::Letters, None).await,
        Mailing::Queued,
        "of letters and of the mailbox each for itself"
    );
}

#[tokio::test]
async fn a_reminder_speaks_the_language_of_its_mailbox() {
    for (to, word, other) in [(TO, "Postfach", "mailbox"), ("max@en.web.example", "mailbox", "Postfach")] {
        let rig = Rig::new();
        let (mailbox, _) = waits(&rig, to).await;
        let note = about(Reminded::Mailbox, None);
        assert_eq!(
            reminder::send(rig.context(), &mailbox, going(), None, note).await.unwrap(),
            Mailing::Queued
        );
        let leg = rig.leg_to(to).await;
        let text = rig.written(&leg);
        assert!(text.contains(word) && !text.contains(other), "{text}");
        assert_eq!((leg.row.destination.as_str(), leg.ticket.tls), ("notices", TlsFloor::Encrypted));
    }
}

#[tokio::test]
async fn a_reminder_of_a_letter_is_told_to_its_sender_when_it_comes_back() {
    let rig = Rig::new();
    let (mailbox, id) = waits(&rig, TO).await;
    let one = reminder::Letter { id: &id, number: 3, others: &[] };
    let note = about(Reminded::Letters, None);
    assert_eq!(
        reminder::send(rig.context(), &mailbox, going(), Some(one), note).await.unwrap(),
        Mailing::Queued
    );
    let leg = rig.leg_to(TO).await;
    let Purpose::Notice { sender, is_first, letter_id, .. } = &leg.ticket.purpose else {
        panic!("no notice")
    };
    assert_eq!((sender.address().unwrap().to_path().as_str(), is_first), (SENDER, &false));
    assert!(letter_id.is_some() && !leg.from().contains(&id), "{}", leg.from());
    let back = Rig::return_path(&leg).to_path();
    rig.let_go().await;
    rig.send(from_nobody(&[&back]), origin(), BACK).await.unwrap();
    assert_eq!(rig.queued_to().await, [SENDER]);
}

#[tokio::test]
async fn of_a_letter_that_nobody_sent_a_reminder_is_like_one_of_the_mailbox() {
    let rig = Rig::new();
    let (mailbox, _) = waits(&rig, TO).await;
    let one = reminder::Letter { id: "0123456789abcdef0123456789abcdef", number: 1, others: &[] };
    let note = about(Reminded::Letters, None);
    assert_eq!(
        reminder::send(rig.context(), &mailbox, going(), Some(one), note).await.unwrap(),
        Mailing::Queued
    );
    let leg = rig.leg_to(TO).await;
    let Purpose::Notice { sender, deposit_id, .. } = &leg.ticket.purpose else { panic!("no notice") };
    assert_eq!((sender, deposit_id.as_str()), (&ReversePath::Null, ""));
    // A report in a mailbox has a memo and no sender.
    let rig = Rig::new();
    let text = letter(&rig.random, "Bericht", "", "Text");
    rig.send(from_nobody(&[TO]), origin(), &text).await.unwrap();
    rig.let_go().await;
    let unfetched = rig.store.unfetched("", NOW.plus(DAY), NOW.plus(DAY * 4), 3).await.unwrap();
    assert_eq!(unfetched.len(), 1);
    for one in &unfetched {
        let told =
            SenderNote::Unfetched { deposit_id: one.deposit_id.clone(), at: NOW, latest: NOW.plus(DAY * 4) };
        let sealed = &one.memo_sealed;
        let told =
            reminder::tell_sender(rig.context(), &one.deposit_id, sealed, told, not_fetched, NOW).await;
        assert_eq!(told.unwrap(), Mailing::Nobody);
    }
    assert!(rig.legs().await.is_empty());
}

/// Anybody can write a victim's address into a reverse-path.
#[tokio::test]
async fn senders_outside_are_told_so_often_as_the_operator_allows_and_the_rest_counts_as_told() {
    let rig = Rig::with(|set| set.quotas.reports = MostReports { address: 1, ..MostReports::default() });
    for subject in ["Eins", "Zwei"] {
        let world = Origin { listener: "world".to_owned(), ..origin() };
        let text = letter(&rig.random, subject, "", "Text");
        rig.send(envelope("x@elsewhere.example", &[TO]), world, &text).await.unwrap();
    }
    rig.let_go().await;
    let unfetched = rig.store.unfetched("", NOW.plus(DAY), NOW.plus(DAY * 4), 3).await.unwrap();
    assert_eq!(unfetched.len(), 2);
    let mut sent = Vec::new();
    for one in &unfetched {
        let told =
            SenderNote::Unfetched { deposit_id: one.deposit_id.clone(), at: NOW, latest: NOW.plus(DAY * 4) };
        let (context, sealed) = (rig.context(), &one.memo_sealed);
        sent.push(
            reminder::tell_sender(context, &one.deposit_id, sealed, told, not_fetched, NOW).await.unwrap(),
        );
    }
    assert_eq!(sent, [Mailing::Queued, Mailing::Already]);
    assert_eq!(rig.queued_to().await, ["x@elsewhere.example"]);
    assert!(
        rig.store.unfetched("", NOW.plus(DAY), NOW.plus(DAY * 4), 3).await.unwrap().is_empty(),
        "nobody asks again"
    );
    let leg = rig.leg_to("x@elsewhere.example").await;
    assert_eq!((leg.row.purpose, leg.from().as_str()), (LegPurpose::Report, "<>"));
}

#[tokio::test]
async fn a_digest_is_the_first_word_of_its_letters_and_of_no_others() {
    let rig = Rig::with(|set| set.announcer.pending_pace = Pace::Hourly);
    let (mailbox, _) = waits(&rig, TO).await;
    rig.write(&[TO], "Zwei").await.unwrap();
    let id = rig.store.awaiting_notice("").await.unwrap().remove(0).deposit_id;
    let notice = || Notice::Digest {
        letters: 1,
        date: NOW,
        link: Secret::new(PORTAL.to_owned()),
        deletion: None,
        newcomer: None,
    };
    let announced = |before| Announced {
        mailbox_id: mailbox.id.clone(),
        before,
        at: NOW.plus(DAY),
        letters: vec![id.clone()],
    };
    let context = rig.context();
    let late = reminder::digest(context, &mailbox, notice(), &id, &[], announced(Some(NOW.minus(DAY)))).await;
    assert_eq!(late.unwrap(), Mailing::Already, "a notice has left since that was read");
    assert_eq!(
        reminder::digest(context, &mailbox, notice(), &id, &[], announced(Some(NOW))).await.unwrap(),
        Mailing::Queued
    );
    let leg = rig.leg_to(TO).await;
    let Purpose::Notice { is_first, deposit_id, .. } = &leg.ticket.purpose else { panic!("no notice") };
    assert!(*is_first && *deposit_id == id);
    assert_eq!(leg.ticket.reports_to, ReportsTo::Ours);
}

#[tokio::test]
async fn where_the_store_is_away_nobody_is_told_and_no_mailbox_is_to_blame() {
    let rig = Rig::new();
    let (mailbox, _) = waits(&rig, TO).await;
    rig.store.close().await;
    let note = about(Reminded::Mailbox, None);
    let sent = reminder::send(rig.context(), &mailbox, going(), None, note).await;
    assert!(matches!(sent, Err(reminder::Unsent::Store(_))), "{sent:?}");
}

#[tokio::test]
async fn an_operator_is_told_once_of_a_key_that_ends() {
    let rig = Rig::new();
    let warned = |key: &str| KeyWarning { key_id: key.to_owned(), ends_at: NOW.plus(DAY), days: 7, at: NOW };
    let warning = || warned("3fa1");
    let notice = || {
        let (owner, name) = (KeyOwner::Partner, "clinic.example".to_owned());
        let keys = vec![ExpiringKey { owner, name, key: "S/MIME 3FA1".to_owned(), end: NOW.plus(DAY) }];
        Notice::KeysEnding { keys, count: 1 }
    };
    let to = address("post@insurer.example");
    let told = tell_of_keys(rig.context(), Some((&to, notice())), vec![warning()], NOW).await;
    assert_eq!(told.unwrap(), Mailing::Queued);
    let leg = rig.leg_to("post@insurer.example").await;
    assert_eq!((leg.row.destination.as_str(), leg.ticket.tls), ("insurer", TlsFloor::None));
    assert!(matches!(leg.notice(), Notice::KeysEnding { count: 1, .. }));
    let told = tell_of_keys(rig.context(), Some((&to, notice())), vec![warning()], NOW).await;
    assert_eq!(told.unwrap(), Mailing::Already);
    assert_eq!(rig.legs().await.len(), 1);
    // Without an address it is recorded, so that the log says it once.
    let other = warned("77aa");
    assert_eq!(tell_of_keys(rig.context(), None, vec![other.clone()], NOW).await.unwrap(), Mailing::Queued);
    assert_eq!(tell_of_keys(rig.context(), None, vec![other], NOW).await.unwrap(), Mailing::Already);
}
