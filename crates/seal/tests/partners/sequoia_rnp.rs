//! Against Sequoia's `sq` (another version than the library we use) and rnp, the OpenPGP of Thunderbird.

use sealpost_seal::{Kind, PartnerKey, Profile, Wholeness};

use crate::gnupg::{Gpg, armour, as_letter};
use crate::lab::{self, body, closed, open, own, run, text, trusted};
use crate::matrix::row;

const ENTITY: &str =
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGröße\r\n";

#[test]
fn sq_reads_what_we_close_and_we_read_what_it_closes() {
    let folder = lab::folder();
    let at = |name: &str| folder.path().join(name);
    let (secret, public) = (at("key.pgp"), at("cert.pgp"));
    let ours = own(Kind::OpenPgpCurve25519);
    let our_cert = at("ours.pgp");
    std::fs::write(&our_cert, ours.public().as_bytes()).unwrap();
    let user = "Clinic <info@clinic.example>";
    run("sq", &["key", "generate", "--userid", user, "--export", text(&secret)], b"").unwrap();
    let cert = run("sq", &["key", "extract-cert", text(&secret)], b"").unwrap();
    std::fs::write(&public, &cert).unwrap();
    let partner = PartnerKey::read(&cert).unwrap().remove(0);
    for (name, letter) in lab::letters() {
        let sent = closed(&letter, Some(ours), std::slice::from_ref(&partner), Profile::default());
        let fixed = ["decrypt", "--recipient-key", text(&secret), "--signer-cert", text(&our_cert)];
        let plain = run("sq", &fixed, armour(&sent)).unwrap();
        assert_eq!(body(&plain), body(&letter), "{name}");
    }
    row("sq 0.27", "reads ours", "Curve25519, signed by Curve25519", &Ok(()));
    let arguments = ["encrypt", "--recipient-cert", text(&our_cert), "--signer-key", text(&secret)];
    let letter = as_letter(&run("sq", &arguments, ENTITY.as_bytes()).unwrap());
    let (opened, got) = open(&letter, &[ours], &[trusted(&partner)]);
    assert_eq!(body(&got), body(ENTITY.as_bytes()), "{opened:?}");
    assert!(opened.proven_sender().is_some() && opened.wholeness == Wholeness::Authenticated, "{opened:?}");
    row("sq 0.27", "writes to us", "Curve25519, signed", &Ok(()));
}

#[test]
fn rnp_reads_what_we_close_and_we_read_what_it_closes() {
    let folder = lab::folder();
    let home = text(folder.path());
    // A key that gpg made: rnp's own generation asks at a terminal.
    let gpg = Gpg::new("rsa3072");
    let ours = own(Kind::OpenPgpCurve25519);
    let import = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        run("rnpkeys", &["--homedir", home, "--import", text(&path)], b"").unwrap();
    };
    import("secret.pgp", &gpg.run(&["--export-secret-keys"], b"").unwrap());
    import("ours.pgp", ours.public().as_bytes());
    let file = |name: &str| folder.path().join(name);
    for (name, letter) in lab::letters() {
        let sent = closed(&letter, Some(ours), &[gpg.public()], Profile::default());
        let (input, output) = (file("in.asc"), file("out"));
        std::fs::write(&input, armour(&sent)).unwrap();
        let arguments = [
            "--homedir",
            home,
            "--password",
            "",
            "--decrypt",
            text(&input),
            "--output",
            text(&output),
            "--overwrite",
        ];
        run("rnp", &arguments, b"").unwrap();
        assert_eq!(body(&std::fs::read(&output).unwrap()), body(&letter), "{name}");
    }
    row("rnp 0.16", "reads ours", "RSA-3072, signed by Curve25519", &Ok(()));
    let (input, output) = (file("plain"), file("message.asc"));
    std::fs::write(&input, ENTITY).unwrap();
    let arguments = [
        "--homedir",
        home,
        "--password",
        "",
        "--armor",
        "--sign",
        "--encrypt",
        "-r",
        "mail@insurer.example",
        "-u",
        "info@clinic.example",
        text(&input),
        "--output",
        text(&output),
        "--overwrite",
    ];
    run("rnp", &arguments, b"").unwrap();
    let letter = as_letter(&std::fs::read(&output).unwrap());
    let (opened, got) = open(&letter, &[ours], &[trusted(&gpg.public())]);
    assert_eq!(body(&got), body(ENTITY.as_bytes()), "{opened:?}");
    assert!(opened.proven_sender().is_some(), "{opened:?}");
    row("rnp 0.16", "writes to us", "RSA-3072, signed", &Ok(()));
}
