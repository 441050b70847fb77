//! A list that was fetched stays until another one takes its place, whatever comes of asking meanwhile.

use sealpost_mail::Timestamp;
use sealpost_store::{KeptList, RevocationListRow, StoredList};

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
    assert!(rig.store.stored_revocation_lists().await.unwrap().is_empty());
    let kept = Some(KeptList { since: NOW, until: Timestamp(NOW.0 + 9), fetched_at: NOW });
    let large = vec![7; 3_000_000];
    rig.store.note_revocation_list(&row("new", kept), Some(list(&row("new", kept), &large))).await.unwrap();
    rig.store.note_revocation_list(&row("older", None), None).await.unwrap();
    assert_eq!(rig.store.revocation_lists().await.unwrap(), [row("older", kept)]);
    let here = rig.store.revocation_list("http://crl.example/one.crl", "3FA1").await.unwrap();
    assert_eq!(here, Some(list(&row("new", kept), &large)));
    // Another authority's under the same address is another list.
    let other = RevocationListRow { authority: "77".to_owned(), ..row("new", kept) };
    rig.store.note_revocation_list(&other, Some(list(&other, b"two"))).await.unwrap();
    assert_eq!(rig.store.stored_revocation_lists().await.unwrap().len(), 2);
    rig.store.forget_revocation_list(&other.address, "3FA1").await.unwrap();
    assert_eq!(rig.store.stored_revocation_lists().await.unwrap(), [list(&other, b"two")]);
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}
