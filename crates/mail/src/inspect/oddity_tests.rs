//! Letters that some programs open although fields, types or typing errors hide them: each was let through
//! once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn letter(rest: impl AsRef<[u8]>) -> Vec<u8> {
    [b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n", rest.as_ref()].concat()
}

fn says(bytes: &[u8], word: &str) -> bool {
    let inside = Inside::of(bytes);
    let is_word = |text: &String| {
        text.match_indices(word).any(|(at, word)| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let (before, rest) = text.split_at(at);
            let behind = rest.strip_prefix(word).unwrap_or_default();
            edge(before.chars().next_back()) && edge(behind.chars().next())
        })
    };
    inside.texts.iter().any(is_word)
}

const PART: &str =
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\ndmVydHJhdWxpY2g=\r\n";

#[test]
fn multiparts_that_are_badly_declared_are_taken_apart() {
    for (kind, boundary) in [
        ("multipart/mixed; boundary=\"\"", ""),
        ("multipart/mixed; boundary=", ""),
        ("multipart/mixed", "b"),
        ("multipart; boundary=b", "b"),
        ("Multipart ; boundary=b", "b"),
        ("multipart/; boundary=b", "b"),
        ("multipart/mixed/x; boundary=b", "b"),
    ] {
        let bytes = letter(format!("Content-Type: {kind}\r\n\r\n--{boundary}\r\n{PART}--{boundary}--\r\n"));
        assert!(says(&bytes, "vertraulich"), "{kind}");
    }
    let first = format!("\u{feff}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{PART}--b--\r\n");
    assert!(says(first.as_bytes(), "vertraulich"));
}

#[test]
fn what_is_no_type_is_text() {
    for kind in ["foo/bar/baz", "foo", "", "a b/c", "text/", "/plain", "foo/b@r", "message"] {
        let bytes = letter(format!(
            "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\ndmVydHJhdWxpY2g=\r\n"
        ));
        assert!(says(&bytes, "vertraulich"), "{kind}");
    }
}

#[test]
fn pages_by_other_names_are_pages() {
    for kind in ["text/watch-html", "text/x-html", "text/vnd.something-html"] {
        assert!(
            says(&letter(format!("Content-Type: {kind}\r\n\r\nver<b>trau</b>lich")), "vertraulich"),
            "{kind}"
        );
    }
}

#[test]
fn a_word_is_one_whatever_is_between_its_letters() {
    for (kind, body) in [
        ("text/plain; charset=hz-gb-2312", "ist ver~{~}traulich ok"),
        ("text/plain; charset=HZ", "ist ver~\r\ntraulich ok"),
        ("text/plain; charset=utf-8", "ist ver\u{2800}traulich ok"),
        ("text/plain", "ist vertrau-\r\nlich ok"),
        ("text/plain", "> ist vertrau-\r\n> lich ok"),
        ("text/plain; charset=utf-8", "ist ver\u{2010}\r\ntrau- \r\nlich ok"),
        ("text/plain", "ist vertraulich-"),
        ("text/html", "<p>ist ver-<br>traulich ok</p>"),
        ("text/html", "<p>ist ver-</p><p>traulich ok</p>"),
        ("text/html; charset=utf-8", "<p>ist ver&shy;<br>traulich ok</p>"),
        ("text/plain", "ist ver-\r\n\r\ntraulich ok"),
        ("text/html; charset=utf-8", "<p>ist ver\u{2800}traulich ok</p>"),
    ] {
        assert!(
            says(&letter(format!("Content-Type: {kind}\r\n\r\n{body}\r\n")), "vertraulich"),
            "{kind} {body}"
        );
    }
    assert_eq!(
        text::rejoined("Von A-\r\nB bis C\r\n-- \r\nMfG - \r\nx\r\n"),
        Some("Von AB bis C\n".to_owned())
    );
    assert_eq!(text::rejoined("Nichts davon\r\n-- \r\nMfG"), None);
}

