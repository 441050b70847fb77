//! A letter deleted unopened by its recipient: where senders are notified of unread letters, they are
//! notified of this one, too, with the reason.

use rig::letters::{field, link};
use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_paths};
use rig::receiver::Receiver;
use rig::{Gateway, Web};

use crate::sender_told::{CUSTOMER, Office, SENDER, subject, text};
use crate::webhooks::webhook;

const OTHER: &str = "kundin@web.example";
const GONE: &str = "SELECT count(*) FROM gone_unread";

/// The one that is in the inbox since `known`.
pub(crate) fn newest(web: &mut Web, known: &[String]) -> String {
    let inbox = web.get("/inbox");
    letter_paths(&inbox).into_iter().find(|path| !known.contains(path)).unwrap()
}

fn act(web: &mut Web, list: &str, path: &str, deed: &str) {
    let id = path.rsplit_once('/').unwrap().1;
    let page = web.get(list);
    let folder = if list == "/trash" { "trash" } else { "inbox" };
    let fields = [("folder", folder), ("id", id), ("do", deed), ("sure", "yes")];
    web.submit(&page, "/letters", &fields).expect(303);
}

pub(crate) fn destroy(web: &mut Web, path: &str) {
    act(web, "/inbox", path, "trash");
    act(web, "/trash", path, "destroy");
}

fn delete_mailbox(web: &mut Web) {
    let page = web.get("/account/delete");
    web.submit(&page, "/account/delete", &[("current", PASSWORD), ("sure", "yes")]).expect(303);
}

fn supported(gateway: &Gateway, args: &[&str]) {
    let (code, out, err) = gateway.sealpost(args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
}

#[test]
fn a_sender_hears_of_each_letter_that_its_recipient_deleted_unread() {
    let receiver = Receiver::new();
    let office = Office::open(|config| {
        config.set("senders", "expired-unread", "true").set("portal", "trash", r#""14 days""#);
        webhook(config, "crm", &receiver);
    });
    let first = office.letter("eins");
    let mut web = office.gateway.web();
    let mut known = vec![];
    let opened = letter_paths(&activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes))).remove(0);
    web.get(&opened).expect(200);
    known.push(opened.clone());
    let mut ids = vec![first];
    for text in ["zwei", "drei", "vier"] {
        ids.push(office.letter(text));
        known.push(newest(&mut web, &known));
    }
    let [_, destroyed, had_back, left_to_time] = &known[..] else { panic!("{known:?}") };

    // An opened one, an unopened one, one restored from the trash, one to be deleted by the trash's
    // retention.
    destroy(&mut web, &opened);
    destroy(&mut web, destroyed);
    act(&mut web, "/inbox", had_back, "trash");
    act(&mut web, "/trash", had_back, "restore");
    act(&mut web, "/inbox", left_to_time, "trash");
    assert_eq!(office.gateway.count(GONE), 1);
    office.day(1);
    let told = office.to(SENDER);
    assert_eq!(told.len(), 1, "of the one that was deleted unread");
    assert_eq!(field(&told[0], "In-Reply-To").as_deref(), Some(ids[1].as_str()));
    let said = text(&told[0]);
    assert!(said.contains("gelöscht, ohne sie zu öffnen") && said.contains(CUSTOMER), "{said}");
    assert!(!said.contains("Frist abgelaufen") && !said.contains("4711"), "{said}");
    assert!(subject(&told[0]).contains("Ungelesen gelöscht") && !subject(&told[0]).contains("geheim"));

    // What leaves the trash by time was deleted by its owner as well.
    office.day(15);
    office.day(16);
    let told = office.to(SENDER);
    assert_eq!(told.len(), 2);
    assert_eq!(field(&told[1], "In-Reply-To").as_deref(), Some(ids[3].as_str()));
    assert!(text(&told[1]).contains("gelöscht, ohne sie zu öffnen"), "{}", text(&told[1]));

    // Whole mailboxes: by their owner, and by support.
    let other = office.letter_to(OTHER, "fünf");
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", CUSTOMER), ("password", PASSWORD)]);
    web.follow(page).expect(200);
    delete_mailbox(&mut web);
    supported(&office.gateway, &["mailbox", "delete", OTHER, "--note", "auf Wunsch"]);
    office.day(17);
    let told = office.to(SENDER);
    assert_eq!(told.len(), 4);
    let mut about: Vec<_> = told[2..].iter().map(|mail| field(mail, "In-Reply-To").unwrap()).collect();
    about.sort();
    let mut meant = vec![ids[2].clone(), other];
    meant.sort();
    assert_eq!(about, meant);
    for mail in &told[2..] {
        let said = text(mail);
        assert!(said.contains("Postfach des Empfängers wurde dort mit allen Nachrichten gelöscht"), "{said}");
        assert!(said.contains("entsteht dann ein neues Postfach"), "{said}");
    }
    assert_eq!(office.gateway.count(GONE), 0);

    // The insurer's systems get an event for every deleted letter, with whether it was opened.
    poll("the last event", || (office.gateway.count("SELECT count(*) FROM hook_events") == 0).then_some(()));
    let opened: Vec<bool> = receiver
        .received()
        .iter()
        .filter(|one| one.kind() == "letter.deleted")
        .map(|one| one.json()["data"]["opened"].as_bool().unwrap())
        .collect();
    assert_eq!((opened.len(), opened.iter().filter(|opened| **opened).count()), (5, 1));
    office.gateway.sweep();
}

#[test]
fn where_senders_hear_nothing_of_unread_letters_nothing_is_kept_of_them() {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    destroy(&mut web, &letter_paths(&inbox)[0]);
    office.letter("zwei");
    delete_mailbox(&mut web);
    assert_eq!(office.gateway.count(GONE), 0);
    office.day(1);
    assert!(office.to(SENDER).is_empty());
    office.gateway.sweep();
}
