//! Encrypted letters are kept unchanged, and opened again when the key is available: a waiting one is passed on
//! decrypted and not twice, one that was passed on encrypted follows decrypted. Nobody reads them meanwhile, and they
//! are deleted after their retention.

use rig::erased::{found, gone, pieces};
use rig::gateway::mode;
use rig::process::poll;

use super::inward::{ENTITY, HEAD, Scene, result};
use super::{openssl, sealpost};

/// A letter to a key of ours that this gateway does not have, in one file with its certificate.
fn letter_to_a_missing_key() -> (openssl::House, String, Vec<u8>) {
    let ours = openssl::House::new("securemail@insurer.example");
    let pem = ["key.pem", "certificate.pem"].map(|name| std::fs::read_to_string(ours.path(name)).unwrap());
    let file = ours.write("both.pem", pem.concat().as_bytes());
    mode(file.as_ref(), 0o600);
    let house = openssl::House::new("moor@clinic.example");
    let letter = house.close(HEAD, ENTITY, &pem[1]);
    (ours, file, letter)
}

fn kept(scene: &Scene) -> Vec<(String, String)> {
    let listed = sealpost(&scene.gateway, &["original", "list", "--json"]);
    let line = |line: &str| {
        let kept: serde_json::Value = serde_json::from_str(line).unwrap();
        (kept["id"].as_str().unwrap().to_owned(), kept["state"].as_str().unwrap().to_owned())
    };
    listed.lines().map(line).collect()
}

#[test]
fn what_waits_unopened_goes_on_opened_once_its_key_is_there() {
    let (_ours, key, letter) = letter_to_a_missing_key();
    let scene = Scene::new(|config| {
        config.set("partners", "unopened", r#""hold""#);
    });
    scene.hand_in(&letter);
    let frozen = || scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");
    assert_eq!(frozen(), 1);
    let (code, out, err) = scene.gateway.sealpost(&["original", "decrypt", "--closed"]);
    assert!(code != 0 && err.contains("no key opens it"), "{out}{err}");
    assert_eq!((frozen(), kept(&scene)[0].1.as_str()), (1, "closed"), "nothing was changed");

    sealpost(&scene.gateway, &["domain-key", "import", "insurer.example", &key]);
    sealpost(&scene.gateway, &["original", "decrypt", "--closed"]);
    // OpenSSL's AES-CBC around a stranger's signature: authentic, and so passed on.
    let arrived = scene.inside.wait(1).remove(0);
    assert!(arrived.text().contains("Die Größe: 4711"), "{}", arrived.text());
    assert!(result(&arrived).contains("encrypted=yes"), "{}", result(&arrived));
    assert_eq!((frozen(), kept(&scene)[0].1.as_str()), (0, "opened"));
    // There are no further encrypted ones.
    sealpost(&scene.gateway, &["original", "decrypt", "--closed"]);
    assert_eq!(scene.inside.delivered().len(), 1);
    scene.gateway.sweep();
}

#[test]
fn what_went_on_unopened_comes_opened_and_what_was_opened_can_come_once_more() {
    let (_ours, key, letter) = letter_to_a_missing_key();
    let scene = Scene::new(|_| {});
    assert!(result(&scene.arrives(&letter)).contains("why=no-key"));
    sealpost(&scene.gateway, &["domain-key", "import", "insurer.example", &key]);
    let (id, _) = kept(&scene).remove(0);
    for nth in 2..4 {
        sealpost(&scene.gateway, &["original", "decrypt", &id]);
        let arrived = scene.inside.wait(nth).remove(nth - 1);
        assert!(arrived.text().contains("Die Größe: 4711"), "{}", arrived.text());
        assert_eq!(arrived.from(), "moor@clinic.example");
    }
    let (code, _, err) = scene.gateway.sealpost(&["original", "decrypt", "nothing"]);
    assert!(code != 0 && err.contains("it is not kept"), "{err}");
    assert!(!scene.gateway.log().contains(": 4711"));
    scene.gateway.sweep();
}

#[test]
fn originals_go_when_their_time_is_over_and_only_what_was_encrypted_is_kept() {
    let (_ours, _key, letter) = letter_to_a_missing_key();
    let scene = Scene::new(|config| {
        config.set("partners", "originals", r#""1 ms""#);
    });
    let house = openssl::House::new("moor@clinic.example");
    scene.arrives(&house.sign(HEAD, ENTITY));
    assert_eq!(scene.gateway.count("SELECT count(*) FROM originals"), 0, "signed alone: it stays as it came");
    scene.arrives(&letter);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM originals"), 1);
    let mark = "SELECT count(*) FROM originals WHERE instr(CAST(sealed AS TEXT), 'moor') > 0";
    assert_eq!(scene.gateway.count(mark), 0, "what is known of it is sealed");
    sealpost(&scene.gateway, &["jobs", "run", "retention"]);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM originals"), 0);
    scene.gateway.sweep();

    let scene = Scene::new(|config| {
        config.set("partners", "originals", r#""0 s""#);
    });
    scene.arrives(&letter);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM originals"), 0);
    scene.gateway.sweep();
}

/// Sealed as it came it could be opened with the server key and ours; gone, it is in no free page and in no log.
#[test]
fn an_original_whose_time_is_over_leaves_nothing_to_open() {
    let (_ours, key, letter) = letter_to_a_missing_key();
    let scene = Scene::new(|config| {
        config.set("partners", "originals", r#""1 ms""#);
    });
    sealpost(&scene.gateway, &["domain-key", "import", "insurer.example", &key]);
    assert!(scene.arrives(&letter).text().contains("Die Größe: 4711"));
    poll("an empty queue", || (scene.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let sealed = pieces(
        &scene.gateway,
        "SELECT sealed FROM originals UNION ALL SELECT bytes FROM bodies WHERE place = 'row'",
    );
    poll("it to be seen at all", || (found(&scene.gateway.home.data(), &sealed) > 0).then_some(()));
    sealpost(&scene.gateway, &["jobs", "run", "retention"]);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM originals"), 0);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM bodies"), 0);
    gone(&scene.gateway, "an original to go", &sealed);
    scene.gateway.sweep();
}
