//! A hold stops every clock, that of the link to a mailbox too; and a mailbox whose only letter was taken back promises none.

use rig::letters;
use rig::reader::activate;

use crate::sender_told::{CUSTOMER, Office};

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
