//! Owners' folders: letters are moved in and out, one move is undone, deleting a folder deletes no letter,
//! and other mailboxes cannot interfere.

use sealpost_mail::Timestamp;
use sealpost_store::{ArrivalRows, Committed, Folder, FolderRef, OwnFolderRow, Page, Unread};

use crate::rig::{NOW, Rig};

const ALL: Page = Page { offset: 0, limit: 100 };

fn row(fill: char) -> OwnFolderRow {
    OwnFolderRow {
        id: String::from(fill).repeat(32),
        key_sealed: b"key".to_vec(),
        name_sealed: b"name".to_vec(),
    }
}

async fn made(rig: &Rig, mailbox: &str, fill: char) -> String {
    let row = row(fill);
    let id = row.id.clone();
    assert!(rig.store.make_folder(mailbox, row, b"public".to_vec(), 3).await.unwrap());
    id
}

async fn ids(rig: &Rig, mailbox: &str, place: FolderRef<'_>) -> Vec<String> {
    let page = rig.store.place_page(mailbox, place, ALL).await.unwrap();
    let ids: Vec<String> = page.rows.into_iter().map(|row| row.id).collect();
    assert_eq!(page.counts.total, ids.len() as u64);
    assert_eq!(rig.store.deposit_ids(mailbox, place, Timestamp(i64::MAX), 100).await.unwrap(), ids);
    ids
}

const INBOX: FolderRef<'static> = FolderRef::Folder(Folder::Inbox);

/// A mailbox with two received letters, the newer one first, and one that was sent.
async fn three(rig: &Rig, tag: u8) -> (String, [String; 3]) {
    let (mailbox, first, _) = rig.deposit_in_new(tag).await;
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    let mut second = rig.deposit(&mailbox, body.id());
    second.received_at = Timestamp(NOW.0 + 1);
    let mut sent = rig.deposit(&mailbox, body.id());
    sent.folder = Folder::Sent;
    let ids = [second.id.clone(), first, sent.id.clone()];
    rows.deposits = vec![second, sent];
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    (mailbox, ids)
}

#[tokio::test]
async fn letters_go_in_and_one_move_is_taken_back() {
    let rig = Rig::new();
    let (mailbox, letters) = three(&rig, 1).await;
    let (a, b) = (made(&rig, &mailbox, 'a').await, made(&rig, &mailbox, 'b').await);
    let (in_a, in_b) = (FolderRef::Own(a.as_str()), FolderRef::Own(b.as_str()));
    let store = &rig.store;
    assert_eq!(store.move_deposits(&mailbox, &letters, Some(&a), Timestamp(7)).await.unwrap(), 3);
    assert_eq!(
        store.move_deposits(&mailbox, &letters, Some(&a), Timestamp(8)).await.unwrap(),
        0,
        "there already"
    );
    assert!(ids(&rig, &mailbox, INBOX).await.is_empty());
    assert!(ids(&rig, &mailbox, FolderRef::Folder(Folder::Sent)).await.is_empty());
    assert_eq!(ids(&rig, &mailbox, in_a).await.first(), letters.first(), "newest first");
    let page = store.place_page(&mailbox, in_a, ALL).await.unwrap();
    assert_eq!((page.counts.total, page.counts.unread), (3, 2), "what one wrote has been read");
    assert_eq!(page.folders.len(), 2);
    assert!(page.rows.iter().all(|row| row.own_folder.as_deref() == Some(a.as_str())));
    assert_eq!(store.folder_counts(&mailbox).await.unwrap(), [(a.clone(), 3)]);
    // For everything else they are what they were.
    assert_eq!(store.deposits(&mailbox, Folder::Inbox, ALL).await.unwrap().len(), 2);
    assert_eq!(store.deposit_counts(&mailbox, Folder::Inbox).await.unwrap().total, 2);

    assert_eq!(store.move_deposits(&mailbox, &letters[..1], Some(&b), Timestamp(9)).await.unwrap(), 1);
    assert_eq!(store.moved_at(&mailbox, Timestamp(9)).await.unwrap(), letters[..1]);
    assert_eq!(store.move_back(&mailbox, &letters[..1]).await.unwrap(), 1);
    assert_eq!(store.move_back(&mailbox, &letters[..1]).await.unwrap(), 0, "once only");
    assert!(ids(&rig, &mailbox, in_b).await.is_empty());
    assert_eq!(ids(&rig, &mailbox, in_a).await.len(), 3);

    assert_eq!(store.move_deposits(&mailbox, &letters, None, Timestamp(10)).await.unwrap(), 3);
    assert_eq!(ids(&rig, &mailbox, INBOX).await, letters[..2]);
    let back = store.moved_at(&mailbox, Timestamp(10)).await.unwrap();
    assert_eq!(store.move_back(&mailbox, &back).await.unwrap(), 3);
    assert_eq!(ids(&rig, &mailbox, in_a).await.len(), 3);
    // Marking as read and unread leaves a letter where it is.
    assert_eq!(store.mark_all_read(&mailbox, &letters).await.unwrap(), 2);
    assert_eq!(store.mark_all_unread(&mailbox, &letters).await.unwrap(), 2);
    assert_eq!(ids(&rig, &mailbox, in_a).await.len(), 3);
    let _ = rig.clean().await;
}

