//! An organisation whose gateway is GnuPG: a key ring of its own, letters decrypted and made as an
//! administrator would manually.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::run;
use tempfile::TempDir;

/// A house with an OpenPGP key.
pub struct House {
    folder: TempDir,
    address: String,
}

impl House {
    /// With a fresh key for this address.
    #[must_use]
    pub fn new(address: &str) -> Self {
        // A socket's path has at most 108 characters.
        let folder = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
        let house = Self { folder, address: address.to_owned() };
        let user = format!("Clinic <{address}>");
        house.gpg(&["--quick-gen-key", &user, "rsa2048", "default", "never"]);
        house.gpg(&["--quick-add-key", &house.fingerprint(), "rsa2048", "encrypt", "never"]);
        house
    }

    /// With a key so small that it fits into an answer of the DNS.
    #[must_use]
    pub fn small(address: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
        let house = Self { folder, address: address.to_owned() };
        house.gpg(&["--quick-gen-key", &format!("Clinic <{address}>"), "ed25519", "default", "never"]);
        house.gpg(&["--quick-add-key", &house.fingerprint(), "cv25519", "encr", "never"]);
        house
    }

    /// Where its key ring is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its public key, armoured, as a file.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        let path = self.folder.path().join("key.asc");
        let text = self.gpg(&["--armor", "--export", &self.address]);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The same without armour.
    #[must_use]
    pub fn dearmoured(&self) -> Vec<u8> {
        let path = self.folder.path().join("key.gpg");
        self.gpg(&["--output", path.to_str().unwrap(), "--export", &self.address]);
        std::fs::read(path).unwrap()
    }

    /// Its holder gives the key and its subkeys another end.
    pub fn expires_in(&self, time: &str) {
        self.gpg(&["--quick-set-expire", &self.fingerprint(), time]);
        self.gpg(&["--quick-set-expire", &self.fingerprint(), time, "*"]);
    }

    /// The certificate that GnuPG has made for the day on which the key is to be taken back.
    #[must_use]
    pub fn revocation(&self) -> PathBuf {
        self.folder.path().join(format!("openpgp-revocs.d/{}.rev", self.fingerprint()))
    }

    /// Its holder takes it back, with that certificate.
    pub fn revokes_its_key(&self) {
        let text = std::fs::read_to_string(self.revocation()).unwrap();
        // A colon keeps it from being used by accident.
        let armoured = text.split_once(":-----BEGIN").map(|(_, rest)| format!("-----BEGIN{rest}")).unwrap();
        let file = self.write("revoked.asc", armoured.as_bytes());
        self.gpg(&["--import", &file]);
    }

    /// Its secret key in a file, protected with this passphrase; a key of that kind is made for it.
    #[must_use]
    pub fn protected(address: &str, kind: &str, passphrase: &str) -> (Self, String) {
        let folder = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
        let house = Self { folder, address: address.to_owned() };
        let with = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
        let (user, encrypts) =
            (format!("Insurer <{address}>"), if kind == "ed25519" { "cv25519" } else { kind });
        house.gpg(&[&with[..], &["--quick-gen-key", &user, kind, "default", "never"]].concat());
        let add = ["--quick-add-key", &house.fingerprint(), encrypts, "encr", "never"];
        house.gpg(&[&with[..], &add].concat());
        let secret = house.gpg(&[&with[..], &["--armor", "--export-secret-keys", address]].concat());
        let file = house.write("secret.asc", secret.as_bytes());
        (house, file)
    }

    /// Takes another house's key and trusts it.
    pub fn import(&self, armoured: &str) {
        let path = self.write("theirs.asc", armoured.as_bytes());
        self.gpg(&["--import", &path]);
    }

    /// Decrypts a PGP/MIME letter and returns what was inside; the signature must be good.
    #[must_use]
    pub fn open(&self, letter: &str) -> String {
        let start = letter.find("-----BEGIN PGP MESSAGE-----").expect("no PGP message");
        let end =
            letter.find("-----END PGP MESSAGE-----").expect("no end") + "-----END PGP MESSAGE-----".len();
        let path = self.write("closed.asc", &letter.as_bytes()[start..end]);
        let (code, out, err) = run(self.command().args(["--trust-model", "always", "--decrypt", &path]));
        assert_eq!(code, 0, "{out}{err}");
        assert!(err.contains("Good signature"), "{err}");
        out
    }

    /// Signs and encrypts a MIME entity as PGP/MIME (RFC 3156 §6.2) under this head.
    #[must_use]
    pub fn close(&self, head: &str, entity: &str, to: &str) -> Vec<u8> {
        let clear = self.write("clear.txt", entity.replace('\n', "\r\n").as_bytes());
        let armoured = self.gpg(&[
            "--armor",
            "--trust-model",
            "always",
            "--sign",
            "--encrypt",
            "--recipient",
            to,
            "--output",
            "-",
            &clear,
        ]);
        let text = format!(
            "{head}MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; \
             boundary=\"b\"\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\n\
             Content-Type: application/octet-stream\n\n{armoured}\n--b--\n"
        );
        text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
    }

    /// A binary message to itself.
    #[must_use]
    pub fn message(&self, bytes: &[u8]) -> Vec<u8> {
        self.message_to(&self.address, bytes)
    }

    /// A binary message to that key.
    #[must_use]
    pub fn message_to(&self, to: &str, bytes: &[u8]) -> Vec<u8> {
        let clear = self.write("clear.bin", bytes);
        let out = self.folder.path().join("message.gpg");
        self.gpg(&[
            "--trust-model",
            "always",
            "--encrypt",
            "--recipient",
            to,
            "--output",
            out.to_str().unwrap(),
            &clear,
        ]);
        std::fs::read(out).unwrap()
    }

    /// Of its primary key, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let listed = self.gpg(&["--with-colons", "--list-keys", &self.address]);
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--no-tty", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.arg("--homedir").arg(self.folder.path());
        command
    }

    fn gpg(&self, args: &[&str]) -> String {
        let (code, out, err) = run(self.command().args(args));
        assert_eq!(code, 0, "gpg {args:?}:\n{out}{err}");
        out
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Its agent ends with its folder.
        let _ = run(Command::new("gpgconf").arg("--homedir").arg(self.folder.path()).args(["--kill", "all"]));
    }
}
