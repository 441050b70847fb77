//! SMTP smuggling: two servers that disagree on where a message ends. RFC 5321 §4.1.1.4: "In particular, the
//! sequence "<LF>.<LF>" (bare line feeds, without carriage returns) MUST NOT be treated as equivalent to
//! <CRLF>.<CRLF> as the end of mail data indication."
//!
//! The vectors are those of the published attacks (SEC Consult, December 2023) and of the test-suites of mox and
//! Postfix, and every other arrangement of CR, LF, dot and NUL up to five octets.

use rig::{Answer, Config, Gateway, Hop, Smtp, Stage, letters};

use crate::reference::pair;

/// What a smuggler puts after the false end.
const SMUGGLED: &[u8] = b"MAIL FROM:<boss@insurer.example>\r\nRCPT TO:<victim@web.example>\r\nDATA\r\n\
    Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n";

fn open(client: &mut Smtp) {
    client.envelope("a@insurer.example", &["first@web.example"]);
    client.say("DATA").expect("354 *");
}

/// Sends a false end and what follows; true if the server took it for an end and read on.
fn is_smuggled(mut client: Smtp, false_end: &[u8]) -> bool {
    open(&mut client);
    let _ = client.try_bytes(&[b"Subject: x\r\n\r\ntext", false_end, SMUGGLED].concat());
    // A server that is not fooled says one thing about one message. A fooled one says five.
    let mut replies = 0;
    while let Ok(reply) = client.try_reply() {
        replies += 1;
        if reply.code >= 500 || replies > 1 {
            break;
        }
        if client.try_bytes(b"QUIT\r\n").is_err() {
            break;
        }
    }
    replies > 1
}

#[test]
fn the_published_vectors_do_not_work() {
    let pair = pair();
    for false_end in [
        &b"\n.\n"[..],
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\n.\r\r\n",
        b"\r\n\0.\r\n",
    ] {
        assert!(!is_smuggled(pair.sealpost.smtp(), false_end), "{false_end:?}");
    }
    let seen = pair.sealpost.hop.delivered();
    assert!(seen.iter().all(|d| !d.to().contains(&"victim@web.example")), "a smuggled letter was relayed");
}

/// Every string of up to four of CR, LF, dot, NUL and a letter in front of the true end: either the letter arrives
/// with exactly these bytes, or it is refused; it never becomes two.
#[test]
fn no_arrangement_of_line_ends_makes_two_letters_of_one() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "connections-per-client", "500");
    let gateway = Gateway::start(&config);
    let alphabet = [&b"\r"[..], b"\n", b".", b"\0", b"x", b"\r\n"];
    let mut accepted = 0;
    for n in 0..alphabet.len().pow(4) {
        let middle: Vec<u8> = (0..4)
            .flat_map(|digit| alphabet[n / alphabet.len().pow(digit) % alphabet.len()])
            .copied()
            .collect();
        let mut client = gateway.smtp();
        open(&mut client);
        // Each its own letter: the same one again without a QUIT between would rightly count as a resend.
        let letter = [format!("Subject: {n}\r\n\r\na").as_bytes(), &middle[..], b"b"].concat();
        client.bytes(&letter).bytes(b"\r\n.\r\n");
        let reply = client.reply();
        let clean = !letters_has_bare(&letter);
        // A lone dot on a line of its own is the true end: what follows are commands.
        let ends_early = letter.windows(5).any(|w| w == b"\r\n.\r\n");
        if ends_early && clean_until_end(&letter) {
            reply.expect("250 *");
            accepted += 1;
            continue;
        }
        if clean {
            reply.expect("250 *");
            accepted += 1;
        } else {
            reply.expect("550 5.6.11 *");
            client.expect_closed();
        }
    }
    let got = hop.wait(accepted);
    assert_eq!(got.len(), accepted, "more letters came out than went in");
    assert!(got.iter().all(|d| d.to() == ["first@web.example"]));
    assert!(got.iter().all(|d| !letters_has_bare(&d.bytes)), "a bare CR, LF or NUL was relayed");
}

/// Whether there is a CR or LF outside of CRLF, or a NUL.
fn letters_has_bare(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "");
    text.contains(['\r', '\n', '\0'])
}

fn clean_until_end(letter: &[u8]) -> bool {
    let end = letter.windows(5).position(|w| w == b"\r\n.\r\n").unwrap_or(letter.len());
    !letters_has_bare(&letter[..end])
}

/// Outgoing: a relayed letter ends where we end it, whatever it contains.
#[test]
fn what_we_relay_cannot_be_read_as_two() {
    let hop = Hop::new();
    hop.script(|stage, text| match stage {
        Stage::Mail if text == "boss@insurer.example" => Answer::say("550 5.7.1 smuggled"),
        _ => Answer::Yes,
    });
    let gateway = Gateway::start(&Config::new(&hop));
    let text = "before\n.\nMAIL FROM:<boss@insurer.example>\nRCPT TO:<victim@web.example>\nDATA\nx\n.\nafter";
    let letter = letters::plain("dots", text);
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    assert_eq!(letters::without_trace(&hop.wait_to("k@web.example").bytes), letter);
    assert_eq!(hop.delivered().len(), 1);
}
