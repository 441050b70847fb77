//! CVE-2026-27444: two servers parsed an address differently, and a letter went to an unintended recipient.
//! Here one strict parser reads every address, and ambiguous ones are refused.

use rig::letters;

use crate::portal::Portal;

#[test]
fn an_address_that_can_be_read_two_ways_is_refused() {
    let portal = Portal::new();
    let mut session = portal.gateway.smtp();
    for address in [
        "a@web.example@evil.example",
        "a@evil.example,b@web.example",
        "a@evil.example;b@web.example",
        "a(comment)@web.example",
        "a@(evil.example)web.example",
        "a@web.example(evil.example)",
        "a@evil.example\\@web.example",
        "Anna <a@web.example>",
        "<a@web.example>",
        "a@web.example> <b@evil.example",
        "a@web.example\u{0}@evil.example",
        "a@web.exam ple",
        "a@[web.example]",
        "a@web..example",
        "a@.web.example",
        "a@-web.example",
        "a..b@web.example",
        ".a@web.example",
        "\"a\"b@web.example",
        "\"a@web.example",
        "a@web.example\u{ff0e}evil",
        "=?utf-8?q?a=40evil.example=3e?=@web.example",
    ] {
        for command in ["MAIL FROM", "RCPT TO"] {
            if command == "RCPT TO" {
                session.say("MAIL FROM:<erika@insurer.example>").expect("250 *");
            }
            let Ok(()) = session.try_bytes(format!("{command}:<{address}>\r\n").as_bytes()) else {
                panic!("{address}")
            };
            let Ok(reply) = session.try_reply() else {
                // A NUL ends the session.
                session = portal.gateway.smtp();
                continue;
            };
            let taken_literally = address.starts_with("=?");
            assert!((500..600).contains(&reply.code) || taken_literally, "{command} {address:?}: {reply}");
            if session.try_bytes(b"RSET\r\n").is_err() || session.try_reply().is_err() {
                session = portal.gateway.smtp();
            }
        }
    }
}

#[test]
fn a_quoted_at_sign_stays_in_its_domain() {
    let portal = Portal::new();
    let to = "\"opfer@evil.example\"@web.example";
    let letter = letters::plain("offen", "x");
    portal.gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    assert_eq!(portal.hop.wait(1)[0].to(), [to]);
}

#[test]
fn a_letter_of_several_senders_is_not_believed() {
    let portal = Portal::new();
    let explain = |head: &str| {
        let file = portal.gateway.home.write("letter.eml", format!("{head}\r\nx\r\n").as_bytes());
        let file = file.to_str().unwrap().to_owned();
        portal.gateway.sealpost(&["explain", &file, "--from", "e@insurer.example", "--to", "k@web.example"]).1
    };
    // The notice of a letter names its sender: one From field with one address, or no name at all.
    for head in [
        "From: a@insurer.example\r\nFrom: chef@insurer.example\r\nSubject: [vertraulich] x\r\n",
        "From: a@insurer.example, chef@insurer.example\r\nSubject: [vertraulich] x\r\n",
    ] {
        let told = explain(head);
        let reply = portal.gateway.smtp().letter(
            "e@insurer.example",
            &["k@web.example"],
            format!("{head}\r\nx\r\n").as_bytes(),
        );
        if reply.code == 250 {
            let notice = portal.hop.wait_to("k@web.example").text();
            assert!(!notice.contains("chef@insurer.example"), "{told}\n{notice}");
        } else {
            assert!((500..600).contains(&reply.code), "{reply}\n{told}");
        }
    }
}
