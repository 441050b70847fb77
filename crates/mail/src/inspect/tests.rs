//! Letters of every kind that hide something, and what is found in them.

use super::search::MAX_ITEMS;
use super::*;
use crate::container::lzfu::tests::compress;
use crate::container::tnef::tests::{attribute_of, file_of, properties_of, property_of, wide_of};
use base64::Engine as _;
use proptest::prelude::*;

fn base64(bytes: impl AsRef<[u8]>) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines = text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.collect::<Vec<_>>().join("\r\n")
}

fn letter(rest: impl AsRef<[u8]>) -> Vec<u8> {
    [b"From: a@insurer.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n", rest.as_ref()].concat()
}

fn mixed(parts: &[&str]) -> Vec<u8> {
    let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
    letter(format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"))
}

fn attached(kind: &str, name: &str, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let part = format!(
        "Content-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        base64(bytes)
    );
    mixed(&["Content-Type: text/plain\r\n\r\nx", &part])
}

fn says(inside: &Inside, word: &str) -> bool {
    inside.texts.iter().any(|text| text.contains(word))
}

fn holds(inside: &Inside, name: &str) -> bool {
    inside.files.iter().any(|(one, _)| one == name)
}

/// The inspection is complete, and the word is found.
fn found(bytes: &[u8], what: &str) {
    let inside = Inside::of(bytes);
    let source = String::from_utf8_lossy(bytes);
    assert!(says(&inside, "vertraulich"), "{what}: {:?}\n{source}", inside.texts);
    assert_eq!((inside.unread, inside.illegible), (None, None), "{what}\n{source}");
}

const INNER: &str = "From: b@x.example\r\nTo: c@x.example\r\nSubject: i\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n\
                     --i\r\n\r\nvertraulich\r\n--i\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4\r\n--i--\r\n";

#[test]
fn letters_within_letters_however_they_are_called() {
    for (kind, name) in [
        ("application/octet-stream", "mail.eml"),
        ("application/octet-stream", "mail.EML"),
        ("application/octet-stream", "mail.dat"),
        ("message/rfc822", "x"),
        ("message/global", "x"),
        ("application/x-mimearchive", "seite.mht"),
        ("text/plain", "mail.eml"),
        ("application/pdf", "mail.eml"),
    ] {
        let bytes = attached(kind, name, INNER);
        found(&bytes, &format!("{kind} {name}"));
        assert!(holds(&Inside::of(&bytes), "a.pdf"), "{kind} {name}");
    }
    found(&attached("application/octet-stream", "m.eml", INNER.replace("\r\n", "\n")), "bare line ends");
    found(
        &attached("application/mbox", "m", format!("From x Mon\r\nTo: a\r\n\r\ny\r\nFrom y Tue\r\n{INNER}")),
        "mbox",
    );
    found(&letter(format!("Content-Type: message/rfc822\r\n\r\n{INNER}")), "as the whole letter");
    found(
        &letter(format!("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n{INNER}\r\n--b--\r\n")),
        "in a digest",
    );
}

#[test]
fn winmail_dat_with_all_that_is_in_it() {
    let html = b"<html><body><p>ver<b>traulich</b></p></body></html>";
    let rtf = compress(b"{\\rtf1\\ansi ver{\\b traulich}\\par}");
    let body = |property| attribute_of(1, 0x0006_9003, &properties_of(&[property]));
    let bodies = [
        attribute_of(1, 0x0002_800c, b"vertraulich\0"),
        body(property_of(0x1000, 0x1f, &wide_of("vertraulich"))),
        body(property_of(0x1000, 0x1e, b"vertraulich\0")),
        body(property_of(0x1013, 0x102, html)),
        body(property_of(0x1009, 0x102, &rtf)),
        body(property_of(0x0037, 0x1f, &wide_of("vertraulich"))),
    ];
    for (number, one) in bodies.iter().enumerate() {
        let tnef = file_of(std::slice::from_ref(one));
        for (kind, name) in [
            ("application/ms-tnef", "winmail.dat"),
            ("application/vnd.ms-tnef", "x"),
            ("application/octet-stream", "WINMAIL.DAT"),
            ("application/octet-stream", "att0001.dat"),
        ] {
            found(&attached(kind, name, &tnef), &format!("{number} {kind}"));
        }
        let object = [vec![0; 16], tnef].concat();
        let outer = file_of(&[
            attribute_of(2, 0x0006_9002, &[0; 14]),
            attribute_of(2, 0x0006_9005, &properties_of(&[property_of(0x3701, 0x0d, &object)])),
        ]);
        found(&attached("application/ms-tnef", "winmail.dat", &outer), &format!("{number} within"));
    }
    let file = |name: &[u8], bytes: &[u8]| {
        let file = [
            attribute_of(2, 0x0006_9002, &[0; 14]),
            attribute_of(2, 0x0001_8010, name),
            attribute_of(2, 0x0006_800f, bytes),
        ];
        Inside::of(&attached("application/ms-tnef", "winmail.dat", file_of(&file)))
    };
    assert!(holds(&file(b"Gr\xf6\xdfe.pdf\0", b"%PDF-1.4"), "Größe.pdf"));
    assert!(says(&file(b"mail.eml\0", INNER.as_bytes()), "vertraulich"));
    let whole = file_of(&bodies);
    let damaged = whole[..whole.len() - 5].to_vec();
    assert_eq!(
        Inside::of(&attached("application/ms-tnef", "winmail.dat", damaged)).unread,
        Some(Unread::Damaged)
    );
    assert_eq!(
        Inside::of(&attached("application/ms-tnef", "winmail.dat", "x")).unread,
        Some(Unread::Damaged)
    );
}

#[test]
fn uuencoded_files_in_a_text() {
    let body = "Anbei\r\n\r\nbegin 644 bericht.pdf\r\n+2&%L;&\\@5V5L=`H`\r\n`\r\nend\r\n";
    for head in [
        "Content-Type: text/plain\r\n\r\n",
        "\r\n",
        "Content-Type: text/html\r\n\r\n",
        "Content-Type: application/x-uuencode\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n",
    ] {
        let inside = Inside::of(&letter(format!("{head}{body}")));
        let in_text = !head.contains("x-uuencode");
        assert!(holds(&inside, "bericht.pdf") || !in_text, "{head}");
        assert_eq!(inside.unread, None, "{head}");
    }
    let inner: String = "begin 644 m.eml\r\n".to_owned() + &uu(INNER.as_bytes()) + "end\r\n";
    found(&letter(format!("\r\n{inner}")), "a letter");
    let coded = letter(format!(
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n{}end\r\n",
        uu(b"vertraulich")
    ));
    found(&coded, "as a transfer encoding");
    let cut = Inside::of(&letter("\r\nbegin 644 a.pdf\r\n+2&%L;&\\@5V5L=`H`\r\n"));
    assert_eq!(cut.unread, Some(Unread::Damaged));
}

fn uu(bytes: &[u8]) -> String {
    let digit = |six: u32| char::from(u8::try_from(if six == 0 { 0x60 } else { six + 0x20 }).unwrap());
    let line = |chunk: &[u8]| {
        let body: String = chunk
            .chunks(3)
            .flat_map(|three| {
                let bits =
                    (0..3).fold(0, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
                [18, 12, 6, 0].map(|shift| digit(bits >> shift & 0x3f))
            })
            .collect();
        format!("{}{body}\r\n", digit(u32::try_from(chunk.len()).unwrap()))
    };
    bytes.chunks(45).map(line).collect::<String>() + "`\r\n"
}

fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag, 0x83, 0][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

fn signed(content: &[u8]) -> Vec<u8> {
    let oid = |last: u8| vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let (first, second) = content.split_at(content.len() / 2);
    let string = der(0x24, &[der(4, first), der(4, second)].concat());
    let inner = der(0x30, &[oid(1), der(0xa0, &string)].concat());
    let data = der(0x30, &[vec![2, 1, 1, 0x31, 0], inner, vec![0x31, 0]].concat());
    der(0x30, &[oid(2), der(0xa0, &data)].concat())
}

#[test]
fn opaque_signatures_are_looked_through() {
    let inner = b"Content-Type: text/plain\r\n\r\nvertraulich\r\n";
    for kind in [
        "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime; smime-type=enveloped-data",
        "application/octet-stream; name=smime.p7m",
        "application/octet-stream; name=x",
    ] {
        let head = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        found(&letter(format!("{head}{}", base64(signed(inner)))), kind);
        found(&mixed(&["\r\nx", &format!("{head}{}", base64(signed(inner)))]), kind);
        let wrapped = format!("{head}{}", base64(signed(inner)));
        found(&letter(format!("{head}{}", base64(signed(wrapped.as_bytes())))), "signed twice");
    }
    let enveloped = [0x30, 15, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3, 0xa0, 2, 0x30, 0];
    let inside = Inside::of(&attached("application/pkcs7-mime", "smime.p7m", enveloped));
    assert_eq!(inside.unread, Some(Unread::Encrypted));
    let inside = Inside::of(&attached("application/pkcs7-mime", "smime.p7m", "damaged"));
    assert_eq!(inside.unread, Some(Unread::Damaged));
    assert!(holds(
        &Inside::of(&attached("application/octet-stream", "Vertrag.pdf.p7m", signed(b"%PDF-1.4"))),
        "Vertrag.pdf"
    ));
}

/// A damaged container of a letter may contain any head; an encrypted one shows none.
#[test]
fn a_damaged_opaque_signature_hides_letters_and_a_damaged_encryption_does_not() {
    let whole = signed(b"Subject: [vertraulich] Befund\r\nContent-Type: text/plain\r\n\r\nx\r\n");
    let cut = whole.get(..whole.len() / 2).unwrap();
    for (kind, name) in [
        ("application/pkcs7-mime; smime-type=signed-data", "smime.p7m"),
        ("application/pkcs7-mime; smime-type=compressed-data", "smime.p7z"),
        // Its first octets decide, whatever its label.
        ("application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m"),
        ("application/octet-stream", "smime.p7m"),
        ("application/octet-stream", "x"),
    ] {
        assert_eq!(Inside::of(&attached(kind, name, cut)).hidden_letters, Some(Unread::Damaged), "{kind}");
        assert_eq!(Inside::of(&attached(kind, name, &whole)).hidden_letters, None, "{kind}");
    }
    // A detached signature contains nothing.
    let signature = Inside::of(&attached("application/pkcs7-signature", "smime.p7s", "damaged"));
    assert_eq!(signature.hidden_letters, None);
    for (kind, name) in
        [("application/pkcs7-signature", "smime.p7s"), ("application/octet-stream", "smime.p7s")]
    {
        let signature = Inside::of(&attached(kind, name, cut));
        assert_eq!((signature.hidden_letters, signature.unread), (None, Some(Unread::Damaged)), "{kind}");
    }
    let enveloped =
        [0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3, 0xa0, 0x80, 0x30, 0x80, 2, 1];
    // With the first octets damaged, the label decides.
    let nothing = [&[0xff, 0][..], cut].concat();
    for (kind, bytes, hidden) in [
        ("application/pkcs7-mime; smime-type=enveloped-data", &enveloped[..], None),
        ("application/pkcs7-mime", &enveloped[..], None),
        ("application/pkcs7-mime; smime-type=signed-data", &enveloped[..], None),
        ("application/pkcs7-mime; smime-type=authEnveloped-data", &nothing[..], None),
        ("application/pkcs7-mime; smime-type=signed-data", &nothing[..], Some(Unread::Damaged)),
        ("application/pkcs7-mime; smime-type=compressed-data", &nothing[..], Some(Unread::Damaged)),
        ("application/pkcs7-mime", &nothing[..], Some(Unread::Damaged)),
        // A text is read as it is.
        ("application/pkcs7-mime; smime-type=signed-data", &b"Subject: x\r\n\r\nx"[..], None),
        ("application/pkcs7-mime", &b""[..], None),
    ] {
        let inside = Inside::of(&attached(kind, "smime.p7m", bytes));
        assert_eq!(
            (inside.hidden_letters, inside.unread),
            (hidden, Some(Unread::Damaged)),
            "{kind} {bytes:x?}"
        );
    }
}

#[test]
fn every_name_and_type_of_a_file_counts() {
    for fields in [
        "Content-Type: text/plain; name=a.pdf\r\nContent-Disposition: attachment; filename=a.txt\r\n",
        "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.pdf\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt; filename=a.pdf\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt; filename*=utf-8''a.pdf\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''a.txt; filename=a.pdf\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename*0=a.; filename*1=pdf\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename*1*=%70df; filename*0*=utf-8'de'a.\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment;\r\n filename=\"=?utf-8?Q?a=2Epd?=\r\n =?utf-8?Q?f?=\"\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\nContent-Disposition: attachment; filename=a.pdf\r\n",
        "Content-Type: text/plain; name=a.txt\r\nContent-Type: text/plain; name=a.pdf\r\n",
        "Content-Type: application/octet-stream; name*=''a.pdf\r\n",
        "content-type :application/octet-stream\r\nContent-Disposition :attachment; filename = \"a.pdf\"\r\n",
        "Content-Disposition: attachment; filename=\"C:\\temp\\a.pdf\"\r\n",
        "Content-Disposition: attachment; filename=\"a.p\u{200b}df\"\r\n",
        "Content-Type: application/pdf;\r\n\tname=a.pdf (x)\r\n",
        "Content-Disposition: inline; filename=a.pdf\r\n",
        "Content-Disposition: filename=a.pdf\r\n",
        "Content-Disposition: attachment filename=\"a.pdf\"\r\n",
        "Content-Description: a.pdf\r\nContent-Type: application/octet-stream\r\n",
    ] {
        let inside = Inside::of(&mixed(&["\r\nx", &format!("{fields}\r\nx")]));
        assert!(holds(&inside, "a.pdf"), "{fields}: {:?}", inside.files);
    }
    let typed = |part: &str, kind: &str| {
        let inside = Inside::of(&mixed(&["\r\nx", part]));
        assert!(inside.files.iter().any(|(_, one)| one == kind), "{part}: {:?}", inside.files);
    };
    typed("Content-Type: application/octet-stream; name=a.pdf\r\n\r\nx", "application/pdf");
    typed("Content-Type: application/octet-stream; name=a.pdf\r\n\r\nx", "application/octet-stream");
    typed("Content-Type: application/octet-stream; name=a.bin\r\n\r\n%PDF-1.4", "application/pdf");
    typed("Content-Type: image/png\r\nContent-Type: application/pdf\r\n\r\nx", "application/pdf");
    assert!(Inside::of(&letter("Content-Type: text/plain\r\n\r\nx")).files.is_empty());
}

#[test]
fn fields_that_can_be_read_in_two_ways_are() {
    let body = "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\ndmVydHJhdWxpY2g=\r\n--b--\r\n";
    for head in [
        "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=b; boundary=a\r\n\r\n",
        "Content-Type: multipart/mixed; boundary*=''b\r\n\r\n",
        "Content-Type: multipart/mixed; boundary*0=b\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=\"b\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=b (x)\r\n\r\n",
        "Content-Type: multipart/mixed (x); (y) boundary=b\r\n\r\n",
        "Content-Type: \"multipart/mixed\"; boundary=b\r\n\r\n",
        "Content-Type:\r\n multipart/mixed;\r\n\tboundary=b\r\n\r\n",
        "X: y\r\n \r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        "junk without colon\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    ] {
        found(&letter(format!("{head}{body}")), head);
    }
    let decoded = |head: &str, body: &str| {
        found(&letter(format!("Content-Type: text/plain\r\n{head}\r\n{body}")), head)
    };
    decoded("Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n", "dmVydHJhdWxpY2g=");
    decoded("Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 8bit\r\n", "dmVydHJhdWxpY2g=");
    decoded("Content-Transfer-Encoding: \"base64\"\r\n", "dmVydHJhdWxpY2g=");
    decoded("Content-Transfer-Encoding: base64;\r\n", "dmVydHJhdWxpY2g=");
    decoded("Content-Transfer-Encoding: (x) base64\r\n", "dmVydHJhdWxpY2g=");
    decoded("Content-Transfer-Encoding: \"quoted-printable\"\r\n", "ver=\r\ntrau=6Cich");
    decoded("Content-Transfer-Encoding: UTF-8\r\n", "vertraulich");
    decoded("Content-Transfer-Encoding: \"base64\"\r\n", "vertraulich");
    let whole = format!(
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(body)
    );
    found(&letter(whole), "an encoded multipart");
    let inside =
        Inside::of(&letter("Content-Type: text/plain\r\nContent-Transfer-Encoding: x-strange\r\n\r\nabc"));
    assert_eq!(inside.unread, Some(Unread::Encoding));
}

#[test]
fn pieces_outside_of_parts_and_pieces_of_letters() {
    let outside = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    found(&letter(format!("{outside}vertraulich\r\n--b\r\n\r\nx\r\n--b--\r\n")), "preamble");
    found(&letter(format!("{outside}--b\r\n\r\nx\r\n--b--\r\nvertraulich\r\n")), "epilogue");
    found(&letter(format!("{outside}vertraulich\r\n")), "no part at all");
    let again = "--b\r\nContent-Transfer-Encoding: base64\r\n\r\ndmVydHJhdWxpY2g=\r\n--b--\r\n";
    found(&letter(format!("{outside}--b\r\n\r\nx\r\n--b--\r\n{again}")), "parts behind the end");
    found(&letter(format!("{outside}--b\r\nAchtung: vertraulich\r\n--b--\r\n")), "a sentence with a colon");
    found(
        &attached("application/octet-stream", "a.p7m", signed(b"Achtung: vertraulich\r\nMfG")),
        "without MIME",
    );
    found(
        &attached("message/rfc822", "a.eml", "From: a@b.example\r\nSubject: vertraulich\r\n\r\nx"),
        "a subject",
    );
    found(&letter("Content-Type: multipart/mixed\r\n\r\nvertraulich\r\n"), "no boundary");
    let partial = Inside::of(&letter(
        "Content-Type: message/partial; id=\"x\"; number=1; total=2\r\n\r\nSubject: y\r\n\r\nvertrau",
    ));
    assert_eq!(partial.unread, Some(Unread::Partial));
    // RFC 2046 §5.2.2.1: the first piece contains the head of the whole letter.
    assert_eq!(partial.hidden_letters, Some(Unread::Partial));
}

#[test]
fn text_in_every_charset_and_form() {
    let text = |fields: &str, body: &[u8]| {
        let bytes = [letter(format!("{fields}\r\n\r\n")), body.to_vec()].concat();
        Inside::of(&bytes)
    };
    for (fields, body) in [
        ("Content-Type: text/plain; charset=iso-8859-1", "persönlich".as_bytes()),
        ("Content-Type: text/plain; charset=utf-8", b"pers\xf6nlich".as_slice()),
        ("Content-Type: text/plain; charset=unknown-8bit", b"pers\xf6nlich"),
        ("Content-Type: text/plain; charset=ansi_x3.110-1983", b"pers\xf6nlich"),
        ("Content-Type: text/plain; charset=us-ascii", "persönlich".as_bytes()),
        ("Content-Type: text/plain; charset=utf-8; charset=cp437", b"pers\x94nlich"),
        ("Content-Type: text/plain; charset=\"8859-1\"", b"pers\xf6nlich"),
        ("Content-Type: text/plain; charset=utf-7", b"pers+APY-nlich"),
        ("Content-Type: text/html", b"<meta charset=ibm850><p>pers\x94nlich"),
        ("Content-Type: text/plain; charset=utf-16le", b"p\0e\0r\0s\0\xf6\0n\0l\0i\0c\0h\0"),
        ("Content-Type: text", "persönlich".as_bytes()),
        ("Content-Type: text/plain; charset=utf-16be", b"\0p\0e\0r\0s\0\xf6\0n\0l\0i\0c\0h\r\n"),
        ("Content-Type: text/plain", b"\xff\xfep\0e\0r\0s\0\xf6\0n\0l\0i\0c\0h\0"),
        ("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes", "pers \r\nönlich".as_bytes()),
        ("Content-Type: text/plain; charset=utf-8", "per\u{ad}sön\u{200b}lich".as_bytes()),
        ("Content-Type: text/rtf", b"{\\rtf1\\ansi pers\\'f6n{\\b lich}}"),
        ("Content-Type: application/rtf", b"{\\rtf1\\ansi pers\\u246?nlich}"),
        ("Content-Type: text/enriched", "<bold>persön</bold>lich".as_bytes()),
        ("Content-Type: text/calendar; charset=utf-8", "SUMMARY:per\r\n sönlich".as_bytes()),
        ("Content-Type: application/octet-stream; name=a.html", "<p>persön<b>lich".as_bytes()),
        ("Content-Type: text/plain; charset=utf-8", "<html><p>persön<b>lich".as_bytes()),
        ("Content-Type: text/x-amp-html; charset=utf-8", "<p>persön<b>lich".as_bytes()),
    ] {
        let inside = text(fields, body);
        assert!(says(&inside, "persönlich"), "{fields}: {:?}", inside.texts);
        assert_eq!((inside.unread, inside.illegible), (None, None), "{fields}");
    }
    assert_eq!(
        text("Content-Type: text/plain; charset=x-klingon", b"\xa5\x85\x99").illegible,
        Some(Unread::Charset)
    );
    let pgp = text(
        "Content-Type: text/plain",
        b"offen\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP MESSAGE-----\r\n",
    );
    assert_eq!((pgp.unread, pgp.illegible), (None, Some(Unread::Encrypted)));
    assert!(says(&pgp, "offen"));
    let mime = text("Content-Type: multipart/encrypted; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n");
    assert_eq!(mime.unread, Some(Unread::Encrypted));
}

#[test]
fn nesting_without_end_is_said_and_not_followed() {
    let mut inner = "Subject: x\r\n\r\nvertraulich".to_owned();
    for _ in 0..60 {
        inner = format!("Subject: x\r\nContent-Type: message/rfc822\r\n\r\n{inner}");
    }
    assert_eq!(Inside::of(inner.as_bytes()).unread, Some(Unread::TooMuch));
    let mut tnef = file_of(&[attribute_of(1, 0x0002_800c, b"vertraulich\0")]);
    for _ in 0..60 {
        let object = [vec![0; 16], tnef].concat();
        let file = [
            attribute_of(2, 0x0006_9002, &[0; 14]),
            attribute_of(2, 0x0006_9005, &properties_of(&[property_of(0x3701, 0x0d, &object)])),
        ];
        tnef = file_of(&file);
    }
    assert_eq!(
        Inside::of(&attached("application/ms-tnef", "winmail.dat", tnef)).unread,
        Some(Unread::TooMuch)
    );
    let wide = mixed(&vec!["Content-Type: a/b\r\n\r\nx"; MAX_ITEMS]);
    assert_eq!(Inside::of(&wide).unread, Some(Unread::TooMuch));
    // Every level twice: a tree of readings that doubles.
    let mut twice = "\r\nvertraulich".to_owned();
    for level in 0..30 {
        twice = format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n{twice}\r\n--b{level}--\r\n"
        );
    }
    assert_eq!(Inside::of(twice.as_bytes()).unread, Some(Unread::TooMuch));
    let mut packed = b"Content-Type: text/plain\r\n\r\nvertraulich".to_vec();
    for _ in 0..40 {
        packed = [b"Content-Type: application/pkcs7-mime\r\n\r\n".to_vec(), signed(&packed)].concat();
    }
    assert_eq!(Inside::of(&packed).unread, Some(Unread::TooMuch));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Inside::of(&bytes);
        let _ = Inside::of(&[&b"Content-Type: application/ms-tnef\r\n\r\n"[..], &bytes].concat());
        let _ = Inside::of(&[&b"Content-Type: "[..], &bytes].concat());
    }

    #[test]
    fn a_letter_broken_anywhere_never_panics(at in 0_usize..2000, byte in any::<u8>()) {
        let mut bytes = attached("application/octet-stream", "mail.eml", INNER);
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = Inside::of(&bytes);
    }
}

