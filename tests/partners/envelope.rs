//! The outside of a letter encrypted for a partner: requests for reports (RFC 3461) are passed on to its
//! server unchanged, and so are its threading fields.

use rig::{Gateway, Hop, letters};

use super::out::{our_certificate, path};
use super::{insurer, openssl, sealpost};

const THREAD: &str = "In-Reply-To: <question@clinic.example>\r\nReferences: <first@clinic.example> <question@clinic.example>\r\n";

#[test]
fn requests_for_reports_and_the_thread_reach_the_partner_s_server_beside_a_closed_body() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    let letter = letters::with_fields("Befund", THREAD, "Die Antwort: 4711");

    let mut client = gateway.smtp();
    client.say("MAIL FROM:<erika.muster@insurer.example> RET=HDRS ENVID=Vorgang+2B4711").expect("250 *");
    for (to, request) in [
        ("doctor@clinic.example", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Alt+2BName@clinic.example"),
        ("nurse@clinic.example", "NOTIFY=NEVER"),
    ] {
        client.say(&format!("RCPT TO:<{to}> {request}")).expect("250 *");
    }
    client.data(&letter).expect("250 *");

    for (to, requests, others) in [
        (
            "doctor@clinic.example",
            &["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Alt+2BName@clinic.example"][..],
            &["NEVER"][..],
        ),
        ("nurse@clinic.example", &["NOTIFY=NEVER"], &["SUCCESS", "Alt+2BName"]),
    ] {
        let copy = world.wait_to(to);
        let rcpt = copy.rcpts.iter().find(|rcpt| rcpt.contains(&format!("<{to}>"))).unwrap();
        let (mail, text) = (&copy.mail, copy.text());
        assert!(mail.contains("RET=HDRS") && mail.contains("ENVID=Vorgang+2B4711"), "{mail}");
        assert!(requests.iter().all(|request| rcpt.contains(request)), "{rcpt}");
        assert!(!others.iter().any(|request| rcpt.contains(request)), "{rcpt}");
        assert!(text.contains("application/pkcs7-mime") && !text.contains("Die Antwort"), "{text}");
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let message_id = String::from_utf8(letter.clone()).unwrap();
        let message_id = message_id.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
        for field in THREAD.split_terminator("\r\n").chain([message_id.as_str()]) {
            assert!(head.contains(field), "{field}:\n{head}");
        }
        let clear = clinic.open(&copy.bytes, &our_certificate(&gateway));
        assert!(clear.contains("Die Antwort: 4711"), "{clear}");
    }
    gateway.sweep();
}
