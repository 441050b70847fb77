//! Changing the server key: queued mail, a pending mailbox, an active one, a request for access. After the change the
//! old link, the old password and the escrow key still work; the old key file opens nothing; and a change interrupted
//! anywhere can be resumed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use rig::gateway::{Home, binary, find_database, mode};
use rig::hop::Delivered;
use rig::process::{Process, poll, run};
use rig::reader::{PASSWORD, activate, activate_with, letter_path};
use rig::{Config, Gateway, Hop, Web, letters};
use rusqlite::Connection;
use sealpost_vault::{Keys, Label, MailboxSecret, ServerKey};

use crate::escrow_in_safe;

const ACTIVE: &str = "a@web.example";
const PENDING: &str = "p@web.example";

fn send(gateway: &Gateway, to: &str, letter: &[u8]) {
    gateway.smtp().letter("erika@insurer.example", &[to], letter).expect("250 *");
}

/// The link to activate with, if the mail has one.
fn link_in(mail: &Delivered) -> Option<String> {
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes)?;
    let text = parsed.body_text(0)?;
    text.split_whitespace().find(|word| word.contains("/a/")).map(str::to_owned)
}

fn link_to(hop: &Hop, to: &str) -> String {
    link_in(&hop.wait_where("a link", |mail| mail.to() == [to] && link_in(mail).is_some())).unwrap()
}

fn log_in(gateway: &Gateway, password: &str) -> (Web, bool) {
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", ACTIVE), ("password", password)]);
    let inside = page.status == 303 && page.header("location").is_some_and(|to| to.contains("/inbox"));
    (web, inside)
}

