//! Conversations: letters that answer each other, with one's own replies, beside each letter and as one line
//! of a list; by mouse, by keyboard and without scripts; joined by references, never by subjects.

use rig::{Browser, Screen, canary, letters};

use crate::full_mailbox::{ANNA, key_through, rows};
use crate::office::Office;
use crate::watch::Watched;

/// Unlike anything else on a disk.
const FIRST: &str = "wiedehopf-anfang-1@insurer.example";

fn letter(subject: &str, id: &str, fields: &str, day: u32) -> Vec<u8> {
    format!(
        "From: Erika Muster <erika.muster@insurer.example>\r\nTo: {ANNA}\r\nSubject: [vertraulich] {subject}\r\n\
         Date: {day} Nov 2026 09:30:00 +0100\r\nMessage-ID: <{id}>\r\n{fields}Content-Type: text/plain\r\n\r\n\
         Guten Tag, Brief {id}\r\n"
    )
    .into_bytes()
}

/// A conversation of three letters and an answer, and a letter that has only its subject in common with them.
fn talk(office: &Office, browser: &Browser) {
    let link = office.send(ANNA, &letter("Schaden 17", FIRST, "", 20));
    browser.activate(&link);
    browser.click_through("ul.letters a");
    assert_eq!(browser.count(".talk"), 0, "one letter is no conversation");
    browser.click_through("button[value=reply]");
    browser.fill("#text", "Hier ist das Foto.");
    let before = office.hop.delivered().len();
    browser.click_through("button[value=send]");
    let answer = &office.hop.wait(before + 1)[before].bytes;
    let answer = letters::field(answer, "Message-ID").unwrap();
    // To the answer alone; to the first alone, under another subject; to what never came here.
    office.send(
        ANNA,
        &letter("AW: Schaden 17", "two@insurer.example", &format!("In-Reply-To: {answer}\r\n"), 21),
    );
    let references = format!("References: <never-came@insurer.example>\r\n <{FIRST}>\r\n");
    office.send(ANNA, &letter("Gutachten liegt vor", "three@insurer.example", &references, 22));
    office.send(ANNA, &letter("Schaden 17", "other@insurer.example", "", 23));
}

fn open(office: &Office, browser: &Browser, subject: &str) {
    browser.open(&office.at("/inbox"));
    browser.execute("window.stale = true");
    browser.execute(&format!(
        "[...document.querySelectorAll('ul.letters > li')].find((one) => one.textContent.includes({subject:?}))
            .querySelector('a').click()"
    ));
    browser.wait_for("the letter", |browser| {
        let there = browser.try_execute("return document.readyState === 'complete' && !window.stale")?;
        (there == true).then_some(())
    });
}

