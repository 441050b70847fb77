//! What is signable unchanged, what is encoded for it, and that nothing else changes.

use proptest::prelude::*;
use sealpost_mail::Head;

use super::walk::{MAX_CLAIMS, MAX_ENTITIES};
use super::{Plan, Rewriting, Survey, Way};

/// The letter as it would be signed, for any size of pieces; `None`: unchanged.
fn made(letter: &[u8], piece: usize) -> Option<Vec<u8>> {
    let plan = planned(letter, Way::InClear, piece);
    if plan.is_nothing() { None } else { Some(rewritten(letter, plan, piece)) }
}

fn planned(letter: &[u8], way: Way, piece: usize) -> Plan {
    let mut survey = Survey::of(way);
    for bytes in letter.chunks(piece) {
        survey.push(bytes).unwrap();
    }
    survey.finish().unwrap()
}

fn rewritten(letter: &[u8], plan: Plan, piece: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rewriting = Rewriting::new(plan, |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        Ok(())
    });
    for bytes in letter.chunks(piece) {
        rewriting.push(bytes).unwrap();
    }
    rewriting.finish().unwrap();
    out
}

fn made_of(letter: &str) -> String {
    let letter = letter.replace('\n', "\r\n");
    let all = [1, 7, 64, 3000, 1_000_000].map(|piece| made(letter.as_bytes(), piece));
    assert!(all.iter().all(|one| *one == all[0]), "it depends on the pieces");
    let out = all[0].clone().map_or(letter, |out| String::from_utf8(out).unwrap());
    assert!(out.split("\r\n").all(|line| line.len() <= 998), "a line is too long");
    out
}

/// The decoded content of its only part, or of itself.
fn content(letter: &str) -> Vec<u8> {
    let parsed = sealpost_mail::Head::split(letter.as_bytes()).unwrap();
    let head = Head::new(letter.as_bytes()[..parsed].to_vec()).unwrap();
    let entity = crate::mime::Entity { head, body: &letter.as_bytes()[parsed..] };
    entity.decoded().unwrap()
}

#[test]
fn what_is_safe_stays_byte_by_byte() {
    for letter in [
        "Content-Type: text/plain\n\nFrom here\n--\nx\n",
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=B6\n",
        "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nx\n--b--\nepilogue\n",
        "\n",
        "",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain",
    ] {
        assert_eq!(made(letter.replace('\n', "\r\n").as_bytes(), 100), None, "{letter}");
    }
}

#[test]
fn long_lines_and_octets_that_are_not_ascii_are_encoded_and_read_as_before() {
    let line = "Der Beitrag = 4711 Euro. ".repeat(200);
    for body in [line.as_str(), "Größe: 7 \n\nFrom Köln\n-- \n.\n", "\t \né \n\n"] {
        let body = body.replace('\n', "\r\n");
        for kind in ["text/plain; charset=utf-8", "text/html; charset=utf-8", "application/x-own"] {
            for label in ["", "Content-Transfer-Encoding: 8bit\n", "content-transfer-encoding:\n binary\n"] {
                let letter = format!("Content-Type: {kind}\n{label}Content-Language: de\n\n{body}\n");
                let out = made_of(&letter.replace("\r\n", "\n"));
                assert!(out.is_ascii() && out.contains("Content-Language: de\r\n"), "{out}");
                assert_eq!(out.to_ascii_lowercase().matches("content-transfer-encoding").count(), 1, "{out}");
                assert_eq!(String::from_utf8(content(&out)).unwrap(), format!("{body}\r\n"), "{out}");
            }
        }
    }
}

#[test]
fn parts_are_encoded_one_by_one_and_boundaries_stay() {
    let long = "x".repeat(5000);
    let letter = format!(
        "Content-Type: multipart/mixed; boundary=\"b\"\nContent-Transfer-Encoding: 8bit\n\n--b\n\
         Content-Type: text/plain\n\nkurz\n--b\nContent-Type: text/plain\n\n--{long}\n\n--b\n\
         Content-Type: message/rfc822\n\nSubject: innen\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n--b\n\
         Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
        "QUJD".repeat(1000)
    );
    let out = made_of(&letter);
    assert!(out.is_ascii() && out.matches("\r\n--b").count() == 5, "{out}");
    assert!(out.contains("\r\nkurz\r\n--b\r\n"), "what is safe stays: {out}");
    assert!(out.contains("=2D-xxx") && out.contains("Gr=C3=BC=C3=9Fe\r\n--b"), "{out}");
    assert!(out.contains(&format!("\r\n\r\n{}\r\n", "QUJD".repeat(19))), "{out}");
    assert_eq!(out.matches("quoted-printable").count(), 2, "{out}");
    assert_eq!(out.replace("\r\n", "").matches("QUJD").count(), 1000);
}

