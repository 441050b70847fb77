//! A letter that contains a confidential one is confidential: rules about heads see the heads of embedded letters, the properties
//! of a winmail.dat and of messages in it, the title and class of an appointment. Rules that relay ignore them.

use base64::Engine as _;
use rig::letters::without_trace;
use rig::{Config, Gateway, Hop};

fn letter(rest: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nSubject: Fwd: Unterlagen\r\n\
         Date: Fri, 27 Nov 2026 10:00:00 +0100\r\nMessage-ID: <a@insurer.example>\r\nMIME-Version: 1.0\r\n{rest}"
    )
    .into_bytes()
}

/// In a multipart, as an attachment of this type.
pub(crate) fn attached(kind: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    letter(&format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    ))
}

fn carried(fields: &str) -> Vec<u8> {
    letter(&format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
         From: a@x.example\r\n{fields}\r\n\r\ninnen\r\n--b--\r\n"
    ))
}

/// MS-OXTNEF: attributes of a message (level 1) or of a file (level 2).
pub(crate) fn tnef(attributes: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    for (level, id, data) in attributes {
        bytes.push(*level);
        bytes.extend(id.to_le_bytes());
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(*data);
        bytes.extend(data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).to_le_bytes());
    }
    bytes
}

/// The message's properties with one of them, PidTagSensitivity.
fn winmail(sensitivity: u32) -> Vec<u8> {
    let mut properties = 1_u32.to_le_bytes().to_vec();
    properties.extend([0x03, 0x00, 0x36, 0x00]);
    properties.extend(sensitivity.to_le_bytes());
    tnef(&[(1, 0x0006_9003, &properties)])
}

