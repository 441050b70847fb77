//! A real Postfix is the insurer's mail server, Sealpost its `relayhost`.

use rig::dkim::Dkim;
use rig::{Config, Gateway, Hop, Postfix, letters};

#[test]
fn ordinary_mail_goes_through_both_and_its_signature_holds() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let postfix = Postfix::relaying_to(gateway.config.smtp, "");
    let dkim = Dkim::new();
    let letter = dkim.sign(&letters::rich("Angebot", "Größe", "<p>x</p>", "Ä.pdf", &letters::pdf("A")));
    postfix.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 2.0.0 *");
    let got = hop.wait_to("max@web.example");
    assert!(got.bytes.ends_with(&letter), "{}", got.text());
    assert!(dkim.verifies(&got.bytes));
    let _ = postfix.wait_log("*to=<max@web.example>*status=sent*");
    gateway.sweep();
}

#[test]
fn confidential_mail_becomes_a_notice() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let postfix = Postfix::relaying_to(gateway.config.smtp, "");
    let letter = letters::plain("[vertraulich] Ihr Schaden", "Diagnose-7731");
    postfix.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 2.0.0 *");
    assert!(!hop.wait_to("max@web.example").text().contains("Diagnose-7731"));
    let _ = postfix.wait_log("*to=<max@web.example>*status=sent*");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    gateway.sweep();
}

#[test]
fn delivery_status_requests_travel_through() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no such user");
    let gateway = Gateway::start(&Config::new(&hop));
    let postfix = Postfix::relaying_to(gateway.config.smtp, "");
    let mut client = postfix.smtp();
    client.say("MAIL FROM:<erika@insurer.example> RET=HDRS ENVID=Vorgang-4711").expect("250 *");
    client.say("RCPT TO:<gone@web.example> NOTIFY=FAILURE ORCPT=rfc822;alt@web.example").expect("250 *");
    client.data(&letters::plain("Angebot", "x")).expect("250 *");
    let report = hop.wait_to("erika@insurer.example").text();
    for line in ["Original-Envelope-Id: Vorgang-4711", "alt@web.example", "Status: 5.1.1"] {
        assert!(report.contains(line), "no `{line}` in:\n{report}");
    }
}

#[test]
fn it_waits_while_the_gateway_is_away() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    gateway.stop();
    let postfix = Postfix::relaying_to(gateway.config.smtp, "minimal_backoff_time = 1s\n");
    postfix
        .smtp()
        .letter("e@insurer.example", &["max@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let _ = postfix.wait_log("*to=<max@web.example>*status=deferred*");
    gateway.restart();
    postfix.flush();
    let _ = hop.wait_to("max@web.example");
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn it_speaks_tls_and_logs_in_where_the_listener_wants_it() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "tls-required", "true")
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#);
    let home = rig::gateway::Home::new(&config);
    let _ = rig::Authority::new().issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let postfix = Postfix::relaying_to(gateway.config.smtp, "smtp_tls_security_level = encrypt\n");
    postfix
        .smtp()
        .letter("e@insurer.example", &["max@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let trace = letters::field(&hop.wait_to("max@web.example").bytes, "Received").unwrap();
    assert!(trace.contains("with ESMTPS") && trace.contains("TLS"), "{trace}");
}
