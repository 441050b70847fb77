//! A letter that its recipient saves without opening its page counts as fetched: for its sender, for a
//! recall, for the evidence. In the recipient's own list it stays unread.

use rig::letters::{link, pdf, rich};
use rig::reader::{activate, letter_paths};

use crate::sender_told::{CUSTOMER, Office, SENDER};

pub(crate) fn shown(office: &Office) -> serde_json::Value {
    serde_json::from_str(&office.said(&["mailbox", "show", CUSTOMER, "--json"])).unwrap()
}

#[test]
fn a_letter_that_was_saved_counts_as_opened() {
    let office = Office::open(|config| {
        config.set("senders", "expired-unread", "true").set("senders", "unfetched", r#""14 days""#);
    });
    for text in ["eins", "zwei", "drei", "vier"] {
        office.letter(text);
    }
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    let paths = letter_paths(&inbox);
    let ids: Vec<&str> = paths.iter().map(|path| path.rsplit_once('/').unwrap().1).collect();
    let [archived, original, exported, _untouched] = ids[..] else { panic!("{paths:?}") };

    let page = web.get("/inbox");
    let page = web.submit(&page, "/letters", &[("folder", "inbox"), ("id", archived), ("do", "export")]);
    web.submit(&page, "/export/zip", &[("format", "eml")]).expect(200);
    web.get(&format!("/m/{original}/eml")).expect(200);
    web.get(&format!("/m/{exported}/msg")).expect(200);

    let letters = shown(&office)["letters"].as_array().unwrap().clone();
    let is_open = |id: &str| {
        let letter = letters.iter().find(|letter| letter["letter"] == id).unwrap();
        !letter["opened"].is_null()
    };
    assert_eq!(ids.iter().map(|id| is_open(id)).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(
        web.get("/inbox").text().matches("ungelesen").count(),
        inbox.text().matches("ungelesen").count()
    );
    // A saved letter is in the recipient's hands.
    let back = office.gateway.sealpost(&["letter", "recall", archived, "--note", "Irrtum"]);
    assert!(back.0 != 0 && back.2.contains("opened"), "{back:?}");

    office.day(15);
    assert_eq!(office.to(SENDER).len(), 1, "of the one that is not fetched");
    office.gateway.sweep();
}

#[test]
fn files_that_are_saved_stand_in_the_trail_and_in_the_evidence() {
    let office = Office::open(|_| {});
    let letter = rich("[vertraulich] Akte", "Text", "<p>Text</p>", "akte.pdf", &pdf("Akte"));
    office.gateway.smtp().letter(SENDER, &[CUSTOMER], &letter).expect("250 *");
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    let path = letter_paths(&inbox).remove(0);
    let id = path.rsplit_once('/').unwrap().1;
    web.get(&format!("{path}/part/0")).expect(200);
    web.get(&format!("{path}/files")).expect(200);
    let kept = "SELECT count(*) FROM audit WHERE action = 'letter.exported' AND detail = 'format=attachment'";
    assert_eq!(office.gateway.count(kept), 2);
    let (_, facts, _) = office.gateway.sealpost(&["letter", "evidence", id, "--json"]);
    assert!(facts.contains("letter.opened"), "{facts}");
    office.gateway.sweep();
}
