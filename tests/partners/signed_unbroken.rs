//! Content with a detached signature of ours arrives as it was signed: long lines, non-ASCII octets and trailing white space are
//! encoded before, so that nothing in transit has to change them (RFC 8551 §3.1.3, RFC 3156 §3). Verified by openssl and by gpg, on
//! what the next server received.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{MessageParser, MimeHeaders as _};
use rig::{Config, Delivered, Gateway, Hop, gpg, openssl};

use super::out::{our_certificate, path};
use super::{insurer, sealpost};

/// A line of 5,000 octets.
fn line(word: &str) -> String {
    word.repeat(5_000 / word.len() + 1).chars().take(5_000).collect()
}

/// As every signature in a mail begins.
const BLANKS: &str = "Der Beitrag: 4711 \r\n-- \r\nErika Muster";

fn letter(fields: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Erika Muster <erika.muster@insurer.example>\r\nTo: max@broker.example\r\nSubject: Angebot\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\nMessage-ID: <{}@insurer.example>\r\nMIME-Version: 1.0\r\n{fields}\r\n{body}\r\n",
        body.len()
    )
    .into_bytes()
}

/// What breaks in transit today, and what a reader must find: text, HTML, and both with a scan in one line.
fn letters() -> [(Vec<u8>, String); 5] {
    let (text, page) = (line("Beitrag 4711 = x. "), line("<b>Beitrag</b> "));
    let umlauts = "Größe des Schadens: 4711 – „Köln“".to_owned();
    let scan = STANDARD.encode(line("scan"));
    let mixed = format!(
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{umlauts}\r\n{text}\r\n\
         --b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{scan}\r\n--b--"
    );
    [
        (letter("Content-Type: text/plain\r\n", &text), text.clone()),
        (letter("Content-Type: text/html\r\n", &page), "Beitrag Beitrag".to_owned()),
        (
            letter(
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
                &umlauts,
            ),
            umlauts.clone(),
        ),
        (letter("Content-Type: multipart/mixed; boundary=b\r\n", &mixed), format!("{umlauts}\n{text}")),
        (letter("Content-Type: text/plain\r\n", BLANKS), BLANKS.replace("\r\n", "\n")),
    ]
}

/// What openssl finds signed in it, by this certificate.
fn verified(letter: &Delivered, certificate: &str) -> Vec<u8> {
    let house = openssl::House::new("reader@broker.example");
    let mail = house.write("letter.eml", &letter.bytes);
    let (root, out) = (house.write("root.pem", certificate.as_bytes()), house.path("clear.txt"));
    house.openssl(&["cms", "-verify", "-in", &mail, "-CAfile", &root, "-purpose", "any", "-out", &out]);
    std::fs::read(out).unwrap()
}

