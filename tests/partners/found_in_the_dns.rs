//! Keys in a partner's zone (OPENPGPKEY, SMIMEA): found, shown with their origin, proposed and not used until an operator
//! has compared them; and looked up once, whatever the answer.

use rig::dns::{Dns, Record};
use rig::{Config, Gateway, Hop};

use super::{gpg, openssl, sealpost};

const OPENPGPKEY: u16 = 61;
const SMIMEA: u16 = 53;
/// The local part `securemail` as both standards name it.
const SECUREMAIL: &str = "6c62b2c9d019cf10f2873f92a1c517c6e8cd8b4df907eac73e50cd41";

fn gateway(dns: &Dns, lookup: &str) -> Gateway {
    let mut config = Config::new(&Hop::new());
    config.set("partners", "lookup", lookup).set(
        "delivery",
        "name-servers",
        &format!("[\"{}\"]", dns.address()),
    );
    Gateway::start(&config)
}

/// The certificate of a house as an SMIMEA record with this usage, whole.
fn smimea(house: &openssl::House, usage: u8) -> Record {
    let (pem, der) = (house.path("certificate.pem"), house.path("certificate.der"));
    house.openssl(&["x509", "-in", &pem, "-outform", "der", "-out", &der]);
    Record::Raw(SMIMEA, [&[usage, 0, 0][..], &std::fs::read(der).unwrap()].concat())
}

fn look(gateway: &Gateway, more: &[&str]) -> (i32, String) {
    let (code, out, err) =
        gateway.sealpost(&[&["partner", "add", "clinic.example", "--offer"], more].concat());
    (code, format!("{out}{err}"))
}

#[test]
fn what_the_zone_has_is_shown_and_offered_and_asked_about_once() {
    let dns = Dns::new();
    let gateway = gateway(&dns, r#"["openpgpkey", "smimea"]"#);
    let (code, said) = look(&gateway, &[]);
    assert!(code != 0 && said.contains("publishes no key"), "{said}");

    let house = openssl::House::new("securemail@clinic.example");
    let people = gpg::House::small("securemail@clinic.example");
    dns.publish(&format!("{SECUREMAIL}._smimecert.clinic.example"), smimea(&house, 3));
    let key = people.dearmoured();
    dns.publish(&format!("{SECUREMAIL}._openpgpkey.clinic.example"), Record::Raw(OPENPGPKEY, key));
    let (code, said) = look(&gateway, &[]);
    assert!(code != 0 && said.contains("publishes no key"), "it asked again at once:\n{said}");

    let (code, said) = look(&gateway, &["--fresh"]);
    assert_eq!(code, 0, "{said}");
    for words in [
        "from OPENPGPKEY of securemail@clinic.example",
        "from SMIMEA of securemail@clinic.example",
        "kept, and not used",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let digits: String =
        said.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase();
    assert!(digits.contains(&people.fingerprint().to_ascii_uppercase()), "{said}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 2 keys usable"));
    let shown = sealpost(&gateway, &["partner", "show", "clinic.example"]);
    assert!(shown.contains("from SMIMEA of") && shown.contains("offered"), "{shown}");

    // What was found is remembered, whatever becomes of the name servers.
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);
    dns.fail();
    let (code, said) = look(&gateway, &[]);
    assert!(code == 0 && said.contains("from SMIMEA of"), "{said}");
    sealpost(&gateway, &["partner", "remove", "clinic.example", "--yes"]);
    let (code, said) = look(&gateway, &["--fresh"]);
    assert!(code != 0 && said.contains("looked     OPENPGPKEY of"), "{said}");
    gateway.sweep();
}

#[test]
fn what_is_not_to_be_asked_is_not_asked_and_digests_name_nobody() {
    let dns = Dns::new();
    let only_smime = gateway(&dns, r#"["smimea"]"#);
    let people = gpg::House::small("securemail@clinic.example");
    let key = people.dearmoured();
    dns.publish(&format!("{SECUREMAIL}._openpgpkey.clinic.example"), Record::Raw(OPENPGPKEY, key));
    let digest = [&[3, 0, 1][..], &[7; 32]].concat();
    dns.publish(&format!("{SECUREMAIL}._smimecert.clinic.example"), Record::Raw(SMIMEA, digest));
    let (code, said) = look(&only_smime, &["--fresh"]);
    assert!(code != 0 && said.contains("publishes no key"), "{said}");
    only_smime.sweep();
}

#[test]
fn check_refuses_places_that_lead_nowhere() {
    let said = |key: &str, value: &str| {
        let mut config = Config::new(&Hop::new());
        config.set("partners", key, value);
        let (code, out, err) = rig::gateway::Home::new(&config).sealpost(&["check"]);
        assert_ne!(code, 0, "{key} = {value}: {out}{err}");
        format!("{out}{err}")
    };
    assert!(said("lookup", r#"["wkd", "vks"]"#).contains("none is named"));
    assert!(said("lookup", r#"["ldap"]"#).contains("ldap"));
    assert!(said("key-servers", r#"["https://keys.example"]"#).contains("none is asked"));
    assert!(said("signed-dns", r#""trust""#).contains("no signature is checked"));
}

/// An answer that does not fit into a datagram is cut (RFC 2181 §9), and asked for again over TCP (RFC 7766 §5).
#[test]
fn keys_larger_than_a_datagram_come_over_tcp() {
    let dns = Dns::new();
    let gateway = gateway(&dns, r#"["openpgpkey", "smimea"]"#);
    let (people, house) =
        (gpg::House::new("securemail@clinic.example"), openssl::House::new("securemail@clinic.example"));
    let key = people.dearmoured();
    assert!(key.len() > 1200, "with what stands around it, too much: {}", key.len());
    dns.publish(&format!("{SECUREMAIL}._openpgpkey.clinic.example"), Record::Raw(OPENPGPKEY, key));
    let place = format!("{SECUREMAIL}._smimecert.clinic.example");
    // One for each use: together too much for a datagram.
    dns.publish(&place, smimea(&house, 3));
    dns.add(&place, smimea(&house, 1));
    let (code, said) = look(&gateway, &["--fresh"]);
    assert_eq!(code, 0, "{said}");
    for words in ["from OPENPGPKEY of securemail@clinic.example", "from SMIMEA of securemail@clinic.example"]
    {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let digits: String =
        said.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase();
    assert!(digits.contains(&people.fingerprint().to_ascii_uppercase()), "{said}");
    assert!(dns.asked_over_tcp() >= 2, "both were cut");
    gateway.sweep();
}
