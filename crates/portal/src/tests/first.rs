//! The first log-in with an initial password: it opens one page, and after that page nothing.

use std::time::Duration;

use sealpost_store::{MailboxState, WrapKind};

use super::rig::{Browser, HOUR, PASSWORD, Reply, Rig, good_activation, sample};
use crate::routes::{Right, TABLE, Verb};
use sealpost_mail::ActivateBy;

async fn start() -> Rig {
    Rig::start_with(|config| config.activate_by = ActivateBy::InitialPassword).await
}

async fn log_in(browser: &mut Browser, address: &str, password: &str) -> Reply {
    let token = browser.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", address), ("password", password)];
    browser.send("/login", &fields).await
}

/// A mailbox with an initial password, and a browser that has entered it.
pub(super) async fn newcomer(rig: &Rig, address: &str) -> (sample::Made, String, Browser) {
    let made = rig.world.mailbox(address, "de").await;
    let initial = rig.world.initial_password(&made).await;
    let mut browser = rig.browser();
    let reply = log_in(&mut browser, address, &initial).await;
    assert_eq!((reply.status, reply.header("location")), (303, "/first"));
    (made, initial, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_log_in_makes_the_mailbox_its_owners_and_ends_the_initial_password() {
    let rig = start().await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    let initial = rig.world.initial_password(&made).await;
    rig.world.letter(&made, &sample::rich(), Duration::ZERO, 9).await;
    let mut browser = rig.browser();
    let page = browser.get("/").await.text();
    assert!(page.contains("Startpasswort") && !page.contains("Öffnen Sie den Link"), "the page says how");
    // As people type it.
    let typed = initial.to_lowercase().replace('-', " ");
    assert_eq!(log_in(&mut browser, "max@web.example", &typed).await.header("location"), "/first");
    assert_eq!(browser.get("/").await.header("location"), "/first", "there is no way around");
    let page = browser.get("/first").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("max@web.example") && page.text().contains("action=\"/first\""));
    let token = page.form_token();

    let blank = browser.send("/first", &[("form_token", token.as_str())]).await;
    assert_eq!(blank.status, 422);
    let same: Vec<(&str, String)> = good_activation(&token)
        .into_iter()
        .map(|(name, value)| match name {
            "password" | "repeat" => (name, format!("{}!", initial.to_lowercase().replace('k', "K"))),
            _ => (name, value),
        })
        .collect();
    let mut upper = same.clone();
    for (name, value) in &mut upper {
        if *name == "password" || *name == "repeat" {
            *value = initial.clone();
        }
    }
    let refused = browser.send("/first", &upper).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Das ist das Startpasswort"), "{}", refused.text());
    assert_eq!(browser.send("/first", &same).await.status, 422, "nor in other letters");
    let mailbox = rig.world.store.mailbox(&made.id).await.unwrap().unwrap();
    assert_eq!(mailbox.state, MailboxState::Pending, "nothing has happened yet");

    let done = browser.send("/first", &good_activation(&token)).await;
    assert_eq!((done.status, done.header("location")), (303, "/inbox?welcome=1"));
    assert_eq!(browser.get("/inbox").await.status, 200);
    assert!(!browser.cookies.contains_key("sealpost-first"));
    assert_eq!(rig.world.store.wrap(&made.id, WrapKind::Initial).await.unwrap(), None);
    let mut other = rig.browser();
    assert_eq!(log_in(&mut other, "max@web.example", &initial).await.status, 422);
    assert_eq!(log_in(&mut other, "max@web.example", PASSWORD).await.header("location"), "/inbox");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_password_opens_one_page_and_no_other() {
    let rig = start().await;
    let (made, _, browser) = newcomer(&rig, "max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let value = browser.cookies["sealpost-first"].clone();
    let mut walked = 0;
    for row in TABLE.iter().filter(|row| row.right == Right::Owner) {
        let path = row.path.replace("{id}", &letter).replace("{part}", "0");
        let mut mine = browser.clone();
        // Not even under the name of an owner's cookie.
        mine.cookies.insert("sealpost-session".into(), value.clone());
        let reply = match row.verb {
            Verb::Read => mine.get(&path).await,
            Verb::Act => mine.send(&path, &[("form_token", "x")]).await,
        };
        assert_eq!((reply.status, reply.body.len()), (303, 0), "{path}");
        walked += 1;
    }
    assert!(walked > 20);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_newcomers_only_and_for_their_own_mailbox() {
    let rig = start().await;
    let (made, _, mut browser) = newcomer(&rig, "max@web.example").await;
    let (_, mut owner) = rig.owner("eve@web.example").await;
    let session = owner.cookies["sealpost-session"].clone();
    let mut forger = rig.browser();
    forger.cookies.insert("sealpost-first".into(), session);
    let mut nobody = rig.browser();
    for stranger in [&mut owner, &mut forger, &mut nobody] {
        for verb in ["GET", "POST"] {
            let token = rig.browser().get("/").await.form_token();
            let reply = match verb {
                "GET" => stranger.get("/first").await,
                _ => stranger.send("/first", &good_activation(&token)).await,
            };
            assert_eq!((reply.status, reply.body.len()), (303, 0), "{verb}");
        }
    }
    let page = browser.get("/first").await;
    assert_eq!(browser.send("/first", &good_activation("AAAA")).await.status, 403);
    let theirs = rig.browser().get("/").await.form_token();
    assert_eq!(browser.send("/first", &good_activation(&theirs)).await.status, 403);
    // Long enough for slow readers, but not for ever; viewing the page is enough to extend it.
    rig.clock.advance(HOUR);
    assert_eq!(browser.get("/first").await.status, 200);
    rig.clock.advance(HOUR + HOUR / 2);
    assert_eq!(browser.get("/first").await.status, 200);
    rig.clock.advance(HOUR * 2);
    let late = browser.send("/first", &good_activation(&page.form_token())).await;
    assert_eq!(late.header("location"), "/?note=over");
    assert!(!browser.cookies.contains_key("sealpost-first"));
    let mailbox = rig.world.store.mailbox(&made.id).await.unwrap().unwrap();
    assert_eq!(mailbox.state, MailboxState::Pending);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_password_runs_out_with_its_letter_and_is_guessed_no_better_than_others() {
    let rig = start().await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    let initial = rig.world.initial_password(&made).await;
    let mut browser = rig.browser();
    for _ in 0..3 {
        assert_eq!(log_in(&mut browser, "max@web.example", "CCCC-CCCC-CCCC-CCCC").await.status, 422);
    }
    assert_eq!(log_in(&mut browser, "max@web.example", &initial).await.status, 429);
    for _ in 0..10 {
        rig.clock.advance(Duration::from_secs(15 * 60));
        log_in(&mut rig.browser(), "max@web.example", "CCCC").await;
    }
    assert!(rig.posted.0.lock().unwrap().is_empty(), "nobody to tell yet");
    rig.clock.advance(HOUR * 24 * 39);
    assert_eq!(log_in(&mut browser, "max@web.example", &initial).await.status, 303);
    let mut late = rig.browser();
    rig.clock.advance(HOUR * 24);
    assert_eq!(log_in(&mut late, "max@web.example", &initial).await.status, 422, "after forty days");
    rig.stop().await;
}
