//! Certificates in a directory (LDAP): queried over TLS, only for the configured domains, found, proposed, and remembered. With an
//! independent directory server.

use rig::ill_clock::IllClock;
use rig::slapd::{READER, Slapd, Speaks, configure, person};
use rig::{Authority, Config, Gateway, Hop};

use super::{gpg, openssl, sealpost};

const HOUSE: &str = "securemail@clinic.example";
const MOOR: &str = "dr.moor@clinic.example";

/// A gateway that asks the directory at this address, and whatever `change` makes of it.
fn gateway(authority: &Authority, url: &str, change: impl FnOnce(&mut Config)) -> Gateway {
    let mut config = Config::new(&Hop::new());
    configure(&mut config, url);
    change(&mut config);
    let home = rig::gateway::Home::new(&config);
    let _ = authority.write(home.path());
    Gateway::start_in(home, &config)
}

/// Its certificate, as directories keep it.
fn certificate(house: &openssl::House) -> Vec<u8> {
    let (pem, der) = (house.path("certificate.pem"), house.path("certificate.der"));
    house.openssl(&["x509", "-in", &pem, "-outform", "der", "-out", &der]);
    std::fs::read(der).unwrap()
}

/// The same within a signed message (RFC 2798 §2.8).
fn smime_certificate(house: &openssl::House) -> Vec<u8> {
    let (text, out) = (house.write("nothing.txt", b""), house.path("smime.p7"));
    let (own, key) = (house.path("certificate.pem"), house.path("key.pem"));
    house.openssl(&[
        "cms",
        "-sign",
        "-nodetach",
        "-binary",
        "-in",
        &text,
        "-signer",
        &own,
        "-inkey",
        &key,
        "-outform",
        "der",
        "-out",
        &out,
    ]);
    std::fs::read(out).unwrap()
}

fn look(gateway: &Gateway, who: &str, more: &[&str]) -> (i32, String) {
    let (code, out, err) = gateway.sealpost(&[&["partner", "add", who, "--offer"], more].concat());
    (code, format!("{out}{err}"))
}

#[test]
fn a_houses_certificate_is_found_offered_and_asked_for_once() {
    let authority = Authority::new();
    let house = openssl::House::new(HOUSE);
    let entry = person("people", HOUSE, &[("userCertificate;binary", &certificate(&house))]);
    let mut directory = Slapd::new(&authority, Speaks::Tls, &[entry]);
    let gateway = gateway(&authority, &directory.ldaps(), |_config| {});

    // One confirmation does not cover everything that a directory contains.
    let (code, said) = look(&gateway, "clinic.example", &[]);
    assert_eq!(code, 0, "{said}");
    let place = format!("from {}/o=Clinic of {HOUSE}", directory.ldaps());
    assert!(said.contains(&place) && said.contains("kept and not used"), "{said}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 1 keys usable"));
    let (code, out, err) = gateway.sealpost(&["partner", "trust", "clinic.example", "--yes"]);
    assert!(code != 0 && err.contains("from key servers or directories"), "{out}{err}");
    let shown = sealpost(&gateway, &["partner", "show", "clinic.example", "--json"]);
    let fingerprint = shown.split("\"fingerprint\":\"").nth(1).unwrap().split('"').next().unwrap();
    sealpost(&gateway, &["partner", "trust", "clinic.example", fingerprint]);
    assert!(sealpost(&gateway, &["partner", "list"]).contains("1 of 1 keys usable"));

    directory.stop();
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);
    let (code, said) = look(&gateway, "clinic.example", &[]);
    assert!(code == 0 && said.contains(&place), "it was asked again:\n{said}");
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);
    let (code, said) = look(&gateway, "clinic.example", &["--fresh"]);
    assert!(code != 0 && said.contains("looked     ldaps://localhost"), "{said}");
    assert_eq!(said.matches("looked     ").count(), 1, "who does not answer is asked once:\n{said}");
    gateway.sweep();
}

