//! A notice that comes back is told to the letter's sender: once, and by nobody but a mail server.

use rig::letters;
use rig::{Config, Gateway, Hop};

fn report(to: &str, action: &str) -> Vec<u8> {
    format!(
        "From: mailer-daemon@web.example\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; web.example\r\n\r\n\
         Final-Recipient: rfc822; max@web.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

/// A gateway with one confidential letter on its way, and the notice's reverse-path.
fn announced(hop: &Hop) -> (Gateway, String) {
    let mut config = Config::new(hop);
    config.set("notices", "bounces", "\"bounce@portal.insurer.example\"");
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] geheim 4711", "x");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let verp = hop.wait_to("max@web.example").from().to_owned();
    assert!(verp.starts_with("bounce+") && verp.ends_with("@portal.insurer.example"), "{verp}");
    (gateway, verp)
}

#[test]
fn a_failed_notice_is_told_to_the_sender_once() {
    let hop = Hop::new();
    let (gateway, verp) = announced(&hop);
    let mut smtp = gateway.smtp();
    smtp.letter("", &[&verp, &verp, &verp], &report(&verp, "failed")).expect("250 *");
    let told = hop.wait_to("erika@insurer.example");
    assert_eq!(told.from(), "", "a report has the null reverse-path (RFC 3461 §6.2)");
    assert!(told.text().contains("max@web.example") && told.text().contains("5.1.1"), "{}", told.text());
    assert!(!told.text().contains("geheim"), "nothing of the letter is in it:\n{}", told.text());
    // The token is spent: the same report again finds nobody.
    smtp.letter("", &[&verp], &report(&verp, "failed")).expect("550 5.1.1 *");
    let reports = hop.delivered().iter().filter(|d| d.to().contains(&"erika@insurer.example")).count();
    assert_eq!(reports, 1);
    gateway.sweep();
}

#[test]
fn what_is_no_report_of_a_failure_is_taken_and_told_to_nobody() {
    let hop = Hop::new();
    let (gateway, verp) = announced(&hop);
    let mut smtp = gateway.smtp();
    smtp.letter("", &[&verp], &report(&verp, "delayed")).expect("250 *");
    // A recipient sees the address in Return-Path; what they send there is no report.
    smtp.letter("max@web.example", &[&verp], &report(&verp, "failed")).expect("250 *");
    smtp.letter("", &[&verp], &letters::plain("Out of office", "back on Monday")).expect("250 *");
    smtp.letter(
        "",
        &["bounce+0123456789abcdef0123456789abcdef@portal.insurer.example"],
        &report(&verp, "failed"),
    )
    .expect("550 5.1.1 *");
    // An ordinary letter goes out after all that; nothing went out before it.
    smtp.letter("a@insurer.example", &["last@web.example"], &letters::plain("last", "x")).expect("250 *");
    let _ = hop.wait_to("last@web.example");
    assert!(hop.delivered().iter().all(|d| !d.to().contains(&"erika@insurer.example")));
    gateway.sweep();
}