#[test]
fn signed_and_compressed_openpgp_is_opened_whatever_it_is_called() {
    let body = [b"b\x00\0\0\0\0".as_slice(), b"ist vertraulich ok"].concat();
    let literal = [&[0xcb, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
    let one_pass: &[u8] = &[0xc4, 13, 3, 0, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1];
    let signed = [one_pass, &literal].concat();
    let compressed = [&[0xa3, 0], signed.as_slice()].concat();
    let closed: &[u8] = b"\xa3\x03BZh91AY&SY";
    for kind in [
        "application/octet-stream; name=x.gpg",
        "application/octet-stream; name=x.dat",
        "application/octet-stream",
        "application/pgp; name=x.pgp",
        "text/plain",
        "image/jpeg; name=x.jpg",
    ] {
        let of = |bytes: &[u8]| {
            letter(format!(
                "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                STANDARD.encode(bytes)
            ))
        };
        for bytes in [&literal, &signed, &compressed] {
            assert!(says(&of(bytes), "vertraulich"), "{kind}");
        }
        assert!(Inside::of(&of(&signed)).sealed.contains(&Sealed::Signed), "{kind}");
        assert_eq!(Inside::of(&of(closed)).unread, Some(Unread::Encrypted), "{kind}");
    }
}

#[test]
fn cms_is_opened_whatever_it_is_called() {
    // id-data (RFC 5652 §4) around a letter.
    let inner = b"Content-Type: text/plain\r\n\r\nist vertraulich ok";
    let octets = [&[4, u8::try_from(inner.len()).unwrap()], inner.as_slice()].concat();
    let explicit = [&[0xa0, u8::try_from(octets.len()).unwrap()], octets.as_slice()].concat();
    let oid: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    let length = u8::try_from(oid.len() + explicit.len()).unwrap();
    let data = [&[0x30, length], oid, &explicit].concat();
    // An unknown kind.
    let unknown: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x09, 5, 0];
    for kind in [
        "application/cms",
        "application/pkcs7; name=a.p7",
        "application/pkcs7-signature; name=smime.p7s",
        "application/octet-stream; name=x.dat",
    ] {
        let of = |bytes: &[u8]| {
            letter(format!(
                "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                STANDARD.encode(bytes)
            ))
        };
        assert!(says(&of(&data), "vertraulich"), "{kind}");
        assert!(Inside::of(&of(unknown)).unread.is_some(), "{kind}");
    }
}

#[test]
fn rich_text_is_read_whatever_it_is_called() {
    for kind in ["application/msword; name=x.doc", "application/octet-stream", "text/plain"] {
        let bytes = letter(format!("Content-Type: {kind}\r\n\r\n{{\\rtf1 ist ver{{\\b trau}}lich ok}}"));
        assert!(says(&bytes, "vertraulich"), "{kind}");
    }
}

#[test]
fn letters_within_are_told_by_their_ids() {
    let inner = "Message-ID: <one@b.example>\r\nReferences: <zero@b.example>\r\nSubject: y\r\n\r\nText\r\n";
    for (kind, body) in [
        ("message/rfc822", inner.to_owned()),
        ("application/octet-stream; name=x.eml", inner.to_owned()),
        ("message/rfc822\r\nContent-Transfer-Encoding: base64", STANDARD.encode(inner)),
    ] {
        let bytes = letter(format!(
            "Message-ID: <outer@b.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b--\r\n"
        ));
        let ids = Inside::letters_of(&bytes).message_ids;
        assert!(ids.contains(&"<one@b.example>".to_owned()) && ids.contains(&"<zero@b.example>".to_owned()));
        assert!(!ids.iter().any(|id| id.contains("outer")), "{kind} {ids:?}");
        assert_eq!(Inside::of(&bytes).message_ids, ids, "{kind}");
    }
}

/// Notepad and others save a letter as they save any text.
#[test]
fn letters_within_that_were_saved_in_sixteen_bits_are_read() {
    let inner = "From: a@b.example\r\nSubject: [geheim] Befund\r\nMessage-ID: <one@b.example>\r\n\
        MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDas ist vertraulich, Größe XL.\r\n";
    let little = || inner.encode_utf16().flat_map(u16::to_le_bytes);
    let big = || inner.encode_utf16().flat_map(u16::to_be_bytes);
    for bytes in [
        little().collect::<Vec<u8>>(),
        big().collect(),
        [0xff, 0xfe].into_iter().chain(little()).collect(),
        [0xfe, 0xff].into_iter().chain(big()).collect(),
    ] {
        for kind in [
            "message/rfc822",
            "application/octet-stream; name=Befund.eml",
            "application/octet-stream",
            "text/plain; name=Befund.eml",
        ] {
            let bytes = letter(format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
                STANDARD.encode(&bytes)
            ));
            assert!(says(&bytes, "vertraulich") && says(&bytes, "Größe"), "{kind}");
            for inside in [Inside::of(&bytes), Inside::letters_of(&bytes)] {
                let subjects: Vec<String> = inside.heads.iter().filter_map(|head| head.subject()).collect();
                assert_eq!(subjects, ["[geheim] Befund"], "{kind}");
                assert!(inside.message_ids.contains(&"<one@b.example>".to_owned()), "{kind}");
            }
        }
    }
}

