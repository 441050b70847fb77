//! What a domain publishes about its servers, and the operator's pins, tested with real handshakes.

use std::sync::Arc;

use rcgen::{KeyPair, PublicKeyData as _};
use sealpost_delivery::{DomainMinimum, Route, Tlsa, Trust};
use sealpost_mail::{FakeClock, TlsFloor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, OneDomain, Post, START, post};
use crate::tls::{acceptor, acceptor_with, ca};

fn to_the_world(tls: TlsFloor) -> Post {
    Post { route: Route::Mx, tls, ..post("r@d.example") }
}

/// `Ok(encrypted)` if the letter arrived, or the enhanced code it waits with.
async fn outcome(hop: &Hop, fixture: &Fixture, letter: TlsFloor) -> Result<bool, String> {
    let (before, leg) = (hop.letter_count(), fixture.queue(to_the_world(letter)).await);
    let running = fixture.start();
    let legs = fixture
        .until("delivered or tried", |legs| {
            legs.iter().filter(|one| one.id == leg).all(|leg| leg.attempts > 0 && leg.leased.is_none())
        })
        .await;
    running.stop().await;
    match legs.iter().find(|one| one.id == leg) {
        None => Ok(hop.letters(before + 1).await[before].encrypted),
        Some(leg) => {
            assert_eq!(hop.letter_count(), before);
            Err(leg.last_enhanced.clone().unwrap())
        }
    }
}

fn of_key(key: &KeyPair) -> Tlsa {
    Tlsa { usage: 3, selector: 1, matching: 0, data: key.subject_public_key_info() }
}

/// RFC 7672: only the server with the published key gets the letter, over TLS, whatever the letter requires and whoever
/// issued the certificate.
#[tokio::test]
async fn a_published_key_is_the_only_one_that_counts() {
    let (ours, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    for (published, offered, floor, expected) in [
        (&ours, true, TlsFloor::None, Ok(true)),
        (&ours, true, TlsFloor::Verified, Ok(true)),
        (&other, true, TlsFloor::None, Err("4.7.5".to_owned())),
        (&ours, false, TlsFloor::None, Err("4.7.4".to_owned())),
    ] {
        let tls = offered.then(|| acceptor_with("whatever.example", &ours));
        let hop = Hop::start(Script { tls, ..Script::default() }).await;
        let mut fixture = Fixture::new(&hop);
        fixture.dns = Arc::new(OneDomain { tlsa: vec![of_key(published)], ..OneDomain::default() });
        assert_eq!(outcome(&hop, &fixture, floor).await, expected, "{offered} {floor:?}");
    }
}

/// Names from unsigned DNS and a certificate for them do not prove whose server it is.
#[tokio::test]
async fn verified_is_not_reached_by_a_certificate_alone() {
    let hop = Hop::start(Script { tls: Some(acceptor("mx2.d.example")), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.trust = Trust::File(ca().file.path().to_owned());
    assert_eq!(outcome(&hop, &fixture, TlsFloor::Verified).await, Err("4.7.4".to_owned()));
}

#[tokio::test]
async fn a_pinned_key_is_asked_of_every_letter() {
    let (ours, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let digest = |key: &KeyPair| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
        <[u8; 32]>::try_from(digest.as_ref()).unwrap()
    };
    for (pins, expected) in [
        (vec![digest(&ours)], Ok(true)),
        (vec![digest(&other), digest(&ours)], Ok(true)),
        (vec![digest(&other)], Err("4.7.5".to_owned())),
    ] {
        let tls = Some(acceptor_with("whatever.example", &ours));
        let hop = Hop::start(Script { tls, ..Script::default() }).await;
        let mut fixture = Fixture::new(&hop);
        let minimum = DomainMinimum { floor: TlsFloor::Verified, pins };
        fixture.config.domains.insert("d.example".to_owned(), minimum);
        assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, expected);
    }
}

/// A minimum without pins is like any other, and only raises.
#[tokio::test]
async fn a_minimum_raises_the_floor_of_a_domain() {
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    let minimum = DomainMinimum { floor: TlsFloor::Encrypted, pins: Vec::new() };
    fixture.config.domains.insert("d.example".to_owned(), minimum);
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
}

/// An https server on loopback with one file, which counts requests.
async fn policies(
    name: &str,
    policy: Arc<std::sync::Mutex<String>>,
) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acceptor, asked) = (acceptor(name), Arc::<std::sync::atomic::AtomicUsize>::default());
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((tcp, _peer)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let Ok(byte) = tls.read_u8().await else { break };
                request.push(byte);
            }
            assert!(request.starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let body = policy.lock().unwrap().clone();
            let status = if body.is_empty() { "503 Busy" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let _gone = tls.write_all(answer.as_bytes()).await;
            let _gone = tls.shutdown().await;
        }
    });
    (port, asked)
}

