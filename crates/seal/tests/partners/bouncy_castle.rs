//! With BouncyCastle, the S/MIME of gateways written in Java: in both directions.

use std::path::{Path, PathBuf};

use sealpost_seal::{Content, Form, Kind, Profile};

use crate::lab::{self, body, closed, crlf, own, run, text};
use crate::matrix::Block;
use crate::openssl::Partner;
use crate::resident::Resident;

const NAME: &str = "BouncyCastle 1.72";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/partners/Bc.java");
const JARS: [&str; 6] = ["bcmail", "bcpkix", "bcutil", "bcprov", "javax.mail", "javax.activation"];

/// The program, waiting for its next job.
fn java(folder: &Path) -> Resident {
    let jars = JARS.map(|jar| format!("/usr/share/java/{jar}.jar")).join(":");
    run("javac", &["-cp", &jars, "-d", text(folder), PROGRAM], b"").unwrap();
    let path = format!("{}:{jars}", text(folder));
    // Small jobs one after the other: optimising would take longer than running them.
    Resident::start("java", &["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", &path, "Bc"])
}

/// Key and certificate of a partner as Java wants them.
fn p12(partner: &Partner) -> PathBuf {
    let (key, cert, p12) = (partner.at("key.pem"), partner.at("cert.pem"), partner.at("java.p12"));
    let export = ["pkcs12", "-export", "-inkey", text(&key), "-in", text(&cert), "-passout", "pass:x"];
    run("openssl", &[&export[..], &["-out", text(&p12)]].concat(), b"").unwrap();
    p12
}

fn der(letter: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let clean: Vec<u8> = body(letter).iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(clean).unwrap()
}

#[test]
fn bouncy_castle_reads_what_we_close_and_we_read_what_it_closes() {
    let ours = own(Kind::SmimeRsa3072);
    let gcm = Profile { content: Content::Aes256Gcm, ..Profile::default() };
    let opaque = Profile { form: Form::Opaque, ..Profile::default() };
    let (rsa, curve) = (Partner::rsa(), Partner::curve("P-256"));
    let classes = lab::folder();
    let mut java = java(classes.path());
    let mut block = Block::of("bouncy castle");
    for (name, partner) in [("RSA-2048", &rsa), ("P-256", &curve)] {
        let to = std::slice::from_ref(partner.public());
        let p12 = p12(partner);
        let ours_pem = partner.put("ours.pem", ours.public().to_text().unwrap().as_bytes());
        for (what, profile) in [
            ("CBC, PKCS#1, PKCS#1 (the default)", Profile::default()),
            ("CBC, opaque", opaque),
            ("GCM", gcm),
            ("GCM, OAEP, PSS (BSI)", Profile::bsi()),
        ] {
            for (letter_name, letter) in lab::letters() {
                let sent = closed(&letter, Some(ours), to, profile);
                let content = java.ask(&["open", text(&p12), text(&ours_pem)], &der(&sent)).unwrap();
                assert_eq!(body(&crlf(&content)), body(&letter), "{name}, {what}, {letter_name}");
            }
            block.yes(NAME, "reads ours", &format!("to {name}, signed by RSA-3072: {what}"));
        }
        for cipher in ["AES128-CBC", "AES256-CBC", "3DES", "AES256-GCM"] {
            let (ours, pem) = match name {
                "RSA-2048" => (ours, ours_pem.clone()),
                _ => {
                    let ours = own(Kind::SmimeP256);
                    (ours, partner.put("ours-ec.pem", ours.public().to_text().unwrap().as_bytes()))
                }
            };
            for (entity_name, entity) in lab::entities() {
                let message = java.ask(&["close", text(&p12), text(&pem), cipher], &entity).unwrap();
                let letter = [&b"From: info@clinic.example\r\nMIME-Version: 1.0\r\n"[..], &message].concat();
                let what = format!("{name}, {cipher}, {entity_name}");
                lab::reads(&letter, ours, partner.public(), &entity, &what);
            }
            let to = if name == "RSA-2048" { "RSA-3072" } else { "P-256" };
            block.yes(NAME, "writes to us", &format!("to {to}, signed by {name}, detached: {cipher}"));
        }
    }
    let large = lab::large(30 << 20);
    let (p12, ours_pem) = (rsa.at("java.p12"), rsa.at("ours.pem"));
    let sent = closed(&large, Some(ours), std::slice::from_ref(rsa.public()), Profile::default());
    let content = java.ask(&["open", text(&p12), text(&ours_pem)], &der(&sent)).unwrap();
    assert!(body(&crlf(&content)) == body(&large));
    block.yes(NAME, "reads ours", "30 MB: to RSA-2048, signed by RSA-3072, the default");
    let large = lab::large_entity(30 << 20);
    let message = java.ask(&["close", text(&p12), text(&ours_pem), "AES256-CBC"], &large).unwrap();
    let letter = [&b"From: info@clinic.example\r\nMIME-Version: 1.0\r\n"[..], &message].concat();
    lab::reads(&letter, ours, rsa.public(), &large, "30 MB");
    block.yes(NAME, "writes to us", "30 MB: to RSA-3072, signed by RSA-2048, detached: AES256-CBC");
    block.kept();
}
