//! Scanners write a page as one line of base64, far longer than SMTP allows: accepted from clients with a right to
//! send, unchanged in a mailbox, and broken for public servers without changing the file. Other clients may not send
//! such lines.

use base64::Engine as _;
use rig::letters::{self, link, without_trace};
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop};

/// A letter of a multi-function printer: a page in one line.
fn scan(subject: &str, page: &[u8]) -> Vec<u8> {
    let line = base64::engine::general_purpose::STANDARD.encode(page);
    assert!(line.len() > 15_000);
    format!(
        "From: Scanner <scan@insurer.example>\r\nTo: k@web.example\r\nSubject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\nMessage-ID: <scan@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=scan\r\n\r\n\
         --scan\r\nContent-Type: text/plain\r\n\r\nEin Scan.\r\n.\r\n..\r\n\
         --scan\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=scan.pdf\r\n\r\n{line}\r\n--scan--\r\n"
    )
    .into_bytes()
}

fn page() -> Vec<u8> {
    let noise = (0..4_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes());
    noise.collect()
}

/// The file in a letter, as a program reads it that has never heard of us.
fn file_in(letter: &[u8]) -> Vec<u8> {
    let parsed = mail_parser::MessageParser::default().parse(letter).unwrap();
    parsed.attachment(0).unwrap().contents().to_vec()
}

fn longest_line(letter: &[u8]) -> usize {
    letter
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).len())
        .max()
        .unwrap()
}

#[test]
fn a_scan_in_one_line_arrives_everywhere() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    // Relayed: no line is longer than a server must take, and nothing but line ends is new.
    let relayed = scan("Scan", &page());
    client.letter("scan@insurer.example", &["k@web.example"], &relayed).expect("250 *");
    let there = hop.wait_to("k@web.example").bytes;
    assert_eq!((longest_line(&there), file_in(&there)), (998, page()));
    let mended = String::from_utf8_lossy(without_trace(&there)).replace("\r\n ", "");
    assert_eq!(mended.as_bytes(), relayed);
    gateway.wait_logged("lines longer than max-line were broken");
    // In a mailbox: as it came.
    let kept = scan("[vertraulich] Scan", &page());
    client.letter("scan@insurer.example", &["m@web.example"], &kept).expect("250 *");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&hop.wait_to("m@web.example").bytes));
    let path = letter_path(&inbox);
    assert_eq!(web.get(&format!("{path}/part/0")).expect(200).body, page());
    let eml = web.get(&format!("{path}/eml")).expect(200).body.clone();
    assert_eq!((longest_line(&eml), file_in(&eml)), (longest_line(&kept), page()));
    gateway.sweep();
}

#[test]
fn where_the_next_hop_bears_long_lines_not_a_byte_is_changed() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "max-line", "1048576");
    let gateway = Gateway::start(&config);
    let letter = scan("Scan", &page());
    gateway.smtp().letter("scan@insurer.example", &["k@web.example"], &letter).expect("250 *");
    assert_eq!(without_trace(&hop.wait_to("k@web.example").bytes), letter);
}

#[test]
fn who_sends_longer_lines_than_that_is_told_what_to_change() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "max-line", "10000");
    let world = config.listener("world");
    config.set("[listener]", "networks", "[]").set("[listener]", "domains", r#"["insurer.example"]"#);
    let gateway = Gateway::start(&config);
    let letter = scan("Scan", &page());
    let mut client = gateway.smtp();
    let refused = client.letter("scan@insurer.example", &["k@web.example"], &letter);
    refused.expect("554 5.6.0 *more than 10000 octets*base64 at 76*");
    client.letter("scan@insurer.example", &["k@web.example"], &letters::plain("x", "y")).expect("250 *");
    // A stranger's server keeps to what the standard says.
    let mut stranger = rig::Smtp::connect(world);
    stranger.ehlo();
    let line = "x".repeat(999);
    let refused = stranger.letter("a@web.example", &["erika@insurer.example"], &letters::plain("x", &line));
    refused.expect("554 5.6.0 *more than 998 octets*");
    let fits = letters::plain("x", &"x".repeat(998));
    stranger.letter("a@web.example", &["erika@insurer.example"], &fits).expect("250 *");
    gateway.sweep();
}

/// Breaking lines after signing would invalidate the signature.
#[test]
fn our_signature_is_made_over_what_is_sent() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("cut", r#"{ subject-tag = "[ablage]" }"#, r#""relay""#);
    let signing = crate::dkim::Signing::start(&mut config);
    let letter = scan("[ablage] Scan", &page());
    signing.gateway.smtp().letter("scan@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let there = hop.wait_to("k@web.example").bytes;
    assert_eq!(longest_line(&there), 998);
    signing.is_signed(&there, "a scan");
}
