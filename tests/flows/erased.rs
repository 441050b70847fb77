//! Deleted data is gone from the files: what opened a mailbox, a letter or the queue is in no file of the
//! store any more, neither in free pages nor in the log, soon after each kind of deletion. Sealed bytes that
//! are nowhere cannot be opened, whatever keys a thief has.

use rig::erased::{found, gone, pieces};
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{ANSWER, PASSWORD, activate, letter_path};
use rig::{Config, Gateway, Hop};

fn send(gateway: &Gateway, hop: &Hop, subject: &str) -> Vec<u8> {
    let before = hop.delivered().len();
    let letter = letters::plain(&format!("[vertraulich] {subject}"), "Text");
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    hop.wait(before + 1)[before].bytes.clone()
}

#[test]
fn after_each_kind_of_deletion_nothing_is_left_to_open() {
    let hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    config.set("gateway", "escrow", r#""none""#);
    let gateway = Gateway::start(&config);
    let data = gateway.home.data();

    // The queue: the notice's ticket contains the link.
    let notice = send(&gateway, &hop, "Erster");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));

    // Activation.
    let pending = pieces(&gateway, "SELECT sealed FROM wraps");
    let keys = pieces(&gateway, "SELECT key_sealed FROM deposits");
    let public = rig::gateway::blobs(&data, "SELECT public_key FROM mailboxes");
    poll("the wraps to be seen at all", || (found(&data, &pending) > 0).then_some(()));
    poll("the letter's key to be seen at all", || (found(&data, &keys) > 0).then_some(()));
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&notice));
    gone(&gateway, "activation wrap and link to go", &pending);
    gone(&gateway, "the letter's key under the old pair to go", &keys);
    assert_ne!(rig::gateway::blobs(&data, "SELECT public_key FROM mailboxes"), public);
    // The letter opens with the new pair.
    let path = letter_path(&inbox);
    assert!(web.get(&path).expect(200).text().contains("Erster"));

    // A letter destroyed.
    let letter =
        pieces(&gateway, "SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits");
    let id = path.rsplit_once('/').unwrap().1.to_owned();
    let inbox = web.get("/inbox");
    web.submit(&inbox, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
    let trash = web.get("/trash");
    let sure = web.submit(&trash, "/letters", &[("id", &id), ("do", "destroy")]);
    let sure = web.follow(sure);
    web.submit(&sure, "/letters", &[("id", &id), ("do", "destroy"), ("sure", "yes")]).expect(303);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gone(&gateway, "a destroyed letter to go", &letter);

    // A forgotten password.
    send(&gateway, &hop, "Zweiter");
    let wraps = pieces(&gateway, "SELECT sealed FROM wraps");
    let keys = pieces(&gateway, "SELECT key_sealed FROM deposits");
    let before = hop.delivered().len();
    let mut other = gateway.web();
    let page = other.get("/forgot");
    other.submit(&page, "/forgot", &[("address", "k@web.example")]);
    let mail = hop.wait(before + 1)[before].bytes.clone();
    let reset = link(&mail);
    let page = other.get(&reset);
    let action = format!("/r/{}", reset.rsplit_once("/r/").unwrap().1);
    let new = "Kastanie-1948-Treppe";
    let done = other.submit(&page, &action, &[("answer", ANSWER), ("password", new), ("repeat", new)]);
    done.expect(303);
    gone(&gateway, "the old password's wrap to go", &wraps);
    gone(&gateway, "the letter's key under the old pair to go", &keys);
    assert_ne!(PASSWORD, new);
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", "k@web.example"), ("password", new)]);
    let inbox = web.follow(page);
    let path = letter_path(&inbox);
    assert!(web.get(&path).expect(200).text().contains("Zweiter"));

    // The mailbox.
    let all = pieces(
        &gateway,
        "SELECT sealed FROM wraps UNION ALL SELECT key_sealed FROM deposits
         UNION ALL SELECT head_sealed FROM deposits UNION ALL SELECT secret_sealed FROM sessions",
    );
    let page = web.get("/account/delete");
    let deleted = web.submit(&page, "/account/delete", &[("current", new), ("sure", "yes")]);
    assert!(deleted.status < 400, "{}", deleted.text());
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gone(&gateway, "the mailbox to go", &all);
    gateway.sweep();
}
