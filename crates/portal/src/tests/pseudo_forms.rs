//! Pages after something was done or refused, in the pseudo language: after success, with errors beside fields, with
//! results, and the texts for scripts and a partner's administrator. Any readable sentence was never in a language
//! folder.

use std::time::Duration;

use super::forgot::mailed;
use super::pseudo::{TAG, plain_words};
use super::pseudo_pages::unspoken;
use super::rig::{Browser, HOUR, PASSWORD, Reply, Rig, good_activation};
use super::writing::{begin, parts, post};

/// A letter with files, a missing picture, an appointment and a nested letter; all of its words are numbers.
const RICH: &str = "From: a@insurer.example\r\nTo: max@web.example\r\nSubject: 4711\r\nMessage-ID: <1@insurer.example>\r\n\
    Date: Thu, 19 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<p>12345 <img src=\"https://9.example/9.png\"></p>\r\n\
    --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"11\"\r\n\r\n0\r\n\
    --b\r\nContent-Type: text/calendar; method=REQUEST\r\nContent-Disposition: attachment; filename=\"12.ics\"\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    DTSTART:20261201T100000Z\r\nDTEND:20261201T110000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:4712\r\nLOCATION:4713\r\n\
    ORGANIZER:mailto:a@insurer.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\
    --b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"13.eml\"\r\n\r\nFrom: a@insurer.example\r\nSubject: 4714\r\n\r\n6\r\n--b--\r\n";

/// The reply to it, so that there is a conversation.
const ANSWER: &str = "From: a@insurer.example\r\nTo: max@web.example\r\nSubject: 4711\r\nMessage-ID: <2@insurer.example>\r\n\
    In-Reply-To: <1@insurer.example>\r\nDate: Thu, 19 Nov 2026 11:00:00 +0100\r\n\r\n23456\r\n";

/// What has been examined.
struct Look<'a> {
    rig: &'a Rig,
    bad: Vec<String>,
    seen: usize,
}

impl Look<'_> {
    /// A page with this status.
    fn page(&mut self, what: &str, status: u16, reply: &Reply) {
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
        self.seen += 1;
        let words = unspoken(&reply.text());
        if !words.is_empty() {
            self.bad.push(format!("{what}: {}", words.join(" ")));
        }
        // No request must be refused because of their number.
        self.rig.clock.advance(Duration::from_secs(30));
    }

    async fn get(&mut self, browser: &mut Browser, path: &str) {
        let reply = browser.get(path).await;
        self.page(path, 200, &reply);
    }

    /// A form that is refused with a hint.
    async fn refused(&mut self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
        let reply = browser.send(path, fields).await;
        self.page(&format!("{path} {fields:?}"), 422, &reply);
    }

    /// A form that is accepted, and the page it leads to.
    async fn done(&mut self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
        let reply = browser.send(path, fields).await;
        if reply.status == 303 {
            let to = reply.header("location").to_owned();
            self.get(browser, to.split('#').next().unwrap()).await;
        } else {
            self.page(&format!("{path} {fields:?}"), 200, &reply);
        }
    }
}

