//! Mail exchangers, dead destinations, and letters that must not wait for them.

use std::net::Ipv4Addr;
use std::time::Duration;

use sealpost_delivery::{NextHop, Route};
use tokio::net::TcpListener;

use crate::hop::{Hop, Say, Script};
use crate::rig::{Fixture, Post, START, post};

#[tokio::test]
async fn the_second_exchanger_takes_what_the_first_cannot() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(Post { route: Route::Mx, ..post("r@d.example") }).await;
    let running = fixture.start();
    hop.letters(1).await;
    fixture.until_empty().await;
    running.stop().await;
}

/// The report's status for a letter to this domain.
async fn status_for(domain: &str) -> String {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(Post { route: Route::Mx, ..post(&format!("r@{domain}")) }).await;
    let running = fixture.start();
    let report = String::from_utf8(hop.letters(1).await.remove(0).bytes).unwrap();
    fixture.until_empty().await;
    running.stop().await;
    report.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap().to_owned()
}

#[tokio::test]
async fn what_can_never_arrive_comes_back_at_once() {
    assert_eq!(status_for("null.example").await, "5.1.10");
    assert_eq!(status_for("loop.example").await, "5.4.6");
    assert_eq!(status_for("nowhere.example").await, "5.1.2");
}

#[tokio::test]
async fn a_domain_that_dns_does_not_know_now_waits() {
    let hop = Hop::start(Script::default()).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(Post { route: Route::Mx, ..post("r@down.example") }).await;
    let running = fixture.start();
    let leg = fixture.until_attempts(1).await;
    assert_eq!(leg.last_enhanced.as_deref(), Some("4.4.3"));
    running.stop().await;
}

/// A port without a listener, reserved.
async fn nobody() -> (u16, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

#[tokio::test]
async fn letters_to_a_dead_destination_do_not_each_run_into_it() {
    let (port, listener) = nobody().await;
    drop(listener);
    let other = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&other);
    fixture.config.hops.insert("dead".to_owned(), NextHop::new("127.0.0.1", port));
    let to_dead = |number: i32| Post {
        route: Route::NextHop("dead".to_owned()),
        ..post(&format!("r{number}@x.example"))
    };
    for number in 0..50 {
        fixture.queue(to_dead(number)).await;
    }
    fixture.queue(post("fine@d.example")).await;
    let running = fixture.start();
    // The others are not delayed.
    other.letters(1).await;
    let legs = fixture
        .until("all put off", |legs| {
            legs.len() == 50 && legs.iter().all(|leg| leg.leased.is_none() && leg.due_at > START)
        })
        .await;
    let tried = legs.iter().filter(|leg| leg.attempts > 0).count();
    assert!((1..=20).contains(&tried), "{tried} ran into it, at most one for each connection at once");
    // What comes during the backoff is not tried.
    fixture.queue(to_dead(99)).await;
    running.waker.wake();
    // It comes back: after the backoff one goes ahead, then all.
    let back = Hop::start_at(port, Script::default()).await;
    running.advance(&fixture, Duration::from_secs(10));
    back.letters(51 - tried).await;
    running.advance(&fixture, Duration::from_secs(60));
    back.letters(51).await;
    fixture.until_empty().await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_greets_with_a_refusal_is_left_alone_for_a_while() {
    let hop = Hop::start(Script { greeting: Say::Line("554 5.3.2 no service"), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.concurrency_per_destination = 1;
    for number in 0..10 {
        fixture.queue(post(&format!("r{number}@d.example"))).await;
    }
    let running = fixture.start();
    fixture
        .until("all put off", |legs| legs.iter().all(|leg| leg.leased.is_none() && leg.due_at > START))
        .await;
    assert_eq!(hop.connection_count(), 1);
    running.stop().await;
}
