//! Every route without a session, as another owner, with an expired session, and without the proofs of a form
//! (CVE-2026-44125 class: endpoints without a check).

use super::rig::{FORM, HOUR, Rig, encoded, sample};

use crate::routes::{Right, TABLE, Verb};

/// What is wrong, headers, body.
type Attack<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8]);

/// URLs under which a row of the table could be reached, with another owner's letter in them.
fn path_of(template: &str, letter: &str, token: &str) -> String {
    let path = template.replace("{id}", letter).replace("{part}", "0");
    let path = path.replace("{token}", token).replace("{file}", "x.css");
    let path = path.replace("{domain}", "insurer.example");
    assert!(!path.contains('{'), "{path} has a part that nobody thought of here");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_anywhere_that_is_not_for_everybody() {
    let rig = Rig::start().await;
    let (made, _) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let mut walked = 0;
    for row in TABLE.iter().filter(|row| row.right != Right::Anyone) {
        let path = path_of(row.path, &letter, "x");
        let mut nobody = rig.browser();
        let reply = match row.verb {
            Verb::Read => nobody.get(&path).await,
            Verb::Act => nobody.send(&path, &[("form_token", "x")]).await,
        };
        assert_eq!(reply.status, 303, "{path}");
        assert!(reply.header("location").starts_with('/') && reply.body.is_empty(), "{path}");
        let mut forger = rig.browser();
        for cookie in ["sealpost-session", "sealpost-first"] {
            forger.cookies.insert(cookie.into(), "A".repeat(43));
        }
        let readable = TABLE.iter().any(|other| other.path == row.path && other.verb == Verb::Read);
        assert_eq!(forger.get(&path).await.status, if readable { 303 } else { 404 }, "{path}");
        walked += 1;
    }
    assert!(walked >= 7, "the table has lost its guards");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_letters_do_not_exist() {
    let rig = Rig::start().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let (_, mut other) = rig.owner("eve@web.example").await;
    for row in TABLE.iter().filter(|row| row.path.contains("{id}")) {
        let path = path_of(row.path, &letter, "x");
        let theirs = other.get(&path).await;
        assert_eq!(theirs.status, 404, "{path}");
        let none = other.get(&path_of(row.path, &"0".repeat(32), "x")).await;
        assert_eq!(theirs.body, none.body, "{path}: somebody else's looks different from nobody's");
    }
    assert_eq!(owner.get(&format!("/m/{letter}")).await.status, 200);
    for odd in
        ["/m/..", "/m/%2e%2e%2finbox", "/m/x'--", "/inbox/", "/M/x", "/static/..%2f..%2fCargo.toml", "/.env"]
    {
        assert_eq!(owner.get(odd).await.status, 404, "{odd}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_opens_nothing() {
    let rig = Rig::start().await;
    let (made, browser) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let path = format!("/m/{letter}");
    // A session in use lasts longer than the idle time.
    for _ in 0..4 {
        rig.clock.advance(HOUR / 4);
        assert_eq!(browser.clone().get(&path).await.status, 200);
    }
    rig.clock.advance(HOUR / 2);
    for row in TABLE.iter().filter(|row| row.right == Right::Owner) {
        let mut late = browser.clone();
        let path = path_of(row.path, &letter, "x");
        let reply = match row.verb {
            Verb::Read => late.get(&path).await,
            Verb::Act => late.send(&path, &[("form_token", "x")]).await,
        };
        assert_eq!(reply.status, 303, "{path}");
        assert!(reply.header("location").starts_with("/?note=over"), "{path}");
        assert!(!late.cookies.contains_key("sealpost-session"), "{path}: the dead cookie stays");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_session_ends_too() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    for _ in 0..47 {
        rig.clock.advance(HOUR / 4);
        assert_eq!(browser.get("/inbox").await.status, 200);
    }
    rig.clock.advance(HOUR / 4);
    assert_eq!(browser.get("/inbox").await.status, 303);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_is_taken_without_both_proofs() {
    // Newcomers have forms of their own.
    let rig = Rig::start_with(|config| config.activate_by = sealpost_mail::ActivateBy::InitialPassword).await;
    let (made, owner) = rig.owner("max@web.example").await;
    let new = rig.world.mailbox("new@web.example", "de").await;
    let (_, _, newcomer) = super::first::newcomer(&rig, "first@web.example").await;
    let mut walked = 0;
    for row in TABLE.iter().filter(|row| row.verb == Verb::Act) {
        let path = path_of(row.path, "x", &new.token);
        let (mut browser, form) = match row.right {
            Right::Owner => (owner.clone(), "/inbox"),
            Right::Newcomer => (newcomer.clone(), "/first"),
            Right::Anyone => (rig.browser(), "/"),
        };
        let token = browser.get(form).await.form_token();
        let body = encoded(&[("form_token", token.as_str())]);
        let ours = ("sec-fetch-site", "same-origin");
        let from_elsewhere: [Attack<'_>; 7] = [
            ("no token", &[ours, FORM], b""),
            ("empty token", &[ours, FORM], b"form_token="),
            ("wrong token", &[ours, FORM], b"form_token=AAAA"),
            ("cross-site", &[("sec-fetch-site", "cross-site"), FORM], &body),
            ("same-site", &[("sec-fetch-site", "same-site"), FORM], &body),
            ("typed in", &[("sec-fetch-site", "none"), FORM], &body),
            ("other origin", &[("origin", "https://evil.example"), FORM], &body),
        ];
        for (what, headers, body) in from_elsewhere {
            let reply = browser.request("POST", &path, headers, body).await;
            assert_eq!(reply.status, 403, "{path} with {what}");
        }
        // Another owner's token is not accepted.
        let mut stranger = rig.browser();
        let theirs = stranger.get("/").await.form_token();
        assert_eq!(browser.send(&path, &[("form_token", theirs)]).await.status, 403, "{path}");
        // As JSON or multipart, a form cannot be sent across sites without a preflight; nor is it read here.
        let json = browser.request("POST", &path, &[ours, ("content-type", "text/plain")], &body).await;
        assert_eq!(json.status, 400, "{path}");
        walked += 1;
    }
    assert!(walked >= 4);
    assert_eq!(owner.clone().get("/inbox").await.status, 200, "still signed in");
    let mailbox = rig.world.store.mailbox(&new.id).await.unwrap().unwrap();
    assert_eq!(mailbox.state, sealpost_store::MailboxState::Pending);
    drop(made);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_browser_without_fetch_metadata_can_still_send() {
    let rig = Rig::start().await;
    for origin in ["http://127.0.0.1", "null"] {
        let mut browser = rig.browser();
        let token = browser.get("/").await.form_token();
        let body = encoded(&[("form_token", token.as_str()), ("language", "en"), ("back", "/")]);
        let reply = browser.request("POST", "/language", &[("origin", origin), FORM], &body).await;
        assert_eq!(reply.status, 303, "{origin}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_its_protection() {
    let rig = Rig::start().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let message = format!("/m/{letter}");
    let frame = format!("/m/{letter}/html");
    for path in ["/", "/inbox", &message, &frame, "/nothing", "/accessibility", "/a/short", "/robots.txt"] {
        let reply = owner.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors"),
            "{path}: {policy}"
        );
        assert!(path == frame || !policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert_eq!(reply.header("strict-transport-security"), "", "plain http has none");
        assert_eq!(reply.header("server"), "");
        let text = reply.text();
        if path != frame {
            assert!(
                !text.contains(" style=") && !text.contains(" onclick") && !text.contains("<style"),
                "{path}"
            );
            assert!(!text.contains("<script>"), "{path}");
        }
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookies_are_bound_to_the_host() {
    let rig = Rig::start_with(|config| config.public_url = "https://mail.insurer.example".into()).await;
    let reply = rig.browser().get("/").await;
    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("__Host-sealpost-visit="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(reply.header("strict-transport-security").starts_with("max-age="));
    rig.stop().await;
}
