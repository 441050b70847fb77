//! What the listener refuses, with the right reply, leaving nothing behind.

use rig::letters;
use rig::{Config, Gateway, Hop, Smtp};

/// A gateway with small limits, and a stranger's listener without any rights.
fn gateway(hop: &Hop) -> Gateway {
    let mut config = Config::new(hop);
    config.set("[listener]", "max-size", r#""64 KiB""#).set("[listener]", "max-recipients", "3");
    Gateway::start(&config)
}

/// Nothing of a refused letter may remain.
fn nothing_left(gateway: Gateway, hop: &Hop) {
    assert_eq!(gateway.count("SELECT count(*) FROM legs"), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    assert!(hop.delivered().is_empty());
    gateway.sweep();
}

/// Opens DATA with one accepted recipient.
fn in_data(gateway: &Gateway) -> Smtp {
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &["k@web.example"]);
    client.say("DATA").expect("354 *");
    client
}

#[test]
fn an_open_relay_it_is_not() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "networks", r#"["192.0.2.0/24"]"#);
    let gateway = Gateway::start(&config);
    // No right can be obtained here: RFC 5321 §3.1 lets a server say 554 instead of its greeting.
    let mut client = Smtp::connect_silently(gateway.config.smtp);
    client.reply().expect("554 5.7.1 *");
    client.expect_closed();
    nothing_left(gateway, &hop);
}

#[test]
fn too_large_as_announced_is_refused_at_mail() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example> SIZE=65537").expect("552 5.3.4 *");
    client.say("MAIL FROM:<a@insurer.example> SIZE=65536").expect("250 *");
    drop(client);
    nothing_left(gateway, &hop);
}

#[test]
fn too_large_in_fact_is_refused_while_reading() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = gateway.smtp();
    client
        .letter("a@insurer.example", &["k@web.example"], &letters::sized("big", 70_000))
        .expect("552 5.3.4 *");
    // The session continues, and a letter that fits is accepted.
    client.letter("a@insurer.example", &["k@web.example"], &letters::sized("fits", 60_000)).expect("250 *");
    let _ = hop.wait_to("k@web.example");
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn one_recipient_too_many_is_told_to_come_again() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &["1@web.example", "2@web.example", "3@web.example"]);
    // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
    client.say("RCPT TO:<4@web.example>").expect("452 4.5.3 *");
    client.data(&letters::plain("x", "x")).expect("250 *");
    let got = hop.wait(1).remove(0);
    // From the queue of a database they come in any order.
    let mut to = got.to();
    to.sort_unstable();
    assert_eq!(to, ["1@web.example", "2@web.example", "3@web.example"]);
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn a_bare_carriage_return_or_line_feed_or_nul_in_data_ends_the_session() {
    for poison in [&b"a\nb"[..], b"a\rb", b"a\0b", b"\n.\r\n", b"\r.\r\n", b"\n.\n"] {
        let hop = Hop::new();
        let gateway = gateway(&hop);
        let mut client = in_data(&gateway);
        client.bytes(b"Subject: x\r\n\r\nfirst").bytes(poison).bytes(b"\r\n.\r\n");
        client.reply().expect("550 5.6.11 *");
        client.expect_closed();
        // The server waits a while for our side to close too.
        drop(client);
        nothing_left(gateway, &hop);
    }
}

#[test]
fn a_line_too_long_is_refused() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = in_data(&gateway);
    client.bytes(b"Subject: x\r\n\r\n").bytes(&vec![b'x'; (1 << 20) + 2]).bytes(b"\r\n.\r\n");
    let reply = client.reply();
    assert!((500..600).contains(&reply.code), "{reply}");
    drop(client);
    nothing_left(gateway, &hop);
}

#[test]
fn a_command_line_too_long_is_refused_and_not_kept_in_memory() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = gateway.smtp();
    client.bytes(format!("NOOP {}\r\n", "x".repeat(5000)).as_bytes());
    client.reply().expect("500 5.5.* *");
    let mut endless = gateway.smtp();
    let before = gateway.process().peak_memory();
    for _ in 0..64 {
        if endless.try_bytes(&vec![b'x'; 1 << 20]).is_err() {
            break;
        }
    }
    drop(endless);
    let grown = gateway.process().peak_memory().saturating_sub(before);
    assert!(grown < 16 << 20, "64 MiB without a line end cost {grown} bytes");
    drop(client);
    nothing_left(gateway, &hop);
}

#[test]
fn a_bare_line_feed_or_nul_in_a_command_ends_the_session() {
    for command in [&b"NOOP\n"[..], b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\r\n", b"NO\0OP\r\n"] {
        let hop = Hop::new();
        let gateway = gateway(&hop);
        let mut client = gateway.smtp();
        client.bytes(command);
        if !command.ends_with(b"\r\n") {
            client.bytes(b"\r\n");
        }
        let reply = client.reply();
        assert!((500..600).contains(&reply.code), "{reply}");
        client.expect_closed();
        // The server waits a while for our side to close too.
        drop(client);
        nothing_left(gateway, &hop);
    }
}

