//! Log-in: nothing to learn from it, nothing to win by trying.

use std::time::{Duration, Instant};

use super::rig::{PASSWORD, Reply, Rig};
use crate::outbox::About;

async fn try_once(rig: &Rig, address: &str, password: &str) -> Reply {
    let mut browser = rig.browser();
    let token = browser.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", address), ("password", password)];
    browser.send("/login", &fields).await
}

/// The page without what belongs to this visitor.
fn bare(reply: &Reply, address: &str) -> String {
    reply.text().replace(&reply.form_token(), "").replace(address, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_fails_learns_nothing() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    let (locked, _) = rig.owner("locked@web.example").await;
    rig.world.store.lock_mailbox(&locked.id, None).await.unwrap();
    rig.world.mailbox("pending@web.example", "de").await;
    let mut pages = Vec::new();
    for (address, password) in [
        ("max@web.example", "falsch"),
        ("nobody@web.example", "falsch"),
        ("pending@web.example", PASSWORD),
        ("locked@web.example", PASSWORD),
        ("no address", PASSWORD),
    ] {
        #[expect(clippy::disallowed_methods, reason = "a test that measures")]
        let began = Instant::now();
        let reply = try_once(&rig, address, password).await;
        let took = began.elapsed();
        assert_eq!(reply.status, 422, "{address}");
        assert!(took >= Duration::from_millis(400), "{address} was answered after {took:?}");
        pages.push(bare(&reply, address));
        rig.clock.advance(Duration::from_secs(60));
    }
    for page in &pages {
        assert_eq!(page, &pages[0]);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_password_makes_the_next_wait_longer_for_unknown_ones_too() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    for address in ["max@web.example", "nobody@web.example"] {
        for _ in 0..3 {
            assert_eq!(try_once(&rig, address, "falsch").await.status, 422, "{address}");
        }
        let fourth = try_once(&rig, address, PASSWORD).await;
        assert_eq!(fourth.status, 429, "{address}: even the right one must wait");
        assert!(fourth.text().contains("5 Sekunden"), "{address}");
        rig.clock.advance(Duration::from_secs(60));
    }
    let reply = try_once(&rig, "max@web.example", PASSWORD).await;
    assert_eq!(reply.header("location"), "/inbox");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_wrong_passwords_lock_and_the_owner_is_told() {
    let rig = Rig::start().await;
    let (made, _) = rig.owner("max@web.example").await;
    for _ in 0..10 {
        assert_eq!(try_once(&rig, "max@web.example", "falsch").await.status, 422);
        rig.clock.advance(Duration::from_secs(900));
    }
    {
        let posted = rig.posted.0.lock().unwrap();
        let [mail] = posted.as_slice() else { panic!("one mail, not {}", posted.len()) };
        assert_eq!(
            (mail.mailbox_id.as_str(), mail.to.to_path().as_str()),
            (made.id.as_str(), "max@web.example")
        );
        let About::MailboxLocked { until } = mail.about.clone() else { panic!("{:?}", mail.about) };
        assert!(until.is_some_and(|until| until > rig.now().minus(Duration::from_secs(900))));
    }
    // The lock is fifteen minutes, and those have passed.
    let reply = try_once(&rig, "max@web.example", PASSWORD).await;
    assert_eq!(reply.status, 303);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_place_cannot_try_many_mailboxes() {
    let rig = Rig::start().await;
    let mut last = 0;
    for n in 0..25 {
        last = try_once(&rig, &format!("p{n}@web.example"), "falsch").await.status;
        if last == 429 {
            assert!(n >= 19, "stopped after {n}");
            break;
        }
    }
    assert_eq!(last, 429);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_rotates_and_logging_out_ends_the_session() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let first = browser.clone();
    let mut second = first.clone();
    second.cookies.remove("sealpost-session");
    let token = second.get("/").await.form_token();
    second.cookies.extend(first.cookies.clone());
    let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", PASSWORD)];
    assert_eq!(second.send("/login", &fields).await.status, 303);
    assert_ne!(first.cookies["sealpost-session"], second.cookies["sealpost-session"]);
    assert_eq!(browser.get("/inbox").await.status, 303, "the session before is over");
    assert_eq!(second.get("/").await.header("location"), "/inbox", "who is signed in needs no form");
    let token = second.get("/inbox").await.form_token();
    let mut stolen = second.clone();
    let out = second.send("/logout", &[("form_token", token)]).await;
    assert_eq!(out.header("location"), "/?note=left");
    assert!(!second.cookies.contains_key("sealpost-session"));
    assert_eq!(stolen.get("/inbox").await.status, 303, "a copied cookie is worth nothing after log-out");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_in_a_notice_leads_to_its_letter_after_the_log_in() {
    let rig = Rig::start().await;
    let (made, _) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &super::rig::sample::rich(), Duration::ZERO, 9).await;
    let mut browser = rig.browser();
    let there = format!("/m/{letter}");
    let away = browser.get(&there).await;
    let page = browser.get(away.header("location")).await;
    assert!(page.text().contains(&format!("name=\"to\" value=\"{there}\"")));
    let token = page.form_token();
    let fields = [
        ("form_token", token.as_str()),
        ("address", "max@web.example"),
        ("password", PASSWORD),
        ("to", &there),
    ];
    assert_eq!(browser.send("/login", &fields).await.header("location"), there);
    assert_eq!(browser.get(&there).await.status, 200);
    rig.stop().await;
}
