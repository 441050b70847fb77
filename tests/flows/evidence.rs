//! Evidence about one letter: what the audit trail says about it, for a dispute about its delivery, before
//! and after it was opened and after everything is deleted. Never a word of the letter.

use std::os::unix::fs::PermissionsExt as _;

use rig::process::{poll, run};
use rig::reader::{activate, letter_path};
use rig::readers::{python, root, said};
use rig::{Config, Gateway, Hop, QUEUED, letters};
use serde_json::Value;

const CUSTOMER: &str = "kunde@web.example";

/// A moment of the facts as the operator's clock showed it: day and time, and the offset.
fn local(at: &Value) -> (String, String) {
    let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
    let at = at.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    (at.strftime("%Y-%m-%d %H:%M:%S").to_string(), at.strftime("%:z").to_string())
}

/// The text shows a moment and the hash, which may take several lines.
fn shows(text: &str, hash: &str, at: &Value) {
    let (time, offset) = local(at);
    assert!(text.contains(&time) && text.contains(&offset), "{time} {offset}: {text}");
    let dense: String = text.split_whitespace().collect();
    assert!(dense.contains(hash), "{hash}: {text}");
}

fn ok(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = gateway.sealpost(args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

fn facts(gateway: &Gateway, letter: &str) -> Value {
    serde_json::from_str(&ok(gateway, &["letter", "evidence", letter, "--json"])).unwrap()
}

fn actions(facts: &Value) -> Vec<&str> {
    facts["events"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect()
}

/// The text of a PDF that an independent reader identifies as PDF/A-3b.
fn pdf(gateway: &Gateway, letter: &str, language: &str) -> String {
    let folder = gateway.home.path().join("evidence");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{language}.pdf"));
    let path = file.to_str().unwrap();
    let _ = std::fs::remove_file(&file);
    ok(gateway, &["letter", "evidence", letter, "--language", language, "--to", path]);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it names a person");
    let made = "SELECT count(*) FROM audit WHERE action = 'letter.evidence-made'";
    let before = gateway.count(made);
    let (code, _, _) = gateway.sealpost(&["letter", "evidence", letter, "--to", path]);
    assert_ne!(code, 0, "nothing is written over");
    assert_eq!(gateway.count(made), before, "and nothing is noted as made");
    let (code, meta, err) = run(std::process::Command::new("pdfinfo").arg("-meta").arg(&file));
    assert!(code == 0 && meta.contains("<pdfaid:part>3</pdfaid:part>"), "{meta}{err}");
    let (code, text, err) = run(std::process::Command::new("pdftotext").arg("-layout").arg(&file).arg("-"));
    assert_eq!(code, 0, "{err}");
    assert!(!text.contains("-4711"), "{text}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn evidence_says_when_what_happened_to_a_letter_and_nothing_of_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Betreff-4711", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let shown: Value = serde_json::from_str(&ok(&gateway, &["mailbox", "show", CUSTOMER, "--json"])).unwrap();
    let id = shown["letters"][0]["letter"].as_str().unwrap();
    poll("the notice's row", || actions(&facts(&gateway, id)).contains(&"notice.sent").then_some(()));
    let before = facts(&gateway, id);
    assert_eq!(
        (&before["recipient"], &before["sender"]),
        (&CUSTOMER.into(), &"erika@insurer.example".into())
    );
    let message_id = letters::field(&letter, "Message-ID").unwrap();
    assert_eq!(before["message_id"], message_id.as_str());
    // As the sender can compute it from what they still have, by another program than ours.
    let file = gateway.home.path().join("as-sent.eml");
    std::fs::write(&file, &letter).unwrap();
    let (_, sum, _) = run(std::process::Command::new("sha256sum").arg(&file));
    let hash = sum.split(' ').next().unwrap();
    assert_eq!(before["sha256"], hash, "of the letter as it was handed in");
    assert_eq!((before["trail"].as_str(), before["anchor"].is_string()), (Some("whole"), true));
    assert_eq!(actions(&before)[..2], ["letter.deposited", "notice.sent"]);
    assert!(before["events"][1]["outcome"].as_str().unwrap().starts_with("250"));
    let notified = before["events"][1]["detail"].as_str().unwrap();
    assert!(notified.contains("hop=") && notified.contains(&format!("queue-id={QUEUED}")), "{notified}");
    assert!(!actions(&before).contains(&"letter.opened"));
    let text = pdf(&gateway, id, "de");
    assert!(!text.contains("kann ihn nicht lesen") && !text.contains("unveränderte Nachricht"), "{text}");
    for words in [
        id,
        CUSTOMER,
        message_id.as_str(),
        "erika@insurer.example",
        "mit dem Schlüssel des Servers",
        "in das Postfach des Empfängers",
        "Antwort 250",
        &format!("Kennung dort {QUEUED}"),
        "nicht geöffnet",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    shows(&text, hash, &before["events"][0]["at"]);

    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let path = letter_path(&inbox);
    web.get(&path).expect(200);
    web.get(&format!("{path}/eml")).expect(200);
    let text = pdf(&gateway, id, "en");
    assert!(text.contains("reply 250") && text.contains(&format!("known there as {QUEUED}")), "{text}");
    shows(&text, hash, &before["events"][1]["at"]);
    assert!(text.contains("Opened for the first time, after log-in") && text.contains("(eml)"), "{text}");
    assert!(!text.contains("had not been opened") && text.contains("127.0.0.0/24"), "{text}");

    // The letter and its mailbox are gone; what happened is not.
    ok(&gateway, &["mailbox", "delete", CUSTOMER, "--note", "auf Wunsch"]);
    let after = facts(&gateway, id);
    assert!(after["recipient"].is_null() && actions(&after).contains(&"letter.opened"), "{after}");
    assert_eq!(after["sha256"], hash, "the hash outlives the letter");
    let text = pdf(&gateway, id, "de");
    assert!(text.contains("nicht mehr bekannt") && text.contains("Das Postfach wurde gelöscht"), "{text}");
    // By the judgement of a validator that is not ours, which finds spoiled ones out.
    let judged = said(
        python().arg(root().join("tests/exports/check_pdfa.py")).arg(gateway.home.path().join("evidence")),
    );
    assert!(judged.starts_with("2 documents, 0 not PDF/A-3b"), "{judged}");
    let (code, _, err) = gateway.sealpost(&["letter", "evidence", "nothing", "--json"]);
    assert!(code != 0 && err.contains("says nothing of a letter"), "{err}");
    gateway.sweep();
}

#[test]
fn of_a_letter_whose_time_was_over_evidence_says_that_nobody_deleted_it() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "activation-within", r#""1 s""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Betreff-4711", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    let _ = hop.wait_to(CUSTOMER);
    let id = rig::gateway::blobs(&gateway.home.data(), "SELECT CAST(id AS BLOB) FROM deposits").remove(0);
    let id = String::from_utf8(id).unwrap();
    poll("its time to be over", || {
        ok(&gateway, &["jobs", "run", "retention"]);
        (gateway.count("SELECT count(*) FROM deposits") == 0).then_some(())
    });
    let facts = facts(&gateway, &id);
    assert!(actions(&facts).contains(&"letter.expired"), "{facts}");
    for (language, words) in
        [("en", "Deleted when its retention period was over"), ("de", "Aufbewahrungsfrist")]
    {
        let text = pdf(&gateway, &id, language);
        assert!(text.contains(words), "{language}: {text}");
    }
    gateway.sweep();
}
