//! A mailbox is activated once, and never again (CVE-2026-29139 class).

use sealpost_mail::Timestamp;
use sealpost_store::{
    Activate, Activation, ArrivalRows, Committed, MailboxState, NewNewcomer, NewToken, NewWrap, Proof,
    Reissued, StoreError, TokenPurpose, WrapKind,
};

use crate::rig::{LATER, NOW, Rig, no_rekey, relock, token, wrap};

fn activate(mailbox_id: &str, token_hash: u8, password: &[u8]) -> Activate {
    Activate {
        mailbox_id: mailbox_id.to_owned(),
        proof: Proof::Token([token_hash; 32]),
        now: NOW,
        rekey: no_rekey(),
        wraps: vec![NewWrap { kind: WrapKind::Password, sealed: password.to_vec() }, wrap(WrapKind::Answer)],
        question_sealed: Some(b"question".to_vec()),
        language: "en".to_owned(),
        letters_until: None,
    }
}

#[tokio::test]
async fn activation_replaces_the_links_wrap_by_the_owners() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    assert!(rig.store.wrap(&id, WrapKind::Activation).await.unwrap().is_some());
    assert_eq!(rig.activate(activate(&id, 1, b"mine")).await.unwrap(), Activation::Activated);
    let mailbox = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!((mailbox.state, mailbox.activated_at), (MailboxState::Active, Some(NOW)));
    assert_eq!(
        (mailbox.language.as_str(), mailbox.question_sealed.as_deref()),
        ("en", Some(&b"question"[..]))
    );
    assert_eq!(rig.store.wrap(&id, WrapKind::Activation).await.unwrap(), None);
    assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap().unwrap(), b"mine");
    assert_eq!(rig.store.token(&[1; 32]).await.unwrap().unwrap().spent_at, Some(NOW));
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_exactly_one_becomes_the_owner() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let rekey = rig.rekey(&id).await;
    let tries: Vec<_> = (0..20_u8)
        .map(|who| {
            let activate = Activate { rekey: rekey.clone(), ..activate(&id, 1, &[who]) };
            let store = rig.store.clone();
            tokio::spawn(async move { (who, store.activate(activate).await.unwrap()) })
        })
        .collect();
    let mut owners = Vec::new();
    for one in tries {
        match one.await.unwrap() {
            (who, Activation::Activated) => owners.push(who),
            (_, ended) => assert_eq!(ended, Activation::NotPending),
        }
    }
    assert_eq!(owners.len(), 1);
    assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap().unwrap(), owners);
    rig.clean().await;
}

#[tokio::test]
async fn an_active_or_locked_mailbox_cannot_be_activated_even_with_a_fresh_token() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    assert_eq!(rig.activate(activate(&id, 1, b"mine")).await.unwrap(), Activation::Activated);
    for locked in [false, true] {
        if locked {
            assert!(rig.store.lock_mailbox(relock(&id, "", "x"), NOW).await.unwrap());
        }
        // A new link is not even issued,
        let issued = rig.store.add_token_and_wrap(&id, token(2), wrap(WrapKind::Activation)).await.unwrap();
        assert_eq!(issued, Reissued::NotPending);
        assert_eq!(rig.store.token(&[2; 32]).await.unwrap(), None);
        // and no token, old or invented, changes anything.
        for hash in [1, 2] {
            assert_eq!(rig.activate(activate(&id, hash, b"thief")).await.unwrap(), Activation::NotPending);
        }
        assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap().unwrap(), b"mine");
    }
    rig.clean().await;
}

#[tokio::test]
async fn only_a_good_token_of_this_mailbox_activates_it() {
    let rig = Rig::new();
    let (first, _, _) = rig.deposit_in_new(1).await;
    let (_second, _, _) = rig.deposit_in_new(2).await;
    for (hash, why) in [(2, "another mailbox's"), (3, "unknown")] {
        let ended = rig.activate(activate(&first, hash, b"thief")).await.unwrap();
        assert_eq!(ended, Activation::TokenSpent, "{why}");
    }
    let late = Activate { now: LATER, ..activate(&first, 1, b"late") };
    assert_eq!(rig.activate(late).await.unwrap(), Activation::TokenSpent, "expired");
    let mailbox = rig.store.mailbox(&first).await.unwrap().unwrap();
    assert_eq!(mailbox.state, MailboxState::Pending, "a refused try leaves no trace");
    assert!(rig.store.wrap(&first, WrapKind::Activation).await.unwrap().is_some());
    assert_eq!(rig.activate(activate(&first, 1, b"mine")).await.unwrap(), Activation::Activated);
    rig.clean().await;
}

#[tokio::test]
async fn a_wrap_that_is_there_is_never_overwritten() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let mut twice = activate(&id, 1, b"mine");
    twice.wraps.push(wrap(WrapKind::Password));
    assert!(matches!(rig.activate(twice).await, Err(StoreError::Database(_))));
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Pending);
    rig.clean().await;
}

#[tokio::test]
async fn a_further_letter_prolongs_the_link_of_a_pending_mailbox_only() {
    let rig = Rig::new();
    let (pending, _, _) = rig.deposit_in_new(1).await;
    let (active, _, _) = rig.deposit_in_new(2).await;
    assert_eq!(rig.activate(activate(&active, 2, b"mine")).await.unwrap(), Activation::Activated);
    let until = Timestamp(LATER.0 + 5);
    for (tag, sooner) in [(&pending, until), (&active, until), (&pending, NOW)] {
        let body = rig.body(10).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(tag, body.id()));
        rows.prolonged.push((tag.clone(), sooner));
        rows.body = Some(body);
        assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }
    let expires = rig.store.token(&[1; 32]).await.unwrap().unwrap().expires_at;
    assert_eq!(expires, Timestamp(until.0 + 3_600_000), "an hour to spare, and never shortened");
    let spent = rig.store.token(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((spent.expires_at, spent.spent_at), (LATER, Some(NOW)));
    rig.clean().await;
}

