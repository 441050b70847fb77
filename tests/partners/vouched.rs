//! Signers known only by an authority's certificate: shown as such, and not as a partner. And the effect of
//! its revocation lists.

use rig::letters;

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, Scene, result};
use super::out::{our_certificate, path};
use super::{openssl, sealpost};

/// A gateway that trusts this authority, with its list at a path that may be empty, and holds partners'
/// letters.
fn scene(authority: &Authority, policy: &str) -> Scene {
    std::fs::create_dir_all(authority.path("lists")).unwrap();
    let (root, lists) = (format!("[{:?}]", authority.root()), format!("[{:?}]", authority.path("lists")));
    Scene::new(|config| {
        config
            .set("partners", "roots", &root)
            .set("partners", "crls", &lists)
            .set("partners", "crl", &format!("{policy:?}"))
            .rule(
                "partner",
                r#"{ listener = "world", from-partner = true }"#,
                r#"{ hold = { tls = "none" } }"#,
            );
    })
}

/// The result for the organisation's letter, signed and encrypted, which no rule takes for a partner's.
fn is_no_partner_s(scene: &Scene, house: &openssl::House) -> String {
    let arrived = scene.arrives(&house.close(HEAD, ENTITY, &our_certificate(&scene.gateway)));
    assert!(
        arrived.text().contains("Subject: Befund\r\n"),
        "it has the tag of partners:\n{}",
        arrived.text()
    );
    result(&arrived)
}

fn is_a_partner_s(scene: &Scene, house: &openssl::House) {
    let held = scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");
    scene.hand_in(&house.close(HEAD, ENTITY, &our_certificate(&scene.gateway)));
    let now = scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'");
    assert_eq!(now, held + 1, "the rule for partners did not decide");
}

fn check_says(scene: &Scene, words: &str) {
    let (_, out, err) = scene.gateway.sealpost(&["check"]);
    assert!(err.contains(words), "{words}:\n{out}{err}");
}

#[test]
fn a_chain_alone_makes_nobody_a_partner() {
    let authority = Authority::new();
    let scene = scene(&authority, "require");
    authority.list(&authority.path("lists/list.pem"));
    let house = authority.issues("moor@clinic.example");
    let found = is_no_partner_s(&scene, &house);
    assert!(found.contains("signed=chain") && !found.contains("by="), "{found}");
    // The organisation becomes a partner by another key: now the authority's certificate for the address
    // counts.
    let gateway = openssl::House::new("securemail@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&gateway), "--yes"]);
    is_a_partner_s(&scene, &house);
    let somebody = authority.issues("nurse@clinic.example");
    let found = is_no_partner_s(&scene, &somebody);
    assert!(found.contains("signed=other-sender"), "one person's certificate, another one's From: {found}");
    sealpost(&scene.gateway, &["partner", "suspend", "clinic.example"]);
    assert!(is_no_partner_s(&scene, &house).contains("signed=chain"));
    scene.gateway.sweep();
}

#[test]
fn lists_are_asked_and_what_they_name_is_worth_nothing() {
    let authority = Authority::new();
    let scene = scene(&authority, "require");
    let list = authority.path("lists/list.pem");
    let (house, gateway) =
        (authority.issues("moor@clinic.example"), openssl::House::new("mail@clinic.example"));
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&gateway), "--yes"]);
    assert!(is_no_partner_s(&scene, &house).contains("signed=chain-without-list"));
    check_says(&scene, "there is no revocation list of the root \"CN=An Authority\"");
    authority.old_list(&list);
    assert!(is_no_partner_s(&scene, &house).contains("signed=chain-without-list"));
    check_says(&scene, "says nothing of today");
    // The same name, another key.
    Authority::new().list(&list);
    assert!(is_no_partner_s(&scene, &house).contains("signed=chain-without-list"));
    check_says(&scene, "is not signed by the root");
    authority.list(&list);
    is_a_partner_s(&scene, &house);
    authority.revokes(&house);
    authority.list(&list);
    assert!(is_no_partner_s(&scene, &house).contains("signed=revoked"));
    // The fetched file is something else: the last list stays in use.
    let letter = house.close(HEAD, ENTITY, &our_certificate(&scene.gateway));
    std::fs::write(&list, "<html>not found</html>").unwrap();
    assert!(result(&scene.arrives(&letter)).contains("signed=revoked"));
    authority.list(&list);
    scene.gateway.sweep();
}

