//! RFC 3207: SMTP Service Extension for Secure SMTP over Transport Layer Security.

use std::process::{Command, Stdio};

use rig::letters;

use crate::reference::{both, ours, pair};

/// §4: "501 Syntax error (no parameters allowed)"
#[test]
fn starttls_takes_no_parameter() {
    both(|server| {
        server.smtp().say("STARTTLS now").expect("501 *");
    });
}

/// §4.2: "A server MUST NOT return the STARTTLS extension in response to an EHLO command received after a TLS
/// handshake has completed."
#[test]
fn starttls_is_offered_before_and_not_after() {
    both(|server| {
        assert!(server.greeted().ehlo().offers("STARTTLS"));
        let mut client = server.secure();
        assert!(!client.ehlo().offers("STARTTLS"));
        let reply = client.say("STARTTLS");
        assert!(reply.code >= 500, "{reply}");
    });
}

/// §4.2: "The server MUST discard any knowledge obtained from the client, such as the argument to the EHLO
/// command, which was not obtained from the TLS negotiation itself."
#[test]
fn what_was_said_in_clear_is_forgotten() {
    both(|server| {
        let mut client = server.greeted();
        client.say("EHLO forgotten.example").expect("250 *");
        client.envelope("a@insurer.example", &["forgotten@web.example"]);
        client.starttls(server.authority.client(), server.host);
        client.say("RCPT TO:<forgotten@web.example>").expect("503 *");
        client.say("EHLO remembered.example").expect("250 *");
        client
            .letter("a@insurer.example", &["remembered@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let got = server.hop.wait_to("remembered@web.example");
        assert!(got.text().contains("remembered.example") && !got.text().contains("forgotten.example"));
    });
}

/// Our own sentence, after CVE-2011-0411: text that arrived with STARTTLS in one packet must never be taken for
/// text from inside the tunnel.
#[test]
fn pipelined_plaintext_does_not_get_into_the_tunnel() {
    both(|server| {
        let mut client = server.smtp();
        client
            .bytes(b"STARTTLS\r\nMAIL FROM:<injected@insurer.example>\r\nRCPT TO:<injected@web.example>\r\n");
        let Ok(reply) = client.try_reply() else { return };
        if reply.code != 220 {
            return;
        }
        if client.secure(server.authority.client(), server.host).is_err() {
            return;
        }
        let Ok(()) = client.try_bytes(b"EHLO client.example\r\n") else { return };
        let Ok(reply) = client.try_reply() else { return };
        reply.expect("250 *");
        client.say("RCPT TO:<k@web.example>").expect("503 *");
    });
}

/// And with the sentence of our design: refused, not dropped in silence.
#[test]
fn pipelined_plaintext_is_refused_aloud() {
    ours(|server| {
        let mut client = server.smtp();
        client.bytes(b"STARTTLS\r\nNOOP\r\n");
        let reply = client.reply();
        assert!((500..600).contains(&reply.code), "{reply}");
        client.expect_closed();
    });
}

/// §4: "After the client gives the STARTTLS command, the server responds with one of the following reply codes:
/// 220 Ready to start TLS" – to a client that is not ours.
#[test]
fn openssl_s_client_gets_through() {
    let pair = pair();
    let mut client = pair.sealpost.smtp();
    client.say("QUIT").expect("221 *");
    for version in ["-tls1_2", "-tls1_3"] {
        let address = pair.sealpost.address().to_string();
        let out = Command::new("openssl")
            .args(["s_client", "-starttls", "smtp", "-connect", &address, version, "-brief"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(said.contains("CONNECTION ESTABLISHED"), "{version}: {said}");
    }
    let address = pair.sealpost.address().to_string();
    let out = Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-connect", &address, "-tls1_1", "-brief"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(!said.contains("CONNECTION ESTABLISHED"), "TLS 1.1 got through: {said}");
}
