//! Operators' actions on partners, keys and originals leave their audit row: actor, object, and no user's
//! text.

use rig::smime_authority::Authority;
use rig::trail::{self, TrailRow, by_operator};
use rig::{Gateway, Hop};
use serde_json::Value;

use super::inward::{ENTITY, HEAD, Scene};
use super::out::path;
use super::{insurer, openssl, sealpost};

const WORDS: [&str; 4] = ["clinic", "insurer", "moor", "Die Gr"];

fn ours(gateway: &Gateway) -> Vec<Value> {
    let listed = sealpost(gateway, &["domain-key", "list", "--json"]);
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The object of the one row with this action.
fn object(gateway: &Gateway, action: &str) -> String {
    let rows = trail::of(gateway, action);
    assert_eq!(rows.len(), 1, "{action}: {rows:?}");
    rows[0]["object"].as_str().unwrap().to_owned()
}

#[test]
fn each_change_of_a_partner_and_its_keys_leaves_its_row() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let run = |args: &[&str]| sealpost(&gateway, args);
    let (first, second) =
        (openssl::House::new("securemail@clinic.example"), openssl::House::new("info@clinic.example"));
    run(&["partner", "add", "clinic.example", path(&first), "--yes"]);
    let partner = object(&gateway, "partner.added");
    trail::one(&gateway, "partner.added", by_operator(&partner), &WORDS);
    run(&["partner", "add", "clinic.example", path(&second), "--yes"]);
    run(&["partner", "set", "clinic.example", "--profile", "bsi"]);
    let shown: Value = serde_json::from_str(&run(&["partner", "show", "clinic.example", "--json"])).unwrap();
    let key = shown["keys"][0]["fingerprint"].as_str().unwrap().to_owned();
    run(&["partner", "suspend", "clinic.example", &key]);
    run(&["partner", "trust", "clinic.example", &key]);
    run(&["partner", "suspend", "clinic.example"]);
    run(&["partner", "trust", "clinic.example"]);
    run(&["partner", "revoke", "clinic.example", &key]);
    run(&["partner", "remove", "clinic.example", "--yes"]);
    for action in
        ["partner.key-added", "partner.changed", "partner.suspended", "partner.resumed", "partner.removed"]
    {
        trail::one(&gateway, action, by_operator(&partner), &WORDS);
    }
    let hex = key.to_uppercase();
    for action in ["partner.key-suspended", "partner.key-trusted", "partner.key-revoked"] {
        let detail = format!("fingerprint={hex}");
        trail::one(&gateway, action, TrailRow { detail: &detail, ..by_operator(&partner) }, &WORDS);
    }
    gateway.sweep();
}

#[test]
fn each_change_of_a_key_of_ours_leaves_its_row() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let run = |args: &[&str]| sealpost(&gateway, args);
    let authority = Authority::new();
    run(&["domain-key", "make", "insurer.example", "--name", "Zebrafink"]);
    let made = ours(&gateway)[0]["fingerprint"].as_str().unwrap().to_owned();
    let first = object(&gateway, "own-key.added");
    let request = run(&["domain-key", "csr", &made, "--name", "Zebrafink"]);
    let issued = authority.certifies(&request, None);
    run(&["domain-key", "certify", &made, &issued]);
    let certified = trail::of(&gateway, "own-key.certified");
    let [row] = &certified[..] else { panic!("{certified:?}") };
    let object = row["object"].as_str().unwrap();
    trail::is(row, TrailRow { detail: "fingerprint=", ..by_operator(object) }, &WORDS);
    // The certificate of before signs nothing more.
    let retired = trail::of(&gateway, "own-key.retired");
    let [row] = &retired[..] else { panic!("{retired:?}") };
    let retired = row["object"].as_str().unwrap();
    trail::is(row, TrailRow { detail: "fingerprint=", ..by_operator(retired) }, &WORDS);
    assert!([object, retired].contains(&first.as_str()) && object != retired, "{row}");

    run(&["domain-key", "make", "insurer.example", "--name", "Zebrafink", "--kind", "openpgp"]);
    let pgp = ours(&gateway).into_iter().find(|key| key["method"].to_string().to_lowercase().contains("pgp"));
    let pgp =
        pgp.unwrap_or_else(|| panic!("{:?}", ours(&gateway)))["fingerprint"].as_str().unwrap().to_owned();
    run(&["domain-key", "address", &pgp, "erika.muster@insurer.example"]);
    let named = trail::of(&gateway, "own-key.addresses");
    let [row] = &named[..] else { panic!("{named:?}") };
    trail::is(
        row,
        TrailRow { detail: "fingerprint=", ..by_operator(row["object"].as_str().unwrap()) },
        &WORDS,
    );
    gateway.sweep();
}

#[test]
fn an_original_that_is_opened_again_is_noted_before_anybody_reads_it() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    let letter = house.close(HEAD, ENTITY, &super::out::our_certificate(&scene.gateway));
    let _arrived = scene.arrives(&letter);
    let listed = sealpost(&scene.gateway, &["original", "list", "--json"]);
    let kept: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = kept["id"].as_str().unwrap();
    sealpost(&scene.gateway, &["original", "decrypt", id]);
    trail::one(&scene.gateway, "original.opened-again", by_operator(id), &WORDS);
    scene.gateway.sweep();
}
