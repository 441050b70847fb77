//! Dates in the queue's rows that were changed from outside: no letter is given up because of them, and none
//! waits for ever.

use std::collections::VecDeque;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{Committed, LegRow, LegStart, NewLeg};

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, START, post};

/// A letter whose row was changed.
async fn queue(fixture: &Fixture, change: impl FnOnce(&mut NewLeg)) {
    let (_, mut rows) = fixture.prepare(post("r@d.example")).await;
    change(&mut rows.legs[0]);
    assert!(matches!(fixture.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
}

#[tokio::test]
async fn a_letter_that_somebody_made_old_is_tried_for_as_long_as_any() {
    let mail = VecDeque::from([Say::Line("450 4.7.1 later"), Say::Line("450 4.7.1 later")]);
    let hop = Hop::start(Script { mail, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    queue(&fixture, |leg| (leg.created_at, leg.expires_at) = (Timestamp(1), Timestamp(1))).await;
    let running = fixture.start();
    let LegRow { due_at, delay_noted, .. } = fixture.until_attempts(1).await;
    assert_eq!(due_at, START.plus(Duration::from_secs(60)), "the pause of a young letter");
    assert!(!delay_noted, "its sender is told of no delay");
    running.advance(&fixture, Duration::from_secs(60));
    fixture.until_attempts(2).await;
    running.advance(&fixture, Duration::from_secs(3600));
    hop.letters(1).await;
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn a_letter_that_somebody_put_off_or_leased_for_ever_goes_within_the_hour() {
    let never = Timestamp(i64::MAX / 2);
    for state in [LegStart::Queued, LegStart::InHand { owner: "nobody".to_owned(), until: never }] {
        let hop = Hop::start(Script::default()).await;
        let fixture = Fixture::new(&hop);
        let running = fixture.start();
        fixture.queue(post("first@d.example")).await;
        running.waker.wake();
        hop.letters(1).await;
        queue(&fixture, |leg| (leg.due_at, leg.state) = (never, state)).await;
        running.advance(&fixture, Duration::from_secs(3600));
        hop.letters(2).await;
        fixture.until_empty().await;
        running.stop().await;
    }
}
