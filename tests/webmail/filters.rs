//! Filters without a search: from the inbox by a link, on every screen, in both languages.

use std::path::Path;

use rig::{Screen, letters};

use crate::full_mailbox::rows;
use crate::office::Office;
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";

/// `SEALPOST_KEEP=FOLDER` keeps screenshots of what is checked.
fn keep(watched: &Watched, name: &str) {
    let Some(folder) = std::env::var_os("SEALPOST_KEEP") else { return };
    for screen in [Screen::NARROW, Screen::PHONE, Screen::DESKTOP] {
        watched.browser.look_on(screen);
        let file = Path::new(&folder).join(format!("{name}-{}.png", screen.width));
        std::fs::write(file, watched.browser.picture()).unwrap();
    }
}

fn filtered(language: &'static str) {
    let office = Office::new(language);
    let watched = Watched::new(&office, language, true);
    let browser = &watched.browser;
    let link = office.send(ANNA, &letters::plain("[vertraulich] Police 1", "Guten Tag"));
    browser.activate(&link);
    browser.click_through("ul.letters a");
    office.send(ANNA, &letters::plain("[vertraulich] Police 2", "Guten Tag"));
    let pdf = letters::pdf("x");
    office.send(ANNA, &letters::rich("Ihre Unterlagen", "Guten Tag", "<p>Guten Tag</p>", "Police.pdf", &pdf));
    browser.open(&office.at("/inbox"));
    watched.judge("the inbox");
    keep(&watched, &format!("inbox-{language}"));
    browser.look_on(Screen::NARROW);
    browser.click_through("a.filter");
    watched.judge("the filters");
    keep(&watched, &format!("filters-{language}"));
    assert_eq!(rows(browser), 0);
    browser.click("input[name=unread]");
    browser.click_through(".narrowing button");
    watched.judge("what is unread");
    keep(&watched, &format!("unread-{language}"));
    assert_eq!(rows(browser), 2);
    browser.click("input[name=files]");
    browser.click_through(".narrowing button");
    assert_eq!(rows(browser), 1);
}

#[test]
fn letters_are_filtered_from_the_inbox_on_every_screen() {
    for language in ["de", "en"] {
        filtered(language);
    }
}
