//! Data deleted automatically is also gone from the files: a delivered leg, a draft, expired trash, an expired letter,
//! an unclaimed mailbox. Searched for as bytes, and with the server key by independent code.

use std::io::Write as _;
use std::process::Stdio;

use rig::erased::{gone, pieces};
use rig::http::Page;
use rig::ill_clock::IllClock;
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::readers::{python, root};
use rig::{Config, Gateway, Hop};
use rusqlite::Connection;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

/// What a thief with disk and server key opens.
fn opened(gateway: &Gateway, tickets: &[Value], mailboxes: &[Value]) -> Vec<String> {
    let request = json!({
        "data": gateway.home.data(),
        "server_key": rig::gateway::SERVER_KEY,
        "tickets": tickets,
        "mailboxes": mailboxes,
    });
    let mut thief = python()
        .arg(root().join("tests/formats/thief.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    thief.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let told = thief.wait_with_output().unwrap();
    assert!(told.status.success());
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn rows(gateway: &Gateway) -> Connection {
    Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap()
}

fn send(gateway: &Gateway, to: &str, subject: &str) {
    gateway.smtp().letter("a@insurer.example", &[to], &letters::plain(subject, "Text")).expect("250 *");
}

fn no_legs(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

#[test]
fn a_delivered_leg_and_a_dropped_draft_leave_nothing() {
    let mut hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    config.set("delivery", "retry", r#"["2 s"]"#).set("retention", "clock-jump", r#""4000 days""#);
    let gateway = Gateway::start(&config);

    hop.close();
    send(&gateway, "r@web.example", "Angebot");
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    let (id, length): (String, i64) = rows(&gateway)
        .query_row("SELECT id, length(ticket_sealed) FROM legs", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let tickets = [json!({"id": id, "length": length})];
    poll("the ticket to open", || (opened(&gateway, &tickets, &[]) == ["ticket"]).then_some(()));
    let sealed = pieces(
        &gateway,
        "SELECT ticket_sealed FROM legs UNION ALL SELECT bytes FROM bodies WHERE place = 'row'",
    );
    hop.open();
    no_legs(&gateway);
    gone(&gateway, "a delivered leg and its letter to go", &sealed);
    assert!(opened(&gateway, &tickets, &[]).is_empty());

    send(&gateway, "k@web.example", "[vertraulich] Brief");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&hop.wait_to("k@web.example").bytes));
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let path = begun.header("location").unwrap().split('?').next().unwrap().to_owned();
    let editor = web.follow(begun);
    let act = |web: &mut rig::Web, editor: &Page, act: &str| {
        web.submit(editor, &path, &[("do", act), ("subject", "Frage"), ("text", "Wann wird gezahlt?")])
    };
    assert!(act(&mut web, &editor, "save").status < 400);
    let draft = pieces(&gateway, "SELECT key_sealed FROM drafts UNION ALL SELECT content_sealed FROM drafts");
    let editor = web.get(&path);
    act(&mut web, &editor, "discard").expect(303);
    assert_eq!(gateway.count("SELECT count(*) FROM drafts"), 0);
    gone(&gateway, "a dropped draft to go", &draft);
    gateway.sweep();
}

#[test]
fn what_goes_by_the_clock_leaves_nothing() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut config = Config::on_sqlite(&hop);
    config.set("gateway", "escrow", r#""none""#).set("retention", "letters", r#""60 days""#);
    config.set("retention", "clock-jump", r#""4000 days""#);
    let gateway = Gateway::start_with(&config, &clock.environment());
    let deposits = |count| {
        poll("letters to go", || (gateway.count("SELECT count(*) FROM deposits") == count).then_some(()));
    };
    const LETTER: &str = "SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits
        UNION ALL SELECT bytes FROM bodies WHERE place = 'row'";

    // Trash that lay long enough.
    send(&gateway, "k@web.example", "[vertraulich] Erster");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&hop.wait_to("k@web.example").bytes));
    no_legs(&gateway);
    let id = letter_path(&inbox).rsplit_once('/').unwrap().1.to_owned();
    let letter = pieces(&gateway, LETTER);
    web.submit(&inbox, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
    // The jobs of a new store are due from their first look on.
    poll("the jobs to be known", || (gateway.count("SELECT count(*) FROM jobs") > 0).then_some(()));
    clock.set(31 * DAY);
    deposits(0);
    gone(&gateway, "what lay in the trash to go", &letter);

    // An expired letter.
    send(&gateway, "k@web.example", "[vertraulich] Zweiter");
    no_legs(&gateway);
    let letter = pieces(&gateway, LETTER);
    clock.set((31 + 61) * DAY);
    deposits(0);
    gone(&gateway, "an expired letter to go", &letter);

    // An unclaimed mailbox, and its letter.
    send(&gateway, "new@web.example", "[vertraulich] Dritter");
    let token = link(&hop.wait_to("new@web.example").bytes).rsplit_once("/a/").unwrap().1.to_owned();
    no_legs(&gateway);
    let pending = [rows(&gateway)
        .query_row(
            "SELECT m.id, d.id, length(w.sealed), length(d.key_sealed) FROM mailboxes m
             JOIN wraps w ON w.mailbox_id = m.id JOIN deposits d ON d.mailbox_id = m.id
             WHERE m.state = 'pending' AND w.kind = 'activation'",
            [],
            |row| {
                let (id, letter): (String, String) = (row.get(0)?, row.get(1)?);
                let (wrap, key): (i64, i64) = (row.get(2)?, row.get(3)?);
                Ok(json!({"id": id, "token": token, "wrap": wrap, "letter": letter, "key": key}))
            },
        )
        .unwrap()];
    poll("the mailbox to open", || (opened(&gateway, &[], &pending) == ["mailbox", "letter"]).then_some(()));
    let sealed = pieces(
        &gateway,
        "SELECT w.sealed FROM wraps w JOIN mailboxes m ON m.id = w.mailbox_id WHERE m.state = 'pending'
         UNION ALL SELECT address_sealed FROM mailboxes WHERE state = 'pending'
         UNION ALL SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits",
    );
    clock.set((31 + 61 + 101) * DAY);
    poll("the mailbox to go", || {
        let left = gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'pending'");
        (left == 0).then_some(())
    });
    gone(&gateway, "an unclaimed mailbox to go", &sealed);
    assert!(opened(&gateway, &[], &pending).is_empty());
    gateway.sweep();
}
