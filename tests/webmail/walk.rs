//! From the link in the mail to the inbox, a letter, its text, its attachment, out and in again; every page
//! checked in every state.

use rig::letters;
use rig::reader::PASSWORD;

use crate::crawl::crawl;
use crate::office::{Office, claim, odd_letters};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";

fn walk(language: &'static str, scripts: bool) {
    let office = Office::new(language);
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, language, scripts);
    let browser = &watched.browser;

    browser.open(&office.at("/"));
    watched.judge("log-in");
    browser.open(&link);
    assert!(browser.text().contains("Ihre Schadenmeldung 4711"), "{}", browser.text());
    watched.judge("activation");
    browser.fill("#password", "kurz");
    browser.fill("#repeat", "anders");
    browser.click_through("main form .submit button");
    assert!(browser.count("[role=alert]") >= 1, "{}", browser.text());
    watched.judge("activation with errors");
    browser.open(&link);
    browser.choose("#language", language);
    browser.fill("#password", PASSWORD);
    browser.fill("#repeat", PASSWORD);
    browser.choose("#question", "0");
    browser.fill("#answer", "Rosa Luxemburg");
    browser.click_through("main form .submit button");
    watched.judge("inbox after activation");
    let (inbox, letter) = (office.at("/inbox"), "ul.letters a");
    browser.open(&inbox);
    watched.judge("inbox");

    browser.click_through(letter);
    let shown = browser.text_of_frame("iframe.frame");
    assert!(shown.contains("1.240,00") && shown.contains("Stoßstange"), "{shown}");
    watched.judge("letter as HTML");
    browser.click_through("nav.actions a[href*='view=text']");
    assert!(browser.text_of("article.message .text").contains("Größenangaben"), "{}", browser.text());
    watched.judge("letter as text");
    browser.click(".files a[download]");
    let (name, bytes) = browser.download();
    assert_eq!(bytes, letters::pdf("Schadenanzeige 4711"), "the attachment came out changed");
    assert!(name.starts_with("Schadenanzeige März"), "{name}");

    for (kind, odd) in odd_letters() {
        office.send(ANNA, &odd);
        browser.open(&inbox);
        browser.click_through(letter);
        watched.judge(kind);
    }
    browser.open(&inbox);
    assert_eq!(browser.count("ul.letters > li"), 1 + odd_letters().len());
    watched.judge("inbox with odd letters");
    crawl(&watched, &office);

    browser.open(&office.at("/nothing-here"));
    watched.judge("no such page");
    browser.open(&office.at(&format!("/m/{}", "0".repeat(32))));
    watched.judge("no such letter");
    browser.open(&link);
    watched.judge("link of an active mailbox, signed in");
    browser.open(&inbox);
    browser.log_out();
    watched.judge("logged out");
    browser.open(&link);
    watched.judge("spent link");
    browser.open(&office.at("/a/nonsense"));
    watched.judge("link that never was");
    browser.open(&inbox);
    browser.log_in(ANNA, "ganz falsch");
    assert_eq!(browser.count("#login-error"), 1, "{}", browser.text());
    watched.judge("wrong password");
    browser.log_in(ANNA, PASSWORD);
    browser.open(&inbox);
    assert!(browser.text_of("ul.letters").contains("Ihre Schadenmeldung 4711"), "{}", browser.text());
    office.gateway.sweep();
}

#[test]
fn in_german_with_scripts() {
    walk("de", true);
}

#[test]
fn in_german_without_scripts() {
    walk("de", false);
}

#[test]
fn in_english_with_scripts() {
    walk("en", true);
}

#[test]
fn in_english_without_scripts() {
    walk("en", false);
}
