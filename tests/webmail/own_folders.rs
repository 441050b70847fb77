//! Folders of one's own: created, filled from one page or all of them, by mouse, keyboard and without
//! scripts; a move undone; searched; and deleted without a letter being deleted with them.

use rig::reader::{ANSWER, PASSWORD};
use rig::{canary, letters};

use crate::full_mailbox::{ANNA, full, key_through, rows};
use crate::office::Office;
use crate::watch::Watched;

/// Unlike anything else on a disk.
const NAME: &str = "Wachtelkoenig-Schadenakten";

#[test]
fn all_letters_of_all_pages_are_moved_and_the_move_is_taken_back() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    full(&office, browser);
    browser.click(".bar [data-pick-all] input");
    browser.click(".every input");
    browser.click(".more summary");
    browser.click_through("button[value=move]");
    assert_eq!(browser.text_of("h1"), "27 Nachrichten verschieben");
    browser.fill("#name", "Müller & Söhne");
    // What comes meanwhile was not meant.
    office.send(ANNA, &letters::plain("[vertraulich] Police 27", "Guten Tag"));
    browser.click_through("button[value=move]");
    assert!(browser.text().contains("27 Nachrichten sind verschoben."), "{}", browser.text());
    assert_eq!((rows(browser), browser.text_of("ul.letters").contains("Police 27")), (1, true));
    browser.click_through("button[value=move-back]");
    assert!(
        browser.text().contains("27 Nachrichten liegen wieder dort, wo sie waren."),
        "{}",
        browser.text()
    );
    assert!(browser.text_of(".headline").contains("28 Nachrichten"), "{}", browser.text_of(".headline"));

    // By keyboard, one, into the folder that is there.
    browser.execute("document.querySelector('ul.letters a').focus()");
    key_through(browser, "v");
    assert_eq!(browser.text_of("h1"), "Eine Nachricht verschieben");
    browser.click("input[name=to-folder]");
    browser.click_through("button[value=move]");
    assert!(browser.text().contains("Eine Nachricht ist verschoben."), "{}", browser.text());
    key_through(browser, "z");
    assert!(browser.text().contains("Eine Nachricht liegt wieder dort, wo sie war."), "{}", browser.text());

    // From the letter itself, and by its folder's name back to the folder.
    browser.click_through("ul.letters a");
    key_through(browser, "v");
    browser.click("input[name=to-folder]");
    browser.click_through("button[value=move]");
    browser.click(".own summary");
    browser.click_through(".own a[href^='/folder/']");
    assert_eq!((browser.text_of("h1"), rows(browser)), ("Müller & Söhne".to_owned(), 1));
    browser.click_through("ul.letters a");
    assert_eq!(browser.text_of(".back"), "Müller & Söhne");

    // A search finds it and shows its folder.
    browser.open(&office.at("/inbox"));
    browser.fill("#words", "Police 27");
    browser.click_through(".search button");
    assert!(browser.text_of("ul.letters").contains("Müller & Söhne"), "{}", browser.text_of("ul.letters"));
    assert!(!browser.text_of("ul.letters").contains("Police 26"));

    // Out of the trash it comes back into its folder.
    browser.click_through("ul.letters a");
    browser.click("details.save summary");
    browser.click_through("button[value=trash]");
    assert!(browser.url().contains("/folder/"), "{}", browser.url());
    assert_eq!(rows(browser), 0);
    browser.click_through("button[value=undo]");
    assert_eq!(rows(browser), 1);

    // The folder is deleted, the letter stays.
    browser.open(&office.at("/folders"));
    assert!(browser.text_of(".own-folders li").contains("Eine Nachricht"), "{}", browser.text());
    browser.click_through("button[value=remove]");
    assert!(browser.text().contains("wird nicht gelöscht"), "{}", browser.text());
    browser.click_through("button[value=remove]");
    assert!(browser.text().contains("Der Ordner ist gelöscht."), "{}", browser.text());
    browser.open(&office.at("/inbox"));
    assert!(browser.text_of(".headline").contains("28 Nachrichten"), "{}", browser.text_of(".headline"));
    office.gateway.sweep();
}

#[test]
fn folders_work_without_scripts_and_survive_a_new_password() {
    let office = Office::new("en");
    let watched = Watched::new(&office, "en", false);
    let browser = &watched.browser;
    let link = office.send(ANNA, &letters::plain("[vertraulich] Police 0", "Guten Tag"));
    browser.activate(&link);
    browser.open(&office.at("/folders"));
    browser.fill("#name", "Claims");
    browser.click_through("button[value=make]");
    assert!(browser.text().contains("The folder has been created."), "{}", browser.text());
    browser.click("li .rename summary");
    browser.fill("li .rename input:not([type=hidden])", NAME);
    browser.click_through("button[value=rename]");
    assert!(browser.text_of(".own-folders li").contains(NAME), "{}", browser.text());
    browser.open(&office.at("/inbox"));
    browser.click("ul.letters input");
    browser.click(".more summary");
    browser.click_through("button[value=move]");
    browser.click("input[name=to-folder]");
    browser.click_through("button[value=move]");
    assert_eq!(rows(browser), 0);
    browser.click(".own summary");
    browser.click_through(".own a[href^='/folder/']");
    assert_eq!((browser.text_of("h1"), rows(browser)), (NAME.to_owned(), 1));
    let folder = browser.url();
    // A new key pair, and everything sealed to it.
    browser.open(&office.at("/inbox"));
    browser.log_out();
    browser.open(&office.at("/forgot"));
    browser.fill("#address", ANNA);
    let link = office.next_link(|| browser.click_through("form[action='/forgot'] button"));
    browser.open(&link);
    browser.fill("#answer", ANSWER);
    browser.fill("#password", PASSWORD);
    browser.fill("#repeat", PASSWORD);
    browser.click_through("main form .submit button");
    browser.log_in(ANNA, PASSWORD);
    browser.open(&folder);
    assert_eq!((browser.text_of("h1"), rows(browser)), (NAME.to_owned(), 1), "{}", browser.text());
    let sightings = canary::scan(&office.gateway.home.data(), &[rig::Canary::new(NAME)]);
    assert!(sightings.is_empty(), "readable on disk: {sightings:?}");
    office.gateway.sweep();
}