#[test]
fn what_somebody_else_has_signed_stays_unless_it_could_not_be_sent() {
    let signed = |line: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\n\
             Content-Type: multipart/signed; boundary=i\n\n--i\nContent-Type: text/plain; charset=utf-8\n\n{line}\n\
             --i\nContent-Type: application/pgp-signature\n\nsig\n--i--\n--o\nContent-Type: text/plain\n\nÖ\n--o--\n"
        )
    };
    let out = made_of(&signed("Grüße"));
    assert!(out.contains("\r\nGrüße\r\n--i") && out.contains("=C3=96\r\n--o--"), "{out}");
    let out = made_of(&signed(&"Grüße ".repeat(400)));
    assert!(out.is_ascii() && out.contains("Gr=C3=BC"), "{out}");
}

/// A letter signed by others, with this text before, in and after its signed part.
fn signed_by_another(text: &str, around: &str) -> String {
    format!(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n\
         Content-Type: multipart/signed; boundary=i\n\n--i\nContent-Type: multipart/mixed; boundary=m\nX-Own: {around}\n\n\
         {around}\n--m\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--m--\n{around}\n\
         --i\nContent-Type: application/pgp-signature\n\nsig\n--i--\n--o\nContent-Type: text/plain\n\n{}\n--o--\n",
        "y".repeat(1500)
    )
    .replace('\n', "\r\n")
}

#[test]
fn within_what_is_encrypted_what_somebody_else_has_signed_stays() {
    let long = "x".repeat(1500);
    for (text, around) in [(long.as_str(), "x"), ("x", long.as_str())] {
        let letter = signed_by_another(text, around);
        let plan = planned(letter.as_bytes(), Way::Encrypted, 100);
        assert!(!plan.is_nothing() && !plan.breaks_signature());
        let out = String::from_utf8(rewritten(letter.as_bytes(), plan, 100)).unwrap();
        let (before, inner) = letter.split_once("--o\r\nContent-Type: text/plain").unwrap();
        assert!(out.starts_with(before), "{out}");
        assert!(inner.contains("yyy") && !out.contains(&"y".repeat(1000)), "the rest is encoded: {out}");
    }
}

/// In clear it cannot stay unchanged, which is reported.
#[test]
fn a_line_that_somebody_else_has_signed_and_that_cannot_be_sent_is_told() {
    let long = "x".repeat(1500);
    for (text, around, breaks) in [(long.as_str(), "x", true), ("x", long.as_str(), true), ("ö", "x", false)]
    {
        let plan = planned(signed_by_another(text, around).as_bytes(), Way::InClear, 100);
        assert_eq!(plan.breaks_signature(), breaks, "{text} {around}");
    }
}

#[test]
fn what_has_no_encoding_is_broken_as_delivery_would_break_it() {
    let long = "ö".repeat(3000);
    for letter in [
        format!("Content-Type: multipart/mixed; boundary=b\n\n{long}\n--b\n\nx\n--b--\n{long}"),
        format!("Content-Type: multipart/mixed\n\n{long}\n"),
        format!("Content-Type: text/plain\nContent-Transfer-Encoding: x-own\n\n{long}\n"),
        format!("Content-Type: text/plain\nContent-Type: text/html\n\n{long}\n"),
        format!("Content-Type: text/plain\nX-Long: {long}\n\nx\n"),
        format!("Content-Type: message/partial; id=1\n\n{long}\n"),
    ] {
        let out = made_of(&letter);
        assert_eq!(out.replace("\r\n ", ""), letter.replace('\n', "\r\n"));
    }
    // A line that servers must accept stays, whatever else is encoded.
    let fits = "y".repeat(990);
    let letter = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{fits}\n--b\nContent-Type: multipart/signed; boundary=i\n\n\
         {fits}\n--i\n\nx\n--i\nContent-Type: application/pgp-signature\n\ns\n--i--\n{fits}\n--b\nContent-Type: text/plain\n\n\u{d6}\n--b--\n{fits}\n"
    );
    let out = made_of(&letter);
    assert!(out.contains("=C3=96") && out.matches(fits.as_str()).count() == 4, "{out}");
    let field = format!("Content-Type: text/plain\nX-Long:{}\n\nx\n", " word".repeat(1000));
    assert_eq!(made_of(&field).replace("\r\n ", " "), field.replace('\n', "\r\n"), "folded at a blank");
}

