//! A key of ours in a token: generated there, certified by an authority, used for signing and decrypting, with every
//! RSA scheme of openssl; and one that was in the token before.

use rig::gateway::{Home, mode};
use rig::softhsm::{PIN, SoftHsm};
use rig::{Delivered, Gateway, Hop, Smtp, letters};

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, result};
use super::out::{our_certificate, path};
use super::{insurer, openssl, sealpost};

/// An insurer with a token, and nothing in it yet.
pub(super) struct Scene {
    world: std::net::SocketAddr,
    pub(super) hsm: SoftHsm,
    pub(super) inside: Hop,
    pub(super) outside: Hop,
    pub(super) gateway: Gateway,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut rig::Config)) -> Self {
        let (outside, inside, hsm) = (Hop::new(), Hop::new(), SoftHsm::new());
        let (mut config, world) = insurer(&outside, &inside);
        hsm.configure(&mut config);
        change(&mut config);
        let home = Home::new(&config);
        home.write("token.pin", format!("{PIN}\n").as_bytes());
        let gateway = Gateway::start_in_with(home, &config, &hsm.environment());
        Self { world, hsm, inside, outside, gateway }
    }

    /// A stranger hands in this letter.
    pub(super) fn hand_in(&self, letter: &[u8]) -> rig::smtp::Reply {
        let mut client = Smtp::connect(self.world);
        client.ehlo();
        client.letter("moor@clinic.example", &["erika.muster@insurer.example"], letter)
    }

    pub(super) fn arrives(&self, letter: &[u8]) -> Delivered {
        let before = self.inside.delivered().len();
        self.hand_in(letter).expect("250 *");
        self.inside.wait(before + 1).remove(before)
    }

    /// An employee writes to the clinic.
    pub(super) fn write(&self) -> rig::smtp::Reply {
        let letter = letters::plain("Befund", "Die Größe: 4711");
        self.gateway.smtp().letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
    }
}

