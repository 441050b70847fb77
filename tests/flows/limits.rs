//! No client can occupy a slot for ever or occupy all slots: idle, slow and many clients.

use rig::{Config, Gateway, Hop, Smtp, letters};

fn gateway(hop: &Hop, settings: &[(&str, &str)]) -> Gateway {
    let mut config = Config::new(hop);
    for (key, value) in settings {
        config.set("[listener]", key, value);
    }
    Gateway::start(&config)
}

#[test]
fn an_idle_client_is_sent_away() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[("idle", r#""500 ms""#)]);
    let mut client = gateway.smtp();
    client.reply().expect("421 4.4.2 *");
    client.expect_closed();
}

#[test]
fn a_session_that_only_says_noop_ends() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[("session", r#""1 s""#), ("max-junk-commands", "4000000000")]);
    let mut client = gateway.smtp();
    for _ in 0..1_000_000 {
        match client.try_bytes(b"NOOP\r\n").and_then(|()| client.try_reply()) {
            Ok(reply) if reply.code == 250 => {}
            Ok(reply) => {
                reply.expect("421 4.4.2 *");
                return;
            }
            Err(_) => panic!("closed without a word:\n{}", client.transcript()),
        }
    }
    panic!("a million NOOPs and still there");
}

#[test]
fn a_slow_drip_cannot_hold_a_place() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[("data-time", r#""1 s""#)]);
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &["k@web.example"]);
    client.say("DATA").expect("354 *");
    // Never idle, never done.
    while client.try_bytes(b"x").is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(hop.delivered().is_empty());
    gateway.sweep();
}

#[test]
fn one_client_cannot_take_all_places() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[("connections-per-client", "5")]);
    let held: Vec<Smtp> = (0..5).map(|_| gateway.smtp()).collect();
    let mut sixth = Smtp::connect_silently(gateway.config.smtp);
    sixth.reply().expect("421 4.7.0 *");
    sixth.expect_closed();
    drop(held);
    // A place that was given back can be taken again.
    rig::process::poll("a free place", || {
        let mut client = Smtp::connect_silently(gateway.config.smtp);
        (client.try_reply().ok()?.code == 220).then_some(())
    });
}

#[test]
fn the_total_of_connections_is_limited() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[("connections", "4")]);
    let _held: Vec<Smtp> = (0..4).map(|_| gateway.smtp()).collect();
    let mut fifth = Smtp::connect_silently(gateway.config.smtp);
    fifth.reply().expect("421 4.*");
}

#[test]
fn idle_clients_do_not_starve_the_others() {
    let hop = Hop::new();
    let gateway = gateway(&hop, &[]);
    let _idle: Vec<Smtp> = (0..150).map(|_| gateway.smtp()).collect();
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("k@web.example");
}
