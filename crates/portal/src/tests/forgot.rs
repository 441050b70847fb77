//! "Forgot password": reveals nothing about who has a mailbox, requires link and answer, and keeps the
//! letters.

use sealpost_mailbox::About;
use sealpost_store::RequestSelection;
use sealpost_vault::Label;
use std::time::{Duration, Instant};

use super::renewal::with_link;
use super::rig::{Browser, HOUR, PASSWORD, Reply, Rig, sample};
use crate::config::ResetBy;
use crate::language::Language;

const NEW: &str = "Kirschkern9-Segel";
const ANSWER: &str = " lindenstrasse!";

async fn ask(browser: &mut Browser, address: &str) -> Reply {
    let token = browser.get("/forgot").await.form_token();
    browser.send("/forgot", &[("form_token", token.as_str()), ("address", address)]).await
}

/// The link of the newest reset mail.
pub(super) fn mailed(rig: &Rig) -> Option<String> {
    let posted = rig.posted.0.lock().unwrap();
    posted.iter().rev().find_map(|mail| match &mail.about {
        About::ResetLink { token, .. } => Some(format!("/r/{}", token.expose())),
        _other => None,
    })
}

async fn answer(browser: &mut Browser, link: &str, answer: &str, password: &str) -> Reply {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let token = page.form_token();
    let fields =
        [("form_token", token.as_str()), ("answer", answer), ("password", password), ("repeat", password)];
    browser.send(link, &fields).await
}