#[test]
fn quoted_printable_with_long_lines_gets_shorter_ones_and_says_the_same() {
    let body = format!("{}=\n{}=C3=B6 =zz =\n.{}\n=", "=E4".repeat(600), "a".repeat(3000), "-".repeat(2000));
    let head = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n";
    let before = format!("{head}{body}").replace('\n', "\r\n");
    let out = made_of(&format!("{head}{body}"));
    assert!(out.split("\r\n").all(|line| line.len() <= 76), "{out}");
    assert_eq!(content(&out), content(&before));
}

/// RFC 3156 §3: "implementations MUST make sure that no trailing whitespace is present after the MIME encoding has been applied".
#[test]
fn blanks_at_the_ends_of_lines_are_encoded_where_they_are_content() {
    for (head, body) in [
        ("Content-Type: text/plain; format=flowed\n", "eins \nzwei\t\n-- \nName\n"),
        ("Content-Type: text/plain\n", "no end \t"),
        ("Content-Type: application/octet-stream\n", "a \nb\n"),
        ("", "x \n"),
    ] {
        for piece in [1, 3, 5000] {
            let letter = format!("{head}\n{body}").replace('\n', "\r\n");
            let out = String::from_utf8(made(letter.as_bytes(), piece).unwrap()).unwrap();
            assert!(out.split("\r\n").all(|line| !line.ends_with([' ', '\t'])), "{out}");
            assert_eq!(content(&out), body.replace('\n', "\r\n").as_bytes(), "{out}");
        }
    }
    let parts =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\neins \n--b\n\nzwei\n--b\n\ndrei \n\n--b--\n";
    let out = made_of(parts);
    assert!(
        out.contains("\r\neins=20\r\n--b\r\n\r\nzwei\r\n--b") && out.contains("drei=20\r\n\r\n--b--"),
        "{out}"
    );
    // In encoded content it is insignificant; content signed by others stays; and encrypted content is not changed in transit.
    for letter in [
        "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\neins \nzwei=20\n",
        "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nZWlucw== \n",
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/signed; boundary=i\n\n--i\n\neins \n--i\n\
         Content-Type: application/pgp-signature\n\ns\n--i--\n--o--\n",
    ] {
        assert_eq!(made_of(letter), letter.replace('\n', "\r\n"));
    }
    let mut survey = Survey::of(Way::Encrypted);
    survey.push(b"Content-Type: text/plain\r\n\r\neins \r\n").unwrap();
    assert!(survey.finish().unwrap().is_nothing());
}

#[test]
fn within_what_is_encrypted_only_long_lines_are_encoded() {
    let needs = |body: &str| {
        let mut survey = Survey::of(Way::Encrypted);
        survey.push(b"Content-Type: text/plain; charset=utf-8\r\n\r\n").unwrap();
        survey.push(body.as_bytes()).unwrap();
        !survey.finish().unwrap().is_nothing()
    };
    assert!(!needs("Größe"));
    assert!(needs(&"Größe ".repeat(500)));
}

/// Programs that encode badly leave `=` as it is: readers display it, and nothing after it becomes an escape.
#[test]
fn quoted_printable_that_is_not_well_encoded_says_the_same_when_it_is_written_anew() {
    let long = "x".repeat(1000);
    let head = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n";
    for text in
        ["Betrag = 4711 Euro", "[vertra= 75lich]", "a = 3D0D = \t0A", "== 41==41", "a=\r= x", "= ", "=", "=4"]
    {
        let before = format!("{head}{long}\n{text}\n").replace('\n', "\r\n");
        for piece in [1, 7, 5000] {
            let out = String::from_utf8(made(before.as_bytes(), piece).unwrap()).unwrap();
            assert_eq!(read(&out), read(&before), "{text}: {out}");
        }
    }
    // White space after the mark of a soft line break was added in transit.
    let before = format!("{head}{long}\nein= \t\nWort\n");
    assert!(made_of(&before).contains("\r\nein=\r\nWort\r\n"), "{}", made_of(&before));
    // A mark with endless white space does not take endless memory.
    let before = format!("{head}{long}\n={}4\n", " ".repeat(100_000));
    assert_eq!(read(&made_of(&before)), read(&before.replace('\n', "\r\n")));
}

/// Quoted-printable as a reader sees it: without trailing white space, which may have been added in transit.
fn read(letter: &str) -> String {
    let ends = |text: &str| -> Vec<String> {
        text.split("\r\n").map(|line| line.trim_end_matches([' ', '\t']).to_owned()).collect()
    };
    let read = content(&ends(letter).join("\r\n"));
    ends(&String::from_utf8_lossy(&read)).join("\r\n")
}

