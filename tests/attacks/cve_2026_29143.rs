//! CVE-2026-29143, CVE-2026-27443: unauthenticated header fields inside the payload were taken for the
//! letter's own. Here pages use only the outer head, and so do rules that let a letter out.

use rig::letters;
use rig::reader::PASSWORD;

use crate::portal::{Portal, activate, letter_path};

/// Claims that only the letter's own head may make.
const CLAIMS: &str = "From: Vorstand <vorstand@insurer.example>\r\nX-Sealpost-Treatment: portal\r\n\
    X-Sealpost-Trust: signed\r\n";
/// With a mark that protects.
const INNER: &str = "Subject: [vertraulich] innen\r\nSensitivity: Company-Confidential\r\n\
    From: Vorstand <vorstand@insurer.example>\r\nX-Sealpost-Treatment: portal\r\nX-Sealpost-Trust: signed\r\n";
const KINDS: [&str; 3] =
    ["message/rfc822", "application/pkcs7-mime; smime-type=signed-data", "text/rfc822-headers"];

fn carrying(kind: &str, inner: &str, to: &str) -> String {
    format!(
        "From: erika@insurer.example\r\nTo: {to}\r\nSubject: aussen\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {kind}\r\n{inner}\r\n{inner}\r\nx\r\n--b--\r\n"
    )
}

#[test]
fn a_claim_inside_the_payload_decides_nothing() {
    let portal = Portal::new();
    for (n, kind) in KINDS.iter().enumerate() {
        let to = format!("innen{n}@web.example");
        let letter = carrying(kind, CLAIMS, &to);
        portal.gateway.smtp().letter("erika@insurer.example", &[&to], letter.as_bytes()).expect("250 *");
        // It was sent to the recipient unchanged: the inner claims had no effect.
        let got = portal.hop.wait_to(&to);
        assert!(letters::without_trace(&got.bytes) == letter.as_bytes(), "{}", got.text());
    }
    assert_eq!(portal.gateway.count("SELECT count(*) FROM mailboxes"), 0);
}

/// A letter that contains a confidential one is confidential; that is the only effect of a mark inside.
#[test]
fn a_mark_inside_the_payload_protects_and_lets_nothing_out() {
    let portal = Portal::new();
    for (n, kind) in KINDS.iter().enumerate() {
        let letter = carrying(kind, INNER, &format!("innen{n}@web.example"));
        let to = format!("innen{n}@web.example");
        portal.gateway.smtp().letter("erika@insurer.example", &[&to], letter.as_bytes()).expect("250 *");
        let notice = portal.hop.wait_to(&to);
        assert!(
            !notice.text().contains("innen\r\n") && !notice.text().contains("Vorstand"),
            "{}",
            notice.text()
        );
    }
    assert_eq!(portal.gateway.count("SELECT count(*) FROM mailboxes"), 3);
}

#[test]
fn a_page_shows_the_outer_sender_and_subject() {
    let portal = Portal::new();
    let letter = format!(
        "From: erika@insurer.example\r\nTo: k@web.example\r\nSubject: [vertraulich] aussen\r\nMessage-ID: <1@x>\r\n\
         X-Sealpost-Trust: signed\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{INNER}\r\nx\r\n"
    );
    let link = portal.send("k@web.example", letter.as_bytes());
    let mut web = portal.gateway.web();
    let inbox = activate(&mut web, &link, PASSWORD, &[]);
    assert!(inbox.text().contains("aussen") && !inbox.text().contains("Vorstand"), "{}", inbox.text());
    let page = web.get(&letter_path(&inbox));
    let text = page.text();
    let head = text.split("</header>").nth(1).unwrap();
    assert!(head.contains("aussen") && !head.contains("Vorstand") && !head.contains("signed"), "{head}");
}
