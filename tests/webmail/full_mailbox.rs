//! A mailbox with more letters than fit on one page: counts and keyboard navigation of its list.

use rig::{Browser, letters};

use crate::office::Office;

pub(crate) const ANNA: &str = "anna.mueller@web.example";
const LETTERS: usize = 27;

/// A mailbox with more letters than one page has, signed in.
pub(crate) fn full(office: &Office, browser: &Browser) {
    let link = office.send(ANNA, &letters::plain("[vertraulich] Police 0", "Guten Tag"));
    browser.activate(&link);
    for n in 1..LETTERS {
        office.send(ANNA, &letters::plain(&format!("[vertraulich] Police {n}"), "Guten Tag"));
    }
    browser.open(&office.at("/inbox"));
    assert!(browser.text().contains(&format!("{LETTERS} Nachrichten")), "{}", browser.text());
}

pub(crate) fn rows(browser: &Browser) -> usize {
    browser.count("ul.letters > li")
}

pub(crate) fn type_key(browser: &Browser, key: &str) {
    browser.execute(&format!(
        "(document.activeElement ?? document.body).dispatchEvent(
            new KeyboardEvent('keydown', {{ key: {key:?}, bubbles: true, cancelable: true }}))"
    ));
}

/// Types a key that leads to another page.
pub(crate) fn key_through(browser: &Browser, key: &str) {
    browser.execute("window.stale = true");
    type_key(browser, key);
    browser.wait_for("the next page", |browser| {
        let there = browser.try_execute("return document.readyState === 'complete' && !window.stale")?;
        (there == true).then_some(())
    });
}