/// They are others' files, and grow by themselves: no reboot ends without a gateway for that.
#[test]
fn lists_that_are_too_large_keep_no_gateway_from_starting() {
    let authority = Authority::new();
    std::fs::create_dir_all(authority.path("lists")).unwrap();
    let large = std::fs::File::create(authority.path("lists/large.crl")).unwrap();
    large.set_len(17 * 1024 * 1024).unwrap();
    let scene = scene(&authority, "require");
    let words = "are 17 MB together, and 16 MB are read";
    scene.gateway.wait_logged(words);
    for (args, fails) in [(&["check"][..], true), (&["check", "--offline"], false)] {
        let (code, out, err) = scene.gateway.sealpost(args);
        assert!(
            (code != 0) == fails && err.contains(words) && err.contains("large.crl (17 MB)"),
            "{out}{err}"
        );
    }
    // What fits counts.
    authority.list(&authority.path("lists/list.pem"));
    let (house, gateway) =
        (authority.issues("moor@clinic.example"), openssl::House::new("mail@clinic.example"));
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&gateway), "--yes"]);
    is_a_partner_s(&scene, &house);
    // With all of them read, `check --store` has nothing to name.
    std::fs::remove_file(authority.path("lists/large.crl")).unwrap();
    scene.gateway.sweep();
}

#[test]
fn a_trusted_certificate_that_its_authority_takes_back_neither_signs_nor_is_encrypted_to() {
    let authority = Authority::new();
    let scene = scene(&authority, "when-known");
    let house = authority.issues("moor@clinic.example");
    // Trusted by its fingerprint, it needs no list.
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    is_a_partner_s(&scene, &house);
    authority.revokes(&house);
    authority.list(&authority.path("lists/list.pem"));
    // Before the first letter asks.
    let shown = sealpost(&scene.gateway, &["partner", "show", "clinic.example"]);
    assert!(shown.contains("not used: its authority has revoked it"), "{shown}");
    assert!(sealpost(&scene.gateway, &["partner", "list"]).contains("0 of 1 keys usable"));
    let again = ["partner", "add", "other.example", path(&house), "--other-name", "--yes"];
    let (code, _, err) = scene.gateway.sealpost(&again);
    assert!(code != 0 && err.contains("its authority has revoked it"), "{err}");
    assert!(is_no_partner_s(&scene, &house).contains("signed=revoked"));
    let deposits = scene.gateway.count("SELECT count(*) FROM deposits");
    let letter = letters::plain("Akte", "streng geheim 4711");
    let mut client = scene.gateway.smtp();
    client.letter("erika.muster@insurer.example", &["moor@clinic.example"], &letter).expect("250 *");
    assert_eq!(scene.gateway.count("SELECT count(*) FROM deposits"), deposits + 1, "not in the portal");
    scene.gateway.sweep();
}

#[test]
fn without_lists_a_chain_counts_only_if_the_operator_says_so() {
    let authority = Authority::new();
    let scene = scene(&authority, "when-known");
    let (house, gateway) =
        (authority.issues("moor@clinic.example"), openssl::House::new("mail@clinic.example"));
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&gateway), "--yes"]);
    is_a_partner_s(&scene, &house);
    authority.old_list(&authority.path("lists/list.pem"));
    assert!(is_no_partner_s(&scene, &house).contains("signed=chain-without-list"), "an expired one is none");
    scene.gateway.sweep();
}

/// The answer of a moved server to a request for its list.
#[test]
fn a_file_that_holds_no_list_is_told_and_keeps_nothing_from_starting() {
    let authority = Authority::new();
    let mut scene = scene(&authority, "require");
    authority.list(&authority.path("lists/list.pem"));
    std::fs::write(authority.path("lists/moved.pem"), "<html>not found</html>").unwrap();
    check_says(&scene, "moved.pem holds no revocation list");
    assert_eq!(scene.gateway.sealpost(&["check"]).0, 0, "the unit runs it before each start");
    scene.gateway.stop();
    scene.gateway.restart();
    let _ = scene.gateway.process().output.wait("*moved.pem holds no revocation list*");
    let house = authority.issues("moor@clinic.example");
    let found = is_no_partner_s(&scene, &house);
    assert!(
        found.contains("signed=chain") && !found.contains("without-list"),
        "the other list counts: {found}"
    );
    scene.gateway.sweep();
}