#[test]
fn uuencode_is_opened_where_it_is_quoted_or_indented() {
    let file = "begin 644 a.txt\r\n,=F5R=')A=6QI8V@*\r\n`\r\nend\r\n";
    for marks in ["", "> ", ">", "    ", "\t", "> > ", "| "] {
        let text: String = file.lines().map(|line| format!("{marks}{line}\r\n")).collect();
        let bytes = letter(format!("Content-Type: text/plain\r\n\r\nAm Montag schrieb Max:\r\n{text}x\r\n"));
        let inside = Inside::of(&bytes);
        assert!(says(&bytes, "vertraulich"), "{marks:?}");
        assert!(inside.files.iter().any(|(name, _)| name == "a.txt"), "{marks:?}");
    }
}

#[test]
fn addresses_that_hold_something_are_opened_in_texts_and_cards() {
    for (kind, body) in [
        ("text/plain", "siehe data:text/html;base64,dmVydHJhdWxpY2g= oder so"),
        (
            "text/vcard",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:data:text/plain;base64\\,dmVydHJhdWxpY2g=\r\nEND:VCARD",
        ),
        (
            "text/vcard",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nURL:data:text/html;base64,dmVydHJh\r\n dWxpY2g=\r\nEND:VCARD",
        ),
        ("text/vcard", "BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE;ENCODING=b:dmVydHJh\r\n dWxpY2g=\r\nEND:VCARD"),
        (
            "text/x-vcard",
            "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;BASE64:\r\ndmVydHJh\r\ndWxpY2g=\r\n\r\nEND:VCARD",
        ),
    ] {
        assert!(says(&letter(format!("Content-Type: {kind}\r\n\r\n{body}\r\n")), "vertraulich"), "{body}");
    }
    // A picture is none of the letter's files.
    let picture = letter("Content-Type: text/html\r\n\r\n<img src='data:image/png;base64,iVBORw0KGgo='>\r\n");
    assert!(Inside::of(&picture).files.is_empty());
    let file = letter(
        "Content-Type: text/html\r\n\r\n<a href='data:application/pdf;name=a.pdf;base64,JVBERi0='>x</a>\r\n",
    );
    assert_eq!(Inside::of(&file).files, [("a.pdf".to_owned(), "application/pdf".to_owned())]);
}

#[test]
fn a_file_whose_name_nobody_can_use_has_the_one_that_programs_invent() {
    for name in
        ["filename=\"...\"", "filename=\"  \"", "filename*=utf-8''%01%1F", "filename*=utf-8''%E2%80%8B"]
    {
        let bytes = letter(format!(
            "Content-Type: application/pdf\r\nContent-Disposition: attachment; {name}\r\n\r\n%PDF-\r\n"
        ));
        let files = Inside::of(&bytes).files;
        assert!(files.iter().any(|(name, _)| name == "attachment.pdf"), "{name}: {files:?}");
    }
}
