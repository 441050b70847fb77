//! Rules about content see what any reader's program would find, and never answer "no" for unreadable content.

use std::path::Path;

use base64::Engine as _;
use rig::gateway::Home;
use rig::letters;
use rig::{Config, Gateway, Hop};

/// A letter of `tests/reading`, with the line ends of mail.
fn stored(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reading").join(format!("{name}.eml"));
    let mut out = Vec::new();
    for byte in std::fs::read(path).unwrap() {
        if byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

fn letter(rest: &str) -> Vec<u8> {
    let head =
        "From: Erika <erika@insurer.example>\r\nTo: max@web.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n";
    format!("{head}{rest}").into_bytes()
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn packets(name: &str, base64: &str) -> String {
    format!(
        "Content-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}\r\n"
    )
}

/// Text that a rule looks for, however it is wrapped, and the name of a file.
fn looking(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .rule("encrypted already", "{ encrypted = true }", r#""relay""#)
        .rule(
            "words",
            "{ text-pattern = ['(?i)\\bvertraulich\\b', '65 170839 J 003', 'Nur im TNEF', 'Opak signierter Text', \
             'Inhalt des inneren Briefs', 'Hallo Welt', 'Der ganze Brief', 'Zeile zwei\\n', 'eins\\n', \
             'insurer.example/formular', 'Schadennummer 4711', '\\b10 100\\b', 'Größe', 'Žluťoučký kůň', \
             '(?i)\\bstreng\\s+geheim\\b'] }",
            r#""portal""#,
        )
        .rule("files", "{ attachment-name = ['*.pdf', 'bericht.txt'] }", r#""portal""#);
    config
}

#[test]
fn what_is_wrapped_glued_or_mislabelled_is_found() {
    let hop = Hop::new();
    let gateway = Gateway::start(&looking(&hop));
    let mut cases: Vec<(String, Vec<u8>)> = [
        "pol-br-class",
        "pol-comment-dash",
        "pol-nohead-close",
        "pol-p-open",
        "q-br",
        "q-divs",
        "q-divs2",
        "q-li",
        "q-link",
        "q-nohead",
        "q-xhtml",
        "q-td",
        "q-amounts",
        "glue-div",
        "glue-td",
        "tnef-pdf",
        "w-html",
        "w-embed",
        "s-uu",
        "s-emloctet",
        "s-p7m-opaque",
        "eml-octet",
        "cs-ansi",
        "cs-iso88591",
        "cs-unknown8",
        "cs-usascii-8bit",
        "cs-utf8-label-latin1",
        "cs-latin1-label-utf8",
        "cs-meta",
        "x-own-open-0",
        "x-own-open-1",
        "x-own-open-2",
        "x-own-open-3",
        "x-own-typed-0",
        "x-own-typed-1",
        "x-own-typed-2",
        "x-own-typed-3",
        "x-own-typed-4",
        "x-own-data-0",
        "x-own-data-1",
        "x-own-data-2",
        "x-own-data-3",
        "x-own-data-4",
        "s-own-uuq-0",
        "s-own-uuq-1",
        "s-own-uuq-2",
        "s-own-wide-0",
        "s-own-wide-1",
        "s-own-wide-2",
        "s-own-card-0",
        "s-own-card-1",
        "s-own-card-2",
        "s-own-card-3",
        "n-own-bare-0",
        "n-own-bare-1",
        "n-own-bare-2",
        "n-own-bare-3",
        "n-own-bare-4",
        "n-own-bare-5",
        "n-own-bare-6",
        "n-own-bare-7",
    ]
    .iter()
    .map(|name| ((*name).to_owned(), stored(name)))
    .collect();
    let word = base64("Das ist vertraulich.");
    let part = format!("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{word}\r\n--b--\r\n");
    let html = |html: &str| format!("Content-Type: text/html\r\n\r\n{html}\r\n");
    let file = |fields: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n{fields}\r\n\r\nx\r\n--b--\r\n"
        )
    };
    for text in [
        html("<ul><li>Punkt<li>vertraulich</ul>"),
        html("<b>Gruss</b><div>VERTRAULICH</div><div>Anna</div>"),
        html("<table><tr><td>Stufe</td><td>vertraulich</td></tr></table>"),
        html("<head><style>p{}<body>Das ist vertraulich."),
        html("<head><title/><body>Das ist vertraulich."),
        html("x<!--[if mso]><p>vertraulich</p><![endif]-->"),
        html("<span style='display:none'>vertraulich</span>x"),
        html("ver<wbr>trau&shy;lich"),
        html("<style>.b{display:block}</style><span class=b>Gruss</span><span class=b>vertraulich</span>"),
        html("<style>a{display:block}</style><a>Gruss</a><a>vertraulich</a>"),
        html("<style>b{display:table-cell}</style><b>Gruss</b><b>vertraulich</b>"),
        html("<div style='display:flex'><span>Gruss</span><span>vertraulich</span></div>"),
        html("<div style='display:grid'><i>Gruss</i><i>vertraulich</i></div>"),
        html("Gruss<span style='padding:0 20px'>vertraulich</span>"),
        html("Gruss<u style='margin:0 20px'>vertraulich</u>"),
        html("abc<img>vertraulich<img>"),
        html("abc<input>vertraulich<input>"),
        html("abc<svg></svg>vertraulich<svg></svg>"),
        html("<ruby>abc<rt>vertraulich</rt></ruby>"),
        file("Content-Type: application/octet-stream; name=notiz\r\n\r\nDas ist vertraulich."),
        file("Content-Type: application/octet-stream; name=a.unbekannt\r\n\r\nDas ist vertraulich."),
        file("Content-Type: image/svg+xml; name=a.svg\r\n\r\n<svg><text>vertraulich</text></svg>"),
        file("Content-Type: application/json; name=a.json\r\n\r\n{\"stufe\":\"vertr\\u0061ulich\"}"),
        format!("\r\nMfG\r\n\r\n-----BEGIN PKCS7-----\r\n{SIGNED}\r\n-----END PKCS7-----\r\n"),
        format!("Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{part}"),
        format!("Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain\r\n\r\n{part}"),
        format!("Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n{part}"),
        "Content-Type: multipart/mixed; boundary=b\r\n\r\nvertraulich\r\n--b\r\n\r\nx\r\n--b--\r\n"
            .to_owned(),
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\nvertraulich\r\n"
            .to_owned(),
        format!("Content-Transfer-Encoding: \"base64\"\r\n\r\n{word}\r\n"),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 ver{\\b traulich}}\r\n".to_owned(),
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nSUMMARY:ver\r\n traulich\r\n".to_owned(),
        "Content-Type: multipart; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         dmVydHJhdWxpY2g=\r\n--b--\r\n"
            .to_owned(),
        "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         dmVydHJhdWxpY2g=\r\n----\r\n"
            .to_owned(),
        format!("Content-Type: foo/bar/baz\r\nContent-Transfer-Encoding: base64\r\n\r\n{word}\r\n"),
        "Content-Type: text/watch-html\r\n\r\nver<b>trau</b>lich\r\n".to_owned(),
        "Content-Type: text/plain; charset=hz-gb-2312\r\n\r\nver~{~}traulich\r\n".to_owned(),
        "\r\nvertrau-\r\nlich\r\n".to_owned(),
        html("ver-<br>traulich"),
        html("<p>ver-</p><p>traulich</p>"),
        html("ver&shy;<br>traulich"),
        html("ver&#x2800;traulich"),
        "Content-Type: application/msword; name=x.doc\r\n\r\n{\\rtf1 ver{\\b trau}lich}\r\n".to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 x{\\object{\\*\\objdata 00}{\\result  vertraulich }}x}\r\n"
            .to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 x{\\*\\pn{\\pntxtb vertraulich}}x}\r\n".to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 Das ist vertraulich{\\super 1}.}\r\n".to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 Das ist vertraulich\\sub a\\nosupersub .}\r\n".to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 ver{\\super 2}traulich.}\r\n".to_owned(),
        "Content-Type: text/rtf\r\n\r\n{\\rtf1 ist vertraulich{\\up6 *}.}\r\n".to_owned(),
        format!(
            "Content-Type: application/rtf; name=a.rtf\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64("{\\rtf1 vertraulich{\\super\\chftn{\\footnote\\plain{\\super\\chftn}Siehe unten}}}")
        ),
        "\r\n> das ist streng\r\n> geheim, sagt er\r\n".to_owned(),
        "\r\n>> das ist streng\r\n> geheim, sagt er\r\n".to_owned(),
        "\r\n| das ist streng \r\n| geheim, sagt er\r\n".to_owned(),
        "Content-Type: text/plain; format=flowed\r\n\r\n> das ist streng \r\n> geheim\r\n".to_owned(),
        html("<pre>&gt; das ist streng\r\n&gt; geheim</pre>"),
        // Its last octet looks like a blank.
        format!(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n{SIGNED_TO_A_LINE_END}\r\n"
        ),
        // What `gpg --store` and `gpg -s` write: a literal packet, and one-pass, literal and signature compressed.
        packets("x.gpg", "yxF0AAAAAAB2ZXJ0cmF1bGljaA=="),
        packets("x.dat", "owDEDQMACAEBAgMEBQYHCAHLEXQAAAAAAHZlcnRyYXVsaWNo"),
        // CMS with id-data.
        "Content-Type: application/cms\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         MB4GCSqGSIb3DQEHAaARBA8NCg0KdmVydHJhdWxpY2g=\r\n"
            .to_owned(),
        file("Content-Type: text/plain; name=a.pdf\r\nContent-Disposition: attachment; filename=a.txt"),
        file("Content-Disposition: attachment; filename=a.txt; filename=a.pdf"),
        file("Content-Disposition: attachment; filename=\"a．pdf\""),
        file("Content-Disposition: attachment; filename=\"a.pdf::$DATA\""),
        file("Content-Disposition: attachment; filename=a.pdf.pgp"),
        file("Content-Disposition: attachment; filename=a.pdf.gz"),
        file("Content-Disposition: attachment; filename=a;b.pdf"),
        file("Content-Disposition: attachment; filename=\"BE\u{ad}RICHT.TXT\""),
        file("Content-Disposition: attachment; filename*0=a.; filename*1=pdf"),
        file("Content-Disposition: attachment; filename=a.txt; filename*=utf-8''a%2Epdf"),
        file(
            "Content-Disposition: attachment; filename=a.txt\r\nContent-Disposition: attachment; filename=a.pdf",
        ),
    ] {
        cases.push((text.clone(), letter(&text)));
    }
    for (number, (what, bytes)) in cases.iter().enumerate() {
        let to = format!("kunde{number}@web.example");
        let reply = gateway.smtp().letter("erika@insurer.example", &[&to], bytes);
        assert_eq!(reply.code, 250, "{what}: {reply}");
        assert_eq!(
            gateway.count("SELECT count(*) FROM deposits"),
            i64::try_from(number).unwrap() + 1,
            "relayed in clear:\n{what}"
        );
    }
    gateway.sweep();
}

