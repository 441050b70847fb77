//! Log-in: nothing to learn from it, nothing to gain by trying.

use sealpost_mailbox::About;
use std::time::{Duration, Instant};

use sealpost_mail::SystemRandom;
use sealpost_mailbox::Resident;

use super::rig::{Browser, PASSWORD, Reply, Rig};

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
    let row = rig.world.store.mailbox(&locked.id).await.unwrap().unwrap();
    let keys = &rig.world.keys;
    let lock = Resident::of(&row, &keys.rows, &keys.tags).unwrap().lock(&row, &keys.rows, &SystemRandom);
    assert!(rig.world.store.lock_mailbox(lock, rig.world.clock.now()).await.unwrap());
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
async fn ten_wrong_passwords_close_the_way_and_the_owner_is_told() {
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
        assert!(until > rig.now().minus(Duration::from_secs(900)));
    }
    // The first lock lasts fifteen minutes, and those have passed.
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
async fn one_place_that_goes_on_slowly_waits_longer_and_longer_until_it_is_quiet() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    let mut home = rig.browser();
    let log_in = async |home: &mut Browser| {
        let token = home.get("/").await.form_token();
        let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", PASSWORD)];
        home.send("/login", &fields).await.status
    };
    assert_eq!(log_in(&mut home).await, 303);
    home.cookies.remove("sealpost-session");
    let slowly = async |n: u32| {
        rig.clock.advance(Duration::from_secs(7));
        try_once(&rig, &format!("p{n}@web.example"), "falsch").await
    };
    for n in 0..21 {
        assert_eq!(slowly(n).await.status, 422, "{n}");
    }
    let waits = slowly(21).await;
    assert_eq!(waits.status, 429);
    assert!(waits.text().contains("Sekunden"));
    // Those who have logged in from there before do not have to.
    assert_eq!(log_in(&mut home).await, 303);
    rig.clock.advance(Duration::from_secs(6 * 3600));
    assert_eq!(slowly(22).await.status, 422, "time heals");
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

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_try_passwords_for_days_neither_end_a_session_nor_shut_a_known_browser_out() {
    let rig = Rig::start().await;
    let (_, mut at_work) = rig.owner("max@web.example").await;
    let mut at_home = rig.browser();
    let token = at_home.get("/").await.form_token();
    let fields = |token: &str| {
        [
            ("form_token", token.to_owned()),
            ("address", "max@web.example".into()),
            ("password", PASSWORD.into()),
        ]
    };
    assert_eq!(at_home.send("/login", &fields(&token)).await.status, 303);
    let token = at_home.get("/inbox").await.form_token();
    assert_eq!(at_home.send("/logout", &[("form_token", token)]).await.status, 303);
    let mut closed = 0;
    for _ in 0..36 {
        rig.clock.advance(Duration::from_secs(19 * 60));
        let reply = try_once(&rig, "max@web.example", "falsch").await;
        closed += usize::from(reply.status == 429);
        assert_eq!(at_work.get("/alive").await.status, 200, "the session lives");
        if closed > 0 && reply.status == 429 {
            assert!(reply.text().contains("Passwort vergessen"), "the quicker way is named");
        }
    }
    assert!(closed > 12, "strangers wait: {closed}");
    assert_eq!(try_once(&rig, "max@web.example", PASSWORD).await.status, 429, "the right one, too");
    let told = rig.posted.0.lock().unwrap().len();
    assert_eq!(told, 2, "of the new browser at home, and one in eleven hours");
    let token = at_home.get("/").await.form_token();
    assert_eq!(at_home.send("/login", &fields(&token)).await.header("location"), "/inbox");
    // A copied cookie gives no more tries than the address itself.
    let mut thief = rig.browser();
    thief.cookies.insert("sealpost-known".into(), at_home.cookies["sealpost-known"].clone());
    let mut last = 0;
    for _ in 0..4 {
        let token = thief.get("/").await.form_token();
        let wrong = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", "falsch")];
        last = thief.send("/login", &wrong).await.status;
    }
    assert_eq!(last, 429);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_many_log_ins_have_no_more_tries_and_end_with_the_password() {
    const NEW: &str = "Kirschkern-1953-Segel";
    let rig = Rig::start_with(|config| config.locks.passwords = 1).await;
    let (_, mut owner) = rig.owner("max@web.example").await;
    let tries = async |browser: &mut Browser, password: &str| {
        let token = browser.get("/").await.form_token();
        let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", password)];
        browser.send("/login", &fields).await
    };
    // A person who knows the present password, and keeps the resulting cookie.
    let mut kept = Vec::new();
    for _ in 0..12 {
        let mut browser = rig.browser();
        assert_eq!(tries(&mut browser, PASSWORD).await.status, 303);
        let cookie = browser.cookies["sealpost-known"].clone();
        browser.cookies.remove("sealpost-session");
        assert_eq!(tries(&mut browser, PASSWORD).await.status, 303);
        assert_eq!(browser.cookies["sealpost-known"], cookie, "a browser that is known is so once");
        browser.cookies.remove("sealpost-session");
        kept.push(browser);
    }
    rig.posted.0.lock().unwrap().clear();
    let mut answers = Vec::new();
    for browser in &mut kept {
        answers.push(tries(browser, "falsch").await.status);
    }
    assert_eq!(answers, [vec![422; 10], vec![429; 2]].concat(), "all of them together");
    let told = rig.posted.0.lock().unwrap().len();
    assert_eq!(told, 1, "one mail a day, however many browsers");
    // After a change of password known browsers are strangers, except the one where it was changed.
    let token = owner.get("/account/password").await.form_token();
    let fields = [("form_token", token.as_str()), ("current", PASSWORD), ("password", NEW), ("repeat", NEW)];
    assert_eq!(owner.send("/account/password", &fields).await.status, 303);
    rig.clock.advance(Duration::from_secs(3 * 3600));
    let tag = rig.world.keys.tags.address_tag("max@web.example");
    assert_eq!(rig.world.store.tries(&tag).await.unwrap(), None);
    assert_eq!(tries(&mut kept[0], "falsch").await.status, 422);
    assert_eq!(rig.world.store.tries(&tag).await.unwrap().map(|tries| tries.wrong), Some(1));
    owner.cookies.remove("sealpost-session");
    assert_eq!(tries(&mut owner, NEW).await.status, 303, "it does not wait for what strangers do");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_opens_the_way_again_and_forgets() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    for _ in 0..12 {
        try_once(&rig, "max@web.example", "falsch").await;
        rig.clock.advance(Duration::from_secs(3600));
    }
    let reply = try_once(&rig, "max@web.example", "falsch").await;
    assert_eq!(reply.status, 422, "one an hour never adds up");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reset_the_owner_gets_in_whatever_strangers_do() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    for _ in 0..10 {
        try_once(&rig, "max@web.example", "falsch").await;
        rig.clock.advance(Duration::from_secs(900));
    }
    try_once(&rig, "max@web.example", "falsch").await;
    assert_eq!(try_once(&rig, "max@web.example", PASSWORD).await.status, 429);
    let mut browser = rig.browser();
    let token = browser.get("/forgot").await.form_token();
    browser.send("/forgot", &[("form_token", token.as_str()), ("address", "max@web.example")]).await;
    let link = {
        let posted = rig.posted.0.lock().unwrap();
        let Some(About::ResetLink { token, .. }) = posted.last().map(|mail| mail.about.clone()) else {
            panic!("no link")
        };
        format!("/r/{}", token.expose())
    };
    let token = browser.get(&link).await.form_token();
    let new = "Kirschkern-1953-Segel";
    let fields =
        [("form_token", token.as_str()), ("answer", "lindenstraße"), ("password", new), ("repeat", new)];
    assert_eq!(browser.send(&link, &fields).await.header("location"), "/?note=reset");
    for _ in 0..4 {
        try_once(&rig, "max@web.example", "falsch").await;
    }
    assert_eq!(try_once(&rig, "max@web.example", new).await.status, 429, "strangers are at it again");
    let token = browser.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", new)];
    assert_eq!(browser.send("/login", &fields).await.header("location"), "/inbox");
    rig.stop().await;
}

/// The store's effect of a try: the same kind of row for every address.
#[tokio::test(flavor = "multi_thread")]
async fn a_try_for_nobody_is_counted_like_one_for_somebody() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    for address in ["max@web.example", "nobody@web.example", "no address"] {
        let tag = rig.world.keys.tags.address_tag(address);
        assert_eq!(rig.world.store.tries(&tag).await.unwrap(), None);
        try_once(&rig, address, "falsch").await;
        let tries = rig.world.store.tries(&tag).await.unwrap().expect("a row");
        assert_eq!((tries.wrong, tries.last_at), (1, rig.now()), "{address}");
    }
    rig.stop().await;
}

