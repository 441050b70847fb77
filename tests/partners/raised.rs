//! The capabilities that a partner's programs declare in their signatures (SMIMECapabilities): recorded with the
//! trusted certificate, letters use stronger encryption from then on, and nothing later weakens it.

use rig::{Config, Gateway, Hop, letters};

use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::path;
use super::{openssl, sealpost};

/// The partner's house: another Sealpost with this key, which signs what it sends.
fn partners_gateway(house: &openssl::House, world: &Hop) -> Gateway {
    let mut config = Config::new(world);
    config.set("gateway", "name", r#""gate.clinic.example""#).rule(
        "signed",
        r#"{ recipient = "*@insurer.example" }"#,
        r#""sign""#,
    );
    let gateway = Gateway::start(&config);
    let [file, passphrase] = super::personal_keys::pkcs12(house);
    let import = ["domain-key", "import", "clinic.example", &file, "--passphrase-file", &passphrase];
    sealpost(&gateway, &import);
    gateway
}

/// A letter that the partner's gateway has signed.
fn signed_letter(gateway: &Gateway, world: &Hop, text: &str) -> Vec<u8> {
    let letter = String::from_utf8(letters::plain("Befund", text)).unwrap();
    let letter = letter.replace("insurer.example", "clinic.example");
    let to = ["erika.muster@insurer.example"];
    gateway.smtp().letter("erika.muster@clinic.example", &to, letter.as_bytes()).expect("250 *");
    world.wait_where(text, |delivered| delivered.text().contains(text)).bytes
}

/// The encryption of a letter to the partner: the media type of RFC 8551 §3.2.2.
fn closed_as(scene: &Scene, text: &str) -> String {
    let before = scene.outside.delivered().len();
    let letter = letters::plain("Frage", text);
    let to = ["doctor@clinic.example"];
    scene.gateway.smtp().letter("erika.muster@insurer.example", &to, &letter).expect("250 *");
    let letter = scene.outside.wait(before + 1).remove(before).text();
    let form = letter.split("smime-type=").nth(1).unwrap();
    form.split([';', '\r']).next().unwrap().trim_matches('"').to_owned()
}

fn events(gateway: &Gateway) -> usize {
    sealpost(gateway, &["audit", "export"]).matches("partner.key-raised").count()
}

#[test]
fn a_trusted_partner_s_letters_are_closed_in_a_stronger_form_once_its_gateway_says_so_and_stay_so() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("securemail@clinic.example");
    let world = Hop::new();
    let gateway = partners_gateway(&house, &world);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    // What openssl says of itself is what everybody reads.
    assert!(result(&scene.arrives(&house.sign(HEAD, ENTITY))).contains("signed=valid"));
    assert_eq!(closed_as(&scene, "eins"), "enveloped-data");

    let letter = signed_letter(&gateway, &world, "Befund 4711");
    // Changed on its way: what its signature says counts for nothing.
    let changed = String::from_utf8(letter.clone()).unwrap().replace("Befund 4711", "Befund 4712");
    assert!(result(&scene.arrives(changed.as_bytes())).contains("signed=invalid"));
    assert_eq!((closed_as(&scene, "zwei").as_str(), events(&scene.gateway)), ("enveloped-data", 0));

    for _ in 0..2 {
        assert!(result(&scene.arrives(&letter)).contains("signed=valid"));
    }
    assert_eq!(closed_as(&scene, "drei"), "authEnveloped-data");
    let shown = sealpost(&scene.gateway, &["partner", "show", "clinic.example"]);
    for able in ["AES-256-GCM", "RSAES-OAEP", "RSASSA-PSS"] {
        assert!(shown.contains(able), "{shown}");
    }
    // Less said later takes nothing away.
    assert!(result(&scene.arrives(&house.sign(HEAD, ENTITY))).contains("signed=valid"));
    assert_eq!((closed_as(&scene, "vier").as_str(), events(&scene.gateway)), ("authEnveloped-data", 1));
    scene.gateway.sweep();
    gateway.sweep();
}

#[test]
fn a_key_that_nobody_trusts_raises_nothing() {
    let scene = Scene::new(|config| {
        config.set("partners", "harvest", r#""any""#);
    });
    let (house, world) = (openssl::House::new("securemail@clinic.example"), Hop::new());
    let gateway = partners_gateway(&house, &world);
    let trusted = openssl::House::new("info@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&trusted), "--yes"]);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--offer"]);
    let letter = signed_letter(&gateway, &world, "Befund 4711");
    assert!(!result(&scene.arrives(&letter)).contains("signed=valid"));
    assert_eq!((closed_as(&scene, "eins").as_str(), events(&scene.gateway)), ("enveloped-data", 0));
    scene.gateway.sweep();
    gateway.sweep();
}
