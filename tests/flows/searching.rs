//! Lists and search over encrypted letters: what the first view writes into the rows, that none of it is
//! needed for reading, that people find what they type, and that deleted letters cannot be found.

use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{activate, letter_paths};
use rig::{Config, Gateway, Hop, Web};

fn send(gateway: &Gateway, hop: &Hop, subject: &str, text: &str) -> Vec<u8> {
    let before = hop.delivered().len();
    let letter = letters::plain(&format!("[vertraulich] {subject}"), text);
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    hop.wait(before + 1)[before].bytes.clone()
}

fn found(web: &mut Web, words: &str) -> usize {
    let inbox = web.get("/inbox");
    let page = web.submit(&inbox, "/search", &[("words", words), ("folder", "inbox")]);
    page.expect(200);
    letter_paths(&page).len()
}

fn change(gateway: &Gateway, sql: &str) {
    rig::gateway::change(&gateway.home.data(), sql);
}

/// Keys that still need a key exchange.
const EXCHANGED: &str =
    "SELECT count(*) FROM deposits WHERE substr(key_sealed, 1, 4) <> CAST('SPMW' AS BLOB)";

#[test]
fn what_was_seen_once_is_listed_without_a_key_exchange_and_found_by_its_words() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    let notice = send(&gateway, &hop, "Erste Zusage", "Herr Weiß wohnt in der Großen Straße.");
    assert_eq!(gateway.count(EXCHANGED), 1);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&notice));
    assert_eq!(letter_paths(&inbox).len(), 1);
    assert_eq!(gateway.count(EXCHANGED), 0, "activation wraps what it opens");

    send(&gateway, &hop, "Zweite Zusage", "Ein Wasserschaden bei Frau Özdemir.");
    send(&gateway, &hop, "Dritte Zusage", "Nichts davon.");
    assert_eq!(gateway.count(EXCHANGED), 2);
    assert_eq!(letter_paths(&web.get("/inbox")).len(), 3);
    poll("keys to be wrapped", || (gateway.count(EXCHANGED) == 0).then_some(()));
    poll("words to be made", || (gateway.count("SELECT count(*) FROM words") >= 2).then_some(()));
    // Again, and by another process: what the first look left opens everywhere.
    gateway.restart();
    let inbox = web.get("/inbox");
    for subject in ["Erste Zusage", "Zweite Zusage", "Dritte Zusage"] {
        assert!(inbox.text().contains(subject), "{subject}");
    }

    for (words, count) in
        [("weiss", 1), ("GROSSE strasse", 1), ("oezdemir", 1), ("schaden", 1), ("zusage", 3), ("feuer", 0)]
    {
        assert_eq!(found(&mut web, words), count, "{words}");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM words"), 3);

    // Damaged, or moved to another letter: they are made anew.
    change(&gateway, "UPDATE words SET sealed = (SELECT sealed FROM words ORDER BY sealed DESC LIMIT 1)");
    assert_eq!(found(&mut web, "oezdemir"), 1);
    change(&gateway, "UPDATE words SET sealed = x'00'");
    assert_eq!(found(&mut web, "oezdemir"), 1);
    change(&gateway, "DELETE FROM words");
    assert_eq!((found(&mut web, "oezdemir"), found(&mut web, "oezdemir")), (1, 1));
    assert_eq!(gateway.count("SELECT count(*) FROM words"), 3);

    // Moved, it is found in its new place; destroyed, its words have gone with it.
    let second = letter_paths(&web.get("/inbox"));
    let id = second[1].rsplit_once('/').unwrap().1.to_owned();
    let words = rig::erased::pieces(&gateway, "SELECT sealed FROM words");
    let inbox = web.get("/inbox");
    web.submit(&inbox, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
    assert_eq!(found(&mut web, "oezdemir"), 1);
    let trash = web.get("/trash");
    let sure = web.submit(&trash, "/letters", &[("id", &id), ("do", "destroy")]);
    let sure = web.follow(sure);
    web.submit(&sure, "/letters", &[("id", &id), ("do", "destroy"), ("sure", "yes")]).expect(303);
    assert_eq!(found(&mut web, "oezdemir"), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM words"), 2);

    // Everything is deleted with the mailbox.
    let page = web.get("/account/delete");
    let form = [("current", rig::reader::PASSWORD), ("sure", "yes")];
    let deleted = web.submit(&page, "/account/delete", &form);
    assert!(deleted.status < 400, "{}", deleted.text());
    assert_eq!(gateway.count("SELECT count(*) FROM words"), 0);
    rig::erased::gone(&gateway, "the words to go", &words);
    gateway.sweep();
}

#[test]
fn letters_are_filtered_before_anything_is_searched_for() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let notice = send(&gateway, &hop, "Erste Zusage", "Gelesen.");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&notice));
    web.get(&letter_paths(&inbox)[0]).expect(200);
    send(&gateway, &hop, "Zweite Zusage", "Ungelesen.");

    let inbox = web.get("/inbox");
    assert!(inbox.text().contains("href=\"/search\""), "the inbox leads to the filters");
    let form = web.get("/search?folder=sent");
    form.expect(200);
    assert!(form.text().contains("<a href=\"/sent\">"), "and they lead back to where one came from");
    assert!(letter_paths(&form).is_empty(), "nothing is sought yet");
    for (query, count) in [
        ([("unread", "1"), ("sort", "oldest")], 1),
        ([("files", "1"), ("sort", "newest")], 0),
        ([("from", "2000-01-01"), ("sort", "subject")], 2),
        ([("to", "2000-01-01"), ("sort", "newest")], 0),
    ] {
        let page = web.submit(&form, "/search", &[[("words", "")].as_slice(), &query].concat());
        page.expect(200);
        assert_eq!(letter_paths(&page).len(), count, "{query:?}");
    }
    gateway.sweep();
}

#[test]
fn an_address_of_the_web_is_found_with_and_without_what_stands_before_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let notice = send(&gateway, &hop, "Formular", "Es steht auf www.versicherung.example/x bereit.");
    let mut web = gateway.web();
    activate(&mut web, &link(&notice));
    send(&gateway, &hop, "Formular", "Es steht auf https://www.versicherung.example/x/ bereit.");
    for typed in
        ["https://www.versicherung.example/x", "www.versicherung.example/x/", "versicherung.example/x"]
    {
        assert_eq!(found(&mut web, typed), 2, "{typed}");
    }
    assert_eq!(found(&mut web, "https://www.versicherung.example/y"), 0);
    gateway.sweep();
}
