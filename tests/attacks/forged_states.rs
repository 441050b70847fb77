//! An attacker with write access to the database and without keys changes states: a mailbox locked by support, one
//! deleted by its owner, a letter held by a rule. They gain nothing.

use rig::process::poll;
use rig::reader::PASSWORD;
use rig::{Config, Gateway, Hop, letters};
use rusqlite::{Connection, params};
use sealpost_mail::SystemRandom;
use sealpost_vault::{Label, MailboxPublic, ServerKey};

use crate::portal::Portal;

const ANNA: &str = "anna@web.example";

fn rows(gateway: &Gateway) -> Connection {
    let rows = Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(rig::PATIENCE).unwrap();
    rows
}

fn change(rows: &Connection, sql: &str) {
    assert_eq!(rows.execute(sql, []).unwrap(), 1, "{sql}");
}

/// Support locks the only mailbox, as the product does: the lock is one of its epochs, under the address's seal.
fn lock(gateway: &Gateway, rows: &Connection) {
    let text = std::fs::read_to_string(gateway.home.path().join("server.key")).unwrap();
    let keys = ServerKey::parse(&text).unwrap().keys();
    let (id, epochs, public, sealed): (String, String, Vec<u8>, Vec<u8>) = rows
        .query_row("SELECT id, epochs, public_key, address_sealed FROM mailboxes", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    let public = MailboxPublic::from_bytes(&public).unwrap();
    let address = keys.rows.open(Label::Address, &public.bound_at(&id, &epochs), &sealed).unwrap();
    let locked = format!("{}.new.locked", if epochs.is_empty() { "." } else { &epochs });
    let sealed =
        keys.rows.seal(Label::Address, &public.bound_at(&id, &locked), address.expose(), &SystemRandom);
    rows.execute(
        "UPDATE mailboxes SET state = 'locked', epochs = ?1, address_sealed = ?2",
        params![locked, sealed],
    )
    .unwrap();
}

fn told(gateway: &Gateway, what: &str) {
    poll(what, || {
        gateway.log().lines().any(|line| line.contains("ERROR") && line.contains(what)).then_some(())
    });
}

#[test]
fn a_mailbox_that_support_locked_is_not_opened_by_its_state() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner(ANNA, "Text");
    let rows = rows(&portal.gateway);
    let before = portal.hop.delivered().len();
    let mut forgetful = portal.gateway.web();
    let page = forgetful.get("/forgot");
    forgetful.submit(&page, "/forgot", &[("address", ANNA)]).expect(200);
    let reset = letters::link(&portal.hop.wait(before + 1)[before].bytes);
    lock(&portal.gateway, &rows);
    assert!(!portal.log_in(ANNA, PASSWORD).1, "locked");
    anna.get(&letter).expect(303);

    change(&rows, "UPDATE mailboxes SET state = 'active'");
    assert!(!portal.log_in(ANNA, PASSWORD).1, "the right password");
    anna.get(&letter).expect(303);
    told(&portal.gateway, "it is locked, and says that it is not");
    let page = forgetful.get(&reset);
    let path = reset.rsplit_once("/r/").map(|(_, token)| format!("/r/{token}"));
    if let (200, Some(path)) = (page.status, path) {
        let new = "Leuchtturm8-Weide";
        let filled = [("answer", rig::reader::ANSWER), ("password", new), ("repeat", new)];
        let _ = forgetful.submit(&page, &path, &filled);
        assert!(!portal.log_in(ANNA, new).1, "a new password");
    }
    let reply = portal.gateway.smtp().letter(
        "erika@insurer.example",
        &[ANNA],
        &letters::plain("[vertraulich] Brief", "Text"),
    );
    reply.expect("451 *");

    // The words that say so cannot be taken out either.
    change(&rows, "UPDATE mailboxes SET epochs = replace(epochs, '.locked', '')");
    assert!(!portal.log_in(ANNA, PASSWORD).1, "without the word");
    anna.get(&letter).expect(303);
}

