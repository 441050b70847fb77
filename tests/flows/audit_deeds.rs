//! Each action of people on a mailbox, and of support, leaves its row in the audit trail, with who and why;
//! and rows under a previous server key are still verified.

use std::process::Command;

use rig::gateway::{Gateway, Home, binary};
use rig::process::{poll, run};
use rig::reader::{ANSWER, PASSWORD, activate, activate_with, letter_path};
use rig::{Config, Hop, Web, letters};
use rustix::process::Signal;

const CUSTOMER: &str = "kunde@web.example";
const SECOND: &str = "Kirschkern-1953-Segel";

fn send(gateway: &Gateway, hop: &Hop) {
    let before = hop.delivered().len();
    let letter = letters::plain("[vertraulich] Betreff-4711", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    let _ = hop.wait(before + 1);
}

fn log_in(gateway: &Gateway, password: &str) -> (Web, rig::http::Page) {
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", CUSTOMER), ("password", password)]);
    let inbox = web.follow(page);
    (web, inbox)
}

fn ok(home: &Home, args: &[&str]) -> String {
    let (code, out, err) = home.sealpost(args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

fn exported(home: &Home) -> Vec<serde_json::Value> {
    ok(home, &["audit", "export"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many rows say this.
fn times(home: &Home, action: &str, actor: &str) -> usize {
    let rows = exported(home);
    rows.iter()
        .filter(|row| row["action"] == action && row["actor"].as_str().unwrap().starts_with(actor))
        .count()
}

fn owner_lives(gateway: &Gateway, hop: &Hop) {
    send(gateway, hop);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait(1)[0].bytes));
    let path = letter_path(&inbox);
    let id = path.trim_start_matches("/m/").to_owned();
    web.get(&path).expect(200);
    for _ in 0..2 {
        let page = web.get("/inbox");
        web.submit(&page, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
        let page = web.get("/trash");
        let fields = [("folder", "trash"), ("id", id.as_str()), ("do", "restore")];
        web.submit(&page, "/letters", &fields).expect(303);
    }
    let page = web.get("/inbox");
    web.submit(&page, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
    let page = web.get("/trash");
    let fields = [("folder", "trash"), ("id", id.as_str()), ("do", "destroy"), ("sure", "yes")];
    web.submit(&page, "/letters", &fields).expect(303);
    let page = web.get("/account/question");
    let fields = [("current", PASSWORD), ("question", "2"), ("own_question", ""), ("answer", ANSWER)];
    web.submit(&page, "/account/question", &fields).expect(303);
    let page = web.get("/account/password");
    let fields = [("current", PASSWORD), ("password", SECOND), ("repeat", SECOND)];
    web.submit(&page, "/account/password", &fields).expect(303);
    // Forgotten, and set anew.
    let before = hop.delivered().len();
    let mut other = gateway.web();
    let page = other.get("/forgot");
    other.submit(&page, "/forgot", &[("address", CUSTOMER)]);
    let is_reset = |mail: &rig::Delivered| mail.text().contains("/r/");
    let reset = letters::link(&hop.wait_where("the reset", is_reset).bytes);
    assert!(hop.delivered().len() > before);
    let page = other.get(&reset);
    let action = format!("/r/{}", reset.rsplit_once("/r/").unwrap().1);
    let fields = [("answer", ANSWER), ("password", PASSWORD), ("repeat", PASSWORD)];
    other.submit(&page, &action, &fields).expect(303);
    let page = other.get("/support");
    other.submit(&page, "/support", &[("address", CUSTOMER), ("note", "0170 1234567")]).expect(200);
}

fn support_acts(gateway: &Gateway, hop: &Hop) {
    let home = &gateway.home;
    send(gateway, hop);
    let shown: serde_json::Value =
        serde_json::from_str(&ok(home, &["mailbox", "show", CUSTOMER, "--json"])).unwrap();
    let letter = shown["letters"][0]["letter"].as_str().unwrap().to_owned();
    let told = hop.delivered().len();
    ok(home, &["mailbox", "lock", CUSTOMER, "--note", "Verdacht"]);
    ok(home, &["mailbox", "unlock", CUSTOMER, "--note", "geklärt"]);
    // The owner is notified of both, before the mails awaited below.
    let _both = hop.wait(told + 2);
    ok(home, &["mailbox", "hold", CUSTOMER, "--note", "Verfahren"]);
    ok(home, &["mailbox", "hold", CUSTOMER, "--end", "--note", "beendet"]);
    ok(home, &["letter", "recall", &letter, "--note", "falscher Anhang"]);
    let seen = hop.delivered().len();
    ok(home, &["request", "release", "1", "--note", "called back"]);
    let again = letters::link(&hop.wait(seen + 1)[seen].bytes);
    let mut web = gateway.web();
    activate_with(&mut web, &again, SECOND);
    let (mut web, inbox) = log_in(gateway, SECOND);
    inbox.expect(200);
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", CUSTOMER), ("note", "noch einmal")]).expect(200);
    ok(home, &["request", "refuse", "2", "--note", "schon geschehen"]);
    ok(home, &["mailbox", "delete", CUSTOMER, "--note", "auf Wunsch"]);
}

#[test]
fn every_kind_of_deed_leaves_its_row() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "escrow", r#""server""#).set("policy", "recall", r#""always""#);
    config.set("dkim", "keys", r#""dkim""#);
    let gateway = Gateway::start(&config);
    owner_lives(&gateway, &hop);
    support_acts(&gateway, &hop);
    let before = gateway.process().output.lines().len();
    gateway.process().signal(Signal::HUP);
    gateway.process().output.wait_from(before, "*rules and lists reloaded*").unwrap();
    ok(&gateway.home, &["adopt", "--yes"]);
    for selector in ["a1", "a2"] {
        ok(&gateway.home, &["dkim", "create", "insurer.example", "--selector", selector]);
        ok(&gateway.home, &["dkim", "use", selector]);
    }
    ok(&gateway.home, &["dkim", "retire", "a2"]);
    ok(&gateway.home, &["dkim", "remove", "a1"]);
    for (action, actor, count) in [
        ("configuration.loaded", "system", 1),
        ("configuration.reloaded", "system", 1),
        ("dkim-key.created", "operator:", 2),
        ("dkim-key.used", "operator:", 2),
        ("dkim-key.retired", "operator:", 2),
        ("dkim-key.removed", "operator:", 1),
        ("mailbox.created", "sender", 1),
        ("letter.deposited", "sender", 2),
        ("mailbox.activated", "owner", 2),
        ("letter.opened", "owner", 1),
        ("letter.trashed", "owner", 3),
        ("letter.restored", "owner", 2),
        ("letter.deleted", "owner", 1),
        ("mailbox.credentials-changed", "owner", 2),
        ("reset.asked", "visitor", 1),
        ("mailbox.password-reset", "owner", 1),
        ("request.made", "visitor", 2),
        ("request.released", "operator:", 1),
        ("request.refused", "operator:", 1),
        ("mailbox.locked", "operator:", 1),
        ("mailbox.unlocked", "operator:", 1),
        ("mailbox.held", "operator:", 1),
        ("mailbox.hold-ended", "operator:", 1),
        ("letter.recalled", "operator:", 1),
        ("mailbox.deleted", "operator:", 1),
        ("key.adopted", "operator:", 1),
    ] {
        assert_eq!(times(&gateway.home, action, actor), count, "{action} {:#?}", exported(&gateway.home));
    }
    let trail = ok(&gateway.home, &["audit", "show"]);
    assert!(trail.contains("note=falscher Anhang") && trail.contains("why=operator"), "{trail}");
    // The name of a mail server is there, and no other address.
    let trail = trail.replace("hop=127.0.0.1", "hop=");
    for word in ["kunde", "erika", "Betreff", "Inhalt", "127.0.0.1", "1234567", PASSWORD, SECOND] {
        assert!(!trail.contains(word), "{word} is in the trail:\n{trail}");
    }
    gateway.sweep();
}

#[test]
fn rows_under_an_earlier_server_key_are_checked_with_the_present_one() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    send(&gateway, &hop);
    gateway.stop();
    ok(&gateway.home, &["key", "rotate"]);
    assert_eq!(times(&gateway.home, "key.rotated", "operator:"), 1);
    gateway.restart();
    send(&gateway, &hop);
    let rows = exported(&gateway.home);
    assert_ne!(rows[0]["key"], rows[rows.len() - 1]["key"]);
    let said = ok(&gateway.home, &["audit", "verify"]);
    assert!(said.contains("each proven over the one before"), "{said}");
    // The auditor's file made of the new key checks those of before as well.
    let mut split = Command::new(binary());
    split.args(["key", "split", "--server-key", "server.key", "--to", "keys"]);
    let (code, out, err) = run(split.current_dir(gateway.home.path()));
    assert_eq!(code, 0, "{out}{err}");
    let auditor = gateway.home.path().join("keys/auditor.key");
    let (code, out, err) = gateway.home.sealpost(&["audit", "verify", "--key", auditor.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    gateway.sweep();
}

#[test]
fn old_rows_go_and_what_is_left_still_proves() {
    let hop = Hop::new();
    let clock = rig::ill_clock::IllClock::new();
    let mut config = Config::by_clock(&hop, &clock);
    config.set("audit", "kept", r#""30 days""#).set("retention", "clock-jump", r#""4000 days""#);
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    send(&gateway, &hop);
    let anchor = ok(&gateway.home, &["audit", "anchor"]).trim().to_owned();
    clock.set(35 * 86_400);
    poll("old rows to go", || (gateway.count("SELECT min(seq) FROM audit") > 1).then_some(()));
    send(&gateway, &hop);
    let said = ok(&gateway.home, &["audit", "verify"]);
    assert!(said.contains("each proven over the one before"), "{said}");
    // What was noted of a row that the operator has let go is no finding.
    ok(&gateway.home, &["audit", "verify", "--anchor", &anchor]);
    poll("the run's row", || (times(&gateway.home, "job.ran", "system") > 0).then_some(()));
    gateway.sweep();
}
