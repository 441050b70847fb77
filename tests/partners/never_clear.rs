//! No key, an unconfirmed one, a suspended, revoked, expired one, one for another address, another organisation's, a
//! weak one: never in clear, but what the rule says instead.

use rig::ill_clock::IllClock;
use rig::{Gateway, Hop, letters};

use super::out::path;
use super::{insurer, openssl, sealpost};

/// Sends to an organisation whose rule falls back to the portal, and to one whose rule has no fallback: a deposit for
/// the one, a refusal with its reason for the other, and the words never on the wire.
fn never_leaves(gateway: &Gateway, world: &Hop, reason: &str) {
    let deposits = gateway.count("SELECT count(*) FROM deposits");
    let letter = letters::plain("Akte", "streng geheim 4711");
    gateway
        .smtp()
        .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
        .expect("250 *");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), deposits + 1, "{reason}: not in the portal");
    let mut client = gateway.smtp();
    client.envelope("erika.muster@insurer.example", &["doctor@must.example"]);
    let reply = client.data(&letter);
    assert!((500..600).contains(&reply.code) && reply.to_string().contains(reason), "{reason}: {reply}");
    for delivered in world.delivered() {
        assert!(!delivered.text().contains("4711"), "{reason}: it left in clear");
    }
}

#[test]
fn what_cannot_be_encrypted_takes_the_other_way_and_never_leaves_in_clear() {
    let (world, inside) = (Hop::new(), Hop::new());
    let clock = IllClock::new();
    let gateway = Gateway::start_with(&insurer(&world, &inside).0, &clock.environment());
    never_leaves(&gateway, &world, "is no partner's");

    let house = openssl::House::new("securemail@clinic.example");
    let other = openssl::House::new("securemail@must.example");
    for (name, house) in [("clinic.example", &house), ("must.example", &other)] {
        sealpost(&gateway, &["partner", "add", name, path(house), "--offer"]);
    }
    never_leaves(&gateway, &world, "not confirmed");
    // The fingerprints that it shows are not compared by anybody.
    let (code, shown, err) = gateway.sealpost(&["partner", "trust", "clinic.example"]);
    assert!(code != 0 && shown.contains("compare ") && err.contains("nothing was changed"), "{shown}{err}");
    never_leaves(&gateway, &world, "not confirmed");
    for name in ["clinic.example", "must.example"] {
        sealpost(&gateway, &["partner", "trust", name, "--yes"]);
    }
    never_leaves(&gateway, &world, "no S/MIME key of our own");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    for name in ["clinic.example", "must.example"] {
        sealpost(&gateway, &["partner", "suspend", name]);
    }
    never_leaves(&gateway, &world, "is suspended");
    for name in ["clinic.example", "must.example"] {
        sealpost(&gateway, &["partner", "trust", name]);
    }
    // Now it would be encrypted; in forty days the partner's certificate has run out, and ours has not.
    clock.set(40 * 86_400);
    never_leaves(&gateway, &world, "has expired");
    clock.set(0);
    let fingerprint = |name: &str| {
        let shown = sealpost(&gateway, &["partner", "show", name, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(shown.trim()).unwrap();
        shown["keys"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    for name in ["clinic.example", "must.example"] {
        sealpost(&gateway, &["partner", "revoke", name, &fingerprint(name)]);
        let (code, _, err) = gateway.sealpost(&["partner", "trust", name, &fingerprint(name)]);
        assert!(code != 0 && err.contains("for good"), "{err}");
    }
    never_leaves(&gateway, &world, "is revoked");
    gateway.sweep();
}

#[test]
fn a_certificate_for_somebody_else_or_a_weak_one_encrypts_nothing_and_nothing_leaves_in_clear() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    let names = ["clinic.example", "must.example"];
    // Another house's, as it came by mistake; and one that could be broken, also as a mere offer.
    let elsewhere = openssl::House::new("securemail@other.example");
    for name in names {
        let weak = openssl::House::of_bits(&format!("securemail@{name}"), 1024);
        for (house, how, said) in [
            (&elsewhere, "--yes", "names nothing of"),
            (&weak, "--yes", "too weak"),
            (&weak, "--offer", "too weak"),
        ] {
            let (code, out, err) = gateway.sealpost(&["partner", "add", name, path(house), how]);
            assert!(code != 0 && err.contains(said), "{name} {how}: {out}{err}");
        }
    }
    never_leaves(&gateway, &world, "is no partner's");

    // A key for one person, for a partner of two domains: not used for others in the same domain, nor in the other.
    let nurse = openssl::House::new("nurse@clinic.example");
    let add = ["partner", "add", "houses", path(&nurse), "--personal", "--yes"];
    sealpost(&gateway, &[&add[..], &["--for", "clinic.example", "--for", "must.example"]].concat());
    never_leaves(&gateway, &world, "is for another address");
    let letter = letters::plain("Akte", "streng geheim 4711");
    gateway.smtp().letter("erika.muster@insurer.example", &["nurse@clinic.example"], &letter).expect("250 *");
    let hers = world.wait_to("nurse@clinic.example").text();
    assert!(hers.contains("pkcs7-mime") && !hers.contains("4711"), "{hers}");
    // Everything sent so far, including notices: the words are in none of it, and the only encrypted copy is the
    // nurse's.
    let left = world.delivered().into_iter().chain(inside.delivered()).collect::<Vec<_>>();
    assert!(left.iter().all(|one| !one.text().contains("4711")), "it left in clear");
    let closed = left.iter().filter(|one| one.text().contains("pkcs7-mime"));
    assert_eq!(closed.flat_map(|one| one.to()).collect::<Vec<_>>(), ["nurse@clinic.example"]);
    gateway.sweep();
}

#[test]
fn a_row_that_somebody_else_wrote_encrypts_nothing() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let (house, thief) =
        (openssl::House::new("securemail@clinic.example"), openssl::House::new("x@clinic.example"));
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&thief), "--offer"]);
    // Write access to the database marks the proposed key as trusted, and removes the other.
    let database = rusqlite::Connection::open(gateway.home.data().join("rows.sqlite")).unwrap();
    database.execute("DELETE FROM partner_keys WHERE state = 'trusted'", []).unwrap();
    assert_eq!(database.execute("UPDATE partner_keys SET state = 'trusted'", []).unwrap(), 1);
    let letter = letters::plain("Akte", "streng geheim 4711");
    gateway
        .smtp()
        .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
        .expect("250 *");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1, "it went to the thief");
    gateway.wait_logged("was not written with these keys");
}

#[test]
fn what_is_kept_of_partners_is_not_readable() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let house = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Zebrafink Insurance"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    for word in ["Zebrafink", "securemail@clinic.example"] {
        let found =
            files(&gateway.home.data()).into_iter().filter(|bytes| contains(bytes, word.as_bytes())).count();
        assert_eq!(found, 0, "{word} is in the store in clear");
    }
}

fn files(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap_or_default()).collect()
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|found| found == word)
}
