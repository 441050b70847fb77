//! An undeliverable letter is reported to its sender (RFC 3461, 3464), once, accurately.

use rig::letters::{self, field};
use rig::process::poll;
use rig::{Config, Delivered, Gateway, Hop, Smtp, Stage};

fn failing_hop() -> Hop {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no such user here");
    hop
}

fn send(client: &mut Smtp, mail: &str, rcpt: &str, letter: &[u8]) {
    client.say(&format!("MAIL FROM:<a@insurer.example>{mail}")).expect("250 *");
    client.say(&format!("RCPT TO:<gone@web.example>{rcpt}")).expect("250 *");
    client.data(letter).expect("250 2.0.0 *");
}

fn report(hop: &Hop) -> Delivered {
    hop.wait_to("a@insurer.example")
}

#[test]
fn a_refused_recipient_is_reported_with_the_reason() {
    let hop = failing_hop();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("Angebot 4711", "Text des Angebots");
    send(&mut gateway.smtp(), "", "", &letter);
    let report = report(&hop);
    let text = report.text();
    assert_eq!(report.from(), "", "a report has the null reverse-path");
    let kind = field(&report.bytes, "Content-Type").unwrap();
    assert!(kind.contains("multipart/report") && kind.contains("delivery-status"), "{kind}");
    assert_eq!(field(&report.bytes, "Auto-Submitted").as_deref(), Some("auto-replied"));
    for line in [
        "Reporting-MTA: dns; mailgate.insurer.example",
        "Final-Recipient: rfc822; gone@web.example",
        "Action: failed",
        "Status: 5.1.1",
        "550 5.1.1 no such user here",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn envelope_id_and_original_recipient_come_back() {
    let hop = failing_hop();
    let gateway = Gateway::start(&Config::new(&hop));
    send(
        &mut gateway.smtp(),
        " ENVID=QQ+2B314159",
        " ORCPT=rfc822;Max+2BKunde@web.example",
        &letters::plain("Angebot", "x"),
    );
    let text = report(&hop).text();
    assert!(text.contains("Original-Envelope-Id: QQ+314159"), "{text}");
    assert!(text.contains("Original-Recipient: rfc822;") && text.contains("Max+Kunde@web.example"), "{text}");
}

#[test]
fn ret_decides_how_much_comes_back() {
    for (ret, whole) in [(" RET=FULL", true), (" RET=HDRS", false)] {
        let hop = failing_hop();
        let gateway = Gateway::start(&Config::new(&hop));
        send(&mut gateway.smtp(), ret, "", &letters::plain("Angebot 4711", "Text-des-Angebots"));
        let text = report(&hop).text();
        assert!(text.contains("Angebot 4711"), "{text}");
        assert_eq!(text.contains("Text-des-Angebots"), whole, "{ret}: {text}");
    }
}

#[test]
fn notify_never_is_obeyed() {
    let hop = failing_hop();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    send(&mut client, "", " NOTIFY=NEVER", &letters::plain("Angebot", "x"));
    hop.wait_stage(Stage::Rcpt, 1);
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 0, "{:?}", hop.delivered());
}

#[test]
fn success_is_reported_when_asked_for_and_the_next_hop_cannot() {
    let hop = Hop::new();
    hop.without("DSN");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
    client.say("RCPT TO:<max@web.example> NOTIFY=SUCCESS").expect("250 *");
    client.data(&letters::plain("Angebot", "x")).expect("250 2.0.0 *");
    let _ = hop.wait_to("max@web.example");
    let text = report(&hop).text();
    // RFC 3461 §5.2.2: relayed to a server that knows no DSN.
    assert!(text.contains("Action: relayed") && text.contains("Status: 2."), "{text}");
}

/// RFC 3461 §5.2.3: a deposit is delivery, and a sender who requested it is notified, once, without the
/// letter.
#[test]
fn a_deposit_is_reported_as_delivered_to_whoever_asked() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Diagnose-Betreff", "Diagnose-Text-7731");
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example> RET=FULL ENVID=QQ+2B314159").expect("250 *");
    client
        .say("RCPT TO:<max@web.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Max+2BKunde@web.example")
        .expect("250 *");
    client.say("RCPT TO:<moritz@web.example>").expect("250 *");
    client.say("RCPT TO:<witwe@web.example> NOTIFY=FAILURE,DELAY").expect("250 *");
    client.say("RCPT TO:<bolte@web.example> NOTIFY=NEVER").expect("250 *");
    client.data(&letter).expect("250 2.0.0 *");
    let said = report(&hop);
    let text = said.text();
    assert_eq!(said.from(), "", "a report has the null reverse-path");
    for line in [
        "Original-Envelope-Id: QQ+314159",
        "Original-Recipient: rfc822; Max+Kunde@web.example",
        "Final-Recipient: rfc822; max@web.example",
        "Action: delivered",
        "Status: 2.1.5",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    for hidden in ["Diagnose", "moritz@", "witwe@", "bolte@", "Action: relayed"] {
        assert!(!text.contains(hidden), "`{hidden}` in:\n{text}");
    }
    // It states what is known, and promises nothing more.
    let parsed = mail_parser::MessageParser::default().parse(&said.bytes).unwrap();
    let words = parsed.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for known in [
        "liegt verschlüsselt im Postfach des Empfängers",
        "Er wird jetzt per E\u{2011}Mail benachrichtigt",
        "bedeutet nicht, dass der Empfänger die Nachricht geöffnet",
        "in the recipient’s mailbox, encrypted",
        "They are being notified by e‑mail",
    ] {
        assert!(words.contains(known), "{known}: {words}");
    }
    assert!(!words.contains("wurde benachrichtigt") && !words.contains("has been notified"), "{words}");
    // The null reverse-path hears nothing (RFC 3461 §6.1).
    client.say("MAIL FROM:<>").expect("250 *");
    client.say("RCPT TO:<max@web.example> NOTIFY=SUCCESS").expect("250 *");
    client.data(&letter).expect("250 2.0.0 *");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 5);
    let reports = hop.delivered().iter().filter(|mail| mail.text().contains("delivery-status")).count();
    assert_eq!(reports, 1, "one, and none to the null reverse-path");
    gateway.sweep();
}

#[test]
fn one_bad_recipient_does_not_hurt_the_others() {
    let hop = failing_hop();
    let gateway = Gateway::start(&Config::new(&hop));
    let to = ["one@web.example", "gone@web.example", "two@web.example"];
    gateway.smtp().letter("a@insurer.example", &to, &letters::plain("Angebot", "x")).expect("250 2.0.0 *");
    let _ = (hop.wait_to("one@web.example"), hop.wait_to("two@web.example"));
    let text = report(&hop).text();
    assert!(text.contains("gone@web.example") && !text.contains("two@web.example"), "{text}");
    gateway.sweep();
}

#[test]
fn a_notice_that_bounces_is_told_to_the_sender_without_content() {
    let hop = failing_hop();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Diagnose-Betreff", "Diagnose-Text-7731");
    send(&mut gateway.smtp(), "", "", &letter);
    let report = report(&hop);
    let parsed = mail_parser::MessageParser::default().parse(&report.bytes).unwrap();
    let text = parsed.body_text(0).unwrap();
    assert!(text.contains("gone@web.example"), "{text}");
    assert!(!report.text().contains("Diagnose-Text-7731"), "{}", report.text());
    gateway.sweep();
}
