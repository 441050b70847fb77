//! Our own letters on the wire and as a reader sees them.

use super::*;
use crate::{Head, Letter};
use proptest::prelude::*;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn notice() -> Compose {
    Compose {
        from: (Some("Versicherung, Größe".into()), address("securemail@insurer.example")),
        to: address("max@web.example"),
        reply_to: Some(address("service@insurer.example")),
        subject: "Vertrauliche Nachricht für Sie".into(),
        text: "Guten Tag,\nGrüße\n.\nFrom here".into(),
        html: Some("<p>Grüße</p>\n<img src=\"cid:logo@x\">".into()),
        message_id: "0123@gate.example".into(),
        at: Timestamp(1_763_749_200_000),
        auto_submitted: "auto-generated",
        about: None,
        extra: vec![("X-Auto-Response-Suppress".into(), "All".into())],
        inline_images: vec![("logo@x".into(), "image/png".into(), vec![0x89, b'P', b'N', b'G'])],
    }
}

/// CRLF only, 7-bit, no over-long line; the strict reader accepts the header section.
fn assert_wire_clean(bytes: &[u8]) -> Head {
    assert!(bytes.is_ascii());
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        assert!(line.len() <= 1000);
        assert_eq!(line.iter().filter(|b| **b == b'\r').count(), usize::from(line.ends_with(b"\r\n")));
        assert!(line.ends_with(b"\r\n") || !line.contains(&b'\n'));
    }
    Head::new(bytes[..Head::split(bytes).unwrap()].to_vec()).unwrap()
}

#[test]
fn a_notice_reads_as_it_was_meant() {
    let bytes = compose_notice(&notice()).unwrap();
    let head = assert_wire_clean(&bytes);
    assert_eq!(head.subject().as_deref(), Some("Vertrauliche Nachricht für Sie"));
    assert_eq!(head.from_address().unwrap().unwrap(), address("securemail@insurer.example"));
    assert_eq!(head.first("Date").as_deref(), Some("Fri, 21 Nov 2025 18:20:00 +0000"));
    assert_eq!(head.first("Message-ID").as_deref(), Some("<0123@gate.example>"));
    assert_eq!(head.first("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(head.first("MIME-Version").as_deref(), Some("1.0"));
    for name in ["From", "To", "Subject", "Date", "Message-ID", "Reply-To"] {
        assert_eq!(head.count(name), 1, "{name}");
    }
    let letter = Letter::parse(&bytes).unwrap();
    assert_eq!(letter.summary().from[0].name.as_deref(), Some("Versicherung, Größe"));
    assert_eq!(letter.text().as_deref(), Some("Guten Tag,\r\nGrüße\r\n.\r\nFrom here"));
    assert_eq!(letter.html().as_deref(), Some("<p>Grüße</p>\r\n<img src=\"cid:logo@x\">"));
    assert_eq!(letter.inline("logo@x").unwrap().1.as_ref(), b"\x89PNG");
    let kinds: Vec<String> =
        crate::parts::walk(&bytes).unwrap().into_iter().map(|part| part.content_type).collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]);
    // neither clock nor randomness: the same input gives the same bytes
    assert_eq!(compose_notice(&notice()).unwrap(), bytes);
}

#[test]
fn without_html_it_is_plain_text() {
    let bytes =
        compose_notice(&Compose { html: None, inline_images: Vec::new(), text: "Hallo".into(), ..notice() });
    let bytes = bytes.unwrap();
    assert_wire_clean(&bytes);
    assert_eq!(
        Letter::parse(&bytes).unwrap().text().map(|t| t.trim_end().to_owned()).as_deref(),
        Some("Hallo")
    );
}

#[test]
fn nothing_breaks_out_of_its_field() {
    let evil = "x\r\nBcc: evil@x.example\r\n\r\nbody";
    let bytes = compose_notice(&Compose {
        from: (Some(evil.into()), address("a@insurer.example")),
        subject: evil.into(),
        extra: vec![("X-Note".into(), evil.into())],
        ..notice()
    })
    .unwrap();
    let head = assert_wire_clean(&bytes);
    assert_eq!(head.count("Bcc"), 0);
    assert_eq!(head.subject().as_deref(), Some("x Bcc: evil@x.example body"));
    for bad in ["a>b@x", "a b@x", "ab", "a\r\n@x", ""] {
        assert!(compose_notice(&Compose { message_id: bad.into(), ..notice() }).is_err(), "{bad:?}");
    }
    for bad in ["Subject", "X Y", "", "X:", "bcc\r\n"] {
        let extra = vec![(bad.to_owned(), "x".to_owned())];
        assert!(compose_notice(&Compose { extra, ..notice() }).is_err(), "{bad:?}");
    }
}

