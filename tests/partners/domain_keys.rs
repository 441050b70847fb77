//! Our own keys: generated and certified by an authority (`openssl ca`), or imported (PKCS#12, PEM, an OpenPGP secret
//! key). Each opens what openssl and gpg encrypt to it, before and after a roll-over.

use rig::Gateway;
use rig::gateway::mode;

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, Scene, result};
use super::{gpg, openssl, sealpost};

const DOMAIN: &str = "insurer.example";

fn fingerprint(said: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix("fingerprint  ")).unwrap();
    line.chars().filter(char::is_ascii_hexdigit).collect()
}

/// The listing of keys in this state.
fn listed(gateway: &Gateway, state: &str) -> Vec<serde_json::Value> {
    let all = sealpost(gateway, &["domain-key", "list", "--json"]);
    let keys = all.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    keys.filter(|key| key["state"] == state).collect()
}

/// A stranger's openssl encrypts to this certificate, and it is opened.
fn opens(scene: &Scene, house: &openssl::House, certificate: &str, what: &str) {
    let arrived = scene.arrives(&house.close(HEAD, ENTITY, certificate));
    assert!(arrived.text().contains("4711"), "{what}: {}", result(&arrived));
}

#[test]
fn an_authority_certifies_what_was_made_here_and_the_certificate_of_before_still_opens() {
    let authority = Authority::new();
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    for (kind, algorithm) in [
        ("smime-rsa-3072", "RSA"),
        ("smime-rsa-4096", "RSA"),
        ("smime-p256", "P-256"),
        ("smime-p384", "P-384"),
    ] {
        let make = ["domain-key", "make", DOMAIN, "--name", "Zebrafink Insurance", "--kind", kind];
        let made = fingerprint(&sealpost(&scene.gateway, &make));
        let before = sealpost(&scene.gateway, &["domain-key", "export", &made]);
        let csr = ["domain-key", "csr", &made, "--name", "Zebrafink Insurance", "--country", "DE"];
        let request = sealpost(&scene.gateway, &csr);
        // A certificate for another name could not be used by partners.
        let wrong = authority.certifies(&request, Some("email:somebody@else.example"));
        let (code, out, err) = scene.gateway.sealpost(&["domain-key", "certify", &made, &wrong]);
        assert!(code != 0 && err.contains("names no address of insurer.example"), "{kind}: {out}{err}");
        let issued = authority.certifies(&request, None);
        sealpost(&scene.gateway, &["domain-key", "certify", &made, &issued]);

        let current = listed(&scene.gateway, "current");
        let now = current.iter().find(|key| key["subject"].as_str().unwrap().contains("Zebrafink")).unwrap();
        assert!(now["algorithm"].as_str().unwrap().contains(algorithm), "{now}");
        let now = now["fingerprint"].as_str().unwrap();
        let after = sealpost(&scene.gateway, &["domain-key", "export", now]);
        assert_ne!(before, after);
        let file = house.write("ours.pem", after.as_bytes());
        house.openssl(&["verify", "-CAfile", &authority.root(), "-purpose", "smimesign", &file]);
        opens(&scene, &house, &after, kind);
        opens(&scene, &house, &before, &format!("{kind}, the certificate of before"));
        assert!(listed(&scene.gateway, "retired").iter().any(|key| key["fingerprint"] == made.as_str()));
        sealpost(&scene.gateway, &["domain-key", "retire", now]);
    }
    scene.gateway.sweep();
}

#[test]
fn keys_that_exist_are_brought_in_every_form_and_open_what_was_encrypted_to_them() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    let passphrase = house.write("passphrase", b"open sesame\n");
    let wrong = house.write("wrong", b"open barley\n");
    [&passphrase, &wrong].into_iter().for_each(|file| mode(file.as_ref(), 0o600));
    for (name, new_key) in [
        ("RSA-3072", &["-newkey", "rsa:3072"][..]),
        ("RSA-4096", &["-newkey", "rsa:4096"]),
        ("P-256", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("P-384", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ] {
        let (key, certificate) = (house.path("ours.key"), house.path("ours.crt"));
        let usage = if name.starts_with('R') { "keyEncipherment" } else { "keyAgreement" };
        let make = ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=Insurer", "-addext"];
        let names = [
            "subjectAltName=email:securemail@insurer.example",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            &format!("keyUsage=digitalSignature,{usage}"),
            "-keyout",
            &key,
            "-out",
            &certificate,
        ];
        house.openssl(&[&make[..], &names, new_key].concat());
        // RSA as PKCS#12, curves as PEM with a protected key: both forms, and both kinds of passphrases.
        let file = house.path("brought");
        let protected = format!("pass:{}", "open sesame");
        if name.starts_with('R') {
            let pkcs12 = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-out", &file];
            house.openssl(&[&pkcs12[..], &["-passout", &protected]].concat());
        } else {
            let sealed = house.path("sealed.key");
            let seal = ["pkcs8", "-topk8", "-in", &key, "-out", &sealed, "-passout", &protected];
            house.openssl(&seal);
            let both = [&sealed, &certificate].map(|file| std::fs::read(file).unwrap()).concat();
            let _ = house.write("brought", &both);
        }
        let import = ["domain-key", "import", DOMAIN, &file, "--passphrase-file"];
        mode(file.as_ref(), 0o644);
        let (code, out, err) = scene.gateway.sealpost(&[&import[..], &[&passphrase]].concat());
        assert!(code != 0 && err.contains("chmod 600"), "{name}: {out}{err}");
        mode(file.as_ref(), 0o600);
        let (code, out, err) = scene.gateway.sealpost(&[&import[..], &[&wrong]].concat());
        assert!(code != 0 && err.contains("passphrase"), "{name}: {out}{err}");
        let said = sealpost(&scene.gateway, &[&import[..], &[&passphrase]].concat());
        assert!(said.contains(name.get(..3).unwrap()), "{said}");
        let (code, _, err) = scene.gateway.sealpost(&[&import[..], &[&passphrase]].concat());
        assert!(code != 0 && err.contains("there already"), "{name}: {err}");
        opens(&scene, &house, &std::fs::read_to_string(&certificate).unwrap(), name);
        std::fs::remove_file(&file).unwrap();
    }
    for kind in ["ed25519", "rsa3072"] {
        let (ours, file) = gpg::House::protected("securemail@insurer.example", kind, "open sesame");
        mode(file.as_ref(), 0o600);
        let import = ["domain-key", "import", DOMAIN, &file, "--passphrase-file"];
        let (code, out, err) = scene.gateway.sealpost(&[&import[..], &[&wrong]].concat());
        assert!(code != 0 && err.contains("passphrase"), "{kind}: {out}{err}");
        let said = sealpost(&scene.gateway, &[&import[..], &[&passphrase]].concat());
        let partner = gpg::House::new("moor@clinic.example");
        let exported = sealpost(&scene.gateway, &["domain-key", "export", &fingerprint(&said)]);
        partner.import(&exported);
        let key = fingerprint(&said);
        let arrived = scene.arrives(&partner.close(HEAD, ENTITY, &key));
        assert!(arrived.text().contains("4711"), "{kind}: {}", result(&arrived));
        drop(ours);
    }
    scene.gateway.sweep();
}