/// CMS without a signer that wraps "Das ist vertraulich." (RFC 5652 §5.1).
const SIGNED: &str = "MFkGCSqGSIb3DQEHAqBMMEoCAQExADBBBgkqhkiG9w0BBwGgNAQyQ29udGVudC1U\r\n\
    eXBlOiB0ZXh0L3BsYWluDQoNCkRhcyBpc3QgdmVydHJhdWxpY2guDQoxAA==";

/// The same with one more attribute that ends with 0x0a.
const SIGNED_TO_A_LINE_END: &str = "MFwGCSqGSIb3DQEHAqBPME0CAQExADBBBgkqhkiG9w0BBwGgNAQyQ29udGVudC1UeXBlOiB0ZXh0\r\n\
    L3BsYWluDQoNCkRhcyBpc3QgdmVydHJhdWxpY2guDQoxAwQBCg==";

/// The first packets of a file that is encrypted with OpenPGP (RFC 9580 §5.1): a session key for a recipient.
const PGP: &[u8] = b"\x85\x01\x0c\x03\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x07\xff";

const ARMOUR: &[u8] = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----\r\n";

/// Uuencoded: the first bytes of a winmail.dat, and no more.
const BROKEN_TNEF: &str = r#"+>)\^(@$``0:0"```"#;

