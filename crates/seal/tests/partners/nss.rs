//! Against NSS, the S/MIME of Thunderbird, by its `cmsutil`.

use sealpost_seal::{Content, Kind, Profile, Wholeness};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, open, own, run, text, trusted};
use crate::matrix::row;
use crate::openssl::Partner;

struct Nss {
    folder: TempDir,
    partner: Partner,
}

impl Nss {
    fn new() -> Self {
        let nss = Self { folder: lab::folder(), partner: Partner::rsa() };
        let at = |name: &str| nss.partner.at(name);
        let (key, cert, ca, p12) = (at("key.pem"), at("cert.pem"), at("ca.pem"), at("k.p12"));
        let database = format!("sql:{}", text(nss.folder.path()));
        run("certutil", &["-N", "-d", &database, "--empty-password"], b"").unwrap();
        let export = [
            "pkcs12",
            "-export",
            "-inkey",
            text(&key),
            "-in",
            text(&cert),
            "-name",
            "clinic",
            "-passout",
            "pass:x",
            "-out",
            text(&p12),
        ];
        run("openssl", &export, b"").unwrap();
        run("pk12util", &["-i", text(&p12), "-d", &database, "-W", "x", "-K", ""], b"").unwrap();
        run("certutil", &["-A", "-d", &database, "-n", "root", "-t", "CT,C,C", "-i", text(&ca)], b"")
            .unwrap();
        nss
    }

    fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let database = format!("sql:{}", text(self.folder.path()));
        let input = self.partner.put("nss.in", input);
        let output = self.partner.at("nss.out");
        let last = ["-d", &database, "-i", text(&input), "-o", text(&output)];
        run(program, &[arguments, &last].concat(), b"")?;
        std::fs::read(output).map_err(|error| error.to_string())
    }
}

fn der(letter: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let clean: Vec<u8> = body(letter).iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(clean).unwrap()
}

#[test]
fn nss_reads_the_default_profile_and_we_read_what_it_writes() {
    let nss = Nss::new();
    let ours = own(Kind::SmimeRsa3072);
    let database = format!("sql:{}", text(nss.folder.path()));
    let ours_pem = nss.partner.put("ours.pem", ours.public().to_text().unwrap().as_bytes());
    run("certutil", &["-A", "-d", &database, "-n", "insurer", "-t", "P,P,P", "-i", text(&ours_pem)], b"")
        .unwrap();
    let to = std::slice::from_ref(nss.partner.public());
    for (name, letter) in lab::letters() {
        let sent = closed(&letter, Some(ours), to, Profile::default());
        let inner = nss.run("cmsutil", &["-D"], &der(&sent)).unwrap();
        let content = nss.partner.verifies(&inner, ours).unwrap();
        assert_eq!(body(&crlf(&content)), body(&letter), "{name}");
    }
    row("NSS cmsutil", "reads ours", "CBC, PKCS#1, PKCS#1 (the default)", &Ok(()));
    for (what, profile) in [
        ("GCM, PKCS#1", Profile { content: Content::Aes256Gcm, ..Profile::default() }),
        ("GCM, OAEP, PSS (BSI)", Profile::bsi()),
    ] {
        let sent = closed(&lab::letters()[0].1, Some(ours), to, profile);
        row("NSS cmsutil", "reads ours", what, &nss.run("cmsutil", &["-D"], &der(&sent)).map(|_| ()));
    }

    let entity = b"Content-Type: text/plain\r\n\r\nfrom nss\r\n";
    let signed = nss.run("cmsutil", &["-S", "-N", "clinic", "-G"], entity).unwrap();
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let signed = format!(
        "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        engine.encode(signed)
    );
    let message = nss.run("cmsutil", &["-E", "-r", "mail@insurer.example"], signed.as_bytes()).unwrap();
    let letter = format!(
        "From: info@clinic.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        engine.encode(message)
    );
    let (opened, got) = open(letter.as_bytes(), &[ours], &[trusted(nss.partner.public())]);
    assert!(opened.proven_sender().is_some() && opened.wholeness == Wholeness::Authenticated, "{opened:?}");
    assert_eq!(body(&got), b"from nss\r\n");
    row("NSS cmsutil", "writes to us", "its own choice of cipher, signed", &Ok(()));
}
