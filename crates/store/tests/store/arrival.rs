//! An arrival is stored completely and once.

use sealpost_mail::{Random as _, Timestamp};
use sealpost_store::{ArrivalRows, Committed, MemoKey, NewBounceMemo, Store, StoreError, Unread};

use crate::rig::{LARGE, LATER, NOW, Rig};

async fn commit(store: &Store, rows: ArrivalRows) -> Committed {
    store.commit_arrival(rows).await.unwrap()
}

async fn with_fingerprint(rig: &Rig, fingerprint: [u8; 32]) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.fingerprint = Some(fingerprint);
    rows.legs.push(rig.leg(body.id(), "a.example"));
    rows.body = Some(body);
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_letters_at_once_to_a_new_address_make_one_mailbox() {
    let rig = Rig::new();
    let mut arrivals = Vec::new();
    for _ in 0..40 {
        let body = rig.body(LARGE).await;
        let mailbox = rig.mailbox(7);
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(&mailbox.id, body.id()));
        rows.mailboxes.push(mailbox);
        rows.mailboxes[0].token = None;
        rows.body = Some(body.clone());
        let store = rig.store.clone();
        arrivals.push((body, tokio::spawn(async move { commit(&store, rows).await })));
    }
    let (mut new, mut taken) = (0, Vec::new());
    for (body, arrival) in arrivals {
        match arrival.await.unwrap() {
            Committed::New(_) => new += 1,
            Committed::MailboxTaken => taken.push(body),
            Committed::Duplicate => unreachable!("no fingerprints here"),
            Committed::TooMany => unreachable!("no quotas here"),
        }
    }
    assert_eq!((new, taken.len()), (1, 39));
    let mailboxes = rig.store.mailboxes_by_tag(&[[7; 32], [8; 32]]).await.unwrap();
    assert_eq!(mailboxes.len(), 1);

    // The losers look again and deposit the same body they have written.
    for body in taken {
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(&mailboxes[0].id, body.id()));
        rows.body = Some(body);
        assert!(matches!(commit(&rig.store, rows).await, Committed::New(_)));
    }
    let counts = rig.clean().await;
    assert_eq!((counts.mailboxes, counts.deposits), (1, 40));
    assert_eq!((counts.bodies_in_files, rig.body_files().len()), (40, 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_transmission_many_times_at_once_is_stored_once() {
    let rig = Rig::new();
    let mut arrivals = Vec::new();
    for _ in 0..30 {
        let (store, rows) = (rig.store.clone(), with_fingerprint(&rig, [1; 32]).await);
        arrivals.push(tokio::spawn(async move { commit(&store, rows).await }));
    }
    let mut new = 0;
    for arrival in arrivals {
        match arrival.await.unwrap() {
            Committed::New(_) => new += 1,
            Committed::Duplicate => {}
            Committed::MailboxTaken => unreachable!("no mailboxes here"),
            Committed::TooMany => unreachable!("no quotas here"),
        }
    }
    assert_eq!(new, 1);
    assert_eq!(rig.clean().await.legs, 1);
}

#[tokio::test]
async fn an_acknowledged_transmission_is_new_when_sent_again() {
    let mut rig = Rig::new();
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::Duplicate));
    rig.reopen().await;
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::Duplicate));
    rig.store.acknowledge([1; 32], NOW);
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
    // Unhurried, but not lost if the store is closed within a second.
    rig.store.acknowledge([1; 32], NOW);
    rig.reopen().await;
    assert_eq!(rig.clean().await.fingerprints, 0);
}

