//! Keys from all files that people send: parsed, made, imported, certified, stored and judged.

use std::io::Write as _;

use sealpost_mail::{Address, Domain};
use sealpost_seal::{
    Algorithm, Covers, Fingerprint, KeyError, Kind, Method, Objection, OwnKey, PartnerKey, Purpose, judge,
};

use crate::gnupg::Gpg;
use crate::lab::{self, holder, now, own, passphrase, run, text};
use crate::openssl::Partner;

#[test]
fn every_kind_is_made_kept_and_read_again() {
    for kind in
        [Kind::SmimeRsa3072, Kind::SmimeP256, Kind::SmimeP384, Kind::OpenPgpCurve25519, Kind::OpenPgpRsa3072]
    {
        let key = own(kind);
        let again = OwnKey::from_bytes(key.to_bytes().unwrap().expose()).unwrap();
        assert_eq!(again.public(), key.public());
        let public = PartnerKey::from_bytes(&key.public().to_bytes()).unwrap();
        assert_eq!(&public, key.public());
        let read = PartnerKey::read(key.public().to_text().unwrap().as_bytes()).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].facts().fingerprint, key.facts().fingerprint);
        let read = PartnerKey::read(key.public().as_bytes()).unwrap();
        assert_eq!(read[0].facts(), key.facts());
        let address = Address::parse("MAIL@insurer.example").unwrap();
        let domain = Domain::parse("insurer.example").unwrap();
        for purpose in [Purpose::Encrypt, Purpose::Sign] {
            assert_eq!(judge(key.facts(), purpose, Some(Covers::Address(&address)), now()), []);
            assert_eq!(judge(key.facts(), purpose, Some(Covers::Domain(&domain)), now()), []);
        }
        assert!(!key.facts().capabilities.contains(&sealpost_seal::Capability::SeipdV2));
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }
}

#[test]
fn fingerprints_are_those_that_other_programs_show() {
    let folder = lab::folder();
    let path = folder.path().join("c.pem");
    let key = own(Kind::SmimeP256);
    std::fs::write(&path, key.public().to_text().unwrap()).unwrap();
    let said =
        run("openssl", &["x509", "-in", text(&path), "-noout", "-fingerprint", "-sha256"], b"").unwrap();
    let said = String::from_utf8(said).unwrap();
    let said = Fingerprint::parse(said.trim().split_once('=').unwrap().1).unwrap();
    assert_eq!(said, key.facts().fingerprint);
    let shown = said.to_string();
    assert_eq!(shown.split(' ').count(), 16);
    assert_eq!(Fingerprint::parse(&shown.to_lowercase()), Some(said));
    assert_eq!(Fingerprint::parse("12 34"), None);
}

#[test]
fn a_ca_certifies_what_we_ask_for() {
    let key = own(Kind::SmimeRsa3072);
    let partner = Partner::rsa();
    let csr = partner.put(
        "ours.csr",
        key.signing_request(&holder("mail", "insurer.example"), &sealpost_seal::NoTokens).unwrap().as_bytes(),
    );
    let (cert, ca, ca_key) = (partner.at("ours.crt"), partner.at("ca.pem"), partner.at("ca.key"));
    let arguments = [
        "x509",
        "-req",
        "-in",
        text(&csr),
        "-CA",
        text(&ca),
        "-CAkey",
        text(&ca_key),
        "-days",
        "5",
        "-copy_extensions",
        "copyall",
        "-out",
        text(&cert),
    ];
    run("openssl", &arguments, b"").unwrap();
    let (p7, ca) = (partner.at("ours.p7c"), partner.at("ca.pem"));
    let bundle =
        ["crl2pkcs7", "-nocrl", "-certfile", text(&cert), "-certfile", text(&ca), "-outform", "DER", "-out"];
    run("openssl", &[&bundle[..], &[text(&p7)]].concat(), b"").unwrap();
    let certified = key.with_certificate(&std::fs::read(&p7).unwrap()).unwrap();
    assert!(!certified.facts().self_issued && certified.public().chain().len() == 1);
    assert!(certified.facts().names(&Address::parse("mail@insurer.example").unwrap()));
    let other = own(Kind::SmimeP256).with_certificate(&std::fs::read(&p7).unwrap());
    assert!(matches!(other, Err(KeyError::OtherKey)), "{other:?}");
}

#[test]
fn private_keys_come_from_every_file() {
    let partner = Partner::rsa();
    let (key, cert, p12) = (partner.at("key.pem"), partner.at("cert.pem"), partner.at("k.p12"));
    let export =
        ["pkcs12", "-export", "-inkey", text(&key), "-in", text(&cert), "-passout", "pass:geheim", "-out"];
    run("openssl", &[&export[..], &[text(&p12)]].concat(), b"").unwrap();
    let bytes = std::fs::read(&p12).unwrap();
    let imported = OwnKey::import(&bytes, Some(&passphrase("geheim"))).unwrap();
    assert_eq!(imported.facts(), partner.key.facts());
    for wrong in [None, Some(passphrase("falsch"))] {
        let error = OwnKey::import(&bytes, wrong.as_ref()).unwrap_err();
        assert!(matches!(error, KeyError::Passphrase), "{error:?}");
    }
    let locked = partner.at("locked.pem");
    let lock = ["pkcs8", "-topk8", "-in", text(&key), "-passout", "pass:geheim", "-out", text(&locked)];
    run("openssl", &lock, b"").unwrap();
    let pem = [std::fs::read(&locked).unwrap(), std::fs::read(&cert).unwrap()].concat();
    assert!(OwnKey::import(&pem, Some(&passphrase("geheim"))).is_ok());
    assert!(matches!(OwnKey::import(&pem, None), Err(KeyError::Passphrase)));
    let bare = OwnKey::import(&std::fs::read(&key).unwrap(), None);
    assert!(matches!(bare, Err(KeyError::NoCertificate)), "{bare:?}");
    let public = OwnKey::import(&std::fs::read(&cert).unwrap(), None);
    assert!(matches!(public, Err(KeyError::NoPrivateKey)), "{public:?}");

    let gpg = Gpg::new("rsa3072");
    let secret = gpg.run(&["--armor", "--export-secret-keys"], b"").unwrap();
    assert_eq!(OwnKey::import(&secret, None).unwrap().facts().fingerprint, gpg.public().facts().fingerprint);
    let public = gpg.run(&["--armor", "--export"], b"").unwrap();
    assert!(matches!(OwnKey::import(&public, None), Err(KeyError::NoPrivateKey)));
}