async fn log_in(rig: &Rig, address: &str, password: &str) -> (u16, Browser) {
    let mut browser = rig.browser();
    let token = browser.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", address), ("password", password)];
    (browser.send("/login", &fields).await.status, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn link_and_answer_make_a_new_password_and_the_letters_stay() {
    let rig = Rig::start().await;
    let (made, mut signed_in) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 40).await;
    let mut browser = rig.browser();
    assert_eq!(ask(&mut browser, "Max@Web.Example").await.status, 200);
    let link = mailed(&rig).expect("a mail");
    assert!(browser.get(&link).await.text().contains("In welcher Straße"), "the owner's own question");
    let done = answer(&mut browser, &link, ANSWER, NEW).await;
    assert_eq!((done.status, done.header("location")), (303, "/?note=reset"));
    assert!(browser.get("/?note=reset").await.text().contains("Ihr neues Passwort gilt"));
    assert_eq!(signed_in.get("/inbox").await.status, 303, "every session is over");
    assert_eq!(log_in(&rig, "max@web.example", PASSWORD).await.0, 422, "the old one opens nothing");
    let (status, mut owner) = log_in(&rig, "max@web.example", NEW).await;
    assert_eq!(status, 303);
    assert_eq!(owner.get(&format!("/m/{letter}")).await.status, 200);
    assert_eq!(browser.get(&link).await.status, 410, "the link is used up");
    let told = |mail: &sealpost_mailbox::Outgoing| matches!(mail.about, About::PasswordReset { .. });
    assert!(rig.posted.0.lock().unwrap().iter().any(told));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_had_a_password_gets_the_first_link_once_more() {
    let rig = Rig::start().await;
    let made = with_link(&rig, "max@web.example").await;
    rig.world.letter(&made, &sample::rich(), HOUR, 40).await;
    let links = || -> Vec<String> {
        let posted = rig.posted.0.lock().unwrap();
        let link = |mail: &sealpost_mailbox::Outgoing| match &mail.about {
            About::Activation { token, .. } => token.expose().clone(),
            other => panic!("{other:?}"),
        };
        posted.iter().map(link).collect()
    };
    let mut browser = rig.browser();
    for _ in 0..3 {
        assert_eq!(ask(&mut browser, "max@web.example").await.status, 200);
    }
    assert_eq!(links(), [made.token.as_str()], "the same one, and one mail");
    assert_eq!(browser.get(&format!("/a/{}", made.token)).await.status, 200, "still good");
    rig.clock.advance(HOUR * 2);
    ask(&mut browser, "max@web.example").await;
    assert_eq!(links().len(), 2);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_and_blank_forms_change_and_count_nothing() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    let mut scanner = rig.browser();
    ask(&mut scanner, "max@web.example").await;
    let link = mailed(&rig).unwrap();
    for method in ["GET", "HEAD", "GET"] {
        assert_eq!(scanner.request(method, &link, &[], b"").await.status, 200, "{method}");
    }
    let token = scanner.get(&link).await.form_token();
    for _ in 0..7 {
        let blank = scanner.send(&link, &[("form_token", token.as_str())]).await;
        assert_eq!(blank.status, 422);
        // A right answer with a weak password is not even tried.
        assert_eq!(answer(&mut scanner, &link, "falsch", "kurz").await.status, 422);
        rig.clock.advance(Duration::from_secs(20));
    }
    assert_eq!(answer(&mut scanner, &link, ANSWER, NEW).await.status, 303);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_answers_close_the_way_for_every_link_and_leave_the_password() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    let mut browser = rig.browser();
    ask(&mut browser, "max@web.example").await;
    let link = mailed(&rig).unwrap();
    for left in ["noch 4 Versuche", "noch 3 Versuche", "noch 2 Versuche", "noch einen Versuch"] {
        let page = answer(&mut browser, &link, "Falsche Straße", NEW).await;
        assert_eq!(page.status, 422);
        assert!(page.text().contains(left), "{left}");
        assert!(!page.text().contains(NEW), "no password comes back");
    }
    let fifth = answer(&mut browser, &link, "Falsche Straße", NEW).await;
    assert_eq!(fifth.status, 410);
    assert!(fifth.text().contains("securemail@insurer.example"), "points to support");
    assert!(fifth.text().contains("Wir benachrichtigen die Inhaberin"), "says that the owner is told");
    let told = |rig: &Rig| {
        let posted = rig.posted.0.lock().unwrap();
        posted.iter().filter(|mail| matches!(mail.about, About::AnswersUsedUp { .. })).count()
    };
    assert_eq!(told(&rig), 1);
    assert_eq!(browser.get(&link).await.status, 410, "the right answer comes too late");
    rig.clock.advance(HOUR / 2);
    ask(&mut browser, "max@web.example").await;
    assert_eq!(browser.get(&mailed(&rig).unwrap()).await.status, 410, "nor does a new link help");
    assert_eq!(log_in(&rig, "max@web.example", PASSWORD).await.0, 303);
    assert_eq!(told(&rig), 1, "once");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_has_a_mailbox_and_nobody_is_flooded() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    rig.world.mailbox("pending@web.example", "de").await;
    let mut pages = Vec::new();
    for address in ["max@web.example", "nobody@web.example", "pending@web.example", "no address"] {
        #[expect(clippy::disallowed_methods, reason = "a test that measures")]
        let began = Instant::now();
        let reply = ask(&mut rig.browser(), address).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(400), "{address} after {took:?}");
        pages.push((reply.status, reply.text().replace(&reply.form_token(), "").replace(address, "")));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    for _ in 0..3 {
        ask(&mut rig.browser(), "max@web.example").await;
    }
    assert_eq!(rig.posted.0.lock().unwrap().len(), 1, "one mail, and no second one at once");
    rig.clock.advance(HOUR);
    let mut browser = rig.browser();
    assert_eq!(browser.get(&mailed(&rig).unwrap()).await.status, 410, "too late");
    assert_eq!(browser.get(&format!("/r/{}", "A".repeat(43))).await.status, 410);
    ask(&mut browser, "max@web.example").await;
    assert_eq!(rig.posted.0.lock().unwrap().len(), 2);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_answer_alone_strangers_get_a_question_and_the_same_five_tries() {
    let rig = Rig::start_with(|config| config.reset = ResetBy::Answer).await;
    rig.owner("max@web.example").await;
    for address in ["max@web.example", "nobody@web.example"] {
        let mut browser = rig.browser();
        for nth in 0..5 {
            // Requesting new links gives no new tries.
            let away = ask(&mut browser, address).await;
            let link = away.header("location").to_owned();
            assert!(link.starts_with("/r/"), "{link}");
            let page = answer(&mut browser, &link, "Falsche Straße", NEW).await;
            assert_eq!(page.status, if nth < 4 { 422 } else { 410 }, "{address} {nth}");
            rig.clock.advance(Duration::from_secs(30));
        }
        let away = ask(&mut browser, address).await;
        assert_eq!(browser.get(away.header("location")).await.status, 410, "{address}");
        rig.clock.advance(HOUR);
    }
    {
        let posted = rig.posted.0.lock().unwrap();
        let [mail] = posted.as_slice() else { panic!("{posted:?}") };
        assert!(
            matches!(mail.about, About::AnswersUsedUp { .. }),
            "no link in this mode, but word to the owner"
        );
    }
    rig.clock.advance(HOUR);
    for address in ["max@web.example", "nobody@web.example"] {
        let mut browser = rig.browser();
        let away = ask(&mut browser, address).await;
        assert_eq!(browser.get(away.header("location")).await.status, 200, "{address}: it fades");
    }
    let (_, _) = rig.owner("eva@web.example").await;
    let mut browser = rig.browser();
    let away = ask(&mut browser, "eva@web.example").await;
    let done = answer(&mut browser, away.header("location"), ANSWER, NEW).await;
    assert_eq!(done.header("location"), "/?note=reset");
    rig.stop().await;
}

/// Which of the built-in questions a page shows, in which language.
fn asked(page: &str) -> (&'static str, usize) {
    let all = [("de", Language::parse("de")), ("en", Language::parse("en"))];
    let shown = all.iter().find_map(|(tag, language)| {
        let language = language.as_ref()?;
        let keys = ["school", "teacher", "street", "job", "holiday", "book"];
        let nth = keys.iter().position(|key| page.contains(&language.say(&format!("question-{key}"))))?;
        Some((*tag, nth))
    });
    shown.unwrap_or_else(|| panic!("no question: {page}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_question_is_the_same_in_every_language_and_for_a_decoy() {
    let rig = Rig::start_with(|config| config.reset = ResetBy::Answer).await;
    rig.owner("max@web.example").await;
    for address in ["max@web.example", "nobody@web.example", "eva@web.example", "x"] {
        let mut shown = Vec::new();
        for language in ["de", "en", "de"] {
            let mut browser = rig.browser();
            browser.language = language.to_owned();
            let away = ask(&mut browser, address).await;
            let page = browser.get(away.header("location")).await;
            let (spoken, nth) = asked(&page.text());
            assert_eq!(spoken, language, "{address}");
            shown.push(nth);
        }
        assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{address} {shown:?}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_give_wrong_answers_do_not_close_the_way_of_a_known_browser() {
    let rig = Rig::start_with(|config| config.reset = ResetBy::Answer).await;
    rig.owner("max@web.example").await;
    let mut known = rig.browser();
    let token = known.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", "max@web.example"), ("password", PASSWORD)];
    assert_eq!(known.send("/login", &fields).await.status, 303);
    for _ in 0..5 {
        let mut stranger = rig.browser();
        let away = ask(&mut stranger, "max@web.example").await;
        let _ = answer(&mut stranger, away.header("location"), "Falsche Straße", NEW).await;
        rig.clock.advance(Duration::from_secs(30));
    }
    let mut stranger = rig.browser();
    let away = ask(&mut stranger, "max@web.example").await;
    assert_eq!(stranger.get(away.header("location")).await.status, 410);
    let away = ask(&mut known, "max@web.example").await;
    let done = answer(&mut known, away.header("location"), ANSWER, NEW).await;
    assert_eq!(done.header("location"), "/?note=reset");
    assert_eq!(known.get(away.header("location")).await.status, 410, "and only once");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgot_the_answer_too_asks_support_and_strangers_see_the_same() {
    let rig = Rig::start().await;
    let (made, _) = rig.owner("max@web.example").await;
    let mut pages = Vec::new();
    for address in ["max@web.example", "nobody@web.example", "no address"] {
        let mut browser = rig.browser();
        let form = browser.get("/support").await;
        assert!(form.text().contains("Nachrichten bleiben dabei erhalten"), "what will be is said before");
        let token = form.form_token();
        let blank = browser.send("/support", &[("form_token", token.as_str()), ("address", address)]).await;
        assert_eq!(blank.status, 422);
        let fields =
            [("form_token", token.as_str()), ("address", address), ("note", "0170 1234567, vormittags")];
        let sent = browser.send("/support", &fields).await;
        pages.push((sent.status, sent.text().replace(&token, "")));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    let requests = rig.world.store.requests(RequestSelection::Open).await.unwrap();
    let [request] = requests.as_slice() else { panic!("one request, not {}", requests.len()) };
    assert_eq!(request.mailbox_id, made.id);
    let note =
        rig.world.keys.rows.open(Label::Request, &made.id, request.note_sealed.as_ref().unwrap()).unwrap();
    assert_eq!(note.expose(), b"0170 1234567, vormittags");
    assert_eq!(log_in(&rig, "max@web.example", PASSWORD).await.0, 303, "asking changes nothing");
    rig.stop().await;
}

/// The last mail's link is valid whenever a stranger's request was not answered with a new one.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_ask_all_day_bring_one_mail_an_hour_and_the_owner_a_good_link() {
    let rig = Rig::start().await;
    rig.owner("max@web.example").await;
    for _ in 0..60 {
        rig.clock.advance(HOUR / 10);
        ask(&mut rig.browser(), "max@web.example").await;
        let link = mailed(&rig).expect("a mail");
        assert_eq!(rig.browser().get(&link).await.status, 200, "the newest link is good");
    }
    // Five in the first half hour, and one for each hour of the rest.
    let mails = rig.posted.0.lock().unwrap().len();
    assert!((9..=11).contains(&mails), "{mails} mails in six hours");
    rig.stop().await;
}
