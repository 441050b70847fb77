//! `sealpost check` on the requirements for recipients' servers: a minimum that can be met, pins that are
//! valid.

use rig::gateway::Home;
use rig::{Config, Hop};

fn checked(change: impl FnOnce(&mut Config)) -> (i32, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    change(&mut config);
    let home = Home::new(&config);
    let (code, out, err) = home.sealpost(&["check", "--offline"]);
    (code, format!("{out}{err}"))
}

fn verified_over_mx(config: &mut Config) {
    config.set("delivery", "route", r#""mx""#);
    config.rule("safe", r#"{ recipient = "*@clinic.example" }"#, r#"{ relay = { tls = "verified" } }"#);
}

fn minimum<'a>(config: &'a mut Config, domains: &str) -> &'a mut Config {
    config.section("[delivery-minimum]").set("[delivery-minimum]", "domains", domains)
}

/// Names from unsigned DNS prove nothing; with DANE or MTA-STS they can.
#[test]
fn verified_over_exchangers_needs_something_that_proves() {
    let (code, said) = checked(verified_over_mx);
    assert!(code != 0 && said.contains("prove nothing") && said.contains("mta-sts = true"), "{said}");
    for key in ["dane", "mta-sts"] {
        let (code, said) = checked(|config| {
            verified_over_mx(config);
            config.set("delivery", key, "true");
        });
        assert_eq!(code, 0, "{key}: {said}");
    }
    let (code, said) = checked(|config| {
        config.set("delivery", "route", r#""mx""#);
        minimum(config, r#"["clinic.example"]"#).set("[delivery-minimum]", "tls", r#""verified""#);
    });
    assert!(code != 0 && said.contains("prove nothing"), "{said}");
}

#[test]
fn letters_to_the_world_without_either_are_warned_of() {
    let (code, said) = checked(|config| {
        config.set("delivery", "route", r#""mx""#);
    });
    assert!(code == 0 && said.contains("warning:") && said.contains("DANE, MTA-STS"), "{said}");
    let (code, said) = checked(|config| {
        config.set("delivery", "route", r#""mx""#).set("delivery", "mta-sts", "true");
    });
    assert!(code == 0 && !said.contains("DANE, MTA-STS"), "{said}");
}

#[test]
fn minimums_that_mean_nothing_are_told_with_their_mend() {
    let pin = r#"["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]"#;
    let (code, said) = checked(|config| {
        config.set("delivery", "route", r#""mx""#).set("delivery", "mta-sts", "true");
        minimum(config, r#"["clinic.example"]"#).set("[delivery-minimum]", "pins", pin);
    });
    assert_eq!(code, 0, "{said}");
    for (domains, key, value, words) in [
        (r#"["clinic.example"]"#, "pins", r#"["47DEQpj8HBSa"]"#, "is no pin"),
        (r#"["clinic.example"]"#, "pins", r#"["sha256:AAAA"]"#, "is no pin"),
        (r#"["clinic.example"]"#, "tls", r#""none""#, "asks for nothing"),
        (r#"["clinic.example", "clinic.example"]"#, "pins", pin, "two minimums"),
        ("[]", "pins", pin, "for no domain"),
    ] {
        let (code, said) = checked(|config| {
            minimum(config, domains).set("[delivery-minimum]", key, value);
        });
        assert!(code != 0 && said.contains(words) && said.contains("hint: "), "{value}: {said}");
    }
}

#[test]
fn a_trust_anchor_nobody_asks_for() {
    let (code, said) = checked(|config| {
        config.set("delivery", "trust-anchor", r#""root.key""#);
    });
    assert!(code != 0 && said.contains("trust-anchor without dane"), "{said}");
    let (code, said) = checked(|config| {
        config.set("delivery", "dane", "true").set("delivery", "trust-anchor", r#""root.key""#);
    });
    assert!(code != 0 && said.contains("cannot be read"), "{said}");
}