/// Forgetting the first fingerprint may happen late or twice.
#[tokio::test]
async fn the_acknowledgement_of_one_letter_forgets_no_later_one_of_the_same_bytes() {
    let rig = Rig::new();
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
    assert_eq!(rig.store.fingerprint_of([1; 32]).await.unwrap(), Some(NOW));
    rig.store.acknowledge([1; 32], NOW);
    let later = async || ArrivalRows { now: LATER, ..with_fingerprint(&rig, [1; 32]).await };
    assert!(matches!(commit(&rig.store, later().await).await, Committed::New(_)));
    rig.store.acknowledge([1; 32], NOW);
    assert!(matches!(commit(&rig.store, later().await).await, Committed::Duplicate));
    assert_eq!(rig.store.fingerprint_of([1; 32]).await.unwrap(), Some(LATER));
    assert_eq!(rig.clean().await.legs, 2);
}

/// Those that wait are run together.
#[tokio::test]
async fn several_acknowledgements_at_once_forget_each_its_own() {
    let rig = Rig::new();
    for which in 1..6 {
        let letter = with_fingerprint(&rig, [which; 32]).await;
        assert!(matches!(commit(&rig.store, letter).await, Committed::New(_)));
    }
    (1..4).for_each(|which| rig.store.acknowledge([which; 32], NOW));
    // The time of another letter.
    rig.store.acknowledge([4; 32], LATER);
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [6; 32]).await).await, Committed::New(_)));
    for (which, known) in (1..7).zip([None, None, None, Some(NOW), Some(NOW), Some(NOW)]) {
        assert_eq!(rig.store.fingerprint_of([which; 32]).await.unwrap(), known, "{which}");
    }
}

#[tokio::test]
async fn an_acknowledgement_alone_is_written_too() {
    let rig = Rig::new();
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
    rig.store.acknowledge([1; 32], NOW);
    for _ in 0..100 {
        if rig.store.sweep(NOW).await.unwrap().counts.fingerprints == 0 {
            return;
        }
    }
    unreachable!("a sweep writes, and takes unhurried work along");
}

#[tokio::test]
async fn an_unacknowledged_transmission_is_the_same_for_six_hours() {
    let rig = Rig::new();
    let hours = |hours: i64| Timestamp(NOW.0 + hours * 3_600_000);
    let again = async |now: Timestamp| {
        let mut rows = with_fingerprint(&rig, [1; 32]).await;
        rows.now = now;
        commit(&rig.store, rows).await
    };
    assert!(matches!(again(NOW).await, Committed::New(_)));
    assert!(matches!(again(hours(6)).await, Committed::Duplicate));
    // No sweep in between.
    let late = Timestamp(hours(6).0 + 1);
    assert!(matches!(again(late).await, Committed::New(_)));
    // And the window starts again.
    assert!(matches!(again(hours(12)).await, Committed::Duplicate));
    assert_eq!(rig.clean().await.legs, 2);
}

#[tokio::test]
async fn a_sweep_forgets_fingerprints_after_six_hours() {
    let rig = Rig::new();
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
    let hours = |hours: i64| Timestamp(NOW.0 + hours * 3_600_000);
    assert_eq!(rig.store.sweep(hours(6)).await.unwrap().fingerprints_dropped, 0);
    let report = rig.store.sweep(Timestamp(hours(6).0 + 1)).await.unwrap();
    assert_eq!((report.fingerprints_dropped, report.counts.fingerprints), (1, 0));
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [1; 32]).await).await, Committed::New(_)));
}

