//! When letters and mailboxes expire, and what keeps them: requests within bounds, activation, a hold, recent
//! use; and nothing of a deleted mailbox is left.

use std::time::Duration;

use sealpost_mail::{Term, Timestamp};
use sealpost_mailbox::{Bounds, Going, LastUse, Retention, RetentionRequest};
use sealpost_store::{MailboxState, TokenPurpose, Unread, WrapKind};

use crate::access::Door;
use crate::rig::{NOW, Rig, retention};

const DAY: Duration = Duration::from_secs(86_400);

fn until(at: Timestamp) -> Going {
    Going { at: Some(at), requested: None }
}

#[test]
fn what_is_requested_for_a_letter_meets_what_the_operator_allows() {
    let days = Term::Days;
    let bounds = Bounds { least: days(5), most: days(30) };
    let (none, kept) = (retention(), Retention { letters: Some(days(90)), ..retention() });
    let asked = Retention { asked: Some(bounds), ..kept.clone() };
    let (pending, active) = (MailboxState::Pending, MailboxState::Active);
    let end = |after: u16| Some(none.zone.end(NOW, days(after)));
    let sender = |after: u32| RetentionRequest { rule: None, sender: Some(NOW.plus(DAY * after)) };
    let rule = |after: u16| RetentionRequest { rule: Some(days(after)), sender: None };
    let nothing = RetentionRequest::default();
    let both = RetentionRequest { rule: Some(days(2)), sender: Some(NOW.plus(DAY * 10)) };
    for (what, retention, state, request, at) in [
        ("nothing said, in use", &none, active, nothing, None),
        ("nothing said, locked", &none, MailboxState::Locked, nothing, None),
        ("nothing said, waiting", &none, pending, nothing, end(40)),
        ("letters have an age", &kept, active, nothing, end(90)),
        ("while it waits, the link's time counts", &kept, pending, nothing, end(40)),
        ("a rule shortens", &kept, active, rule(3), end(3)),
        ("a rule lengthens", &kept, active, rule(200), end(200)),
        ("no longer than the link", &kept, pending, rule(200), end(40)),
        ("a sender who may not ask", &kept, active, sender(10), end(90)),
        ("a sender who may", &asked, active, sender(10), Some(NOW.plus(DAY * 10))),
        ("too soon", &asked, active, sender(1), end(5)),
        ("too late", &asked, active, sender(60), end(30)),
        ("the sender's word before the rule's", &asked, active, both, Some(NOW.plus(DAY * 10))),
    ] {
        assert_eq!(retention.letter(state, NOW, request).at, at, "{what}");
    }
    assert_eq!(kept.letter(active, NOW, nothing).requested, None, "nobody asked for it");
    assert_eq!(
        asked.letter(pending, NOW, sender(10)).requested,
        Some(NOW.plus(DAY * 10)),
        "it outlives activation"
    );
    assert_eq!((none.activated(NOW), kept.activated(NOW)), (None, end(90)));
}

#[test]
fn a_mailbox_goes_by_its_last_use_and_the_trash_by_its_own_time() {
    let kept = Retention { mailbox: Some(Term::Days(100)), ..retention() };
    let at = |day: u32| NOW.plus(DAY * day);
    let last = LastUse { created: NOW, activated: None, seen: None, reached: None };
    for (use_, counted) in [
        (last, NOW),
        (LastUse { activated: Some(at(1)), ..last }, at(1)),
        (LastUse { activated: Some(at(1)), seen: Some(at(9)), reached: Some(at(5)), ..last }, at(9)),
        (LastUse { seen: Some(at(3)), reached: Some(at(20)), ..last }, at(20)),
    ] {
        assert_eq!(use_.at(), counted);
        assert_eq!(kept.unused(&use_), Some(kept.zone.end(counted, Term::Days(100))));
        assert_eq!(retention().unused(&use_), None, "for ever");
    }
    let gone = kept.trashed(NOW);
    assert!(gone >= NOW.plus(DAY * 14) && gone <= NOW.plus(DAY * 15));
    assert!(kept.trash_before(gone) <= NOW && kept.trash_before(Timestamp(gone.0 + 1)) > NOW);
    assert_eq!(kept.days(NOW, NOW.plus(DAY * 3)), 3);
}

