//! SMTP AUTH log-ins in the audit trail: each success with its network, failures counted, and none lost when
//! the process ends.

use std::net::IpAddr;
use std::sync::Arc;

use sealpost_arrival::LoginTrail;
use sealpost_mail::{LoginNote, Timestamp};
use sealpost_mailbox::audit::counted;
use tokio_util::sync::CancellationToken;

use crate::rig::{DAY, NOW, Rig};

fn from(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Action, actor and network of every row, oldest first.
async fn rows(rig: &Rig) -> Vec<(String, String, String)> {
    let (rows, _anchors) = rig.store.audit_page(0).await.unwrap();
    rows.into_iter().map(|one| (one.row.action, one.row.actor, one.row.network)).collect()
}

/// Writes until the end, which comes at once.
async fn written(rig: &Rig, trail: &LoginTrail) {
    let done = CancellationToken::new();
    done.cancel();
    trail.keep(&rig.store, done).await;
}

#[tokio::test]
async fn what_was_noted_before_the_end_is_written() {
    let rig = Rig::new();
    let trail = LoginTrail::default();
    trail.note(LoginNote::Right, from("192.0.2.77"), Some("mill"), NOW);
    trail.note(LoginNote::Right, from("2001:db8:1:2:3::4"), Some("mill"), Timestamp(NOW.0 + 1));
    written(&rig, &trail).await;
    let said = rows(&rig).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter().all(|(action, login, _)| action == "smtp-login.right" && login == "login:mill"),
        "{said:?}"
    );
    let networks: Vec<&str> = said.iter().map(|(_, _, network)| network.as_str()).collect();
    assert!(networks.contains(&"192.0.2.0/24"), "no whole address: {networks:?}");
    assert!(
        networks.iter().all(|network| !network.contains("192.0.2.77") && !network.contains(":3:")),
        "{networks:?}"
    );
    written(&rig, &trail).await;
    assert_eq!(rows(&rig).await.len(), 2, "what is written is not written again");
}

#[tokio::test]
async fn while_the_gateway_runs_they_are_written_within_seconds() {
    let rig = Arc::new(Rig::new());
    let trail = Arc::new(LoginTrail::default());
    let done = CancellationToken::new();
    let keeping = {
        let (rig, trail, done) = (Arc::clone(&rig), Arc::clone(&trail), done.clone());
        tokio::spawn(async move { trail.keep(&rig.store, done).await })
    };
    trail.note(LoginNote::Right, from("192.0.2.77"), Some("mill"), NOW);
    while rows(&rig).await.is_empty() {
        tokio::task::yield_now().await;
    }
    trail.note(LoginNote::Right, from("192.0.2.78"), Some("mill"), NOW);
    done.cancel();
    keeping.await.unwrap();
    assert_eq!(rows(&rig).await.len(), 2, "and the last ones at the end");
}

#[tokio::test]
async fn wrong_ones_are_counted_by_login_and_network() {
    let rig = Rig::new();
    let trail = LoginTrail::default();
    for _ in 0..5 {
        trail.note(LoginNote::Wrong, from("192.0.2.1"), Some("mill"), NOW);
        trail.note(LoginNote::Wrong, from("192.0.2.2"), Some("mill"), NOW);
        // An unknown name: it may be somebody's password, typed into the wrong field.
        trail.note(LoginNote::Wrong, from("198.51.100.1"), None, NOW);
        trail.note(LoginNote::Refused, from("192.0.2.1"), Some("mill"), NOW);
    }
    trail.note(LoginNote::Closed, from("192.0.2.1"), Some("mill"), NOW);
    written(&rig, &trail).await;
    // Into the trail when their minute is over.
    assert_eq!(rig.store.fold_audit(NOW.plus(DAY), counted).await.unwrap(), 4);
    let (rows, _anchors) = rig.store.audit_page(0).await.unwrap();
    let mut said: Vec<(String, String, String, String)> = rows
        .into_iter()
        .map(|one| (one.row.action, one.row.actor, one.row.network, one.row.detail))
        .collect();
    said.sort();
    let one = |action: &str, actor: &str, network: &str, times: u32| {
        (format!("smtp-login.{action}"), actor.to_owned(), network.to_owned(), format!("times={times}"))
    };
    assert_eq!(
        said,
        [
            one("closed", "login:mill", "192.0.2.0/24", 1),
            one("refused", "login:mill", "192.0.2.0/24", 5),
            one("wrong", "login", "198.51.100.0/24", 5),
            one("wrong", "login:mill", "192.0.2.0/24", 10),
        ]
    );
}
