//! RFC 2034: SMTP Service Extension for Returning Enhanced Error Codes.

use rig::{Smtp, letters};

use crate::reference::both;

/// A reply must carry a code of its own class on each line.
fn has_code(client: &mut Smtp, command: &str) {
    let reply = client.say(command);
    for line in &reply.lines {
        let code = line.split(' ').next().unwrap();
        let parts: Vec<&str> = code.split('.').collect();
        let digits = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        assert!(parts.len() == 3 && parts.iter().all(digits), "{command}: no enhanced code in {reply}");
        assert_eq!(parts.first().unwrap().parse::<u16>().unwrap(), reply.code / 100, "{command}: {reply}");
    }
}

/// §4: "These codes must appear in all 2xx, 4xx, and 5xx response lines other than initial greeting and any
/// response to HELO or EHLO." and "All status codes returned by the server must agree with the primary response
/// code".
#[test]
fn every_reply_but_the_greetings_carries_a_code_of_its_class() {
    both(|server| {
        let mut client = server.smtp();
        for command in [
            "NOOP",
            "RSET",
            "XYZZY",
            "VRFY someone@web.example",
            "RCPT TO:<k@web.example>",
            "DATA",
            "MAIL FROM:<nonsense",
            "MAIL FROM:<a@insurer.example> XYZZY=1",
            "MAIL FROM:<a@insurer.example>",
            "MAIL FROM:<a@insurer.example>",
            "RCPT TO:<>",
            "RCPT TO:<k@web.example>",
            "RCPT TO:<k@web.example> XYZZY=1",
            "STARTTLS now",
        ] {
            has_code(&mut client, command);
        }
        client.say("DATA").expect("354 *");
        client.bytes(&letters::plain("x", "x"));
        has_code(&mut client, ".");
        has_code(&mut client, "MAIL FROM:<a@insurer.example> SIZE=99999999999");
        has_code(&mut client, "QUIT");
    });
}

/// §4: "Note that 3xx responses are NOT included in this list."
#[test]
fn three_hundreds_carry_none() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["k@web.example"]);
        let reply = client.say("DATA");
        assert!(!reply.lines[0].starts_with("3."), "{reply}");
    });
}

/// §4: "Servers supporting this extension must attach enhanced status codes to their responses regardless of
/// whether or not EHLO is employed by the client."
#[test]
fn codes_come_after_helo_too() {
    both(|server| {
        let mut client = server.greeted();
        client.say("HELO client.example").expect("250 *");
        has_code(&mut client, "NOOP");
        has_code(&mut client, "RCPT TO:<k@web.example>");
    });
}