/// Where the letters of a conversation lead, in their order.
fn beside(browser: &Browser) -> Vec<String> {
    let found =
        browser.execute("return [...document.querySelectorAll('.talk li a')].map((a) => a.textContent)");
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn letters_of_one_conversation_stand_together() {
    let office = Office::new("de");
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    talk(&office, browser);
    browser.open(&office.at("/inbox"));
    assert_eq!(rows(browser), 4, "each separately until it is set otherwise");

    open(&office, browser, "Gutachten liegt vor");
    assert_eq!(browser.text_of(".talk summary"), "Konversation (4)");
    watched.judge("a letter of a conversation");
    browser.click(".talk summary");
    watched.judge("its conversation opened");
    let lines = beside(browser);
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, says) in lines.iter().zip(["Posteingang", "Sie Gesendet", "Ungelesen", "Posteingang"]) {
        assert!(line.contains(says), "{says}: {lines:?}");
    }
    assert_eq!(browser.count(".talk li:last-child a[aria-current=page]"), 1);
    browser.click_through(".talk li:nth-child(2) a");
    assert!(browser.text().contains("Hier ist das Foto."), "{}", browser.text());
    assert_eq!((beside(browser).len(), browser.text_of(".back")), (4, "Gesendet".to_owned()));

    // One line for all of them, and the way on where reading stopped.
    browser.open(&office.at("/inbox"));
    browser.click(".sort summary");
    watched.judge("how the list is ordered");
    browser.click_through("button[value=group]");
    assert_eq!(rows(browser), 2);
    watched.judge("the inbox by conversation");
    let line = "ul.letters > li:last-child";
    let said = browser.text_of(line);
    assert!(said.contains("Gutachten liegt vor") && said.contains("eine ungelesen"), "{said}");
    assert!(
        browser.text_of(".headline").contains("4 Nachrichten, 2 ungelesen"),
        "{}",
        browser.text_of(".headline")
    );
    browser.look_on(Screen::DESKTOP);
    browser.click_through(&format!("{line} a"));
    assert!(browser.text().contains("Brief two@insurer.example"), "{}", browser.text());
    browser.wait_for("the list beside it", |browser| (browser.count(".beside li") == 2).then_some(()));
    assert_eq!(browser.count(".beside li:last-child a[aria-current]"), 1);

    // An action on the line applies to its letters here, and not to letters that came meanwhile.
    browser.open(&office.at("/inbox"));
    browser.click(&format!("{line} input"));
    browser.click(".more summary");
    let late = format!("References: <{FIRST}>\r\n");
    office.send(ANNA, &letter("Nachtrag", "four@insurer.example", &late, 24));
    browser.click_through("button[value=unread]");
    assert!(
        browser.text().contains("3 Nachrichten sind jetzt als ungelesen markiert."),
        "{}",
        browser.text()
    );
    assert!(
        browser.text_of("ul.letters > li:first-child").contains("4 ungelesen"),
        "{}",
        browser.text_of("ul.letters")
    );
    browser.execute("document.querySelector('ul.letters a').focus()");
    key_through(browser, "e");
    assert!(browser.text().contains("4 Nachrichten liegen jetzt im Papierkorb."), "{}", browser.text());
    assert_eq!(rows(browser), 1);
    key_through(browser, "z");
    assert!(browser.text().contains("4 Nachrichten sind wieder da, wo sie waren."), "{}", browser.text());

    // Into a folder, where they are together too; a search finds each.
    browser.execute("document.querySelector('ul.letters a').focus()");
    key_through(browser, "v");
    assert_eq!(browser.text_of("h1"), "4 Nachrichten verschieben");
    browser.fill("#name", "Schäden");
    browser.click_through("button[value=move]");
    assert!(browser.text().contains("4 Nachrichten sind verschoben."), "{}", browser.text());
    assert_eq!(rows(browser), 1);
    browser.click(".own summary");
    browser.click_through(".own a[href^='/folder/']");
    assert_eq!((rows(browser), browser.text_of("h1")), (1, "Schäden".to_owned()));
    watched.judge("a folder by conversation");
    browser.click_through("ul.letters a");
    assert_eq!(browser.text_of(".talk summary"), "Konversation (5)");
    assert!(beside(browser)[0].contains("Schäden"), "{:?}", beside(browser));
    browser.open(&office.at("/inbox"));
    browser.fill("#words", "Brief");
    browser.click_through(".search button");
    assert_eq!(rows(browser), 5);

    // All of all, and back to single letters.
    browser.open(&office.at("/inbox"));
    browser.click(".sort summary");
    browser.click_through("button[value=apart]");
    assert_eq!(rows(browser), 1);
    let sightings = canary::scan(&office.gateway.home.data(), &[rig::Canary::new(FIRST)]);
    assert!(sightings.is_empty(), "readable on disk: {sightings:?}");
    office.gateway.sweep();
}

#[test]
fn conversations_work_without_scripts_and_over_pages() {
    let office = Office::new("en");
    let watched = Watched::new(&office, "en", false);
    let browser = &watched.browser;
    let link = office.send(ANNA, &letter("Claim 0", FIRST, "", 20));
    browser.activate(&link);
    let references = format!("References: <{FIRST}>\r\n");
    for n in 1..4 {
        office.send(ANNA, &letter("Re: Claim 0", &format!("answer-{n}@insurer.example"), &references, 21));
    }
    for n in 1..27 {
        office.send(ANNA, &letter(&format!("Claim {n}"), &format!("claim-{n}@insurer.example"), "", 22));
    }
    browser.open(&office.at("/account"));
    browser.click("input[name=grouped]");
    browser.click_through("form[action='/account'] button.button");
    assert_eq!(browser.count("input[name=grouped]:checked"), 1);
    browser.open(&office.at("/inbox"));
    assert_eq!(rows(browser), 25);
    browser.click_through("a[rel=next]");
    assert_eq!(rows(browser), 2, "27 conversations of 30 letters");
    assert!(browser.text_of(".pages").contains("2"), "{}", browser.text_of(".pages"));
    let line = "ul.letters > li:last-child";
    let says = format!("{line} [aria-label='4 messages in this conversation']");
    assert_eq!(browser.count(&says), 1, "{}", browser.text_of(line));
    browser.click(&format!("{line} input"));
    browser.click(".more summary");
    browser.click_through("button[value=read]");
    assert!(browser.text().contains("4 messages are now marked as read."), "{}", browser.text());
    browser.click_through(&format!("{line} a"));
    browser.click(".talk summary");
    watched.judge("a conversation without scripts");
    assert_eq!(browser.count(".talk li"), 4);
    assert_eq!(browser.count(".talk li:last-child a[aria-current=page]"), 1, "all are read: the newest");
    // By subject, oldest first: the same lines in another order.
    browser.open(&office.at("/inbox?sort=oldest"));
    assert!(
        browser.text_of("ul.letters > li:first-child").contains("Re: Claim 0"),
        "{}",
        browser.text_of("ul.letters")
    );
    browser.open(&office.at("/inbox?sort=subject&page=2"));
    assert_eq!(rows(browser), 2);
    // Nothing of it where it has no place.
    browser.open(&office.at("/trash"));
    assert_eq!(browser.count("button[value=apart], button[value=group]"), 0);
    office.gateway.sweep();
}
