//! `check --store` compares partners' rows: a name under another's tag, a key with another partner, a domain
//! of another partner, of none, or of a missing one.

use rig::gateway::change;
use rig::{Gateway, Hop};

use super::out::path;
use super::{insurer, openssl, sealpost};

const PARTNERS: [&str; 2] = ["clinic.example", "must.example"];

fn with_two_partners() -> Gateway {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    for partner in PARTNERS {
        let house = openssl::House::new(&format!("securemail@{partner}"));
        sealpost(&gateway, &["partner", "add", partner, path(&house), "--yes"]);
    }
    gateway
}

/// The reported rows, line by line.
fn named(gateway: &Gateway) -> Vec<String> {
    let (code, out, err) = gateway.sealpost(&["check", "--store", "--offline"]);
    let named: Vec<_> =
        err.lines().filter(|line| line.contains("does not prove")).map(str::to_owned).collect();
    assert_eq!(code == 0, named.is_empty(), "{out}{err}");
    named
}

/// Writes this into the database: this many rows are reported, each with these words; then it is restored.
fn names(gateway: &Gateway, (forged, undone): (&str, &str), many: usize, words: &[&str]) {
    let data = gateway.home.data();
    change(&data, forged);
    let found = named(gateway);
    let has = |line: &String| words.iter().all(|word| line.contains(word));
    assert!(found.len() == many && found.iter().any(has), "{forged}: {words:?}: {found:#?}");
    change(&data, undone);
    assert_eq!(named(gateway), [] as [String; 0], "{undone}");
}

#[test]
fn rows_of_partners_are_held_against_each_other() {
    let gateway = with_two_partners();
    assert_eq!(named(&gateway), [] as [String; 0]);
    let swapped = "CREATE TABLE kept AS SELECT id, tag FROM partners;
        UPDATE partners SET tag = x'01' WHERE id = (SELECT min(id) FROM kept);
        UPDATE partners SET tag = (SELECT tag FROM kept WHERE id = (SELECT min(id) FROM kept))
            WHERE id = (SELECT max(id) FROM kept);
        UPDATE partners SET tag = (SELECT tag FROM kept WHERE id = (SELECT max(id) FROM kept))
            WHERE id = (SELECT min(id) FROM kept)";
    let undone = "UPDATE partners SET tag = x'01' WHERE id = (SELECT min(id) FROM kept);
        UPDATE partners SET tag = (SELECT tag FROM kept WHERE kept.id = partners.id)
            WHERE id = (SELECT max(id) FROM kept);
        UPDATE partners SET tag = (SELECT tag FROM kept WHERE kept.id = partners.id);
        DROP TABLE kept";
    names(&gateway, (swapped, undone), 2, &["row of partner ", "is in the place of another row"]);

    let moved = "CREATE TABLE kept AS SELECT id, partner_id FROM partner_keys;
        UPDATE partner_keys SET partner_id = (SELECT max(id) FROM partners)
            WHERE partner_id = (SELECT min(id) FROM partners)";
    let undone =
        "UPDATE partner_keys SET partner_id = (SELECT partner_id FROM kept WHERE kept.id = partner_keys.id);
        DROP TABLE kept";
    names(&gateway, (moved, undone), 1, &["partner's key", "was not written with these keys"]);

    let elsewhere = "CREATE TABLE kept AS SELECT tag, partner_id FROM partner_places;
        UPDATE partner_places SET partner_id = (SELECT max(id) FROM partners)
            WHERE partner_id = (SELECT min(id) FROM partners)";
    let undone = "UPDATE partner_places SET partner_id =
            (SELECT partner_id FROM kept WHERE kept.tag = partner_places.tag);
        DROP TABLE kept";
    // That it leads elsewhere, and that nothing leads where it belongs.
    names(&gateway, (elsewhere, undone), 2, &["domain or address", "does not answer for it"]);

    let none = "CREATE TABLE kept AS SELECT tag, partner_id FROM partner_places;
        DELETE FROM partner_places WHERE partner_id = (SELECT min(id) FROM partners)";
    let undone = "INSERT INTO partner_places (tag, partner_id)
            SELECT tag, partner_id FROM kept WHERE partner_id = (SELECT min(id) FROM partners);
        DROP TABLE kept";
    names(&gateway, (none, undone), 1, &["domain or address", "nothing leads to it"]);
    gateway.sweep();
}

/// The owner of the tables can do without the database's own rules.
#[test]
fn what_belongs_to_nobody_is_named() {
    let gateway = with_two_partners();
    let (off, on) = match rig::config::is_on_postgres() {
        true => ("SET session_replication_role = replica;", "SET session_replication_role = origin;"),
        false => ("PRAGMA foreign_keys = OFF;", ""),
    };
    let forged = format!(
        "{off} INSERT INTO partner_places (tag, partner_id)
             SELECT x'0102030405060708091011121314151617181920212223242526272829303132', 'nobody' FROM partners
             WHERE id = (SELECT min(id) FROM partners); {on}"
    );
    let undone = "DELETE FROM partner_places WHERE partner_id = 'nobody'";
    names(
        &gateway,
        (&forged, undone),
        1,
        &["domain or address 0102030405060708", "nobody, which is not there"],
    );
    let forged = format!(
        "{off} INSERT INTO ocsp_answers (key_id, answer, asked_at, again_at) VALUES ('k', 'good', 1, 2); {on}"
    );
    let undone = "DELETE FROM ocsp_answers";
    names(
        &gateway,
        (&forged, undone),
        1,
        &["authority's answer about key k", "it was not written by this gateway"],
    );
    gateway.sweep();
}
