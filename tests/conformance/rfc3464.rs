//! RFC 3464: An Extensible Message Format for Delivery Status Notifications, and the rules of RFC 3461 for when
//! there is one.

use mail_parser::MimeHeaders as _;
use rig::{Config, Delivered, Gateway, Hop, letters};

/// Sends a letter that fails and gives the report.
fn report(mail: &str, rcpt: &str) -> Delivered {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no such user here");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    client.say(&format!("MAIL FROM:<a@insurer.example>{mail}")).expect("250 *");
    client.say(&format!("RCPT TO:<gone@web.example>{rcpt}")).expect("250 *");
    client.data(&letters::plain("Angebot", "Text")).expect("250 *");
    hop.wait_to("a@insurer.example")
}

/// The delivery-status part: groups of fields, one for the message and one a recipient.
fn groups(report: &Delivered) -> Vec<Vec<(String, String)>> {
    let message = mail_parser::MessageParser::default().parse(&report.bytes).unwrap();
    let part = message.parts.iter().find(|part| part.is_content_type("message", "delivery-status")).unwrap();
    let text = String::from_utf8_lossy(part.contents()).replace("\r\n ", " ");
    text.trim()
        .split("\r\n\r\n")
        .map(|group| {
            let lines = group.trim().split("\r\n").filter_map(|line| line.split_once(':'));
            lines.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect()
        })
        .collect()
}

fn value<'a>(group: &'a [(String, String)], name: &str) -> Option<&'a str> {
    group.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// §2: "A DSN is a MIME message with a top-level content-type of multipart/report" with "report-type=
/// delivery-status"; (RFC 6522) its first part is for people, its second for machines, its third the message.
#[test]
fn has_the_three_parts_in_order() {
    let report = report("", "");
    let message = mail_parser::MessageParser::default().parse(&report.bytes).unwrap();
    let kind = message.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let kinds: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| part.content_type())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        .collect();
    let places: Vec<_> = ["text/plain", "message/delivery-status"]
        .iter()
        .map(|want| kinds.iter().position(|kind| kind == want).unwrap_or_else(|| panic!("{kinds:?}")))
        .collect();
    assert!(places.is_sorted(), "{kinds:?}");
    let last = kinds.last().unwrap();
    assert!(last == "text/rfc822-headers" || last == "message/rfc822", "{kinds:?}");
}

/// §2.2.2: "The Reporting-MTA field is required." §2.3.2: "The Final-Recipient field is required." §2.3.3, 2.3.4: the
/// same of Action and Status. RFC 3461 §6.3 (h), (i): Remote-MTA and Diagnostic-Code "MUST be supplied".
#[test]
fn carries_every_field_that_is_required() {
    let groups = groups(&report("", ""));
    assert_eq!(groups.len(), 2, "{groups:?}");
    let (message, recipient) = (&groups[0], &groups[1]);
    assert_eq!(value(message, "reporting-mta"), Some("dns; mailgate.insurer.example"));
    assert!(value(message, "arrival-date").is_some());
    assert_eq!(value(message, "original-envelope-id"), None);
    assert_eq!(value(recipient, "final-recipient"), Some("rfc822; gone@web.example"));
    assert_eq!(value(recipient, "action"), Some("failed"));
    assert_eq!(value(recipient, "status"), Some("5.1.1"));
    assert!(value(recipient, "remote-mta").unwrap().starts_with("dns;"), "{recipient:?}");
    // RFC 3461 §9.2: "the diagnostic-code SHOULD be an exact transcription of the reply."
    assert_eq!(value(recipient, "diagnostic-code"), Some("smtp; 550 5.1.1 no such user here"));
    assert_eq!(value(recipient, "original-recipient"), None);
}

/// RFC 3461 §6.3 (a): "the MTA must decode the xtext encoding when copying the ENVID value to the
/// Original-Envelope-ID field." (d): "If the ORCPT parameter was provided for this recipient, the
/// Original-Recipient field MUST be supplied".
#[test]
fn returns_envelope_id_and_original_recipient() {
    let groups = groups(&report(" ENVID=a+2Bb", " ORCPT=rfc822;X+2BY@web.example"));
    assert_eq!(value(&groups[0], "original-envelope-id"), Some("a+b"));
    let original = value(&groups[1], "original-recipient").unwrap();
    assert_eq!(original.replace("; ", ";"), "rfc822;X+Y@web.example");
}

/// RFC 3461 §6.1: "The DSN sender address (in the SMTP MAIL command) MUST be a null reverse-path" and "When
/// transmitting a DSN via SMTP, the RET parameter MUST NOT be used. The NOTIFY parameter MAY be used, but its value
/// MUST be NEVER."
#[test]
fn is_sent_as_a_report_is_to_be_sent() {
    let report = report(" RET=FULL", " NOTIFY=FAILURE");
    assert_eq!(report.from(), "");
    assert!(!report.mail.contains("RET="), "{}", report.mail);
    assert!(!report.rcpts[0].contains("NOTIFY=") || report.rcpts[0].contains("NOTIFY=NEVER"), "{report:?}");
}

/// RFC 3461 §5.2.6 (b): "If a NOTIFY parameter was supplied for the recipient which did not contain the value
/// FAILURE, a DSN MUST NOT be issued for that recipient."
#[test]
fn no_report_where_failure_was_not_asked_for() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no");
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    for notify in ["NEVER", "SUCCESS", "DELAY", "SUCCESS,DELAY"] {
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say(&format!("RCPT TO:<gone@web.example> NOTIFY={notify}")).expect("250 *");
        client.data(&letters::plain("x", "x")).expect("250 *");
    }
    rig::process::poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert!(hop.delivered().is_empty(), "{:?}", hop.delivered());
}
