//! The null reverse-path (RFC 5321 §4.5.5): reports are accepted, passed on, and never answered.

use rig::letters;
use rig::process::poll;
use rig::{Answer, Config, Gateway, Hop, Stage};

#[test]
fn is_accepted_and_stays_null() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    gateway.smtp().letter("", &["max@web.example"], &letters::plain("Report", "x")).expect("250 2.0.0 *");
    assert!(hop.wait_to("max@web.example").mail.starts_with("<>"));
}

#[test]
fn its_failure_is_told_to_nobody() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no such user");
    let gateway = Gateway::start(&Config::new(&hop));
    gateway.smtp().letter("", &["gone@web.example"], &letters::plain("Report", "x")).expect("250 2.0.0 *");
    hop.wait_stage(Stage::Rcpt, 1);
    poll("the leg to be gone", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    // A letter sent now comes after whatever the failure could have caused.
    hop.script(|_, _| Answer::Yes);
    gateway.smtp().letter("a@insurer.example", &["b@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("b@web.example");
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn notices_and_reports_carry_their_own() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no such user");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    client
        .letter("a@insurer.example", &["max@web.example"], &letters::plain("[vertraulich] x", "x"))
        .expect("250 *");
    client.letter("a@insurer.example", &["gone@web.example"], &letters::plain("x", "x")).expect("250 *");
    // VERP, so that a notice's bounce can be reported to the sender; null, so that a report's bounce is
    // dropped.
    let notice = hop.wait_to("max@web.example");
    assert!(notice.from().starts_with("bounce+"), "{}", notice.mail);
    assert!(notice.from().ends_with("@portal.insurer.example"), "{}", notice.mail);
    let report = hop.wait_to("a@insurer.example");
    assert_eq!(report.from(), "");
}
