//! With gpgsm 2.2, the S/MIME of GnuPG: it reads AES-CBC with PKCS#1 v1.5 and nothing newer.

use sealpost_seal::{Kind, OwnKey, Profile};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, own, run, run_with, text};
use crate::matrix::Block;
use crate::openssl::Partner;

struct Gpgsm {
    home: TempDir,
    partner: Partner,
}

impl Drop for Gpgsm {
    fn drop(&mut self) {
        let _ = run("gpgconf", &["--homedir", text(self.home.path()), "--kill", "all"], b"");
    }
}

impl Gpgsm {
    /// Or its error about a key that it does not accept.
    fn new(partner: Partner) -> Result<Self, String> {
        let gpgsm = Self { home: lab::folder(), partner };
        let home = gpgsm.home.path();
        std::fs::write(home.join("gpgsm.conf"), "disable-crl-checks\nbatch\n").unwrap();
        std::fs::write(home.join("gpg-agent.conf"), "allow-loopback-pinentry\n").unwrap();
        let at = |name: &str| gpgsm.partner.at(name);
        let (key, cert, ca, p12) = (at("key.pem"), at("cert.pem"), at("ca.pem"), at("k.p12"));
        let export = [
            "pkcs12",
            "-export",
            "-inkey",
            text(&key),
            "-in",
            text(&cert),
            "-certfile",
            text(&ca),
            "-passout",
            "pass:x",
            "-keypbe",
            "PBE-SHA1-3DES",
            "-certpbe",
            "PBE-SHA1-3DES",
            "-macalg",
            "sha1",
            "-out",
            text(&p12),
        ];
        // gpgsm 2.2 derives a wrong key from about one salt in a hundred; a second export has another salt.
        let import = ["--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", text(&p12)];
        let mut imported = Err(String::new());
        for _ in 0..6 {
            run("openssl", &export, b"").unwrap();
            imported = gpgsm.run(&import, b"x\n");
            if imported.is_ok() {
                break;
            }
        }
        imported?;
        gpgsm.trusts(&std::fs::read(at("ca.pem")).unwrap());
        Ok(gpgsm)
    }

    /// A letter that it has signed and encrypted to mail@insurer.example.
    fn writes(&self, entity: &[u8]) -> Vec<u8> {
        use base64::Engine as _;
        let signature = self.private("--sign", entity).unwrap();
        let clean = base64::engine::general_purpose::STANDARD.encode(signature);
        let signed = format!(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n{clean}\r\n"
        );
        let message =
            self.run(&["--base64", "--encrypt", "-r", "mail@insurer.example"], signed.as_bytes()).unwrap();
        let clean: String =
            String::from_utf8(message).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
        let letter = format!(
            "From: info@clinic.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{clean}\r\n"
        );
        letter.into_bytes()
    }

    /// The content of a letter that we have encrypted for it.
    fn opens(&self, letter: &[u8], ours: &OwnKey, profile: Profile) -> Result<Vec<u8>, String> {
        let sent = closed(letter, Some(ours), std::slice::from_ref(self.partner.public()), profile);
        let inner = self.private("--decrypt", &der(&sent))?;
        self.partner.verifies(&inner, ours)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let fixed = ["--homedir", text(self.home.path())];
        run_with("gpgsm", &[&fixed[..], arguments].concat(), input, &[])
    }

    /// With the private key, whose passphrase is `x`.
    fn private(&self, what: &str, input: &[u8]) -> Result<Vec<u8>, String> {
        let input = self.partner.put("gpgsm.in", input);
        let fixed = ["--pinentry-mode", "loopback", "--passphrase-fd", "0", what, text(&input)];
        self.run(&fixed, b"x\n")
    }

    /// Imports a certificate and trusts it as a root.
    fn trusts(&self, pem: &[u8]) {
        use std::io::Write as _;
        let certificate = ::openssl::x509::X509::from_pem(pem).unwrap();
        let digest = certificate.digest(::openssl::hash::MessageDigest::sha1()).unwrap();
        let hex: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let list = self.home.path().join("trustlist.txt");
        let mut list = std::fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(list, "{hex} S relax").unwrap();
        let _ = self.run(&["--import"], pem);
        let _ = run("gpgconf", &["--homedir", text(self.home.path()), "--reload", "gpg-agent"], b"");
    }
}

fn der(letter: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let clean: Vec<u8> = body(letter).iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(clean).unwrap()
}

const PROGRAM: &str = "gpgsm 2.2";

#[test]
fn gpgsm_reads_the_default_profile_and_we_read_what_it_writes() {
    let mut block = Block::of("gpgsm");
    let gpgsm = Gpgsm::new(Partner::rsa()).unwrap();
    let ours = own(Kind::SmimeRsa3072);
    gpgsm.trusts(ours.public().to_text().unwrap().as_bytes());
    for (name, letter) in lab::letters() {
        let content = gpgsm.opens(&letter, ours, Profile::default()).unwrap();
        assert_eq!(body(&crlf(&content)), body(&letter), "{name}");
    }
    let what = "to RSA-2048, signed by RSA-3072: CBC, PKCS#1, PKCS#1 (the default)";
    block.yes(PROGRAM, "reads ours", what);
    // What it cannot read is known, and the reason for the default; a newer gpgsm may do better.
    let newer = gpgsm.opens(&lab::letters()[0].1, ours, Profile::bsi()).map(|_| ());
    block.row(
        PROGRAM,
        "reads ours",
        "to RSA-2048, signed by RSA-3072: GCM, OAEP, PSS (BSI); text alone",
        &newer,
    );
    let large = lab::large(30 << 20);
    let content = gpgsm.opens(&large, ours, Profile::default()).unwrap();
    assert!(body(&crlf(&content)) == body(&large));
    block.yes(PROGRAM, "reads ours", "30 MB: to RSA-2048, signed by RSA-3072, the default");
    for (name, entity) in lab::entities() {
        lab::reads(&gpgsm.writes(&entity), ours, gpgsm.partner.public(), &entity, name);
    }
    block.yes(PROGRAM, "writes to us", "to RSA-3072, signed by RSA-2048: its own choice of cipher, opaque");
    let large = lab::large_entity(30 << 20);
    lab::reads(&gpgsm.writes(&large), ours, gpgsm.partner.public(), &large, "30 MB");
    block.yes(PROGRAM, "writes to us", "30 MB: to RSA-3072, signed by RSA-2048");
    // It crashes, with a different message each time.
    let curve = Gpgsm::new(Partner::curve("P-256"))
        .map(drop)
        .map_err(|_its_words| "it takes none from PKCS#12".to_owned());
    block.row(PROGRAM, "has such a key", "P-256", &curve);
    block.kept();
}
