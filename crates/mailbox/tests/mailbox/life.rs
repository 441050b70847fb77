//! The owner of a mailbox, what opens it while it is pending, and what a new key pair leaves of that.

use sealpost_mail::SystemRandom;
use sealpost_mailbox::{Epochs, NewPair, Resident, Whose, Wrapped, listing, wrap_id};
use sealpost_store::{Folder, MailboxRow, MailboxState, Page, WrapKind};
use sealpost_vault::{MailboxKeys, MailboxSecret};

use crate::rig::{ADDRESS, Rig};

const ALL: Page = Page { offset: 0, limit: 10 };

#[tokio::test]
async fn a_row_is_proven_before_anything_is_sealed_to_its_key() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    assert_eq!(rig.resident(&id).await.address_text(), ADDRESS);
    assert_eq!(rig.resident(&id).await.address().to_path(), ADDRESS);

    let row = rig.store.mailbox(&id).await.unwrap().unwrap();
    let (another, _) = MailboxKeys::generate(&SystemRandom);
    let mut forged = row.clone();
    forged.public_key = another.to_bytes();
    assert!(Resident::of(&forged, &rig.keys.rows, &rig.keys.tags).is_err(), "another public key");
    let mut forged = row.clone();
    forged.epochs = "old.old".to_owned();
    assert!(Resident::of(&forged, &rig.keys.rows, &rig.keys.tags).is_err(), "other epochs");
    let mut forged = row.clone();
    forged.tag = rig.tag("somebody.else@web.example");
    assert!(Resident::of(&forged, &rig.keys.rows, &rig.keys.tags).is_err(), "another address's tag");
    let mut forged = row;
    forged.id = "another".to_owned();
    assert!(Resident::of(&forged, &rig.keys.rows, &rig.keys.tags).is_err(), "another mailbox's record");
}

#[tokio::test]
async fn the_link_and_escrow_open_a_pending_mailbox_and_its_list() {
    let rig = Rig::new();
    let (id, by_link) = rig.pending_open().await;
    let wrap = rig.store.wrap(&id, WrapKind::Escrow).await.unwrap().unwrap();
    let by_escrow = MailboxSecret::unwrap_escrow(&wrap, &id, &rig.keys.escrow).unwrap();
    let row = rig.store.deposits(&id, Folder::Inbox, ALL).await.unwrap().pop().unwrap();
    for secret in [by_link, by_escrow] {
        assert_eq!(secret.public().to_bytes(), rig.resident(&id).await.public().to_bytes());
        let shown = listing(&rig.keys.deposits, &id, &secret, &row).unwrap();
        assert_eq!(shown.subject.as_deref(), Some("Befund"));
    }
    let (_, stranger) = MailboxKeys::generate(&SystemRandom);
    assert!(listing(&rig.keys.deposits, &id, &stranger, &row).is_none());
    let mut moved = row;
    moved.id = "letter-2".to_owned();
    let wrap = rig.store.wrap(&id, WrapKind::Escrow).await.unwrap().unwrap();
    let secret = MailboxSecret::unwrap_escrow(&wrap, &id, &rig.keys.escrow).unwrap();
    assert!(listing(&rig.keys.deposits, &id, &secret, &moved).is_none(), "in another letter's place");
}

#[tokio::test]
async fn a_new_pair_takes_everything_over_and_the_old_one_opens_nothing() {
    let rig = Rig::new();
    let (id, old) = rig.pending_open().await;
    let pair = NewPair::generate(&SystemRandom);
    let keys = pair.seal_again(
        &id,
        &old,
        rig.store.sealed_keys(&id).await.unwrap(),
        &mut Wrapped::default(),
        &SystemRandom,
    );
    assert_eq!((keys.letters.len(), keys.drafts.len()), (1, 0));
    let whose = Whose { mailbox_id: &id, address: ADDRESS };
    let escrow = rig.keys.escrow.public();
    let rows = pair.rows(&whose, &old, keys, &rig.keys.rows, Some(&escrow), &SystemRandom).unwrap();
    assert_eq!(rows.old_public, old.public().to_bytes());
    let sealed = &rows.keys.letters[0];
    assert!(pair.secret.open_key(&id, &sealed.id, &sealed.key_sealed).is_ok());
    assert!(old.open_key(&id, &sealed.id, &sealed.key_sealed).is_err());
    let escrowed = rows.escrow.unwrap();
    let by_escrow = MailboxSecret::unwrap_escrow(&escrowed.sealed, &id, &rig.keys.escrow).unwrap();
    assert_eq!(by_escrow.public().to_bytes(), rows.public_key);
}

