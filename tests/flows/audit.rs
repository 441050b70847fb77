//! The audit trail in the real binary: actions of people and operators are recorded, and an attacker with
//! write access to the database cannot change, remove, insert, move or truncate rows undetected.

use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_path};
use rig::{Config, Gateway, Hop, Web, letters};
use rusqlite::Connection;

fn rows(gateway: &Gateway) -> Connection {
    let rows = Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    rows
}

fn exported(gateway: &Gateway, more: &[&str]) -> Vec<serde_json::Value> {
    let (code, out, err) = gateway.sealpost(&[&["audit", "export"], more].concat());
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn actions(gateway: &Gateway) -> Vec<String> {
    exported(gateway, &[]).iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

fn verify(gateway: &Gateway, more: &[&str]) -> (i32, String) {
    let (code, out, err) = gateway.sealpost(&[&["audit", "verify"], more].concat());
    (code, out + &err)
}

fn log_in(gateway: &Gateway, password: &str) -> (Web, u16) {
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", "kunde@web.example"), ("password", password)]);
    let status = page.status;
    (web, status)
}

/// A letter, its mailbox and what its owner does.
fn lived() -> (Hop, Gateway) {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Betreff-4711", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &["kunde@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let path = letter_path(&inbox);
    web.get(&path).expect(200);
    web.get(&format!("{path}/eml")).expect(200);
    assert_ne!(log_in(&gateway, "falsch-1").1, 303);
    let (mut web, status) = log_in(&gateway, PASSWORD);
    assert_eq!(status, 303);
    let page = web.get("/inbox");
    web.submit(&page, "/logout", &[]).expect(303);
    // The end of the notice is written with the next urgent commit, or soon.
    poll("the notice's row", || actions(&gateway).iter().any(|action| action == "notice.sent").then_some(()));
    (hop, gateway)
}

#[test]
fn what_happens_stands_in_the_trail_without_content_or_address() {
    let (_hop, gateway) = lived();
    let found = actions(&gateway);
    for action in [
        "configuration.loaded",
        "mailbox.created",
        "letter.deposited",
        "notice.sent",
        "mailbox.activated",
        "session.began",
        "letter.opened",
        "letter.exported",
        "session.ended",
    ] {
        assert!(found.iter().any(|one| one == action), "{action} is not in {found:?}");
    }
    let of_letter = exported(&gateway, &[]).into_iter().find(|row| row["action"] == "letter.opened").unwrap();
    assert_eq!(
        (of_letter["actor"].as_str(), of_letter["network"].as_str()),
        (Some("owner"), Some("127.0.0.0/24"))
    );
    let mailbox = of_letter["mailbox"].as_str().unwrap();
    let of_mailbox = exported(&gateway, &["--mailbox", mailbox]);
    assert!(of_mailbox.len() > 5 && of_mailbox.iter().all(|row| row["mailbox"] == mailbox));
    assert!(exported(&gateway, &["--since", "2999-01-01"]).is_empty());
    let (_, csv, _) = gateway.sealpost(&["audit", "export", "--format", "csv"]);
    assert!(
        csv.starts_with("seq,at,actor,action,object,mailbox,network,outcome,detail,writer,key,proof\n")
            && csv.lines().count() == found.len() + 1,
        "{csv}"
    );
    // The name of a mail server is there, and no other address.
    let csv = csv.replace("hop=127.0.0.1", "hop=");
    for word in ["kunde", "erika", "Betreff", "Inhalt", "127.0.0.1", PASSWORD] {
        assert!(!csv.contains(word), "{word} is in the trail:\n{csv}");
    }
    let counting = "SELECT coalesce(sum(count), 0) FROM audit_counts WHERE action = 'credentials.wrong'";
    let is_counted = gateway.count(counting) == 1;
    let is_row = exported(&gateway, &[]).iter().any(|row| row["action"] == "credentials.wrong");
    assert!(is_counted || is_row, "counted, and a row after its minute");
    let (code, said) = verify(&gateway, &[]);
    assert!(code == 0 && said.contains("each proven over the one before"), "{said}");
    gateway.wait_logged("audit.anchor");
    gateway.sweep();
}

#[test]
fn commands_of_operators_stand_in_the_trail_with_what_they_did() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "retry", r#"["1 h"]"#);
    let gateway = Gateway::start(&config);
    hop.close();
    gateway.smtp().letter("a@insurer.example", &["x@web.example"], &letters::plain("x", "x")).expect("250 *");
    poll("tried", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    let run = |args: &[&str]| {
        let (code, _, err) = gateway.sealpost(&[&["queue"], args].concat());
        assert_eq!(code, 0, "{err}");
    };
    run(&["retry", "--all"]);
    poll("tried again", || {
        (gateway.count("SELECT count(*) FROM legs WHERE attempts > 1") == 1).then_some(())
    });
    for verb in ["freeze", "thaw", "remove"] {
        poll("no process to hold its lease", || {
            (gateway.count("SELECT count(*) FROM legs WHERE lease_owner IS NOT NULL") == 0).then_some(())
        });
        run(&[verb, "--all"]);
    }
    // No rows are left: nothing is reported.
    run(&["remove", "--all"]);
    let found: Vec<serde_json::Value> = exported(&gateway, &[])
        .into_iter()
        .filter(|row| row["action"].as_str().unwrap().starts_with("queue."))
        .collect();
    let said: Vec<&str> = found.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(said, ["queue.retried", "queue.frozen", "queue.thawed", "queue.removed"]);
    assert!(found.iter().all(|row| row["object"] == found[0]["object"]));
    assert!(found.iter().all(|row| row["actor"].as_str().unwrap().starts_with("operator:")));
    let (code, said) = verify(&gateway, &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_row_changed_removed_put_in_moved_or_cut_off_is_found() {
    let (_hop, mut gateway) = lived();
    let (_, anchor, _) = gateway.sealpost(&["audit", "anchor"]);
    let anchor = anchor.trim().to_owned();
    gateway.stop();
    let database = rig::gateway::find_database(&gateway.home.data());
    // Everything is in one file now.
    let whole = std::fs::read(&database).unwrap();
    assert_eq!(verify(&gateway, &["--anchor", &anchor]).0, 0);
    let tampered = |sql: &str| {
        let connection = rows(&gateway);
        connection.execute_batch(sql).unwrap();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(connection);
        let found = verify(&gateway, &["--anchor", &anchor]);
        for beside in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{beside}", database.display()));
        }
        std::fs::write(&database, &whole).unwrap();
        found
    };
    let cases = [
        ("changed", "UPDATE audit SET outcome = 'refused' WHERE action = 'letter.opened'", "row "),
        ("its time changed", "UPDATE audit SET at = at + 1 WHERE seq = 3", "row 3 is not"),
        ("removed", "DELETE FROM audit WHERE seq = 4", "rows are missing between 3 and 5"),
        (
            "removed, the rest moved up",
            "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = -seq WHERE seq > 4;
             UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
            "row 4 is not",
        ),
        (
            "put in",
            "UPDATE audit SET seq = -seq WHERE seq > 4; UPDATE audit SET seq = -seq + 1 WHERE seq < 0;
             INSERT INTO audit SELECT 5, at, actor, action, object, detail, mailbox, network, outcome, writer,
                 key_id, proof FROM audit WHERE seq = 4",
            "row 5 is not",
        ),
        (
            "two in each other's place",
            "UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;
             UPDATE audit SET seq = 4 WHERE seq = -1",
            "row 3 is not",
        ),
        ("the beginning cut off", "DELETE FROM audit WHERE seq < 4", "rows are missing between 0 and 4"),
        (
            "the beginning cut off as if by time",
            "INSERT INTO audit_anchors SELECT 'pruned', seq, at, proof, writer, key_id, proof FROM audit
                 WHERE seq = 3; DELETE FROM audit WHERE seq < 4",
            "`pruned` is not proven",
        ),
        ("the tail cut off", "DELETE FROM audit WHERE seq > 5", "the trail ends at row 5"),
        (
            "the tail cut off, and the head with it",
            "DELETE FROM audit WHERE seq > 5; DELETE FROM audit_anchors",
            "is not the one that was noted",
        ),
        (
            "the tail cut off, and the head put back",
            "DELETE FROM audit WHERE seq > 5; UPDATE audit_anchors SET seq = 5,
                 proof = (SELECT proof FROM audit WHERE seq = 5) WHERE kind = 'head'",
            "`head` is not proven",
        ),
        ("all of it gone", "DELETE FROM audit; DELETE FROM audit_anchors", "is not the one that was noted"),
        ("a proof taken away", "UPDATE audit SET proof = NULL WHERE seq = 4", "row 4 has no proof"),
    ];
    for (what, sql, expected) in cases {
        let (code, said) = tampered(sql);
        assert!(code == 1 && said.contains(expected), "{what}: {code} {said}");
    }
    let (code, said) = verify(&gateway, &["--anchor", &anchor]);
    assert_eq!(code, 0, "as it was: {said}");
    // Also without a single row: the mailboxes show that there must be rows.
    rows(&gateway).execute_batch("DELETE FROM audit; DELETE FROM audit_anchors").unwrap();
    for begun_anew in [false, true] {
        if begun_anew {
            gateway.restart();
        }
        let (code, said) = verify(&gateway, &[]);
        assert!(code == 1 && said.contains("emptied, or begun anew"), "{begun_anew}: {code} {said}");
        let (code, out, err) = gateway.sealpost(&["check", "--store"]);
        assert!(code == 1 && (out + &err).contains("emptied, or begun anew"), "{begun_anew}");
    }
}
