//! Drafts: kept, changed, sent once, and gone with everything that was theirs.

use sealpost_mail::{Random as _, SystemRandom};
use sealpost_store::{ArrivalRows, Committed, NewDraft, NewDraftFile, SentDraft};

use crate::rig::{LARGE, NOW, Rig};

const SMALL: usize = 10;

async fn draft(rig: &Rig) -> (String, String) {
    let (mailbox_id, _, _) = rig.deposit_in_new(1).await;
    let id = SystemRandom.id();
    let new = NewDraft {
        id: id.clone(),
        mailbox_id: mailbox_id.clone(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        content_sealed: b"one".to_vec(),
    };
    assert!(rig.store.add_draft(new).await.unwrap());
    (mailbox_id, id)
}

async fn file(rig: &Rig, mailbox_id: &str, draft_id: &str, sealed: usize, size: u64) -> bool {
    let body = rig.body(sealed).await;
    rig.store
        .add_draft_file(NewDraftFile {
            id: SystemRandom.id(),
            mailbox_id: mailbox_id.to_owned(),
            draft_id: draft_id.to_owned(),
            body,
            size,
            facts_sealed: b"facts".to_vec(),
            now: NOW,
            most_bytes: 100,
            most_files: 3,
        })
        .await
        .unwrap()
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
    assert!(!rig.store.remove_draft_file("somebody else", &id, &files[0].id).await.unwrap());
    assert!(rig.store.remove_draft_file(&mailbox_id, &id, &files[1].id).await.unwrap());
    assert!(rig.store.body(&files[1].body_id).await.unwrap().is_none());
    assert!(!rig.store.delete_draft("somebody else", &id).await.unwrap());
    assert!(rig.store.delete_draft(&mailbox_id, &id).await.unwrap());
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
    assert!(!rig.store.save_draft(&mailbox_id, &id, b"two".to_vec(), NOW).await.unwrap());
    assert_eq!(rig.store.draft_count(&mailbox_id).await.unwrap(), 0);
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_mailbox_that_goes_takes_its_drafts_along() {
    let rig = Rig::new();
    let (mailbox_id, id) = draft(&rig).await;
    assert!(file(&rig, &mailbox_id, &id, LARGE, 1).await);
    assert!(rig.store.delete_mailbox(&mailbox_id).await.unwrap());
    assert!(rig.store.draft(&mailbox_id, &id).await.unwrap().is_none());
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean());
}
