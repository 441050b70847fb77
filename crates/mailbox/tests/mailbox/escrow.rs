//! Escrow, on and off: if enabled, one more key opens a mailbox; if not, there is never a wrap that it could
//! open.

use sealpost_mail::SystemRandom;
use sealpost_mailbox::{Access, NewPair, NewPending, WaysIn, Whose, Wrapped};
use sealpost_store::WrapKind;
use sealpost_vault::{MailboxSecret, ServerKey, TokenPurpose};

use crate::access::{Door, Here, chosen};
use crate::rig::{ADDRESS, Rig, retention};

#[tokio::test]
async fn a_pending_mailbox_has_the_wraps_that_were_chosen() {
    let keys = ServerKey::generate(&SystemRandom).keys();
    let (token, _) = keys.tokens.issue(TokenPurpose::Activation, &SystemRandom);
    let ways = WaysIn { rows: &keys.rows, pepper: &keys.pepper, token: &token };
    let escrow = keys.escrow.public();
    for (escrow, kinds) in [
        (None, vec![WrapKind::Activation, WrapKind::Link]),
        (Some(&escrow), vec![WrapKind::Activation, WrapKind::Link, WrapKind::Escrow]),
    ] {
        let new = NewPending::new(&ways, escrow, &SystemRandom).unwrap();
        let mut wraps = ways.wraps(new.id(), new.secret(), &SystemRandom);
        assert_eq!(wraps.len(), 2);
        let owner = sealpost_mailbox::NewOwner { tag: [1; 32], address: ADDRESS, language: "de".to_owned() };
        let link = sealpost_store::NewToken {
            hash: [2; 32],
            purpose: sealpost_store::TokenPurpose::Activation,
            created_at: crate::rig::NOW,
            expires_at: retention().link(crate::rig::NOW),
            deposit_id: None,
        };
        let row = new.row(&keys.rows, owner, link, crate::rig::NOW, &SystemRandom);
        let mut made: Vec<WrapKind> = row.wraps.iter().map(|wrap| wrap.kind).collect();
        made.sort_by_key(|kind| kinds.iter().position(|known| known == kind));
        assert_eq!(made, kinds);
        wraps.clear();
    }
}

#[tokio::test]
async fn escrow_opens_an_active_mailbox_where_it_was_chosen() {
    let door = Door::new().await;
    let waiting = door.waiting().await;
    let done = door.access().activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    let sealpost_mailbox::Activated::Done(secret) = done else { panic!("not activated") };
    let wrap = door.rig.store.wrap(&door.mailbox_id, WrapKind::Escrow).await.unwrap().unwrap();
    let opened = MailboxSecret::unwrap_escrow(&wrap, &door.mailbox_id, &door.rig.keys.escrow).unwrap();
    assert_eq!(opened.public().to_bytes(), secret.public().to_bytes());
    let strange = ServerKey::generate(&SystemRandom).keys();
    assert!(MailboxSecret::unwrap_escrow(&wrap, &door.mailbox_id, &strange.escrow).is_err());
    assert!(MailboxSecret::unwrap_escrow(&wrap, "another", &door.rig.keys.escrow).is_err());
}

#[tokio::test]
async fn an_activation_without_escrow_leaves_no_wrap_of_it_behind() {
    let door = Door::new().await;
    assert!(door.rig.store.wrap(&door.mailbox_id, WrapKind::Escrow).await.unwrap().is_some());
    let waiting = door.waiting().await;
    // The operator has disabled it since.
    let access = Access { escrow: None, ..door.access() };
    let done = access.activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    assert!(matches!(done, sealpost_mailbox::Activated::Done(_)));
    assert!(door.rig.store.wrap(&door.mailbox_id, WrapKind::Escrow).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_pair_has_an_escrow_wrap_only_where_there_is_an_escrow_key() {
    let rig = Rig::new();
    let (id, old) = rig.pending_open().await;
    let whose = Whose { mailbox_id: &id, address: ADDRESS };
    for is_escrowed in [false, true] {
        let escrow = is_escrowed.then(|| rig.keys.escrow.public());
        let pair = NewPair::generate(&SystemRandom);
        let keys = pair.seal_again(
            &id,
            &old,
            rig.store.sealed_keys(&id).await.unwrap(),
            &mut Wrapped::default(),
            &SystemRandom,
        );
        let rows = pair.rows(&whose, &old, keys, &rig.keys.rows, escrow.as_ref(), &SystemRandom).unwrap();
        assert_eq!(rows.escrow.is_some(), is_escrowed);
    }
}
