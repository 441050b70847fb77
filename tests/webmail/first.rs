//! Access with an initial password, from the log-in to the first letter, and the log-in page after too many
//! tries; every page checked.

use rig::letters;
use rig::reader::PASSWORD;

use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";
const SENDER: &str = "erika.muster@insurer.example";

fn walk(language: &'static str, scripts: bool) {
    let office = Office::with(language, |config| {
        config.set("portal", "activation", r#""initial-password""#);
        config.set("portal", "lock-after", "3");
    });
    office.send_from(SENDER, ANNA, &claim());
    let initial = letters::initial_password(&office.hop.wait_to(SENDER).bytes);
    let notice = letters::link(&office.hop.wait_to(ANNA).bytes);
    let watched = Watched::new(&office, language, scripts);
    let browser = &watched.browser;

    browser.open(&notice);
    watched.judge("log-in for newcomers");
    browser.log_in(ANNA, &initial.to_lowercase());
    assert!(browser.url().ends_with("/first"), "{}", browser.text());
    assert!(browser.text().contains("Ihre Schadenmeldung 4711"), "{}", browser.text());
    watched.judge("first log-in");
    browser.open(&office.at("/account"));
    assert!(browser.url().ends_with("/first"), "there is no way around: {}", browser.url());
    browser.fill("#password", &initial);
    browser.fill("#repeat", &initial);
    browser.choose("#question", "0");
    browser.fill("#answer", "Rosa Luxemburg");
    browser.click_through("main form .submit button");
    assert_eq!(browser.count("#password-error"), 1, "{}", browser.text());
    watched.judge("first log-in with the initial password again");
    browser.choose("#language", language);
    browser.fill("#password", PASSWORD);
    browser.fill("#repeat", PASSWORD);
    browser.click_through("main form .submit button");
    assert!(browser.text_of("ul.letters").contains("Ihre Schadenmeldung 4711"), "{}", browser.text());
    watched.judge("inbox after the first log-in");
    browser.log_out();

    // A user on another device, until access is locked.
    let stranger = Watched::new(&office, language, scripts);
    stranger.browser.open(&office.at("/"));
    for _ in 0..3 {
        stranger.browser.log_in(ANNA, &initial);
    }
    stranger.browser.log_in(ANNA, PASSWORD);
    assert_eq!(stranger.browser.count("#login-error"), 1, "{}", stranger.browser.text());
    stranger.judge("too many wrong passwords");
    browser.open(&office.at("/"));
    browser.log_in(ANNA, PASSWORD);
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
