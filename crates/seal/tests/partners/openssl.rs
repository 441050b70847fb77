//! With the `openssl` program, which is another version than the library we build: in both directions, every
//! profile.

use std::path::PathBuf;

use sealpost_seal::{
    Content, Form, Harvest, HeaderProtection, Kind, Layer, OwnKey, PartnerKey, Profile, Signature,
    SignatureVerdict, Transport, Trust, Wholeness, Written,
};
use tempfile::TempDir;

use crate::lab::{self, body, closed, crlf, open, open_with, own, run, text, trusted};
use crate::matrix::Block;

const PROGRAM: &str = "OpenSSL 3.0 `cms`";

/// A partner with nothing but `openssl cms`.
pub(crate) struct Partner {
    pub(crate) folder: TempDir,
    /// With its private key, as ours: to ask our own code.
    pub(crate) key: OwnKey,
}

impl Partner {
    /// `new_key`: arguments of `openssl req`. The certificate is issued by a CA of its own.
    pub(crate) fn new(new_key: &[&str], address: &str, usage: &str) -> Self {
        let folder = lab::folder();
        let at = |name: &str| folder.path().join(name);
        let ext = at("ext");
        std::fs::write(
            &ext,
            format!(
                "[v]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,{usage}\nextendedKeyUsage=emailProtection\n\
                 subjectAltName=email:{address}\n"
            ),
        )
        .unwrap();
        let ca =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=CA of clinic"];
        let (ca_key, ca_cert) = (at("ca.key"), at("ca.pem"));
        run("openssl", &[&ca[..], &["-keyout", text(&ca_key), "-out", text(&ca_cert)]].concat(), b"")
            .unwrap();
        let (key, csr, cert) = (at("key.pem"), at("csr.pem"), at("cert.pem"));
        let request =
            ["req", "-new", "-nodes", "-subj", "/CN=Clinic", "-keyout", text(&key), "-out", text(&csr)];
        run("openssl", &[&request[..], new_key].concat(), b"").unwrap();
        let sign = [
            "x509",
            "-req",
            "-in",
            text(&csr),
            "-CA",
            text(&ca_cert),
            "-CAkey",
            text(&ca_key),
            "-days",
            "20",
            "-extfile",
            text(&ext),
            "-extensions",
            "v",
            "-out",
            text(&cert),
            "-CAcreateserial",
        ];
        run("openssl", &sign, b"").unwrap();
        let pem = [std::fs::read(&key).unwrap(), std::fs::read(&cert).unwrap()].concat();
        let key = OwnKey::import(&pem, None).unwrap();
        Self { folder, key }
    }

    pub(crate) fn rsa() -> Self {
        Self::new(&["-newkey", "rsa:2048"], "info@clinic.example", "digitalSignature,keyEncipherment")
    }