fn policy(mode: &str, server: &str) -> String {
    format!("version: STSv1\nmode: {mode}\nmx: {server}\nmax_age: 604800\n")
}

/// A domain whose policy is at this port, and a hop with a certificate for that name.
async fn with_policy(certificate: &str, port: u16) -> (Hop, Fixture) {
    let hop = Hop::start(Script { tls: Some(acceptor(certificate)), ..Script::default() }).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.trust = Trust::File(ca().file.path().to_owned());
    fixture.config.mta_sts = Some(port);
    fixture.dns.texts.lock().unwrap().insert("_mta-sts.d.example".to_owned(), "v=STSv1; id=1;".to_owned());
    (hop, fixture)
}

/// RFC 8461 §4: the server must be named by the policy and show a certificate for its name.
#[tokio::test]
async fn an_enforced_policy_decides_which_server_is_theirs() {
    for (mode, named, certificate, expected) in [
        ("enforce", "mx2.d.example", "mx2.d.example", Ok(true)),
        ("enforce", "*.d.example", "mx2.d.example", Ok(true)),
        ("enforce", "mx2.d.example", "other.example", Err("4.7.5".to_owned())),
        ("enforce", "mx9.d.example", "mx2.d.example", Err("4.7.4".to_owned())),
        ("testing", "mx9.d.example", "other.example", Ok(true)),
        ("none", "mx9.d.example", "other.example", Ok(true)),
    ] {
        let text = Arc::new(std::sync::Mutex::new(policy(mode, named)));
        let (port, _asked) = policies("mta-sts.d.example", text).await;
        let (hop, fixture) = with_policy(certificate, port).await;
        assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, expected, "{mode} {named} {certificate}");
    }
}

/// With it `verified` is actually proven, over mail exchangers too.
#[tokio::test]
async fn a_policy_is_a_proof_for_letters_that_need_one() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx2.d.example")));
    let (port, _asked) = policies("mta-sts.d.example", text).await;
    let (hop, fixture) = with_policy("mx2.d.example", port).await;
    assert_eq!(outcome(&hop, &fixture, TlsFloor::Verified).await, Ok(true));
}

/// A policy from a server that does not prove that it is the domain's is ignored (RFC 8461 §3.3); one that cannot be
/// fetched only stops letters that require more.
#[tokio::test]
async fn a_policy_that_cannot_be_believed_is_none() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx9.d.example")));
    let (port, asked) = policies("evil.example", text).await;
    let (hop, fixture) = with_policy("mx2.d.example", port).await;
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Ok(true));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(outcome(&hop, &fixture, TlsFloor::Verified).await, Err("4.7.4".to_owned()));
}

/// RFC 8461 §10.2: a known policy is valid until it expires, though its record and its file are gone.
#[tokio::test]
async fn taking_the_record_away_ends_no_policy() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx9.d.example")));
    let (port, asked) = policies("mta-sts.d.example", Arc::clone(&text)).await;
    let (hop, fixture) = with_policy("mx2.d.example", port).await;
    fixture.queue(to_the_world(TlsFloor::None)).await;
    let running = fixture.start();
    assert_eq!(fixture.until_attempts(1).await.last_enhanced.as_deref(), Some("4.7.4"));
    fixture.dns.texts.lock().unwrap().clear();
    text.lock().unwrap().clear();
    running.advance(&fixture, std::time::Duration::from_secs(2 * 3600));
    assert_eq!(fixture.until_attempts(2).await.last_enhanced.as_deref(), Some("4.7.4"));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    // A new record with a new policy is believed again.
    *text.lock().unwrap() = policy("enforce", "mx2.d.example");
    fixture.dns.texts.lock().unwrap().insert("_mta-sts.d.example".to_owned(), "v=STSv1; id=2;".to_owned());
    running.advance(&fixture, std::time::Duration::from_secs(4 * 3600));
    fixture.until_empty().await;
    running.stop().await;
    assert!(hop.letters(1).await[0].encrypted);
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2);
}

