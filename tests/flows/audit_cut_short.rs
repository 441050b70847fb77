//! An operator's action that is interrupted is in the audit trail: work of many transactions, and changes of
//! files, record their beginning before anything changes.

use std::process::Command;

use rig::gateway::{Home, binary, change, find_database};
use rig::process::{Process, poll};
use rig::reader::activate;
use rig::trail::{self, TrailRow, by_operator};
use rig::{Config, Gateway, Hop, letters};

use crate::escrow_in_safe;

const SENDER: &str = "erika@insurer.example";

/// This many mailboxes with a letter each.
fn mailboxes(gateway: &Gateway, hop: &Hop, many: usize) {
    for nth in 0..many {
        let to = format!("k{nth}@web.example");
        let letter = letters::plain("[vertraulich] geheim 4711", "Text");
        gateway.smtp().letter(SENDER, &[&to], &letter).expect("250 *");
        let _notice = hop.wait_to(&to);
    }
}

/// Fails, because the database says this word.
fn stopped(gateway: &Gateway, args: &[&str]) {
    let (code, out, err) = gateway.sealpost(args);
    assert!(code != 0 && err.contains("stop"), "{args:?}: {out}{err}");
}

/// A trigger that lets the first change of a row pass and no other.
fn stop_at_second(gateway: &Gateway, column: &str, table: &str) {
    change(
        &gateway.home.data(),
        &format!(
            "CREATE TABLE passed (one INTEGER);
             CREATE TRIGGER stop BEFORE UPDATE OF {column} ON {table} BEGIN
                 SELECT RAISE(ABORT, 'stop') WHERE EXISTS (SELECT 1 FROM passed);
                 INSERT INTO passed VALUES (1); END"
        ),
    );
}

fn go_on(gateway: &Gateway) {
    change(&gateway.home.data(), "DROP TRIGGER stop; DROP TABLE passed");
}

/// How many rows of the trail begin, and how many end this.
fn noted(gateway: &Gateway, began: &str, ended: &str) -> (usize, usize) {
    (trail::of(gateway, began).len(), trail::of(gateway, ended).len())
}

/// The rows themselves: no command opens a store whose key is being changed, or that is being moved.
fn count(home: &Home, action: &str) -> i64 {
    let rows = rusqlite::Connection::open(find_database(&home.data())).unwrap();
    let question = format!("SELECT count(*) FROM audit WHERE action = '{action}'");
    rows.query_row(&question, [], |row| row.get(0)).unwrap()
}

#[test]
fn another_escrow_key() {
    let hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    let mut gateway = escrow_in_safe::with_old_key(&mut config);
    mailboxes(&gateway, &hop, 3);
    escrow_in_safe::name_new_key(&gateway, &mut config);
    gateway.restart();
    let rotate = ["key", "rotate-escrow", "--escrow-key", "old/escrow.key"];
    let both = || noted(&gateway, "key.escrow-rotation-began", "key.escrow-rotated");
    // Nothing is changed, and nothing noted.
    change(
        &gateway.home.data(),
        "CREATE TRIGGER stop BEFORE UPDATE OF sealed ON wraps BEGIN SELECT RAISE(ABORT, 'stop'); END",
    );
    stopped(&gateway, &rotate);
    assert_eq!(both(), (0, 0));
    change(&gateway.home.data(), "DROP TRIGGER stop");
    stop_at_second(&gateway, "sealed", "wraps");
    stopped(&gateway, &rotate);
    assert_eq!(both(), (1, 0));
    go_on(&gateway);
    let said = gateway.said(&rotate);
    assert!(said.contains("2 escrow wraps"), "{said}");
    assert_eq!(both(), (2, 1));
    gateway.said(&["audit", "verify"]);
    gateway.sweep();
}

#[test]
fn rows_that_are_adopted() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::on_sqlite(&hop));
    mailboxes(&gateway, &hop, 1);
    let _inbox = activate(&mut gateway.web(), &letters::link(&hop.wait_to("k0@web.example").bytes));
    let mut web = gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", "k0@web.example"), ("note", "0170 1234567")]).expect(200);
    // One of each kind: their pages are transactions of their own.
    change(
        &gateway.home.data(),
        "UPDATE requests SET proof = NULL, created_at = created_at - 86400000;
         INSERT INTO unreachable (mailbox_id, bounces, last_at, status)
         SELECT id, 1, created_at - 86400000, '5.1.1' FROM mailboxes",
    );
    let both = || noted(&gateway, "key.adoption-began", "key.adopted");
    let (code, out, err) = gateway.sealpost(&["adopt"]);
    assert!(code != 0 && err.contains("nothing was done"), "{out}{err}");
    assert_eq!(both(), (0, 0));
    change(
        &gateway.home.data(),
        "CREATE TABLE passed (one INTEGER);
         CREATE TRIGGER stop_requests BEFORE UPDATE OF proof ON requests BEGIN
             SELECT RAISE(ABORT, 'stop') WHERE EXISTS (SELECT 1 FROM passed);
             INSERT INTO passed VALUES (1); END;
         CREATE TRIGGER stop BEFORE UPDATE OF proof ON unreachable BEGIN
             SELECT RAISE(ABORT, 'stop') WHERE EXISTS (SELECT 1 FROM passed);
             INSERT INTO passed VALUES (1); END",
    );
    stopped(&gateway, &["adopt", "--yes"]);
    assert_eq!(both(), (1, 0));
    change(&gateway.home.data(), "DROP TRIGGER stop_requests");
    go_on(&gateway);
    gateway.said(&["adopt", "--yes"]);
    assert_eq!(both(), (2, 1));
    gateway.said(&["audit", "verify"]);
    gateway.sweep();
}

