//! Ways back into a mailbox: reset, request and release; each guarded, so that nothing else makes an owner.

use sealpost_mail::Timestamp;
use sealpost_store::{
    Activate, Activation, Again, ArrivalRows, ChangeSecrets, Ended, Folder, KeptSession, MailboxState,
    NewDraft, NewLeg, NewSession, NewToken, NewWrap, Page, Proof, Release, Released, RequestKind,
    RequestSelection, RequestState, Reset, ResetPassword, TokenPurpose, Unread, WrapKind,
};

use crate::rig::{LATER, NOW, Rig, no_rekey, relock, token, wrap};

pub(crate) async fn active(rig: &Rig, tag: u8) -> String {
    let (id, _, _) = rig.deposit_in_new(tag).await;
    set_up(rig, &id, tag).await;
    id
}

/// Its owner follows the link and chooses a password.
pub(crate) async fn set_up(rig: &Rig, id: &str, tag: u8) {
    let activate = Activate {
        mailbox_id: id.to_owned(),
        proof: Proof::Token([tag; 32]),
        now: NOW,
        rekey: no_rekey(),
        wraps: vec![wrap(WrapKind::Password), wrap(WrapKind::Answer)],
        question_sealed: Some(b"question".to_vec()),
        language: "de".to_owned(),
        letters_until: None,
    };
    assert_eq!(rig.activate(activate).await.unwrap(), Activation::Activated);
}

pub(crate) fn session(mailbox_id: &str, hash: u8) -> NewSession {
    NewSession {
        hash: [hash; 32],
        mailbox_id: mailbox_id.to_owned(),
        secret_sealed: b"secret".to_vec(),
        created_at: NOW,
        expires_at: LATER,
        device_sealed: b"device".to_vec(),
    }
}

fn reset_token(fill: u8) -> NewToken {
    NewToken { purpose: TokenPurpose::Reset, ..token(fill) }
}

fn reset(mailbox_id: &str, hash: u8, now: Timestamp) -> ResetPassword {
    ResetPassword {
        mailbox_id: mailbox_id.to_owned(),
        token_hash: [hash; 32],
        now,
        rekey: no_rekey(),
        wraps: vec![NewWrap { kind: WrapKind::Password, sealed: b"new".to_vec() }],
    }
}

async fn release(rig: &Rig, number: i64, mailbox_id: &str, again: Again) -> Released {
    let leg = NewLeg { body_id: None, ..rig.leg("none", "smarthost") };
    let release = Release {
        number,
        mailbox_id: mailbox_id.to_owned(),
        now: NOW,
        decision_sealed: b"checked".to_vec(),
        again,
        letters_until: LATER,
        leg,
    };
    rig.store.release_request(release).await.unwrap()
}

fn kept(fill: u8) -> Again {
    Again::Kept { wraps: vec![wrap(WrapKind::Activation)], token: token(fill) }
}

#[tokio::test]
async fn a_reset_works_once_ends_sessions_and_spends_every_reset_token() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    assert!(rig.store.begin_session(session(&id, 7)).await.unwrap());
    assert!(rig.store.begin_reset(&id, reset_token(20), Timestamp(NOW.0 - 1)).await.unwrap());
    assert!(!rig.store.begin_reset(&id, reset_token(21), Timestamp(NOW.0 - 1)).await.unwrap(), "too soon");
    assert!(rig.store.begin_reset(&id, reset_token(22), LATER).await.unwrap());
    assert_eq!(rig.store.resets_since(&id, Timestamp(NOW.0 - 1)).await.unwrap(), 2);
    assert_eq!(rig.store.resets_since(&id, NOW).await.unwrap(), 0);
    assert_eq!(rig.reset_password(reset(&id, 1, NOW)).await.unwrap(), Reset::TokenSpent, "activation's");
    assert_eq!(rig.reset_password(reset(&id, 20, LATER)).await.unwrap(), Reset::TokenSpent, "too late");
    assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap().unwrap(), b"password");
    assert_eq!(rig.reset_password(reset(&id, 20, NOW)).await.unwrap(), Reset::Done);
    assert_eq!(rig.store.wrap(&id, WrapKind::Password).await.unwrap().unwrap(), b"new");
    assert!(rig.store.session(&[7; 32], NOW).await.unwrap().is_none());
    for spent in [20, 22] {
        assert_eq!(rig.reset_password(reset(&id, spent, NOW)).await.unwrap(), Reset::TokenSpent);
    }
    rig.clean().await;
}