#[test]
fn commands_out_of_order_are_refused() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = Smtp::connect(gateway.config.smtp);
    client.say("MAIL FROM:<a@insurer.example>").expect("503 5.5.1 *");
    client.ehlo();
    client.say("RCPT TO:<k@web.example>").expect("503 5.5.1 *");
    client.say("DATA").expect("503 5.5.1 *");
    client.bytes(b"BDAT 3 LAST\r\nabc");
    client.reply().expect("503 5.5.1 *");
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
    client.say("MAIL FROM:<b@insurer.example>").expect("503 5.5.1 *");
    client.say("DATA").expect("503 5.5.1 *");
    drop(client);
    nothing_left(gateway, &hop);
}

#[test]
fn too_many_errors_end_the_session() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let mut client = gateway.smtp();
    for _ in 0..200 {
        let Ok(reply) = client.try_bytes(b"NONSENSE\r\n").and_then(|()| client.try_reply()) else {
            panic!("closed without a word:\n{}", client.transcript());
        };
        if reply.code == 421 {
            client.expect_closed();
            return nothing_left(gateway, &hop);
        }
        reply.expect("500 5.5.* *");
    }
    panic!("200 errors and still no 421");
}

#[test]
fn a_loop_is_refused() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    let trace = "Received: from a by b; Fri, 20 Nov 2026 09:30:00 +0100\r\n".repeat(120);
    let letter = letters::with_fields("x", &trace, "x");
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("554 5.4.6 *");
    nothing_left(gateway, &hop);
}

#[test]
fn what_is_no_address_is_refused() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    for bad in ["<a>", "<@b.example>", "<a@>", "<a b@c.example>", "a@b@c", "<a@-b.example>"] {
        let mut client = gateway.smtp();
        let reply = client.say(&format!("MAIL FROM:{bad}"));
        assert!((500..600).contains(&reply.code), "{bad}: {reply}");
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        let reply = client.say(&format!("RCPT TO:{bad}"));
        assert!((500..600).contains(&reply.code), "{bad}: {reply}");
    }
    nothing_left(gateway, &hop);
}

#[test]
fn a_parameter_nobody_offered_is_refused() {
    let hop = Hop::new();
    let gateway = gateway(&hop);
    for (command, shape) in [
        ("MAIL FROM:<a@insurer.example> XYZZY=1", "555 5.5.4 *"),
        ("MAIL FROM:<a@insurer.example> SIZE=many", "501 5.5.4 *"),
        ("MAIL FROM:<a@insurer.example> BODY=BINARYMIME", "5?? *"),
        ("MAIL FROM:<a@insurer.example> RET=SOME", "501 5.5.4 *"),
    ] {
        let reply = gateway.smtp().say(command);
        if shape.starts_with("5?") {
            assert!((500..600).contains(&reply.code), "{command}: {reply}");
        } else {
            reply.expect(shape);
        }
    }
    let mut client = gateway.smtp();
    client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
    client.say("RCPT TO:<k@web.example> NOTIFY=NEVER,SUCCESS").expect("501 5.5.4 *");
    client.say("RCPT TO:<k@web.example> XYZZY").expect("555 5.5.4 *");
    drop(client);
    nothing_left(gateway, &hop);
}

#[test]
fn a_rule_may_refuse_or_hold_and_one_recipient_does_not_hurt_another() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("former partner", r#"{ recipient = "*@former.example" }"#, r#""refuse""#).rule(
        "to be seen first",
        r#"{ recipient = "*@watched.example" }"#,
        r#"{ hold = { tls = "none" } }"#,
    );
    let gateway = Gateway::start(&config);
    let letter = letters::plain("x", "x");
    let reply = gateway.smtp().letter("a@insurer.example", &["k@former.example"], &letter);
    assert!((500..600).contains(&reply.code), "{reply}");
    gateway.smtp().letter("a@insurer.example", &["k@watched.example"], &letter).expect("250 *");
    assert_eq!(gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'"), 1);
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let _ = hop.wait_to("k@web.example");
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn mail_for_a_partner_domain_is_refused_and_never_sent_in_clear() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule(
        "partner",
        r#"{ recipient = "*@partner.example" }"#,
        r#"{ domain = { partner = "partner" } }"#,
    );
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &["k@partner.example"]);
    let reply = client.data(&letters::plain("x", "x"));
    assert!((500..600).contains(&reply.code), "{reply}");
    drop(client);
    nothing_left(gateway, &hop);
}