#[test]
fn a_mailbox_that_was_deleted_does_not_live_again() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner(ANNA, "Text");
    let page = anna.get("/account/delete");
    anna.submit(&page, "/account/delete", &[("current", PASSWORD), ("sure", "yes")]).expect(303);
    let rows = rows(&portal.gateway);
    change(&rows, "UPDATE mailboxes SET state = 'active' WHERE state = 'deleted'");
    assert!(!portal.log_in(ANNA, PASSWORD).1);
    anna.get(&letter).expect(303);
    // No letter is accepted for it; the sender's server keeps it.
    let letter = letters::plain("[vertraulich] Brief", "Text");
    portal.gateway.smtp().letter("erika@insurer.example", &[ANNA], &letter).expect("451 *");
    assert_eq!(portal.gateway.count("SELECT count(*) FROM deposits"), 0);
}

#[test]
fn a_letter_that_a_rule_holds_does_not_go_because_its_row_says_so() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("look first", r#"{ subject-tag = "[pruefen]" }"#, r#"{ hold = { tls = "none" } }"#);
    let gateway = Gateway::start(&config);
    let held = letters::plain("[pruefen] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &["x@world.example"], &held).expect("250 *");
    let rows = rows(&gateway);
    let id: String = rows.query_row("SELECT id FROM legs", [], |row| row.get(0)).unwrap();
    change(&rows, "UPDATE legs SET state = 'queued', due_at = 0");
    // Another letter wakes delivery; it looks at whatever is due.
    let open = letters::plain("Brief", "Offen-4711");
    gateway.smtp().letter("erika@insurer.example", &["y@world.example"], &open).expect("250 *");
    poll("the leg is frozen again", || {
        let state: String =
            rows.query_row("SELECT state FROM legs WHERE id = ?1", [&id], |row| row.get(0)).ok()?;
        (state == "frozen").then_some(())
    });
    told(&gateway, "leg frozen");
    assert!(hop.delivered().iter().all(|mail| !mail.bytes.windows(9).any(|bytes| bytes == b"[pruefen]")));

    // The operator's own hand lets it go, and can take it back before.
    for verb in ["thaw", "freeze", "thaw"] {
        let (code, out, err) = gateway.sealpost(&["queue", verb, &id]);
        assert_eq!(code, 0, "{verb}: {out}{err}");
    }
    let _ = hop.wait(2);
}

#[test]
fn check_names_the_rows_that_do_not_prove_and_no_others() {
    let portal = Portal::new();
    let (_anna, letter) = portal.owner(ANNA, "Text");
    portal.send("bernd@web.example", &letters::plain("[vertraulich] Brief", "Text"));
    let rows = rows(&portal.gateway);
    let check = || portal.gateway.sealpost(&["check", "--store", "--offline"]);
    let (code, out, err) = check();
    assert!(code == 0 && out.contains("0 do not prove"), "{out}{err}");
    let letter = letter.rsplit('/').next().unwrap();
    let (active, pending): (String, String) = rows
        .query_row(
            "SELECT (SELECT id FROM mailboxes WHERE state = 'active'), (SELECT id FROM mailboxes WHERE state = 'pending')",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let foreign = format!("(SELECT listing_sealed FROM deposits WHERE id <> '{letter}')");
    for (sql, named) in [
        (
            format!("UPDATE deposits SET listing_sealed = {foreign} WHERE id = '{letter}'"),
            format!("letter {letter} does not prove"),
        ),
        (
            format!("UPDATE mailboxes SET tag = zeroblob(32) WHERE id = '{active}'"),
            format!("mailbox {active} does not prove"),
        ),
        (
            format!("UPDATE sessions SET created_at = created_at + 1 WHERE mailbox_id = '{active}'"),
            format!("session of mailbox {active} does not prove"),
        ),
        (
            format!("UPDATE tokens SET hash = zeroblob(32) WHERE mailbox_id = '{pending}'"),
            format!("activation of mailbox {pending} does not prove"),
        ),
    ] {
        change(&rows, &sql);
        let (code, out, err) = check();
        assert!(code != 0 && err.contains(&named), "{sql}: {named}: {out}{err}");
    }
    let (_, out, _) = check();
    assert!(out.contains("4 do not prove"), "{out}");
}
