//! RFC 6152: SMTP Service Extension for 8-bit MIME Transport.

use rig::{Config, Gateway, Hop, letters};

use crate::reference::both;

/// §2: "one optional parameter using the keyword BODY is added to the MAIL command. The value associated with this
/// parameter is a keyword indicating whether a 7-bit message (in strict compliance with [RFC5321]) or a MIME message
/// (in strict compliance with [RFC2046] and [RFC2045]) with arbitrary octet content is being sent."
#[test]
fn the_body_parameter_is_known() {
    both(|server| {
        assert!(server.greeted().ehlo().offers("8BITMIME"));
        for value in ["7BIT", "8BITMIME", "8bitmime"] {
            server.smtp().say(&format!("MAIL FROM:<a@insurer.example> BODY={value}")).expect("250 *");
        }
        let reply = server.smtp().say("MAIL FROM:<a@insurer.example> BODY=9BIT");
        assert!((500..600).contains(&reply.code), "{reply}");
    });
}

/// §3: "Once a server SMTP supporting the 8bit-MIMEtransport service extension accepts a content body containing
/// octets with the high-order (8th) bit set, the server SMTP MUST deliver or relay the content in such a way as to
/// preserve all bits in each octet."
#[test]
fn every_octet_survives() {
    both(|server| {
        let mut letter = letters::plain("octets", "");
        for octet in (1..=255_u8).filter(|octet| *octet != b'\r' && *octet != b'\n') {
            letter.extend_from_slice(&[octet, octet, b'\r', b'\n']);
        }
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example> BODY=8BITMIME").expect("250 *");
        client.say("RCPT TO:<octets@web.example>").expect("250 *");
        client.data(&letter).expect("250 *");
        let got = server.hop.wait_to("octets@web.example");
        assert!(got.bytes.ends_with(&letter), "{}", got.text());
        assert!(got.mail.contains("BODY=8BITMIME"), "{}", got.mail);
    });
}

/// §3: "If a server SMTP does not support the 8-bit MIME transport extension […] then the client SMTP must not,
/// under any circumstances, attempt to transfer a content which contains characters outside the US-ASCII octet
/// range". We do not re-encode (the bytes are not ours to change), so the sender is told.
#[test]
fn eight_bits_do_not_go_to_a_hop_of_seven() {
    let hop = Hop::new();
    hop.without("8BITMIME");
    hop.without("SMTPUTF8");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example> BODY=8BITMIME").expect("250 *");
    client.say("RCPT TO:<k@web.example>").expect("250 *");
    client.data(&letters::plain("x", "Größe")).expect("250 *");
    let report = hop.wait_to("a@insurer.example");
    assert!(report.text().contains("Action: failed"), "{}", report.text());
    assert!(report.bytes.is_ascii(), "the report itself must fit through seven bits");
    assert_eq!(hop.delivered().len(), 1);
}
