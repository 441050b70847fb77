//! Letters signed by a stranger as well as a partner: what the result field says, and which rule decides.

use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::path;
use super::{openssl, sealpost};

/// Strangers whose signature is before the partner's, and after it.
fn strangers() -> [openssl::House; 2] {
    ["X", "Somebody whom nobody here knows"]
        .map(|name| openssl::House::called(name, "somebody@elsewhere.example"))
}

#[test]
fn a_stranger_s_signature_beside_a_partner_s_spoils_nothing_and_lends_nothing() {
    let house = openssl::House::new("moor@clinic.example");
    let scene = Scene::new(|_| {});
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let of_the_stranger = HEAD.replace("moor@clinic.example", "somebody@elsewhere.example");
    for stranger in strangers() {
        let found = result(&scene.arrives(&house.sign_beside(HEAD, ENTITY, &stranger)));
        assert!(found.contains("signed=valid") && found.contains("by=moor@clinic.example"), "{found}");
        let found = result(&scene.arrives(&house.sign_beside(&of_the_stranger, ENTITY, &stranger)));
        assert!(found.contains("signed=untrusted") && !found.contains("by="), "{found}");
    }
    scene.gateway.sweep();
}

#[test]
fn a_rule_about_partners_takes_it_for_the_partner_s() {
    let house = openssl::House::new("moor@clinic.example");
    let scene = Scene::new(|config| {
        let from_partner = r#"{ listener = "world", from-partner = true }"#;
        config.rule("partner", from_partner, r#"{ hold = { tls = "none" } }"#);
    });
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let held = || scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");
    for (before, stranger) in strangers().iter().enumerate() {
        scene.hand_in(&house.sign_beside(HEAD, ENTITY, stranger));
        assert_eq!(held(), i64::try_from(before).unwrap() + 1);
        let _other = scene.arrives(&stranger.sign(HEAD, ENTITY));
    }
    assert_eq!(held(), 2);
    scene.gateway.sweep();
}