fn report(returned: &[u8], full: bool) -> DsnParts {
    DsnParts {
        reporting_mta: "gate.example".into(),
        original_envid: Some("QQ314159".into()),
        arrival: Timestamp(1_763_749_200_000),
        at: Timestamp(1_763_752_800_000),
        from: ("Sealpost".into(), address("postmaster@insurer.example")),
        to: address("sender@insurer.example"),
        message_id: "dsn1@gate.example".into(),
        about: Some("a1@insurer.example".into()),
        subject: "Unzustellbar: Größe".into(),
        text: "Die Nachricht konnte nicht zugestellt werden.\nÜber".into(),
        recipients: vec![
            DsnRecipient {
                final_recipient: address("max@web.example"),
                orcpt: Some(Orcpt { kind: "rfc822".into(), address: "Max@web.example".into() }),
                action: DsnAction::Failed,
                status: EnhancedCode(5, 1, 1),
                remote_mta: Some("mx.web.example".into()),
                diagnostic: Some("550 5.1.1 unbekannt: Größe\r\nX-Evil: 1".into()),
                will_retry_until: None,
            },
            DsnRecipient {
                final_recipient: address("eva@web.example"),
                orcpt: None,
                action: DsnAction::Delayed,
                status: EnhancedCode(4, 4, 1),
                remote_mta: None,
                diagnostic: None,
                will_retry_until: Some(Timestamp(1_763_838_000_000)),
            },
        ],
        returned: Some(returned.to_vec()),
        returned_full: full,
    }
}

fn third(bytes: &[u8]) -> (Vec<String>, String) {
    let parts = crate::parts::walk(bytes).unwrap();
    let last = parts.last().unwrap();
    let body = String::from_utf8_lossy(&last.bytes()).into_owned();
    (parts.into_iter().map(|part| part.content_type).collect(), body)
}

const LETTER: &[u8] = b"From: a@insurer.example\r\nSubject: x\r\n\r\nbody\r\n";

#[test]
fn a_report_has_the_three_parts_of_rfc_6522() {
    let bytes = compose_dsn(&report(LETTER, true)).unwrap();
    let head = assert_wire_clean(&bytes);
    assert!(head.first("Content-Type").unwrap().contains("report-type=\"delivery-status\""));
    assert_eq!(head.first("Auto-Submitted").as_deref(), Some("auto-replied"));
    let (kinds, body) = third(&bytes);
    assert_eq!(kinds, ["multipart/report", "text/plain", "message/delivery-status", "message/rfc822"]);
    assert_eq!(body.as_bytes(), LETTER);
    let parts = crate::parts::walk(&bytes).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&parts[2].body),
        "Reporting-MTA: dns; gate.example\r\nOriginal-Envelope-Id: QQ314159\r\n\
         Arrival-Date: Fri, 21 Nov 2025 18:20:00 +0000\r\n\r\n\
         Original-Recipient: rfc822; Max@web.example\r\nFinal-Recipient: rfc822; max@web.example\r\n\
         Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.web.example\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 unbekannt: Gr??e X-Evil: 1\r\n\r\n\
         Final-Recipient: rfc822; eva@web.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
         Will-Retry-Until: Sat, 22 Nov 2025 19:00:00 +0000\r\n"
    );
}

