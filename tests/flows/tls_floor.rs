//! How mail leaves: over as much TLS as its rule and its hop demand, or not at all.

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
