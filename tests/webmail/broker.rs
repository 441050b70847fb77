//! A broker's day: many letters at once, over several pages, by mouse, by keyboard and without scripts; and
//! hasty actions undone.

use rig::browser::Kind;
use rig::{Browser, Screen, letters};

use crate::full_mailbox::{ANNA, full, key_through, rows, type_key};
use crate::office::Office;
use crate::watch::Watched;

#[test]
fn all_letters_of_all_pages_are_marked_deleted_and_had_back() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    full(&office, browser);
    assert_eq!(rows(browser), 25);
    assert_eq!(browser.count(".every:not([hidden])"), 1);
    let shown = "return document.querySelector('.every').checkVisibility()";
    assert_eq!(browser.execute(shown), false, "nothing is ticked yet");
    browser.click(".bar [data-pick-all] input");
    assert_eq!((browser.count("li :checked"), browser.execute(shown)), (25, true.into()));
    browser.click(".every input");
    watched.judge("all of all pages chosen");

    browser.click(".more summary");
    watched.judge("more to do with them");
    browser.click_through("button[value=read]");
    assert!(browser.text().contains("27 Nachrichten sind jetzt als gelesen markiert."), "{}", browser.text());
    assert!(browser.text_of(".headline").contains("alle gelesen"), "{}", browser.text_of(".headline"));
    watched.judge("all are read");

    // One that is not meant any more takes "all" back.
    browser.click(".bar [data-pick-all] input");
    browser.click(".every input");
    browser.click("ul.letters > li:first-child input");
    assert_eq!((browser.count(".every :checked"), browser.count("li :checked")), (0, 24));
    browser.click("ul.letters > li:first-child input");
    browser.click(".every input");
    browser.click_through("button[value=trash]");
    assert!(browser.text_of("h1").contains("Diese 27 Nachrichten löschen?"), "{}", browser.text());
    watched.judge("all of them into the trash?");
    // What comes meanwhile was not meant.
    office.send(ANNA, &letters::plain("[vertraulich] Police 27", "Guten Tag"));
    browser.click_through("button[value=trash]");
    assert!(browser.text().contains("27 Nachrichten liegen jetzt im Papierkorb."), "{}", browser.text());
    assert_eq!((rows(browser), browser.text_of("ul.letters").contains("Police 27")), (1, true));
    watched.judge("deleted, with a way back");
    browser.click_through("button[value=undo]");
    assert!(browser.text().contains("27 Nachrichten sind wieder da, wo sie waren."), "{}", browser.text());
    assert!(browser.text_of(".headline").contains("28 Nachrichten"), "{}", browser.text_of(".headline"));
    browser.open(&office.at("/trash"));
    assert_eq!(rows(browser), 0);

    // As many on a page as one likes, until one likes otherwise.
    let sized = |size: &str| {
        browser.open(&office.at("/account"));
        browser.choose("#size", size);
        browser.click_through("form[action='/account'] button.button");
        browser.open(&office.at("/inbox"));
    };
    sized("50");
    assert_eq!((rows(browser), browser.count(".every")), (28, 0));

    // All that a search found, and nothing else.
    sized("25");
    browser.fill("#words", "Police");
    browser.click_through(".search button");
    assert_eq!(rows(browser), 25);
    browser.click(".bar [data-pick-all] input");
    browser.click(".every input");
    browser.click(".more summary");
    browser.click_through("button[value=unread]");
    assert!(
        browser.text().contains("27 Nachrichten sind jetzt als ungelesen markiert."),
        "{}",
        browser.text()
    );
    office.gateway.sweep();
}

#[test]
fn everything_works_without_scripts() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", false);
    let browser = &watched.browser;
    full(&office, browser);
    browser.click(".every input");
    browser.click_through("button[value=trash]");
    assert!(browser.text_of("h1").contains("Diese 27 Nachrichten löschen?"), "{}", browser.text());
    browser.click_through("button[value=trash]");
    assert_eq!(rows(browser), 0);
    browser.click_through("button[value=undo]");
    assert!(browser.text_of(".headline").contains("27 Nachrichten"), "{}", browser.text());
    // From the second page one comes back to the second page.
    browser.open(&office.at("/inbox?page=2"));
    browser.click("ul.letters > li:first-child input");
    browser.click(".more summary");
    browser.click_through("button[value=read]");
    assert!(browser.text().contains("Eine Nachricht ist jetzt als gelesen markiert."), "{}", browser.text());
    assert_eq!(rows(browser), 2, "still the second page");
}

