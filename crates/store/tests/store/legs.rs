//! Legs: leased by one process, finished by it, followed up in the same transaction.

use std::collections::HashSet;

use sealpost_mail::{EnhancedCode, Random as _, Timestamp};
use sealpost_store::{
    ArrivalRows, Committed, Finished, FollowUp, LatestTimes, Lease, LeaseFrom, LegEnd, LegNotes, LegPurpose,
    StoreError,
};

use crate::rig::{LARGE, NOW, Rig};

const SOON: Timestamp = Timestamp(1_000_100);

#[tokio::test]
async fn a_leg_is_leased_once_and_carries_everything() {
    let rig = Rig::new();
    let body_id = rig.queue(10, &["a.example"]).await;
    let legs = rig.lease("one", NOW, SOON).await;
    assert_eq!(legs.len(), 1);
    assert_eq!(
        (legs[0].body_id.as_deref().unwrap(), legs[0].ticket_sealed.as_slice()),
        (body_id.as_str(), &b"ticket"[..])
    );
    assert_eq!((legs[0].attempts, legs[0].delay_noted, legs[0].purpose), (0, false, LegPurpose::Relay));
    assert!(rig.lease("one", NOW, SOON).await.is_empty());
    assert!(rig.lease("two", NOW, SOON).await.is_empty());
    rig.clean().await;
}

