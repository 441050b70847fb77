//! Races: what only one may have, one gets; what both may have, both get. On every engine.

use sealpost_mail::{Random as _, Timestamp};
use sealpost_store::{
    ArrivalRows, Committed, DraftQuota, Finished, Folder, LegEnd, NewDraft, NewDraftFile, NewLeg, NewSession,
    NewUse, Page, TokenPurpose, Unread, UseLimits,
};

use crate::access::active;
use crate::rig::{LATER, NOW, Rig, token};

const TWO: [(); 2] = [(); 2];

/// Runs the tasks at once and collects their results.
async fn at_once<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut ended = Vec::new();
    for task in running {
        ended.push(task.await.unwrap());
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_files_for_one_room_one_finds_room() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    for round in 0..10 {
        let draft = NewDraft {
            id: rig.ids.id(),
            mailbox_id: mailbox.clone(),
            sealed_to: b"public".to_vec(),
            key_sealed: b"key".to_vec(),
            content_sealed: b"text".to_vec(),
            now: NOW,
        };
        let draft_id = draft.id.clone();
        assert!(rig.store.add_draft(draft).await.unwrap());
        let mut files = Vec::new();
        for () in TWO {
            files.push(NewDraftFile {
                id: rig.ids.id(),
                mailbox_id: mailbox.clone(),
                draft_id: draft_id.clone(),
                body: rig.body(80).await,
                size: 80,
                facts_sealed: b"facts".to_vec(),
                now: NOW,
            });
        }
        let quota = DraftQuota { bytes: 100, files: 10, in_mailbox: 1_000_000 };
        let added = at_once(files.into_iter().map(|file| {
            let store = rig.store.clone();
            async move { store.add_draft_file(file, quota).await.unwrap() }
        }))
        .await;
        assert_eq!(added.iter().filter(|added| **added).count(), 1, "round {round}");
    }
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_requests_for_a_new_password_one_makes_a_link() {
    let rig = Rig::new();
    for tag in 1..10 {
        let mailbox = active(&rig, tag).await;
        let begun = at_once([100 + tag, 200 + tag].map(|hash| {
            let (store, mailbox) = (rig.store.clone(), mailbox.clone());
            let mut token = token(hash);
            token.purpose = TokenPurpose::Reset;
            async move { store.begin_reset(&mailbox, token, Timestamp(0)).await.unwrap() }
        }))
        .await;
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 1, "mailbox {tag}");
    }
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_two_legs_of_a_body_take_it_with_them() {
    let rig = Rig::new();
    for _ in 0..10 {
        let body = rig.queue(100, &["a.example", "b.example"]).await;
        let legs = rig.lease("runner", NOW, LATER).await;
        assert_eq!(legs.len(), 2);
        let ended = at_once(legs.into_iter().map(|leg| {
            let store = rig.store.clone();
            async move { store.finish_leg(&leg, LegEnd::Failed, Vec::new()).await.unwrap() }
        }))
        .await;
        assert_eq!(ended, [Finished::Recorded, Finished::Recorded]);
        assert!(rig.store.body(&body).await.unwrap().is_none());
    }
    assert_eq!(rig.clean().await.bodies_in_rows, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_leases_what_another_has() {
    let rig = Rig::new();
    for _ in 0..60 {
        rig.queue(10, &["a.example"]).await;
    }
    let leased = at_once((0..6).map(|owner| {
        let store = rig.store.clone();
        async move {
            let request = sealpost_store::Lease {
                owner: format!("runner {owner}"),
                now: NOW,
                until: LATER,
                limit: 15,
                from: sealpost_store::LeaseFrom::AllBut(&[]),
            };
            store.lease_legs(request).await.unwrap()
        }
    }))
    .await;
    let mut ids: Vec<_> = leased.into_iter().flatten().map(|leg| leg.id).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "a leg is in two hands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_deleted_twice_is_in_the_trash_once() {
    let rig = Rig::new();
    for tag in 1..10 {
        let (mailbox, deposit, _) = rig.deposit_in_new(tag).await;
        let moved = at_once(TWO.map(|()| {
            let (store, mailbox, ids) = (rig.store.clone(), mailbox.clone(), vec![deposit.clone()]);
            async move { store.trash_deposits(&mailbox, &ids, NOW).await.unwrap() }
        }))
        .await;
        assert_eq!(moved.iter().sum::<usize>(), 1);
        let restored = at_once(TWO.map(|()| {
            let (store, mailbox, ids) = (rig.store.clone(), mailbox.clone(), vec![deposit.clone()]);
            async move { store.restore_deposits(&mailbox, &ids).await.unwrap() }
        }))
        .await;
        assert_eq!(restored.iter().sum::<usize>(), 1);
    }
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_letter_comes_into_a_mailbox_that_goes() {
    let rig = Rig::new();
    for tag in 1..20 {
        let (mailbox, _, _) = rig.deposit_in_new(tag).await;
        let body = rig.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.deposits.push(rig.deposit(&mailbox, body.id()));
        rows.body = Some(body);
        let (store, gone) = (rig.store.clone(), mailbox.clone());
        let deleting =
            tokio::spawn(async move { store.delete_mailbox(&gone, Unread::Forgotten, NOW).await.unwrap() });
        let store = rig.store.clone();
        let arriving = tokio::spawn(async move { store.commit_arrival(rows).await.unwrap() });
        assert!(deleting.await.unwrap());
        let arrived = arriving.await.unwrap();
        assert!(matches!(arrived, Committed::New(_) | Committed::MailboxTaken), "{arrived:?}");
        // Whichever was first: a deleted mailbox is empty.
        rig.clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_to_the_same_two_in_other_order_both_come() {
    let rig = Rig::new();
    let (one, _, _) = rig.deposit_in_new(1).await;
    let (other, _, _) = rig.deposit_in_new(2).await;
    let mut letters = Vec::new();
    for at in 0..40 {
        let body = rig.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        let order = if at % 2 == 0 { [&one, &other] } else { [&other, &one] };
        rows.deposits.extend(order.map(|mailbox| rig.deposit(mailbox, body.id())));
        rows.body = Some(body);
        letters.push(rows);
    }
    let arrived = at_once(letters.into_iter().map(|rows| {
        let store = rig.store.clone();
        async move { store.commit_arrival(rows).await.unwrap() }
    }))
    .await;
    assert!(arrived.iter().all(|arrived| matches!(arrived, Committed::New(_))));
    for mailbox in [one, other] {
        let page = Page { offset: 0, limit: 100 };
        assert_eq!(rig.store.deposits(&mailbox, Folder::Inbox, page).await.unwrap().len(), 41);
    }
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_of_a_quota_is_taken_once() {
    let rig = Rig::new();
    let most = UseLimits { letters_hour: 3, letters_day: 100, recipients_hour: 100, recipients_day: 100 };
    let mut letters = Vec::new();
    for _ in 0..8 {
        let body = rig.body(10).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.legs.push(rig.leg(body.id(), "a.example"));
        rows.body = Some(body);
        rows.uses.push(NewUse { whose: [7; 32], at: NOW, recipients: 1, most });
        letters.push(rows);
    }
    let arrived = at_once(letters.into_iter().map(|rows| {
        let store = rig.store.clone();
        async move { store.commit_arrival(rows).await.unwrap() }
    }))
    .await;
    let kept = arrived.iter().filter(|arrived| matches!(arrived, Committed::New(_))).count();
    assert_eq!(kept, 3, "{arrived:?}");
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_signed_in_to_a_mailbox_that_goes() {
    let rig = Rig::new();
    for tag in 1..10 {
        let mailbox = active(&rig, tag).await;
        let session = NewSession {
            hash: [tag; 32],
            mailbox_id: mailbox.clone(),
            secret_sealed: b"secret".to_vec(),
            created_at: NOW,
            expires_at: LATER,
            device_sealed: b"device".to_vec(),
        };
        let (store, gone) = (rig.store.clone(), mailbox.clone());
        let deleting =
            tokio::spawn(async move { store.delete_mailbox(&gone, Unread::Forgotten, NOW).await.unwrap() });
        let store = rig.store.clone();
        let signing_in = tokio::spawn(async move { store.begin_session(session).await.unwrap() });
        assert!(deleting.await.unwrap());
        let _either = signing_in.await.unwrap();
        rig.clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_transmission_at_once_comes_once() {
    let rig = Rig::new();
    for round in 0..10 {
        let mut letters = Vec::new();
        for () in TWO {
            let body = rig.body(100).await;
            let mut rows = ArrivalRows::new(NOW);
            rows.fingerprint = Some([round; 32]);
            rows.legs.push(rig.leg(body.id(), "a.example"));
            rows.body = Some(body);
            letters.push(rows);
        }
        let arrived = at_once(letters.into_iter().map(|rows| {
            let store = rig.store.clone();
            async move { store.commit_arrival(rows).await.unwrap() }
        }))
        .await;
        assert_eq!(arrived.iter().filter(|one| matches!(one, Committed::New(_))).count(), 1);
        assert_eq!(arrived.iter().filter(|one| matches!(one, Committed::Duplicate)).count(), 1);
    }
    assert_eq!(rig.clean().await.legs, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_forgotten_before_the_next() {
    let rig = Rig::new();
    for _ in 0..30 {
        let body = rig.body(10).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.fingerprint = Some([1; 32]);
        rows.legs.push(rig.leg(body.id(), "a.example"));
        rows.body = Some(body);
        assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        rig.store.acknowledge([1; 32], NOW);
    }
    assert_eq!(rig.clean().await.legs, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_letters_in_a_crowd_one_that_is_refused_keeps_none_from_coming() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    let letter = async |fingerprint: u8, mailbox: &str| {
        let body = rig.body(100).await;
        let mut rows = ArrivalRows::new(NOW);
        rows.fingerprint = Some([fingerprint; 32]);
        rows.deposits.push(rig.deposit(mailbox, body.id()));
        rows.legs.push(rig.leg(body.id(), "a.example"));
        rows.body = Some(body);
        rows
    };
    for round in 0..3 {
        let known = 200 + round;
        let first = letter(known, &mailbox).await;
        assert!(matches!(rig.store.commit_arrival(first).await.unwrap(), Committed::New(_)));
        let mut crowd = vec![letter(known, &mailbox).await, letter(180 + round, "nobodys").await];
        for nth in 0..40 {
            crowd.insert(crowd.len() / 2, letter(round * 50 + nth, &mailbox).await);
        }
        let arrived = at_once(crowd.into_iter().map(|rows| {
            let store = rig.store.clone();
            async move { store.commit_arrival(rows).await.unwrap() }
        }))
        .await;
        let count = |wanted: fn(&Committed) -> bool| arrived.iter().filter(|one| wanted(one)).count();
        assert_eq!(count(|one| matches!(one, Committed::New(_))), 40);
        assert_eq!(count(|one| matches!(one, Committed::Duplicate)), 1);
        assert_eq!(count(|one| matches!(one, Committed::MailboxTaken)), 1);
    }
    let counts = rig.clean().await;
    assert_eq!((counts.deposits, counts.legs), (1 + 3 * 41, 3 * 41));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_legs_that_end_in_a_crowd_one_that_is_gone_keeps_none_from_ending() {
    let rig = Rig::new();
    // As for notices, which are generated when they are sent: no caller waits for the flush of their ends.
    let mut rows = ArrivalRows::new(NOW);
    rows.legs.extend((0..10).map(|_| NewLeg { body_id: None, ..rig.leg("", "a.example") }));
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    let legs = rig.lease("us", NOW, LATER).await;
    let gone = legs[7].id.clone();
    assert_eq!(rig.store.remove_legs(&[gone]).await.unwrap(), 1);
    let ended = at_once(legs.into_iter().map(|leg| {
        let store = rig.store.clone();
        async move { store.finish_leg(&leg, LegEnd::Done, Vec::new()).await.unwrap() }
    }))
    .await;
    assert_eq!(ended.iter().filter(|one| **one == Finished::Recorded).count(), 9);
    assert_eq!(rig.clean().await.legs, 0);
}
