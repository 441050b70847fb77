//! Operators who look at the queue see suspended destinations: since when, until when, and why.

use std::collections::VecDeque;
use std::time::Duration;

use sealpost_store::BackoffRow;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, START, post};

/// Waits until the rows look like this.
async fn until(fixture: &Fixture, what: &str, reached: impl Fn(&[BackoffRow]) -> bool) -> Vec<BackoffRow> {
    for _ in 0..4000 {
        let rows = fixture.store.backoffs().await.unwrap();
        if reached(&rows) {
            return rows;
        }
        // The store has no change notification.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("never {what}: {:#?}", fixture.store.backoffs().await);
}

#[tokio::test]
async fn a_destination_that_is_left_alone_has_a_row_until_a_letter_is_answered() {
    let busy = Say::Line("421 4.3.2 for r@d.example not now");
    let first_greetings = VecDeque::from([busy.clone(), busy]);
    let hop = Hop::start(Script { first_greetings, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let row = until(&fixture, "in backoff", |rows| rows.len() == 1).await.remove(0);
    assert_eq!((row.destination.as_str(), row.code, row.enhanced.as_str()), ("hop", 421, "4.3.2"));
    assert_eq!((row.since, row.until), (START, START.plus(Duration::from_secs(5))));
    assert_eq!(row.cause, None, "the server's words quote addresses");
    // It is left alone again, and is down since the first time.
    running.advance(&fixture, Duration::from_secs(60));
    let row = until(&fixture, "in backoff again", |rows| rows[0].until > row.until).await.remove(0);
    assert_eq!(row.since, START);
    running.advance(&fixture, Duration::from_secs(600));
    hop.letters(1).await;
    until(&fixture, "well", <[BackoffRow]>::is_empty).await;
    running.stop().await;
}

#[tokio::test]
async fn whoever_begins_to_deliver_knows_of_no_backoff() {
    let hop = Hop::start(Script { greeting: Say::HangUp, ..Script::default() }).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let rows = until(&fixture, "in backoff", |rows| rows.len() == 1).await;
    assert!(rows[0].cause.as_ref().is_some_and(|cause| cause.contains("greeting")), "{rows:?}");
    running.stop().await;
    assert_eq!(fixture.store.backoffs().await.unwrap().len(), 1);
    let running = fixture.start();
    // Nothing is due, so it is not tried again.
    until(&fixture, "forgotten", <[BackoffRow]>::is_empty).await;
    running.stop().await;
}