#[tokio::test]
async fn nothing_is_leased_before_it_is_due() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    assert_eq!(rig.store.next_due().await.unwrap(), Some(NOW));
    assert!(rig.lease("one", Timestamp(NOW.0 - 1), SOON).await.is_empty());
    assert_eq!(rig.lease("one", NOW, SOON).await.len(), 1);
    assert_eq!(rig.store.next_due().await.unwrap(), Some(SOON), "the lease's end");
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_its_former_owner_refused() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let lost = rig.lease("one", NOW, SOON).await.remove(0);
    let taken = rig.lease("two", SOON, Timestamp(SOON.0 + 50)).await.remove(0);
    assert_eq!(taken.id, lost.id);
    let body = rig.body(LARGE).await;
    let leg = rig.leg(body.id(), "report.example");
    let follow_up = FollowUp { leg, body: Some(body) };
    let late = rig.store.finish_leg(&lost, LegEnd::Failed, vec![follow_up]).await.unwrap();
    assert_eq!(late, Finished::LeaseLost);
    rig.wait_for_files(0).await;
    assert_eq!(rig.clean().await.legs, 1, "neither removed nor followed up");
    assert_eq!(rig.store.finish_leg(&taken, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    assert_eq!(rig.store.finish_leg(&taken, LegEnd::Done, vec![]).await.unwrap(), Finished::LeaseLost);
    let counts = rig.clean().await;
    assert_eq!((counts.legs, counts.bodies_in_rows), (0, 0));
}

#[tokio::test]
async fn the_same_owner_too_must_hold_the_present_lease() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let first = rig.lease("one", NOW, SOON).await.remove(0);
    let second = rig.lease("one", SOON, Timestamp(SOON.0 + 50)).await.remove(0);
    assert_eq!(rig.store.finish_leg(&first, LegEnd::Frozen, vec![]).await.unwrap(), Finished::LeaseLost);
    assert_eq!(rig.store.finish_leg(&second, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
}

/// Otherwise the present lease holder would send the letter again.
#[tokio::test]
async fn a_leg_that_was_delivered_ends_whoever_holds_it() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let lost = rig.lease("one", NOW, SOON).await.remove(0);
    let held = rig.lease("two", SOON, Timestamp(SOON.0 + 50)).await.remove(0);
    assert_eq!(rig.store.finish_leg(&lost, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    let retry = LegEnd::Retry { due_at: NOW, code: None, enhanced: None, delay_noted: false };
    assert_eq!(rig.store.finish_leg(&held, retry, vec![]).await.unwrap(), Finished::LeaseLost);
    let counts = rig.clean().await;
    assert_eq!((counts.legs, counts.bodies_in_rows), (0, 0));
}

#[tokio::test]
async fn a_late_finish_counts_as_long_as_nobody_else_has_the_leg() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let leg = rig.lease("one", NOW, SOON).await.remove(0);
    assert_eq!(rig.store.finish_leg(&leg, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runners_share_the_queue_without_overlap() {
    let rig = Rig::new();
    for _ in 0..20 {
        rig.queue(10, &["a.example", "b.example", "c.example"]).await;
    }
    let runners: Vec<_> = (0..8)
        .map(|runner| {
            let store = rig.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let owner = format!("runner {runner}");
                    let request =
                        Lease { owner, now: NOW, until: SOON, limit: 4, from: LeaseFrom::AllBut(&[]) };
                    let legs = store.lease_legs(request).await.unwrap();
                    if legs.is_empty() {
                        return mine;
                    }
                    mine.extend(legs);
                }
            })
        })
        .collect();
    let mut seen = HashSet::new();
    for runner in runners {
        for leg in runner.await.unwrap() {
            assert!(seen.insert(leg.id.clone()), "leased twice");
            assert_eq!(rig.store.finish_leg(&leg, LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
        }
    }
    // A runner may have found nothing while others had leased the rest; nothing is lost by that.
    let left = rig.clean().await.legs;
    assert_eq!(u64::try_from(seen.len()).unwrap() + left, 60);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_long_queue_for_one_destination_does_not_hide_the_others() {
    let rig = Rig::new();
    for _ in 0..30 {
        rig.queue(10, &["slow.example"]).await;
    }
    rig.queue(10, &["quick.example"]).await;
    let legs = rig.lease("one", NOW, SOON).await;
    assert_eq!(legs.len(), 10, "the limit is used up");
    assert!(legs.iter().any(|leg| leg.destination == "quick.example"));

    let skip = ["slow.example".to_owned()];
    let request =
        Lease { owner: "one".to_owned(), now: NOW, until: SOON, limit: 10, from: LeaseFrom::AllBut(&skip) };
    assert!(rig.store.lease_legs(request).await.unwrap().is_empty());
    rig.queue(10, &["quick.example"]).await;
    let only = ["quick.example".to_owned(), "nobody.example".to_owned()];
    let request =
        Lease { owner: "one".to_owned(), now: NOW, until: SOON, limit: 10, from: LeaseFrom::Only(&only) };
    let due = rig.store.next_due_from(LeaseFrom::Only(&only)).await.unwrap();
    assert!(due.is_some_and(|due| due <= NOW));
    let legs = rig.store.lease_legs(request).await.unwrap();
    assert_eq!(legs.iter().map(|leg| leg.destination.as_str()).collect::<Vec<_>>(), ["quick.example"]);
    assert_eq!(rig.lease("one", NOW, SOON).await.len(), 10);
}

#[tokio::test]
async fn a_retry_waits_and_remembers() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let leg = rig.lease("one", NOW, SOON).await.remove(0);
    let due_at = Timestamp(SOON.0 + 1000);
    let enhanced = Some(EnhancedCode(4, 4, 1));
    let end = LegEnd::Retry { due_at, code: Some(451), enhanced, delay_noted: true };
    assert_eq!(rig.store.finish_leg(&leg, end, vec![]).await.unwrap(), Finished::Recorded);
    assert_eq!(rig.store.next_due().await.unwrap(), Some(due_at));
    assert!(rig.lease("one", SOON, Timestamp(due_at.0 + 1)).await.is_empty());
    let again = rig.lease("two", due_at, Timestamp(due_at.0 + 1)).await.remove(0);
    assert_eq!((again.attempts, again.delay_noted), (1, true));
    rig.clean().await;
}

#[tokio::test]
async fn a_postponed_leg_was_not_tried() {
    let rig = Rig::new();
    rig.queue(10, &["a.example", "b.example"]).await;
    let legs = rig.lease("one", NOW, SOON).await;
    let due_at = Timestamp(SOON.0 + 1000);
    let end = LegEnd::Postponed { due_at, delay_noted: true };
    assert_eq!(rig.store.finish_leg(&legs[0], end, vec![]).await.unwrap(), Finished::Recorded);
    assert_eq!(rig.store.finish_leg(&legs[0], end, vec![]).await.unwrap(), Finished::LeaseLost);
    let other = [legs[1].destination.clone()];
    assert_eq!(rig.store.next_due().await.unwrap(), Some(SOON));
    assert_eq!(rig.store.next_due_from(LeaseFrom::AllBut(&other)).await.unwrap(), Some(due_at));
    let again = rig.lease("one", due_at, Timestamp(due_at.0 + 1)).await;
    let again = again.iter().find(|leg| leg.id == legs[0].id).unwrap();
    assert_eq!((again.attempts, again.delay_noted), (0, true));
    rig.clean().await;
}

#[tokio::test]
async fn the_end_and_its_report_are_one() {
    let rig = Rig::new();
    rig.queue(10, &["a.example"]).await;
    let leg = rig.lease("one", NOW, SOON).await.remove(0);

    // The report cannot be written: the leg's end is not recorded either.
    let broken = FollowUp { leg: rig.leg(&rig.ids.id(), "report.example"), body: None };
    let failed = rig.store.finish_leg(&leg, LegEnd::Failed, vec![broken]).await;
    assert!(matches!(failed, Err(StoreError::Database(_))));
    assert_eq!(rig.clean().await.legs, 1);

    // A report with a body of its own, and one that returns the original.
    let body = rig.body(LARGE).await;
    let own = FollowUp { leg: rig.leg(body.id(), "report.example"), body: Some(body) };
    let shared = FollowUp { leg: rig.leg(leg.body_id.as_deref().unwrap(), "report.example"), body: None };
    let ended = rig.store.finish_leg(&leg, LegEnd::Failed, vec![own, shared]).await.unwrap();
    assert_eq!(ended, Finished::Recorded);
    let counts = rig.clean().await;
    assert_eq!((counts.legs, counts.bodies_in_rows, counts.bodies_in_files), (2, 1, 1));
}

#[tokio::test]
async fn a_body_goes_with_its_last_leg_or_deposit() {
    let rig = Rig::new();
    let body = rig.body(LARGE).await;
    let id = body.id().to_owned();
    let mailbox = rig.mailbox(1);
    let mailbox_id = mailbox.id.clone();
    let deposit = rig.deposit(&mailbox_id, &id);
    let deposit_id = deposit.id.clone();
    let mut rows = ArrivalRows::new(NOW);
    rows.legs = vec![rig.leg(&id, "a.example"), rig.leg(&id, "b.example")];
    rows.mailboxes.push(mailbox);
    rows.deposits.push(deposit);
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));

    let legs = rig.lease("one", NOW, SOON).await;
    assert_eq!(rig.store.finish_leg(&legs[0], LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    assert!(rig.store.body(&id).await.unwrap().is_some());
    assert_eq!(rig.store.delete_deposits(&mailbox_id, &[deposit_id]).await.unwrap(), 1);
    assert!(rig.store.body(&id).await.unwrap().is_some());
    assert_eq!(rig.body_files().len(), 1);
    assert_eq!(rig.store.finish_leg(&legs[1], LegEnd::Failed, vec![]).await.unwrap(), Finished::Recorded);
    assert!(rig.store.body(&id).await.unwrap().is_none());
    rig.wait_for_files(0).await;
    rig.clean().await;
}

#[tokio::test]
async fn who_is_alone_takes_the_leases_of_the_dead_at_once() {
    let rig = Rig::new();
    rig.queue(10, &["a.example", "b.example"]).await;
    let mine = rig.lease("node a", NOW, SOON).await;
    let alone = rig.store.alone("delivery").unwrap();
    let second = rig.store.alone("delivery").unwrap_err();
    assert!(second.to_string().contains("another process runs delivery"), "{second}");
    assert!(rig.store.alone("jobs").is_ok());
    assert_eq!(rig.store.release_leases(&alone, NOW).await.unwrap(), 2);
    drop(alone);
    assert!(rig.store.alone("delivery").is_ok());
    let again = rig.lease("node b", NOW, Timestamp(SOON.0 + 1)).await;
    assert_eq!(again.len(), 2);
    assert_eq!(rig.store.finish_leg(&mine[0], LegEnd::Failed, vec![]).await.unwrap(), Finished::LeaseLost);
}

/// As after a kill between a server's reply and the commit.
#[tokio::test]
async fn what_was_noted_as_delivered_is_ended_by_the_next_process() {
    let rig = Rig::new();
    rig.queue(10, &["a.example", "a.example", "b.example"]).await;
    let held = rig.lease("one", NOW, SOON).await;
    let alone = rig.store.alone("delivery").unwrap();
    let (deliveries, none) = rig.store.deliveries(&alone, |_, _| LegNotes::default()).await.unwrap();
    assert_eq!(none, 0);
    // One ended in time; its slot is reused.
    let noted = deliveries.note(&held[0]).unwrap();
    assert_eq!(rig.store.finish_leg(&held[0], LegEnd::Done, vec![]).await.unwrap(), Finished::Recorded);
    drop(noted);
    deliveries.note(&held[1]).unwrap().stays();
    assert_eq!(std::fs::metadata(rig.folder().join("delivered")).unwrap().len(), 64);
    drop((deliveries, alone));

    let alone = rig.store.alone("delivery").unwrap();
    assert_eq!(rig.store.deliveries(&alone, |_, _| LegNotes::default()).await.unwrap().1, 1);
    assert_eq!(rig.store.deliveries(&alone, |_, _| LegNotes::default()).await.unwrap().1, 0, "once");
    rig.store.release_leases(&alone, NOW).await.unwrap();
    let left = rig.lease("two", NOW, Timestamp(SOON.0 + 1)).await;
    assert_eq!(left.iter().map(|leg| &leg.id).collect::<Vec<_>>(), [&held[2].id]);
    assert!(rig.store.sweep(NOW).await.unwrap().is_clean(), "its body went with it");
}

#[tokio::test]
async fn what_a_clock_set_back_put_far_ahead_is_due_again() {
    let rig = Rig::new();
    rig.queue(10, &["a.example", "b.example"]).await;
    let held = rig.lease("one", NOW, SOON).await;
    let end = LegEnd::Retry { due_at: SOON, code: None, enhanced: None, delay_noted: false };
    assert_eq!(rig.store.finish_leg(&held[0], end, vec![]).await.unwrap(), Finished::Recorded);
    // Two days earlier by the clock.
    let earlier = Timestamp(NOW.0 - 2 * 86_400_000);
    // By that clock its lease is far in the future, and yet it is under way.
    let lease = Timestamp(earlier.0 + 2 * 3_600_000);
    let far = |due| LatestTimes { due, lease, lease_now: earlier };
    assert_eq!(rig.store.pull_in_legs("one", earlier, far(SOON)).await.unwrap(), 0, "an ordinary pause");
    let hour = Timestamp(earlier.0 + 3_600_000);
    assert_eq!(rig.store.pull_in_legs("one", earlier, far(hour)).await.unwrap(), 1);
    assert_eq!(rig.store.next_due().await.unwrap(), Some(earlier));
    assert_eq!(rig.lease("two", earlier, SOON).await.len(), 1, "the leased one stays with its holder");
    // Its owner is gone.
    assert_eq!(rig.store.pull_in_legs("three", earlier, far(hour)).await.unwrap(), 2);
}

/// Anyone who can write the database can lease a leg for ever.
#[tokio::test]
async fn nobody_has_a_leg_for_longer_than_anybody_takes_one() {
    let rig = Rig::new();
    rig.queue(10, &["a.example", "b.example"]).await;
    let (never, others) = (Timestamp(i64::MAX / 2), ["b.example".to_owned()]);
    let wish = Lease {
        owner: "nobody".to_owned(),
        now: NOW,
        until: never,
        limit: 9,
        from: LeaseFrom::AllBut(&others),
    };
    assert_eq!(rig.store.lease_legs(wish).await.unwrap().len(), 1);
    // The other one is leased normally.
    assert_eq!(rig.lease("one", NOW, SOON).await.len(), 1);
    let far = LatestTimes { due: SOON, lease: SOON, lease_now: NOW };
    assert_eq!(rig.store.pull_in_legs("one", NOW, far).await.unwrap(), 1);
    assert_eq!(rig.lease("two", NOW, SOON).await.len(), 1, "that one alone is free");
}