#[tokio::test]
async fn a_folder_that_goes_takes_no_letter_with_it() {
    let rig = Rig::new();
    let (mailbox, letters) = three(&rig, 1).await;
    let a = made(&rig, &mailbox, 'a').await;
    let store = &rig.store;
    assert_eq!(store.move_deposits(&mailbox, &letters, Some(&a), NOW).await.unwrap(), 3);
    // From the trash it returns to its folder, or, if that is gone, to where it came from.
    assert_eq!(store.trash_deposits(&mailbox, &letters[..2], NOW).await.unwrap(), 2);
    assert_eq!(store.move_deposits(&mailbox, &letters[..2], None, NOW).await.unwrap(), 0, "in the trash");
    assert_eq!(ids(&rig, &mailbox, FolderRef::Folder(Folder::Trash)).await.len(), 2);
    assert_eq!(ids(&rig, &mailbox, FolderRef::Own(&a)).await, letters[2..]);
    assert_eq!(store.restore_deposits(&mailbox, &letters[..1]).await.unwrap(), 1);
    assert_eq!(ids(&rig, &mailbox, FolderRef::Own(&a)).await.len(), 2);

    assert!(store.rename_folder(&mailbox, &a, b"other".to_vec()).await.unwrap());
    assert_eq!(store.own_folders(&mailbox).await.unwrap()[0].name_sealed, b"other");
    store.remove_folder(&mailbox, &a).await.unwrap();
    assert!(store.own_folders(&mailbox).await.unwrap().is_empty());
    assert_eq!(ids(&rig, &mailbox, INBOX).await, letters[..1]);
    assert_eq!(ids(&rig, &mailbox, FolderRef::Folder(Folder::Sent)).await, letters[2..]);
    assert_eq!(store.restore_deposits(&mailbox, &letters[1..2]).await.unwrap(), 1);
    assert_eq!(ids(&rig, &mailbox, INBOX).await, letters[..2]);
    assert!(!store.rename_folder(&mailbox, &a, b"again".to_vec()).await.unwrap());
    assert_eq!(store.move_deposits(&mailbox, &letters, Some(&a), NOW).await.unwrap(), 0, "it is gone");
    assert_eq!(ids(&rig, &mailbox, INBOX).await, letters[..2]);
    let _ = rig.clean().await;
}

#[tokio::test]
async fn another_mailbox_has_no_say_and_folders_are_not_without_end() {
    let rig = Rig::new();
    let (mailbox, letters) = three(&rig, 1).await;
    let (other, theirs) = three(&rig, 2).await;
    let store = &rig.store;
    let (a, b) = (made(&rig, &mailbox, 'a').await, made(&rig, &other, 'b').await);
    assert_eq!(
        store.move_deposits(&other, &letters, Some(&b), NOW).await.unwrap(),
        0,
        "somebody else's letters"
    );
    assert_eq!(
        store.move_deposits(&other, &theirs, Some(&a), NOW).await.unwrap(),
        0,
        "somebody else's folder"
    );
    assert!(!store.rename_folder(&other, &a, b"mine".to_vec()).await.unwrap());
    assert_eq!(store.move_deposits(&mailbox, &letters, Some(&a), Timestamp(5)).await.unwrap(), 3);
    store.remove_folder(&other, &a).await.unwrap();
    assert!(store.moved_at(&other, Timestamp(5)).await.unwrap().is_empty());
    assert_eq!(store.move_back(&other, &letters).await.unwrap(), 0);
    assert_eq!(store.move_deposits(&other, &letters, None, NOW).await.unwrap(), 0);
    assert_eq!(ids(&rig, &mailbox, FolderRef::Own(&a)).await.len(), 3);
    assert!(ids(&rig, &other, FolderRef::Own(&a)).await.is_empty(), "nobody else's list shows them");
    assert!(store.folder_counts(&other).await.unwrap().is_empty());

    assert!(!store.make_folder(&mailbox, row('c'), b"another key".to_vec(), 3).await.unwrap());
    made(&rig, &mailbox, 'c').await;
    made(&rig, &mailbox, 'd').await;
    assert!(!store.make_folder(&mailbox, row('e'), b"public".to_vec(), 3).await.unwrap());

    // Folders are removed with their mailbox; a new key pair seals them anew.
    let keys = store.sealed_keys(&mailbox).await.unwrap();
    assert_eq!(keys.folders.len(), 3);
    let rekey = rig.rekey(&mailbox).await;
    assert!(rekey.keys.folders.iter().all(|key| key.key_sealed == b"key!"));
    store.delete_mailbox(&mailbox, Unread::Forgotten, NOW).await.unwrap();
    assert!(store.own_folders(&mailbox).await.unwrap().is_empty());
    let _ = rig.clean().await;
}