/// A gateway that signs letters to the broker, with a key of its own.
fn signing(world: &Hop) -> Gateway {
    let mut config = Config::new(world);
    config.rule("signed", r#"{ recipient = "*@broker.example" }"#, r#""sign""#);
    let gateway = Gateway::start(&config);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    gateway
}

/// One that encrypts letters to the clinic with S/MIME.
fn closing(world: &Hop, inside: &Hop) -> (Gateway, openssl::House) {
    let gateway = Gateway::start(&insurer(world, inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    (gateway, clinic)
}

/// No server has to break any line of it.
fn has_short_lines(got: &Delivered, nth: usize) {
    let longest = got.bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap();
    assert!(longest <= 999, "{nth}: a line of {longest}");
}

fn reads(bytes: &[u8], wanted: &str, what: &str) {
    let parsed = MessageParser::default().parse(bytes).unwrap();
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(text.contains(wanted), "{what}: {text}");
    for file in parsed.attachments().filter(|part| part.attachment_name() == Some("a.pdf")) {
        assert_eq!(file.contents(), line("scan").as_bytes(), "{what}");
    }
}

#[test]
fn a_rule_s_signature_verifies_at_the_next_server_whatever_the_lines() {
    let world = Hop::new();
    let gateway = signing(&world);
    let certificate = our_certificate(&gateway);
    for (nth, (letter, wanted)) in letters().into_iter().enumerate() {
        gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["max@broker.example"], &letter)
            .expect("250 *");
        let got = world.wait(nth + 1)[nth].clone();
        assert!(got.text().contains("multipart/signed"), "{nth}: {}", got.text());
        has_short_lines(&got, nth);
        assert!(got.bytes.is_ascii(), "{nth}: {}", got.text());
        let clear = verified(&got, &certificate);
        let lines = String::from_utf8(clear.clone()).unwrap();
        assert!(lines.lines().all(|line| !line.ends_with([' ', '\t'])), "{nth}: {lines}");
        reads(&clear, &wanted, "signed");
        reads(&got.bytes, &wanted, "read without openssl");
    }
    gateway.sweep();
}

#[test]
fn what_is_safe_is_signed_byte_by_byte_as_it_came() {
    let world = Hop::new();
    let gateway = signing(&world);
    let body = "Der Beitrag: 4711\r\n--\r\nFrom here on";
    let safe = letter("Content-Type: text/plain\r\n", body);
    gateway.smtp().letter("erika.muster@insurer.example", &["max@broker.example"], &safe).expect("250 *");
    let got = world.wait(1).remove(0);
    assert!(got.text().contains(&format!("Content-Type: text/plain\r\n\r\n{body}\r\n")), "{}", got.text());
    gateway.sweep();
}

/// A partner's gateway decrypts a letter and sends the signed content on, in lines that its servers accept.
#[test]
fn what_is_signed_within_an_encrypted_letter_has_no_line_that_must_be_broken() {
    let (world, inside) = (Hop::new(), Hop::new());
    let (gateway, clinic) = closing(&world, &inside);
    let certificate = our_certificate(&gateway);
    for (nth, (letter, wanted)) in letters().into_iter().enumerate() {
        gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
            .expect("250 *");
        let got = world.wait(nth + 1)[nth].clone();
        assert!(got.text().contains("application/pkcs7-mime"), "{nth}");
        // Opened and verified by openssl.
        let clear = clinic.open(&got.bytes, &certificate);
        assert!(clear.lines().all(|line| line.len() <= 998), "{nth}: {clear}");
        reads(clear.as_bytes(), &wanted, "encrypted");
    }
    gateway.sweep();
}

#[test]
fn gnupg_opens_and_verifies_them_as_well() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = gpg::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"]);
    clinic.import(&our_certificate(&gateway));
    sealpost(&gateway, &["partner", "add", "clinic.example", clinic.key().to_str().unwrap(), "--yes"]);
    for (nth, (letter, wanted)) in letters().into_iter().enumerate() {
        gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
            .expect("250 *");
        let text = world.wait(nth + 1)[nth].text();
        assert!(text.contains("multipart/encrypted"), "{text}");
        reads(clinic.open(&text).as_bytes(), &wanted, "gpg");
    }
    gateway.sweep();
}

/// A letter signed by others, with a line of 1,500 octets, and its certificate.
fn signed_by_another() -> (String, openssl::House) {
    let house = openssl::House::new("lawyer@elsewhere.example");
    let text = "Vollmacht ".repeat(150);
    let signed = house.sign("X-Forwarded: yes\n", &format!("Content-Type: text/plain\n\n{text}\n"));
    (String::from_utf8(signed).unwrap(), house)
}

/// The same as a part of a letter, or as a letter within one.
fn handed_on(signed: &str) -> [Vec<u8>; 2] {
    ["", "Content-Type: message/rfc822\r\n\r\n"].map(|around| {
        let text = line("y");
        let parts = format!(
            "--outer\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--outer\r\n{around}{signed}\r\n--outer--"
        );
        letter("Content-Type: multipart/mixed; boundary=outer\r\n", &parts)
    })
}

/// The other signer's part, as openssl extracts it.
fn verifies(entity: &str, house: &openssl::House, what: &str) {
    assert!(entity.contains("X-Forwarded: yes"), "{what}: {entity}");
    let (_, part) = entity.split_once("X-Forwarded: yes").unwrap();
    let (part, _) = part.split_once("\r\n--outer").unwrap();
    let mail = house.write("part.eml", format!("X-Forwarded: yes{part}").as_bytes());
    let (certificate, out) = (house.certificate(), house.path("part.txt"));
    let root = certificate.to_str().unwrap();
    house.openssl(&["cms", "-verify", "-in", &mail, "-CAfile", root, "-purpose", "any", "-out", &out]);
    assert!(std::fs::read_to_string(out).unwrap().contains("Vollmacht Vollmacht"), "{what}");
}

/// RFC 1847 §2.1: content signed by others is not changed, also if a line of it is longer than servers must accept.
#[test]
fn what_somebody_else_has_signed_verifies_within_what_we_sign() {
    let world = Hop::new();
    let gateway = signing(&world);
    let certificate = our_certificate(&gateway);
    let (signed, house) = signed_by_another();
    for (nth, letter) in handed_on(&signed).into_iter().enumerate() {
        gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["max@broker.example"], &letter)
            .expect("250 *");
        let got = world.wait(nth + 1)[nth].clone();
        assert!(got.text().contains("smime-type=signed-data"), "{nth}: {}", got.text());
        has_short_lines(&got, nth);
        verifies(&String::from_utf8(verified(&got, &certificate)).unwrap(), &house, "signed");
    }
    gateway.sweep();
}

#[test]
fn what_somebody_else_has_signed_verifies_within_what_is_encrypted() {
    let (world, inside) = (Hop::new(), Hop::new());
    let (gateway, clinic) = closing(&world, &inside);
    let certificate = our_certificate(&gateway);
    let (signed, house) = signed_by_another();
    for (nth, letter) in handed_on(&signed).into_iter().enumerate() {
        gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
            .expect("250 *");
        let got = world.wait(nth + 1)[nth].clone();
        let clear = clinic.open(&got.bytes, &certificate);
        assert!(!clear.contains(&line("y")), "unsigned content is in lines: {clear}");
        verifies(&clear, &house, "encrypted");
    }
    gateway.sweep();
}
