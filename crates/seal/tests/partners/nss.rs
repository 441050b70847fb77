//! With NSS, the S/MIME of Thunderbird, by its `cmsutil`.

use sealpost_seal::{Content, Kind, OwnKey, Profile};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, own, run, text};
use crate::matrix::Block;
use crate::openssl::Partner;

struct Nss {
    folder: TempDir,
    partner: Partner,
}

impl Nss {
    fn new(partner: Partner) -> Self {
        let nss = Self { folder: lab::folder(), partner };
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

const PROGRAM: &str = "NSS 3.87 `cmsutil`";

impl Nss {
    fn knows(&self, ours: &OwnKey) {
        let database = format!("sql:{}", text(self.folder.path()));
        let pem = self.partner.put("ours.pem", ours.public().to_text().unwrap().as_bytes());
        let trust = ["-A", "-d", &database, "-n", "insurer", "-t", "P,P,P", "-i", text(&pem)];
        run("certutil", &trust, b"").unwrap();
    }

    /// The content of a letter that we have encrypted for it.
    fn opens(&self, letter: &[u8], ours: &OwnKey, profile: Profile) -> Result<Vec<u8>, String> {
        let sent = closed(letter, Some(ours), std::slice::from_ref(self.partner.public()), profile);
        let inner = self.run("cmsutil", &["-D"], &der(&sent))?;
        self.partner.verifies(&inner, ours)
    }

    /// A letter that it has signed and encrypted to mail@insurer.example.
    fn writes(&self, entity: &[u8]) -> Result<Vec<u8>, String> {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let signed = self.run("cmsutil", &["-S", "-N", "clinic", "-G"], entity)?;
        let signed = format!(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            engine.encode(signed)
        );
        let message = self.run("cmsutil", &["-E", "-r", "mail@insurer.example"], signed.as_bytes())?;
        let letter = format!(
            "From: info@clinic.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            engine.encode(message)
        );
        Ok(letter.into_bytes())
    }
}

#[test]
fn nss_reads_the_default_profile_and_we_read_what_it_writes() {
    let mut block = Block::of("nss");
    let nss = Nss::new(Partner::rsa());
    let ours = own(Kind::SmimeRsa3072);
    nss.knows(ours);
    for (name, letter) in lab::letters() {
        let content = nss.opens(&letter, ours, Profile::default()).unwrap();
        assert_eq!(body(&crlf(&content)), body(&letter), "{name}");
    }
    let what = "to RSA-2048, signed by RSA-3072: CBC, PKCS#1, PKCS#1 (the default)";
    block.yes(PROGRAM, "reads ours", what);
    for (what, profile) in [
        ("GCM, PKCS#1", Profile { content: Content::Aes256Gcm, ..Profile::default() }),
        ("GCM, OAEP, PSS (BSI)", Profile::bsi()),
    ] {
        let outcome = nss.opens(&lab::letters()[0].1, ours, profile).map(|_| ());
        let what = format!("to RSA-2048, signed by RSA-3072: {what}; text alone");
        block.row(PROGRAM, "reads ours", &what, &outcome);
    }
    let large = lab::large(30 << 20);
    let content = nss.opens(&large, ours, Profile::default()).unwrap();
    assert!(body(&crlf(&content)) == body(&large));
    block.yes(PROGRAM, "reads ours", "30 MB: to RSA-2048, signed by RSA-3072, the default");
    for (name, entity) in lab::entities() {
        lab::reads(&nss.writes(&entity).unwrap(), ours, nss.partner.public(), &entity, name);
    }
    block.yes(PROGRAM, "writes to us", "to RSA-3072, signed by RSA-2048: its own choice of cipher, opaque");
    let large = lab::large_entity(30 << 20);
    lab::reads(&nss.writes(&large).unwrap(), ours, nss.partner.public(), &large, "30 MB");
    block.yes(PROGRAM, "writes to us", "30 MB: to RSA-3072, signed by RSA-2048");

    let curve = Nss::new(Partner::curve("P-256"));
    curve.knows(ours);
    let read = curve.opens(&lab::letters()[0].1, ours, Profile::default()).map(|_| ());
    block.row(PROGRAM, "reads ours", "to P-256, signed by RSA-3072: the default; text alone", &read);
    let (_, entity) = lab::entities().remove(0);
    let written = curve.writes(&entity);
    if let Ok(letter) = &written {
        lab::reads(letter, ours, curve.partner.public(), &entity, "P-256");
    }
    let what = "to RSA-3072, signed by P-256: its own choice of cipher, opaque; text alone";
    block.row(PROGRAM, "writes to us", what, &written.map(|_| ()));
    block.kept();
}