#[test]
fn another_server_key() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::on_sqlite(&hop));
    mailboxes(&gateway, &hop, 2);
    gateway.stop();
    // Killed within the first transaction, which a trigger makes endless.
    change(
        &gateway.home.data(),
        "CREATE TABLE passed AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9999)
             SELECT x FROM n;
         CREATE TRIGGER stop BEFORE UPDATE OF address_sealed ON mailboxes BEGIN
             SELECT count(*) FROM passed a, passed b, passed c, passed d WHERE a.x + b.x + c.x + d.x = 0;
         END",
    );
    let mut command = Command::new(binary());
    command.args(["key", "rotate", "--config"]).arg(gateway.home.config()).current_dir(gateway.home.path());
    let mut process = Process::start("sealpost key rotate", &mut command);
    poll("it to begin", || (count(&gateway.home, "key.rotation-began") == 1).then_some(()));
    process.kill();
    assert_eq!((count(&gateway.home, "key.rotation-began"), count(&gateway.home, "key.rotated")), (1, 0));
    go_on(&gateway);
    gateway.said(&["key", "rotate"]);
    // The run that went on is the same change of keys.
    assert_eq!((count(&gateway.home, "key.rotation-began"), count(&gateway.home, "key.rotated")), (1, 1));
    gateway.said(&["audit", "verify"]);
    gateway.restart();
    gateway.sweep();
}

#[test]
fn a_key_for_dkim_of_which_half_was_done() {
    let hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    config.set("dkim", "keys", r#""dkim""#);
    let gateway = Gateway::start(&config);
    let name = |selector: &str| format!("{selector}._domainkey.insurer.example");
    let file = |selector: &str, state: &str| {
        gateway.home.path().join(format!("dkim/{}.{state}.pem", name(selector)))
    };
    for act in [&["create", "insurer.example", "--selector", "a1"][..], &["use", "a1"]] {
        gateway.said(&[&["dkim"], act].concat());
    }
    gateway.said(&["dkim", "create", "insurer.example", "--selector", "a2"]);
    assert_eq!(noted(&gateway, "dkim-key.change-began", "dkim-key.created"), (3, 2));
    // The new key signs already when it is seen that the old one cannot be retired.
    std::fs::create_dir_all(file("a1", "retired").join("taken")).unwrap();
    let (code, out, err) = gateway.sealpost(&["dkim", "use", "a2"]);
    assert!(code != 0 && err.contains("a1"), "{out}{err}");
    assert!(file("a2", "signing").exists() && file("a1", "signing").exists());
    let began = trail::of(&gateway, "dkim-key.change-began");
    let object = name("a2");
    let said = TrailRow { detail: "what=use", ..by_operator(&object) };
    trail::is(began.last().unwrap(), said, &["geheim"]);
    assert_eq!(noted(&gateway, "dkim-key.change-began", "dkim-key.used"), (4, 1));
    gateway.sweep();
}

#[test]
fn a_store_that_moves() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::on_sqlite(&hop));
    mailboxes(&gateway, &hop, 2);
    gateway.stop();
    let there = Home::new(&Config::on_sqlite(&hop));
    let target = there.config();
    let moving = ["store", "move", "--to", target.to_str().unwrap()];
    // All is copied, and the new store is not the store yet.
    change(
        &gateway.home.data(),
        "CREATE TABLE passed (one INTEGER);
         CREATE TRIGGER stop BEFORE UPDATE OF state ON moves BEGIN SELECT RAISE(ABORT, 'stop'); END",
    );
    stopped(&gateway, &moving);
    for home in [&gateway.home, &there] {
        assert_eq!((count(home, "store.move-began"), count(home, "store.moved")), (1, 0));
    }
    go_on(&gateway);
    gateway.said(&moving);
    // Both ends of it are in the new store, and the run that went on is the same move.
    assert_eq!((count(&there, "store.move-began"), count(&there, "store.moved")), (1, 1));
    let (code, out, err) = there.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{out}{err}");
}