#[test]
fn single_keys_move_choose_delete_and_can_be_turned_off() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    full(&office, browser);
    let focused = "return document.activeElement.closest('li')?.querySelector('.what').textContent";
    for (key, there) in [("j", "Police 26"), ("j", "Police 25"), ("k", "Police 26"), ("k", "Police 26")] {
        type_key(browser, key);
        assert_eq!(browser.execute(focused), there, "{key}");
    }
    type_key(browser, "x");
    assert_eq!(browser.count("li :checked"), 1);
    type_key(browser, "x");
    assert_eq!(browser.count("li :checked"), 0);
    type_key(browser, "?");
    browser.wait_for("the list of keys", |browser| (browser.count("dialog[open]") == 1).then_some(()));
    let found = crate::axe::findings(browser);
    assert!(found.is_empty(), "{found:#?}");
    browser.click("#keys button");
    assert_eq!(browser.count("dialog[open]"), 0);
    type_key(browser, "j");
    key_through(browser, "e");
    assert!(browser.text().contains("Die Nachricht liegt jetzt im Papierkorb."), "{}", browser.text());
    key_through(browser, "z");
    assert!(browser.text().contains("Die Nachricht ist wieder da, wo sie war."), "{}", browser.text());
    // In a field a key is a letter.
    type_key(browser, "/");
    assert_eq!(browser.execute("return document.activeElement.id"), "words");
    type_key(browser, "e");
    assert_eq!(browser.execute("return document.activeElement.id"), "words");

    browser.open(&office.at("/inbox"));
    browser.click_through("ul.letters a");
    key_through(browser, "u");
    assert!(
        browser.text().contains("Eine Nachricht ist jetzt als ungelesen markiert."),
        "{}",
        browser.text()
    );
    assert!(browser.text_of(".headline").contains("27 ungelesen"), "{}", browser.text_of(".headline"));

    browser.open(&office.at("/account"));
    browser.click("input[name=keys]");
    browser.click_through("form[action='/account'] button.button");
    browser.open(&office.at("/inbox"));
    type_key(browser, "j");
    assert_eq!((browser.count("[data-keys]"), browser.execute(focused)), (0, serde_json::Value::Null));
}

#[test]
fn after_sending_one_is_where_one_came_from() {
    let office = Office::new("de");
    let browser = &Browser::of_kind(&Kind::new("de"));
    let link = office.send(ANNA, &letters::plain("[vertraulich] Police 1", "Guten Tag"));
    browser.activate(&link);
    browser.click_through("ul.letters a");
    let letter = browser.url();
    browser.click_through("button[value=reply]");
    assert!(browser.text_of(".back").contains("Zurück zur Nachricht"), "{}", browser.text_of(".back"));
    browser.fill("#text", "Danke");
    browser.click_through("button[value=send]");
    assert_eq!(browser.url(), format!("{letter}?done=sent"));
    assert!(browser.text().contains("Ihre Nachricht ist unterwegs."), "{}", browser.text());
    browser.open(&office.at("/inbox"));
    browser.click_through(".new-letter button");
    browser.fill("#to", "erika.muster@insurer.example");
    browser.fill("#text", "Guten Tag");
    browser.click_through("button[value=send]");
    assert_eq!(browser.url(), office.at("/inbox?done=sent"));
}

#[test]
fn what_narrows_a_search_is_folded_until_it_is_used() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    let link = office.send(ANNA, &letters::plain("[vertraulich] Police 1", "Guten Tag"));
    browser.activate(&link);
    browser.look_on(Screen::PHONE);
    browser.open(&office.at("/inbox"));
    browser.fill("#words", "Police");
    browser.click_through(".search button");
    let top = "return document.querySelector('ul.letters').getBoundingClientRect().top";
    assert!(browser.execute(top).as_f64().unwrap() < 560.0, "{}", browser.execute(top));
    assert_eq!(browser.count(".narrowing[open]"), 0);
    browser.click(".narrowing summary");
    browser.click("input[name=unread]");
    browser.click_through("#find .search button");
    assert_eq!((browser.count(".narrowing[open]"), rows(browser)), (1, 1));
    watched.judge("narrowed");
}
