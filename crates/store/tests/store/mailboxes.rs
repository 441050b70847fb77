//! Mailboxes: counting wrong tries, locking, deleting.

use sealpost_store::{
    Activate, Activation, ArrivalRows, Committed, MailboxState, MemoKey, NewBounceMemo, NewSession, Proof,
    Unread, WrapKind,
};

use crate::rig::{LATER, NOW, Rig, no_rekey, relock, wrap};

pub(crate) async fn active(rig: &Rig, tag: u8) -> String {
    let (mailbox_id, _, _) = rig.deposit_in_new(tag).await;
    let activate = Activate {
        mailbox_id: mailbox_id.clone(),
        proof: Proof::Token([tag; 32]),
        now: NOW,
        rekey: no_rekey(),
        wraps: vec![wrap(WrapKind::Password)],
        question_sealed: None,
        language: "de".to_owned(),
        letters_until: None,
    };
    assert_eq!(rig.activate(activate).await.unwrap(), Activation::Activated);
    mailbox_id
}

#[tokio::test]
async fn locking_ends_sessions() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    let session = NewSession {
        hash: [5; 32],
        mailbox_id: id.clone(),
        secret_sealed: b"secret".to_vec(),
        created_at: NOW,
        expires_at: LATER,
        device_sealed: Vec::new(),
    };
    assert!(rig.store.begin_session(session.clone()).await.unwrap());
    let lock = relock(&id, "", "...locked");
    let unlock = relock(&id, "...locked", "..");
    assert!(!rig.store.unlock_mailbox(unlock.clone()).await.unwrap(), "not locked");
    assert!(rig.store.lock_mailbox(lock, NOW).await.unwrap());
    let mailbox = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!(mailbox.state, MailboxState::Locked);
    assert!(rig.store.session(&[5; 32], NOW).await.unwrap().is_none());
    assert!(!rig.store.begin_session(session).await.unwrap(), "nobody signs in to a locked mailbox");
    assert!(!rig.store.unlock_mailbox(relock(&id, "", "..")).await.unwrap(), "not what was read");
    assert!(rig.store.unlock_mailbox(unlock).await.unwrap());
    let mailbox = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!((mailbox.state, mailbox.epochs.as_str()), (MailboxState::Active, ".."));
    rig.clean().await;
}

#[tokio::test]
async fn a_pending_mailbox_cannot_be_unlocked_into_an_active_one() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    assert!(!rig.store.lock_mailbox(relock(&id, "", "x"), NOW).await.unwrap());
    assert!(!rig.store.unlock_mailbox(relock(&id, "", "x")).await.unwrap());
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Pending);
}

#[tokio::test]
async fn a_deleted_mailbox_is_empty_and_its_address_free_again() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    let body = rig.body(crate::rig::LARGE).await;
    let mut rows = ArrivalRows::new(NOW);
    let deposit = rig.deposit(&id, body.id());
    rows.bounce_memos.push(NewBounceMemo {
        number: 6,
        mailbox_id: id.clone(),
        deposit_id: deposit.id.clone(),
        return_hash: [7; 32],
        memo_sealed: b"ticket".to_vec(),
        created_at: NOW,
    });
    let returned = MemoKey::of(&deposit.id, 6);
    rows.deposits.push(deposit);
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    assert_eq!(rig.store.bounce_memo(&returned).await.unwrap().unwrap().mailbox_id, id);

    assert!(rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    assert!(!rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    rig.wait_for_files(0).await;
    let deleted = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!((deleted.state, deleted.address_sealed.len()), (MailboxState::Deleted, 0));
    assert!(rig.store.mailboxes_by_tag(&[[1; 32]]).await.unwrap().is_empty());
    assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap(), None);
    assert_eq!(rig.store.bounce_memo(&returned).await.unwrap(), None);
    assert!(!rig.store.lock_mailbox(relock(&id, "", "x"), NOW).await.unwrap());
    let counts = rig.clean().await;
    assert_eq!((counts.mailboxes, counts.deposits, counts.bodies_in_rows), (0, 0, 0));

    let (again, _, _) = rig.deposit_in_new(1).await;
    assert_ne!(again, id);
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_come_while_a_mailbox_is_deleted_leave_no_orphans() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    let mut arrivals = Vec::new();
    for _ in 0..30 {
        let body = rig.body(10).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(&id, body.id()));
        rows.body = Some(body);
        let store = rig.store.clone();
        arrivals.push(tokio::spawn(async move { store.commit_arrival(rows).await.unwrap() }));
    }
    assert!(rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    for arrival in arrivals {
        assert!(!matches!(arrival.await.unwrap(), Committed::Duplicate));
    }
    assert_eq!(rig.clean().await.deposits, 0);
}
