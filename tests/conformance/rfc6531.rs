//! RFC 6531: SMTP Extension for Internationalized Email.

use mail_parser::MimeHeaders as _;
use rig::{Config, Gateway, Hop, letters};

use crate::reference::{both, ours};

/// §3.1: "An SMTP server that announces the SMTPUTF8 extension MUST be prepared to accept a UTF-8 string in any
/// position in which RFC 5321 specifies that a <mailbox> can appear." "Servers offering this extension MUST provide
/// support for, and announce, the 8BITMIME extension".
#[test]
fn an_address_in_utf8_travels() {
    both(|server| {
        let offer = server.greeted().ehlo();
        assert!(offer.offers("SMTPUTF8") && offer.offers("8BITMIME"), "{offer}");
        let mut client = server.smtp();
        client.say("MAIL FROM:<jürgen@insurer.example> SMTPUTF8").expect("250 *");
        client.say("RCPT TO:<größe@web.example>").expect("250 *");
        client.data("Subject: Größe\r\n\r\nx\r\n".as_bytes()).expect("250 *");
        let got = server.hop.wait_to("größe@web.example");
        assert!(got.mail.contains("SMTPUTF8"), "{}", got.mail);
        assert_eq!(got.from(), "jürgen@insurer.example");
        assert!(got.text().contains("Subject: Größe"));
    });
}

/// §3.4: "If this parameter is provided, it MUST not accept a value."
#[test]
fn the_parameter_takes_no_value() {
    both(|server| {
        let reply = server.smtp().say("MAIL FROM:<a@insurer.example> SMTPUTF8=yes");
        assert!((500..600).contains(&reply.code), "{reply}");
    });
}

/// §3.2: a client MUST ask: "the SMTPUTF8-aware SMTP client MUST supply the SMTPUTF8 parameter with the MAIL
/// command." One that did not may not use such an address.
#[test]
fn without_the_parameter_an_address_in_utf8_is_refused() {
    // Postfix lets it pass unless strict_smtputf8 is set.
    ours(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        let reply = client.say("RCPT TO:<größe@web.example>");
        assert!((500..600).contains(&reply.code), "{reply}");
    });
}

/// §3.1: "The SMTPUTF8 parameter" is valid for VRFY too; replies hold no UTF-8 unless asked for (§3.7.4.2).
#[test]
fn replies_are_ascii() {
    ours(|server| {
        let reply = server.smtp().say("VRFY größe@web.example");
        assert!(reply.lines.iter().all(|line| line.is_ascii()), "{reply}");
        let reply = server.smtp().say("MAIL FROM:<größe");
        assert!(reply.code >= 500 && reply.lines.iter().all(|line| line.is_ascii()), "{reply}");
    });
}

/// §3.2: "If the SMTPUTF8 SMTP extension is not offered by the SMTP server, the SMTPUTF8-aware SMTP client MUST NOT
/// transmit an internationalized email address and MUST NOT transmit a mail message containing internationalized
/// mail headers".
#[test]
fn an_address_in_utf8_does_not_go_to_a_hop_that_cannot() {
    let hop = Hop::new();
    hop.without("SMTPUTF8");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example> SMTPUTF8").expect("250 *");
    client.say("RCPT TO:<größe@web.example>").expect("250 *");
    client.data(&letters::plain("x", "x")).expect("250 *");
    // §3.5: "reply code "X.6.9" is used to indicate this condition"; 5.6.7 when the address is the reason.
    let report = hop.wait_to("a@insurer.example");
    let message = mail_parser::MessageParser::default().parse(&report.bytes).unwrap();
    // RFC 6533 §3: such an address is reported in message/global-delivery-status.
    let status = message.parts.iter().find(|part| part.is_content_type("message", "global-delivery-status"));
    let status = String::from_utf8_lossy(status.unwrap().contents()).into_owned();
    assert!(status.contains("Status: 5.6.7") || status.contains("Status: 5.6.9"), "{status}");
    assert!(status.contains("Final-Recipient: utf-8; größe@web.example"), "{status}");
}

/// §3.2: "transform the internationalized domain name to A-label form" – a domain alone needs no SMTPUTF8 on the way.
#[test]
fn a_domain_in_utf8_is_the_same_as_its_a_labels() {
    ours(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example> SMTPUTF8").expect("250 *");
        client.say("RCPT TO:<k@bücher.example>").expect("250 *");
        client.data(&letters::plain("x", "x")).expect("250 *");
        server.hop.wait_where("k@xn--bcher-kva.example", |d| {
            d.to().iter().any(|to| *to == "k@xn--bcher-kva.example" || *to == "k@bücher.example")
        });
    });
}
