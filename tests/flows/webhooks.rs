//! Events of letters are sent to a system of the insurer's: each once, signed, without content; and when that
//! system is down, wrong or gone, or the gateway is killed, nothing is lost.

use std::process::Command;

use rig::letters::{self, field};
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::receiver::{Received, Receiver, Verdict};
use rig::{Config, Gateway, Hop};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
/// The same in hexadecimal.
const HEX: &str = "3031323334353637383930313233343536373839303132333435363738393031";

fn configured(hop: &Hop, receiver: &Receiver) -> Config {
    let mut config = Config::new(hop);
    webhook(&mut config, "crm", receiver);
    config
}

pub(crate) fn webhook(config: &mut Config, name: &str, receiver: &Receiver) {
    config.section("[webhook]");
    config
        .set("[webhook]", "name", &format!("{name:?}"))
        .set("[webhook]", "url", &format!("{:?}", receiver.url()))
        .set("[webhook]", "secret-file", &format!("{:?}", receiver.secret(&format!("whsec_{KEY}\n"))))
        .set("[webhook]", "ca", &format!("{:?}", receiver.authority))
        .set("[webhook]", "addresses", "true");
}

fn send(gateway: &Gateway, to: &str, subject: &str) {
    let letter = letters::plain(&format!("[vertraulich] {subject}"), "GEHEIM-4711");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
}

/// All events have been sent.
fn none_left(gateway: &Gateway) {
    poll("the last event", || (gateway.count("SELECT count(*) FROM hook_events") == 0).then_some(()));
}

/// By another program than ours.
fn signature(of: &Received) -> String {
    let mut signed = format!("{}.{}.", of.header("webhook-id"), of.header("webhook-timestamp")).into_bytes();
    signed.extend_from_slice(&of.body);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signed");
    std::fs::write(&file, signed).unwrap();
    let mac = format!("hexkey:{HEX}");
    let out = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &mac, "-binary"])
        .arg(&file)
        .output()
        .unwrap();
    use base64::Engine as _;
    format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(out.stdout))
}

