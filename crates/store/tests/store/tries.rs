//! Failed passwords are counted one by one, with or without a mailbox, and forgotten again.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::Tries;

use crate::rig::{NOW, Rig};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn tries(wrong: i64, last_at: Timestamp) -> Tries {
    Tries { wrong, last_at, open_at: last_at, forget_at: last_at.plus(Duration::from_secs(6 * 3600)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_tries_at_the_same_time_one_counts_and_the_others_look_again() {
    let rig = Rig::new();
    for round in 0..3_i64 {
        let before = rig.store.tries(&[1; 32]).await.unwrap();
        assert_eq!(before.map(|b| b.wrong), (round > 0).then_some(round));
        let at_once: Vec<_> = (0..10)
            .map(|_| {
                let store = rig.store.clone();
                let after = tries(round + 1, NOW);
                tokio::spawn(async move { store.count_try(&[1; 32], before, after).await.unwrap() })
            })
            .collect();
        let mut counted = 0;
        for one in at_once {
            counted += usize::from(one.await.unwrap());
        }
        assert_eq!(counted, 1);
    }
    rig.store.forgive_tries(&[1; 32]).await.unwrap();
    assert_eq!(rig.store.tries(&[1; 32]).await.unwrap(), None);
    rig.store.forgive_tries(&[2; 32]).await.unwrap();
}

#[tokio::test]
async fn somebody_is_told_once_a_day_whatever_else_is_forgotten() {
    let rig = Rig::new();
    let whose = [1; 32];
    assert!(!rig.store.tell_of_tries(&whose, NOW).await.unwrap(), "nothing has happened");
    assert!(rig.store.count_try(&whose, None, tries(10, NOW)).await.unwrap());
    assert!(rig.store.tell_of_tries(&whose, NOW).await.unwrap());
    rig.store.forgive_tries(&whose).await.unwrap();
    let forgiven = rig.store.tries(&whose).await.unwrap();
    assert_eq!(forgiven.map(|t| (t.wrong, t.open_at)), Some((0, Timestamp(0))));
    let soon = NOW.plus(DAY / 2);
    let _ = rig.store.sweep(soon).await.unwrap();
    assert!(!rig.store.tell_of_tries(&whose, soon).await.unwrap());
    assert!(rig.store.tell_of_tries(&whose, NOW.plus(DAY)).await.unwrap());
}

#[tokio::test]
async fn old_tries_leave_no_trace() {
    let rig = Rig::new();
    assert!(rig.store.count_try(&[1; 32], None, tries(1, NOW)).await.unwrap());
    let closed = Tries { open_at: NOW.plus(DAY), ..tries(10, NOW.plus(DAY)) };
    assert!(rig.store.count_try(&[2; 32], None, closed).await.unwrap());
    let _ = rig.store.sweep(NOW.plus(DAY)).await.unwrap();
    assert_eq!(rig.store.tries(&[1; 32]).await.unwrap(), None);
    assert_eq!(rig.store.tries(&[2; 32]).await.unwrap(), Some(closed), "its end is not old");
    let _ = rig.store.sweep(NOW.plus(DAY * 2)).await.unwrap();
    assert_eq!(rig.store.tries(&[2; 32]).await.unwrap(), None);
}