#[test]
fn a_key_made_in_a_token_and_certified_signs_and_opens() {
    let scene = Scene::new();
    let authority = Authority::new();
    let house = openssl::House::new("moor@clinic.example");
    let make =
        ["domain-key", "make", "insurer.example", "--name", "Insurer", "--token", "hsm", "--label", "ours"];
    let said = sealpost(&scene.gateway, &make);
    assert!(said.contains("in the token hsm: \"ours\""), "{said}");
    let (code, _, err) = scene.gateway.sealpost(&make);
    assert!(code != 0 && err.contains("is there already"), "{err}");
    let objects = scene.hsm.objects();
    assert!(objects.contains("never extractable") && objects.contains("sensitive"), "{objects}");

    let made = our_certificate(&scene.gateway);
    let listed = sealpost(&scene.gateway, &["domain-key", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((listed["token"].as_str(), listed["label"].as_str()), (Some("hsm"), Some("ours")));
    let fingerprint = listed["fingerprint"].as_str().unwrap();
    let request = sealpost(&scene.gateway, &["domain-key", "csr", fingerprint, "--name", "Insurer"]);
    let request_file = house.write("request.pem", request.as_bytes());
    house.openssl(&["req", "-verify", "-noout", "-in", &request_file]);
    let issued = authority.certifies(&request, None);
    sealpost(&scene.gateway, &["domain-key", "certify", fingerprint, &issued]);
    let certificate = our_certificate(&scene.gateway);
    assert_ne!(made, certificate);
    let (code, out, err) = scene.gateway.sealpost(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("token hsm: the key \"ours\" signs and decrypts") && !err.contains("token"),
        "{out}{err}"
    );

    // Out: signed in the token, and encrypted.
    for profile in ["compatible", "bsi"] {
        sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
        sealpost(&scene.gateway, &["partner", "set", "clinic.example", "--profile", profile]);
        let before = scene.outside.delivered().len();
        scene.write().expect("250 *");
        let copy = scene.outside.wait(before + 1).remove(before);
        let root = std::fs::read_to_string(authority.root()).unwrap();
        let clear = house.open(&copy.bytes, &root);
        assert!(clear.contains("Die Größe: 4711"), "{profile}: {clear}");
        sealpost(&scene.gateway, &["partner", "remove", "clinic.example", "--yes"]);
    }

    // In: whatever openssl does, to the certificate of now and to that of before.
    let oaep = "rsa_padding_mode:oaep";
    for how in [
        &["-aes256"][..],
        &["-aes128"],
        &["-des3"],
        &["-aes256", "-keyid"],
        &["-aes-256-gcm"],
        &["-aes-128-gcm", "-keyopt", oaep],
        &["-aes256", "-keyopt", oaep],
        &["-aes-256-gcm", "-keyopt", oaep, "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256"],
    ] {
        for ours in [&certificate, &made] {
            let arrived = scene.arrives(&encrypted(&house, ours, how));
            let found = result(&arrived);
            assert!(arrived.text().contains("Die Größe: 4711"), "{how:?}: {found}");
            assert!(found.contains("encrypted=yes"), "{how:?}: {found}");
        }
    }
    let arrived = scene.arrives(&house.close(HEAD, ENTITY, &certificate));
    assert!(arrived.text().contains("4711") && result(&arrived).contains("signed="), "{}", result(&arrived));
    scene.gateway.sweep();
}

/// A letter encrypted, not signed, to this certificate. It precedes `-keyopt`, which refers to it.
fn encrypted(house: &openssl::House, certificate: &str, how: &[&str]) -> Vec<u8> {
    let to = house.write("to.pem", certificate.as_bytes());
    let (ciphers, options): (Vec<&str>, Vec<&str>) = match how.iter().position(|word| *word == "-keyopt") {
        None => (how.to_vec(), Vec::new()),
        Some(at) => (how[..at].to_vec(), how[at..].to_vec()),
    };
    let clear = house.write("clear.eml", ENTITY.replace('\n', "\r\n").as_bytes());
    let out = house.path("encrypted.eml");
    let encrypt = ["cms", "-encrypt", "-in", &clear, "-out", &out];
    house.openssl(&[&encrypt[..], &ciphers, &["-recip", &to], &options].concat());
    let entity = String::from_utf8(std::fs::read(out).unwrap()).unwrap();
    format!("{HEAD}{entity}").replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

#[test]
fn keys_on_curves_in_a_token_sign_and_open() {
    let scene = Scene::new();
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    for (kind, label) in [("smime-p256", "p-256"), ("smime-p384", "p-384")] {
        let make = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", kind];
        sealpost(&scene.gateway, &[&make[..], &["--token", "hsm", "--label", label]].concat());
        let certificate = our_certificate(&scene.gateway);
        let (code, out, err) = scene.gateway.sealpost(&["check"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains(&format!("the key {label:?} signs and decrypts")), "{out}{err}");
        let before = scene.outside.delivered().len();
        scene.write().expect("250 *");
        let copy = scene.outside.wait(before + 1).remove(before);
        assert!(house.open(&copy.bytes, &certificate).contains("Die Größe: 4711"), "{kind}");
        for how in [
            &["-aes256"][..],
            &["-aes-256-gcm", "-keyopt", "ecdh_kdf_md:sha256"],
            &["-aes128", "-keyopt", "ecdh_kdf_md:sha384"],
            &["-aes256", "-keyid"],
        ] {
            let arrived = scene.arrives(&encrypted(&house, &certificate, how));
            assert!(arrived.text().contains("4711"), "{kind} {how:?}: {}", result(&arrived));
        }
    }
    scene.gateway.sweep();
}

#[test]
fn what_was_changed_on_its_way_stays_closed_as_with_a_key_in_the_store() {
    let scene = Scene::new();
    let house = openssl::House::new("moor@clinic.example");
    let make = ["domain-key", "make", "insurer.example", "--name", "Insurer"];
    sealpost(&scene.gateway, &make);
    let stored = our_certificate(&scene.gateway);
    sealpost(&scene.gateway, &[&make[..], &["--token", "hsm"]].concat());
    let in_token = our_certificate(&scene.gateway);
    assert_ne!(stored, in_token);
    for how in [&["-aes-256-gcm"][..], &["-aes256"]] {
        let found: Vec<Vec<String>> = [&stored, &in_token]
            .into_iter()
            .map(|certificate| {
                let letter = encrypted(&house, certificate, how);
                changes(&letter).iter().map(|changed| why(&scene.arrives(changed))).collect()
            })
            .collect();
        assert_eq!(found[0], found[1], "{how:?}");
        assert!(found[1].iter().all(|why| why.contains("not-opened")), "{how:?}: {found:?}");
    }
    scene.gateway.sweep();
}

/// The letter with one octet of its encrypted content key changed.
fn changes(letter: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(letter).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let der = base64(body);
    // The encrypted content key is the one long octet string before the content.
    let key = der.windows(4).position(|tag| tag == [0x04, 0x82, 0x01, 0x80]).unwrap() + 4;
    [key + 7, key + 380]
        .into_iter()
        .map(|at| {
            let mut changed = der.clone();
            changed[at] ^= 0x41;
            format!("{head}\r\n\r\n{}", lines(&changed)).into_bytes()
        })
        .collect()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(clean).unwrap()
}

fn lines(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.as_bytes().chunks(64).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

/// The result of decryption.
fn why(arrived: &Delivered) -> String {
    let found = result(arrived);
    found.split(": ").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_key_that_lay_in_the_token_before_is_taken_over() {
    let scene = Scene::new();
    let house = openssl::House::new("securemail@insurer.example");
    let key = house.folder.path().join("key.pem");
    scene.hsm.import(&key, "old");
    let certificate = std::fs::read_to_string(house.certificate()).unwrap();
    let import = ["domain-key", "import", "insurer.example", path(&house), "--token", "hsm"];
    let (code, _, err) = scene.gateway.sealpost(&import);
    assert!(code != 0 && err.contains("--label"), "{err}");
    let (code, _, err) = scene.gateway.sealpost(&[&import[..], &["--label", "nobody"]].concat());
    assert!(code != 0 && err.contains("no private key \"nobody\""), "{err}");
    let other = openssl::House::new("securemail@insurer.example");
    let wrong = ["domain-key", "import", "insurer.example", path(&other), "--token", "hsm", "--label", "old"];
    let (code, _, err) = scene.gateway.sealpost(&wrong);
    assert!(code != 0 && err.contains("another private key"), "{err}");
    let said = sealpost(&scene.gateway, &[&import[..], &["--label", "old"]].concat());
    assert!(said.contains("in the token hsm"), "{said}");
    let clinic = openssl::House::new("moor@clinic.example");
    let arrived = scene.arrives(&encrypted(&clinic, &certificate, &["-aes256"]));
    assert!(arrived.text().contains("4711"), "{}", result(&arrived));
    // With a certificate that it signs for itself: it is the same key pair, and in use.
    let make =
        ["domain-key", "make", "insurer.example", "--name", "Insurer", "--token", "hsm", "--label", "old"];
    let (code, _, err) = scene.gateway.sealpost(&[&make[..], &["--existing"]].concat());
    assert!(code != 0 && err.contains("in use already"), "{err}");
    scene.gateway.sweep();
}

#[test]
fn a_wrong_pin_is_told_by_check_and_tried_once() {
    let scene = Scene::new();
    sealpost(
        &scene.gateway,
        &["domain-key", "make", "insurer.example", "--name", "Insurer", "--token", "hsm"],
    );
    let pin = scene.gateway.home.path().join("token.pin");
    std::fs::write(&pin, "11111111\n").unwrap();
    let (code, out, err) = scene.gateway.sealpost(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("the token \"hsm\" cannot be logged in to: the PIN is wrong"), "{err}");
    mode(&pin, 0o644);
    let (_, _, err) = scene.gateway.sealpost(&["check"]);
    assert!(err.contains("chmod 600"), "{err}");
    std::fs::remove_file(&pin).unwrap();
    let (_, _, err) = scene.gateway.sealpost(&["check"]);
    assert!(err.contains("cannot be logged in to") && err.contains("token.pin"), "{err}");
}