#[tokio::test]
async fn all_rows_or_none() {
    let rig = Rig::new();
    let mut rows = with_fingerprint(&rig, [2; 32]).await;
    let mailbox = rig.mailbox(1);
    rows.deposits.push(rig.deposit(&mailbox.id, rows.legs[0].body_id.as_deref().unwrap()));
    rows.mailboxes.push(mailbox);
    rows.audit.push(crate::trail::row("mailbox.created", "object"));
    // A leg that refers to an unknown body: the last statement fails.
    rows.legs.push(rig.leg(&rig.ids.id(), "b.example"));
    assert!(matches!(rig.store.commit_arrival(rows).await, Err(StoreError::Database(_))));
    let counts = rig.clean().await;
    assert_eq!((counts.mailboxes, counts.deposits, counts.legs, counts.fingerprints), (0, 0, 0, 0));
    assert!(crate::trail::read(&rig.store).await.is_empty());
    assert!(rig.store.mailboxes_by_tag(&[[1; 32]]).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_callers_failure_is_not_anothers() {
    let rig = Rig::new();
    let good = with_fingerprint(&rig, [3; 32]).await;
    let mut bad = with_fingerprint(&rig, [4; 32]).await;
    bad.legs.push(good.legs[0].clone());
    let (first, second, third) = tokio::join!(
        rig.store.commit_arrival(good),
        rig.store.commit_arrival(bad),
        rig.store.commit_arrival(with_fingerprint(&rig, [5; 32]).await)
    );
    assert!(matches!(first.unwrap(), Committed::New(_)));
    assert!(matches!(second, Err(StoreError::Database(_))));
    assert!(matches!(third.unwrap(), Committed::New(_)));
    assert_eq!(rig.clean().await.legs, 2);
}

#[tokio::test]
async fn a_body_nobody_refers_to_is_refused_and_removed() {
    let rig = Rig::new();
    let mut rows = ArrivalRows::new(NOW);
    rows.body = Some(rig.body(LARGE).await);
    assert!(matches!(rig.store.commit_arrival(rows).await, Err(StoreError::Unreferenced)));
    rig.wait_for_files(0).await;
    rig.clean().await;
}

#[tokio::test]
async fn a_deposit_for_a_mailbox_deleted_meanwhile_is_not_kept() {
    let rig = Rig::new();
    let (mailbox_id, _, _) = rig.deposit_in_new(1).await;
    assert!(rig.store.delete_mailbox(&mailbox_id, Unread::Forgotten, NOW).await.unwrap());
    let body = rig.body(10).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.deposits.push(rig.deposit(&mailbox_id, body.id()));
    rows.body = Some(body);
    assert!(matches!(commit(&rig.store, rows).await, Committed::MailboxTaken));
    rig.clean().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_undo_its_commit() {
    let mut rig = Rig::new();
    let rows = with_fingerprint(&rig, [9; 32]).await;
    {
        let mut leaving = std::pin::pin!(rig.store.commit_arrival(rows));
        // Polled once: handed over, and dropped before the answer.
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::future::Future::poll(leaving.as_mut(), context).is_ready())
        });
        let _ = polled.await;
    }
    rig.reopen().await;
    assert!(matches!(commit(&rig.store, with_fingerprint(&rig, [9; 32]).await).await, Committed::Duplicate));
    assert_eq!(rig.clean().await.legs, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_reports_at_once_on_one_notice_are_told_of_once() {
    let rig = Rig::new();
    let mailbox = rig.mailbox(7);
    let deposit = rig.ids.id();
    let mut rows = ArrivalRows::new(NOW);
    rows.bounce_memos.push(NewBounceMemo {
        number: 0,
        mailbox_id: mailbox.id.clone(),
        deposit_id: deposit.clone(),
        return_hash: [7; 32],
        memo_sealed: b"ticket".to_vec(),
        created_at: NOW,
    });
    rows.mailboxes.push(mailbox);
    assert!(matches!(commit(&rig.store, rows).await, Committed::New(_)));
    let mut reports = Vec::new();
    for n in 0..20 {
        let mut rows = with_fingerprint(&rig, [n; 32]).await;
        rows.spent_memos.push(MemoKey::first(&deposit));
        let store = rig.store.clone();
        reports.push(tokio::spawn(async move { commit(&store, rows).await }));
    }
    let mut told = 0;
    for report in reports {
        match report.await.unwrap() {
            Committed::New(_) => told += 1,
            Committed::MailboxTaken => {}
            Committed::Duplicate | Committed::TooMany => unreachable!("neither is asked for"),
        }
    }
    assert_eq!(told, 1);
    assert_eq!(rig.clean().await.legs, 1);
}