#[test]
fn boundaries_are_found_as_any_reader_finds_them() {
    let hidden = base64("geheim4711");
    let part = format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{hidden}\r\n");
    // RFC 2046 §5.1.1: the beginning of the line is what counts.
    for (kind, delimiter) in [
        ("multipart/mixed; boundary=B", "--Bxyz"),
        ("multipart/mixed", "--whatever"),
        ("multipart/mixed; boundary=\"\"", "--whatever"),
    ] {
        let seen = Inside::of(&letter(format!(
            "Content-Type: {kind}\r\n\r\n{delimiter}\r\n{part}{delimiter}--\r\n"
        )));
        assert!(says(&seen, "geheim4711"), "{kind} {delimiter}: {:?}", seen.texts);
    }
}

#[test]
fn a_head_may_end_where_no_field_stands() {
    let seen = Inside::of(&mixed(&["Content-Type: text/plain\r\ngeheim4711", "\r\nx"]));
    assert!(says(&seen, "geheim4711"), "{:?}", seen.texts);
    let seen = Inside::of(b"From: a@insurer.example\r\nSubject: x\r\ngeheim4711\r\n");
    assert!(says(&seen, "geheim4711"), "{:?}", seen.texts);
    let page = "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\ngeheim".to_owned();
    assert!(Inside::of(&mixed(&[&page])).texts.len() > 1);
}

