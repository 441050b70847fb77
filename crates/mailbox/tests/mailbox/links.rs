//! Links of every kind: each for one purpose, in one state of one mailbox, until something else happens to it.

use std::time::Duration;

use sealpost_mail::SystemRandom;
use sealpost_mailbox::{ActivationLink, DeletionLink, LINK_LASTS, ResetLink, portal_links};
use sealpost_store::{MailboxState, TokenPurpose, Unread};

use crate::access::Door;

async fn deletes(door: &Door, text: &str) -> &'static str {
    match door.access().deletion_link(text).await.unwrap() {
        DeletionLink::Good(..) => "good",
        DeletionLink::Held => "held",
        DeletionLink::Expired => "expired",
        DeletionLink::Unknown => "unknown",
    }
}

#[tokio::test]
async fn a_link_is_good_for_what_it_was_made_for() {
    let door = Door::new().await;
    let deletion = door.deletion().await;
    let (activation, deletion) = (door.token.text(), deletion.text());
    let known = async |purpose, text: &str| door.access().known_link(purpose, text).await.unwrap().is_some();
    for (text, good_for) in [(&activation, TokenPurpose::Activation), (&deletion, TokenPurpose::Deletion)] {
        for purpose in [TokenPurpose::Activation, TokenPurpose::Reset, TokenPurpose::Deletion] {
            assert_eq!(known(purpose, text.expose()).await, purpose == good_for, "{purpose:?}");
        }
    }
    assert_eq!(deletes(&door, activation.expose()).await, "unknown");
    let as_activation = door.access().activation_link(deletion.expose()).await.unwrap();
    assert!(matches!(as_activation, ActivationLink::Unknown));
    assert!(matches!(door.access().reset_link(deletion.expose()).await.unwrap(), ResetLink::Unknown));
    let cut: String = deletion.expose().chars().skip(1).collect();
    let longer = format!("{}A", deletion.expose());
    for mangled in [cut.as_str(), longer.as_str(), "%00", "../a"] {
        assert_eq!(deletes(&door, mangled).await, "unknown", "{mangled}");
    }
}

#[tokio::test]
async fn a_hold_keeps_a_mailbox_from_its_owner_s_own_request() {
    let door = Door::new().await;
    door.activate().await;
    let link = door.deletion().await;
    let text = link.text();
    assert_eq!(deletes(&door, text.expose()).await, "good");
    let (store, id) = (&door.rig.store, &door.mailbox_id);
    assert!(store.hold_mailbox(id, crate::rig::NOW).await.unwrap());
    assert_eq!(deletes(&door, text.expose()).await, "held");
    assert!(store.end_hold(id, crate::rig::NOW, Vec::new(), crate::rig::NOW).await.unwrap());
    assert_eq!(deletes(&door, text.expose()).await, "good");
}

#[tokio::test]
async fn a_lock_overtakes_a_link_that_deletes() {
    let door = Door::new().await;
    door.activate().await;
    let link = door.deletion().await;
    let row = door.row().await;
    let lock = door.rig.resident(&row.id).await.lock(&row, &door.rig.keys.rows, &SystemRandom);
    assert!(door.rig.store.lock_mailbox(lock, crate::rig::NOW).await.unwrap());
    assert_eq!(deletes(&door, link.text().expose()).await, "expired");
    let row = door.row().await;
    let unlock = door.rig.resident(&row.id).await.unlock(&row, &door.rig.keys.rows, &SystemRandom);
    assert!(door.rig.store.unlock_mailbox(unlock).await.unwrap());
    assert_eq!(deletes(&door, link.text().expose()).await, "expired", "spent, whoever holds it");
}

#[tokio::test]
async fn a_deleted_mailbox_s_links_lead_nowhere() {
    let door = Door::new().await;
    door.activate().await;
    let link = door.deletion().await;
    let reset = door.access().begin_reset(&door.row().await).await.unwrap().unwrap();
    let DeletionLink::Good(row, hash) = door.access().deletion_link(link.text().expose()).await.unwrap()
    else {
        panic!("not good")
    };
    assert_eq!(row.state, MailboxState::Active);
    let (store, id) = (&door.rig.store, &door.mailbox_id);
    assert!(
        !store.delete_mailbox_by_link(id, &[9; 32], Unread::Forgotten, crate::rig::NOW).await.unwrap(),
        "another link"
    );
    assert!(store.delete_mailbox_by_link(id, &hash, Unread::Forgotten, crate::rig::NOW).await.unwrap());
    assert!(
        !store.delete_mailbox_by_link(id, &hash, Unread::Forgotten, crate::rig::NOW).await.unwrap(),
        "once"
    );
    assert_eq!(deletes(&door, link.text().expose()).await, "unknown");
    assert!(!matches!(door.access().reset_link(reset.text.expose()).await.unwrap(), ResetLink::Good(..)));
    let activation = door.access().activation_link(door.token.text().expose()).await.unwrap();
    assert!(matches!(activation, ActivationLink::Unknown | ActivationLink::Expired));
}

#[tokio::test]
async fn a_password_that_is_replaced_takes_older_reset_links_with_it() {
    let door = Door::new().await;
    door.activate().await;
    let first = door.access().begin_reset(&door.row().await).await.unwrap().unwrap();
    door.clock.advance(Duration::from_secs(240));
    let row = door.row().await;
    let lock = door.rig.resident(&row.id).await.lock(&row, &door.rig.keys.rows, &SystemRandom);
    assert!(door.rig.store.lock_mailbox(lock, crate::rig::NOW).await.unwrap());
    assert!(!matches!(door.access().reset_link(first.text.expose()).await.unwrap(), ResetLink::Good(..)));
    assert!(
        door.access().begin_reset(&door.row().await).await.unwrap().is_none(),
        "nobody gets in while it is locked"
    );
    assert!(LINK_LASTS > Duration::from_secs(240));
}

#[test]
fn the_addresses_of_the_portal_have_one_shape() {
    assert_eq!(portal_links::activation("T"), "/a/T");
    assert_eq!(portal_links::reset("T"), "/r/T");
    assert_eq!(portal_links::deletion("T"), "/d/T");
    let letter = portal_links::letter("L");
    assert!(portal_links::letter_files("L").starts_with(&letter));
    assert!(
        portal_links::letter_pictures("L").starts_with(&letter)
            && portal_links::letter_pictures("L").ends_with('/')
    );
}
