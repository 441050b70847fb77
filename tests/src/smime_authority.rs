//! A certificate authority on `openssl`: certificates for organisations, and revocation lists.
//!
//! Must never know: who trusts it.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::openssl::House;
use crate::process::{Process, run};

/// The times of a list of long ago.
const OVER: [&str; 4] = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z"];

/// The authority.
pub struct Authority {
    folder: TempDir,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// With a root of its own.
    #[must_use]
    pub fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        let at = |name| authority.path(name);
        let ca =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=An Authority"];
        let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
        let (key, root) = (at("ca.key"), at("ca.pem"));
        openssl(&[&ca[..], &usage, &["-keyout", &key, "-out", &root]].concat());
        for (name, text) in [("index.txt", ""), ("crlnumber", "01\n")] {
            std::fs::write(authority.path(name), text).unwrap();
        }
        let config = format!(
            "[ca]\ndefault_ca=c\n[c]\ndatabase={}\ncrlnumber={}\ncertificate={root}\nprivate_key={key}\n\
             default_md=sha256\ndefault_crl_days=30\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n\
             [elsewhere]\nissuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://elsewhere.example/\n",
            at("index.txt"),
            at("crlnumber")
        );
        std::fs::write(authority.path("ca.conf"), config).unwrap();
        authority
    }

    /// The file with its root.
    #[must_use]
    pub fn root(&self) -> String {
        self.path("ca.pem")
    }

    /// An organisation with a certificate of this authority.
    #[must_use]
    pub fn issues(&self, address: &str) -> House {
        let house = House::new(address);
        self.issues_again(&house, address);
        house
    }

    /// The house's certificate is another one from now on, for the same key.
    pub fn issues_again(&self, house: &House, address: &str) {
        self.issues_naming(house, address, "");
    }

    /// The same with an OCSP responder's URL in the certificate.
    #[must_use]
    pub fn issues_with_responder(&self, address: &str, responder: &str) -> House {
        let house = House::new(address);
        self.issues_naming(&house, address, &format!("authorityInfoAccess=OCSP;URI:{responder}\n"));
        house
    }

    /// The same with the URL of the authority's list in the certificate.
    #[must_use]
    pub fn issues_with_list(&self, address: &str, list: &str) -> House {
        let house = House::new(address);
        self.issues_naming(&house, address, &format!("crlDistributionPoints=URI:{list}\n"));
        house
    }

    fn issues_naming(&self, house: &House, address: &str, more: &str) {
        let (request, extensions) = (house.path("request.pem"), house.path("extensions"));
        std::fs::write(
            &extensions,
            format!(
                "[v]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n\
                 extendedKeyUsage=emailProtection\nsubjectAltName=email:{address}\n{more}"
            ),
        )
        .unwrap();
        openssl(&["req", "-new", "-key", &house.path("key.pem"), "-subj", "/CN=Clinic", "-out", &request]);
        let (root, key, out) = (self.root(), self.path("ca.key"), house.path("certificate.pem"));
        let by = ["x509", "-req", "-in", &request, "-CA", &root, "-CAkey", &key, "-days", "20"];
        let with = ["-extfile", &extensions, "-extensions", "v", "-out", &out];
        openssl(&[&by[..], &with].concat());
    }

    /// Signs a request as an authority does that takes over the names it asks for, and gives the certificate with its own as
    /// PKCS#7. Its clerk may write other names instead.
    #[must_use]
    pub fn certifies(&self, request: &str, names: Option<&str>) -> String {
        let request_file = self.path("request.pem");
        std::fs::write(&request_file, request).unwrap();
        openssl(&["req", "-verify", "-noout", "-in", &request_file]);
        let copies = if names.is_some() { "none" } else { "copy" };
        let names = names.map_or_else(String::new, |names| {
            format!("subjectAltName={names}\nkeyUsage=critical,digitalSignature,keyEncipherment\n")
        });
        let config = format!(
            "[ca]\ndefault_ca=c\n[c]\ndatabase={}\nnew_certs_dir={}\nrand_serial=yes\ncertificate={}\n\
             private_key={}\ndefault_md=sha256\ndefault_days=20\nunique_subject=no\ncopy_extensions={copies}\n\
             policy=p\nx509_extensions=x\n[p]\norganizationName=optional\ncommonName=supplied\n\
             countryName=optional\n[x]\nauthorityKeyIdentifier=keyid\n{names}",
            self.path("index.txt"),
            self.folder.path().display(),
            self.root(),
            self.path("ca.key"),
        );
        let config_file = self.path("clerk.conf");
        std::fs::write(&config_file, config).unwrap();
        let (out, bundle) = (self.path("issued.pem"), self.path("issued.p7b"));
        openssl(&["ca", "-batch", "-config", &config_file, "-notext", "-in", &request_file, "-out", &out]);
        openssl(&["verify", "-CAfile", &self.root(), "-purpose", "smimesign", &out]);
        let root = self.root();
        openssl(&["crl2pkcs7", "-nocrl", "-certfile", &out, "-certfile", &root, "-out", &bundle]);
        bundle
    }

    /// Puts the house's certificate among those that its responder knows.
    pub fn knows(&self, house: &House) {
        openssl(&["ca", "-config", &self.path("ca.conf"), "-valid", &house.path("certificate.pem")]);
    }

    /// A responder (`openssl ocsp`) at this port of loopback, with what it knows now.
    #[must_use]
    pub fn responder(&self, port: u16) -> Process {
        let (index, root, key) = (self.path("index.txt"), self.root(), self.path("ca.key"));
        let port = port.to_string();
        let args = [
            "ocsp", "-port", &port, "-index", &index, "-CA", &root, "-rsigner", &root, "-rkey", &key, "-text",
        ];
        let process = Process::start("openssl ocsp", Command::new("openssl").args(args));
        let _ = process.output.wait("*waiting for OCSP client connections*");
        process
    }

    /// Takes the house's certificate back; the next list says so.
    pub fn revokes(&self, house: &House) {
        openssl(&["ca", "-config", &self.path("ca.conf"), "-revoke", &house.path("certificate.pem")]);
    }

    /// Writes its list, good for thirty days from now, to this place.
    pub fn list(&self, to: &str) {
        openssl(&["ca", "-config", &self.path("ca.conf"), "-gencrl", "-out", to]);
    }

    /// The list as it is now, in DER, as it is published.
    #[must_use]
    pub fn published_list(&self) -> Vec<u8> {
        self.published(&[])
    }

    /// One that speaks of certificates alone which name another place for it.
    #[must_use]
    pub fn list_of_elsewhere(&self) -> Vec<u8> {
        self.published(&["-crlexts", "elsewhere"])
    }

    /// An expired one.
    #[must_use]
    pub fn published_old_list(&self) -> Vec<u8> {
        self.published(&OVER)
    }

    fn published(&self, more: &[&str]) -> Vec<u8> {
        let (pem, der) = (self.path("published.pem"), self.path("published.der"));
        openssl(&[&["ca", "-config", &self.path("ca.conf"), "-gencrl", "-out", &pem][..], more].concat());
        openssl(&["crl", "-in", &pem, "-outform", "DER", "-out", &der]);
        std::fs::read(der).unwrap()
    }

    /// Writes an expired list.
    pub fn old_list(&self, to: &str) {
        openssl(&[&["ca", "-config", &self.path("ca.conf"), "-gencrl", "-out", to][..], &OVER].concat());
    }

    /// A file of its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
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