#[test]
fn what_nobody_can_read_is_refused_at_once() {
    let hop = Hop::new();
    let gateway = Gateway::start(&looking(&hop));
    let deep = "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n".repeat(60);
    let winmail = base64("\u{0}kein TNEF");
    let file = |kind: &str, name: &str, bytes: &[u8]| {
        let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\n\
             Content-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             {bytes}\r\n--b--\r\n"
        )
    };
    for text in [
        "Content-Type: message/partial; id=a; number=1; total=2\r\n\r\nSubject: y\r\n\r\nx\r\n".to_owned(),
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-strange\r\n\r\nx\r\n".to_owned(),
        format!(
            "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{winmail}\r\n"
        ),
        "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx\r\n".to_owned(),
        "\r\noffen\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP MESSAGE-----\r\nMfG\r\n"
            .to_owned(),
        file("application/octet-stream", "brief.pgp", PGP),
        file("application/pgp-encrypted; x=y", "brief.pgp", PGP),
        file("application/octet-stream", "brief", PGP),
        file("application/octet-stream", "brief.pgp", ARMOUR),
        file("application/octet-stream", "brief.gpg", ARMOUR),
        file("text/plain", "brief.asc", ARMOUR),
        "\r\nbegin 644 a.doc\r\n#86)C\r\nMfG\r\n".to_owned(),
        "Content-Type: application/mac-binhex40; name=a.hqx\r\n\r\n:#R4kC@8!\r\n".to_owned(),
        "\r\nMfG\r\n(This file must be converted with BinHex 4.0)\r\n\r\n:#R4kC@8!\r\n".to_owned(),
        format!(
            "Content-Type: application/octet-stream; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64("(This file must be converted with BinHex 4.0)\n:#R4kC@8!\n")
        ),
        "\r\n=ybegin line=128 size=4 name=a.doc\r\n\u{8d}\r\n=yend size=4\r\n".to_owned(),
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-yenc\r\n\r\nx\r\n".to_owned(),
        format!("\r\nbegin 644 winmail.dat\r\n{BROKEN_TNEF}\r\n`\r\nend\r\n"),
        format!("{deep}\r\nx\r\n"),
    ] {
        let reply = gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter(&text));
        reply.expect("554 5.6.0 *");
    }
    let unknown =
        [letter("Content-Type: text/plain; charset=x-klingon\r\n\r\n"), b"\xa5\x85\x99\xa3\r\n".to_vec()]
            .concat();
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &unknown).expect("554 5.6.0 *");
    assert_eq!(gateway.count("SELECT count(*) FROM legs"), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    assert!(hop.delivered().is_empty());
    gateway.sweep();
}

