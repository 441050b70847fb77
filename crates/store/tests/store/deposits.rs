//! Deposits: listed, read and deleted only by their own mailbox.

use sealpost_mail::Timestamp;
use sealpost_store::{ArrivalRows, Committed, DepositCounts, Folder, NewOpening, Opening, Page};

use crate::rig::{LARGE, NOW, Rig};

const ALL: Page = Page { offset: 0, limit: 100 };

/// Five letters in one mailbox, received one after the other, sharing one body.
async fn five(rig: &Rig) -> (String, Vec<String>) {
    let (mailbox_id, first, _) = rig.deposit_in_new(1).await;
    let body = rig.body(LARGE).await;
    let mut rows = ArrivalRows::new(NOW);
    for after in 1..5 {
        let mut deposit = rig.deposit(&mailbox_id, body.id());
        deposit.received_at = Timestamp(NOW.0 + after);
        deposit.thread_tags = vec![[u8::try_from(after).unwrap(); 32], [100; 32]];
        rows.deposits.push(deposit);
    }
    let mut ids = vec![first];
    ids.extend(rows.deposits.iter().map(|deposit| deposit.id.clone()));
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    (mailbox_id, ids)
}

#[tokio::test]
async fn newest_first_and_page_by_page() {
    let rig = Rig::new();
    let (mailbox_id, mut ids) = five(&rig).await;
    ids.reverse();
    let list = |page| rig.store.deposits(&mailbox_id, Folder::Inbox, page);
    let all: Vec<_> = list(ALL).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(all, ids);
    let second: Vec<_> =
        list(Page { offset: 2, limit: 2 }).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(second, ids[2..4]);
    assert!(rig.store.deposits(&mailbox_id, Folder::Sent, ALL).await.unwrap().is_empty());
}

#[tokio::test]
async fn reading_is_noted_once() {
    let rig = Rig::new();
    let (mailbox_id, ids) = five(&rig).await;
    let counts = || rig.store.deposit_counts(&mailbox_id, Folder::Inbox);
    assert_eq!(counts().await.unwrap(), DepositCounts { total: 5, unread: 5, bytes: 50 });
    rig.store.mark_read(&mailbox_id, &ids[0], Timestamp(5)).await.unwrap();
    rig.store.mark_read(&mailbox_id, &ids[0], Timestamp(6)).await.unwrap();
    assert_eq!(counts().await.unwrap().unread, 4);
    let letter = rig.store.deposit(&mailbox_id, &ids[0]).await.unwrap().unwrap();
    assert_eq!(letter.row.read_at, Some(Timestamp(5)));
    assert_eq!((letter.row.key_sealed, letter.head_sealed), (b"key".to_vec(), b"head".to_vec()));
    let empty = rig.store.deposit_counts(&mailbox_id, Folder::Trash).await.unwrap();
    assert_eq!(empty, DepositCounts { total: 0, unread: 0, bytes: 0 });
}

#[tokio::test]
async fn a_letter_that_is_taken_away_is_opened_and_its_list_stays_as_it_was() {
    let rig = Rig::new();
    let (mailbox_id, ids) = five(&rig).await;
    let letter = async |id: &String| rig.store.deposit(&mailbox_id, id).await.unwrap().unwrap().row;
    let (unseen, marked, seen) = (&ids[0], &ids[1], &ids[2]);
    assert_eq!(rig.store.mark_all_read(&mailbox_id, &ids[1..2]).await.unwrap(), 1);
    rig.store.mark_read(&mailbox_id, seen, Timestamp(5)).await.unwrap();
    for id in [unseen, marked, seen] {
        let before = letter(id).await.is_unread();
        rig.store.mark_taken(&mailbox_id, id, Timestamp(7)).await.unwrap();
        assert_eq!(letter(id).await.is_unread(), before, "{id}");
    }
    let opened: Vec<_> = [letter(unseen).await, letter(marked).await, letter(seen).await]
        .iter()
        .map(|row| row.read_at)
        .collect();
    assert_eq!(opened, [Some(Timestamp(7)), Some(Timestamp(7)), Some(Timestamp(5))]);
    // Viewing it afterwards marks it as read.
    rig.store.mark_read(&mailbox_id, unseen, Timestamp(9)).await.unwrap();
    assert!(!letter(unseen).await.is_unread());
    assert_eq!(letter(unseen).await.read_at, Some(Timestamp(7)));
    rig.store.mark_taken("other", &ids[3], Timestamp(7)).await.unwrap();
    assert_eq!(letter(&ids[3]).await.read_at, None);
}

#[tokio::test]
async fn a_first_opening_with_word_for_its_sender_ends_the_mark_of_its_owner() {
    let rig = Rig::new();
    let (mailbox_id, ids) = five(&rig).await;
    rig.store.mark_all_read(&mailbox_id, &ids).await.unwrap();
    rig.store.mark_all_unread(&mailbox_id, &ids).await.unwrap();
    for (id, how, is_unread) in [(&ids[0], Opening::Seen, false), (&ids[1], Opening::Taken, true)] {
        let opening = || NewOpening { mailbox_id: mailbox_id.clone(), deposit_id: id.clone(), how };
        let mut rows = ArrivalRows::new(Timestamp(5));
        rows.opened = Some(opening());
        assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        let row = rig.store.deposit(&mailbox_id, id).await.unwrap().unwrap().row;
        assert_eq!((row.read_at, row.is_unread()), (Some(Timestamp(5)), is_unread), "{how:?}");
        let mut again = ArrivalRows::new(Timestamp(6));
        again.opened = Some(opening());
        assert!(matches!(rig.store.commit_arrival(again).await.unwrap(), Committed::Duplicate));
    }
}

#[tokio::test]
async fn another_mailbox_sees_and_deletes_nothing() {
    let rig = Rig::new();
    let (mailbox_id, ids) = five(&rig).await;
    let (other, _, _) = rig.deposit_in_new(2).await;
    assert!(rig.store.deposit(&other, &ids[0]).await.unwrap().is_none());
    rig.store.mark_read(&other, &ids[0], NOW).await.unwrap();
    assert_eq!(rig.store.delete_deposits(&other, &ids).await.unwrap(), 0);
    let counts = rig.store.deposit_counts(&mailbox_id, Folder::Inbox).await.unwrap();
    assert_eq!((counts.total, counts.unread), (5, 5));
}

#[tokio::test]
async fn deleting_takes_the_body_with_the_last_letter_and_keeps_the_thread() {
    let rig = Rig::new();
    let (mailbox_id, ids) = five(&rig).await;
    assert_eq!(rig.store.delete_deposits(&mailbox_id, &ids[..3]).await.unwrap(), 3);
    assert_eq!(rig.body_files().len(), 1);
    let (first, second) = tokio::join!(
        rig.store.delete_deposits(&mailbox_id, &ids),
        rig.store.delete_deposits(&mailbox_id, &ids)
    );
    assert_eq!(first.unwrap() + second.unwrap(), 2, "each letter is deleted once");
    rig.wait_for_files(0).await;
    assert_eq!(rig.clean().await.deposits, 0);
    assert!(rig.store.knows_thread(&[[9; 32], [3; 32]]).await.unwrap());
    assert!(!rig.store.knows_thread(&[[9; 32]]).await.unwrap());
    assert!(!rig.store.knows_thread(&[]).await.unwrap());
}
