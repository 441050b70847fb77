//! A key that an operator has distrusted proves nothing any more, whatever authority has issued a certificate
//! for it.

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::{our_certificate, path};
use super::{gpg, sealpost};

/// The fingerprint of the only key of that partner.
fn fingerprint(scene: &Scene) -> String {
    let shown = sealpost(&scene.gateway, &["partner", "show", "clinic.example", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(shown.trim()).unwrap();
    shown["keys"][0]["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn a_certificate_that_was_taken_back_proves_nothing_though_its_chain_holds() {
    let authority = Authority::new();
    let root = format!("[{:?}]", authority.root());
    let scene = Scene::new(|config| {
        config.set("partners", "roots", &root);
    });
    let house = authority.issues("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let key = fingerprint(&scene);
    let says = |word: &str| {
        let found = result(&scene.arrives(&house.sign(HEAD, ENTITY)));
        assert!(found.contains(&format!("signed={word}")), "{word}: {found}");
    };
    says("valid");
    sealpost(&scene.gateway, &["partner", "suspend", "clinic.example", &key]);
    says("suspended");
    sealpost(&scene.gateway, &["partner", "trust", "clinic.example", &key]);
    says("valid");
    sealpost(&scene.gateway, &["partner", "suspend", "clinic.example"]);
    says("suspended");
    sealpost(&scene.gateway, &["partner", "trust", "clinic.example"]);
    says("valid");
    sealpost(&scene.gateway, &["partner", "revoke", "clinic.example", &key]);
    says("revoked");
    // Another certificate for the same key, which is as stolen as it was.
    authority.issues_again(&house, "moor@clinic.example");
    says("revoked");
    scene.gateway.sweep();
}

#[test]
fn an_openpgp_key_that_was_taken_back_proves_nothing() {
    let scene = Scene::new(|_| {});
    let house = gpg::House::new("moor@clinic.example");
    let make = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"];
    sealpost(&scene.gateway, &make);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", house.key().to_str().unwrap(), "--yes"]);
    house.import(&our_certificate(&scene.gateway));
    let key = fingerprint(&scene);
    let says = |word: &str| {
        let found = result(&scene.arrives(&house.close(HEAD, ENTITY, "securemail@insurer.example")));
        assert!(found.contains(&format!("signed={word}")), "{word}: {found}");
    };
    says("valid");
    sealpost(&scene.gateway, &["partner", "suspend", "clinic.example", &key]);
    says("suspended");
    sealpost(&scene.gateway, &["partner", "revoke", "clinic.example", &key]);
    says("revoked");
    scene.gateway.sweep();
}

/// Write access to the database cannot undo a revocation: neither by damaging its row, nor by adding another
/// state.
#[test]
fn a_row_of_a_revoked_key_that_was_damaged_makes_nothing_good_again() {
    let authority = Authority::new();
    let root = format!("[{:?}]", authority.root());
    let scene = Scene::new(|config| {
        config.set("partners", "roots", &root).set("partners", "crl", r#""off""#);
    });
    let (house, other) = (authority.issues("moor@clinic.example"), authority.issues("info@clinic.example"));
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let key = fingerprint(&scene);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&other), "--yes"]);
    sealpost(&scene.gateway, &["partner", "revoke", "clinic.example", &key]);
    let says = || result(&scene.arrives(&house.sign(HEAD, ENTITY)));
    assert!(says().contains("signed=revoked"));
    for damage in [
        "UPDATE partner_keys SET state = 'trusted' WHERE state = 'revoked'",
        "UPDATE partner_keys SET sealed = randomblob(length(sealed))",
    ] {
        let database = rusqlite::Connection::open(scene.gateway.home.data().join("rows.sqlite")).unwrap();
        database.execute(damage, []).unwrap();
        let found = says();
        assert!(!found.contains("signed=valid") && !found.contains("signed=chain"), "{damage}: {found}");
    }
    let shown = sealpost(&scene.gateway, &["partner", "show", "clinic.example"]);
    assert!(shown.contains("2 of its keys cannot be read"), "{shown}");
    // Nothing else stops: mended is mended.
    sealpost(&scene.gateway, &["partner", "remove", "clinic.example", "--yes"]);
    assert!(says().contains("signed=chain"), "{}", says());
    scene.gateway.wait_logged("no certificate counts by its authority alone");
}
