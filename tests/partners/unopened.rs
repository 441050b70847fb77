//! Undecryptable content makes a letter wait if configured, wherever in the letter it is and whatever its
//! label.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::{our_certificate, path};
use super::{gpg, openssl, sealpost};

const ARMOUR: &str =
    "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA+not+for+us\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n";

pub(super) fn base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn part(fields: &str, body: &str) -> String {
    format!("MIME-Version: 1.0\r\n{fields}\r\n\r\n{body}")
}

/// A text, with this beside it.
fn beside(fields: &str, body: &str) -> String {
    part(
        "Content-Type: multipart/mixed; boundary=b",
        &format!(
            "--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\n{fields}\r\n\r\n{body}\r\n--b--\r\n"
        ),
    )
}

/// Every way of including encrypted content, by name.
fn ways() -> Vec<(&'static str, String)> {
    let house = openssl::House::new("moor@clinic.example");
    let enveloped = base64(&house.envelope(b"Content-Type: text/plain\r\n\r\nx\r\n", &house.certificate()));
    let binary = base64(&gpg::House::new("somebody@else.example").message(b"x"));
    let base = "Content-Transfer-Encoding: base64";
    let inner = beside("Content-Type: application/octet-stream", ARMOUR);
    vec![
        (
            "CMS as a file",
            part(&format!("Content-Type: application/octet-stream; name=smime.p7m\r\n{base}"), &enveloped),
        ),
        (
            "CMS named in the disposition",
            part(
                &format!(
                    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=smime.p7m\r\n{base}"
                ),
                &enveloped,
            ),
        ),
        ("CMS under any name", beside(&format!("Content-Type: image/png; name=a.png\r\n{base}"), &enveloped)),
        (
            "armour in base64",
            part(&format!("Content-Type: text/plain\r\n{base}"), &base64(ARMOUR.as_bytes())),
        ),
        (
            "armour in quoted-printable",
            part(
                "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable",
                &ARMOUR.replace("BEGIN", "=42EGIN").replace("PGP M", "PGP=20M"),
            ),
        ),
        (
            "armour on a page",
            part(
                &format!("Content-Type: text/html\r\n{base}"),
                &base64(format!("<p>&#45;----BEGIN PGP MESSAGE-----</p>{ARMOUR}").as_bytes()),
            ),
        ),
        (
            "a file .asc",
            beside(&format!("Content-Type: text/plain; name=a.asc\r\n{base}"), &base64(ARMOUR.as_bytes())),
        ),
        (
            "a file .gpg",
            beside(&format!("Content-Type: application/octet-stream; name=a.gpg\r\n{base}"), &binary),
        ),
        ("a file of no name", beside(&format!("Content-Type: application/pdf\r\n{base}"), &binary)),
        (
            "a letter within",
            beside(
                &format!("Content-Type: message/rfc822\r\n{base}"),
                &base64(
                    format!("{}\r\n{inner}", "Subject: x").replace("\r\n\r\nMIME", "\r\nMIME").as_bytes(),
                ),
            ),
        ),
    ]
}

