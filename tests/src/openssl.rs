//! An organisation whose gateway is `openssl cms`: a key of its own, letters decrypted and made as an
//! administrator would manually.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::run;
use tempfile::TempDir;

/// A house with a certificate that signed itself.
pub struct House {
    /// Where its files are.
    pub folder: TempDir,
}

impl House {
    /// For this address, RSA with 2048 bits, for thirty days.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self::made("Clinic", address, 30, 2048)
    }

    /// The same under this name. With several signers, the one with the shorter name comes first.
    #[must_use]
    pub fn called(name: &str, address: &str) -> Self {
        Self::made(name, address, 30, 2048)
    }

    /// The same, valid for this many days.
    #[must_use]
    pub fn lasting(address: &str, days: u32) -> Self {
        Self::made("Clinic", address, days, 2048)
    }

    /// The same with a key of this many bits.
    #[must_use]
    pub fn of_bits(address: &str, bits: u32) -> Self {
        Self::made("Clinic", address, 30, bits)
    }

    fn made(name: &str, address: &str, days: u32, bits: u32) -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap() };
        let (key, certificate) = (house.path("key.pem"), house.path("certificate.pem"));
        house.openssl(&[
            "req",
            "-x509",
            "-newkey",
            &format!("rsa:{bits}"),
            "-nodes",
            "-days",
            &days.to_string(),
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            &format!("subjectAltName=email:{address}"),
            "-addext",
            "keyUsage=digitalSignature,keyEncipherment",
            "-addext",
            "extendedKeyUsage=emailProtection",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
        house
    }

    /// Its certificate as PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Decrypts a letter, checks the signature against `signer`, and returns what was inside.
    #[must_use]
    pub fn open(&self, letter: &[u8], signer: &str) -> String {
        let (closed, signed) = (self.write("closed.eml", letter), self.path("signed.eml"));
        let (key, own) = (self.path("key.pem"), self.path("certificate.pem"));
        self.openssl(&["cms", "-decrypt", "-in", &closed, "-recip", &own, "-inkey", &key, "-out", &signed]);
        let signer = self.write("signer.pem", signer.as_bytes());
        let clear = self.path("clear.eml");
        self.openssl(&[
            "cms", "-verify", "-in", &signed, "-CAfile", &signer, "-purpose", "any", "-out", &clear,
        ]);
        std::fs::read_to_string(clear).unwrap()
    }

    /// Signs a MIME entity and encrypts it to `recipient` (PEM): a letter with this head.
    #[must_use]
    pub fn close(&self, head: &str, entity: &str, recipient: &str) -> Vec<u8> {
        let signed = self.sign_entity(entity);
        let signed = self.write("signed.eml", &signed);
        let recipient = self.write("recipient.pem", recipient.as_bytes());
        let out = self.path("encrypted.eml");
        self.openssl(&["cms", "-encrypt", "-aes256", "-in", &signed, "-out", &out, &recipient]);
        letter(head, &std::fs::read(out).unwrap())
    }

    /// DER of an EnvelopedData around these bytes.
    #[must_use]
    pub fn envelope(&self, bytes: &[u8], recipient: &Path) -> Vec<u8> {
        let (clear, out) = (self.write("clear.txt", bytes), self.path("enveloped.der"));
        let to = recipient.to_str().unwrap();
        self.openssl(&[
            "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", "-in", &clear, "-out", &out, to,
        ]);
        std::fs::read(out).unwrap()
    }

    /// Signs a MIME entity: a letter with this head.
    #[must_use]
    pub fn sign(&self, head: &str, entity: &str) -> Vec<u8> {
        letter(head, &self.sign_entity(entity))
    }

    /// The same with another certificate beside the signer's.
    #[must_use]
    pub fn sign_with(&self, head: &str, entity: &str, along: &Path) -> Vec<u8> {
        letter(head, &self.sign_entity_with(entity, &["-certfile", along.to_str().unwrap()]))
    }

    /// The same with another signature beside its own.
    #[must_use]
    pub fn sign_beside(&self, head: &str, entity: &str, other: &Self) -> Vec<u8> {
        let (certificate, key) = (other.path("certificate.pem"), other.path("key.pem"));
        letter(head, &self.sign_entity_with(entity, &["-signer", &certificate, "-inkey", &key]))
    }

    fn sign_entity(&self, entity: &str) -> Vec<u8> {
        self.sign_entity_with(entity, &[])
    }

    fn sign_entity_with(&self, entity: &str, more: &[&str]) -> Vec<u8> {
        let clear = self.write("clear.txt", entity.replace('\n', "\r\n").as_bytes());
        let (key, own, out) = (self.path("key.pem"), self.path("certificate.pem"), self.path("out.eml"));
        let sign = ["cms", "-sign", "-in", &clear, "-signer", &own, "-inkey", &key, "-out", &out];
        self.openssl(&[&sign[..], more].concat());
        std::fs::read(out).unwrap()
    }

    /// A file of that name in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and says where it is.
    #[must_use]
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(Path::new(&path), bytes).unwrap();
        path
    }

    /// Runs openssl, which must succeed.
    pub fn openssl(&self, args: &[&str]) {
        let (code, out, err) = run(Command::new("openssl").args(args));
        assert_eq!(code, 0, "openssl {args:?}:\n{out}{err}");
    }
}

/// Fields of a letter in front of what openssl made, every line ending in CRLF.
fn letter(head: &str, entity: &[u8]) -> Vec<u8> {
    let text = format!("{head}{}", String::from_utf8_lossy(entity));
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}
