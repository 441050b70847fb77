//! CVE-2026-29141, CVE-2026-29144: a subject with `[signed OK]`, or a look-alike, was believed. Here nothing
//! in a subject affects what a page says about trust.

use rig::letters;
use rig::reader::PASSWORD;

use crate::portal::{Portal, activate, letter_path};

const PLAIN: &str = "Ihre Rechnung";

const FORGED: &[&str] = &[
    "[signed OK] Ihre Rechnung",
    "[PGP OK] Ihre Rechnung",
    "[secure] Ihre Rechnung",
    "[s\u{456}gned \u{41e}K] Ihre Rechnung",
    "\u{ff3b}signed OK\u{ff3d} Ihre Rechnung",
    "[signed\u{200b} OK] Ihre Rechnung",
    "\u{2714} gepr\u{fc}ft \u{1f512} Ihre Rechnung",
    "Ihre Rechnung\u{202e}]KO dengis[",
];

#[test]
fn a_subject_vouches_for_nothing() {
    let portal = Portal::new();
    let shape = |subject: &str, to: &str| {
        let letter = letters::rich("[vertraulich] SUBJECT", "Text", "<p>Text</p>", "x.pdf", b"x");
        let word = encoded_word(&format!("[vertraulich] {subject}"));
        let letter = String::from_utf8(letter)
            .unwrap()
            .replace("Subject: [vertraulich] SUBJECT", &format!("Subject: {word}"));
        let mut web = portal.gateway.web();
        let inbox = activate(&mut web, &portal.send(to, letter.as_bytes()), PASSWORD, &[]);
        inbox.expect(200);
        let page = web.get(&letter_path(&inbox));
        page.expect(200);
        skeleton(&page.text())
    };
    let honest = shape(PLAIN, "a@web.example");
    for (n, forged) in FORGED.iter().enumerate() {
        let seen = shape(forged, &format!("b{n}@web.example"));
        assert_eq!(seen, honest, "{forged:?} changes more of the page than its subject");
    }
}

/// The elements of a page, with classes, roles and icons, without its words and addresses.
fn skeleton(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
    tags.map(|tag| {
        let name = tag.split_whitespace().next().unwrap_or_default();
        let telling = ["class=\"", "role=\"", "use href=\"", "alt=\""];
        let told: Vec<&str> =
            telling.iter().filter_map(|key| tag.split(key).nth(1)?.split('"').next()).collect();
        format!("{name} {}", told.join(" "))
    })
    .collect()
}

fn encoded_word(text: &str) -> String {
    use base64::Engine as _;
    let characters: Vec<char> = text.chars().collect();
    let words = characters.chunks(10).map(|piece| {
        let piece: String = piece.iter().collect();
        format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(piece))
    });
    words.collect::<Vec<_>>().join("\r\n ")
}