#[test]
fn a_persons_keys_are_found_by_start_tls_in_every_form() {
    let authority = Authority::new();
    let (bare, signed, pgp) = (openssl::House::new(MOOR), openssl::House::new(MOOR), gpg::House::small(MOOR));
    let armoured = std::fs::read(pgp.key()).unwrap();
    let (bare, signed) = (certificate(&bare), smime_certificate(&signed));
    let keys = [
        ("userCertificate;binary", &bare[..]),
        ("userSMIMECertificate", &signed),
        ("userSMIMECertificate", b"no certificate"),
        ("pgpKey", &armoured),
    ];
    let directory = Slapd::new(&authority, Speaks::Tls, &[person("people", MOOR, &keys)]);
    let gateway = gateway(&authority, &directory.ldap(), |_config| {});
    let (code, said) = look(&gateway, MOOR, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 3 keys usable"), "{said}");
    assert_eq!(
        said.matches("looked     ").count(),
        1,
        "what cannot be read does not hide the others:\n{said}"
    );
    directory.wait_logged("STARTTLS");
    directory.wait_logged("TLS established");
    directory.wait_logged(&format!("filter=\"(mail={MOOR})\""));
    assert!(!directory.log().contains(" BIND "), "it is asked as nobody");
    gateway.sweep();
}

#[test]
fn what_is_not_there_is_not_asked_for_again_and_others_are_not_asked_about() {
    let authority = Authority::new();
    let directory = Slapd::new(&authority, Speaks::Tls, &[]);
    let gateway = gateway(&authority, &directory.ldaps(), |_config| {});
    for _twice in 0..2 {
        let (code, said) = look(&gateway, MOOR, &[]);
        assert!(code != 0 && said.contains("publishes no key") && !said.contains("looked     "), "{said}");
    }
    let (code, said) = look(&gateway, "dr.moor@lab.example", &[]);
    assert!(code != 0 && said.contains("publishes no key"), "{said}");
    directory.wait_logged("SEARCH RESULT");
    let asked = directory.log();
    assert_eq!(asked.matches("SRCH base=").count(), 1, "{asked}");
    assert!(!asked.contains("lab.example"), "{asked}");
    gateway.sweep();
}

#[test]
fn a_certificate_for_another_address_or_of_another_time_is_left() {
    let authority = Authority::new();
    let (mallory, ended) = (openssl::House::new("mallory@evil.example"), openssl::House::new(MOOR));
    let entries = [
        person("people", HOUSE, &[("userCertificate;binary", &certificate(&mallory))]),
        person("people", MOOR, &[("userCertificate;binary", &certificate(&ended))]),
    ];
    let directory = Slapd::new(&authority, Speaks::Tls, &entries);
    let clock = IllClock::new();
    let mut config = Config::new(&Hop::new());
    configure(&mut config, &directory.ldaps());
    let home = rig::gateway::Home::new(&config);
    let _ = authority.write(home.path());
    let gateway = Gateway::start_in_with(home, &config, &clock.environment());
    let (code, said) = look(&gateway, "clinic.example", &[]);
    assert!(code != 0 && said.contains("names nothing of clinic.example"), "{said}");
    clock.set(40 * 86_400);
    let (code, said) = look(&gateway, MOOR, &[]);
    assert!(code != 0 && said.contains("expired"), "{said}");
    assert!(!sealpost(&gateway, &["partner", "list"]).contains("usable"));
    clock.set(0);
    gateway.sweep();
}

#[test]
fn a_filter_of_the_operators_is_asked_with_the_address_as_a_value() {
    let authority = Authority::new();
    let house = openssl::House::new(MOOR);
    let entry = person("people", MOOR, &[("userCertificate;binary", &certificate(&house))]);
    let directory = Slapd::new(&authority, Speaks::Tls, &[entry]);
    let gateway = gateway(&authority, &directory.ldaps(), |config| {
        let filter = r#""(&(objectClass=inetOrgPerson)(|(mail={address})(cn={address})))""#;
        config.set("[partners.ldap]", "filter", filter).set("[partners.ldap]", "domains", r#"["*"]"#);
    });
    for who in [r#""*"@clinic.example"#, r#""*)(mail=*"@clinic.example"#, r#""\\2a"@clinic.example"#] {
        let (code, said) = look(&gateway, who, &[]);
        assert!(code != 0 && said.contains("publishes no key"), "{who}: {said}");
    }
    // As RFC 4515 writes values that hold what means something in filters.
    directory.wait_logged(r#"(mail="\2A\29\28mail=\2A"@clinic.example)"#);
    directory.wait_logged(r#"(mail=\2A@clinic.example)"#);
    let (code, said) = look(&gateway, MOOR, &[]);
    assert_eq!(code, 0, "{said}");
    gateway.sweep();
}

#[test]
fn a_login_is_sent_under_tls_and_nowhere_shown() {
    let authority = Authority::new();
    let house = openssl::House::new(HOUSE);
    let entry = person("closed", HOUSE, &[("userCertificate;binary", &certificate(&house))]);
    let directory = Slapd::new(&authority, Speaks::Tls, &[entry]);
    let (reader, password) = READER;
    let gateway = gateway(&authority, &directory.ldap(), |config| {
        config.set("[partners.ldap]", "bind-dn", &format!("{reader:?}")).set(
            "[partners.ldap]",
            "password-file",
            r#""ldap.password""#,
        );
    });
    let fresh = |secret: &str, mode: u32| {
        let file = gateway.home.write("ldap.password", format!("{secret}\n").as_bytes());
        rig::gateway::mode(&file, mode);
        look(&gateway, "clinic.example", &["--fresh"])
    };
    let (code, said) = fresh(password, 0o644);
    assert!(code != 0 && said.contains("others can read it"), "{said}");
    let (code, said) = fresh("", 0o600);
    assert!(code != 0 && said.contains("the password is empty"), "{said}");
    let (code, said) = fresh("wrong 4711", 0o600);
    assert!(code != 0 && said.contains("does not take the login: InvalidCredentials"), "{said}");
    assert!(!directory.log().contains("SRCH base="), "it was asked as nobody:\n{}", directory.log());
    let (code, said) = fresh(password, 0o600);
    assert!(code == 0 && said.contains("from ldap://localhost"), "{said}");
    directory.wait_logged(&format!("BIND dn=\"{reader}\" mech=SIMPLE bind_ssf=0 ssf="));
    assert!(!directory.log().contains("bind_ssf=0 ssf=0"), "in clear:\n{}", directory.log());
    for told in [said, gateway.log()] {
        assert!(!told.contains("4711"), "{told}");
    }
    gateway.sweep();
}

#[test]
fn only_who_proves_a_name_is_asked_and_in_clear_only_by_a_word_of_the_operators() {
    let authority = Authority::new();
    let house = openssl::House::new(HOUSE);
    let entry = person("people", HOUSE, &[("userCertificate;binary", &certificate(&house))]);
    let (tls, clear) = (
        Slapd::new(&authority, Speaks::Tls, std::slice::from_ref(&entry)),
        Slapd::new(&authority, Speaks::Clear, &[entry]),
    );
    let asks = |authority: &Authority, url: &str, key: &str, value: &str| {
        let gateway = gateway(authority, url, |config| {
            config.set("[partners.ldap]", key, value);
        });
        let told = look(&gateway, "clinic.example", &[]);
        gateway.sweep();
        told
    };
    let plain = (r#"deadline"#, r#""20 s""#);
    for url in [tls.ldaps(), tls.ldap()] {
        let (code, said) = asks(&Authority::new(), &url, plain.0, plain.1);
        assert!(code != 0 && said.contains("TLS: ") && said.contains("certificate"), "{said}");
        let (code, said) = asks(&authority, &url, "networks", r#"["10.0.0.0/8"]"#);
        assert!(code != 0 && said.contains("is no address of the public internet"), "{said}");
    }
    let (code, said) = asks(&authority, &clear.ldap(), plain.0, plain.1);
    assert!(code != 0 && said.contains("it does not begin TLS"), "{said}");
    for asked in [tls.log(), clear.log()] {
        assert!(!asked.contains("SRCH base="), "{asked}");
    }
    let (code, said) = asks(&authority, &clear.ldap(), "tls", r#""off""#);
    assert!(code == 0 && said.contains("from ldap://localhost"), "{said}");
}

/// One server asked for two attributes, or as two people, is two directories: what one of them does not have, or does not say, the
/// other one is asked for.
#[test]
fn one_server_that_is_asked_in_two_ways_is_asked_twice() {
    let authority = Authority::new();
    let house = openssl::House::new(HOUSE);
    let entry = person("people", HOUSE, &[("userCertificate;binary", &certificate(&house))]);
    let directory = Slapd::new(&authority, Speaks::Tls, &[entry]);
    let url = directory.ldaps();
    let two = |first: &dyn Fn(&mut Config)| {
        gateway(&authority, &url, |config| {
            first(config);
            configure(config, &url);
        })
    };
    let by_filter = two(&|config| {
        config.set("[partners.ldap]", "filter", r#""(description={address})""#);
    });
    let (code, said) = look(&by_filter, "clinic.example", &[]);
    assert_eq!(code, 0, "{said}");
    directory.wait_logged(&format!("filter=\"(description={HOUSE})\""));
    directory.wait_logged(&format!("filter=\"(mail={HOUSE})\""));
    by_filter.sweep();
    let by_login = two(&|config| {
        config.set("[partners.ldap]", "bind-dn", &format!("{:?}", READER.0)).set(
            "[partners.ldap]",
            "password-file",
            r#""ldap.password""#,
        );
    });
    let file = by_login.home.write("ldap.password", b"wrong 4711\n");
    rig::gateway::mode(&file, 0o600);
    let (code, said) = look(&by_login, "clinic.example", &[]);
    assert!(code == 0 && said.contains("does not take the login"), "{said}");
    by_login.sweep();
}