#[test]
fn everything_that_happens_to_a_letter_is_told_once_and_signed() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let gateway = Gateway::start(&configured(&hop, &receiver));
    send(&gateway, "max@web.example", "Brief");
    let notice = hop.wait_to("max@web.example");
    let deposited = receiver.wait_taken("letter.deposited");
    let (id, data) = (deposited.header("webhook-id").to_owned(), deposited.json()["data"].clone());
    assert_eq!(signature(&deposited), deposited.header("webhook-signature"));
    assert_eq!(
        (data["sender"].as_str(), data["recipient"].as_str()),
        (Some("erika@insurer.example"), Some("max@web.example"))
    );
    assert!(data["message_id"].as_str().unwrap().starts_with("letter-"), "{data}");
    let notified = receiver.wait_taken("letter.notified");
    assert_ne!(notified.header("webhook-id"), id);
    assert_eq!(notified.json()["data"], data);

    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&notice.bytes));
    let letter = data["letter"].as_str().unwrap().to_owned();
    assert_eq!(letter_path(&inbox), format!("/m/{letter}"));
    assert_eq!(receiver.wait_taken("letter.activated").json()["data"], data);
    for _ in 0..2 {
        web.get(&format!("/m/{letter}")).expect(200);
    }
    assert_eq!(receiver.wait_taken("letter.opened").json()["data"], data);

    // A report comes back, and a letter is taken back.
    send(&gateway, "eva@web.example", "Zwei");
    let verp = hop.wait_to("eva@web.example").from().to_owned();
    let report = format!(
        "From: mailer-daemon@web.example\r\nTo: <{verp}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; web.example\r\n\r\n\
         Final-Recipient: rfc822; eva@web.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    );
    gateway.smtp().letter("", &[&verp], report.as_bytes()).expect("250 *");
    let bounced = receiver.wait_taken("letter.notice-bounced").json();
    assert_eq!(
        (&bounced["data"]["status"], &bounced["data"]["recipient"]),
        (&"5.1.1".into(), &"eva@web.example".into())
    );
    let second = bounced["data"]["letter"].as_str().unwrap();
    let (code, out, err) =
        gateway.sealpost(&["letter", "recall", second, "--by", "Erika", "--note", "wrong person"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(receiver.wait_taken("letter.recalled").json()["data"]["letter"], second);

    for one in receiver.received() {
        let text = String::from_utf8(one.body.clone()).unwrap();
        assert!(!text.contains("GEHEIM") && !text.contains("Brief"), "{text}");
    }
    let _ = receiver.wait("the second notice", |one| {
        one.kind() == "letter.notified" && one.json()["data"]["letter"] == second
    });
    let count = |kind: &str| receiver.received().iter().filter(|one| one.kind() == kind).count();
    assert_eq!((count("letter.deposited"), count("letter.notified"), count("letter.opened")), (2, 2, 1));
    none_left(&gateway);
    assert!(field(&notice.bytes, "From").is_some());
    gateway.sweep();
}

#[test]
fn a_refused_notice_and_a_letter_whose_time_is_over_are_told() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    hop.answer_rcpt("max@web.example", "550 5.1.1 nobody here");
    let mut config = configured(&hop, &receiver);
    config
        .set("portal", "activation-within", r#""1 s""#)
        .set("[webhook]", "events", r#"["letter.notice-bounced", "letter.expired"]"#)
        .set("[webhook]", "addresses", "false");
    let gateway = Gateway::start(&config);
    send(&gateway, "max@web.example", "Brief");
    let bounced = receiver.wait_taken("letter.notice-bounced");
    assert!(bounced.json()["data"]["recipient"].is_null(), "{:?}", bounced.json());
    // With the system's clock: repeated until the letter expires.
    poll("the letter's end", || {
        let _ = gateway.sealpost(&["jobs", "run", "retention"]);
        (gateway.count("SELECT count(*) FROM deposits") == 0).then_some(())
    });
    let expired = receiver.wait_taken("letter.expired").json();
    assert_eq!(
        (&expired["data"]["opened"], &expired["data"]["letter"]),
        (&false.into(), &bounced.json()["data"]["letter"])
    );
    assert_eq!(receiver.received().len(), 2, "nothing that it did not ask for");
    gateway.sweep();
}

#[test]
fn receivers_that_are_down_or_wrong_or_silent_or_gone_lose_nothing() {
    let hop = Hop::new();
    let (down, wrong, silent, gone, elsewhere) =
        (Receiver::closed(), Receiver::new(), Receiver::new(), Receiver::new(), Receiver::new());
    let mut config = Config::new(&hop);
    for (name, receiver) in [("down", &down), ("wrong", &wrong), ("silent", &silent), ("gone", &gone)] {
        webhook(&mut config, name, receiver);
        config.set("[webhook]", "events", r#"["letter.deposited"]"#);
    }
    let there = elsewhere.url();
    wrong.script(move |_| Verdict::Redirect(there.clone()));
    silent.script(|_| Verdict::Silence);
    gone.script(|_| Verdict::Status(410));
    let mut gateway = Gateway::start(&config);
    send(&gateway, "max@web.example", "Brief");
    let first = [
        wrong.wait("a message", |_| true),
        silent.wait("a message", |_| true),
        gone.wait("a message", |_| true),
    ];
    // Two are tried again later, one is given up, and one is still waited for when the gateway is killed.
    poll("three attempts", || {
        (gateway.count("SELECT count(*) FROM hook_events WHERE attempts = 1") == 3).then_some(())
    });
    let dead = "SELECT count(*) FROM hook_events WHERE state = 'dead' AND hook = 'gone'";
    assert_eq!((gateway.count(dead), gateway.count("SELECT count(*) FROM hook_events")), (1, 4));
    gateway.kill();
    down.open();
    wrong.script(|_| Verdict::Endless);
    for receiver in [&silent, &gone] {
        receiver.script(|_| Verdict::Status(200));
    }
    gateway.restart();
    let again = [
        wrong.wait("a message that is taken", |one| one.verdict == Verdict::Endless),
        silent.wait_taken("letter.deposited"),
    ];
    for (before, after) in first.iter().zip(&again) {
        assert_eq!((before.header("webhook-id"), &before.body), (after.header("webhook-id"), &after.body));
    }
    let _ = down.wait_taken("letter.deposited");
    let said = |args: &[&str]| {
        let (code, out, err) = gateway.sealpost(args);
        assert_eq!(code, 0, "{out}{err}");
        assert!(!out.contains("max@"), "{out}");
        out
    };
    let id = first[2].header("webhook-id");
    let listed = said(&["webhook", "list"]);
    assert!(listed.contains(id) && listed.contains("410"), "{listed}");
    assert_eq!(said(&["webhook", "retry", id]).trim(), "1 due now");
    assert_eq!(gone.wait_taken("letter.deposited").header("webhook-id"), id);
    none_left(&gateway);
    let seen = |receiver: &Receiver| receiver.received().len();
    // Taken once each; and redirects are not followed.
    assert_eq!((seen(&down), seen(&wrong), seen(&silent), seen(&gone), seen(&elsewhere)), (1, 2, 2, 2, 0));
    assert!(said(&["webhook", "drop", "--all"]).starts_with("0 dropped"));
    gateway.sweep();
}

#[test]
fn an_event_that_nobody_of_us_made_is_not_sent() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    receiver.script(|_| Verdict::Status(410));
    let gateway = Gateway::start(&configured(&hop, &receiver));
    send(&gateway, "max@web.example", "Brief");
    let dead = "SELECT count(*) FROM hook_events WHERE state = 'dead'";
    poll("two events that are given up", || (gateway.count(dead) == 2).then_some(()));
    receiver.script(|_| Verdict::Status(200));
    // An attacker copies a row in the database and changes another.
    let planted = "INSERT INTO hook_events
        (id, hook, kind, at, letter, mailbox, detail, state, attempts, due_at, last_error, memo_sealed, proof)
        SELECT 'planted', hook, 'letter.opened', at, letter, mailbox, detail, 'queued', 0, 0, NULL, memo_sealed, proof
        FROM hook_events WHERE kind = 'letter.deposited'";
    let changed = "UPDATE hook_events SET kind = 'letter.answered', state = 'queued', due_at = 0
        WHERE kind = 'letter.notified'";
    rig::gateway::change(&gateway.home.data(), planted);
    rig::gateway::change(&gateway.home.data(), changed);
    let refused =
        "SELECT count(*) FROM hook_events WHERE state = 'dead' AND last_error LIKE '%does not prove%'";
    poll("both refused", || (gateway.count(refused) == 2).then_some(()));
    let (code, out, err) = gateway.sealpost(&["check", "--store"]);
    let said = out + &err;
    assert!(code != 0 && said.contains("event planted does not prove"), "{said}");
    // Unchanged rows are sent.
    assert_eq!(gateway.sealpost(&["webhook", "retry", "--webhook", "crm"]).0, 0);
    let taken = receiver.wait("what is ours", |one| one.verdict == Verdict::Status(200));
    assert_eq!(taken.kind(), "letter.deposited");
    poll("both refused again", || (gateway.count(refused) == 2).then_some(()));
    assert_eq!(receiver.received().iter().filter(|one| one.verdict == Verdict::Status(200)).count(), 1);
    assert_eq!(gateway.sealpost(&["webhook", "drop", "--all"]).1.trim(), "2 dropped");
    none_left(&gateway);
    gateway.sweep();
}