#[test]
fn types_are_read_in_every_spelling() {
    for kind in ["text / html", "text/plain, text/html", "=?utf-8?Q?text/html?=", "text /html; charset=utf-8"]
    {
        let seen = Inside::of(&mixed(&[&format!("Content-Type: {kind}\r\n\r\n<p>gehe<i>im4711</i></p>")]));
        assert!(says(&seen, "geheim4711"), "{kind}: {:?}", seen.texts);
    }
}

#[test]
fn what_calendars_cards_and_bare_heads_show_is_found() {
    let invitation =
        "BEGIN:VCALENDAR\r\nX-ALT-DESC;FMTTYPE=text/html:<p>gehe<b>im4711</b></p>\r\nEND:VCALENDAR\r\n";
    let card = "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:gehe=69m4711\r\nEND:VCARD\r\n";
    let heads = "From: a@insurer.example\r\nSubject: =?utf-8?B?Z2VoZWltNDcxMQ==?=\r\n";
    for (kind, name, text) in [
        ("text/calendar", "a.ics", invitation),
        ("text/x-vcard", "a.vcf", card),
        ("text/rfc822-headers", "a", heads),
    ] {
        let seen = Inside::of(&attached(kind, name, text));
        assert!(says(&seen, "geheim4711"), "{kind}: {:?}", seen.texts);
    }
    let macintosh = "From: a@insurer.example\rSubject: x\rContent-Type: text/plain\r\rgeheim=34711\r";
    let seen = Inside::of(&attached("message/rfc822", "a.eml", macintosh.replace("=3", "")));
    assert!(says(&seen, "geheim4711"), "{:?}", seen.texts);
}