async fn rig() -> Rig {
    Rig::start_with(|config| config.languages = vec![TAG.to_owned()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_used_says_nothing_that_is_not_in_a_language_folder() {
    let rig = rig().await;
    let (made, mut owner) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, RICH.as_bytes(), HOUR, 9).await;
    rig.world.letter(&made, ANSWER.as_bytes(), HOUR / 2, 9).await;
    let mut look = Look { rig: &rig, bad: Vec::new(), seen: 0 };
    let browser = &mut owner;
    for path in [
        "/inbox?welcome=1",
        "/inbox?grouped=1",
        "/sent",
        "/search",
        "/account?note=saved",
        "/account?note=secrets",
    ] {
        look.get(browser, path).await;
    }
    for done in [
        "none",
        "sent",
        "trashed",
        "moved",
        "back",
        "read",
        "unread",
        "many",
        "restored",
        "destroyed",
        "held",
    ] {
        for n in [1, 3] {
            look.get(browser, &format!("/inbox?done={done}&n={n}&at=1795280400000")).await;
        }
    }
    for query in ["", "?view=text", "?done=sent"] {
        look.get(browser, &format!("/m/{letter}{query}")).await;
    }
    let token = browser.get("/inbox").await.form_token();
    let token = ("form_token", token.as_str());
    for words in ["4711", "99999", ""] {
        let found = browser.send("/search", &[token, ("words", words)]).await;
        look.page(words, 200, &found);
    }
    look.done(browser, "/folders", &[token, ("do", "make"), ("name", "77")]).await;
    for name in ["77", "", "7"] {
        // Taken, empty, and valid.
        let reply = browser.send("/folders", &[token, ("do", "make"), ("name", name)]).await;
        look.page(name, if name == "7" { 303 } else { 422 }, &reply);
    }
    look.get(browser, "/folders?done=renamed").await;
    look.get(browser, "/folders?done=removed").await;
    for what in ["unread", "read", "export", "trash"] {
        look.done(browser, "/letters", &[token, ("do", what), ("id", &letter), ("page", "inbox")]).await;
    }
    look.get(browser, "/trash").await;
    look.done(browser, "/letters", &[token, ("do", "destroy"), ("id", &letter), ("from", "trash")]).await;
    assert!(look.seen > 40, "{} pages", look.seen);
    assert!(look.bad.is_empty(), "words of no language folder:\n{}", look.bad.join("\n"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_with_mistakes_says_nothing_that_is_not_in_a_language_folder() {
    let rig = rig().await;
    let (_made, mut owner) = rig.owner("max@web.example").await;
    let mut look = Look { rig: &rig, bad: Vec::new(), seen: 0 };
    let (path, token) = begin(&mut owner, "new", "").await;
    let token = ("form_token", token.as_str());
    let browser = &mut owner;
    let long = "4".repeat(400);
    for fields in [
        &[("to", ""), ("subject", "1"), ("text", "1")][..],
        &[("to", "a@9.example"), ("subject", "1"), ("text", "1")],
        &[("to", "4711"), ("subject", "1"), ("text", "1")],
        &[("to", "a@insurer.example"), ("cc", "a@9.example"), ("subject", &long), ("text", "")],
    ] {
        let all = [&[token, ("do", "send")][..], fields].concat();
        look.refused(browser, &path, &all).await;
    }
    look.done(browser, &path, &[token, ("do", "save"), ("to", "a@insurer.example"), ("text", "1")]).await;
    let attach = parts(&[token, ("do", "attach")], &[("11", "application/octet-stream", b"1")]);
    assert_eq!(post(browser, &path, &attach).await.status, 303);
    for note in ["", "?note=saved", "?note=left-out", "?note=late", "?note=anew", "?note=held"] {
        look.get(browser, &format!("{path}{note}")).await;
    }
    for note in ["", "?note=gone", "?note=full"] {
        look.get(browser, &format!("/drafts{note}")).await;
    }
    assert!(look.seen >= 14, "{} pages", look.seen);
    assert!(look.bad.is_empty(), "words of no language folder:\n{}", look.bad.join("\n"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_answers_are_said_in_no_other_language() {
    let rig = rig().await;
    let (_made, mut owner) = rig.owner("max@web.example").await;
    let new = rig.world.mailbox("new@web.example", TAG).await;
    let mut look = Look { rig: &rig, bad: Vec::new(), seen: 0 };
    let mut visitor = rig.browser();
    visitor.language = TAG.to_owned();
    for note in ["left", "over", "reset", "deleted", "ended-password", "ended-everywhere", "ended-locked"] {
        look.get(&mut visitor, &format!("/?note={note}")).await;
    }
    let path = format!("/a/{}", new.token);
    let page = visitor.get(&path).await;
    let good = good_activation(&page.form_token());
    for (field, value) in [
        ("password", "1"),
        ("password", "new@web.example1A!"),
        ("password", "Passwort1!"),
        ("repeat", "1"),
        ("answer", ""),
    ] {
        let changed: Vec<(&str, String)> = good
            .iter()
            .map(|(name, old)| (*name, if *name == field { value.to_owned() } else { old.clone() }))
            .collect();
        let reply = visitor.send(&path, &changed).await;
        look.page(&format!("{field} {value}"), 422, &reply);
    }
    let token = visitor.get("/").await.form_token();
    let token = ("form_token", token.as_str());
    look.refused(&mut visitor, "/login", &[token, ("address", "max@web.example"), ("password", "1")]).await;
    look.refused(&mut visitor, "/login", &[token, ("address", ""), ("password", "")]).await;
    look.done(&mut visitor, "/forgot", &[token, ("address", "max@web.example")]).await;
    look.refused(&mut visitor, "/forgot", &[token, ("address", "")]).await;
    look.refused(&mut visitor, "/support", &[token, ("address", ""), ("note", "")]).await;
    look.done(&mut visitor, "/support", &[token, ("address", "max@web.example"), ("note", "1")]).await;
    let link = mailed(&rig).unwrap();
    let page = visitor.get(&link).await;
    look.page("reset", 200, &page);
    let form_token = page.form_token();
    for (answer, password) in [("4711", PASSWORD), ("Lindenstraße", "1"), ("", "")] {
        let fields = [
            ("form_token", form_token.as_str()),
            ("answer", answer),
            ("password", password),
            ("repeat", password),
        ];
        look.refused(&mut visitor, &link, &fields).await;
    }
    let token = owner.get("/account").await.form_token();
    let token = ("form_token", token.as_str());
    let passwords = [token, ("current", "1"), ("password", PASSWORD), ("repeat", "2")];
    look.refused(&mut owner, "/account/password", &passwords).await;
    let question = [token, ("current", "1"), ("question", "0"), ("own_question", ""), ("answer", "")];
    look.refused(&mut owner, "/account/question", &question).await;
    look.refused(&mut owner, "/account/delete", &[token, ("current", "1"), ("sure", "yes")]).await;
    assert!(look.seen > 20, "{} pages", look.seen);
    assert!(look.bad.is_empty(), "words of no language folder:\n{}", look.bad.join("\n"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_administrator_is_told_in_no_other_language() {
    let rig = rig().await;
    let text = rig.browser().get(&format!("/partner/administrator-{TAG}.txt")).await;
    assert_eq!((text.status, text.header("content-type")), (200, "text/plain; charset=utf-8"));
    let text = text.text();
    assert!(text.lines().count() > 10, "{text}");
    assert_eq!(
        plain_words(&text, &["Insurer", "securemail@insurer.example"]),
        Vec::<String>::new(),
        "{text}"
    );
    rig.stop().await;
}

/// Scripts take their texts from attributes of pages, which the tests above examine: a script contains no sentence.
#[test]
fn no_script_has_a_sentence_in_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webmail-ui/scripts");
    let mut bad = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*']));
        for literal in code.flat_map(|line| line.split(['"', '`']).skip(1).step_by(2)) {
            // A sentence begins with a capital, or ends like one; names of elements and classes do neither.
            let begins = literal.starts_with(|c: char| c.is_uppercase()) && literal.contains(' ');
            let ends = literal.contains(' ') && literal.ends_with(['.', '!', '?', '…']);
            if begins || ends {
                bad.push(format!("{}: {literal}", path.display()));
            }
        }
    }
    assert!(bad.is_empty(), "sentences that no language folder has:\n{}", bad.join("\n"));
}
