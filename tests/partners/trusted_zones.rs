//! A key from a signed zone is used at once if the operator allows it; otherwise, or if the zone is not signed, it is a
//! proposal.

use std::net::SocketAddr;

use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::{A, NS, OPENPGPKEY};
use rig::signed_zones::{Zone, ZoneKey, name, serve};
use rig::{Config, Gateway, Hop};

use super::{gpg, sealpost};

/// Who signs clinic.example.
#[derive(Clone, Copy, PartialEq)]
enum Clinic {
    Signed,
    Plain,
}

/// Signed zones from the root to clinic.example, which has this key for its gateway's addresses; and the root's key.
fn world(clinic: Clinic, key: &[u8]) -> (SocketAddr, String) {
    let (root, example, own) = (ZoneKey::new(), ZoneKey::new(), ZoneKey::new());
    let ns = || RData::NS(NS(name("ns.")));
    let top = vec![
        ("example.", ns()),
        ("example.", example.ds("example.")),
        ("ns.", RData::A(A::new(192, 0, 2, 53))),
    ];
    let mut middle = vec![("clinic.example.", ns())];
    if clinic == Clinic::Signed {
        middle.push(("clinic.example.", own.ds("clinic.example.")));
    }
    let names = [
        "6c62b2c9d019cf10f2873f92a1c517c6e8cd8b4df907eac73e50cd41._openpgpkey.clinic.example.",
        "9d5192e5c4d2026ecac9a6473ead72c5b8870d2ad76d605945bfee26._openpgpkey.clinic.example.",
    ];
    let keys = names.map(|name| (name, RData::OPENPGPKEY(OPENPGPKEY::new(key.to_vec())))).to_vec();
    let zones = vec![
        Zone::new(".", top, Some(&root)),
        Zone::new("example.", middle, Some(&example)),
        Zone::new("clinic.example.", keys, (clinic == Clinic::Signed).then_some(&own)),
    ];
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tell.send(serve(zones).await).unwrap();
            std::future::pending::<()>().await;
        });
    });
    (told.recv().unwrap(), format!(". 60 IN DNSKEY {}\n", root.record))
}

/// One that looks for keys in this world, where a signed zone counts so.
fn gateway(
    (server, anchor): (SocketAddr, String),
    counts: &str,
    change: impl FnOnce(&mut Config),
) -> Gateway {
    let mut config = Config::new(&Hop::new());
    config
        .set("delivery", "dane", "true")
        .set("delivery", "trust-anchor", r#""root.key""#)
        .set("delivery", "name-servers", &format!("[\"{server}\"]"))
        .set("partners", "lookup", r#"["openpgpkey"]"#)
        .set("partners", "signed-dns", &format!("\"{counts}\""));
    change(&mut config);
    let home = rig::gateway::Home::new(&config);
    std::fs::write(home.path().join("root.key"), anchor).unwrap();
    Gateway::start_in(home, &config)
}

#[test]
fn only_a_signed_zone_counts_and_only_if_the_operator_says_so() {
    let people = gpg::House::small("securemail@clinic.example");
    let key = people.dearmoured();
    for (clinic, counts, expected) in [
        (Clinic::Signed, "trust", "trusted"),
        (Clinic::Signed, "offer", "offered"),
        (Clinic::Plain, "trust", "offered"),
    ] {
        let gateway = gateway(world(clinic, &key), counts, |_| {});
        let said = sealpost(&gateway, &["partner", "add", "clinic.example"]);
        let asked = said.contains("Is it the same?");
        assert_eq!(asked, expected == "offered", "{counts}: {said}");
        let shown = sealpost(&gateway, &["partner", "show", "clinic.example"]);
        assert!(shown.contains(&format!("{expected}, from OPENPGPKEY of")), "{counts}: {shown}");
        assert_eq!(shown.contains("signed zone"), clinic == Clinic::Signed, "{shown}");
        assert_eq!(shown.contains("used for letters"), expected == "trusted", "{shown}");
        gateway.sweep();
    }
}

/// Whom a zone speaks for is decided when its key is believed, and not when the partner is given another place.
#[test]
fn a_place_given_later_is_not_reached_by_a_key_that_only_a_zone_vouches_for() {
    let people = gpg::House::small("securemail@clinic.example");
    let gateway = gateway(world(Clinic::Signed, &people.dearmoured()), "trust", |config| {
        config.rule("closed", r#"{ recipient = "*@*.example" }"#, r#"["domain", "portal"]"#);
    });
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"]);
    sealpost(&gateway, &["partner", "add", "clinic.example"]);
    let mail = gateway.home.write("mail.eml", &rig::letters::plain("Befund", "Text"));
    let explained = |to: &str| {
        sealpost(&gateway, &["explain", mail.to_str().unwrap(), "--from", "a@insurer.example", "--to", to])
    };
    let (clinic, lab) = ("max@clinic.example", "max@lab.example");
    let fingerprint = people.fingerprint();
    assert!(explained(clinic).contains("OpenPGP"), "{}", explained(clinic));

    let other = gpg::House::small("securemail@lab.example");
    let file = other.key();
    let more =
        ["partner", "add", "clinic.example", file.to_str().unwrap(), "--for", "lab.example", "--offer"];
    sealpost(&gateway, &more);
    let said = explained(lab);
    assert!(said.contains("does not speak for this address") || said.contains("is not confirmed"), "{said}");
    assert!(said.contains("mailbox instead"), "{said}");
    assert!(explained(clinic).contains("OpenPGP"), "{}", explained(clinic));
    let shown = sealpost(&gateway, &["partner", "show", "clinic.example"]);
    assert!(shown.contains("everybody at clinic.example, whose signed zone has it"), "{shown}");

    // Compared by telephone, it is everybody's.
    sealpost(&gateway, &["partner", "suspend", "clinic.example", &fingerprint]);
    sealpost(&gateway, &["partner", "trust", "clinic.example", &fingerprint]);
    let said = explained(lab);
    assert!(!said.contains("mailbox instead") && said.contains("OpenPGP"), "{said}");
    gateway.sweep();
}
