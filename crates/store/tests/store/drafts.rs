//! Drafts: kept, changed, sent once, and removed with everything that belongs to them.

use sealpost_mail::{Random as _, SystemRandom, Timestamp};
use sealpost_store::{
    ArrivalRows, Committed, DraftQuota, NewDraft, NewDraftFile, NewPiece, NewUpload, SavedDraft, SentDraft,
    StoredBody, ThrownAway, Unread,
};

use crate::rig::{LARGE, LATER, NOW, Rig};

const SMALL: usize = 10;

async fn draft(rig: &Rig) -> (String, String) {
    let (mailbox_id, _, _) = rig.deposit_in_new(1).await;
    let id = SystemRandom.id();
    let new = NewDraft {
        id: id.clone(),
        mailbox_id: mailbox_id.clone(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"one".to_vec(),
    };
    assert!(rig.store.add_draft(new).await.unwrap());
    (mailbox_id, id)
}

async fn file(rig: &Rig, mailbox_id: &str, draft_id: &str, sealed: usize, size: u64) -> bool {
    let body = rig.body(sealed).await;
    rig.store
        .add_draft_file(whole(mailbox_id, draft_id, &SystemRandom.id(), body, size), QUOTA)
        .await
        .unwrap()
}

const QUOTA: DraftQuota = DraftQuota { bytes: 100, files: 3, in_mailbox: 150 };

fn whole(mailbox_id: &str, draft_id: &str, id: &str, body: StoredBody, size: u64) -> NewDraftFile {
    NewDraftFile {
        id: id.to_owned(),
        mailbox_id: mailbox_id.to_owned(),
        draft_id: draft_id.to_owned(),
        body,
        size,
        facts_sealed: b"facts".to_vec(),
        now: NOW,
    }
}

async fn upload(rig: &Rig, mailbox_id: &str, draft_id: &str, size: u64) -> Option<String> {
    let id = SystemRandom.id();
    let new = NewUpload {
        id: id.clone(),
        mailbox_id: mailbox_id.to_owned(),
        draft_id: draft_id.to_owned(),
        size,
        facts_sealed: b"facts".to_vec(),
        now: NOW,
        quota: QUOTA,
    };
    rig.store.begin_upload(new).await.unwrap().then_some(id)
}

async fn piece(rig: &Rig, mailbox_id: &str, draft_id: &str, upload_id: &str, place: u64, len: u64) -> bool {
    let piece = NewPiece {
        mailbox_id: mailbox_id.to_owned(),
        draft_id: draft_id.to_owned(),
        upload_id: upload_id.to_owned(),
        place,
        len,
        body: rig.body(LARGE).await,
        key_sealed: b"key".to_vec(),
        now: NOW,
    };
    rig.store.add_piece(piece).await.unwrap()
}

async fn sent(rig: &Rig, mailbox_id: &str, draft_id: &str) -> SentDraft {
    let (row, files) = rig.store.draft(mailbox_id, draft_id).await.unwrap().unwrap();
    SentDraft {
        mailbox_id: mailbox_id.to_owned(),
        draft_id: draft_id.to_owned(),
        files_version: row.files_version,
        body_ids: files.into_iter().map(|file| file.body_id).collect(),
    }
}

#[tokio::test]
async fn files_are_taken_up_to_the_limit_and_leave_nothing_behind() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    assert!(file(&rig, &mailbox_id, &id, SMALL, 60).await);
    assert!(!file(&rig, &mailbox_id, &id, LARGE, 41).await, "a hundred and one bytes");
    assert!(file(&rig, &mailbox_id, &id, LARGE, 40).await);
    assert!(file(&rig, &mailbox_id, &id, SMALL, 0).await);
    assert!(!file(&rig, &mailbox_id, &id, SMALL, 0).await, "a fourth");
    assert!(!file(&rig, "somebody else", &id, SMALL, 0).await);
    let (_, files) = rig.store.draft(&mailbox_id, &id).await.unwrap().unwrap();
    assert_eq!(files.len(), 3);
    assert!(rig.store.draft("somebody else", &id).await.unwrap().is_none());
    assert_eq!(
        rig.store.remove_draft_file("somebody else", &id, &files[0].id).await.unwrap(),
        ThrownAway::NotThere
    );
    assert_eq!(rig.store.remove_draft_file(&mailbox_id, &id, &files[1].id).await.unwrap(), ThrownAway::Gone);
    assert!(rig.store.body(&files[1].body_id).await.unwrap().is_none());
    assert_eq!(rig.store.delete_draft("somebody else", &id).await.unwrap(), ThrownAway::NotThere);
    assert_eq!(rig.store.delete_draft(&mailbox_id, &id).await.unwrap(), ThrownAway::Gone);
    assert!(rig.store.body(&files[0].body_id).await.unwrap().is_none());
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_draft_is_sent_once_and_as_its_writer_saw_it() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    assert!(file(&rig, &mailbox_id, &id, SMALL, 1).await);
    let before = sent(&rig, &mailbox_id, &id).await;
    assert!(file(&rig, &mailbox_id, &id, SMALL, 1).await);
    let send = async |draft: SentDraft| {
        let body = rig.body(LARGE).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(&mailbox_id, body.id()));
        rows.body = Some(body);
        rows.sent = Some(draft);
        rig.store.commit_arrival(rows).await.unwrap()
    };
    assert!(matches!(send(before).await, Committed::Duplicate), "a file came in between");
    let now = sent(&rig, &mailbox_id, &id).await;
    assert!(matches!(send(now.clone()).await, Committed::New(_)));
    assert!(matches!(send(now).await, Committed::Duplicate), "twice");
    let saved = rig.store.save_draft(&mailbox_id, &id, b"two".to_vec(), NOW).await.unwrap();
    assert_eq!(saved, SavedDraft::Gone);
    assert!(rig.store.drafts(&mailbox_id).await.unwrap().is_empty());
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_mailbox_that_goes_takes_its_drafts_along() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    assert!(file(&rig, &mailbox_id, &id, LARGE, 1).await);
    assert!(rig.store.delete_mailbox(&mailbox_id, Unread::Forgotten, NOW).await.unwrap());
    assert!(rig.store.draft(&mailbox_id, &id).await.unwrap().is_none());
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_file_comes_in_pieces_in_order_and_becomes_one() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    let one = upload(&rig, &mailbox_id, &id, 60).await.unwrap();
    assert!(upload(&rig, &mailbox_id, &id, 41).await.is_none(), "announced room is taken");
    assert!(!file(&rig, &mailbox_id, &id, SMALL, 41).await, "for plain forms, too");
    assert!(upload(&rig, "somebody else", &id, 1).await.is_none());
    assert!(!piece(&rig, &mailbox_id, &id, &one, 10, 10).await, "not the next one");
    assert!(!piece(&rig, "somebody else", &id, &one, 0, 10).await);
    assert!(piece(&rig, &mailbox_id, &id, &one, 0, 40).await);
    assert!(!piece(&rig, &mailbox_id, &id, &one, 0, 40).await, "the same again");
    assert!(!piece(&rig, &mailbox_id, &id, &one, 40, 21).await, "more than announced");
    let (row, pieces) = rig.store.upload(&mailbox_id, &id, &one).await.unwrap().unwrap();
    assert_eq!((row.size, row.received, pieces.len()), (60, 40, 1));
    let early = whole(&mailbox_id, &id, &one, rig.body(SMALL).await, 60);
    assert!(!rig.store.finish_upload(early, &pieces).await.unwrap(), "not all has come");
    let before = sent(&rig, &mailbox_id, &id).await;
    assert!(piece(&rig, &mailbox_id, &id, &one, 40, 20).await);
    assert_ne!(sent(&rig, &mailbox_id, &id).await.files_version, before.files_version);
    rig.wait_for_files(2).await;

    let (_, pieces) = rig.store.upload(&mailbox_id, &id, &one).await.unwrap().unwrap();
    let done = |body| whole(&mailbox_id, &id, &one, body, 60);
    assert!(rig.store.finish_upload(done(rig.body(SMALL).await), &pieces).await.unwrap());
    assert!(!rig.store.finish_upload(done(rig.body(SMALL).await), &pieces).await.unwrap(), "twice");
    let (_, files) = rig.store.draft(&mailbox_id, &id).await.unwrap().unwrap();
    assert_eq!((files.len(), files[0].id.as_str(), files[0].size), (1, one.as_str(), 60));
    assert!(rig.store.upload(&mailbox_id, &id, &one).await.unwrap().is_none());
    rig.wait_for_files(0).await;
    rig.clean().await;
}