#[test]
fn what_cannot_go_back_whole_goes_back_as_a_head() {
    let (kinds, body) = third(&compose_dsn(&report(LETTER, false)).unwrap());
    assert_eq!(kinds[3], "text/rfc822-headers");
    assert_eq!(body, "From: a@insurer.example\r\nSubject: x\r\n\r\n");
    let eight_bit = "From: a@insurer.example\r\nSubject: x\r\n\r\nGrüße\r\n".as_bytes();
    let bytes = compose_dsn(&report(eight_bit, true)).unwrap();
    assert_wire_clean(&bytes);
    assert_eq!(third(&bytes).0[3], "text/rfc822-headers");
    let utf8_head = "From: jürgen@insurer.example\r\n\r\nx".as_bytes();
    let bytes = compose_dsn(&report(utf8_head, false)).unwrap();
    assert_wire_clean(&bytes);
    assert_eq!(
        third(&bytes),
        (
            vec![
                "multipart/report".into(),
                "text/plain".into(),
                "message/delivery-status".into(),
                "message/global-headers".into()
            ],
            "From: jürgen@insurer.example\r\n\r\n".into()
        )
    );
    let none = DsnParts { returned: None, ..report(LETTER, true) };
    assert_eq!(third(&compose_dsn(&none).unwrap()).0.len(), 3);
}

#[test]
fn addresses_outside_ascii_use_the_form_of_rfc_6533() {
    let mut parts = report(LETTER, true);
    parts.returned = None;
    parts.recipients[0].final_recipient = address("jürgen@web.example");
    let bytes = compose_dsn(&parts).unwrap();
    assert_wire_clean(&bytes);
    let (kinds, body) = third(&bytes);
    assert_eq!(kinds[2], "message/global-delivery-status");
    assert!(body.contains("Final-Recipient: utf-8; jürgen@web.example\r\n"));
    assert!(body.contains("Final-Recipient: rfc822; eva@web.example\r\n"));
}

proptest! {
    #[test]
    fn any_words_give_a_clean_letter(subject in "\\PC{0,120}|[\r\n\t =?a-z]{0,80}", text in "(\\PC|\n|\r){0,200}", name in "\\PC{0,40}") {
        let notice = Compose { subject: subject.clone(), text: text.clone(), from: (Some(name), address("a@insurer.example")), ..notice() };
        let bytes = compose_notice(&notice).unwrap();
        let head = assert_wire_clean(&bytes);
        prop_assert_eq!(head.count("Subject"), 1);
        prop_assert!(head.from_address().is_ok());
        prop_assert_eq!(head.received_count(), 0);
    }

    #[test]
    fn any_returned_bytes_give_a_clean_report(returned in proptest::collection::vec(any::<u8>(), 0..300), full in any::<bool>(), diagnostic in "\\PC{0,60}|[\r\n a-z]{0,20}") {
        let mut parts = report(&returned, full);
        parts.recipients[0].diagnostic = Some(diagnostic);
        let bytes = compose_dsn(&parts).unwrap();
        assert_wire_clean(&bytes);
        let parts = crate::parts::walk(&bytes).unwrap();
        prop_assert_eq!(parts[2].content_type.as_str(), "message/delivery-status");
    }
}

/// RFC 2047 §7: text that only looks like an encoded-word would be decoded.
#[test]
fn a_subject_that_looks_encoded_is_read_as_it_was_typed() {
    for typed in [
        "=?utf-8?Q?=0D=0ABcc:_e@e?=",
        "Frage zu =?utf-8?Q?x?= und noch etwas, das sehr viel länger ist als in ein einziges Wort hineinpasst, ja?",
    ] {
        let bytes = compose_notice(&Compose { subject: typed.to_owned(), ..notice() }).unwrap();
        let head = assert_wire_clean(&bytes);
        assert_eq!(head.subject().as_deref(), Some(typed));
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("=0D=0ABcc"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
    }
}

#[test]
fn what_is_written_names_the_letter_it_is_about_and_no_strange_one() {
    let field = |bytes: &[u8], name: &str| {
        let letter = mail_parser::MessageParser::default().parse(bytes).unwrap();
        letter.header_raw(name).map(|value| value.trim().to_owned())
    };
    let dsn = compose_dsn(&report(b"", false)).unwrap();
    assert_eq!(field(&dsn, "In-Reply-To").as_deref(), Some("<a1@insurer.example>"));
    assert_eq!(field(&dsn, "References").as_deref(), Some("<a1@insurer.example>"));
    for (about, named) in [("a1@insurer.example", true), ("a\r\nBcc: x@web.example", false), ("no at", false)]
    {
        let bytes = compose_notice(&Compose { about: Some(about.into()), ..notice() }).unwrap();
        assert_eq!(field(&bytes, "In-Reply-To").is_some(), named, "{about:?}");
        assert!(field(&bytes, "Bcc").is_none());
    }
}
