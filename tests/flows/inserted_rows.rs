//! Statement rows written by an attacker with write access to the database and without keys: no sender is notified of a letter that
//! is in its mailbox, no address is suspended, and support sees no forged request.

use rig::gateway::change;
use rig::process::poll;
use rig::reader::activate;
use rig::{Gateway, letters};

use crate::sender_told::{CUSTOMER, Office, SENDER};

/// The log counts them, and `check --store` names up to this many of a kind.
fn named(gateway: &Gateway, kind: &str, many: usize) {
    let is_it =
        |line: &str| line.contains("do not prove") && line.contains(kind) && line.contains("unproven");
    poll(&format!("a {kind} in the log"), || gateway.log().lines().any(is_it).then_some(()));
    let (code, out, err) = gateway.sealpost(&["check", "--store", "--offline"]);
    let lines = err.lines().filter(|line| line.contains(kind) && line.contains("does not prove"));
    assert!(code != 0 && lines.count() == many, "{out}{err}");
}

#[test]
fn no_sender_hears_of_a_letter_that_went_which_lies_in_its_mailbox() {
    let office = Office::open(|config| {
        config.set("senders", "expired-unread", "true");
    });
    office.letter("eins");
    let _ = office.hop.wait_to(CUSTOMER);
    // Everything that can be copied: the sealed sender and recipient of the letter.
    let insert = |proof: &str| {
        format!(
            "INSERT INTO gone_unread (deposit_id, gone_at, received_at, memo_sealed, how{}) SELECT d.id, d.received_at,
             d.received_at, n.memo_sealed, 'deleted'{} FROM deposits d JOIN bounce_memos n ON n.token = d.id || '00'",
            if proof.is_empty() { "" } else { ", proof" },
            if proof.is_empty() { String::new() } else { format!(", {proof}") }
        )
    };
    let data = office.gateway.home.data();
    for (day, proof) in [(1, ""), (2, "x'0102030405060708091011121314151617181920212223242526272829303132'")]
    {
        change(&data, &insert(proof));
        office.day(day);
        assert!(office.to(SENDER).is_empty(), "a letter that lies in its mailbox");
        named(&office.gateway, "letter gone unread", 1);
        change(&data, "DELETE FROM gone_unread");
    }
    let inbox = activate(&mut office.gateway.web(), &letters::link(&office.to(CUSTOMER)[0]));
    assert_eq!(rig::reader::letter_paths(&inbox).len(), 1);
    office.gateway.sweep();
}

#[test]
fn an_address_is_written_to_whatever_somebody_says_of_it() {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let _ = office.hop.wait_to(CUSTOMER);
    let data = office.gateway.home.data();
    change(
        &data,
        "INSERT INTO unreachable (mailbox_id, bounces, last_at, status, proof)
         SELECT id, 99, created_at, '5.1.1', x'01' FROM mailboxes",
    );
    let _inbox = activate(&mut office.gateway.web(), &letters::link(&office.to(CUSTOMER)[0]));
    let before = office.to(CUSTOMER).len();
    office.letter("zwei");
    poll("the notice", || (office.to(CUSTOMER).len() > before).then_some(()));
    let shown = office.gateway.said(&["mailbox", "show", CUSTOMER, "--json"]);
    assert!(!shown.contains("5.1.1"), "{shown}");
    named(&office.gateway, "address that mail came back from", 1);
    // Support takes it away as it would one of ours.
    office.gateway.said(&["mailbox", "clear", CUSTOMER, "--note", "x"]);
    office.gateway.sweep();
}

/// An owner has asked support for help.
fn with_a_request() -> Office {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let notice = office.hop.wait_to(CUSTOMER);
    let _inbox = activate(&mut office.gateway.web(), &letters::link(&notice.bytes));
    let mut web = office.gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", CUSTOMER), ("note", "0170 1234567")]).expect(200);
    office
}