#[test]
fn whatever_is_closed_waits_and_what_is_not_does_not() {
    let scene = Scene::new(|config| {
        config.set("partners", "unopened", r#""hold""#);
        // A rule with another end is no way round.
        config.rule(
            "portal",
            r#"{ listener = "world", recipient = "erika.muster@insurer.example" }"#,
            r#""portal""#,
        );
    });
    let held = || scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");
    for (at, (way, letter)) in ways().iter().enumerate() {
        let letter = format!("{}{letter}", HEAD.replace('\n', "\r\n"));
        scene.hand_in(letter.as_bytes());
        assert_eq!(held(), i64::try_from(at).unwrap() + 1, "{way} went on");
    }
    assert_eq!(scene.gateway.count("SELECT count(*) FROM deposits"), 0);
    scene.gateway.sweep();
}

#[test]
fn what_is_not_closed_goes_on_as_it_came() {
    let scene = Scene::new(|config| {
        config.set("partners", "unopened", r#""hold""#);
    });
    let quoted = "> -----BEGIN PGP MESSAGE-----\r\n> hQEM\r\nWhat does that mean?\r\n";
    let picture = base64(b"\x89PNG\r\n\x1a\n and the rest of it");
    for letter in [
        part(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
            &base64("Öffnen Sie das".as_bytes()),
        ),
        beside("Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64", &picture),
        part("Content-Type: text/plain", quoted),
    ] {
        let arrived = scene.arrives(format!("{}{letter}", HEAD.replace('\n', "\r\n")).as_bytes());
        let found = result(&arrived);
        assert!(!found.contains("not-opened"), "{found}:\n{}", arrived.text());
    }
    scene.gateway.sweep();
}

/// A gateway whose rules hold what could not be decrypted, and refuse it from one domain.
fn ruled() -> Scene {
    Scene::new(|config| {
        config
            .rule(
                "of one house",
                r#"{ listener = "world", unopened = true, from = "*@other.example" }"#,
                r#"{ refuse = { text = "We cannot open this" } }"#,
            )
            .rule("of all", r#"{ listener = "world", unopened = true }"#, r#"{ hold = { tls = "none" } }"#);
    })
}

/// A letter that is encrypted and not signed.
fn encrypted(head: &str, to: &std::path::Path) -> String {
    let house = openssl::House::new("nobody@clinic.example");
    let cms = base64(&house.envelope(ENTITY.replace('\n', "\r\n").as_bytes(), to));
    let kind = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m";
    let letter = part(&format!("{kind}\r\nContent-Transfer-Encoding: base64"), &cms);
    format!("{}{letter}", head.replace('\n', "\r\n"))
}

#[test]
fn a_rule_decides_about_what_could_not_be_opened_and_about_nothing_else() {
    let scene = ruled();
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let elsewhere = openssl::House::new("somebody@else.example");
    let theirs = std::fs::read_to_string(elsewhere.certificate()).unwrap();
    let held = || scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");

    // Unencrypted letters, and those that are decrypted and authenticated.
    let plain = scene.arrives(format!("{HEAD}{ENTITY}").replace('\n', "\r\n").as_bytes());
    assert!(plain.text().contains("4711"));
    assert!(scene.arrives(&house.sign(HEAD, ENTITY)).text().contains("4711"));
    let opened = scene.arrives(&house.close(HEAD, ENTITY, &our_certificate(&scene.gateway)));
    assert!(opened.text().contains("4711") && result(&opened).contains("whole=yes"), "{}", opened.text());
    assert_eq!(held(), 0);

    // For a foreign key; and decrypted, but not authenticated: treated alike, so that replies do not tell an
    // attacker who changes a captured letter which change can be decrypted.
    scene.hand_in(&house.close(HEAD, ENTITY, &theirs));
    assert_eq!(held(), 1);
    let ours = scene.gateway.home.write("ours.pem", our_certificate(&scene.gateway).as_bytes());
    scene.hand_in(encrypted(HEAD, &ours).as_bytes());
    assert_eq!(held(), 2);
    let other = HEAD.replace("moor@clinic.example", "moor@other.example");
    for to in [&ours, &elsewhere.certificate()] {
        let mut client = rig::Smtp::connect(scene.world);
        client.ehlo();
        let to_erika = ["erika.muster@insurer.example"];
        let letter = encrypted(&other, to);
        client
            .letter("moor@other.example", &to_erika, letter.as_bytes())
            .expect("550 5.7.1 We cannot open this");
    }
    assert_eq!((held(), scene.inside.delivered().len()), (2, 3));
    scene.gateway.sweep();
}

#[test]
fn explain_says_what_a_letter_that_cannot_be_opened_would_become() {
    let scene = ruled();
    let elsewhere = openssl::House::new("somebody@else.example");
    let explained = |letter: &str| {
        let mail = scene.gateway.home.write("mail.eml", letter.as_bytes());
        let asked = ["explain", mail.to_str().unwrap(), "--from", "moor@clinic.example"];
        let to = ["--to", "erika.muster@insurer.example", "--listener", "world"];
        sealpost(&scene.gateway, &[&asked[..], &to].concat())
    };
    let said = explained(&encrypted(HEAD, &elsewhere.certificate()));
    assert!(
        said.contains("if it cannot be opened") && said.contains("held") && said.contains("by of all"),
        "{said}"
    );
    let said = explained(&format!("{HEAD}{ENTITY}"));
    assert!(!said.contains("if it cannot be opened"), "{said}");
}
