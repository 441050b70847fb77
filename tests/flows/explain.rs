//! `sealpost explain` says for every recipient which rule decides, and why; and it is right.

use rig::gateway::Home;
use rig::{Config, Hop, letters};

fn explain(home: &Home, letter: &[u8], from: &str, to: &[&str]) -> String {
    let mail = home.write("mail.eml", letter);
    let mut args = vec!["explain", mail.to_str().unwrap(), "--from", from];
    for to in to {
        args.extend(["--to", to]);
    }
    let (code, out, err) = home.sealpost(&args);
    assert_eq!(code, 0, "{err}");
    out
}

#[test]
fn names_the_rule_for_each_recipient() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("former partner", r#"{ recipient = "*@former.example" }"#, r#""refuse""#);
    let home = Home::new(&config);
    let out = explain(
        &home,
        &letters::plain("Angebot", "x"),
        "a@insurer.example",
        &["k@web.example", "k@former.example"],
    );
    let (first, second) = out.split_once("k@former.example").unwrap();
    assert!(
        first.contains("k@web.example") && first.contains("relayed") && first.contains("default"),
        "{out}"
    );
    assert!(second.contains("refused") && second.contains("former partner"), "{out}");
}

#[test]
fn knows_tag_mark_and_sender() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    let marked = letters::with_fields("x", "Sensitivity: company-confidential\r\n", "x");
    for (letter, from, rule) in [
        (letters::plain("[vertraulich] x", "x"), "a@insurer.example", "tag"),
        (marked, "a@insurer.example", "marked"),
        (letters::plain("x", "x"), "a@unfall.insurer.example", "accident department"),
    ] {
        let out = explain(&home, &letter, from, &["k@web.example"]);
        assert!(out.contains("mailbox") && out.contains(&format!("decided by {rule}")), "{out}");
    }
}

#[test]
fn takes_a_file_with_the_line_ends_of_an_editor() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    let letter = String::from_utf8(letters::plain("[vertraulich] x", "x")).unwrap().replace("\r\n", "\n");
    assert!(explain(&home, letter.as_bytes(), "", &["k@web.example"]).contains("decided by tag"));
}

#[test]
fn says_what_is_wrong_with_a_question() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    let mail = home.write("mail.eml", b"Subject: x\n\nx\n");
    let mail = mail.to_str().unwrap();
    let (code, _, err) = home.sealpost(&["explain", mail, "--from", "nonsense", "--to", "k@web.example"]);
    assert!(code != 0 && err.contains("nonsense"), "{err}");
    let (code, _, err) = home.sealpost(&["explain", "missing.eml", "--from", "", "--to", "k@web.example"]);
    assert!(code != 0 && err.contains("missing.eml"), "{err}");
}
