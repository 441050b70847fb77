//! URLs of revocation lists in a partner's certificate, in the intermediate one, and in the root; and the
//! worker's verdict on each list.

use std::path::Path;

use sealpost_seal::{FetchedList, ListSource, PartnerKey};
use tempfile::TempDir;

use crate::lab::{folder, now, run, runtime, text, worker};

/// An authority with one below it that has issued a certificate.
struct Authorities(TempDir);

impl Authorities {
    fn new() -> Self {
        let all = Self(folder());
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        let root = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Root"];
        let (key, out, list) = (
            all.path("root.key"),
            all.path("root.pem"),
            "crlDistributionPoints=URI:http://root.example/a.crl",
        );
        let more = ["-addext", usage, "-addext", list, "-keyout", &key, "-out", &out];
        run("openssl", &[&root[..], &more].concat(), b"").unwrap();
        let ca = format!("basicConstraints=critical,CA:TRUE\n{usage}\n{list}\n");
        all.issues("between", "root", &ca);
        all.issues(
            "house",
            "between",
            "subjectAltName=email:mail@clinic.example\n\
             crlDistributionPoints=URI:ldap://sub.example/b,URI:http://sub.example/b.crl\n",
        );
        all
    }

    fn path(&self, name: &str) -> String {
        text(&self.0.path().join(name)).to_owned()
    }

    fn issues(&self, name: &str, by: &str, extensions: &str) {
        let at = |ending: &str| self.path(&format!("{name}.{ending}"));
        std::fs::write(at("ext"), extensions).unwrap();
        let (key, request, subject) = (at("key"), at("csr"), format!("/CN={name}"));
        let new =
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request];
        run("openssl", &new, b"").unwrap();
        let (ca, ca_key) = (self.path(&format!("{by}.pem")), self.path(&format!("{by}.key")));
        let (ext, out) = (at("ext"), at("pem"));
        let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-days", "20"];
        run("openssl", &[&sign[..], &["-extfile", &ext, "-out", &out]].concat(), b"").unwrap();
    }

    /// The list of this authority, naming that certificate.
    fn list(&self, of: &str, names: &str) -> Vec<u8> {
        let at = |ending: &str| self.path(&format!("{of}.{ending}"));
        std::fs::write(at("index"), "").unwrap();
        std::fs::write(at("number"), "01\n").unwrap();
        let config = format!(
            "[ca]\ndefault_ca=c\n[c]\ndatabase={}\ncrlnumber={}\ncertificate={}\nprivate_key={}\ndefault_md=sha256\n\
             default_crl_days=30\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n",
            at("index"),
            at("number"),
            at("pem"),
            at("key")
        );
        let (file, out, der) = (at("conf"), at("crl"), at("der"));
        std::fs::write(&file, config).unwrap();
        let revoked = self.path(&format!("{names}.pem"));
        run("openssl", &["ca", "-config", &file, "-revoke", &revoked], b"").unwrap();
        run("openssl", &["ca", "-config", &file, "-gencrl", "-out", &out], b"").unwrap();
        run("openssl", &["crl", "-in", &out, "-outform", "DER", "-out", &der], b"").unwrap();
        std::fs::read(der).unwrap()
    }

    fn der(&self, name: &str) -> Vec<u8> {
        run("openssl", &["x509", "-in", &self.path(&format!("{name}.pem")), "-outform", "DER"], b"").unwrap()
    }

    /// The partner's key file, with the chain to the root.
    fn key(&self) -> PartnerKey {
        let (house, between, out) =
            (self.path("house.pem"), self.path("between.pem"), self.path("house.p7b"));
        let bundle = ["crl2pkcs7", "-nocrl", "-certfile", &house, "-certfile", &between, "-out", &out];
        run("openssl", &bundle, b"").unwrap();
        PartnerKey::read(&std::fs::read(Path::new(&out)).unwrap()).unwrap().remove(0)
    }
}

#[test]
fn each_certificate_on_the_way_to_a_root_names_its_authority_s_list() {
    let all = Authorities::new();
    let (key, roots) = (all.key(), [all.der("root")]);
    let sources = ListSource::of_key(&key, &roots, now());
    let named: Vec<(&str, &[u8], &[u8])> = sources
        .iter()
        .map(|one| (one.addresses[0].as_str(), one.certificate.as_slice(), one.authority.as_slice()))
        .collect();
    let (root, between, house) = (all.der("root"), all.der("between"), all.der("house"));
    let own = ("http://sub.example/b.crl", house.as_slice(), between.as_slice());
    let above = ("http://root.example/a.crl", between.as_slice(), root.as_slice());
    assert_eq!(named, [own, above]);
    assert!(sources.iter().all(|one| one.addresses.len() == 1), "no directory is asked");
    let of_root = ListSource::of_roots(&roots, now());
    assert_eq!(
        (of_root.len(), of_root[0].certificate == root, of_root[0].authority == root),
        (1, true, true)
    );
    // Neither this authority is trusted, nor one that only has its name.
    assert!(ListSource::of_key(&key, &[], now()).is_empty());
    assert!(ListSource::of_key(&key, &[Authorities::new().der("root")], now()).is_empty());

    let (by_between, by_root) = (all.list("between", "house"), all.list("root", "between"));
    let read = |list: &[u8], certificates: &[Vec<u8>], authority: &[u8]| {
        runtime().block_on(worker().read_list(list, certificates, authority, None, now())).unwrap()
    };
    let named = |found: FetchedList| match found {
        FetchedList::Good { revoked, .. } => revoked,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(read(&by_between, std::slice::from_ref(&house), &between)), [0]);
    assert_eq!(named(read(&by_root, &[root.clone(), between.clone()], &root)), [1]);
    assert_eq!(read(&by_root, std::slice::from_ref(&house), &between), FetchedList::OtherSigner);
    let behind = [by_root.as_slice(), b"more"].concat();
    assert_eq!(read(&behind, &[between], &root), FetchedList::Unusable);
}
