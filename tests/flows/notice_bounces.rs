//! A bounced notice is reported to the letter's sender: once, and only by a mail server.

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
    // The token is used up: the same report again has no effect, in capitals either.
    let capitals = verp.to_ascii_uppercase();
    smtp.letter("", &[&capitals], &report(&verp, "failed")).expect("550 5.1.1 *");
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
    // An ordinary letter is sent after all that; nothing was sent before it.
    smtp.letter("a@insurer.example", &["last@web.example"], &letters::plain("last", "x")).expect("250 *");
    let _ = hop.wait_to("last@web.example");
    assert!(hop.delivered().iter().all(|d| !d.to().contains(&"erika@insurer.example")));
    gateway.sweep();
}

/// The mail servers that never heard of RFC 3464, and the ones that fold and comment what it says.
#[test]
fn what_other_servers_send_back_is_told_too() {
    let qmail = "From: MAILER-DAEMON@web.example\r\nTo: <VERP>\r\nSubject: failure notice\r\n\r\n\
        Hi. This is the qmail-send program at web.example.\r\n\
        I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\
        This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n\
        <max@web.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n\
        --- Below this line is a copy of the message.\r\n";
    let exim = "From: Mail Delivery System <Mailer-Daemon@web.example>\r\nTo: <VERP>\r\n\
        X-Failed-Recipients: max@web.example\r\nAuto-Submitted: auto-replied\r\n\
        Subject: Mail delivery failed: returning message to sender\r\n\r\n\
        This message was created automatically by mail delivery software.\r\n\r\n  max@web.example\r\n\
        \x20   550 5.1.1 no such user\r\n";
    let folded = String::from_utf8(report("VERP", "\r\n (they say) failed"))
        .unwrap()
        .replace("Status: 5.1.1", "Status:\r\n\tsmtp; 550 5.1.1 (4.4.4 was before)");
    for bounce in [qmail, exim, &folded] {
        let hop = Hop::new();
        let (gateway, verp) = announced(&hop);
        let mail = bounce.replace("VERP", &verp);
        gateway.smtp().letter("", &[&verp], mail.as_bytes()).expect("250 *");
        let told = hop.wait_to("erika@insurer.example").text();
        assert!(told.contains("max@web.example") && told.contains("Status: 5.1.1"), "{mail}\n{told}");
        assert!(told.contains("could not be delivered"), "{told}");
        gateway.sweep();
    }
}

#[test]
fn what_nobody_can_read_is_told_as_something_that_came_back() {
    let hop = Hop::new();
    let (gateway, verp) = announced(&hop);
    let odd = "From: postmaster@web.example\r\nSubject: Ihre Mail\r\n\r\nPostfach gibt es hier nicht.\r\n";
    gateway.smtp().letter("", &[&verp], odd.as_bytes()).expect("250 *");
    let told = hop.wait_to("erika@insurer.example").text();
    assert!(told.contains("max@web.example") && told.contains("a reply came back"), "{told}");
    gateway.sweep();
}

#[test]
fn delays_receipts_and_people_who_are_away_are_told_to_nobody() {
    let hop = Hop::new();
    let (gateway, verp) = announced(&hop);
    let mut smtp = gateway.smtp();
    for mail in [
        "From: max@web.example\r\nSubject: Re: Nachricht\r\nAuto-Submitted: auto-replied\r\n\r\nbin weg\r\n",
        "From: max@web.example\r\nSubject: Automatische Antwort: Nachricht\r\n\r\nbin weg\r\n",
        "From: Mailer-Daemon@web.example\r\nSubject: Warning: message 1 delayed 24 hours\r\n\
         Auto-Submitted: auto-replied\r\n\r\nnot yet been delivered. No action is required.\r\n",
        "From: max@web.example\r\nSubject: Gelesen: Nachricht\r\nMIME-Version: 1.0\r\nContent-Type: \
         multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\ngelesen\r\n\
         --b\r\nContent-Type: message/disposition-notification\r\n\r\n\
         Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n",
    ] {
        smtp.letter("", &[&verp], mail.as_bytes()).expect("250 *");
    }
    smtp.letter("a@insurer.example", &["last@web.example"], &letters::plain("last", "x")).expect("250 *");
    let _ = hop.wait_to("last@web.example");
    assert!(hop.delivered().iter().all(|d| !d.to().contains(&"erika@insurer.example")));
    // And the token still leads somewhere when the failure comes.
    smtp.letter("", &[&verp], &report(&verp, "failed")).expect("250 *");
    let _ = hop.wait_to("erika@insurer.example");
    gateway.sweep();
}

#[test]
fn notices_ask_machines_not_to_answer() {
    let hop = Hop::new();
    let (gateway, _verp) = announced(&hop);
    let notice = hop.wait_to("max@web.example").bytes;
    assert_eq!(letters::field(&notice, "Auto-Submitted").as_deref(), Some("auto-generated"));
    let quiet = letters::field(&notice, "X-Auto-Response-Suppress").unwrap();
    // Non-delivery reports are the one answer that is wanted.
    assert!(quiet.contains("OOF") && quiet.contains("AutoReply"), "{quiet}");
    assert!(!quiet.split(", ").any(|what| what == "NDR" || what == "All"), "{quiet}");
    gateway.sweep();
}