#[test]
fn public_keys_come_from_every_file() {
    let partner = Partner::rsa();
    let gpg = Gpg::new("ed25519");
    let asc = gpg.run(&["--armor", "--export"], b"").unwrap();
    let pem = std::fs::read(partner.at("cert.pem")).unwrap();
    let p7b = partner.at("k.p7b");
    let (cert, ca) = (partner.at("cert.pem"), partner.at("ca.pem"));
    let bundle =
        ["crl2pkcs7", "-nocrl", "-certfile", text(&cert), "-certfile", text(&ca), "-out", text(&p7b)];
    run("openssl", &bundle, b"").unwrap();
    let p7b = std::fs::read(&p7b).unwrap();
    let read = PartnerKey::read(&p7b).unwrap();
    assert_eq!((read.len(), read[0].chain().len()), (1, 1));
    assert_eq!(read[0].facts().algorithm, Algorithm::Rsa(2048));

    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in [("liesmich.txt", &b"Unsere Schl\xfcssel"[..]), ("a/k.asc", &asc), ("k.cer", &pem)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    let zipped = zip.finish().unwrap().into_inner();
    let read = lab::runtime().block_on(lab::worker().read_keys(&zipped)).unwrap();
    let methods: Vec<Method> = read.iter().map(PartnerKey::method).collect();
    assert_eq!(methods, [Method::OpenPgp, Method::Smime]);
    assert_eq!(read[0].facts(), gpg.public().facts());
    let error =
        lab::runtime().block_on(lab::worker().read_keys(b"Sehr geehrte Damen und Herren")).unwrap_err();
    assert!(matches!(error, KeyError::Unknown), "{error:?}");
}

#[test]
fn a_zip_that_unfolds_without_end_is_refused() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("k.cer", options).unwrap();
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..8 {
        zip.write_all(&zeros).unwrap();
    }
    let zipped = zip.finish().unwrap().into_inner();
    assert!(zipped.len() < 1 << 16);
    assert!(matches!(PartnerKey::read(&zipped), Err(KeyError::TooLarge)));
}

#[test]
fn certificates_that_must_not_be_used_are_told_by_what_is_wrong_with_them() {
    // They are made while this runs, and valid from the second of their creation.
    let now = now().plus(std::time::Duration::from_secs(600));
    let address = Address::parse("info@clinic.example").unwrap();
    let here = Some(Covers::Address(&address));
    let good = Partner::rsa();
    assert_eq!(judge(good.public().facts(), Purpose::Encrypt, here, now), []);
    let later = now.plus(std::time::Duration::from_secs(40 * 86_400));
    assert_eq!(judge(good.public().facts(), Purpose::Encrypt, here, later), [Objection::Expired]);
    let earlier = now.minus(std::time::Duration::from_secs(40 * 86_400));
    assert_eq!(judge(good.public().facts(), Purpose::Encrypt, here, earlier), [Objection::NotYetValid]);
    let other = Address::parse("info@other.example").unwrap();
    let there = Some(Covers::Address(&other));
    assert_eq!(judge(good.public().facts(), Purpose::Encrypt, there, now), [Objection::AddressMismatch]);
    // A name below a domain is another domain.
    let below = Domain::parse("example").unwrap();
    let there = Some(Covers::Domain(&below));
    assert_eq!(judge(good.public().facts(), Purpose::Encrypt, there, now), [Objection::DomainMismatch]);
    let weak =
        Partner::new(&["-newkey", "rsa:1024"], "info@clinic.example", "digitalSignature,keyEncipherment");
    assert_eq!(judge(weak.public().facts(), Purpose::Encrypt, here, now), [Objection::WeakKey]);
    let signs = Partner::new(&["-newkey", "rsa:2048"], "info@clinic.example", "digitalSignature");
    assert_eq!(judge(signs.public().facts(), Purpose::Encrypt, here, now), [Objection::WrongUsage]);
    assert_eq!(judge(signs.public().facts(), Purpose::Sign, here, now), []);
    // CVE-2026-2748: white space in an address.
    let odd =
        Partner::new(&["-newkey", "rsa:2048"], "info @clinic.example", "digitalSignature,keyEncipherment");
    let objections = judge(odd.public().facts(), Purpose::Encrypt, here, now);
    assert_eq!(objections, [Objection::UnreadableName, Objection::AddressMismatch]);
}
