//! The trash: letters go in, can be restored, and are deleted after a while.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{Folder, Page, Unread};

use crate::rig::{NOW, Rig};

const ALL: Page = Page { offset: 0, limit: 100 };

async fn ids(rig: &Rig, mailbox_id: &str, folder: Folder) -> Vec<String> {
    let rows = rig.store.deposits(mailbox_id, folder, ALL).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn a_letter_goes_into_the_trash_and_comes_back() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    let chosen = [id.clone(), "0".repeat(32)];
    assert_eq!(rig.store.restore_deposits(&mailbox, &chosen).await.unwrap(), 0, "it is not in the trash");
    assert_eq!(rig.store.trash_deposits(&mailbox, &chosen, Timestamp(7)).await.unwrap(), 1);
    assert_eq!(rig.store.trash_deposits(&mailbox, &chosen, Timestamp(8)).await.unwrap(), 0, "once only");
    assert!(ids(&rig, &mailbox, Folder::Inbox).await.is_empty());
    let rows = rig.store.deposits(&mailbox, Folder::Trash, ALL).await.unwrap();
    assert_eq!((rows.len(), rows[0].trashed_at), (1, Some(Timestamp(7))));
    assert_eq!(rig.store.restore_deposits(&mailbox, &chosen).await.unwrap(), 1);
    assert_eq!(ids(&rig, &mailbox, Folder::Inbox).await, std::slice::from_ref(&id));
    assert_eq!(rig.store.deposit(&mailbox, &id).await.unwrap().unwrap().row.trashed_at, None);
    let _ = rig.clean().await;
}

#[tokio::test]
async fn another_mailbox_moves_and_deletes_nothing() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    let (other, _, _) = rig.deposit_in_new(2).await;
    let chosen = [id];
    assert_eq!(rig.store.trash_deposits(&other, &chosen, NOW).await.unwrap(), 0);
    assert_eq!(
        rig.store.delete_trashed(&mailbox, &chosen, Unread::Forgotten, NOW).await.unwrap(),
        0,
        "not in the trash yet"
    );
    assert_eq!(rig.store.trash_deposits(&mailbox, &chosen, NOW).await.unwrap(), 1);
    assert_eq!(rig.store.restore_deposits(&other, &chosen).await.unwrap(), 0);
    assert_eq!(rig.store.delete_trashed(&other, &chosen, Unread::Forgotten, NOW).await.unwrap(), 0);
    assert_eq!(ids(&rig, &mailbox, Folder::Trash).await, chosen);
    assert_eq!(rig.store.delete_trashed(&mailbox, &chosen, Unread::Forgotten, NOW).await.unwrap(), 1);
    assert_eq!(rig.clean().await.deposits, 1);
}

#[tokio::test]
async fn what_is_too_long_in_the_trash_goes_with_its_body() {
    let rig = Rig::new();
    let mut boxes = Vec::new();
    for n in 1..=3_u8 {
        let (mailbox, id, _) = rig.deposit_in_new(n).await;
        let at = NOW.plus(Duration::from_secs(u64::from(n)));
        assert_eq!(rig.store.trash_deposits(&mailbox, &[id], at).await.unwrap(), 1);
        boxes.push(mailbox);
    }
    assert_eq!(
        rig.store.purge_trash(NOW.plus(Duration::from_secs(3)), Unread::Forgotten, NOW).await.unwrap(),
        2
    );
    assert_eq!(
        rig.store.purge_trash(NOW.plus(Duration::from_secs(3)), Unread::Forgotten, NOW).await.unwrap(),
        0
    );
    assert!(ids(&rig, &boxes[0], Folder::Trash).await.is_empty());
    assert_eq!(ids(&rig, &boxes[2], Folder::Trash).await.len(), 1);
    let counts = rig.clean().await;
    assert_eq!((counts.deposits, counts.bodies_in_rows + counts.bodies_in_files), (1, 1));
}