#[tokio::test]
async fn a_reset_opens_nothing_that_support_locked_or_nobody_activated() {
    let rig = Rig::new();
    let (pending, _, _) = rig.deposit_in_new(9).await;
    assert!(!rig.store.begin_reset(&pending, reset_token(30), LATER).await.unwrap());
    let id = active(&rig, 1).await;
    assert!(rig.store.begin_reset(&id, reset_token(20), LATER).await.unwrap());
    assert!(rig.store.lock_mailbox(relock(&id, "", "x"), NOW).await.unwrap());
    assert_eq!(rig.reset_password(reset(&id, 20, NOW)).await.unwrap(), Reset::NotActive);
    assert!(rig.store.unlock_mailbox(relock(&id, "x", "y")).await.unwrap());
    assert_eq!(rig.reset_password(reset(&id, 20, NOW)).await.unwrap(), Reset::Done);
    rig.clean().await;
}

#[tokio::test]
async fn only_an_open_request_makes_an_active_mailbox_pending() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    let other = active(&rig, 2).await;
    assert!(rig.store.begin_session(session(&id, 7)).await.unwrap());
    assert_eq!(release(&rig, 1, &id, kept(40)).await, Released::NotOpen, "there is none");
    for note in [b"0170".to_vec(), b"0171".to_vec()] {
        assert!(rig.store.ask(&id, RequestKind::Access, Some(note), NOW).await.unwrap());
    }
    let open = rig.store.requests(RequestSelection::Open).await.unwrap();
    let [first, request] = open.as_slice() else { panic!("two requests, not {}", open.len()) };
    assert_eq!(first.note_sealed.as_deref(), Some(&b"0170"[..]), "whoever asks first speaks for nobody else");
    assert_eq!(request.note_sealed.as_deref(), Some(&b"0171"[..]));
    assert_eq!(release(&rig, request.number, &other, kept(40)).await, Released::NotOpen, "not its mailbox");
    assert_eq!(rig.store.mailbox(&other).await.unwrap().unwrap().state, MailboxState::Active);
    assert_eq!(release(&rig, request.number, &id, kept(40)).await, Released::Done);
    let mailbox = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!((mailbox.state, mailbox.question_sealed), (MailboxState::Pending, None));
    assert!(rig.store.session(&[7; 32], NOW).await.unwrap().is_none());
    assert_eq!(rig.store.ended_session(&[7; 32]).await.unwrap(), Some(Ended::Support));
    assert_eq!(rig.store.request(first.number).await.unwrap().unwrap().state, RequestState::Refused);
    for gone in [WrapKind::Password, WrapKind::Answer] {
        assert_eq!(rig.store.wrap(&id, gone).await.unwrap(), None, "{gone:?}");
    }
    let page = Page { offset: 0, limit: 10 };
    assert_eq!(rig.store.deposits(&id, Folder::Inbox, page).await.unwrap().len(), 1, "the letters are kept");
    assert_eq!(rig.store.request(request.number).await.unwrap().unwrap().state, RequestState::Released);
    assert_eq!(release(&rig, request.number, &id, kept(41)).await, Released::NotOpen, "only once");
    rig.clean().await;
}

#[tokio::test]
async fn of_very_many_requests_the_first_and_the_last_are_kept() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    for note in 0..100_u8 {
        assert!(rig.store.ask(&id, RequestKind::Access, Some(vec![note]), NOW).await.unwrap());
        assert!(rig.store.ask(&id, RequestKind::Renewal, None, NOW).await.unwrap());
    }
    let open = rig.store.requests(RequestSelection::Open).await.unwrap();
    let notes: Vec<u8> =
        open.iter().filter_map(|request| Some(*request.note_sealed.as_ref()?.first()?)).collect();
    assert_eq!(notes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    assert_eq!(open.len(), notes.len() + 1, "one request for a new link says all of them");
}

