//! Against gpgsm 2.2, the S/MIME of GnuPG: it reads AES-CBC with PKCS#1 v1.5 and nothing newer.

use sealpost_seal::{Kind, Profile, Wholeness};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, open, own, run, run_with, text, trusted};
use crate::matrix::row;
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
    fn new() -> Self {
        let gpgsm = Self { home: lab::folder(), partner: Partner::rsa() };
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
        let imported = (0..6).find_map(|_| {
            run("openssl", &export, b"").unwrap();
            gpgsm.run(&import, b"x\n").ok()
        });
        assert!(imported.is_some(), "gpgsm reads no PKCS#12 file of openssl's");
        gpgsm.trusts(&std::fs::read(at("ca.pem")).unwrap());
        gpgsm
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

#[test]
fn gpgsm_reads_the_default_profile_and_we_read_what_it_writes() {
    let gpgsm = Gpgsm::new();
    let ours = own(Kind::SmimeRsa3072);
    gpgsm.trusts(ours.public().to_text().unwrap().as_bytes());
    let to = std::slice::from_ref(gpgsm.partner.public());
    for (name, letter) in lab::letters() {
        let sent = closed(&letter, Some(ours), to, Profile::default());
        let inner = gpgsm.private("--decrypt", &der(&sent)).unwrap();
        let content = gpgsm.partner.verifies(&inner, ours).unwrap();
        assert_eq!(body(&crlf(&content)), body(&letter), "{name}");
    }
    row("gpgsm 2.2", "reads ours", "CBC, PKCS#1, PKCS#1 (the default)", &Ok(()));
    // What it cannot read is known, and why the default is what it is; a newer gpgsm may do better.
    let sent = closed(&lab::letters()[0].1, Some(ours), to, Profile::bsi());
    row(
        "gpgsm 2.2",
        "reads ours",
        "GCM, OAEP, PSS (BSI)",
        &gpgsm.private("--decrypt", &der(&sent)).map(|_| ()),
    );

    let entity = b"Content-Type: text/plain\r\n\r\nfrom gpgsm\r\n";
    let signed = {
        let signature = gpgsm.private("--sign", entity).unwrap();
        use base64::Engine as _;
        let clean = base64::engine::general_purpose::STANDARD.encode(signature);
        format!(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n{clean}\r\n"
        )
    };
    let message =
        gpgsm.run(&["--base64", "--encrypt", "-r", "mail@insurer.example"], signed.as_bytes()).unwrap();
    let clean: String =
        String::from_utf8(message).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
    let letter = format!(
        "From: info@clinic.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{clean}\r\n"
    );
    let (opened, got) = open(letter.as_bytes(), &[ours], &[trusted(gpgsm.partner.public())]);
    assert!(opened.proven_sender().is_some() && opened.wholeness == Wholeness::Authenticated, "{opened:?}");
    assert_eq!(body(&got), b"from gpgsm\r\n");
    row("gpgsm 2.2", "writes to us", "AES-128-CBC, PKCS#1, signed", &Ok(()));
}
