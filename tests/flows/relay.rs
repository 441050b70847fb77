//! Ordinary mail is passed on unchanged: the same bytes, the same envelope, one more trace field.

use rig::dkim::Dkim;
use rig::letters::{self, without_trace};
use rig::{Config, Gateway, Hop};

#[test]
fn arrives_byte_for_byte() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let bodies: [&[u8]; 6] = [
        b"one line",
        b".\r\n..\r\n.dot first\r\n",
        b"no empty line before the body ends\r\n\r\n\r\n",
        &[b'x'; 998],
        "Größe 8bit: äöü ß € 漢字 🙂".as_bytes(),
        b"trailing blanks \t \r\n\tand tabs\x0c\x7f",
    ];
    for (n, body) in bodies.iter().enumerate() {
        let mut letter = letters::plain(&format!("Angebot {n}"), "");
        letter.truncate(letter.len() - 2);
        letter.extend_from_slice(body);
        letter.extend_from_slice(b"\r\n");
        let to = format!("kunde{n}@web.example");
        gateway.smtp().letter("erika@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
        let got = hop.wait_to(&to);
        assert_eq!(without_trace(&got.bytes), letter, "body {n}: {}", got.text());
    }
    gateway.sweep();
}

#[test]
fn of_every_size_around_the_buffers() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    for size in [1, 16_383, 16_384, 65_535, 65_536, 65_537, 131_072, 1_000_000, 5_000_001] {
        let letter = letters::sized(&format!("size {size}"), size);
        let to = format!("size{size}@web.example");
        client.letter("erika@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
        let got = hop.wait_to(&to);
        assert!(without_trace(&got.bytes) == letter, "a letter of {size} bytes came out changed");
    }
    gateway.sweep();
}

#[test]
fn a_letter_of_head_alone_or_of_body_alone() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letters: [&[u8]; 3] = [b"Subject: nothing more\r\n", b"\r\nno head at all\r\n", b"\r\n"];
    for (n, letter) in letters.iter().enumerate() {
        let to = format!("odd{n}@web.example");
        gateway.smtp().letter("erika@insurer.example", &[&to], letter).expect("250 2.0.0 *");
        assert_eq!(without_trace(&hop.wait_to(&to).bytes), *letter);
    }
}

#[test]
fn a_dkim_signature_made_before_holds_after() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let dkim = Dkim::new();
    let letter = dkim.sign(&letters::rich("Angebot", "Größe", "<p>Größe</p>", "A.pdf", &letters::pdf("A")));
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 2.0.0 *");
    let got = hop.wait_to("max@web.example");
    assert!(dkim.verifies(&got.bytes), "the signature broke:\n{}", got.text());
}

#[test]
fn recipients_of_one_hop_share_a_transaction_and_each_has_it_once() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let to: Vec<String> = (0..25).map(|n| format!("kunde{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    gateway
        .smtp()
        .letter("erika@insurer.example", &to, &letters::plain("Rundschreiben", "Guten Tag"))
        .expect("250 2.0.0 *");
    let letter = hop.wait(1)[0].clone();
    let (mut got, mut want) = (letter.to(), to.clone());
    got.sort_unstable();
    want.sort_unstable();
    assert_eq!(got, want, "each recipient once");
    assert!(!letter.text().contains("kunde1@"), "the letter names none of them");
    gateway.sweep();
    assert_eq!(hop.delivered().len(), 1);
}

#[test]
fn the_trace_says_whence_and_when_and_hides_other_recipients() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("Angebot", "Guten Tag");
    gateway.smtp().letter("erika@insurer.example", &["one@web.example"], &letter).expect("250 2.0.0 *");
    let trace = letters::field(&hop.wait_to("one@web.example").bytes, "Received").unwrap();
    // RFC 5321 §4.4: from (HELO, address), by, with, id, date.
    assert!(trace.contains("from client.insurer.example"), "{trace}");
    assert!(trace.contains("127.0.0.1"), "{trace}");
    assert!(trace.contains("by mailgate.insurer.example"), "{trace}");
    assert!(trace.contains("with ESMTP"), "{trace}");
    gateway
        .smtp()
        .letter("erika@insurer.example", &["two@web.example", "three@web.example"], &letter)
        .expect("250 2.0.0 *");
    let got = hop.wait_to("two@web.example").text();
    assert!(!got.contains("three@web.example"), "{got}");
}
