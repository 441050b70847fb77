//! Unused mailboxes are deleted, and everything under a hold is kept (letters, trash, links, the mailbox itself), until
//! the hold ends and the remaining times continue.

use std::time::Duration;

use sealpost_mail::{Random as _, SystemRandom, Timestamp};
use sealpost_store::{
    DraftQuota, IdleMailbox, MailboxState, NewDraft, NewDraftFile, NewSession, NewUpload, ResumedTime,
    SavedDraft, Settled, StoppedTime, ThrownAway, Unread,
};

use crate::access::{session, set_up};
use crate::rig::{LATER, NOW, Rig};

const HOUR: Duration = Duration::from_secs(3600);

/// Ends a hold without a calendar: to the millisecond.
async fn end_hold(rig: &Rig, id: &str, now: Timestamp) -> bool {
    let Some(held) = rig.store.held(id).await.unwrap() else { return false };
    let times = held.times.into_iter().map(|was| {
        let at = Timestamp(was.at.0 + now.0 - held.since.max(was.began).0);
        ResumedTime { was, at }
    });
    rig.store.end_hold(id, held.since, times.collect(), now).await.unwrap()
}

async fn idle(rig: &Rig, before: Timestamp) -> Vec<IdleMailbox> {
    rig.store.idle_mailboxes(before, "").await.unwrap()
}

#[tokio::test]
async fn a_mailbox_goes_only_if_it_is_still_as_unused_as_it_was_found() {
    let rig = Rig::new();
    let (mailbox, letter, _) = rig.deposit_in_new(1).await;
    set_up(&rig, &mailbox, 1).await;
    assert!(idle(&rig, NOW).await.is_empty(), "a letter has come at that moment");
    let found = idle(&rig, LATER).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reached_at, Some(NOW));
    let session = NewSession { created_at: LATER, expires_at: LATER.plus(HOUR), ..session(&mailbox, 1) };
    assert!(rig.store.begin_session_by_log_in(session, &Settled::default()).await.unwrap());
    assert!(
        !rig.store.delete_idle(&found[0], Unread::Forgotten, LATER).await.unwrap(),
        "its owner has been there meanwhile"
    );
    assert!(rig.store.deposit(&mailbox, &letter).await.unwrap().is_some());
    let found = idle(&rig, LATER.plus(HOUR)).await;
    assert!(rig.store.delete_idle(&found[0], Unread::Forgotten, LATER).await.unwrap());
    assert!(
        !rig.store.delete_idle(&found[0], Unread::Forgotten, LATER).await.unwrap(),
        "twice changes nothing"
    );
    let tombstone = rig.store.mailbox(&mailbox).await.unwrap().unwrap();
    assert_eq!(tombstone.state, MailboxState::Deleted);
    assert!(tombstone.address_sealed.is_empty());
    assert_eq!(rig.clean().await.deposits, 0);
}

/// Senders are told of letters that were never opened, if the operator wants that; of letters that were read nobody is
/// told.
#[tokio::test]
async fn of_a_mailbox_that_goes_by_time_unread_letters_are_kept_for_their_senders() {
    for (unread, kept) in [(Unread::KeptForSenders, 1), (Unread::Forgotten, 0)] {
        let rig = Rig::new();
        let (_mailbox, letter) = rig.told_of_in_new(1).await;
        let found = idle(&rig, LATER).await;
        assert!(rig.store.delete_idle(&found[0], unread, LATER).await.unwrap());
        let left = rig.store.gone_unread("").await.unwrap();
        assert_eq!(left.len(), kept, "{unread:?}");
        assert!(left.iter().all(|one| one.deposit_id == letter && one.memo_sealed == b"whose"));
    }
}

#[tokio::test]
async fn a_hold_stops_every_clock_and_gives_back_what_was_left() {
    let rig = Rig::new();
    let (mailbox, letter, _) = rig.deposit_in_new(1).await;
    let (_, thrown, _) = rig.deposit_in_new(2).await;
    let other = rig.store.mailboxes_by_tag(&[[2; 32]]).await.unwrap().remove(0).id;
    rig.store.trash_deposits(&other, std::slice::from_ref(&thrown), NOW).await.unwrap();
    let held = NOW.plus(HOUR);
    for id in [&mailbox, &other] {
        assert!(rig.store.hold_mailbox(id, held).await.unwrap());
        assert!(!rig.store.hold_mailbox(id, LATER).await.unwrap(), "held already");
    }
    let never = Timestamp(LATER.0 * 1000);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, never).await.unwrap(), 0);
    assert_eq!(rig.store.purge_trash(never, Unread::Forgotten, NOW).await.unwrap(), 0);
    assert_eq!(
        rig.store
            .delete_trashed(&other, std::slice::from_ref(&thrown), Unread::Forgotten, NOW)
            .await
            .unwrap(),
        0
    );
    assert_eq!(rig.store.purge_pending(never, Timestamp(0)).await.unwrap(), 0);
    assert!(idle(&rig, never).await.is_empty());
    assert!(!rig.store.delete_mailbox(&mailbox, Unread::Forgotten, never).await.unwrap());
    let before = rig.store.deposit(&mailbox, &letter).await.unwrap().unwrap().row.expires_at.unwrap();
    let ended = held.plus(HOUR * 1000);
    for id in [&mailbox, &other] {
        assert!(end_hold(&rig, id, ended).await);
        assert!(!end_hold(&rig, id, ended).await);
    }
    let row = rig.store.deposit(&mailbox, &letter).await.unwrap().unwrap().row;
    assert_eq!(row.expires_at, Some(before.plus(HOUR * 1000)));
    let row = rig.store.deposit(&other, &thrown).await.unwrap().unwrap().row;
    assert_eq!(row.trashed_at, Some(NOW.plus(HOUR * 1000)));
    assert_eq!(rig.store.mailbox(&mailbox).await.unwrap().unwrap().reached_at, Some(ended));
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, before.plus(HOUR * 1000)).await.unwrap(), 2);
    assert!(rig.store.delete_mailbox(&mailbox, Unread::Forgotten, ended).await.unwrap());
}