#[tokio::test]
async fn what_is_given_up_leaves_nothing_behind() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        let one = upload(&rig, &mailbox_id, &id, 30).await.unwrap();
        assert!(piece(&rig, &mailbox_id, &id, &one, 0, 10).await);
        begun.push(one);
    }
    assert!(upload(&rig, &mailbox_id, &id, 1).await.is_none(), "a fourth");
    assert_eq!(rig.store.remove_upload("somebody else", &id, &begun[0]).await.unwrap(), ThrownAway::NotThere);
    assert_eq!(rig.store.remove_upload(&mailbox_id, &id, &begun[0]).await.unwrap(), ThrownAway::Gone);
    assert_eq!(rig.store.remove_upload(&mailbox_id, &id, &begun[0]).await.unwrap(), ThrownAway::NotThere);
    assert_eq!(rig.store.uploads(&mailbox_id, &id).await.unwrap().len(), 2);
    assert_eq!(rig.store.expire_uploads(NOW).await.unwrap(), 0, "touched just now");
    // Another draft of the same mailbox: the mailbox as a whole has its limit.
    let other = SystemRandom.id();
    let new = NewDraft {
        id: other.clone(),
        mailbox_id: mailbox_id.clone(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"two".to_vec(),
    };
    assert!(rig.store.add_draft(new).await.unwrap());
    assert!(upload(&rig, &mailbox_id, &other, 91).await.is_none());
    assert!(upload(&rig, &mailbox_id, &other, 90).await.is_some());
    assert_eq!(rig.store.delete_draft(&mailbox_id, &id).await.unwrap(), ThrownAway::Gone);
    rig.wait_for_files(0).await;
    assert_eq!(rig.store.expire_uploads(Timestamp(NOW.0 + 1)).await.unwrap(), 1);
    assert!(rig.store.uploads(&mailbox_id, &other).await.unwrap().is_empty());
    rig.clean().await;
}

#[tokio::test]
async fn what_was_begun_goes_with_a_mailbox_that_nobody_comes_back_for() {
    let rig = Rig::new();
    let (mailbox, id) = draft(&rig).await;
    assert!(file(&rig, &mailbox, &id, LARGE, 5).await);
    assert!(upload(&rig, &mailbox, &id, 7).await.is_some());
    let unattended = |now| rig.store.purge_unattended_drafts(now, Timestamp(0));
    assert_eq!(unattended(LATER).await.unwrap(), 0, "a letter waits in it");
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 1);
    assert_eq!(unattended(Timestamp(LATER.0 - 1)).await.unwrap(), 0, "the link is still good");
    assert_eq!(rig.store.purge_pending(LATER, Timestamp(0)).await.unwrap(), 0, "something is in it");
    assert_eq!(unattended(LATER).await.unwrap(), 1);
    assert!(rig.store.draft(&mailbox, &id).await.unwrap().is_none());
    assert_eq!(rig.store.purge_pending(LATER, Timestamp(0)).await.unwrap(), 1);
    rig.clean().await;
}