/// One property of a variable-length type.
pub(crate) fn property(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = 1_u32.to_le_bytes().to_vec();
    out.extend(kind.to_le_bytes());
    out.extend(id.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A message with PidTagSubject, and what "forward as attachment" makes of it in Outlook's own format: a file that is one
/// (PidTagAttachDataObject).
fn titled(subject: &str) -> Vec<u8> {
    let wide: Vec<u8> = subject.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    tnef(&[(1, 0x0006_9003, &property(0x0037, 0x001f, &wide))])
}

pub(crate) fn forwarded(message: &[u8]) -> Vec<u8> {
    let object = [&[0; 16][..], message].concat();
    tnef(&[(2, 0x0006_9002, &[0; 14]), (2, 0x0006_9005, &property(0x3701, 0x000d, &object))])
}

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .rule("private", r#"{ sensitivity = ["private", "personal"] }"#, r#""portal""#)
        .rule("label", r#"{ label = "Streng Vertraulich" }"#, r#""portal""#)
        .rule("class", r#"{ header = { name = "X-Class", equals = "geheim" } }"#, r#""portal""#)
        .rule("claims", r#"{ subject-pattern = "(?i)gutachten" }"#, r#""portal""#);
    config
}

#[test]
fn what_a_letter_carries_is_judged_with_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let calendar = |class: &str| {
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nCLASS:{class}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    };
    let title = |title: &str| {
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    };
    let encoded_title =
        title("x").replace("SUMMARY:x", "SUMMARY;ENCODING=BASE64:W3ZlcnRyYXVsaWNoXSBUZXJtaW4=");
    // Some programs end a line at a CR alone.
    let tagged = |end: &str, before: &str| {
        format!(
            "From: a@x.example{end}Date: Fri, 27 Nov 2026 10:00:00 +0100{before}Subject: [vertraulich] Akte{end}{end}x{end}"
        )
    };
    let within = carried("Subject: [vertraulich] Akte");
    let mut client = gateway.smtp();
    for (n, (what, letter)) in [
        ("a tag", carried("Subject: [vertraulich] Akte 7")),
        ("almost a tag", carried("Subject: (vertraulich) Akte 7")),
        ("a sensitivity", carried("Subject: x\r\nSensitivity: Private")),
        (
            "a label",
            carried(
                "Subject: x\r\nmsip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Streng Vertraulich",
            ),
        ),
        ("a field", carried("Subject: x\r\nX-Class: geheim")),
        ("a pattern", carried("Subject: Ihr Gutachten")),
        (
            "a letter as a file",
            attached(
                "application/octet-stream; name=x.eml",
                b"From: a@x.example\r\nSubject: [vertraulich] x\r\n\r\nx\r\n",
            ),
        ),
        ("lines that end in CR", attached("message/rfc822", tagged("\r", "\r").as_bytes())),
        ("a tag behind a CR", attached("message/rfc822", tagged("\r\n", "\r").as_bytes())),
        ("the same, by another type", attached("message/global", tagged("\r", "\r").as_bytes())),
        ("a head alone", attached("text/rfc822-headers", tagged("\r", "\r").as_bytes())),
        ("two levels down", attached("message/rfc822", &within)),
        ("winmail.dat, private", attached("application/ms-tnef", &winmail(2))),
        ("winmail.dat, confidential", attached("application/ms-tnef", &winmail(3))),
        ("winmail.dat with a tag", attached("application/ms-tnef", &titled("[vertraulich] Akte"))),
        ("in winmail.dat", attached("application/ms-tnef", &forwarded(&titled("[vertraulich] Akte")))),
        ("almost", attached("application/ms-tnef", &forwarded(&titled("(vertraulich) Akte")))),
        ("a title", attached("text/calendar", title("[vertraulich] Gutachtertermin").as_bytes())),
        ("a title in base64", attached("text/calendar", encoded_title.as_bytes())),
        ("a title in a file", attached("application/octet-stream", title("[vertraulich] x").as_bytes())),
        ("an appointment", attached("text/calendar", calendar("PRIVATE").as_bytes())),
        ("a confidential one", attached("text/calendar", calendar("CONFIDENTIAL").as_bytes())),
    ]
    .into_iter()
    .enumerate()
    {
        client.letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, n + 1, "{what} was relayed:\n{}", gateway.log());
    }
    for (what, letter) in [
        ("an ordinary letter", carried("Subject: Akte 7\r\nSensitivity: Normal")),
        ("an ordinary appointment", attached("text/calendar", calendar("PUBLIC").as_bytes())),
        ("an ordinary winmail.dat", attached("application/ms-tnef", &winmail(0))),
        ("a message in it", attached("application/ms-tnef", &forwarded(&titled("AW: Termin am Freitag")))),
        ("an ordinary title", attached("text/calendar", title("Besprechung am Freitag").as_bytes())),
    ] {
        client.letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
        hop.wait_where(what, |mail| mail.bytes.ends_with(&letter));
    }
}

#[test]
fn a_letter_that_may_go_does_not_let_the_one_go_that_carries_it() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("policy", "default", r#""portal""#)
        .rule("public", r#"{ subject-tag = "[offen-extern]" }"#, r#""relay""#)
        .rule("normal", r#"{ header = { name = "X-Class", equals = "public" } }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    for fields in ["Subject: [offen-extern] x", "Subject: x\r\nX-Class: public"] {
        client.letter("erika@insurer.example", &["k@web.example"], &carried(fields)).expect("250 *");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 2, "{}", gateway.log());
    let open = b"From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\nSubject: x\r\nX-Class: public\r\n\r\nx\r\n";
    client.letter("erika@insurer.example", &["k@web.example"], open).expect("250 *");
    let delivered = hop.wait_where("the open one", |mail| mail.from() == "erika@insurer.example");
    assert_eq!(without_trace(&delivered.bytes), open);
}

#[test]
fn where_a_winmail_is_damaged_nobody_says_that_there_is_no_such_head_in_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let send = |bytes: &[u8]| {
        let letter = attached("application/ms-tnef; name=winmail.dat", bytes);
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter)
    };
    let secret = titled("Gutachten 7");
    let within = forwarded(&secret);
    // One more property after the counted ones.
    let mut uncounted = titled("[vertraulich] Gutachten 7");
    uncounted[15] = 0;
    for bytes in [
        &secret[..secret.len() - 12],
        &within[..within.len() - 30],
        &within[..20],
        b"no TNEF",
        &uncounted,
        &forwarded(&uncounted),
    ] {
        send(bytes).expect("554 5.6.0 *");
    }
    assert!(hop.delivered().is_empty());
    send(&titled("Unterlagen")).expect("250 *");
    assert_eq!(hop.wait(1)[0].to(), ["k@web.example"], "what is whole and says nothing goes");
    gateway.sweep();
}

/// An unreadable opaque signature may contain any head; an encrypted letter shows none, and is passed on (RFC 8551 §3.5).
#[test]
fn where_an_opaque_signature_is_damaged_nobody_says_that_there_is_no_such_head_in_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let send = |kind: &str, bytes: &[u8]| {
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &attached(kind, bytes))
    };
    // A ContentInfo of this type that ends too early.
    let begun = |last: u8| {
        [&[0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, last, 0xa0, 0x80][..], &[0x30; 3]]
            .concat()
    };
    for kind in ["signed-data", "enveloped-data"] {
        let kind = format!("application/pkcs7-mime; smime-type={kind}; name=smime.p7m");
        send(&kind, &begun(2)).expect("554 5.6.0 *");
    }
    send("application/octet-stream; name=Brief.p7m", &begun(2)).expect("554 5.6.0 *");
    assert!(hop.delivered().is_empty());
    send("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", &begun(3)).expect("250 *");
    assert_eq!(hop.wait(1)[0].to(), ["k@web.example"], "what is encrypted goes");
    gateway.sweep();
}
