//! Letters accepted while delivery runs go directly to their next hop; mails of facts are written then.

use std::sync::Arc;

use sealpost_delivery::{Composer, Content, Inlet, WorkerSlot};
use sealpost_mail::{Address, Secret};
use sealpost_store::{ArrivalRows, Committed, LegState};

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, Post, START, post};

/// A slot as soon as delivery runs.
async fn slot(inlet: &Inlet) -> WorkerSlot {
    loop {
        match inlet.slot("hop") {
            Some(place) => return place,
            None => tokio::task::yield_now().await,
        }
    }
}

/// Commits the letter with a reserved slot, and hands it over.
async fn hand_over(fixture: &Fixture, place: WorkerSlot, post: Post) {
    let (_, mut rows): (String, ArrivalRows) = fixture.prepare(post).await;
    rows.legs[0].state = place.start();
    let Committed::New(mut durable) = fixture.store.commit_arrival(rows).await.unwrap() else {
        panic!("not new")
    };
    WorkerSlot::take([(place, durable.in_hand.pop().unwrap())]);
}

#[tokio::test]
async fn a_letter_handed_over_is_delivered_without_being_read_back() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    let running = fixture.start();
    let place = slot(&running.waker).await;
    hand_over(&fixture, place, post("r@d.example")).await;
    // There was no wake-up for the queue.
    let letter = hop.letters(1).await.remove(0);
    assert!(letter.bytes.ends_with(b"Hello\r\n"));
    fixture.until_empty().await;
    assert!(fixture.store.sweep(START).await.unwrap().is_clean());
    running.stop().await;
}

#[tokio::test]
async fn a_letter_in_hand_when_the_process_dies_is_delivered_by_the_next() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    let running = fixture.start();
    let place = slot(&running.waker).await;
    let (_, mut rows) = fixture.prepare(post("r@d.example")).await;
    rows.legs[0].state = place.start();
    // Committed, and never handed over.
    assert!(matches!(fixture.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    drop(place);
    running.stop().await;
    assert_eq!(hop.letter_count(), 0);
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn slots_end_and_come_back() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.batch = 4;
    let running = fixture.start();
    let mut slots = vec![slot(&running.waker).await];
    slots.extend(std::iter::from_fn(|| running.waker.slot("hop")).take(100));
    assert_eq!(slots.len(), 8, "half of the room is left to the queue");
    drop(slots);
    assert!(running.waker.slot("hop").is_some());
    let inlet = running.waker.clone();
    running.stop().await;
    assert!(inlet.slot("hop").is_none(), "nobody would work on it");
}

#[tokio::test]
async fn a_destination_at_rest_has_no_place() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    // There is no listener.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fixture.config.hops.get_mut("hop").unwrap().port = free.port();
    let running = fixture.start();
    let first = slot(&running.waker).await;
    hand_over(&fixture, first, post("r@d.example")).await;
    fixture.until_attempts(1).await;
    assert!(running.waker.slot("hop").is_none());
    assert!(running.waker.slot("elsewhere").is_some());
    running.stop().await;
}

/// Records what it is told.
struct Scribe;

impl Composer for Scribe {
    fn compose(&self, facts: &str, recipient: &Address) -> Result<Vec<u8>, String> {
        match facts {
            "nonsense" => Err("no such notice".to_owned()),
            facts => Ok(format!("To: {}\r\n\r\n{facts}\r\n", recipient.to_path()).into_bytes()),
        }
    }
}

#[tokio::test]
async fn facts_become_a_mail_when_they_go_and_what_cannot_be_written_is_kept() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    for facts in ["a letter waits", "nonsense"] {
        fixture.queue_content(post("r@d.example"), Content::Facts(Secret::new(facts.to_owned()))).await;
    }
    let running = fixture.start_with(Some(Arc::new(Scribe)));
    let letter = hop.letters(1).await.remove(0);
    assert_eq!(letter.bytes, b"To: r@d.example\r\n\r\na letter waits\r\n");
    fixture.until("one left", |legs| legs.len() == 1 && legs[0].state == LegState::Frozen).await;
    running.stop().await;
}