#[tokio::test]
async fn without_escrow_a_new_mailbox_takes_the_place_of_the_old_one() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    assert!(rig.store.ask(&id, RequestKind::Access, None, NOW).await.unwrap());
    let number = rig.store.requests(RequestSelection::Open).await.unwrap()[0].number;
    let mut new = rig.mailbox(1);
    new.token = Some(token(50));
    let new_id = new.id.clone();
    assert_eq!(
        release(&rig, number, &id, Again::Lost { new: Box::new(new), unread: Unread::Forgotten }).await,
        Released::Done
    );
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Deleted);
    let found = rig.store.mailboxes_by_tag(&[[1; 32]]).await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].state), (new_id.as_str(), MailboxState::Pending));
    assert_eq!(rig.store.deposits(&id, Folder::Inbox, Page { offset: 0, limit: 10 }).await.unwrap().len(), 0);
    rig.clean().await;
}

#[tokio::test]
async fn what_a_hold_refuses_takes_no_draft_along() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    let new = NewDraft {
        id: "draft".to_owned(),
        mailbox_id: id.clone(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"one".to_vec(),
    };
    assert!(rig.store.add_draft(new).await.unwrap());
    assert!(rig.store.ask(&id, RequestKind::Access, None, NOW).await.unwrap());
    let number = rig.store.requests(RequestSelection::Open).await.unwrap()[0].number;
    assert!(rig.store.hold_mailbox(&id, NOW).await.unwrap());
    let again = |hash| {
        let mut new = rig.mailbox(1);
        new.token = Some(token(hash));
        Again::Lost { new: Box::new(new), unread: Unread::Forgotten }
    };
    assert_eq!(release(&rig, number, &id, again(50)).await, Released::NotOpen);
    assert!(!rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    assert_eq!(rig.store.drafts(&id).await.unwrap().len(), 1, "a hold keeps what was begun, too");
    assert!(rig.store.end_hold(&id, NOW, Vec::new(), NOW).await.unwrap());
    assert_eq!(release(&rig, number, &id, again(51)).await, Released::Done);
    assert_eq!(rig.store.drafts(&id).await.unwrap().len(), 0);
    rig.clean().await;
}

/// A link to delete the mailbox, as a request by mail creates it.
async fn requested(rig: &Rig, mailbox_id: &str, hash: u8) -> bool {
    let mut rows = ArrivalRows::new(NOW);
    rows.deletions.push((mailbox_id.to_owned(), NewToken { purpose: TokenPurpose::Deletion, ..token(hash) }));
    let _ = rig.store.commit_arrival(rows).await.unwrap();
    rig.store.token(&[hash; 32]).await.unwrap().is_some_and(|token| token.spent_at.is_none())
}

#[tokio::test]
async fn whatever_its_owner_does_overtakes_a_link_to_delete_the_mailbox() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    assert!(requested(&rig, &id, 60).await);
    let by_link = async |hash: u8, now| {
        rig.store.delete_mailbox_by_link(&id, &[hash; 32], Unread::Forgotten, now).await
    };
    let activate = Activate {
        mailbox_id: id.clone(),
        proof: Proof::Token([1; 32]),
        now: NOW,
        rekey: no_rekey(),
        wraps: vec![wrap(WrapKind::Password), wrap(WrapKind::Answer)],
        question_sealed: Some(b"question".to_vec()),
        language: "de".to_owned(),
        letters_until: None,
    };
    assert_eq!(rig.activate(activate).await.unwrap(), Activation::Activated);
    assert!(!by_link(60, NOW).await.unwrap(), "activated since");
    // Anyone who can read the owner's mail may have written the request.
    assert!(requested(&rig, &id, 61).await);
    let epochs = rig.store.mailbox(&id).await.unwrap().unwrap().epochs;
    assert!(rig.store.lock_mailbox(relock(&id, &epochs, "two.locked"), NOW).await.unwrap());
    assert!(rig.store.unlock_mailbox(relock(&id, "two.locked", "three.")).await.unwrap());
    assert!(!by_link(61, NOW).await.unwrap(), "locked since");
    assert!(requested(&rig, &id, 62).await);
    assert!(!by_link(62, LATER.plus(std::time::Duration::from_secs(1))).await.unwrap(), "too late");
    assert!(!by_link(1, NOW).await.unwrap(), "a link for something else");
    assert!(by_link(62, NOW).await.unwrap());
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Deleted);
    rig.clean().await;
}

