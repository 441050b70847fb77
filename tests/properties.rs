//! What must hold for any input, on generated input: the checks of the fuzz targets without a fuzzer.

#[path = "fuzz/checks/mod.rs"]
mod checks;

use proptest::prelude::*;
use proptest::sample::select;

/// Octets as attackers choose them: line ends, dots and NULs often, anything sometimes.
fn session() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        &b"\r\n"[..],
        b"\r",
        b"\n",
        b".",
        b"..",
        b"\0",
        b"a",
        b".\r\n",
        b"\r\n.\r\n",
        b"MAIL FROM:<a@b.example>",
        b"RCPT TO:<c@d.example>",
        b" SIZE=1",
        b" NOTIFY=NEVER",
        b"DATA",
        b"BDAT 3 LAST",
        b"EHLO x",
        b"AUTH PLAIN",
        b"Subject: x",
        b"\xc3\xbc",
        b"\xff",
    ]);
    let random = proptest::collection::vec(any::<u8>(), 0..20);
    let piece = prop_oneof![8 => pieces.prop_map(<[u8]>::to_vec), 1 => random];
    (any::<u8>(), proptest::collection::vec(piece, 0..30))
        .prop_map(|(seed, pieces)| [vec![seed], pieces.concat()].concat())
}

/// Letters that are almost letters.
fn letter() -> impl Strategy<Value = Vec<u8>> {
    let field = select(vec![
        "From: Erika <erika@insurer.example>\r\n",
        "To: a@b.example, \"C, D\" <c@d.example>\r\n",
        "Subject: [vertraulich] x\r\n",
        "Subject: =?utf-8?B?W3ZlcnRyYXVsaWNoXSB4?=\r\n",
        "Subject: =?utf-8?Q?=5Bvertrau?=\r\n =?utf-8?Q?lich=5D?= x [VERTRAULICH]\r\n",
        "subject:[vertraulich][vertraulich]\r\n",
        "Received: from a by b; x\r\n",
        "Date: Fri, 20 Nov 2026 09:30:00 +0100\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/alternative; boundary=\"b\"\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: text/html; charset=iso-8859-1\r\n",
        "Content-Type: application/pdf; name=\"../../etc/passwd\"\r\n",
        "Content-Disposition: attachment; filename*=utf-8''%2e%2e%2f%00x\r\n",
        "Content-Disposition: inline; filename=\"a\\\\b:c\"\r\n",
        "Content-ID: <x@y>\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "X-Folded: a\r\n\tb\r\n",
        "Broken line\r\n",
        ": no name\r\n",
        "Größe: ü\r\n",
        "\r\n",
    ]);
    let text = select(vec![
        "\r\n",
        "text\r\n",
        "--b\r\n",
        "--b--\r\n",
        "PHA+eDwvcD4=\r\n",
        "=C3=BC=\r\n",
        "<p>x</p>\r\n",
        "begin 644 x\r\n",
        "-----BEGIN PGP MESSAGE-----\r\n",
        "\u{feff}x",
        "\r\n\r\n",
    ]);
    let random = proptest::collection::vec(any::<u8>(), 0..30);
    let piece = prop_oneof![
        6 => field.prop_map(|f| f.as_bytes().to_vec()),
        4 => text.prop_map(|t| t.as_bytes().to_vec()),
        1 => random,
    ];
    proptest::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

/// Rules that are almost rules.
fn rules() -> impl Strategy<Value = String> {
    let when = select(vec![
        r#"{ subject-tag = "[vertraulich]" }"#,
        r#"{ recipient = "*@web.example" }"#,
        r#"{ recipient = "max@*" }"#,
        r#"{ reverse-path = "*@unfall.insurer.example" }"#,
        r#"{ sensitivity = "company-confidential" }"#,
        r#"{ subject-pattern = "(?i)x+" }"#,
        r#"{ subject-pattern = "(" }"#,
        r#"{ text-pattern = "t.xt" }"#,
        r#"{ attachment-name = "*.pdf" }"#,
        r#"{ size-at-least = "1 KiB" }"#,
        r#"{ encrypted = true }"#,
        r#"{ not = { recipient = "*@web.example" } }"#,
        r#"{ header = { name = "X-Any", contains = "thing" } }"#,
        r#"{ client = "127.0.0.0/8" }"#,
        r#"{ client = "x" }"#,
        r#"{ reply = true }"#,
        "{}",
        r#"{ colour = 1 }"#,
    ]);
    let then = select(vec![
        "\"portal\"",
        "\"relay\"",
        "\"hold\"",
        "\"refuse\"",
        r#"{ relay = { tls = "verified" } }"#,
        r#"{ hold = { tls = "none" } }"#,
        r#"{ domain = { partner = "x" } }"#,
        r#"{ refuse = { text = "no" } }"#,
        "\"nowhere\"",
        "1",
    ]);
    let name = select(vec!["one", "two", "three", "", "default", "ü"]);
    proptest::collection::vec((name, when, then), 0..6).prop_map(|rules| {
        let each = |(name, when, then)| format!("[[rule]]\nname = {name:?}\nwhen = {when}\nthen = {then}\n");
        rules.into_iter().map(each).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_is_read_as_the_standard_says(input in session()) {
        checks::smtp::check(&input);
    }

    #[test]
    fn a_letter_from_anywhere_is_read_and_kept(input in letter()) {
        checks::message::check(&input);
    }

    #[test]
    fn rules_are_rules_or_a_complaint(input in rules()) {
        checks::rules::check(input.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_as_it_was_or_not_at_all(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        checks::sealed::check(&input);
    }

    #[test]
    fn nor_around_the_size_of_a_chunk(over in 65_500_usize..65_580, seed in any::<u8>()) {
        let mut input = vec![seed; over];
        input[0] = 255;
        checks::sealed::check(&input);
    }
}