/// With more log-ins than slots, the last ones wait; and still addresses cannot be distinguished.
#[tokio::test(flavor = "multi_thread")]
async fn under_load_the_floor_begins_after_the_queue() {
    let rig = Rig::start_with(|config| {
        config.trusted_proxies = vec![sealpost_mail::Network::parse("127.0.0.1").unwrap()];
    })
    .await;
    for n in 0..4 {
        rig.owner(&format!("p{n}@web.example")).await;
    }
    let mut tries = Vec::new();
    for n in 0..24_usize {
        let known = n % 2 == 0;
        let address = format!("{}{}@web.example", if known { "p" } else { "x" }, n / 6);
        let mut browser = rig.browser();
        let token = browser.get("/").await.form_token();
        tries.push(tokio::spawn(async move {
            let from = format!("192.0.2.{n}");
            let headers = [("sec-fetch-site", "same-origin"), super::rig::FORM, ("x-forwarded-for", &*from)];
            let fields = [("form_token", token.as_str()), ("address", &address), ("password", "falsch")];
            #[expect(clippy::disallowed_methods, reason = "a test that measures")]
            let began = Instant::now();
            let reply = browser.request("POST", "/login", &headers, &super::rig::encoded(&fields)).await;
            (known, reply.status, began.elapsed())
        }));
    }
    let mut slowest = [Duration::ZERO; 2];
    for one in tries {
        let (known, status, took) = one.await.unwrap();
        if status == 422 {
            assert!(took >= Duration::from_millis(400), "{took:?}");
            let slot = &mut slowest[usize::from(known)];
            *slot = took.max(*slot);
        }
    }
    let (one, other) = (slowest[0].as_secs_f64(), slowest[1].as_secs_f64());
    assert!(one > 0.0 && other > 0.0 && (one - other).abs() < 0.5 * one.max(other), "{slowest:?}");
    rig.stop().await;
}