/// Letters arrive while a large mailbox is being rekeyed.
#[tokio::test]
async fn what_was_taken_over_once_costs_no_second_key_exchange() {
    let rig = Rig::new();
    let (id, old) = rig.pending_open().await;
    let found = rig.store.sealed_keys(&id).await.unwrap();
    let (pair, mut done) = (NewPair::generate(&SystemRandom), Wrapped::default());
    let first = pair.seal_again(&id, &old, found.clone(), &mut done, &SystemRandom);
    // Each contains a salt: identical bytes were not computed twice.
    assert_eq!(pair.seal_again(&id, &old, found.clone(), &mut done, &SystemRandom), first);
    let afresh = pair.seal_again(&id, &old, found, &mut Wrapped::default(), &SystemRandom);
    assert_ne!(afresh, first);
}

#[tokio::test]
async fn a_key_that_cannot_be_opened_does_not_keep_the_owner_out() {
    let rig = Rig::new();
    let (id, old) = rig.pending_open().await;
    let mut found = rig.store.sealed_keys(&id).await.unwrap();
    found.letters[0].key_sealed.truncate(40);
    let again = NewPair::generate(&SystemRandom).seal_again(
        &id,
        &old,
        found.clone(),
        &mut Wrapped::default(),
        &SystemRandom,
    );
    assert_eq!(again, found, "left as it was");
}

#[tokio::test]
async fn whoever_comes_second_touches_nothing_that_was_sealed_to_the_first_one_s_pair() {
    let rig = Rig::new();
    let (id, old) = rig.pending_open().await;
    let (_, winner) = MailboxKeys::generate(&SystemRandom);
    let mut found = rig.store.sealed_keys(&id).await.unwrap();
    // As the winner's transaction leaves it. That the log reports no error is tested in tests/flows/race.rs.
    found.public_key = winner.public().to_bytes();
    let again = NewPair::generate(&SystemRandom).seal_again(
        &id,
        &old,
        found.clone(),
        &mut Wrapped::default(),
        &SystemRandom,
    );
    assert_eq!(again, found);
}

#[tokio::test]
async fn a_lock_stands_under_the_seal_and_not_in_the_state_alone() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    let mut row = rig.store.mailbox(&id).await.unwrap().unwrap();
    let lock = rig.resident(&id).await.lock(&row, &rig.keys.rows, &SystemRandom);
    assert_eq!(lock.epochs_before, row.epochs);
    let of = |row: &MailboxRow| Resident::of(row, &rig.keys.rows, &rig.keys.tags);
    (row.epochs, row.address_sealed) = (lock.epochs, lock.address_sealed);
    row.state = MailboxState::Locked;
    assert_eq!(of(&row).unwrap().address_text(), ADDRESS);
    let mut forged = row.clone();
    forged.state = MailboxState::Active;
    assert!(of(&forged).is_err(), "the state alone");
    let (before, _) = row.epochs.rsplit_once(".locked").unwrap();
    forged.epochs = before.to_owned();
    assert!(of(&forged).is_err(), "the words without their seal");
    let unlock = of(&row).unwrap().unlock(&row, &rig.keys.rows, &SystemRandom);
    assert_ne!(unlock.epochs, before, "no session of before goes on");
    (row.epochs, row.address_sealed) = (unlock.epochs, unlock.address_sealed);
    row.state = MailboxState::Active;
    assert!(of(&row).is_ok());
}

#[tokio::test]
async fn a_wrap_is_bound_to_the_password_or_answer_of_its_time() {
    let rig = Rig::new();
    let (id, _) = rig.pending().await;
    let mut row = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!(wrap_id(&row, WrapKind::Password), id, "none was ever changed");
    let first = Epochs::next(&row, WrapKind::Password, &SystemRandom);
    row.epochs.clone_from(&first.row);
    assert_eq!(wrap_id(&row, WrapKind::Password), first.wrap_id);
    let answer = Epochs::next(&row, WrapKind::Answer, &SystemRandom);
    row.epochs.clone_from(&answer.row);
    assert_eq!(wrap_id(&row, WrapKind::Password), first.wrap_id, "another answer leaves the password");
    assert_eq!(wrap_id(&row, WrapKind::Answer), answer.wrap_id);
    let second = Epochs::next(&row, WrapKind::Password, &SystemRandom);
    assert_ne!(second.wrap_id, first.wrap_id);
    assert_eq!(Epochs::next(&row, WrapKind::Link, &SystemRandom).row, row.epochs);
}
