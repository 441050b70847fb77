//! A certificate authority on `openssl`: certificates for houses.

use std::path::PathBuf;
use std::process::Command;

use rig::process::run;
use tempfile::TempDir;

use super::openssl::House;

pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        let at = |name| authority.path(name);
        let ca =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=An Authority"];
        let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
        let (key, root) = (at("ca.key"), at("ca.pem"));
        openssl(&[&ca[..], &usage, &["-keyout", &key, "-out", &root]].concat());
        authority
    }

    pub(crate) fn root(&self) -> String {
        self.path("ca.pem")
    }

    /// A house whose certificate it has issued.
    pub(crate) fn issues(&self, address: &str) -> House {
        let house = House::new(address);
        self.issues_again(&house, address);
        house
    }

    /// The house's certificate is another one from now on, for the same key.
    pub(crate) fn issues_again(&self, house: &House, address: &str) {
        let (request, extensions) = (house.path("request.pem"), house.path("extensions"));
        std::fs::write(
            &extensions,
            format!(
                "[v]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n\
                 extendedKeyUsage=emailProtection\nsubjectAltName=email:{address}\n"
            ),
        )
        .unwrap();
        openssl(&["req", "-new", "-key", &house.path("key.pem"), "-subj", "/CN=Clinic", "-out", &request]);
        let (root, key, out) = (self.root(), self.path("ca.key"), house.path("certificate.pem"));
        let by = ["x509", "-req", "-in", &request, "-CA", &root, "-CAkey", &key, "-days", "20"];
        let with = ["-extfile", &extensions, "-extensions", "v", "-out", &out];
        openssl(&[&by[..], &with].concat());
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn openssl(args: &[&str]) {
    let (code, out, err) = run(Command::new("openssl").args(args));
    assert_eq!(code, 0, "openssl {args:?}:\n{out}{err}");
}
