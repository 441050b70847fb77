//! A next hop without TLS: nothing for a domain with a minimum goes to it, and no mail that opens a mailbox.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.set("hops.world", "tls", r#""starttls""#);
    config
}

fn minimum(config: &mut Config, key: &str, value: &str) {
    config.section("[delivery-minimum]");
    config.set("[delivery-minimum]", "domains", r#"["clinic.example", "müller.example"]"#).set(
        "[delivery-minimum]",
        key,
        value,
    );
}

fn wait_for_a_try(gateway: &Gateway, legs: i64) {
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == legs).then_some(()));
}

#[test]
fn a_minimum_counts_over_a_hop_as_well() {
    for floor in [r#""encrypted""#, r#""verified""#] {
        let hop = Hop::new();
        let mut config = config(&hop);
        minimum(&mut config, "tls", floor);
        let gateway = Gateway::start(&config);
        let mut client = gateway.smtp();
        for to in ["a@clinic.example", "a@xn--mller-kva.example"] {
            client.letter("erika@insurer.example", &[to], &letters::plain("x", "y")).expect("250 *");
        }
        wait_for_a_try(&gateway, 2);
        let (code, out, err) = gateway.sealpost(&["queue", "list"]);
        assert_eq!(code, 0, "{err}");
        let shown = format!("tls {}", floor.trim_matches('"'));
        assert_eq!(out.matches(&shown).count(), 2, "{out}");
        client.letter("erika@insurer.example", &["k@web.example"], &letters::plain("x", "y")).expect("250 *");
        let _ = hop.wait_to("k@web.example");
        assert_eq!(hop.delivered().len(), 1, "it left without TLS");
    }
}

#[test]
fn check_refuses_what_a_hop_can_never_meet() {
    let hop = Hop::new();
    for (key, value, tls, words) in [
        (
            "pins",
            r#"["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]"#,
            r#""starttls""#,
            "none would ever leave",
        ),
        ("tls", r#""encrypted""#, r#""off""#, "switches TLS off"),
    ] {
        let mut config = config(&hop);
        config.set("hops.world", "tls", tls);
        minimum(&mut config, key, value);
        let (code, out, err) = Home::new(&config).sealpost(&["check"]);
        assert!(code != 0 && format!("{out}{err}").contains(words), "{words}:\n{out}{err}");
    }
}

/// The mail with an initial password is as sensitive as the link in a notice.
#[test]
fn no_initial_password_goes_where_no_notice_goes() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("portal", "activation", r#""initial-password""#).set("notices", "floor", r#""encrypted""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let letter = letters::plain("[vertraulich] x", "y");
    client.letter("ext@elsewhere.example", &["k@web.example"], &letter).expect("250 *");
    // The notice, and the mail with the password.
    wait_for_a_try(&gateway, 2);
    client.letter("erika@insurer.example", &["other@web.example"], &letters::plain("x", "y")).expect("250 *");
    let _ = hop.wait_to("other@web.example");
    assert_eq!(hop.delivered().len(), 1, "it left without TLS");
    // Over a hop for reports its floor counts, as documented; check says so.
    config.section("hops.inside").set("hops.inside", "host", "\"127.0.0.1\"").set(
        "hops.inside",
        "tls",
        r#""starttls""#,
    );
    config.set("delivery", "reports", r#""inside""#);
    let (code, out, err) = Home::new(&config).sealpost(&["check"]);
    assert!(code == 0 && err.contains("initial passwords go to their senders"), "{out}{err}");
}