fn ok(home: &Home, args: &[&str]) -> String {
    let (code, out, err) = home.sealpost(args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    format!("{out}{err}")
}

fn refused(home: &Home, args: &[&str], why: &str) {
    let (code, out, err) = home.sealpost(args);
    assert!(code != 0 && format!("{out}{err}").contains(why), "{args:?}: {out}{err}");
}

fn status(home: &Home) -> serde_json::Value {
    serde_json::from_str(ok(home, &["key", "status", "--json"]).lines().next().unwrap()).unwrap()
}

/// The rows under the keys that are not the present one.
fn waiting(home: &Home) -> Vec<(String, u64)> {
    let status = status(home);
    let before = status["server"].as_array().unwrap().iter().filter(|key| key["present"] == false);
    let rows = before.flat_map(|key| key["rows"].as_object().unwrap().clone());
    rows.map(|(what, count)| (what, count.as_u64().unwrap())).collect()
}

fn keys_of(path: &Path) -> Keys {
    ServerKey::parse(&std::fs::read_to_string(path).unwrap()).unwrap().keys()
}

/// A service that must not start says why.
fn does_not_start(home: &Home, why: &str) {
    let mut command = Command::new(binary());
    let (code, out, err) =
        run(command.args(["serve", "--config"]).arg(home.config()).current_dir(home.path()));
    assert!(code != 0 && format!("{out}{err}").contains(why), "{out}{err}");
}

/// Whatever of the store a key opens without anybody's help.
fn opened_by(data: &Path, keys: &Keys) -> Vec<String> {
    let rows = Connection::open(find_database(data)).unwrap();
    let mut opened = Vec::new();
    let mut ask = |sql: &str, opens: &dyn Fn(&str, &[u8]) -> bool| {
        let mut question = rows.prepare(sql).unwrap();
        let found =
            question.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
        for (id, sealed) in found.map(Result::unwrap) {
            if opens(&id, &sealed) {
                opened.push(format!("{sql}: {id}"));
            }
        }
    };
    for label in [Label::Ticket, Label::TicketHeld] {
        ask("SELECT id, ticket_sealed FROM legs", &|id, sealed| keys.spool.open(label, id, sealed).is_ok());
    }
    ask("SELECT mailbox_id, sealed FROM wraps WHERE kind = 'link'", &|id, sealed| {
        sealpost_vault::Token::kept(&keys.rows, id, sealed).is_ok()
    });
    ask("SELECT mailbox_id, sealed FROM wraps WHERE kind = 'escrow'", &|id, sealed| {
        MailboxSecret::unwrap_escrow(sealed, id, &keys.escrow).is_ok()
    });
    ask("SELECT id, question_sealed FROM mailboxes WHERE question_sealed IS NOT NULL", &|id, sealed| {
        keys.rows.open(Label::Question, id, sealed).is_ok()
    });
    opened
}

#[test]
fn everything_goes_on_under_another_key_and_the_old_one_opens_nothing() {
    let hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    config.rule("look first", r#"{ subject-tag = "[pruefen]" }"#, r#"{ hold = { tls = "none" } }"#);
    let mut gateway = Gateway::start(&config);
    let first = letters::plain("[vertraulich] Brief", "Inhalt-4711");
    send(&gateway, ACTIVE, &first);
    let mut web = gateway.web();
    let first_link = link_to(&hop, ACTIVE);
    let _inbox = activate(&mut web, &first_link);
    send(&gateway, PENDING, &letters::plain("[vertraulich] Akte", "Inhalt-4712"));
    let old_link = link_to(&hop, PENDING);
    send(&gateway, "x@world.example", &letters::plain("[pruefen] Offen", "Gehalten-4713"));
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", ACTIVE), ("note", "0170 1234567")]).expect(200);

    let before = gateway.home.path().join("server.key");
    let old = keys_of(&before);
    assert!(opened_by(&gateway.home.data(), &old).len() >= 4, "the search finds what is there");
    assert!(waiting(&gateway.home).is_empty());
    ok(&gateway.home, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    ok(&gateway.home, &["domain-key", "make", "other.example", "--name", "Other"]);
    let own_keys = ok(&gateway.home, &["domain-key", "list", "--json"]);
    let key: serde_json::Value =
        serde_json::from_str(own_keys.lines().rfind(|line| line.contains("other.example")).unwrap()).unwrap();
    let exported = ok(&gateway.home, &["domain-key", "export", key["fingerprint"].as_str().unwrap()]);
    let file = gateway.home.write("theirs.pem", exported.as_bytes());
    ok(&gateway.home, &["partner", "add", "other.example", file.to_str().unwrap(), "--yes"]);
    let partners = ok(&gateway.home, &["partner", "list", "--json"]);
    assert!(partners.contains("other.example"), "{partners}");
    refused(&gateway.home, &["key", "rotate"], "has this store open");
    assert!(
        !gateway.home.path().join("server.key.next").exists()
            && !gateway.home.data().join("rotating").exists()
    );
    gateway.stop();

    // Killed within the first transaction, which a trigger makes endless.
    let rows = Connection::open(find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(rig::PATIENCE).unwrap();
    rows.execute_batch(
        "CREATE TABLE many AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9999)
             SELECT x FROM n;
         CREATE TRIGGER endless BEFORE UPDATE OF address_sealed ON mailboxes BEGIN
             SELECT count(*) FROM many a, many b, many c, many d WHERE a.x + b.x + c.x + d.x = 0;
         END",
    )
    .unwrap();
    let mut command = Command::new(binary());
    command.args(["key", "rotate", "--config"]).arg(gateway.home.config()).current_dir(gateway.home.path());
    let mut process = Process::start("sealpost key rotate", &mut command);
    let mark = gateway.home.data().join("rotating");
    poll("it has begun", || mark.exists().then_some(()));
    process.kill();
    rows.execute_batch("DROP TRIGGER endless; DROP TABLE many").unwrap();
    does_not_start(&gateway.home, "key rotate");

    // Interrupted half-way: addresses are under the new key, the queue under the old one.
    rows.execute_batch(
        "CREATE TRIGGER stop BEFORE UPDATE OF ticket_sealed ON legs BEGIN SELECT RAISE(ABORT, 'stop'); END",
    )
    .unwrap();
    refused(&gateway.home, &["key", "rotate"], "stop");
    does_not_start(&gateway.home, "key rotate");
    let half = status(&gateway.home);
    assert!(half["under_way"]["to"].is_u64(), "{half}");
    assert!(half["server"][0]["rows"]["legs in the queue"].is_u64(), "{half}");
    assert!(half["server"][0]["rows"]["addresses"].is_null(), "{half}");
    assert_eq!(half["server"][1]["rows"]["addresses"], 2, "{half}");
    rows.execute_batch("DROP TRIGGER stop").unwrap();
    drop(rows);

    let said = ok(&gateway.home, &["key", "rotate"]);
    assert!(said.contains("had been made anew before") && said.contains("portal-key"), "{said}");
    assert!(!mark.exists() && !gateway.home.path().join("server.key.next").exists());

    // Killed between the new key in its place and the end of the mark.
    let mended = status(&gateway.home);
    let (from, to) = (old.rows.id(), mended["server"][0]["id"].as_u64().unwrap());
    std::fs::write(&mark, format!("{from} {to}\n")).unwrap();
    does_not_start(&gateway.home, "key rotate");
    assert!(ok(&gateway.home, &["key", "rotate"]).contains("at its very end"));
    assert_eq!(status(&gateway.home), mended, "not changed once more");

    // The old key file alone.
    let old_file = gateway.home.path().join(format!("server.key.{from:02x}"));
    assert_eq!(opened_by(&gateway.home.data(), &keys_of(&old_file)), [""; 0]);
    let new_text = std::fs::read(&before).unwrap();
    std::fs::copy(&old_file, &before).unwrap();
    does_not_start(&gateway.home, "another key");
    std::fs::write(&before, &new_text).unwrap();
    std::fs::remove_file(&old_file).unwrap();
    assert_eq!(waiting(&gateway.home), [("answers".to_owned(), 1), ("passwords".to_owned(), 1)]);

    assert_eq!(ok(&gateway.home, &["domain-key", "list", "--json"]), own_keys);
    assert_eq!(ok(&gateway.home, &["partner", "list", "--json"]), partners);
    gateway.restart();
    web.get("/inbox").expect(303);
    let inbox = activate(&mut gateway.web(), &old_link);
    assert!(inbox.text().contains("href=\"/m/"), "the old link");
    for _ in 0..2 {
        let (mut owner, inside) = log_in(&gateway, PASSWORD);
        assert!(inside, "the old password");
        let letter = letter_path(&owner.get("/inbox"));
        assert!(owner.get(&letter).text().contains("Inhalt-4711"));
    }
    assert_eq!(waiting(&gateway.home), [("answers".to_owned(), 1)], "made anew at the log-in");

    // Held letters are sent as intended; new letters find the same mailbox; a reply is still recognised.
    ok(&gateway.home, &["queue", "thaw", "--all"]);
    assert!(hop.wait_to("x@world.example").text().contains("Gehalten-4713"));
    let id = letters::field(&first, "Message-ID").unwrap();
    let reply = letters::with_fields("Re: Brief", &format!("In-Reply-To: {id}\r\n"), "Antwort-4714");
    send(&gateway, ACTIVE, &reply);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3, "confidential still");
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), 2);

    let (code, out, err) = gateway.sealpost(&["request", "release", "1", "--note", "called back"]);
    assert!(code == 0 && out.contains("the messages are kept"), "{out}{err}");
    let is_new = |mail: &Delivered| link_in(mail).is_some_and(|link| link != first_link);
    let again = hop.wait_where("another link", |mail| mail.to() == [ACTIVE] && is_new(mail));
    let inbox = activate_with(&mut gateway.web(), &link_in(&again).unwrap(), "Kirschkern-1953-Segel");
    assert!(inbox.text().contains("href=\"/m/"), "by way of the escrow key");
    assert!(waiting(&gateway.home).is_empty());
    gateway.sweep();
}

#[test]
fn the_roles_get_new_files_in_place_of_their_own() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.unset("gateway", "server-key").set("gateway", "role-keys", "\"keys\"");
    let home = Home::new(&config);
    let at = |name: &str| home.path().join(name);
    let split = ["key", "split", "--server-key", "server.key", "--to", "keys"];
    let (code, out, err) = run(Command::new(binary()).args(split).current_dir(home.path()));
    assert_eq!(code, 0, "{out}{err}");
    std::fs::create_dir(at("safe")).unwrap();
    std::fs::rename(at("server.key"), at("safe/server.key")).unwrap();
    std::fs::create_dir(home.data()).unwrap();
    mode(&home.data(), 0o2770);
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(at("keys/delivery.key"), Some(20_913), Some(20_910)).unwrap();
    }
    let mut gateway = Gateway::start_in(home, &config);
    let at = |gateway: &Gateway, name: &str| gateway.home.path().join(name);
    send(&gateway, ACTIVE, &letters::plain("[vertraulich] Brief", "Inhalt-4711"));
    let old_link = link_to(&hop, ACTIVE);
    gateway.stop();

    refused(&gateway.home, &["key", "rotate"], "--server-key");
    let old = std::fs::read(at(&gateway, "keys/delivery.key")).unwrap();
    ok(&gateway.home, &["key", "rotate", "--server-key", "safe/server.key"]);
    let facts = std::fs::metadata(at(&gateway, "keys/delivery.key")).unwrap();
    assert_eq!(facts.mode() & 0o777, 0o600);
    assert!(!root || (facts.uid(), facts.gid()) == (20_913, 20_910), "its owner's still");
    let new = std::fs::read(at(&gateway, "keys/delivery.key")).unwrap();
    assert_ne!(old, new);
    // Split once more from the new server key: the same files, byte for byte.
    let split = ["key", "split", "--server-key", "safe/server.key", "--to", "again"];
    let (code, out, err) = run(Command::new(binary()).args(split).current_dir(gateway.home.path()));
    assert_eq!(code, 0, "{out}{err}");
    for role in ["intake", "portal", "delivery", "support", "escrow"] {
        let file = |folder: &str| std::fs::read(at(&gateway, &format!("{folder}/{role}.key"))).unwrap();
        assert_eq!(file("keys"), file("again"), "{role}");
    }
    // A role whose key file was forgotten does not touch the queue.
    std::fs::write(at(&gateway, "keys/delivery.key"), &old).unwrap();
    let mut command = Command::new(binary());
    command.args(["serve", "--role", "delivery", "--config"]).arg(gateway.home.config());
    let (code, out, err) = run(command.current_dir(gateway.home.path()));
    assert!(code != 0 && format!("{out}{err}").contains("another key"), "{out}{err}");
    std::fs::write(at(&gateway, "keys/delivery.key"), &new).unwrap();
    gateway.restart();
    let inbox = activate(&mut gateway.web(), &old_link);
    assert!(inbox.text().contains("href=\"/m/"));
    gateway.sweep();
}

