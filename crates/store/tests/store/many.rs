//! Many letters at once: marked, unmarked, a deletion undone; and letters with a collected notice.

use sealpost_mail::Timestamp;
use sealpost_store::{Announced, ArrivalRows, Committed, Folder, Pace, Page, Unannounced};

use crate::rig::{LARGE, NOW, Rig};

const ALL: Page = Page { offset: 0, limit: 100 };

/// A mailbox with three letters.
async fn three(rig: &Rig, seed: u8) -> (String, Vec<String>) {
    let (mailbox_id, first, _) = rig.deposit_in_new(seed).await;
    let body = rig.body(LARGE).await;
    let mut rows = ArrivalRows::new(NOW);
    for after in 1..3 {
        let mut deposit = rig.deposit(&mailbox_id, body.id());
        deposit.received_at = Timestamp(NOW.0 + after);
        rows.deposits.push(deposit);
    }
    let mut ids = vec![first];
    ids.extend(rows.deposits.iter().map(|deposit| deposit.id.clone()));
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    (mailbox_id, ids)
}

#[tokio::test]
async fn marking_letters_says_nothing_of_whether_they_were_opened() {
    let rig = Rig::new();
    let (mailbox, ids) = three(&rig, 1).await;
    let (other, _) = three(&rig, 2).await;
    let store = &rig.store;
    assert_eq!(store.mark_all_read(&other, &ids).await.unwrap(), 0);
    assert_eq!(store.mark_all_unread(&mailbox, &ids).await.unwrap(), 0, "they are unread");
    assert_eq!(store.mark_all_read(&mailbox, &ids).await.unwrap(), 3);
    assert_eq!(store.mark_all_read(&mailbox, &ids).await.unwrap(), 0);
    let unread = || async { store.deposit_counts(&mailbox, Folder::Inbox).await.unwrap().unread };
    assert_eq!(unread().await, 0);
    assert_eq!(
        store.deposit(&mailbox, &ids[2]).await.unwrap().unwrap().row.read_at,
        None,
        "nobody opened it"
    );
    // One of them is opened after that: only now does it count as opened.
    store.mark_read(&mailbox, &ids[0], Timestamp(5)).await.unwrap();
    assert_eq!(unread().await, 0);
    assert_eq!(store.mark_all_unread(&other, &ids).await.unwrap(), 0);
    assert_eq!(store.mark_all_unread(&mailbox, &ids[..2]).await.unwrap(), 2);
    assert_eq!(unread().await, 2);
    let row = || async { store.deposit(&mailbox, &ids[0]).await.unwrap().unwrap().row };
    assert!(row().await.is_unread());
    assert_eq!(row().await.read_at, Some(Timestamp(5)), "others were told of it");
    store.mark_read(&mailbox, &ids[0], Timestamp(9)).await.unwrap();
    assert_eq!((row().await.is_unread(), row().await.read_at), (false, Some(Timestamp(5))));
    assert_eq!(unread().await, 1);
    assert_eq!(store.mark_all_read(&mailbox, &ids).await.unwrap(), 1);
    assert_eq!(unread().await, 0);
    assert_eq!(store.deposit(&mailbox, &ids[1]).await.unwrap().unwrap().row.read_at, None);
}

#[tokio::test]
async fn one_deletion_is_taken_back_and_no_other() {
    let rig = Rig::new();
    let (mailbox, ids) = three(&rig, 1).await;
    let (other, theirs) = three(&rig, 2).await;
    let store = &rig.store;
    let mut newest = ids.clone();
    newest.reverse();
    let until = |at| store.deposit_ids(&mailbox, Folder::Inbox.into(), at, 10);
    assert_eq!(until(Timestamp(NOW.0 + 9)).await.unwrap(), newest);
    assert_eq!(until(NOW).await.unwrap(), ids[..1], "what came later is none of them");
    assert_eq!(store.trash_deposits(&mailbox, &ids[..1], Timestamp(7)).await.unwrap(), 1);
    assert_eq!(store.trash_deposits(&mailbox, &ids[1..], Timestamp(8)).await.unwrap(), 2);
    assert_eq!(store.trash_deposits(&other, &theirs, Timestamp(8)).await.unwrap(), 3);
    let deleted = store.trashed_at(&mailbox, Timestamp(8)).await.unwrap();
    assert_eq!(store.restore_deposits(&mailbox, &deleted).await.unwrap(), 2);
    assert!(store.trashed_at(&mailbox, Timestamp(8)).await.unwrap().is_empty(), "once");
    let left = store.deposits(&mailbox, Folder::Trash, ALL).await.unwrap();
    assert_eq!(left.iter().map(|row| &row.id).collect::<Vec<_>>(), [&ids[0]]);
    assert_eq!(store.deposit_counts(&other, Folder::Trash).await.unwrap().total, 3);
    assert_eq!(store.trashed_at(&other, Timestamp(8)).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_notice_leaves_once_and_speaks_of_what_waited() {
    let rig = Rig::new();
    let (mailbox, ids) = three(&rig, 1).await;
    let store = &rig.store;
    let announce = |before, at, letters: &[String]| {
        let mut rows = ArrivalRows::new(NOW);
        let (mailbox_id, letters) = (mailbox.clone(), letters.to_vec());
        rows.announced.push(Announced { mailbox_id, before, at: Timestamp(at), letters });
        store.commit_arrival(rows)
    };
    assert!(matches!(announce(None, 1, &[]).await.unwrap(), Committed::New(_)));
    assert!(matches!(announce(None, 2, &[]).await.unwrap(), Committed::MailboxTaken), "somebody was first");
    let mut rows = ArrivalRows::new(NOW);
    for id in &ids[1..] {
        rows.unannounced.push(Unannounced { deposit_id: id.clone(), mailbox_id: mailbox.clone() });
    }
    assert!(matches!(store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    store.set_pace(&mailbox, Pace::Daily).await.unwrap();
    assert_eq!(store.pace(&mailbox).await.unwrap(), Some(Pace::Daily));
    store.mark_read(&mailbox, &ids[1], NOW).await.unwrap();
    let waiting = store.awaiting_notice("").await.unwrap();
    let seen: Vec<_> = waiting.iter().map(|one| (one.deposit_id.as_str(), one.is_new)).collect();
    assert_eq!(seen, [(ids[1].as_str(), false), (ids[2].as_str(), true)]);
    assert_eq!((waiting[0].pace, waiting[0].announced_at), (Some(Pace::Daily), Some(Timestamp(1))));
    assert!(store.awaiting_notice(&mailbox).await.unwrap().is_empty());
    assert!(matches!(announce(Some(Timestamp(1)), 3, &ids[1..]).await.unwrap(), Committed::New(_)));
    assert!(store.awaiting_notice("").await.unwrap().is_empty());
    assert_eq!(store.pace(&mailbox).await.unwrap(), Some(Pace::Daily), "what was set stays");
    store.set_pace(&"0".repeat(32), Pace::Hourly).await.unwrap();
    assert_eq!(store.pace(&"0".repeat(32)).await.unwrap(), None, "there is no such mailbox");
}
