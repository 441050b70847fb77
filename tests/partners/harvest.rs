//! Certificates in signed letters: proposals for an existing partner, only of the signer and for the address
//! in From, not used until an operator accepts one by its fingerprint.

use rig::Gateway;

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, Scene};
use super::out::path;
use super::{openssl, sealpost};

/// A gateway that keeps such certificates and knows clinic.example by the key of its gateway.
fn scene(harvest: &str, authority: Option<&Authority>) -> Scene {
    let scene = Scene::new(|config| {
        config.set("partners", "harvest", &format!("{harvest:?}")).set("partners", "crl", r#""off""#);
        if let Some(authority) = authority {
            config.set("partners", "roots", &format!("[{:?}]", authority.root()));
        }
    });
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    scene
}

/// The keys of the partner that came with letters.
fn offers(gateway: &Gateway) -> Vec<serde_json::Value> {
    let shown = sealpost(gateway, &["partner", "show", "clinic.example", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let keys = shown["keys"].as_array().unwrap().clone();
    keys.into_iter().filter(|key| key["provenance"] == "harvested").collect()
}

fn fingerprint(key: &serde_json::Value) -> String {
    key["fingerprint"].as_str().unwrap().to_owned()
}

fn signed(scene: &Scene, house: &openssl::House) {
    let _ = scene.arrives(&house.sign(HEAD, ENTITY));
}

#[test]
fn the_signers_certificate_is_an_offer_that_counts_for_nothing_until_it_is_taken_by_its_fingerprint() {
    let scene = scene("any", None);
    let moor = openssl::House::new("moor@clinic.example");
    signed(&scene, &moor);
    signed(&scene, &moor);
    let [offer] = offers(&scene.gateway).try_into().unwrap();
    assert_eq!(
        (&offer["state"], &offer["used"], &offer["in_doubt"]),
        (&"offered".into(), &false.into(), &false.into())
    );
    assert_eq!(offer["addresses"][0], "moor@clinic.example");
    // Accepting all proposals at once only covers an operator's imports, and this is not one.
    let (code, _, err) = scene.gateway.sealpost(&["partner", "trust", "clinic.example", "--yes"]);
    assert!(code != 0 && err.contains("came with signed letters"), "{err}");
    assert_eq!(offers(&scene.gateway)[0]["state"], "offered");

    // Another key for the same address: both are in doubt, and neither is taken without a word.
    signed(&scene, &openssl::House::new("moor@clinic.example"));
    let both = offers(&scene.gateway);
    assert_eq!(both.len(), 2);
    assert!(both.iter().all(|key| key["in_doubt"] == true), "{both:?}");
    let first = fingerprint(&offer);
    let (code, _, err) = scene.gateway.sealpost(&["partner", "trust", "clinic.example", &first]);
    assert!(code != 0 && err.contains("--other-key"), "{err}");
    sealpost(&scene.gateway, &["partner", "trust", "clinic.example", &first, "--other-key"]);
    let taken = |key: &&serde_json::Value| fingerprint(key) == first;
    assert_eq!(offers(&scene.gateway).iter().find(taken).unwrap()["used"], true);
    let trail = sealpost(&scene.gateway, &["audit", "export"]);
    assert_eq!(trail.matches("partner.key-offered").count(), 2, "{trail}");
    scene.gateway.sweep();
}

#[test]
fn nobody_elses_certificate_and_no_strangers_is_kept() {
    let scene = scene("any", None);
    // A signature by another person than the one in From.
    signed(&scene, &openssl::House::new("nurse@clinic.example"));
    // A certificate that only came along.
    let (moor, nurse) =
        (openssl::House::new("moor@clinic.example"), openssl::House::new("nurse@clinic.example"));
    let _ = scene.arrives(&moor.sign_with(HEAD, ENTITY, &nurse.certificate()));
    let [only] = offers(&scene.gateway).try_into().unwrap();
    assert_eq!(only["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(only["addresses"][0], "moor@clinic.example");
    // Changed on its way.
    let letter = openssl::House::new("moor@clinic.example").sign(HEAD, ENTITY);
    let changed = String::from_utf8(letter).unwrap().replace("4711", "4712");
    let _ = scene.arrives(changed.as_bytes());
    // Of no partner.
    let stranger = openssl::House::new("moor@stranger.example");
    let _ = scene.arrives(&stranger.sign(&HEAD.replace("clinic.example", "stranger.example"), ENTITY));
    // Of a partner that is out of use.
    sealpost(&scene.gateway, &["partner", "suspend", "clinic.example"]);
    signed(&scene, &openssl::House::new("moor@clinic.example"));
    assert_eq!(offers(&scene.gateway).len(), 1);
    assert!(sealpost(&scene.gateway, &["partner", "list"]).contains("1 partners"));
    scene.gateway.sweep();
}

#[test]
fn an_authority_vouches_where_that_is_asked_and_off_keeps_nothing() {
    let authority = Authority::new();
    let vouched = scene("vouched", Some(&authority));
    signed(&vouched, &openssl::House::new("moor@clinic.example"));
    assert!(offers(&vouched.gateway).is_empty(), "no authority vouches for it");
    signed(&vouched, &authority.issues("moor@clinic.example"));
    assert_eq!(offers(&vouched.gateway).len(), 1);
    let off = scene("off", Some(&authority));
    signed(&off, &authority.issues("moor@clinic.example"));
    assert!(offers(&off.gateway).is_empty());
    vouched.gateway.sweep();
    off.gateway.sweep();
}