/// RFC 8461 §5.1: a restart while neither the policy's host nor its record can be reached is no way around the policy.
#[tokio::test]
async fn a_restart_with_the_policys_host_gone_ends_no_policy() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx9.d.example")));
    let (port, asked) = policies("mta-sts.d.example", Arc::clone(&text)).await;
    let (hop, fixture) = with_policy("mx2.d.example", port).await;
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    text.lock().unwrap().clear();
    // The record exists, and the host answers nothing useful; then not even the record.
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    fixture.dns.texts.lock().unwrap().clear();
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    // It is valid as long as it said, and no longer.
    let row = fixture.store.sts_policy(&fixture.key.policy_tag("d.example")).await.unwrap().unwrap();
    assert_eq!(row.good_until, START.plus(std::time::Duration::from_secs(604_800)));
    let _ = fixture.store.sweep(row.good_until).await.unwrap();
    assert_eq!(fixture.store.sts_policy(&row.tag).await.unwrap(), None);
}

/// Write access to the database makes no policy, and ends none: the letter waits until it can be fetched anew.
#[tokio::test]
async fn a_kept_policy_that_was_changed_is_fetched_anew_or_waited_for() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx9.d.example")));
    let (port, asked) = policies("mta-sts.d.example", Arc::clone(&text)).await;
    let (hop, fixture) = with_policy("mx2.d.example", port).await;
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    let mut row = fixture.store.sts_policy(&fixture.key.policy_tag("d.example")).await.unwrap().unwrap();
    row.policy_sealed = policy("none", "mx9.d.example").into_bytes();
    fixture.store.keep_sts_policy(row).await.unwrap();
    text.lock().unwrap().clear();
    assert!(outcome(&hop, &fixture, TlsFloor::None).await.is_err(), "it is lost, and not had");
    // Whoever spoils the row can suppress the record, too.
    let record = std::mem::take(&mut *fixture.dns.texts.lock().unwrap());
    assert!(outcome(&hop, &fixture, TlsFloor::None).await.is_err(), "a missing record ends no policy");
    *fixture.dns.texts.lock().unwrap() = record;
    *text.lock().unwrap() = policy("enforce", "mx2.d.example");
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Ok(true));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 3);
}

/// RFC 8461 §3.3: a policy is fetched again before it expires, however short its life: it is in force all the time.
#[tokio::test]
async fn a_policy_of_a_day_or_a_minute_has_no_gaps() {
    let minutes = |minutes: u64| std::time::Duration::from_secs(minutes * 60);
    for (age, waits) in [("86400", [23 * 60 + 50, 40]), ("60", [2, 6])] {
        let text = policy("enforce", "mx9.d.example").replace("604800", age);
        let (port, asked) = policies("mta-sts.d.example", Arc::new(std::sync::Mutex::new(text))).await;
        let (_hop, fixture) = with_policy("mx2.d.example", port).await;
        fixture.queue(to_the_world(TlsFloor::None)).await;
        let running = fixture.start();
        assert_eq!(fixture.until_attempts(1).await.last_enhanced.as_deref(), Some("4.7.4"));
        for (attempts, wait) in (2..).zip(waits) {
            running.advance(&fixture, minutes(wait));
            let leg = fixture.until_attempts(attempts).await;
            assert_eq!(leg.last_enhanced.as_deref(), Some("4.7.4"), "max_age {age}, attempt {attempts}");
        }
        running.stop().await;
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2, "max_age {age}");
    }
}

/// A clock that was ahead for a while ends no policy.
#[tokio::test]
async fn a_policy_from_a_time_to_come_is_in_force() {
    let text = Arc::new(std::sync::Mutex::new(policy("enforce", "mx9.d.example")));
    let (port, asked) = policies("mta-sts.d.example", Arc::clone(&text)).await;
    let (hop, mut fixture) = with_policy("mx2.d.example", port).await;
    fixture.config.retry.delay_notice_after = None;
    fixture.clock.advance(std::time::Duration::from_secs(3 * 86_400));
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    fixture.clock = Arc::new(FakeClock::at(START));
    text.lock().unwrap().clear();
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    fixture.dns.texts.lock().unwrap().clear();
    assert_eq!(outcome(&hop, &fixture, TlsFloor::None).await, Err("4.7.4".to_owned()));
    // Twice or more: the first letter may be tried again at the same time.
    assert!(asked.load(std::sync::atomic::Ordering::SeqCst) > 1, "and fetched anew as soon as it can be");
}
