//! Letters between organisations: encrypted by the gateway and decrypted by real openssl and gpg, and the
//! other way round.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod audit_rows;
mod check_store;
mod commands;
mod directories_of_strangers;
mod distrust;
mod domain_keys;
mod ending_keys;
mod envelope;
mod fetched_lists;
mod forged_results;
mod found_in_directories;
mod found_in_the_dns;
mod found_on_key_servers;
mod given_back;
mod harvest;
mod heads;
mod inward;
mod killed_worker;
mod known_recipients;
mod lookup;
mod many_names;
mod never_clear;
mod ocsp;
mod ocsp_killed;
mod originals;
mod out;
mod panicking;
mod personal_keys;
mod published;
mod raised;
mod renewed;
mod replies_to_encrypted;
mod reports_to_partners;
mod revocation_scene;
mod several_signers;
mod signed_for;
mod signed_notices;
mod signed_on_the_way;
mod signed_unbroken;
mod test_letters;
mod token;
mod token_away;
mod trusted_zones;
mod turns;
mod two_insurers;
mod unopened;
mod vouched;

use std::net::SocketAddr;

use rig::{Config, Gateway, Hop, gpg, openssl, smime_authority as authority};

/// The configuration of an insurer who encrypts for partners and otherwise deposits, and whose own server is
/// `inside`. Letters from outside come in at the second address.
fn insurer(world: &Hop, inside: &Hop) -> (Config, SocketAddr) {
    insurer_on(Config::new(world), inside)
}

/// The same on the rows that this configuration has.
fn insurer_on(mut config: Config, inside: &Hop) -> (Config, SocketAddr) {
    config.rule("clinic", r#"{ recipient = "*@clinic.example" }"#, r#"["domain", "portal"]"#).rule(
        "must",
        r#"{ recipient = "*@must.example" }"#,
        r#""domain""#,
    );
    opened_for(&mut config, inside).set("partners", "subject-tag", r#""[secure]""#);
    let at = config.listener("world");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    (config, at)
}

/// Letters from partners are handed to `inside` once they are opened.
fn opened_for<'a>(config: &'a mut Config, inside: &Hop) -> &'a mut Config {
    config
        .set("hops.inside", "host", &format!("\"{}\"", inside.address().ip()))
        .set("hops.inside", "port", &inside.address().port().to_string())
        .set("hops.inside", "tls", r#""off""#)
        .set("partners", "hop", r#""inside""#)
}

/// Makes our key and gives the partner's file to the gateway: what an operator types.
fn sealpost(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = gateway.sealpost(args);
    assert_eq!(code, 0, "{args:?}:\n{out}{err}");
    out
}