proptest! {
    #[test]
    fn quoted_printable_written_anew_is_read_as_before(body in "([= 47Gz\t]|=3D|=C3=B6|\r\n|ö|[a-z]{1,30} ){0,60}") {
        let head = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
        let before = format!("{head}{body}{}\r\n", "x".repeat(1000));
        let out = String::from_utf8(made(before.as_bytes(), 50).unwrap()).unwrap();
        prop_assert_eq!(read(&out), read(&before));
    }

    #[test]
    fn whatever_stands_in_a_part_is_read_as_before(body in proptest::collection::vec(any::<u8>(), 0..3000), text in any::<bool>()) {
        let mut body = body;
        body.push(0xff);
        let kind: &[u8] = if text { b"text/plain" } else { b"application/octet-stream" };
        let letter = [b"Content-Type: ", kind, b"\r\n\r\n", &body].concat();
        let out = made(&letter, 50).unwrap();
        prop_assert!(out.is_ascii());
        let out = String::from_utf8(out).unwrap();
        prop_assert_eq!(content(&out), body);
    }

    #[test]
    fn no_letter_is_lost_or_too_long(letter in "(Content-Type: (multipart/mixed; boundary=b|text/plain|message/rfc822)\r\n|--b(--)?\r\n|\r\n|x{0,1500}|ö| ){0,40}") {
        if let Some(out) = made(letter.as_bytes(), 50) {
            let out = String::from_utf8(out).unwrap();
            prop_assert!(out.split("\r\n").all(|line| line.len() <= 998), "{}", out);
            prop_assert_eq!(out.matches('x').count() >= letter.matches('x').count(), true);
        }
    }
}

/// Only the first part of a multipart/signed is signed (RFC 1847 §2.1): long lines around it, or in the signature itself, break
/// nothing.
#[test]
fn what_a_signature_is_not_over_is_encoded_without_breaking_it() {
    let long = "A".repeat(1500);
    let letter = format!(
        "Content-Type: multipart/signed; boundary=i; protocol=\"application/pkcs7-signature\"\n\n{long}\n--i\n\
         Content-Type: text/plain\n\nGuten Tag\n--i\nContent-Type: application/pkcs7-signature\n\
         Content-Transfer-Encoding: base64\n\n{long}\n--i--\n"
    )
    .replace('\n', "\r\n");
    let plan = planned(letter.as_bytes(), Way::InClear, 100);
    assert!(!plan.is_nothing() && !plan.breaks_signature());
    let out = String::from_utf8(rewritten(letter.as_bytes(), plan, 100)).unwrap();
    assert!(out.contains("--i\r\nContent-Type: text/plain\r\n\r\nGuten Tag\r\n--i\r\n"), "{out}");
    assert!(out.lines().all(|line| line.len() <= 998), "{out}");
}

#[test]
fn a_blank_at_the_end_of_a_line_of_a_report_for_programs_stays() {
    let report =
        "Content-Type: message/delivery-status\n\nDiagnostic-Code: smtp; 550 no \n\n".replace('\n', "\r\n");
    assert!(planned(report.as_bytes(), Way::InClear, 100).is_nothing());
    let text = report.replace("message/delivery-status", "text/plain");
    assert!(!planned(text.as_bytes(), Way::InClear, 100).is_nothing());
}

/// RFC 1847 §2.1: `protocol` names the second part; where it is missing, that must be a signature. Anything else labelled as signed
/// protects nothing, and forwarding it must not prevent signing in clear.
#[test]
fn what_only_calls_itself_signed_is_encoded_like_everything_else() {
    let long = "x".repeat(1500);
    let letter = |field: &str, second: &str, more: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n\
             Content-Type: multipart/signed; boundary=i{field}\n\n--i\nContent-Type: text/plain\n\n{long}\n--i\n\
             Content-Type: {second}\n\nsig\n{more}--i--\n--o--\n"
        )
        .replace('\n', "\r\n")
    };
    let (smime, pgp) = ("application/pkcs7-signature", "application/pgp-signature");
    let third = "--i\nContent-Type: text/plain\n\nx\n";
    for (field, second, more, is_signed) in [
        ("", pgp, "", true),
        ("; protocol=\"application/x-pkcs7-signature\"", smime, "", true),
        ("; protocol=\"application/pgp-signature\"", "application/octet-stream", "", true),
        ("", "text/plain", "", false),
        ("; protocol=\"application/x-own\"", smime, "", false),
        ("; protocol=\"application/pgp-signature\"", "text/plain", "", false),
        ("; protocol=\"application/pkcs7-signature\"", smime, third, false),
    ] {
        let letter = letter(field, second, more);
        let plan = planned(letter.as_bytes(), Way::InClear, 100);
        assert_eq!(plan.breaks_signature(), is_signed, "{letter}");
        let plan = planned(letter.as_bytes(), Way::Encrypted, 100);
        assert_eq!(plan.is_nothing(), is_signed, "{letter}");
    }
}

