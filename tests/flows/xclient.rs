//! A mail proxy announces its client by XCLIENT, once; the following commands are its client's.

use rig::gateway::Home;
use rig::letters::{self, field};
use rig::{Authority, Config, Gateway, Hop, Smtp};

use crate::smtp_logins::{rows_of, times};

/// Where clients without a right can earn one, so that they are not turned away at once.
fn with_certificate(config: &Config, authority: &Authority) -> Gateway {
    let home = Home::new(config);
    let _ = authority.issue(&["mailgate.insurer.example"]).write(home.path(), "gate");
    Gateway::start_in(home, config)
}

#[test]
fn a_named_proxy_says_in_the_session_for_whom_it_speaks() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "networks", r#"["192.0.2.0/24"]"#).set(
        "[listener]",
        "xclient",
        r#"["127.0.0.1"]"#,
    );
    let plain = config.listener("plain");
    config.set("[listener]", "networks", r#"["127.0.0.1"]"#);
    let gateway = Gateway::start(&config);

    let mut proxy = Smtp::connect(gateway.config.smtp);
    assert!(proxy.ehlo().offers("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"));
    proxy
        .say("XCLIENT ADDR=192.0.2.7 PORT=49153 NAME=[UNAVAILABLE] PROTO=ESMTP HELO=client.example")
        .expect("220 *");
    proxy.ehlo();
    proxy.letter("a@insurer.example", &["b@web.example"], &letters::plain("Angebot", "x")).expect("250 *");
    let received = field(&hop.wait_to("b@web.example").bytes, "Received").unwrap();
    assert!(received.contains("[192.0.2.7]"), "{received}");
    // A client without a right is turned away as if it had connected itself.
    let mut proxy = Smtp::connect(gateway.config.smtp);
    proxy.ehlo();
    proxy.say("XCLIENT ADDR=198.51.100.7").expect("554 5.7.1 *");
    proxy.expect_closed();

    let mut other = Smtp::connect(plain);
    assert!(!other.ehlo().offers("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"));
    other.say("XCLIENT ADDR=192.0.2.7").expect("502 *");
    gateway.sweep();
}

/// nginx says EHLO and XCLIENT, and then hands on what its client says, octet by octet.
#[test]
fn a_client_behind_a_proxy_cannot_name_itself_another() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", r#"["192.0.2.0/24"]"#)
        .set("[listener]", "xclient", r#"["127.0.0.1"]"#)
        .log_in_with("Geheim-4711");
    let again = config.listener("again");
    config
        .set("[listener]", "networks", r#"["192.0.2.0/24"]"#)
        .set("[listener]", "xclient", r#"["127.0.0.1"]"#)
        .set("[listener]", "xclient-again", r#""take""#);
    let authority = Authority::new();
    let gateway = with_certificate(&config, &authority);

    let mut client = Smtp::connect(gateway.config.smtp);
    client.ehlo();
    client.say("XCLIENT ADDR=198.51.100.7 NAME=[UNAVAILABLE]").expect("220 *");
    assert!(!client.ehlo().lines.iter().any(|line| line.starts_with("XCLIENT")));
    for line in ["XCLIENT ADDR=192.0.2.7", "xclient addr=192.0.2.7 proto=esmtp"] {
        client.say(line).expect("502 *");
    }
    client.say("MAIL FROM:<a@insurer.example>").expect("530 *");
    client.starttls(authority.client(), "mailgate.insurer.example");
    assert!(!client.ehlo().lines.iter().any(|line| line.starts_with("XCLIENT")));
    client.say("XCLIENT ADDR=192.0.2.7").expect("502 *");
    client.say("MAIL FROM:<a@insurer.example>").expect("530 *");

    // From a proxy that says so in the configuration, the next client is another one.
    let mut proxy = Smtp::connect(again);
    proxy.ehlo();
    for client in ["192.0.2.7", "192.0.2.8"] {
        proxy.say(&format!("XCLIENT ADDR={client} HELO=client.example")).expect("220 *");
        proxy
            .letter("a@insurer.example", &["b@web.example"], &letters::plain("Angebot", client))
            .expect("250 *");
    }
    gateway.sweep();
}

#[test]
fn a_log_in_that_a_proxy_has_checked_is_counted_in_the_trail() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "xclient", r#"["127.0.0.1"]"#).log_in_with("Geheim-4711");
    let mut gateway = with_certificate(&config, &Authority::new());
    for _ in 0..2 {
        let mut proxy = Smtp::connect(gateway.config.smtp);
        proxy.ehlo();
        proxy.say("XCLIENT ADDR=198.51.100.7 LOGIN=exchange").expect("220 *");
    }
    gateway.stop();
    let rows = rows_of(&gateway);
    assert_eq!(times(&rows, "smtp-login.right", "login:exchange"), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row["network"] == "198.51.100.0/24"), "{rows:?}");
}

/// A proxy that has announced no client yet does not count as a stranger.
#[test]
fn strangers_who_hold_every_place_do_not_keep_the_next_clients_proxy_out() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", r#"["192.0.2.0/24"]"#)
        .set("[listener]", "connections", "3")
        .set("[listener]", "reserved-connections", "1")
        .set("[listener]", "connections-per-client", "1")
        .set("[listener]", "xclient", r#"["127.0.0.1"]"#)
        .log_in_with("Geheim-4711");
    let authority = Authority::new();
    let gateway = with_certificate(&config, &authority);
    let call = || {
        let mut proxy = Smtp::connect(gateway.config.smtp);
        proxy.ehlo();
        proxy
    };
    let named = |client: &str| {
        let mut proxy = call();
        proxy.say(&format!("XCLIENT ADDR={client}")).expect("220 *");
        proxy
    };
    let strangers = [named("198.51.100.1"), named("198.51.100.2")];
    let mut late = call();
    late.say("XCLIENT ADDR=198.51.100.3").expect("421 *");
    late.expect_closed();
    let insurer = named("192.0.2.7");
    drop((strangers, insurer));
    gateway.sweep();
}
