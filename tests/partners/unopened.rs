//! What is closed waits where the operator says so, wherever in a letter it lies and whatever it is called.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::inward::{HEAD, Scene, result};
use super::{gpg, openssl};

const ARMOUR: &str =
    "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA+not+for+us\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n";

pub(super) fn base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn part(fields: &str, body: &str) -> String {
    format!("MIME-Version: 1.0\r\n{fields}\r\n\r\n{body}")
}

/// A text, and this beside it.
fn beside(fields: &str, body: &str) -> String {
    part(
        "Content-Type: multipart/mixed; boundary=b",
        &format!(
            "--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\n{fields}\r\n\r\n{body}\r\n--b--\r\n"
        ),
    )
}

/// Every way of bringing something closed along, by name.
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