#[test]
fn what_is_encrypted_already_goes_where_a_rule_before_says_and_the_harmless_is_relayed() {
    let hop = Hop::new();
    let gateway = Gateway::start(&looking(&hop));
    let pgp = letter("\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP MESSAGE-----\r\n");
    // ContentInfo with id-envelopedData
    let enveloped = letter(
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         MIAGCSqGSIb3DQEHA6CAMIACAQAx\r\n",
    );
    // A text about armour is not encrypted.
    let about =
        letter("\r\nSolche Briefe beginnen mit -----BEGIN PGP MESSAGE----- und gehen so nicht auf.\r\n");
    gateway.smtp().letter("erika@insurer.example", &["about@web.example"], &about).expect("250 2.0.0 *");
    let _ = hop.wait_to("about@web.example");
    let harmless = letters::rich("Angebot", "Guten Tag", "<p>Guten Tag</p>", "Angebot.docx", b"PK\x03\x04");
    for (number, bytes) in [pgp, enveloped, harmless].iter().enumerate() {
        let to = format!("kunde{number}@web.example");
        gateway.smtp().letter("erika@insurer.example", &[&to], bytes).expect("250 2.0.0 *");
        assert_eq!(letters::without_trace(&hop.wait_to(&to).bytes), bytes);
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gateway.sweep();
}

#[test]
fn explain_says_the_same() {
    let hop = Hop::new();
    let home = Home::new(&looking(&hop));
    let said = |name: &str, bytes: &[u8]| {
        let mail = home.write(name, bytes);
        let args =
            ["explain", mail.to_str().unwrap(), "--from", "erika@insurer.example", "--to", "k@web.example"];
        let (code, out, err) = home.sealpost(&args);
        assert_eq!(code, 0, "{err}");
        out
    };
    for name in ["pol-br-class", "glue-div", "w-html", "s-p7m-opaque", "eml-octet"] {
        let out = said(name, &stored(name));
        assert!(out.contains("mailbox") && out.contains("decided by words"), "{name}: {out}");
    }
    let out = said("tnef-pdf", &stored("tnef-pdf"));
    assert!(out.contains("decided by files"), "{out}");
    let out = said("partial", &letter("Content-Type: message/partial; id=a; number=1\r\n\r\nx\r\n"));
    assert!(out.contains("554 5.6.0") && out.contains("message/partial"), "{out}");
}

/// What begins with Ä, Ö or Ü in UTF-8 begins like a packet of OpenPGP.
#[test]
fn a_text_is_not_encrypted_whatever_it_begins_with() {
    let hop = Hop::new();
    let gateway = Gateway::start(&looking(&hop));
    let mut client = gateway.smtp();
    let text = "Über Ihren Befund, vertraulich.";
    let letters = [
        format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"),
        format!("\r\n{text}\r\n"),
        format!("Content-Type: text/html; charset=utf-8\r\n\r\nÜ<p>{text}</p>\r\n"),
        format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(text)
        ),
        format!(
            "Content-Type: application/octet-stream; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(text)
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b--\r\n"
        ),
    ];
    for (nth, one) in letters.iter().enumerate() {
        client.letter("erika@insurer.example", &["max@web.example"], &letter(one)).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, nth + 1, "relayed as encrypted:\n{one}");
    }
}