/// A claim around a signature protects no more than the signature does, and a letter in the first part has parts of its own.
#[test]
fn a_signature_within_a_claim_is_the_one_that_counts() {
    let long = "x".repeat(1500);
    let letter = |outer: &str, beside: &str, signed: &str| {
        format!(
            "Content-Type: multipart/signed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n\
             Content-Type: multipart/mixed; boundary=m\n\n--m\n\n{beside}\n--m\n\
             Content-Type: multipart/signed; boundary=i\n\n--i\n\n{signed}\n--i\n\
             Content-Type: application/pgp-signature\n\nsig\n--i--\n--m--\n--o\nContent-Type: {outer}\n\nsig\n--o--\n"
        )
        .replace('\n', "\r\n")
    };
    for (outer, beside, signed, breaks) in [
        ("application/pgp-signature", long.as_str(), "x", true),
        ("text/plain", long.as_str(), "x", false),
        ("text/plain", "x", long.as_str(), true),
    ] {
        let letter = letter(outer, beside, signed);
        assert_eq!(planned(letter.as_bytes(), Way::InClear, 7).breaks_signature(), breaks, "{letter}");
    }
    let letter = letter("text/plain", &long, "Gr\u{fc}\u{df}e");
    let plan = planned(letter.as_bytes(), Way::InClear, 100);
    let out = String::from_utf8(rewritten(letter.as_bytes(), plan, 100)).unwrap();
    assert!(out.contains("--i\r\n\r\nGr\u{fc}\u{df}e\r\n--i") && !out.contains(&long), "{out}");
}

/// A boundary of five octets begins an entity: what is kept for each would be many times the letter.
#[test]
fn behind_so_many_entities_a_letter_is_taken_apart_no_more() {
    let long = "x".repeat(1500);
    let wide = |count: usize| {
        let parts = "--b\r\n".repeat(count);
        let text = "Content-Type: text/plain; charset=utf-8\r\n\r\nGr\u{fc}\u{df}e";
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b\r\n{text}\r\n{long}\r\n--b--\r\n"
        )
    };
    for (count, is_encoded) in [(1000, true), (MAX_ENTITIES + 1000, false)] {
        let letter = wide(count);
        let plan = planned(letter.as_bytes(), Way::InClear, 100_000);
        assert!(!plan.is_nothing() && plan.entities.len() <= MAX_ENTITIES + 1, "{}", plan.entities.len());
        let out = String::from_utf8(rewritten(letter.as_bytes(), plan, 100_000)).unwrap();
        assert_eq!(out.contains("Gr=C3=BC=C3=9Fe"), is_encoded);
        assert!(out.split("\r\n").all(|line| line.len() <= 998), "a line is too long");
        assert_eq!(out.matches("--b\r\n").count(), count + 1);
        if !is_encoded {
            assert_eq!(out.replace("\r\n ", ""), letter, "nothing is lost");
        }
    }
}

#[test]
fn of_so_many_that_call_themselves_signed_the_next_is_no_more_taken_apart() {
    let long = "x".repeat(1500);
    let signed = |text: &str| {
        format!(
            "--o\r\nContent-Type: multipart/signed; boundary=i; protocol=\"application/pgp-signature\"\r\n\r\n--i\r\n\r\n{text}\r\n\
             --i\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--i--\r\n"
        )
    };
    for (before, is_signed) in [(MAX_CLAIMS - 1, true), (MAX_CLAIMS, false)] {
        let (small, last) = (signed("eins").repeat(before), signed(&long));
        let letter = format!(
            "Content-Type: multipart/mixed; boundary=o\r\n\r\n{small}{last}--o\r\n\r\n{long}\r\n--o--\r\n"
        );
        let plan = planned(letter.as_bytes(), Way::InClear, 100_000);
        assert_eq!(plan.breaks_signature(), is_signed);
        let plan = planned(letter.as_bytes(), Way::Encrypted, 100_000);
        let out = String::from_utf8(rewritten(letter.as_bytes(), plan, 100_000)).unwrap();
        assert_eq!(out.contains(&last), is_signed);
        assert!(out.matches('x').count() >= 3000, "nothing is lost");
        assert!(is_signed || out.split("\r\n").all(|line| line.len() <= 998), "a line is too long");
    }
}