#[test]
fn an_escrow_key_in_the_safe_is_changed_while_the_services_run() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    let mut gateway = escrow_in_safe::with_old_key(&mut config);
    send(&gateway, ACTIVE, &letters::plain("[vertraulich] Brief", "Inhalt-4711"));
    let _inbox = activate(&mut gateway.web(), &link_to(&hop, ACTIVE));
    send(&gateway, PENDING, &letters::plain("[vertraulich] Akte", "Inhalt-4712"));
    refused(&gateway.home, &["key", "rotate-escrow", "--escrow-key", "old/escrow.key"], "the one before");

    escrow_in_safe::name_new_key(&gateway, &mut config);
    gateway.stop();
    gateway.restart();
    let keys = status(&gateway.home)["escrow"].clone();
    assert_eq!(keys[1]["rows"]["escrow wraps"], 2, "{keys}");
    let said = ok(&gateway.home, &["key", "rotate-escrow", "--escrow-key", "old/escrow.key"]);
    assert!(said.contains("2 escrow wraps"), "{said}");
    let keys = status(&gateway.home)["escrow"].clone();
    assert_eq!((keys.as_array().unwrap().len(), &keys[0]["rows"]["escrow wraps"]), (1, &2.into()), "{keys}");

    let mut web = gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", ACTIVE), ("note", "0170 1234567")]).expect(200);
    let release = |key: &str| {
        gateway.sealpost(&["request", "release", "1", "--note", "called back", "--escrow-key", key])
    };
    let (code, out, err) = release("old/escrow.key");
    assert!(code != 0, "the old key: {out}{err}");
    let (code, out, err) = release("new/escrow.key");
    assert!(code == 0 && out.contains("the messages are kept"), "{out}{err}");
    gateway.sweep();
}