/// `(?m)^…$` is a line as a reader sees it, whatever ends it and however it travels.
#[test]
fn a_line_is_a_line() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("line", r#"{ text-pattern = '(?m)^Vertraulich$' }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let plain = |text: &str| letter(&format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"));
    let coded = |coding: &str, text: &str| {
        letter(&format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: {coding}\r\n\r\n{text}\r\n"))
    };
    let letters = [
        plain("x\r\nVertraulich\r\ny"),
        plain("Vertraulich\r\ny"),
        plain("x\r\nVertraulich"),
        plain("x\r\nVertraulich  \t\r\ny"),
        plain("x\r\n  Ver\u{ad}traulich\u{a0}\r\ny"),
        plain("x\u{2028}Vertraulich\u{2028}y"),
        coded("quoted-printable", "x=0D=0AVertraulich=0D=0Ay"),
        coded("quoted-printable", "x\r\nVertraulich\r\ny"),
        coded("base64", &base64("x\r\nVertraulich\r\ny\r\n")),
        coded("base64", &base64("x\nVertraulich\ny\n")),
        coded("base64", &base64("x\rVertraulich\ry\r")),
        letter("Content-Type: text/plain; format=flowed\r\n\r\nx\r\nVertraulich\r\ny\r\n"),
        letter("Content-Type: text/html\r\n\r\n<p>x</p><div>Vertraulich</div>y\r\n"),
    ];
    for (nth, letter) in letters.iter().enumerate() {
        client.letter("erika@insurer.example", &["max@web.example"], letter).expect("250 *");
        let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
        assert_eq!(deposits, nth + 1, "relayed:\n{}", String::from_utf8_lossy(letter));
    }
    client
        .letter(
            "erika@insurer.example",
            &["other@web.example"],
            &plain("x\r\nVertraulich ist das nicht\r\ny"),
        )
        .expect("250 *");
    let _ = hop.wait_to("other@web.example");
}