#[tokio::test]
async fn a_new_link_makes_the_old_one_worthless() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let new = NewWrap { kind: WrapKind::Activation, sealed: b"new".to_vec() };
    let token = NewToken { purpose: TokenPurpose::Activation, created_at: Timestamp(NOW.0 + 1), ..token(2) };
    assert_eq!(rig.store.add_token_and_wrap(&id, token, new).await.unwrap(), Reissued::Done);
    assert_eq!(rig.store.wrap(&id, WrapKind::Activation).await.unwrap().unwrap(), b"new");
    assert_eq!(rig.activate(activate(&id, 1, b"old link")).await.unwrap(), Activation::TokenSpent);
    assert_eq!(rig.activate(activate(&id, 2, b"new link")).await.unwrap(), Activation::Activated);
    rig.clean().await;
}

fn newcomer(mailbox_id: &str, hash: u8) -> NewNewcomer {
    NewNewcomer {
        hash: [hash; 32],
        mailbox_id: mailbox_id.to_owned(),
        secret_sealed: b"secret".to_vec(),
        expires_at: Timestamp(NOW.0 + 10),
    }
}

fn by_newcomer(mailbox_id: &str, hash: u8, now: Timestamp) -> Activate {
    Activate { proof: Proof::Newcomer([hash; 32]), now, ..activate(mailbox_id, 0, b"mine") }
}

#[tokio::test]
async fn a_newcomer_activates_the_mailbox_whose_initial_password_was_shown_and_nothing_else() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let (other, _, _) = rig.deposit_in_new(2).await;
    assert!(!rig.store.begin_newcomer(newcomer(&id, 7)).await.unwrap(), "there is no initial password");
    for (mailbox, tag) in [(&id, 31), (&other, 32)] {
        let wraps = vec![wrap(WrapKind::Activation), wrap(WrapKind::Initial)];
        let given = rig.store.renew_activation(mailbox, token(tag), wraps, None).await.unwrap();
        assert_eq!(given, Reissued::Done);
    }
    assert_eq!(rig.store.activation_end(&id).await.unwrap(), Some(token(31).expires_at));
    assert_eq!(rig.store.activation_end("unknown").await.unwrap(), None);
    for hash in [7, 8] {
        assert!(rig.store.begin_newcomer(newcomer(&id, hash)).await.unwrap());
    }
    let row = rig.store.newcomer(&[7; 32], NOW).await.unwrap().unwrap();
    assert_eq!((row.mailbox_id.as_str(), row.secret_sealed.as_slice()), (id.as_str(), b"secret".as_slice()));
    let late = Timestamp(NOW.0 + 10);
    assert!(rig.store.newcomer(&[7; 32], late).await.unwrap().is_none());
    for (mailbox, hash, now) in [(&other, 7, NOW), (&id, 9, NOW), (&id, 7, late)] {
        let ended = rig.activate(by_newcomer(mailbox, hash, now)).await.unwrap();
        assert_eq!(ended, Activation::TokenSpent);
    }
    rig.store.touch_newcomer(&[7; 32], NOW, LATER).await.unwrap();
    assert!(rig.store.newcomer(&[7; 32], late).await.unwrap().is_some());
    assert_eq!(rig.activate(by_newcomer(&id, 7, late)).await.unwrap(), Activation::Activated);
    for kind in [WrapKind::Initial, WrapKind::Activation, WrapKind::Link] {
        assert_eq!(rig.store.wrap(&id, kind).await.unwrap(), None, "{kind:?}");
    }
    assert!(rig.store.newcomer(&[8; 32], NOW).await.unwrap().is_none(), "the other browser's is over too");
    assert!(!rig.store.begin_newcomer(newcomer(&id, 9)).await.unwrap(), "not once it is active");
    rig.clean().await;
}

#[tokio::test]
async fn a_new_initial_password_ends_what_the_old_one_began() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let wraps = || vec![wrap(WrapKind::Activation), wrap(WrapKind::Initial)];
    assert_eq!(rig.store.renew_activation(&id, token(31), wraps(), None).await.unwrap(), Reissued::Done);
    assert!(rig.store.begin_newcomer(newcomer(&id, 7)).await.unwrap());
    assert_eq!(rig.store.renew_activation(&id, token(32), wraps(), None).await.unwrap(), Reissued::Done);
    assert_eq!(rig.activate(by_newcomer(&id, 7, NOW)).await.unwrap(), Activation::TokenSpent);
    rig.clean().await;
}

#[tokio::test]
async fn a_letter_that_came_meanwhile_is_not_left_under_the_old_key() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let rekey = rig.rekey(&id).await;
    rig.deposit_more(&id).await;
    let late = Activate { rekey, ..activate(&id, 1, b"mine") };
    assert_eq!(rig.store.activate(late).await.unwrap(), Activation::Moved);
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Pending);
    assert_eq!(rig.activate(activate(&id, 1, b"mine")).await.unwrap(), Activation::Activated);
    let keys = rig.store.sealed_keys(&id).await.unwrap();
    assert!(keys.letters.len() == 2 && keys.letters.iter().all(|key| key.key_sealed.ends_with(b"!")));
    rig.clean().await;
}
