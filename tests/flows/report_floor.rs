//! A report goes where the letter could not: over a route below the letter's minimum TLS it contains nothing of it.

use rig::{Config, Gateway, Hop, letters};

const SUBJECT: &str = "Befund-4711";
const BODY: &str = "BODYSECRET";

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .set("hops.world", "tls", r#""starttls""#)
        .set("delivery", "delay-notice", r#""0 s""#)
        .set("delivery", "give-up", r#""2 s""#)
        .rule("verified", r#"{ recipient = "*@verified.example" }"#, r#"{ relay = { tls = "verified" } }"#)
        .rule(
            "encrypted",
            r#"{ recipient = "*@encrypted.example" }"#,
            r#"{ relay = { tls = "encrypted" } }"#,
        );
    config
}

/// The next hop offers no TLS: the letter waits and is given up, and both are reported over the same hop.
#[test]
fn what_was_not_to_go_in_clear_does_not_go_in_a_report() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let mut client = gateway.smtp();
    let letter = letters::plain(SUBJECT, BODY);
    for to in ["k@verified.example", "k@encrypted.example"] {
        client.say("MAIL FROM:<ext@elsewhere.example> RET=FULL").expect("250 *");
        client.say(&format!("RCPT TO:<{to}> NOTIFY=FAILURE,DELAY")).expect("250 *");
        client.data(&letter).expect("250 *");
        let failed = hop.wait_where("a report of failure", |mail| {
            let text = mail.text();
            text.contains("Action: failed") && text.contains(to)
        });
        let text = failed.text();
        assert!(text.contains("Message-ID: "), "the sender must find it again:\n{text}");
    }
    for mail in hop.delivered() {
        let text = mail.text();
        assert!(mail.to().contains(&"ext@elsewhere.example"), "a letter left: {text}");
        assert!(!text.contains(SUBJECT) && !text.contains(BODY), "{text}");
    }
}

/// Where the letter may go in clear, or the road of reports is as good as its own, the report is as RFC 3461 has it.
#[test]
fn a_letter_without_a_floor_comes_back_as_asked() {
    let hop = Hop::new();
    hop.answer_rcpt("k@nobody.example", "550 5.1.1 nobody");
    let gateway = Gateway::start(&config(&hop));
    let mut client = gateway.smtp();
    let letter = letters::plain(SUBJECT, BODY);
    client.say("MAIL FROM:<ext@elsewhere.example> RET=FULL").expect("250 *");
    client.say("RCPT TO:<k@nobody.example> NOTIFY=FAILURE").expect("250 *");
    client.data(&letter).expect("250 *");
    let failed = hop.wait_to("ext@elsewhere.example");
    assert!(failed.text().contains(SUBJECT) && failed.text().contains(BODY), "{}", failed.text());
}
