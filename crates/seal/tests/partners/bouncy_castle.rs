//! Against BouncyCastle, the S/MIME of gateways written in Java: both ways.

use sealpost_seal::{Content, Form, Kind, Profile, Wholeness};

use crate::lab::{self, body, closed, crlf, open, own, run, text, trusted};
use crate::matrix::row;
use crate::openssl::Partner;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/partners/Bc.java");
const JARS: [&str; 6] = ["bcmail", "bcpkix", "bcutil", "bcprov", "javax.mail", "javax.activation"];

fn java(partner: &Partner, what: &str, rest: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let p12 = partner.at("java.p12");
    if !p12.exists() {
        let (key, cert) = (partner.at("key.pem"), partner.at("cert.pem"));
        let export = ["pkcs12", "-export", "-inkey", text(&key), "-in", text(&cert), "-passout", "pass:x"];
        run("openssl", &[&export[..], &["-out", text(&p12)]].concat(), b"").unwrap();
    }
    let path = JARS.map(|jar| format!("/usr/share/java/{jar}.jar")).join(":");
    // One small program after the other: compiling well would take longer than they run.
    let fixed = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", &path, PROGRAM, what, text(&p12)];
    run("java", &[&fixed[..], rest].concat(), input)
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
    let entity = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nfrom java\r\n";
    for (name, partner) in [("RSA", &rsa), ("P-256", &curve)] {
        let to = std::slice::from_ref(partner.public());
        let ours_pem = partner.put("ours.pem", ours.public().to_text().unwrap().as_bytes());
        for (what, profile) in [
            ("CBC, PKCS#1, PKCS#1 (the default)", Profile::default()),
            ("CBC, opaque", opaque),
            ("GCM", gcm),
            ("GCM, OAEP, PSS (BSI)", Profile::bsi()),
        ] {
            let mut letters = lab::letters();
            if what.starts_with("GCM") || what.ends_with("opaque") {
                letters.truncate(1);
            }
            for (letter_name, letter) in letters {
                let sent = closed(&letter, Some(ours), to, profile);
                let content = java(partner, "open", &[text(&ours_pem)], &der(&sent)).unwrap();
                assert_eq!(body(&crlf(&content)), body(&letter), "{name}, {what}, {letter_name}");
            }
            row("BouncyCastle 1.72", "reads ours", &format!("to {name}: {what}"), &Ok(()));
        }
        for cipher in ["AES128-CBC", "AES256-CBC", "3DES", "AES256-GCM"] {
            let (ours, pem) = match name {
                "RSA" => (ours, ours_pem.clone()),
                _ => {
                    let ours = own(Kind::SmimeP256);
                    (ours, partner.put("ours-ec.pem", ours.public().to_text().unwrap().as_bytes()))
                }
            };
            let message = java(partner, "close", &[text(&pem), cipher], entity).unwrap();
            let letter = [&b"From: info@clinic.example\r\nMIME-Version: 1.0\r\n"[..], &message].concat();
            let (opened, got) = open(&letter, &[ours], &[trusted(partner.public())]);
            assert!(opened.proven_sender().is_some(), "{name}, {cipher}: {opened:?}");
            assert_eq!(opened.wholeness, Wholeness::Authenticated);
            assert_eq!(body(&got), b"from java\r\n");
            row("BouncyCastle 1.72", "writes to us", &format!("signed by {name}: {cipher}"), &Ok(()));
        }
    }
    let large = lab::large(30 << 20);
    let ours_pem = rsa.at("ours.pem");
    let sent = closed(&large, Some(ours), std::slice::from_ref(rsa.public()), Profile::default());
    let content = java(&rsa, "open", &[text(&ours_pem)], &der(&sent)).unwrap();
    assert_eq!(body(&crlf(&content)).len(), body(&large).len());
    row("BouncyCastle 1.72", "reads ours", "30 MB", &Ok(()));
}
