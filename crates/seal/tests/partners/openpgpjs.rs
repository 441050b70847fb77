//! With OpenPGP.js, the OpenPGP of web mail: in both directions, and whether we read its newest format.
//! `cargo xtask test` fetches the package.

use std::path::PathBuf;

use sealpost_seal::{Kind, PartnerKey, Profile};

use crate::gnupg::{armour, as_letter};
use crate::lab::{self, body, closed, own, text};
use crate::matrix::Block;
use crate::resident::Resident;

const NAME: &str = "OpenPGP.js 6.3";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/partners/openpgpjs.mjs");

/// The program, waiting for its next job.
fn node() -> Resident {
    let worker = PathBuf::from(env!("CARGO_BIN_EXE_sealpost-seal"));
    let target = worker.ancestors().nth(2).unwrap();
    let packages = target.join("openpgpjs");
    assert!(packages.is_dir(), "OpenPGP.js is not in {}: `cargo xtask test` fetches it", packages.display());
    Resident::start("node", &[PROGRAM, text(&packages)])
}

#[test]
fn openpgpjs_reads_what_we_close_and_we_read_what_it_closes() {
    let mut node = node();
    let mut block = Block::of("openpgpjs");
    let folder = lab::folder();
    let at = |name: &str| folder.path().join(name);
    let (secret, public, ours_file) = (at("secret.asc"), at("public.asc"), at("ours.asc"));
    let ours = own(Kind::OpenPgpCurve25519);
    std::fs::write(&ours_file, ours.public().to_text().unwrap()).unwrap();
    for (kind, name) in
        [("rsa", "RSA-3072"), ("ecc", "Curve25519 (version 4)"), ("curve25519", "X25519 (version 6)")]
    {
        node.ask(&["make", kind, text(&secret), text(&public)], b"").unwrap();
        let partner = PartnerKey::read(&std::fs::read(&public).unwrap()).unwrap().remove(0);
        for (letter_name, letter) in lab::letters() {
            let sent = closed(&letter, Some(ours), std::slice::from_ref(&partner), Profile::default());
            let plain = node.ask(&["open", text(&secret), text(&ours_file)], armour(&sent)).unwrap();
            assert_eq!(body(&plain), body(&letter), "{name}, {letter_name}");
        }
        block.yes(NAME, "reads ours", &format!("to {name}, signed by Curve25519"));
        for (format, shape) in [("mdc", "SEIPDv1"), ("aead", "SEIPDv2")] {
            for (entity_name, entity) in lab::entities() {
                let message = node.ask(&["close", text(&secret), text(&ours_file), format], &entity).unwrap();
                let what = format!("{name}, {format}, {entity_name}");
                lab::reads(&as_letter(&message), ours, &partner, &entity, &what);
            }
            // It chooses itself: our key does not declare SEIPDv2.
            let asked = if format == "aead" { " asked for" } else { "" };
            block.yes(NAME, "writes to us", &format!("to Curve25519, signed by {name}: {shape}{asked}"));
        }
    }
    let large = lab::large(30 << 20);
    let partner = PartnerKey::read(&std::fs::read(&public).unwrap()).unwrap().remove(0);
    let sent = closed(&large, Some(ours), std::slice::from_ref(&partner), Profile::default());
    let plain = node.ask(&["open", text(&secret), text(&ours_file)], armour(&sent)).unwrap();
    assert!(body(&plain) == body(&large));
    block.yes(NAME, "reads ours", "30 MB: to X25519 (version 6), signed by Curve25519");
    let large = lab::large_entity(30 << 20);
    let message = node.ask(&["close", text(&secret), text(&ours_file), "mdc"], &large).unwrap();
    lab::reads(&as_letter(&message), ours, &partner, &large, "30 MB");
    block.yes(NAME, "writes to us", "30 MB: to Curve25519, signed by X25519 (version 6)");
    block.kept();
}