#[tokio::test]
async fn a_refused_request_changes_nothing_and_deleting_takes_requests_along() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    assert!(rig.store.ask(&id, RequestKind::Access, None, NOW).await.unwrap());
    let request = rig.store.requests(RequestSelection::Open).await.unwrap().remove(0);
    assert!(rig.store.refuse_request(&request, b"no".to_vec(), NOW).await.unwrap());
    assert!(!rig.store.refuse_request(&request, b"no".to_vec(), NOW).await.unwrap());
    assert_eq!(release(&rig, request.number, &id, kept(40)).await, Released::NotOpen);
    assert_eq!(rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Active);
    assert!(rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    assert!(rig.store.requests(RequestSelection::All).await.unwrap().is_empty());
    assert!(!rig.store.ask(&id, RequestKind::Access, None, NOW).await.unwrap());
    rig.clean().await;
}

#[tokio::test]
async fn new_secrets_end_the_other_sessions_and_every_link() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    for hash in [7, 8] {
        assert!(rig.store.begin_session(session(&id, hash)).await.unwrap());
    }
    assert!(rig.store.begin_reset(&id, reset_token(20), LATER).await.unwrap());
    let old_address = rig.store.mailbox(&id).await.unwrap().unwrap().address_sealed;
    let change = ChangeSecrets {
        old_address,
        address_sealed: b"address again".to_vec(),
        epochs: "one.".to_owned(),
        mailbox_id: id.clone(),
        now: NOW,
        wraps: vec![NewWrap { kind: WrapKind::Password, sealed: b"new".to_vec() }],
        question_sealed: None,
        keep_session: Some(KeptSession { hash: [7; 32], secret_sealed: b"proven anew".to_vec() }),
        why: Ended::PasswordChanged,
    };
    assert!(rig.store.change_secrets(change.clone()).await.unwrap());
    assert!(!rig.store.change_secrets(change.clone()).await.unwrap(), "what was read is no longer so");
    let (kept, _mailbox) = rig.store.session(&[7; 32], NOW).await.unwrap().unwrap();
    assert_eq!(kept.secret_sealed, b"proven anew");
    assert!(rig.store.session(&[8; 32], NOW).await.unwrap().is_none());
    assert_eq!(rig.reset_password(reset(&id, 20, NOW)).await.unwrap(), Reset::TokenSpent);
    let mailbox = rig.store.mailbox(&id).await.unwrap().unwrap();
    assert_eq!((mailbox.epochs.as_str(), mailbox.address_sealed.as_slice()), ("one.", &b"address again"[..]));
    assert_eq!(mailbox.question_sealed.as_deref(), Some(&b"question"[..]), "the question stays");
    assert!(rig.store.set_profile(&id, b"profile".to_vec()).await.unwrap());
    assert_eq!(
        rig.store.mailbox(&id).await.unwrap().unwrap().profile_sealed.as_deref(),
        Some(&b"profile"[..])
    );
    assert!(rig.store.lock_mailbox(relock(&id, "one.", "x"), NOW).await.unwrap());
    let change = ChangeSecrets { old_address: b"address again".to_vec(), ..change };
    assert!(!rig.store.change_secrets(change).await.unwrap());
    rig.clean().await;
}
