//! Properties of any input, on generated input: the checks of the fuzz targets without a fuzzer.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

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

/// What partners really send, and the letters of the corpus.
static SENT: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let letters = files.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
    let letters = letters.map(|path| std::fs::read(path).unwrap()).filter(|letter| letter.len() < 20_000);
    checks::partners::samples().into_iter().chain(letters).collect()
});

/// Something that was really sent, with octets changed, a piece of it doubled or another's in its place, and its end cut off.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    use proptest::sample::Index;
    let octets = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    let piece = (any::<Index>(), any::<Index>(), any::<Index>(), 1..200_usize);
    (any::<Index>(), octets, proptest::option::of(piece), proptest::option::weighted(0.2, any::<Index>()))
        .prop_map(|(which, octets, piece, cut)| {
            let mut sent = which.get(&SENT).clone();
            if let Some((other, from, to, length)) = piece {
                let other = other.get(&SENT);
                let from = from.index(other.len());
                let piece = other[from..].iter().take(length).copied();
                let to = to.index(sent.len());
                let end = (to + length / 2).min(sent.len());
                let _gone = sent.splice(to..end, piece.collect::<Vec<u8>>()).count();
            }
            for (at, to) in octets.into_iter().filter(|_| !sent.is_empty()).collect::<Vec<_>>() {
                let at = at.index(sent.len());
                sent[at] = to;
            }
            if let Some(cut) = cut.filter(|_| !sent.is_empty()) {
                sent.truncate(cut.index(sent.len()));
            }
            sent
        })
}

/// Messages of LDAP that are almost messages.
fn directory() -> impl Strategy<Value = Vec<u8>> {
    let kind = select(vec![0x61_u8, 0x64, 0x65, 0x73, 0x78, 0x30, 0x04]);
    let odd = select(vec![0x30_u8, 0x31, 0x04, 0x02, 0x0a, 0x80, 0x84, 0xa0, 0xff, 1, 0]);
    let octet = prop_oneof![1 => any::<u8>(), 2 => odd];
    let message =
        (kind, proptest::collection::vec(octet, 0..100), any::<bool>()).prop_map(|(kind, inner, long)| {
            let length = u8::try_from(inner.len()).unwrap();
            let op = [&[0x02, 0x01, 0x01, kind, length][..], &inner].concat();
            let length = u8::try_from(op.len()).unwrap();
            let begin: &[u8] = if long { &[0x30, 0x84, 0, 0, 0, length] } else { &[0x30, length] };
            [begin, &op].concat()
        });
    // An entry with nothing in it, and the end.
    let ends = select(vec![
        vec![0x30_u8, 0x0c, 0x02, 0x01, 0x01, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00],
        vec![],
    ]);
    (proptest::collection::vec(message, 0..4), ends)
        .prop_map(|(messages, end)| [messages.concat(), end].concat())
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
    fn what_partners_send_is_read_or_refused_however_it_was_changed(input in changed()) {
        checks::partners::check(&input);
    }

    #[test]
    fn what_a_directory_sends_is_an_answer_or_a_complaint(input in directory()) {
        checks::ldap::check(&input);
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