#[test]
fn support_sees_no_request_that_nobody_made_and_releases_none() {
    let office = with_a_request();
    let data = office.gateway.home.data();
    // With the note of one that is genuine.
    change(
        &data,
        "INSERT INTO requests (number, mailbox_id, kind, state, created_at, note_sealed, proof)
         SELECT 7, mailbox_id, 'access', 'open', created_at, note_sealed, proof FROM requests",
    );
    let listed = office.gateway.said(&["request", "list", "--json"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.contains(r#""number":1"#), "{listed}");
    let shown = office.gateway.said(&["request", "show", "1"]);
    assert!(shown.contains("0170 1234567") && !shown.contains("beside"), "{shown}");
    let shown = office.gateway.said(&["mailbox", "show", CUSTOMER, "--json"]);
    assert!(shown.contains(r#""open_requests":1"#), "{shown}");
    let (code, out, err) = office.gateway.sealpost(&["request", "release", "7", "--note", "x"]);
    assert!(code != 0, "{out}{err}");
    assert_eq!(office.gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'"), 1);
    let (code, out, err) = office.gateway.sealpost(&["check", "--store", "--offline"]);
    assert!(code != 0 && err.contains("request 7 of mailbox"), "{out}{err}");

    // Nor does one of ours become open again.
    office.gateway.said(&["request", "refuse", "1", "--note", "x"]);
    change(&data, "DELETE FROM requests WHERE number = 7; UPDATE requests SET state = 'open'");
    assert_eq!(office.gateway.said(&["request", "list", "--json"]).lines().count(), 0);
    change(&data, "UPDATE requests SET state = 'refused'");
    office.gateway.sweep();
}

/// The attacker ends a session with a false reason: its owner would call support, or believe that the letters are gone.
#[test]
fn a_browser_is_told_no_reason_that_nobody_of_us_gave() {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let notice = office.hop.wait_to(CUSTOMER);
    let data = office.gateway.home.data();
    let mut web = office.gateway.web();
    let _inbox = activate(&mut web, &letters::link(&notice.bytes));
    change(
        &data,
        "INSERT INTO ended_sessions (hash, why, at) SELECT hash, 'deleted', created_at FROM sessions;
         DELETE FROM sessions",
    );
    let over = web.get("/inbox");
    let told = over.header("location").unwrap();
    assert!(told.contains("note=over"), "{over:?}");
    named(&office.gateway, "ended session", 1);
    change(&data, "DELETE FROM ended_sessions");
    office.gateway.sweep();
}

#[test]
fn rows_from_before_there_were_proofs_say_something_once_the_operator_says_so() {
    let office = with_a_request();
    let data = office.gateway.home.data();
    let requests = || office.gateway.said(&["request", "list", "--json"]).lines().count();
    change(&data, "UPDATE requests SET proof = NULL, created_at = created_at - 86400000");
    assert_eq!(requests(), 0);
    // They are listed first, and nothing is done.
    let (code, out, err) = office.gateway.sealpost(&["adopt"]);
    assert!(
        code != 0 && out.contains("request 1 of mailbox") && err.contains("nothing was done"),
        "{out}{err}"
    );
    assert_eq!(requests(), 0);
    let adopted = office.gateway.said(&["adopt", "--yes"]);
    assert!(adopted.contains("1 requests, bounced addresses and letters gone unread adopted"), "{adopted}");
    assert_eq!(requests(), 1);
    // A row with an invalid proof is not from a previous version.
    change(&data, "UPDATE requests SET proof = x'01'");
    let (code, out, err) = office.gateway.sealpost(&["adopt", "--yes"]);
    assert!(code == 0 && !out.contains("requests") && err.contains("vouched for before"), "{out}{err}");
    assert_eq!(requests(), 0);
}

#[test]
fn nobody_brings_an_operator_to_vouch_for_what_cannot_be_from_before() {
    let office = with_a_request();
    let data = office.gateway.home.data();
    let gone = "INSERT INTO gone_unread (deposit_id, gone_at, received_at, memo_sealed, how)
        SELECT d.id, 1, 1, n.memo_sealed, 'deleted' FROM deposits d JOIN bounce_memos n ON n.token = d.id || '00'";
    change(&data, gone);
    change(&data, "UPDATE requests SET proof = NULL");
    change(
        &data,
        "INSERT INTO unreachable (mailbox_id, bounces, last_at, status)
         SELECT id, 99, created_at + 1000, '5.1.1' FROM mailboxes",
    );
    let (code, out, err) = office.gateway.sealpost(&["adopt", "--yes"]);
    assert!(
        code == 0 && out.contains("0 letters and 0 drafts adopted") && !out.contains("requests"),
        "{out}{err}"
    );
    for (kind, why) in [
        ("letter gone unread", "the letter lies in its mailbox"),
        ("request 1 of mailbox", "when rows were proven already"),
        ("address that mail came back from", "when rows were proven already"),
    ] {
        assert!(err.lines().any(|line| line.contains(kind) && line.contains(why)), "{kind}: {err}");
    }
    assert_eq!(office.gateway.said(&["request", "list", "--json"]).lines().count(), 0);
    // Where a node of a former version served on, the operator says until when.
    let adopted = office.gateway.said(&["adopt", "--yes", "--old-until", "2100-01-01"]);
    assert!(adopted.contains("2 requests, bounced addresses"), "{adopted}");
    assert_eq!(office.gateway.said(&["request", "list", "--json"]).lines().count(), 1);
    change(&data, "DELETE FROM gone_unread");
    office.gateway.sweep();
}

/// A hold is effective where it is recorded, and `check --store` names those that this gateway did not begin.
#[test]
fn a_hold_that_nobody_began_is_named() {
    let office = with_a_request();
    let data = office.gateway.home.data();
    let checked = || office.gateway.sealpost(&["check", "--store", "--offline"]);
    office.gateway.said(&["mailbox", "hold", CUSTOMER, "--note", "x"]);
    let (code, out, err) = checked();
    assert_eq!(code, 0, "{out}{err}");
    for forged in [
        "UPDATE mailboxes SET held_since = held_since - 1000",
        // One that has ended begins again.
        "UPDATE mailboxes SET held_since = (SELECT at FROM audit WHERE action = 'mailbox.held')",
    ] {
        office.gateway.said(&["mailbox", "hold", CUSTOMER, "--end", "--note", "x"]);
        change(&data, "UPDATE mailboxes SET held_since = 1");
        change(&data, forged);
        let (code, out, err) = checked();
        assert!(
            code != 0 && err.contains("hold of mailbox") && err.contains("nobody who began it"),
            "{out}{err}"
        );
    }
}

/// The attacker records once that owner and sender were notified, for ever.
#[test]
fn nobody_is_kept_from_hearing_for_ever_by_one_row() {
    let office = Office::open(|config| {
        config.set("senders", "unfetched", "\"14 days\"");
        config.set("reminders", "unactivated", r#"["3 days", "20 days"]"#);
    });
    office.letter("eins");
    let _ = office.hop.wait_to(CUSTOMER);
    let data = office.gateway.home.data();
    let never = 9_000_000_000_000_000_i64;
    change(
        &data,
        &format!(
            "INSERT INTO reminded (mailbox_id, about, at) SELECT id, 'letters', {never} FROM mailboxes;
             INSERT INTO told_unfetched (deposit_id, at) SELECT id, {never} FROM deposits"
        ),
    );
    office.day(3);
    assert_eq!(office.to(CUSTOMER).len(), 2, "a notice and a reminder");
    // Nor by one that says that its sender was notified before it came.
    change(&data, "UPDATE told_unfetched SET at = 1");
    office.day(14);
    assert_eq!(office.to(SENDER).len(), 1, "its sender is told that it is not fetched");
    office.day(15);
    assert_eq!((office.to(CUSTOMER).len(), office.to(SENDER).len()), (2, 1), "once");
    office.gateway.sweep();
}
