//! A letter that makes a library of the worker panic (sequoia-openpgp 2.4.2 unwraps in
//! `PacketParser::decrypt` where the encrypted packet ends within its prefix): it is passed on unchanged or
//! waits, and the next one is opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rig::process;

use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::our_certificate;
use super::{gpg, sealpost};

/// The message with its encrypted packet cut to ten octets (RFC 9580 §4.2.1: a one-octet length).
fn cut(message: &[u8]) -> Vec<u8> {
    assert_eq!(message[0] & 0xfc, 0x84, "a session key in the old format");
    let (skip, length) = match message[0] & 3 {
        0 => (2, usize::from(message[1])),
        _ => (3, usize::from(message[1]) << 8 | usize::from(message[2])),
    };
    let rest = &message[skip + length..];
    assert_eq!(rest[0], 0xd2, "encrypted data");
    let begin = match rest[1] {
        0..=191 | 224..=254 => 2,
        192..=223 => 3,
        255 => 6,
    };
    [&message[..skip + length], &[0xd2, 10], &rest[begin..begin + 10]].concat()
}

#[test]
fn a_letter_that_ends_its_worker_costs_no_other_letter() {
    for unopened in ["pass", "hold"] {
        let scene = Scene::new(|config| {
            config.set("partners", "unopened", &format!("{unopened:?}"));
        });
        let house = gpg::House::new("moor@clinic.example");
        let make = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"];
        sealpost(&scene.gateway, &make);
        house.import(&our_certificate(&scene.gateway));
        let _ = scene.arrives(&house.close(HEAD, ENTITY, "securemail@insurer.example"));
        let programs = || process::children(scene.gateway.process().id(), "sealpost-seal");
        let before = programs();
        let _ = scene.arrives(&house.close(HEAD, ENTITY, "securemail@insurer.example"));
        assert_eq!((before.len(), &before), (1, &programs()), "one program for all letters that end well");
        let message = STANDARD.encode(cut(&house.message_to("securemail@insurer.example", b"x")));
        let letter = format!(
            "{HEAD}MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; \
             boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\n\
             Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n{message}\n--b--\n"
        );
        let letter = letter.replace('\n', "\r\n");
        if unopened == "pass" {
            let arrived = scene.arrives(letter.as_bytes());
            let found = result(&arrived);
            assert!(found.contains("encrypted=unknown") || found.contains("not-opened"), "{found}");
            assert!(arrived.bytes.ends_with(letter.as_bytes()), "{}", arrived.text());
        } else {
            scene.hand_in(letter.as_bytes());
            assert_eq!(scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'"), 1);
        }
        let next = scene.arrives(&house.close(HEAD, ENTITY, "securemail@insurer.example"));
        assert!(next.text().contains("4711") && result(&next).contains("encrypted=yes"), "{}", next.text());
        scene.gateway.sweep();
    }
}
