//! With Sequoia's `sq` (another version than the library we use) and rnp, the OpenPGP of Thunderbird.

use sealpost_seal::{Kind, PartnerKey, Profile};

use crate::gnupg::{Gpg, armour, as_letter};
use crate::lab::{self, body, closed, own, run, text};
use crate::matrix::Block;

const SQ: &str = "sq 0.27";
const RNP: &str = "rnp 0.16";

#[test]
fn sq_reads_what_we_close_and_we_read_what_it_closes() {
    let mut block = Block::of("sq");
    let folder = lab::folder();
    let at = |name: &str| folder.path().join(name);
    let (secret, our_cert) = (at("key.pgp"), at("ours.pgp"));
    let ours = own(Kind::OpenPgpCurve25519);
    std::fs::write(&our_cert, ours.public().as_bytes()).unwrap();
    let user = "Clinic <info@clinic.example>";
    run("sq", &["key", "generate", "--userid", user, "--export", text(&secret)], b"").unwrap();
    let cert = run("sq", &["key", "extract-cert", text(&secret)], b"").unwrap();
    let partner = PartnerKey::read(&cert).unwrap().remove(0);
    let reads = |letter: &[u8], what: &str| {
        let sent = closed(letter, Some(ours), std::slice::from_ref(&partner), Profile::default());
        let fixed = ["decrypt", "--recipient-key", text(&secret), "--signer-cert", text(&our_cert)];
        let plain = run("sq", &fixed, armour(&sent)).unwrap();
        assert!(body(&plain) == body(letter), "{what}");
    };
    let writes = |entity: &[u8], what: &str| {
        let arguments = ["encrypt", "--recipient-cert", text(&our_cert), "--signer-key", text(&secret)];
        let letter = as_letter(&run("sq", &arguments, entity).unwrap());
        lab::reads(&letter, ours, &partner, entity, what);
    };
    lab::letters().iter().for_each(|(what, letter)| reads(letter, what));
    block.yes(SQ, "reads ours", "to Curve25519, signed by Curve25519");
    lab::entities().iter().for_each(|(what, entity)| writes(entity, what));
    block.yes(SQ, "writes to us", "to Curve25519, signed by Curve25519");
    reads(&lab::large(30 << 20), "30 MB");
    block.yes(SQ, "reads ours", "30 MB: to Curve25519, signed by Curve25519");
    writes(&lab::large_entity(30 << 20), "30 MB");
    block.yes(SQ, "writes to us", "30 MB: to Curve25519, signed by Curve25519");
    block.kept();
}

#[test]
fn rnp_reads_what_we_close_and_we_read_what_it_closes() {
    let mut block = Block::of("rnp");
    let ours = own(Kind::OpenPgpCurve25519);
    for (name, algorithm) in [("RSA-3072", "rsa3072"), ("Curve25519", "ed25519")] {
        let folder = lab::folder();
        let home = text(folder.path());
        // A key that gpg made: rnp's own generation asks at a terminal.
        let gpg = Gpg::new(algorithm);
        let file = |name: &str| folder.path().join(name);
        let import = |name: &str, bytes: &[u8]| {
            std::fs::write(file(name), bytes).unwrap();
            run("rnpkeys", &["--homedir", home, "--import", text(&file(name))], b"").unwrap();
        };
        import("secret.pgp", &gpg.run(&["--export-secret-keys"], b"").unwrap());
        import("ours.pgp", ours.public().as_bytes());
        let rnp = |what: &[&str], bytes: &[u8]| {
            let (input, output) = (file("in"), file("out"));
            std::fs::write(&input, bytes).unwrap();
            let fixed = ["--homedir", home, "--password", "", "--overwrite", "--output", text(&output)];
            run("rnp", &[&fixed[..], what, &[text(&input)]].concat(), b"").unwrap();
            std::fs::read(&output).unwrap()
        };
        let reads = |letter: &[u8], what: &str| {
            let sent = closed(letter, Some(ours), &[gpg.public()], Profile::default());
            assert!(body(&rnp(&["--decrypt"], armour(&sent))) == body(letter), "{what}");
        };
        let writes = |entity: &[u8], what: &str| {
            let to = ["-r", "mail@insurer.example", "-u", "info@clinic.example"];
            let message = rnp(&[&["--armor", "--sign", "--encrypt"], &to[..]].concat(), entity);
            lab::reads(&as_letter(&message), ours, &gpg.public(), entity, what);
        };
        lab::letters().iter().for_each(|(what, letter)| reads(letter, what));
        block.yes(RNP, "reads ours", &format!("to {name}, signed by Curve25519"));
        lab::entities().iter().for_each(|(what, entity)| writes(entity, what));
        block.yes(RNP, "writes to us", &format!("to Curve25519, signed by {name}"));
        if name == "RSA-3072" {
            reads(&lab::large(30 << 20), "30 MB");
            block.yes(RNP, "reads ours", &format!("30 MB: to {name}, signed by Curve25519"));
            writes(&lab::large_entity(30 << 20), "30 MB");
            block.yes(RNP, "writes to us", &format!("30 MB: to Curve25519, signed by {name}"));
        }
    }
    block.kept();
}
