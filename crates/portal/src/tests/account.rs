//! The account page: what can be changed with which proof, and the effect on other sessions.

use sealpost_mailbox::About;
use std::time::Duration;

use super::rig::{Browser, HOUR, PASSWORD, Reply, Rig, sample};

const NEW: &str = "Kirschkern9-Segel";

async fn send(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let token = browser.get("/account").await.form_token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.send(path, &all).await
}

async fn log_in(rig: &Rig, password: &str) -> (u16, Browser) {
    let mut browser = rig.browser();
    let token = browser.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", password)];
    (browser.send("/login", &fields).await.status, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_takes_the_old_one_and_ends_the_other_sessions() {
    let rig = Rig::start().await;
    let (_, mut owner) = rig.owner("max@web.example").await;
    let (_, mut elsewhere) = log_in(&rig, PASSWORD).await;
    let fields = |current, new, repeat| [("current", current), ("password", new), ("repeat", repeat)];
    for (current, new, repeat, said) in [
        ("", NEW, NEW, "aktuelles Passwort ein"),
        ("Falsch-4711-x", NEW, NEW, "aktuelle Passwort stimmt nicht"),
        (PASSWORD, "kurz", "kurz", "noch nicht alle Regeln"),
        (PASSWORD, NEW, "anders", "Passwörter sind verschieden"),
    ] {
        let page = send(&mut owner, "/account/password", &fields(current, new, repeat)).await;
        assert_eq!(page.status, 422, "{said}");
        assert!(page.text().contains(said), "{said}");
        assert!(!page.text().contains(NEW) && !page.text().contains(PASSWORD), "no password comes back");
        assert_eq!(rig.posted.0.lock().unwrap().len(), 1, "no mail but that of the new browser");
    }
    let done = send(&mut owner, "/account/password", &fields(PASSWORD, NEW, NEW)).await;
    assert_eq!(done.header("location"), "/account?note=secrets");
    assert_eq!(owner.get("/inbox").await.status, 200, "this session goes on");
    let over = elsewhere.get("/inbox").await;
    assert_eq!(
        over.header("location"),
        "/?note=ended-password&to=/inbox",
        "the other is over, and is told why"
    );
    let said = elsewhere.get(over.header("location")).await;
    assert!(said.text().contains("in einem anderen Browser geändert"), "{}", said.text());
    assert_eq!(elsewhere.get("/?note=ended-nonsense").await.status, 200);
    assert_eq!(log_in(&rig, PASSWORD).await.0, 422);
    assert_eq!(log_in(&rig, NEW).await.0, 303);
    let told: Vec<_> = rig.posted.0.lock().unwrap().iter().map(|mail| mail.about.clone()).collect();
    assert!(
        matches!(told.as_slice(), [
            About::NewBrowser { .. },
            About::PasswordChanged { .. },
            About::NewBrowser { network },
        ] if network == "127.0.0.x"),
        "{told:?}"
    );
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_question_is_asked_from_then_on_and_its_answer_opens_the_same_letters() {
    let rig = Rig::start().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    assert!(owner.get("/account/question").await.text().contains("In welcher Straße"));
    let fields = [
        ("current", PASSWORD),
        ("question", "own"),
        ("own_question", "Wie heißt mein Boot?"),
        ("answer", "Seestern"),
    ];
    let refused = send(&mut owner, "/account/question", &[("question", "own"), ("answer", "x")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(send(&mut owner, "/account/question", &fields).await.status, 303);
    let mut browser = rig.browser();
    let token = browser.get("/forgot").await.form_token();
    browser.send("/forgot", &[("form_token", token.as_str()), ("address", "max@web.example")]).await;
    let link = rig.posted.0.lock().unwrap().iter().find_map(|mail| match &mail.about {
        About::ResetLink { token, .. } => Some(format!("/r/{}", token.expose())),
        _other => None,
    });
    let link = link.unwrap();
    let page = browser.get(&link).await;
    assert!(page.text().contains("Wie heißt mein Boot?"));
    let token = page.form_token();
    let fields = [("form_token", token.as_str()), ("answer", "SEESTERN"), ("password", NEW), ("repeat", NEW)];
    assert_eq!(browser.send(&link, &fields).await.status, 303);
    let (status, mut again) = log_in(&rig, NEW).await;
    assert_eq!((status, again.get(&format!("/m/{letter}")).await.status), (303, 200));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn name_language_and_zone_are_kept_sealed_and_used() {
    let rig = Rig::start().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), Duration::ZERO, 9).await;
    let fields = [("name", "Erika \u{202e}Muster"), ("language", "en"), ("zone", "Asia/Tokyo")];
    assert_eq!(send(&mut owner, "/account", &fields).await.header("location"), "/account?note=saved");
    let page = owner.get("/account?note=saved").await.text();
    assert!(page.contains("value=\"Erika Muster\"") && page.contains("Saved."), "{page}");
    // 17:00 UTC is two in the morning there.
    assert!(owner.get(&format!("/m/{letter}")).await.text().contains("22 November 2026, 0"));
    let row = rig.world.store.mailbox(&made.id).await.unwrap().unwrap();
    let sealed = row.profile_sealed.unwrap();
    assert!(!sealed.windows(5).any(|w| w == b"Erika" || w == b"Tokyo"));
    send(&mut owner, "/account", &[("name", ""), ("zone", "Mars/Olympus"), ("language", "xx")]).await;
    let page = owner.get("/account").await.text();
    assert!(page.contains("<option selected>Asia/Tokyo</option>"), "a zone that is none changes nothing");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_all_of_them_can_be_ended() {
    let rig = Rig::start().await;
    let (_, mut owner) = rig.owner("max@web.example").await;
    let mut other = rig.browser();
    let token = other.get("/").await.form_token();
    let body = super::rig::encoded(&[
        ("form_token", token.as_str()),
        ("address", "max@web.example"),
        ("password", PASSWORD),
    ]);
    let agent = ("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1");
    let headers = [("sec-fetch-site", "same-origin"), super::rig::FORM, agent];
    assert_eq!(other.request("POST", "/login", &headers, &body).await.status, 303);
    let page = owner.get("/account").await.text();
    assert!(page.contains("Safari, iPhone") && page.contains("Unbekanntes Gerät"), "{page}");
    assert_eq!(page.matches("dieses Gerät").count(), 1);
    assert_eq!(send(&mut owner, "/account/leave", &[]).await.header("location"), "/?note=left");
    for browser in [&mut owner, &mut other] {
        assert_eq!(browser.get("/inbox").await.status, 303);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_takes_the_password_and_a_tick_and_leaves_nothing() {
    let rig = Rig::start().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    assert!(owner.get("/account/delete").await.text().contains("mit einer Nachricht"));
    for fields in
        [&[("current", PASSWORD)][..], &[("sure", "yes")], &[("sure", "yes"), ("current", "Falsch-1")]]
    {
        assert_eq!(send(&mut owner, "/account/delete", fields).await.status, 422, "{fields:?}");
    }
    let done = send(&mut owner, "/account/delete", &[("sure", "yes"), ("current", PASSWORD)]).await;
    assert_eq!(done.header("location"), "/?note=deleted");
    assert!(owner.get("/?note=deleted").await.text().contains("Postfach ist gelöscht"));
    let row = rig.world.store.mailbox(&made.id).await.unwrap().unwrap();
    assert_eq!(row.state, sealpost_store::MailboxState::Deleted);
    assert!(row.address_sealed.is_empty());
    assert_eq!(log_in(&rig, PASSWORD).await.0, 422);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_is_announced_and_can_be_put_off() {
    let rig = Rig::start().await;
    let (_, mut owner) = rig.owner("max@web.example").await;
    let page = owner.get("/inbox").await.text();
    assert!(page.contains("data-idle=\"1080\""), "twenty minutes less two");
    assert!(page.contains("<noscript><p class=\"until\">Sie bleiben bis 18:20 Uhr angemeldet"), "{page}");
    assert!(!page.contains("http-equiv"), "no page goes away by itself");
    rig.clock.advance(Duration::from_secs(1081));
    assert_eq!(owner.clone().get("/alive").await.text(), "1080", "more time at a click");
    rig.clock.advance(Duration::from_secs(1201));
    assert_eq!(owner.get("/inbox").await.status, 303);
    rig.stop().await;
}
