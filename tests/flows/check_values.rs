//! Values in the syntax of another program: `sealpost check` refuses them with a hint, or warns; and where
//! their meaning is clear, they apply to incoming letters.

use rig::gateway::Home;
use rig::{Config, Gateway, Hop};

/// The code of `check` and what it said of a configuration with one more rule.
fn check(when: &str) -> (i32, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.unset("notices", "show-subject").rule("of the office", when, r#""portal""#);
    let home = Home::new(&config);
    let (code, out, err) = home.sealpost(&["check"]);
    let line = std::fs::read_to_string(home.config()).unwrap();
    let line = line.lines().position(|line| line.contains("of the office")).unwrap();
    let said = format!("{out}{err}");
    assert!(said.contains(&format!("gateway.toml:{line}:")), "{when}: no line {line} in\n{said}");
    (code, said)
}

#[test]
fn check_refuses_what_never_matches_and_says_how_to_write_it() {
    for (when, hint) in [
        (r#"{ text-pattern = "\bvertraulich\b" }"#, r"write it between single quotes: '\bvertraulich\b'"),
        ("{ text-pattern = '/vertraulich/i' }", "write '(?i)vertraulich'"),
        ("{ subject-pattern = '*geheim*' }", "write 'geheim'"),
        ("{ subject-tag = '[geheim-a], [geheim-b]' }", r#"write a list: ["[geheim-a]", "[geheim-b]"]"#),
        (r"{ subject-tag = '\[geheim\]' }", "plain text"),
        ("{ attachment-name = 'pdf' }", "write \"*.pdf\""),
        ("{ attachment-name = '*.pdf, *.doc' }", r#"write a list: ["*.pdf", "*.doc"]"#),
        (r"{ attachment-name = '.*\.pdf' }", "\"*.pdf\""),
        ("{ attachment-type = 'pdf' }", "attachment-name = \"*.pdf\""),
        ("{ attachment-type = 'images/*' }", "application, audio, image"),
        ("{ header = { name = 'X-Class', equals = 'secret*' } }", "write pattern = "),
        ("{ not = { recipient = 'a@x.example, b@x.example' } }", "write a list: "),
    ] {
        let (code, said) = check(when);
        assert!(code != 0 && said.contains(hint), "{when}: no `{hint}` in\n{said}");
    }
}

#[test]
fn check_doubts_what_is_mostly_meant_otherwise() {
    for (when, hint) in [
        ("{ subject-pattern = '^geheim$' }", "leave out ^ and $"),
        ("{ text-pattern = 'geheim, diagnose' }", "write a list"),
        ("{ subject-tag = '[geheim, intern]' }", r#"["[geheim]", "[intern]"]"#),
        ("{ attachment-name = 'befundbericht' }", "\"*befundbericht*\""),
    ] {
        let (code, said) = check(when);
        assert!(code == 0 && said.contains("warning") && said.contains(hint), "{when}:\n{said}");
    }
}

fn letter(fields: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <a@insurer.example>\r\nMIME-Version: 1.0\r\n{fields}\r\n{text}\r\n"
    )
    .into_bytes()
}

fn file(name: &str, kind: &str) -> Vec<u8> {
    letter(
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n",
        &format!(
            "--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\nx\r\n--b--"
        ),
    )
}

#[test]
fn what_is_clearly_meant_holds() {
    let label = "f42aa342-8706-4288-bd11-ebb85995028c";
    for (when, letter) in [
        ("{ attachment-name = '.xls' }", file("Liste.XLS", "application/octet-stream")),
        ("{ attachment-name = '*.{xls,doc}' }", file("brief.doc", "application/octet-stream")),
        ("{ attachment-type = 'application/x-pdf' }", file("x", "application/pdf")),
        ("{ attachment-type = 'application/pdf' }", file("x", "application/x-pdf")),
        ("{ attachment-type = 'image/jpg' }", file("x", "image/jpeg")),
        ("{ attachment-type = 'image/{png,jpg}' }", file("x", "image/pjpeg")),
        (
            "{ label = '{F42AA342-8706-4288-BD11-EBB85995028C}' }",
            letter(&format!("Subject: x\r\nmsip_labels: MSIP_Label_{label}_Enabled=true\r\n"), "x"),
        ),
        ("{ sensitivity = 'Private' }", letter("Subject: x\r\nSensitivity: private\r\n", "x")),
        (
            "{ text-pattern = '^Geheimakte$' }",
            letter("Subject: x\r\n", "Guten Tag,\r\n\r\nGeheimakte\r\n\r\nGruss"),
        ),
        ("{ subject-pattern = '^Geheimakte' }", letter("Subject: AW: [EXTERN] WG: Geheimakte 7\r\n", "x")),
    ] {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config.rule("of the office", when, r#""portal""#);
        let gateway = Gateway::start(&config);
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1, "{when}\n{}", gateway.log());
    }
}