/// Drafts are kept too: against their owner, piece by piece, and against expiry.
#[tokio::test]
async fn while_a_mailbox_is_held_drafts_their_files_and_uploads_stay() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    let quota = DraftQuota { bytes: 1 << 20, files: 10, in_mailbox: 1 << 20 };
    let draft = NewDraft {
        id: SystemRandom.id(),
        mailbox_id: mailbox.clone(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"text".to_vec(),
    };
    let draft_id = draft.id.clone();
    assert!(rig.store.add_draft(draft).await.unwrap());
    let (file_id, upload_id) = (SystemRandom.id(), SystemRandom.id());
    let file = NewDraftFile {
        id: file_id.clone(),
        mailbox_id: mailbox.clone(),
        draft_id: draft_id.clone(),
        body: rig.body(100_000).await,
        size: 100_000,
        facts_sealed: b"name".to_vec(),
        now: NOW,
    };
    assert!(rig.store.add_draft_file(file, quota).await.unwrap());
    let upload = NewUpload {
        id: upload_id.clone(),
        mailbox_id: mailbox.clone(),
        draft_id: draft_id.clone(),
        size: 10,
        facts_sealed: b"name".to_vec(),
        now: NOW,
        quota,
    };
    assert!(rig.store.begin_upload(upload).await.unwrap());
    assert!(rig.store.hold_mailbox(&mailbox, NOW).await.unwrap());
    let store = &rig.store;
    // Its text is kept as well; drafts begun during the hold can be edited.
    let saved = store.save_draft(&mailbox, &draft_id, b"nothing".to_vec(), LATER).await.unwrap();
    assert_eq!(saved, SavedDraft::Held);
    assert_eq!(store.draft(&mailbox, &draft_id).await.unwrap().unwrap().0.content_sealed, b"text");
    let since = NewDraft {
        id: SystemRandom.id(),
        mailbox_id: mailbox.clone(),
        now: LATER,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"text".to_vec(),
    };
    let since_id = since.id.clone();
    assert!(store.add_draft(since).await.unwrap());
    let saved = store.save_draft(&mailbox, &since_id, b"more".to_vec(), LATER).await.unwrap();
    assert_eq!(saved, SavedDraft::Saved);
    assert_eq!(store.remove_draft_file(&mailbox, &draft_id, &file_id).await.unwrap(), ThrownAway::Held);
    assert_eq!(store.remove_upload(&mailbox, &draft_id, &upload_id).await.unwrap(), ThrownAway::Held);
    assert_eq!(store.delete_draft(&mailbox, &draft_id).await.unwrap(), ThrownAway::Held);
    assert_eq!(store.expire_uploads(LATER).await.unwrap(), 0);
    let (_, files) = store.draft(&mailbox, &draft_id).await.unwrap().unwrap();
    assert_eq!((files.len(), store.uploads(&mailbox, &draft_id).await.unwrap().len()), (1, 1));
    assert!(end_hold(&rig, &mailbox, NOW).await);
    assert_eq!(store.expire_uploads(LATER).await.unwrap(), 1);
    assert_eq!(store.remove_draft_file(&mailbox, &draft_id, &file_id).await.unwrap(), ThrownAway::Gone);
    assert_eq!(store.delete_draft(&mailbox, &draft_id).await.unwrap(), ThrownAway::Gone);
    assert_eq!(store.delete_draft(&mailbox, &draft_id).await.unwrap(), ThrownAway::NotThere);
    rig.clean().await;
}

/// While the ends are computed, letters may arrive, be removed, or get another time: none of that is undone.
#[tokio::test]
async fn what_changed_while_a_hold_was_ended_keeps_what_it_has() {
    let rig = Rig::new();
    let (mailbox, letter, _) = rig.deposit_in_new(1).await;
    assert!(rig.store.hold_mailbox(&mailbox, NOW).await.unwrap());
    let held = rig.store.held(&mailbox).await.unwrap().unwrap();
    let times: Vec<_> =
        held.times.into_iter().map(|was| ResumedTime { at: Timestamp(was.at.0 + 7), was }).collect();
    let before = rig.store.deposit(&mailbox, &letter).await.unwrap().unwrap().row.expires_at.unwrap();
    assert!(!rig.store.end_hold(&mailbox, LATER, times.clone(), LATER).await.unwrap(), "another hold");
    let meanwhile = times.into_iter().map(|time| {
        let was = StoppedTime { at: Timestamp(time.was.at.0 + 1), ..time.was };
        ResumedTime { was, at: time.at }
    });
    assert!(rig.store.end_hold(&mailbox, held.since, meanwhile.collect(), LATER).await.unwrap());
    let row = rig.store.deposit(&mailbox, &letter).await.unwrap().unwrap().row;
    assert_eq!(row.expires_at, Some(before));
}