#[test]
fn what_is_in_an_unknown_charset_is_not_nothing() {
    // Bytes without an ASCII letter, as EBCDIC has them.
    let name = "=?x-klingon?B?umWFmaOZgaSTiYOIu0uXhIY=?=";
    let seen = Inside::of(&attached("application/pdf", name, "%PDF-1.7"));
    assert_eq!(seen.unread, Some(Unread::Charset));
    let seen = Inside::of(&mixed(&["Content-Type: application/pdf; name*=x-klingon''%BA%65%85%99\r\n\r\nx"]));
    assert_eq!(seen.unread, Some(Unread::Charset));
    let page = "<p>-----BEGIN PGP MESSAGE-----<br>hQ==</p>";
    let seen = Inside::of(&mixed(&[&format!("Content-Type: text/html\r\n\r\n{page}")]));
    assert_eq!(seen.illegible, Some(Unread::Encrypted));
}

#[test]
fn a_name_that_was_encoded_once_too_often_is_read_as_it_was_before() {
    for name in [
        "filename=\"a&#46;exe\"",
        "filename=\"a%252Eexe\"",
        "filename=\"=?utf-8?B?PT91dGYtOD9CP1lTNWxlR1U9Pz0=?=\"",
        "filename*=utf-8''%3D%3Futf-8%3FB%3FYS5leGU%3D%3F%3D",
        "filename=\"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=2Eexe=3F=3D?=\"",
    ] {
        let letter = format!(
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; {name}\r\n\r\nMZ\r\n"
        );
        let files = Inside::of(letter.as_bytes()).files;
        assert!(files.iter().any(|(name, _)| name == "a.exe"), "{name}: {files:?}");
    }
}
