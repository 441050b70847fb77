//! `sealpost explain` says for every recipient which rule decides, and why; and it is correct.

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

#[test]
fn says_what_the_door_of_a_listener_would_say() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "max-size", r#""1 KiB""#).set("[listener]", "max-recipients", "1");
    config.set("[listener]", "max-line", "998");
    config.listener("applications");
    config
        .set("[listener]", "networks", r#"["10.0.0.0/8"]"#)
        .set("[listener]", "auth", "true")
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "tls-required", "true")
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#)
        .section("[login]")
        .set("[login]", "name", r#""exchange""#)
        .set("[login]", "password", &format!("{:?}", rig::gateway::hash_password("Geheim-4711")))
        .rule("applications are confidential", r#"{ listener = "applications" }"#, r#""portal""#);
    config.listener("scanner");
    config.set("[listener]", "networks", r#"["10.0.0.0/8"]"#);
    let home = Home::new(&config);
    let _ = rig::Authority::new().issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    let long = letters::plain("x", &"y".repeat(1200));
    let mail = home.write("mail.eml", &long);
    let ask = |more: &[&str]| {
        let mut args = vec!["explain", mail.to_str().unwrap(), "--from", "a@insurer.example"];
        args.extend(["--to", "k@web.example", "--to", "k%elsewhere@insurer.example"]);
        args.extend(more);
        home.sealpost(&args)
    };
    for (more, says) in [
        // Left out: the one that lets 127.0.0.1 send.
        (&[][..], &["at the listener inside", "may send: its address is in networks", "no TLS"][..]),
        (&[], &["more than max-size (1024): 552 5.3.4", "max-line): 554 5.6.0"]),
        (&[], &["\nk@web.example: 552 5.3.4; not reached. The rules would say: relayed"]),
        (&[], &["k%elsewhere@insurer.example: one of our own servers", "553 5.1.3"]),
        (&["--listener", "applications"], &["must log in", "TLS is required", "deposited"]),
        (
            &["--listener", "applications", "--login", "exchange"],
            &["may send once it has logged in as exchange", "decided by applications are confidential"],
        ),
        (&["--login", "exchange", "--client", "192.0.2.1"], &["at the listener applications"]),
        (&["--listener", "applications", "--login", "nobody"], &["no [[login]] is called nobody"]),
        (&["--listener", "scanner"], &["554 5.7.1 in place of a greeting"]),
        (&["--listener", "scanner", "--client", "10.1.1.1"], &["may send: its address is in networks"]),
    ] {
        let (code, out, err) = ask(more);
        // One of the two recipients at least is refused at every door.
        assert_ne!(code, 0, "{out}{err}");
        for words in says {
            assert!(out.contains(words), "{more:?}: {words}\n{out}");
        }
    }
    // What the door refuses begins with that refusal; what it lets in does not.
    let short = home.write("short.eml", &letters::plain("x", "y"));
    for (more, refused, says) in [
        (&[][..], false, "\nk@web.example: relayed"),
        (
            &["--to", "k@other.example"],
            true,
            "\nk@other.example: 452 4.5.3; not reached. The rules would say: relayed",
        ),
        (
            &["--listener", "scanner"],
            true,
            "\nk@web.example: 554 5.7.1 in place of a greeting; not reached. The rules would say: relayed",
        ),
        (&["--listener", "applications"], false, "\nk@web.example: once it has logged in: deposited"),
        (&["--listener", "applications", "--login", "exchange"], false, "\nk@web.example: deposited"),
        (
            &["--listener", "applications", "--login", "nobody"],
            true,
            "\nk@web.example: 535 5.7.8 at AUTH; not reached. The rules would say: deposited",
        ),
    ] {
        let asked =
            ["explain", short.to_str().unwrap(), "--from", "a@insurer.example", "--to", "k@web.example"];
        let (code, out, err) = home.sealpost(&[&asked, more].concat());
        assert_eq!(code != 0, refused, "{more:?}: {out}{err}");
        assert!(out.contains(says), "{more:?}: no {says:?} in\n{out}");
    }
    let (code, _, err) = ask(&["--listener", "nonsense"]);
    assert!(code != 0 && err.contains("inside, applications, scanner"), "{err}");
}

/// Fields by which mail programs hand a letter on, and letters within: the door asks about all of them.
#[test]
fn knows_every_way_in_which_a_letter_names_others() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    for field in ["In-Reply-To", "References", "X-Forwarded-Message-Id", "X-MS-Exchange-Parent-Message-Id"] {
        let letter = letters::with_fields("x", &format!("{field}: <a@insurer.example>\r\n"), "x");
        let out = explain(&home, &letter, "a@insurer.example", &["k@web.example"]);
        assert!(out.contains("relayed") && out.contains("if this answers or hands on"), "{field}:\n{out}");
    }
    let within = b"From: a@insurer.example\r\nTo: k@web.example\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\n\
        Content-Type: message/rfc822\r\n\r\nMessage-ID: <inner@insurer.example>\r\nFrom: b@insurer.example\r\n\r\ny\r\n\
        --b--\r\n";
    let out = explain(&home, within, "a@insurer.example", &["k@web.example"]);
    assert!(out.contains("if this answers or hands on"), "{out}");
    let out = explain(&home, &letters::plain("x", "y"), "a@insurer.example", &["k@web.example"]);
    assert!(!out.contains("if this answers"), "{out}");
}

/// Who may write for which domain: nothing is signed for others, and so nothing encrypted for partners.
#[test]
fn says_who_may_not_write_for_a_domain() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("partners", "writers", r#"[{ network = "10.0.0.0/8", domains = ["insurer.example"] }]"#).rule(
        "to partners",
        r#"{ subject-tag = "[partner]" }"#,
        r#"["domain", "portal"]"#,
    );
    let home = Home::new(&config);
    let words = "127.0.0.1 may not write for insurer.example ([partners] writers)";
    let out = explain(&home, &letters::plain("x", "y"), "a@insurer.example", &["k@web.example"]);
    assert!(out.contains("relayed") && out.contains(words), "{out}");
    let out = explain(&home, &letters::plain("[partner] x", "y"), "a@insurer.example", &["k@web.example"]);
    assert!(
        out.contains(words) && out.contains("not encrypted: ") && out.contains("mailbox instead"),
        "{out}"
    );
    let reason = out.lines().find(|line| line.contains("not encrypted: ")).unwrap();
    assert!(reason.contains("writers"), "as the log says it: {reason}");
    let mail = home.write("mail.eml", &letters::plain("x", "y"));
    let asked = ["explain", mail.to_str().unwrap(), "--from", "a@insurer.example", "--to", "k@web.example"];
    // A listed recipient, if the letter were accepted.
    let (_, out, err) = home.sealpost(&[&asked[..], &["--client", "10.1.1.1"]].concat());
    assert!(!out.contains("may not write"), "{out}{err}");
}
