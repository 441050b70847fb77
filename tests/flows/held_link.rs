//! A hold stops all deadlines, including that of the mailbox's link; and a mailbox whose only letter was
//! recalled promises none.

use rig::letters;
use rig::reader::{PASSWORD, activate};

use crate::sender_told::{CUSTOMER, Office, SENDER};

#[test]
fn the_link_of_a_mailbox_that_is_held_does_not_run_out() {
    let office = Office::open(|_| {});
    office.letter("eins");
    let link = letters::link(&office.hop.wait_to(CUSTOMER).bytes);
    let held = office.gateway.sealpost(&["mailbox", "hold", CUSTOMER, "--note", "Verfahren"]);
    assert_eq!(held.0, 0, "{held:?}");
    office.day(60);
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link);
    assert!(inbox.text().contains("aufbewahrt"), "{}", inbox.text());
    office.gateway.sweep();
}

#[test]
fn a_letter_taken_back_is_not_promised() {
    let office = Office::open(|_| {});
    office.letter("eins");
    let link = letters::link(&office.hop.wait_to(CUSTOMER).bytes);
    let path = link.split_once("/a/").map(|(_, token)| format!("/a/{token}")).unwrap();
    let mut web = office.gateway.web();
    assert!(web.get(&path).text().contains("wartet auf Sie"));
    let (_, shown, _) = office.gateway.sealpost(&["mailbox", "show", CUSTOMER, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let letter = shown["letters"][0]["letter"].as_str().unwrap();
    let back = office.gateway.sealpost(&["letter", "recall", letter, "--note", "Irrtum"]);
    assert_eq!(back.0, 0, "{back:?}");
    let page = web.get(&path);
    assert!(page.status == 200 && !page.text().contains("wartet auf Sie"), "{}", page.text());
    assert!(page.text().contains("keine Nachricht darin"), "{}", page.text());
    office.gateway.sweep();
}

/// What is left of a recalled letter, and the owner's folders, are under the hold, too.
#[test]
fn the_word_of_a_letter_taken_back_and_the_folders_of_a_mailbox_that_is_held_stay() {
    let office = Office::open(|config| {
        config.set("retention", "letters", r#""20 days""#);
    });
    office.letter("eins");
    let mut web = office.gateway.web();
    activate(&mut web, &letters::link(&office.hop.wait_to(CUSTOMER).bytes));
    let shown: serde_json::Value =
        serde_json::from_str(&office.said(&["mailbox", "show", CUSTOMER, "--json"])).unwrap();
    let letter = shown["letters"][0]["letter"].as_str().unwrap();
    office.said(&["letter", "recall", letter, "--note", "Irrtum"]);
    let folders = web.get("/folders");
    web.submit(&folders, "/folders", &[("do", "make"), ("name", "Kfz")]).expect(303);
    office.said(&["mailbox", "hold", CUSTOMER, "--note", "Verfahren"]);

    let kept = "SELECT (SELECT count(*) FROM withdrawn) * 10 + (SELECT count(*) FROM own_folders)";
    office.day(100);
    assert_eq!(office.gateway.count(kept), 11);
    let mut web = office.gateway.web();
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", CUSTOMER), ("password", PASSWORD)]).expect(303);
    let inbox = web.get("/inbox");
    assert!(inbox.text().contains("zurückgezogen"), "{}", inbox.text());
    let folders = web.get("/folders");
    let page = String::from_utf8_lossy(&folders.body);
    let folder = page.split_once("name=\"folder\" value=\"").unwrap().1;
    let folder = folder.split_once('"').unwrap().0.to_owned();
    let refused = web.submit(&folders, "/folders", &[("do", "remove"), ("folder", &folder), ("sure", "yes")]);
    refused.expect(200);
    assert!(refused.text().contains("aufbewahrt"), "{}", refused.text());
    assert_eq!(office.gateway.count(kept), 11);

    // The rest of its time resumes, and then it is deleted.
    office.said(&["mailbox", "hold", CUSTOMER, "--end", "--note", "beendet"]);
    assert!(web.get("/inbox").text().contains("zurückgezogen"));
    office.day(200);
    assert_eq!(office.gateway.count(kept), 1);
    office.gateway.sweep();
}

#[test]
fn the_initial_password_of_a_mailbox_that_is_held_does_not_run_out() {
    let office = Office::open(|config| {
        config.set("portal", "activation", r#""initial-password""#);
    });
    office.letter("eins");
    office.is_quiet();
    let initial = letters::initial_password(&office.to(SENDER)[0]);
    office.said(&["mailbox", "hold", CUSTOMER, "--note", "Verfahren"]);
    office.day(100);
    let mut web = office.gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", CUSTOMER), ("password", &initial)]);
    page.expect(303);
    assert_eq!(page.header("Location"), Some("/first"));
    office.gateway.sweep();
}
