//! A fetched list is kept until another one replaces it, whatever later fetches return.

use sealpost_mail::Timestamp;
use sealpost_store::{KeptList, MAX_REVOCATION_LIST, RevocationListRow, StoredList};

use crate::rig::{NOW, Rig};

fn row(answer: &str, kept: Option<KeptList>) -> RevocationListRow {
    RevocationListRow {
        address: "http://crl.example/one.crl".to_owned(),
        authority: "3FA1".to_owned(),
        answer: answer.to_owned(),
        asked_at: NOW,
        again_at: Timestamp(NOW.0 + 1),
        kept,
    }
}

fn list(row: &RevocationListRow, der: &[u8]) -> StoredList {
    let (address, authority) = (row.address.clone(), row.authority.clone());
    StoredList { address, authority, der: der.to_vec(), proof: [9; 32] }
}

#[tokio::test]
async fn what_came_of_asking_is_noted_and_the_last_list_stays() {
    let rig = Rig::new();
    rig.store.note_revocation_list(&row("unreachable", None), None).await.unwrap();
    assert_eq!(rig.store.revocation_lists().await.unwrap(), [row("unreachable", None)]);
    let here = async |authority: &str| {
        rig.store.revocation_list("http://crl.example/one.crl", authority).await.unwrap()
    };
    assert_eq!(here("3FA1").await, None);
    let kept = Some(KeptList { since: NOW, until: Timestamp(NOW.0 + 9), fetched_at: NOW });
    let large = vec![7; 3_000_000];
    rig.store.note_revocation_list(&row("new", kept), Some(list(&row("new", kept), &large))).await.unwrap();
    rig.store.note_revocation_list(&row("older", None), None).await.unwrap();
    assert_eq!(rig.store.revocation_lists().await.unwrap(), [row("older", kept)]);
    assert_eq!(here("3FA1").await, Some(list(&row("new", kept), &large)));
    // Another authority's list at the same address is a different list.
    let other = RevocationListRow { authority: "77".to_owned(), ..row("new", kept) };
    rig.store.note_revocation_list(&other, Some(list(&other, b"two"))).await.unwrap();
    rig.store.forget_revocation_list(&other.address, "3FA1").await.unwrap();
    assert_eq!((here("3FA1").await, here("77").await), (None, Some(list(&other, b"two"))));
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_list_that_is_larger_than_any_that_is_kept_is_not_read() {
    let rig = Rig::new();
    let kept = Some(KeptList { since: NOW, until: Timestamp(NOW.0 + 9), fetched_at: NOW });
    let most = usize::try_from(MAX_REVOCATION_LIST).unwrap();
    for (bytes, is_read) in [(most, true), (most + 1, false)] {
        let stored = list(&row("new", kept), &vec![7; bytes]);
        rig.store.note_revocation_list(&row("new", kept), Some(stored)).await.unwrap();
        let here = rig.store.revocation_list("http://crl.example/one.crl", "3FA1").await.unwrap();
        assert_eq!(here.is_some(), is_read, "{bytes}");
        assert_eq!(rig.store.revocation_lists().await.unwrap(), [row("new", kept)], "it can be removed");
    }
}
