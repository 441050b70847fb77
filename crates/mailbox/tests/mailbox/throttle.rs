//! What wrong passwords and answers block, for whom, and what a right one resets.

use std::net::IpAddr;
use std::time::Duration;

use sealpost_mail::{Clock as _, FakeClock};
use sealpost_mailbox::{Counted, LockRules, Throttle, Tried};

use crate::rig::{ADDRESS, NOW, Rig};

const LOCKS: LockRules = LockRules { passwords: 4, first: Duration::from_secs(600), answers: 2 };

struct Counts {
    rig: Rig,
    clock: FakeClock,
    tag: [u8; 32],
}

impl Counts {
    fn new() -> Self {
        let rig = Rig::new();
        let tag = rig.tag(ADDRESS);
        Self { rig, clock: FakeClock::at(NOW), tag }
    }

    fn throttle(&self) -> Throttle<'_> {
        let (store, tags) = (&self.rig.store, &self.rig.keys.tags);
        Throttle { store, tags, locks: LOCKS, now: self.clock.now() }
    }

    async fn wrong(&self, counted: Counted) -> bool {
        self.throttle().wrong(counted, &self.rig.store).await.unwrap().is_some()
    }
}

fn counted(tried: Tried) -> Counted {
    match tried {
        Tried::Counted(counted) => counted,
        Tried::Wait(seconds) => panic!("wait {seconds}"),
    }
}

#[tokio::test]
async fn the_way_in_closes_after_so_many_and_its_owner_is_told_once_a_day() {
    let counts = Counts::new();
    let mut told = 0;
    for left in [3, 2, 1, 0] {
        let one = counted(counts.throttle().password_of(&counts.tag, counts.tag).await.unwrap());
        assert_eq!(one.left(), left);
        told += u32::from(counts.wrong(one).await);
        counts.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(told, 1);
    assert!(counts.throttle().is_closed(&counts.tag).await.unwrap());
    assert!(matches!(counts.throttle().password(counts.tag).await.unwrap(), Tried::Wait(1..)));
    counts.clock.advance(LOCKS.first);
    let one = counted(counts.throttle().password(counts.tag).await.unwrap());
    assert!(!counts.wrong(one).await, "told today already");
}

#[tokio::test]
async fn a_known_browser_is_not_shut_out_by_strangers_and_not_without_end() {
    let counts = Counts::new();
    for _ in 0..4 {
        let one = counted(counts.throttle().password_of(&counts.tag, counts.tag).await.unwrap());
        let _ = counts.wrong(one).await;
        counts.clock.advance(Duration::from_secs(10));
    }
    assert!(counts.throttle().is_closed(&counts.tag).await.unwrap());
    let known = counted(counts.throttle().password_of(&counts.tag, [9; 32]).await.unwrap());
    counts.throttle().right(known).await.unwrap();
    assert!(!counts.throttle().is_closed(&[9; 32]).await.unwrap());
    // Many known browsers of one mailbox together have ten times as many tries as one.
    let mut tries = 0;
    for browser in 10..=60 {
        match counts.throttle().password_of(&counts.tag, [browser; 32]).await.unwrap() {
            Tried::Counted(one) => {
                tries += 1;
                let _ = counts.wrong(one).await;
            }
            Tried::Wait(_) => break,
        }
    }
    assert_eq!(tries, 40);
}

#[tokio::test]
async fn what_was_right_is_forgiven() {
    let counts = Counts::new();
    for _ in 0..20 {
        let one = counted(counts.throttle().password(counts.tag).await.unwrap());
        counts.throttle().right(one).await.unwrap();
    }
    let one = counted(counts.throttle().password(counts.tag).await.unwrap());
    assert_eq!(one.left(), 3);
    counts.throttle().forgive(&counts.tag).await.unwrap();
    assert_eq!(counted(counts.throttle().password(counts.tag).await.unwrap()).left(), 3);
}

#[tokio::test]
async fn answers_close_sooner_and_for_longer() {
    let counts = Counts::new();
    let whose = counts.rig.keys.tags.count_tag("answer", &counts.tag);
    for left in [1, 0] {
        assert_eq!(counted(counts.throttle().answer(&counts.tag, whose).await.unwrap()).left(), left);
    }
    assert!(matches!(counts.throttle().answer(&counts.tag, whose).await.unwrap(), Tried::Wait(3000..)));
    counts.clock.advance(Duration::from_secs(3601));
    assert!(matches!(counts.throttle().answer(&counts.tag, whose).await.unwrap(), Tried::Counted(_)));
}

#[tokio::test]
async fn a_network_waits_for_what_came_from_it_and_from_wider_ones() {
    let counts = Counts::new();
    let at = |text: &str| text.parse::<IpAddr>().unwrap();
    for _ in 0..22 {
        counts.throttle().wrong_from(at("192.0.2.1")).await.unwrap();
    }
    assert!(counts.throttle().network_waits(at("192.0.2.1")).await.unwrap().is_some());
    assert_eq!(counts.throttle().network_waits(at("192.0.2.2")).await.unwrap(), None);
    // One /56 with a new /64 each time.
    for last in 0..70 {
        counts.throttle().wrong_from(at(&format!("2001:db8:0:{last:x}::"))).await.unwrap();
    }
    assert!(counts.throttle().network_waits(at("2001:db8:0:ff::")).await.unwrap().is_some());
    assert_eq!(counts.throttle().network_waits(at("2001:db8:1::")).await.unwrap(), None);
}

#[tokio::test]
async fn a_mailbox_that_waits_is_reminded_once_an_hour() {
    let counts = Counts::new();
    assert!(counts.throttle().may_remind("m").await.unwrap());
    assert!(!counts.throttle().may_remind("m").await.unwrap());
    assert!(counts.throttle().may_remind("another").await.unwrap());
    counts.clock.advance(Duration::from_secs(3601));
    assert!(counts.throttle().may_remind("m").await.unwrap());
}