    pub(crate) fn curve(name: &str) -> Self {
        let option = format!("ec_paramgen_curve:{name}");
        let new = ["-newkey", "ec", "-pkeyopt", &option];
        Self::new(&new, "info@clinic.example", "digitalSignature,keyAgreement")
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.at(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn public(&self) -> &PartnerKey {
        self.key.public()
    }

    pub(crate) fn root(&self) -> Vec<u8> {
        ::openssl::x509::X509::from_pem(&std::fs::read(self.at("ca.pem")).unwrap()).unwrap().to_der().unwrap()
    }

    /// The result of `openssl cms -decrypt` on a letter.
    pub(crate) fn decrypts(&self, letter: &[u8]) -> Result<Vec<u8>, String> {
        let letter = self.put("in.eml", letter);
        let (cert, key) = (self.at("cert.pem"), self.at("key.pem"));
        let arguments =
            ["cms", "-decrypt", "-in", text(&letter), "-recip", text(&cert), "-inkey", text(&key)];
        run("openssl", &arguments, b"")
    }

    /// The result of `openssl cms -verify` on a signed entity, with our certificate as its root.
    pub(crate) fn verifies(&self, entity: &[u8], signer: &OwnKey) -> Result<Vec<u8>, String> {
        let entity = self.put("signed.eml", entity);
        let root = self.put("ours.pem", signer.public().to_text().unwrap().as_bytes());
        run("openssl", &["cms", "-verify", "-in", text(&entity), "-CAfile", text(&root)], b"")
    }

    /// A letter that the partner signs and encrypts with `openssl cms`.
    pub(crate) fn writes(
        &self,
        entity: &[u8],
        to: &OwnKey,
        encrypt: &[&str],
        sign: Option<&[&str]>,
    ) -> Vec<u8> {
        let mut inner = self.put("entity", entity);
        if let Some(options) = sign {
            let (cert, key, out) = (self.at("cert.pem"), self.at("key.pem"), self.at("signed"));
            let fixed = [
                "cms",
                "-sign",
                "-in",
                text(&inner),
                "-signer",
                text(&cert),
                "-inkey",
                text(&key),
                "-out",
                text(&out),
            ];
            run("openssl", &[&fixed[..], options].concat(), b"").unwrap();
            inner = out;
        }
        let ours = self.put("ours.pem", to.public().to_text().unwrap().as_bytes());
        let fixed = ["cms", "-encrypt", "-in", text(&inner), "-recip", text(&ours)];
        let mut arguments = fixed.to_vec();
        arguments.extend_from_slice(encrypt);
        let encrypted = run("openssl", &arguments, b"").unwrap();
        let head = b"From: info@clinic.example\r\nTo: mail@insurer.example\r\nSubject: answer\r\n";
        [&head[..], &crlf(&encrypted)].concat()
    }
}

fn profiles() -> Vec<(&'static str, Profile)> {
    let of = |content, transport, signature, form| Profile {
        content,
        transport,
        signature,
        form,
        headers: HeaderProtection::Off,
    };
    use Content::{Aes256Cbc as Cbc, Aes256Gcm as Gcm};
    vec![
        ("CBC, PKCS#1, PKCS#1", of(Cbc, Transport::Pkcs1, Signature::Pkcs1, Form::Detached)),
        ("CBC, PKCS#1, PKCS#1, opaque", of(Cbc, Transport::Pkcs1, Signature::Pkcs1, Form::Opaque)),
        ("CBC, OAEP, PSS", of(Cbc, Transport::Oaep, Signature::Pss, Form::Detached)),
        ("GCM, PKCS#1, PKCS#1", of(Gcm, Transport::Pkcs1, Signature::Pkcs1, Form::Detached)),
        ("GCM, OAEP, PSS (BSI)", Profile::bsi()),
        ("GCM, OAEP, PSS, opaque", of(Gcm, Transport::Oaep, Signature::Pss, Form::Opaque)),
    ]
}

#[test]
fn openssl_reads_what_we_close_in_every_profile() {
    let partners = [
        ("RSA", Partner::rsa()),
        ("P-256", Partner::curve("P-256")),
        ("brainpool", Partner::curve("brainpoolP256r1")),
    ];
    let signers = [("RSA-3072", own(Kind::SmimeRsa3072)), ("P-256", own(Kind::SmimeP256))];
    let mut block = Block::of("openssl reads");
    let reads = |partner: &Partner, signer: &OwnKey, profile: Profile, letter: &[u8], what: &str| {
        let sent = closed(letter, Some(signer), std::slice::from_ref(partner.public()), profile);
        let inner = partner.decrypts(&sent).unwrap();
        let content = partner.verifies(&inner, signer).unwrap();
        assert_eq!(body(&crlf(&content)), body(letter), "{what}");
    };
    for (profile_name, profile) in profiles() {
        for (partner_kind, partner) in &partners {
            for (signer_kind, signer) in signers {
                for (letter_name, letter) in lab::letters() {
                    let what = format!("{partner_kind} {signer_kind} {profile_name} {letter_name}");
                    reads(partner, signer, profile, &letter, &what);
                }
            }
        }
        let to = "to RSA-2048, P-256 and brainpoolP256r1; signed by RSA-3072 and P-256";
        block.yes(PROGRAM, "reads ours", &format!("{profile_name}: {to}"));
    }
    for (name, signer) in [("RSA-4096", own(Kind::SmimeRsa4096)), ("P-384", own(Kind::SmimeP384))] {
        for profile in [Profile::default(), Profile::bsi()] {
            reads(&partners[0].1, signer, profile, &lab::letters()[0].1, name);
        }
        block.yes(
            PROGRAM,
            "reads ours",
            &format!("the default profile and BSI, signed by {name}: text alone"),
        );
    }
    block.kept();
}

#[test]
fn we_read_what_openssl_closes() {
    let partners = [
        ("RSA-2048", Partner::rsa()),
        ("P-256", Partner::curve("P-256")),
        ("brainpoolP256r1", Partner::curve("brainpoolP256r1")),
    ];
    let mut block = Block::of("openssl writes");
    let rsa = own(Kind::SmimeRsa3072);
    let curve = own(Kind::SmimeP384);
    let cases: Vec<(&str, &OwnKey, Vec<&str>, &str)> = vec![
        ("AES-256-CBC", rsa, vec!["-aes-256-cbc"], "AES-256-CBC"),
        ("AES-128-CBC", rsa, vec!["-aes-128-cbc"], "AES-128-CBC"),
        ("3DES", rsa, vec!["-des3"], "3DES-CBC"),
        ("AES-256-GCM", rsa, vec!["-aes-256-gcm"], "AES-256-GCM"),
        (
            "AES-256-GCM, OAEP",
            rsa,
            vec!["-aes-256-gcm", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"],
            "AES-256-GCM",
        ),
        ("AES-256-CBC, ECDH", curve, vec!["-aes-256-cbc"], "AES-256-CBC"),
        ("AES-256-GCM, ECDH", curve, vec!["-aes-256-gcm"], "AES-256-GCM"),
    ];
    for (what, key, options, cipher) in &cases {
        for (_, partner) in &partners {
            for signed in [None, Some(&[][..]), Some(&["-nodetach"][..])] {
                let mut entities = lab::entities();
                entities.truncate(if signed.is_none() { 1 } else { entities.len() });
                for (name, entity) in entities {
                    let letter = partner.writes(&entity, key, options, signed);
                    let (opened, got) = open(&letter, &[key], &[trusted(partner.public())]);
                    let Some(Layer::Decrypted { cipher: found, by, .. }) = opened.layers.first() else {
                        panic!("{what}, {name}: {opened:?}");
                    };
                    assert_eq!((found.as_str(), by), (*cipher, &key.facts().fingerprint));
                    assert_eq!(body(&got), body(&entity), "{what}, {name}");
                    assert_eq!(opened.proven_sender().is_some(), signed.is_some(), "{what}: {opened:?}");
                    let whole = cipher.ends_with("GCM") || signed.is_some();
                    let expected = if whole { Wholeness::Authenticated } else { Wholeness::Malleable };
                    assert_eq!(opened.wholeness, expected, "{what}, {name}");
                }
            }
        }
        let by: Vec<&str> = partners.iter().map(|(name, _)| *name).collect();
        let to = if std::ptr::eq(*key, rsa) { "RSA-3072" } else { "P-384" };
        let by = by.join(", ");
        block.yes(
            PROGRAM,
            "writes to us",
            &format!("{what}, to {to}: detached and opaque, signed by {by}; unsigned text"),
        );
    }
    block.kept();
}

fn body_with_type(text: &str) -> Vec<u8> {
    format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}")
        .into_bytes()
}

#[test]
fn pss_signatures_and_chains_to_a_root_are_believed() {
    let partner = Partner::rsa();
    let ours = own(Kind::SmimeRsa3072);
    let pss = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"];
    let letter = partner.writes(&body_with_type("x\r\n"), ours, &["-aes-256-cbc"], Some(&pss));
    let root = partner.root();
    let (opened, _) = open_with(&letter, &[ours], &[], &[root]);
    assert_eq!(opened.signatures[0].verdict, SignatureVerdict::Valid(Trust::ChainWithoutList));
    assert_eq!(opened.signatures[0].algorithm, "RSASSA-PSS with SHA-256");
    assert!(opened.proven_sender().is_none(), "an authority vouches for everybody: {opened:?}");
    let (opened, _) = open(&letter, &[ours], &[]);
    assert!(opened.proven_sender().is_none() && opened.harvest(Harvest::Any).count() == 1, "{opened:?}");
}

#[test]
fn thirty_megabytes_go_both_ways() {
    let partner = Partner::rsa();
    let ours = own(Kind::SmimeRsa3072);
    let letter = lab::large(30 << 20);
    for profile in [Profile::default(), Profile::bsi()] {
        let sent = closed(&letter, Some(ours), std::slice::from_ref(partner.public()), profile);
        let inner = partner.decrypts(&sent).unwrap();
        let content = partner.verifies(&inner, ours).unwrap();
        assert!(body(&crlf(&content)) == body(&letter));
    }
    let entity = [b"Content-Type: text/plain\r\n\r\n", body(&letter)].concat();
    for cipher in ["-aes-256-cbc", "-aes-256-gcm"] {
        let letter = partner.writes(&entity, ours, &[cipher, "-binary"], Some(&["-binary"]));
        let (opened, got) = open(&letter, &[ours], &[trusted(partner.public())]);
        assert_eq!(opened.wholeness, Wholeness::Authenticated);
        assert_eq!(opened.written, Written::Letter(u64::try_from(got.len()).unwrap()));
        assert!(body(&got) == body(&entity), "{cipher}");
    }
    let mut block = Block::of("openssl large");
    block.yes(PROGRAM, "reads ours", "30 MB: the default profile and BSI, to RSA-2048, signed by RSA-3072");
    block.yes(PROGRAM, "writes to us", "30 MB: AES-256-CBC and AES-256-GCM, to RSA-3072, signed by RSA-2048");
    block.kept();
}

#[test]
fn signed_only_stays_byte_for_byte_and_is_verified() {
    let ours = own(Kind::SmimeRsa3072);
    for (name, letter) in lab::letters() {
        let sent = closed(&letter, Some(ours), &[], Profile::default());
        let (opened, got) = open(&sent, &[], &[trusted(ours.public())]);
        assert!(opened.proven_sender().is_some(), "{name}: {opened:?}");
        assert_eq!((opened.written, opened.wholeness, got.len()), (Written::Nothing, Wholeness::Plain, 0));
        let partner = Partner::rsa();
        partner.verifies(&sent, ours).unwrap();
    }
}
