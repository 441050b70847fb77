//! A broker's day from the first mail to the last: three hundred letters that came overnight, read, sorted,
//! answered and filed in one mailbox; and one mail about all of them.

use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::{Browser, Config, Gateway, Hop, letters};

use crate::full_mailbox::{ANNA, key_through, rows, type_key};

const LETTERS: usize = 300;
const HOUR: i64 = 3600;

/// Every tenth answers the one before it, every twentieth is about a cancellation.
fn letter(n: usize) -> Vec<u8> {
    let id = |n: usize| format!("<police-{n}@insurer.example>");
    let subject = if n % 20 == 7 { format!("Kündigung {n}") } else { format!("Police {n}") };
    let answers = if n % 10 == 9 { format!("In-Reply-To: {}\r\n", id(n - 1)) } else { String::new() };
    format!(
        "From: Erika Muster <erika.muster@insurer.example>\r\nTo: {ANNA}\r\nSubject: [vertraulich] {subject}\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\nMessage-ID: {}\r\n{answers}MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag\r\n",
        id(n)
    )
    .into_bytes()
}

fn headline(browser: &Browser) -> String {
    browser.text_of(".headline")
}

/// Everything on every page, and something done with it.
fn with_all(browser: &Browser, deed: &str) {
    browser.click(".bar [data-pick-all] input");
    browser.click(".every input");
    browser.click(".more summary");
    browser.click_through(&format!("button[value={deed}]"));
}

#[test]
fn three_hundred_letters_are_a_morning_and_not_a_day() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut config = Config::new(&hop);
    config
        .unset("notices", "pending-pace")
        .set("notices", "language", r#""de""#)
        .set("portal.write", "domains", r#"["insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    let mut session = gateway.smtp();
    for n in 0..LETTERS {
        session.letter("erika.muster@insurer.example", &[ANNA], &letter(n)).expect("250 *");
    }
    drop(session);
    let at = |path: &str| format!("http://{}{path}", gateway.config.web);
    let browser = &Browser::start();
    browser.activate(&letters::link(&hop.wait_to(ANNA).bytes));
    assert!(headline(browser).contains("300 Nachrichten, 300 ungelesen"), "{}", headline(browser));
    assert_eq!(rows(browser), 25);

    // As many as fit a page, by conversation: thirty of them have two letters.
    browser.open(&at("/account"));
    browser.choose("#size", "100");
    browser.choose("#pace", "hourly");
    browser.click("input[name=grouped]");
    browser.click_through("form[action='/account'] button.button");
    browser.open(&at("/inbox?page=3"));
    assert_eq!(rows(browser), 70, "270 lines, a hundred a page");
    browser.open(&at("/inbox"));
    assert!(browser.text_of("ul.letters > li:first-child").contains("2 ungelesen"), "{}", browser.text());

    // Down by key, two chosen, away and back.
    for key in ["j", "x", "j", "x"] {
        type_key(browser, key);
    }
    assert_eq!(browser.count("li :checked"), 2);
    key_through(browser, "e");
    assert!(browser.text().contains("3 Nachrichten liegen jetzt im Papierkorb."), "{}", browser.text());
    key_through(browser, "z");
    assert!(headline(browser).contains("300 Nachrichten"), "{}", headline(browser));

    // Cancelled items are moved into a folder, across pages.
    browser.fill("#words", "kuendigung");
    browser.click_through(".search button");
    assert_eq!(rows(browser), 15);
    browser.click(".bar [data-pick-all] input");
    browser.click(".more summary");
    browser.click_through("button[value=move]");
    browser.fill("#name", "Kündigungen");
    browser.click_through("button[value=move]");
    assert!(browser.text().contains("15 Nachrichten sind verschoben."), "{}", browser.text());
    assert!(headline(browser).contains("285 Nachrichten"), "{}", headline(browser));

    // All of the rest is read, and one is not done with.
    with_all(browser, "read");
    assert!(headline(browser).contains("alle gelesen"), "{}", headline(browser));
    browser.click_through("ul.letters > li:nth-child(2) a");
    let opened = browser.url();
    browser.click_through("button[value=reply]");
    browser.fill("#text", "Danke, das hat sich erledigt.");
    browser.click_through("button[value=send]");
    assert_eq!(browser.url(), format!("{opened}?done=sent"), "one is where one came from");
    assert_eq!(browser.text_of(".talk summary"), "Konversation (2)");
    key_through(browser, "u");
    assert!(headline(browser).contains("eine ungelesen"), "{}", headline(browser));

    // The evening: everything away, and back once more.
    browser.click(".bar [data-pick-all] input");
    browser.click(".every input");
    browser.click_through("button[value=trash]");
    assert!(browser.text_of("h1").contains("Diese 285 Nachrichten löschen?"), "{}", browser.text());
    browser.click_through("button[value=trash]");
    assert_eq!(rows(browser), 0);
    browser.click_through("button[value=undo]");
    assert!(headline(browser).contains("285 Nachrichten, eine ungelesen"), "{}", headline(browser));

    // There was one mail that invited; of what comes in the evening there is one more.
    let mut session = gateway.smtp();
    for n in LETTERS..LETTERS + 6 {
        session.letter("erika.muster@insurer.example", &[ANNA], &letter(n)).expect("250 *");
    }
    drop(session);
    let mails = || hop.delivered().into_iter().filter(|mail| mail.to() == [ANNA]).collect::<Vec<_>>();
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(mails().len(), 1);
    clock.set(2 * HOUR);
    let since = (IllClock::right() + 2 * HOUR - 60) * 1000;
    poll("the job that tells", || {
        let ended =
            "SELECT count(*) FROM job_runs WHERE job = 'digests' AND ended_at IS NOT NULL AND begun_at >= ";
        (gateway.count(&format!("{ended}{since}")) > 0).then_some(())
    });
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let all = mails();
    assert_eq!(all.len(), 2);
    let subject = letters::field(&all[1].bytes, "Subject").unwrap().replace('_', " ");
    assert!(subject.contains("6 neue"), "{subject}");
    gateway.sweep();
}
