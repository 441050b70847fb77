//! A leg leased to its arrival is free at once if the caller that committed it is no longer there to take it.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{ArrivalRows, Committed, LegFilter, LegStart, Page};

use crate::rig::{LATER, NOW, Rig};

/// A letter whose leg is to be delivered at once.
async fn in_hand(rig: &Rig) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    let mut leg = rig.leg(body.id(), "a.example");
    leg.state = LegStart::InHand { owner: "one".to_owned(), until: LATER };
    rows.legs.push(leg);
    rows.body = Some(body);
    rows
}

#[tokio::test]
async fn who_is_given_a_leg_has_it_alone() {
    let rig = Rig::new();
    let rows = in_hand(&rig).await;
    let Committed::New(durable) = rig.store.commit_arrival(rows).await.unwrap() else { unreachable!() };
    assert_eq!(durable.in_hand.len(), 1);
    assert!(rig.lease("two", NOW, LATER).await.is_empty());
    rig.clean().await;
}

#[tokio::test]
async fn what_nobody_waited_for_is_free_at_once() {
    let rig = loop {
        let rig = Rig::new();
        let rows = in_hand(&rig).await;
        // Polled once and given up: what was begun is written all the same. The disk may be quicker than the caller
        // gives up.
        if tokio::time::timeout(Duration::ZERO, rig.store.commit_arrival(rows)).await.is_err() {
            break rig;
        }
    };
    let page = Page { offset: 0, limit: 10 };
    for _ in 0..1000 {
        let there = rig.store.list_legs(&LegFilter::default(), page).await.unwrap().len() == 1;
        if there && rig.lease("two", NOW, Timestamp(LATER.0 - 1)).await.len() == 1 {
            rig.clean().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    unreachable!("the leg stays with somebody who never got it");
}
