//! Employees' keys to which partners have encrypted so far, imported from files: the gateway decrypts with
//! them, and signs no letters with them.

use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::{our_certificate, path};
use super::{gpg, openssl, sealpost};

fn readable_by_us_alone(file: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// PKCS#12 with the house's key, and the file with its passphrase, for us alone.
pub(crate) fn pkcs12(house: &openssl::House) -> [String; 2] {
    let (key, certificate, file) =
        (house.path("key.pem"), house.path("certificate.pem"), house.path("key.p12"));
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-out", &file];
    house.openssl(&[&export[..], &["-passout", "pass:open sesame"]].concat());
    let files = [file, house.write("passphrase", b"open sesame\n")];
    files.iter().for_each(|file| readable_by_us_alone(file));
    files
}

/// Imports an employee's key with its passphrase.
fn import(scene: &Scene, files: &[String; 2]) {
    files.iter().for_each(|file| readable_by_us_alone(file));
    let [file, passphrase] = files;
    let import = ["domain-key", "import", "insurer.example", file, "--passphrase-file", passphrase];
    let said = sealpost(&scene.gateway, &[&import[..], &["--opens-only"]].concat());
    assert!(said.contains("opens letters and signs none"), "{said}");
}

#[test]
fn a_letter_to_an_employee_s_certificate_is_opened_and_signed_for_nobody_with_it() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let erika = openssl::House::new("erika.muster@insurer.example");
    let hers = std::fs::read_to_string(erika.certificate()).unwrap();
    let before = our_certificate(&scene.gateway);
    assert_ne!(before, hers);

    let closed = scene.arrives(&house.close(HEAD, ENTITY, &hers));
    assert!(result(&closed).contains("encrypted=not-opened; why=no-key"), "{}", result(&closed));
    import(&scene, &pkcs12(&erika));
    let opened = scene.arrives(&house.close(HEAD, ENTITY, &hers));
    let found = result(&opened);
    assert!(opened.text().contains("Die Größe: 4711"), "{}", opened.text());
    assert!(found.contains("encrypted=yes") && found.contains("signed=valid"), "{found}");

    // What leaves is signed with the house's key, for her and for everybody.
    assert_eq!(our_certificate(&scene.gateway), before);
    let letter = rig::letters::plain("Frage", "Die Antwort: 4712");
    let to = ["doctor@clinic.example"];
    scene.gateway.smtp().letter("erika.muster@insurer.example", &to, &letter).expect("250 *");
    let copy = scene.outside.wait_to("doctor@clinic.example");
    assert!(house.open(&copy.bytes, &before).contains("4712"));
    scene.gateway.sweep();
}

#[test]
fn a_letter_to_an_employee_s_openpgp_key_is_opened() {
    let scene = Scene::new(|_| {});
    let house = gpg::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", house.key().to_str().unwrap(), "--yes"]);
    let (erika, secret) = gpg::House::protected("erika.muster@insurer.example", "ed25519", "open sesame");
    let passphrase = scene.gateway.home.write("passphrase", b"open sesame\n");
    import(&scene, &[secret, passphrase.to_str().unwrap().to_owned()]);
    house.import(&std::fs::read_to_string(erika.key()).unwrap());
    let opened = scene.arrives(&house.close(HEAD, ENTITY, "erika.muster@insurer.example"));
    let found = result(&opened);
    assert!(opened.text().contains("4711"), "{}", opened.text());
    assert!(found.contains("encrypted=yes") && found.contains("signed=valid"), "{found}");
    scene.gateway.sweep();
}
