//! Outgoing mail: with as much TLS as its rule and its hop require, or not at all.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Authority, Config, Gateway, Hop, letters};

fn send(gateway: &Gateway) {
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
}

/// A hop with a certificate for this name, and a gateway that trusts its authority.
fn with_hop(name: &str, floor: &str) -> (Hop, Gateway) {
    let authority = Authority::new();
    let hop = Hop::with_tls(authority.issue(&[name]).server());
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#).set("hops.world", "floor", &format!("{floor:?}")).set(
        "hops.world",
        "ca",
        r#""ca.pem""#,
    );
    let home = Home::new(&config);
    let _ = authority.write(home.path());
    let gateway = Gateway::start_in(home, &config);
    (hop, gateway)
}

fn stays(hop: &Hop, gateway: &Gateway) {
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    assert!(hop.delivered().is_empty(), "{:?}", hop.delivered());
}

#[test]
fn tls_is_used_where_it_is_offered() {
    let (hop, gateway) = with_hop("127.0.0.1", "none");
    send(&gateway);
    assert!(hop.wait_to("k@web.example").tls);
}

#[test]
fn verified_is_satisfied_by_a_good_certificate() {
    let (hop, gateway) = with_hop("127.0.0.1", "verified");
    send(&gateway);
    assert!(hop.wait_to("k@web.example").tls);
}

#[test]
fn verified_keeps_the_letter_when_the_certificate_is_for_another_name() {
    let (hop, gateway) = with_hop("elsewhere.example", "verified");
    send(&gateway);
    stays(&hop, &gateway);
}

#[test]
fn encrypted_keeps_the_letter_when_no_tls_is_offered() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#).set("hops.world", "floor", r#""encrypted""#);
    let gateway = Gateway::start(&config);
    send(&gateway);
    stays(&hop, &gateway);
}

#[test]
fn a_rule_may_demand_more_than_the_hop() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#);
    config.rule("encrypted", r#"{ recipient = "k@web.example" }"#, r#"{ relay = { tls = "encrypted" } }"#);
    let gateway = Gateway::start(&config);
    send(&gateway);
    stays(&hop, &gateway);
    gateway
        .smtp()
        .letter("a@insurer.example", &["other@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let _ = hop.wait_to("other@web.example");
    assert_eq!(hop.delivered().len(), 1);
}

#[test]
fn a_hop_may_want_a_login() {
    let authority = Authority::new();
    let hop = Hop::with_tls(authority.issue(&["127.0.0.1"]).server());
    let mut config = Config::new(&hop);
    config
        .set("hops.world", "tls", r#""starttls""#)
        .set("hops.world", "floor", r#""verified""#)
        .set("hops.world", "ca", r#""ca.pem""#)
        .set("hops.world", "login", r#""sealpost""#)
        .set("hops.world", "password-file", r#""hop.password""#);
    let home = Home::new(&config);
    let _ = authority.write(home.path());
    home.write("hop.password", b"Geheim-4711\n");
    let gateway = Gateway::start_in(home, &config);
    send(&gateway);
    assert_eq!(hop.wait_to("k@web.example").login.as_deref(), Some("sealpost"));
    assert!(!gateway.log().contains("Geheim"));
}

/// Released by an operator, a held letter is sent over TLS or waits: the hold was no reason to send it in
/// clear.
#[test]
fn a_held_letter_that_is_released_keeps_its_floor() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#);
    config.rule("seen first", r#"{ recipient = "*@watched.example" }"#, r#""hold""#).rule(
        "seen first, then by a network of ours",
        r#"{ recipient = "*@ours.example" }"#,
        r#"{ hold = { tls = "none" } }"#,
    );
    let gateway = Gateway::start(&config);
    gateway
        .smtp()
        .letter("a@insurer.example", &["k@watched.example", "k@ours.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let queue = || -> Vec<serde_json::Value> {
        let (code, out, err) = gateway.sealpost(&["queue", "list", "--addresses", "--json"]);
        assert_eq!(code, 0, "{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mut held: Vec<_> = queue()
        .iter()
        .map(|leg| ["recipient", "state", "tls"].map(|key| leg[key].as_str().unwrap().to_owned()))
        .collect();
    held.sort();
    assert_eq!(held, [["k@ours.example", "frozen", "none"], ["k@watched.example", "frozen", "encrypted"]]);

    let (code, out, err) = gateway.sealpost(&["queue", "thaw", "--all"]);
    assert_eq!((code, out.trim()), (0, "2 thawed"), "{err}");
    let _ = hop.wait_to("k@ours.example");
    // The hop offers no TLS: the other one is tried, and stays.
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    assert_eq!(hop.delivered().len(), 1);
    assert_eq!(queue()[0]["recipient"], "k@watched.example");
    assert_eq!(queue()[0]["state"], "queued");
}
