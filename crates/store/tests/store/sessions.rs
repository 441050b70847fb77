//! Sessions: begun for active mailboxes, ended by expiry.

use sealpost_mail::Timestamp;
use sealpost_store::{ChangeSecrets, Ended, NewSession, Settled, Tries};

use crate::mailboxes::active;
use crate::rig::{LATER, NOW, Rig};

fn session(mailbox_id: &str, hash: u8) -> NewSession {
    NewSession {
        hash: [hash; 32],
        mailbox_id: mailbox_id.to_owned(),
        secret_sealed: vec![hash],
        created_at: Timestamp(NOW.0 + i64::from(hash)),
        expires_at: LATER,
        device_sealed: b"device".to_vec(),
    }
}

#[tokio::test]
async fn a_session_lives_until_its_time_is_over() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    assert!(rig.store.begin_session(session(&id, 1)).await.unwrap());
    let (row, mailbox) = rig.store.session(&[1; 32], NOW).await.unwrap().unwrap();
    assert_eq!(mailbox.id, id);
    assert_eq!((row.mailbox_id.as_str(), row.secret_sealed.as_slice()), (id.as_str(), &[1_u8][..]));
    assert!(rig.store.session(&[2; 32], NOW).await.unwrap().is_none());
    assert!(rig.store.session(&[1; 32], LATER).await.unwrap().is_none());

    let longer = Timestamp(LATER.0 + 10);
    assert!(rig.store.touch_session(&[1; 32], Timestamp(LATER.0 - 1), longer).await.unwrap());
    assert!(rig.store.session(&[1; 32], LATER).await.unwrap().is_some());
    assert!(!rig.store.touch_session(&[1; 32], longer, Timestamp(i64::MAX)).await.unwrap(), "over is over");
    let report = rig.store.sweep(longer).await.unwrap();
    assert_eq!((report.sessions_dropped, report.counts.sessions), (1, 0));
    assert!(report.is_clean());
}

#[tokio::test]
async fn a_pending_mailbox_has_no_session() {
    let rig = Rig::new();
    let (id, _, _) = rig.deposit_in_new(1).await;
    assert!(!rig.store.begin_session(session(&id, 1)).await.unwrap());
    assert_eq!(rig.clean().await.sessions, 0);
}

#[tokio::test]
async fn a_log_in_settles_what_was_counted_and_notes_its_owner_or_does_nothing() {
    let rig = Rig::new();
    let (id, (pending, _, _)) = (active(&rig, 1).await, rig.deposit_in_new(2).await);
    let counted = |wrong, open_at| Tries { wrong, last_at: NOW, open_at, forget_at: LATER };
    let (own, all) = ([1; 32], [2; 32]);
    assert!(rig.store.count_try(&own, None, counted(3, LATER)).await.unwrap());
    assert!(rig.store.count_try(&all, None, counted(5, LATER)).await.unwrap());
    let settled = Settled { taken_back: vec![all, [3; 32]], forgiven: vec![own, [4; 32]] };

    assert!(!rig.store.begin_session_by_log_in(session(&pending, 1), &settled).await.unwrap());
    assert_eq!(rig.store.tries(&own).await.unwrap(), Some(counted(3, LATER)), "nobody came in");

    assert!(rig.store.begin_session_by_log_in(session(&id, 1), &settled).await.unwrap());
    let begun = session(&id, 1).created_at;
    assert_eq!(rig.store.tries(&own).await.unwrap(), None);
    assert_eq!(
        rig.store.tries(&all).await.unwrap(),
        Some(counted(4, begun)),
        "one is taken back, open at once"
    );
    assert_eq!(rig.store.tries(&[3; 32]).await.unwrap(), None);
    let (_, mailbox) = rig.store.session(&[1; 32], NOW).await.unwrap().unwrap();
    assert_eq!(mailbox.last_seen_at, Some(begun));
}

#[tokio::test]
async fn one_or_all_sessions_end() {
    let rig = Rig::new();
    let (id, other) = (active(&rig, 1).await, active(&rig, 2).await);
    for hash in 1..=3 {
        assert!(rig.store.begin_session(session(&id, hash)).await.unwrap());
    }
    assert!(rig.store.begin_session(session(&other, 4)).await.unwrap());
    let listed = rig.store.sessions(&id, NOW).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.hash[0]).collect::<Vec<_>>(), [3, 2, 1]);
    rig.store.end_session(&[2; 32]).await.unwrap();
    assert!(rig.store.session(&[2; 32], NOW).await.unwrap().is_none());
    let old_address = rig.store.mailbox(&id).await.unwrap().unwrap().address_sealed;
    let everywhere = ChangeSecrets {
        old_address,
        address_sealed: b"address again".to_vec(),
        epochs: "..one".to_owned(),
        mailbox_id: id.clone(),
        now: NOW,
        wraps: Vec::new(),
        question_sealed: None,
        keep_session: None,
        why: Ended::Everywhere,
    };
    assert!(rig.store.change_secrets(everywhere).await.unwrap());
    for hash in [1, 3] {
        assert!(rig.store.session(&[hash; 32], NOW).await.unwrap().is_none());
        assert_eq!(rig.store.ended_session(&[hash; 32]).await.unwrap(), Some(Ended::Everywhere));
    }
    assert!(rig.store.session(&[4; 32], NOW).await.unwrap().is_some());
    rig.clean().await;
}