#[tokio::test]
async fn letters_go_when_their_time_is_over_and_not_before() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    rig.deposit(&id, "short", until(NOW.plus(DAY))).await;
    rig.deposit(&id, "long", until(NOW.plus(DAY * 9))).await;
    rig.deposit(&id, "always", Going::default()).await;
    let ids = async || rig.inbox(&id).await.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(
        rig.store.purge_letters(Unread::Forgotten, NOW.plus(DAY - Duration::from_secs(1))).await.unwrap(),
        0
    );
    let seen = rig.store.foresee_retention(NOW.plus(DAY), NOW, NOW, NOW).await.unwrap();
    assert_eq!(seen.letters.all, 1, "and that is foreseen");
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, NOW.plus(DAY)).await.unwrap(), 1);
    assert_eq!(ids().await, ["always", "letter-1", "long"]);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, NOW.plus(DAY * 100)).await.unwrap(), 2);
    assert_eq!(ids().await, ["always"]);
}

#[tokio::test]
async fn activation_keeps_what_waited_and_not_what_was_requested() {
    let door = Door::new().await;
    let requested = NOW.plus(DAY * 3);
    let going = Going { at: Some(requested), requested: Some(requested) };
    door.rig.deposit(&door.mailbox_id, "requested", going).await;
    door.activate().await;
    let rows = door.rig.inbox(&door.mailbox_id).await;
    let expires: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.expires_at)).collect();
    assert_eq!(expires, [("letter-1", None), ("requested", Some(requested))]);
}

#[tokio::test]
async fn while_a_mailbox_is_held_nothing_of_it_goes_and_then_its_time_goes_on() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    rig.deposit(&id, "short", until(NOW.plus(DAY * 2))).await;
    assert!(rig.store.hold_mailbox(&id, NOW.plus(DAY)).await.unwrap());
    assert!(!rig.store.hold_mailbox(&id, NOW.plus(DAY)).await.unwrap(), "it is held");
    let late = NOW.plus(DAY * 400);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, late).await.unwrap(), 0);
    assert_eq!(rig.store.purge_pending(late, Timestamp(0)).await.unwrap(), 0);
    assert!(!rig.store.delete_mailbox(&id, Unread::Forgotten, late).await.unwrap(), "not even by hand");
    assert_eq!(rig.inbox(&id).await.len(), 2);

    let held = rig.store.held(&id).await.unwrap().unwrap();
    let since = held.since;
    let times = retention().resumed(held, late);
    assert!(rig.store.end_hold(&id, since, times.clone(), late).await.unwrap());
    assert!(!rig.store.end_hold(&id, since, times, late).await.unwrap(), "it is not held");
    let short = rig.inbox(&id).await.into_iter().find(|row| row.id == "short").unwrap();
    let ends = retention().zone.end(late, Term::Days(1));
    assert_eq!(short.expires_at, Some(ends), "a day was left when it began, and it ends with its day");
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, Timestamp(ends.0 - 1)).await.unwrap(), 0);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, ends).await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_s_mailbox_goes_with_its_link_and_the_next_letter_makes_another() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    let over = retention().link(NOW);
    assert_eq!(rig.store.purge_pending(over, Timestamp(0)).await.unwrap(), 0, "a letter is in it");
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, over).await.unwrap(), 1);
    assert_eq!(rig.store.purge_pending(over, Timestamp(0)).await.unwrap(), 1);
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Deleted);
}

#[tokio::test]
async fn of_a_deleted_mailbox_only_its_tag_is_left() {
    let door = Door::new().await;
    door.activate().await;
    let link = door.deletion().await;
    let (rig, id) = (&door.rig, &door.mailbox_id);
    assert!(rig.store.set_pace(id, sealpost_store::Pace::Daily).await.is_ok());
    let body = rig.store.deposit(id, "letter-1").await.unwrap().unwrap().body_id;
    assert!(rig.store.delete_mailbox(id, Unread::Forgotten, NOW).await.unwrap());
    assert!(!rig.store.delete_mailbox(id, Unread::Forgotten, NOW).await.unwrap(), "once");
    let row = rig.store.mailbox(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.tag), (MailboxState::Deleted, rig.tag(crate::rig::ADDRESS)));
    assert!(row.address_sealed.is_empty() && row.public_key.is_empty());
    assert_eq!((row.question_sealed, row.profile_sealed), (None, None));
    for kind in [WrapKind::Password, WrapKind::Answer, WrapKind::Escrow, WrapKind::Activation, WrapKind::Link]
    {
        assert!(rig.store.wrap(id, kind).await.unwrap().is_none(), "{kind:?}");
    }
    assert!(rig.inbox(id).await.is_empty() && rig.store.body(&body).await.unwrap().is_none());
    assert!(rig.store.pace(id).await.unwrap().is_none());
    let known = door.access().known_link(TokenPurpose::Deletion, link.text().expose()).await.unwrap();
    assert!(known.is_none(), "its links lead nowhere");
    // Its address can have a new one at once.
    let (again, _) = rig.pending_as("letter-2").await;
    assert_ne!(&again, id);
}
