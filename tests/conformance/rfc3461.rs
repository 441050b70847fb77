//! RFC 3461: SMTP Service Extension for Delivery Status Notifications. The reports themselves: rfc3464.

use rig::{Smtp, letters};

use crate::reference::both;

fn sends(client: &mut Smtp, mail: &str, to: &str, rcpt: &str) {
    client.say(&format!("MAIL FROM:<a@insurer.example>{mail}")).expect("250 *");
    client.say(&format!("RCPT TO:<{to}>{rcpt}")).expect("250 *");
    client.data(&letters::plain("x", "x")).expect("250 *");
}

/// §5.1: "A conforming SMTP server MUST NOT refuse a MAIL command based on the absence or presence of valid ENVID
/// or RET parameters, or on their associated esmtp-values."
#[test]
fn valid_parameters_are_taken() {
    both(|server| {
        assert!(server.greeted().ehlo().offers("DSN"));
        for mail in [" RET=FULL", " RET=HDRS", " ENVID=QQ314159", " RET=full ENVID=a+2Bb"] {
            server.smtp().say(&format!("MAIL FROM:<a@insurer.example>{mail}")).expect("250 *");
        }
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        for rcpt in
            ["NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "NOTIFY=delay", "ORCPT=rfc822;x+3Dy@web.example"]
        {
            client.say(&format!("RCPT TO:<k@web.example> {rcpt}")).expect("250 *");
        }
    });
}

/// §5.1: "if the associated esmtp-value is not valid (i.e., contains illegal characters), or if there is more than
/// one ENVID or RET parameter in a particular MAIL command, the server MUST issue the reply-code 501".
#[test]
fn invalid_or_repeated_parameters_of_mail_are_501() {
    both(|server| {
        for mail in ["RET=SOME", "RET=FULL RET=HDRS", "ENVID=a ENVID=b", "ENVID=a+ZZ", "ENVID="] {
            server.smtp().say(&format!("MAIL FROM:<a@insurer.example> {mail}")).expect("501 *");
        }
    });
}

/// §4.1: "the NEVER keyword MUST appear by itself." §4.5: "The NOTIFY and ORCPT parameters MUST NOT appear more
/// than once in any RCPT command."
#[test]
fn invalid_or_repeated_parameters_of_rcpt_are_501() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        for rcpt in [
            "NOTIFY=NEVER,SUCCESS",
            "NOTIFY=SOMETIMES",
            "NOTIFY=NEVER NOTIFY=NEVER",
            "NOTIFY=",
            "ORCPT=k@web.example",
            "ORCPT=rfc822;a@b ORCPT=rfc822;a@b",
        ] {
            client.say(&format!("RCPT TO:<k@web.example> {rcpt}")).expect("501 *");
        }
    });
}

/// §5.2.1 (a): "Any ENVID parameter included in the MAIL command when a message was received, MUST also appear on
/// the MAIL command with which the message is relayed, with the same associated esmtp-value." (b) the same of RET,
/// (c) of NOTIFY, (d) of ORCPT.
#[test]
fn every_parameter_travels_on() {
    both(|server| {
        sends(
            &mut server.smtp(),
            " RET=HDRS ENVID=Vorgang+2B4711",
            "travel@web.example",
            " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Alt+2BName@web.example",
        );
        let got = server.hop.wait_to("travel@web.example");
        let (mail, rcpt) = (&got.mail, &got.rcpts[0]);
        assert!(mail.contains("RET=HDRS") && mail.contains("ENVID=Vorgang+2B4711"), "{mail}");
        assert!(rcpt.contains("NOTIFY=SUCCESS,FAILURE"), "{rcpt}");
        assert!(rcpt.contains("ORCPT=rfc822;Alt+2BName@web.example"), "{rcpt}");
    });
}

/// §5.2.1 (a): "If no ENVID parameter was included in the MAIL command when the message was received, the ENVID
/// parameter MUST NOT be supplied when the message is relayed." (b), (c) the same of RET and NOTIFY.
#[test]
fn nothing_travels_that_was_not_there() {
    both(|server| {
        sends(&mut server.smtp(), "", "bare@web.example", "");
        let got = server.hop.wait_to("bare@web.example");
        assert!(!got.mail.contains("ENVID=") && !got.mail.contains("RET="), "{}", got.mail);
        assert!(!got.rcpts[0].contains("NOTIFY="), "{}", got.rcpts[0]);
    });
}

/// §5.4: "A conforming MTA MUST accept ESMTP parameters of at least the following sizes: (a) ENVID parameter: 100
/// characters. (b) NOTIFY parameter: 28 characters. (c) ORCPT parameter: 500 characters."
#[test]
fn the_longest_parameters_are_taken() {
    both(|server| {
        let mut client = server.smtp();
        client.say(&format!("MAIL FROM:<a@insurer.example> ENVID={}", "e".repeat(94))).expect("250 *");
        let orcpt = format!("rfc822;{}@web.example", "o".repeat(480));
        client
            .say(&format!("RCPT TO:<k@web.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT={orcpt}"))
            .expect("250 *");
    });
}

/// §5.2.2 (a): "ENVID, NOTIFY, RET, or ORCPT parameters MUST NOT be issued when relaying the message" to a server
/// that knows no DSN.
#[test]
fn a_hop_without_dsn_gets_no_parameters() {
    let hop = rig::Hop::new();
    hop.without("DSN");
    let gateway = rig::Gateway::start(&rig::Config::new(&hop));
    sends(
        &mut gateway.smtp(),
        " RET=HDRS ENVID=x",
        "k@web.example",
        " NOTIFY=FAILURE ORCPT=rfc822;k@web.example",
    );
    let got = hop.wait_to("k@web.example");
    for parameter in ["RET=", "ENVID=", "NOTIFY=", "ORCPT="] {
        assert!(!got.mail.contains(parameter) && !got.rcpts[0].contains(parameter), "{got:?}");
    }
}
