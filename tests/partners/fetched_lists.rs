//! An authority's revocation list is fetched from the URL in certificates: certificates that it names are never used
//! for encryption again and their signatures are rejected, whatever an attacker puts in its place. No internal server
//! is contacted, and no letter waits.

use std::net::TcpListener;

use rig::openssl::House;
use rig::web_folder::WebFolder;
use rig::{Hop, Smtp};

use super::authority::Authority;
use super::inward::{ENTITY, HEAD, result};
use super::out::{our_certificate, path};
use super::revocation_scene::{LOOPBACK, Scene};
use super::{insurer, sealpost};

fn scene(authority: &Authority, networks: &str) -> Scene {
    Scene::new(authority, networks, &[("crl-source", r#""fetch""#)])
}

/// A partner whose certificate contains the URL of its authority's list; no server listens there yet.
struct Listed {
    authority: Authority,
    scene: Scene,
    port: u16,
    url: String,
    house: House,
}

fn listed(local: &str, domain: &str) -> Listed {
    let authority = Authority::new();
    let scene = scene(&authority, LOOPBACK);
    let port = rig::ports::free().port();
    let url = WebFolder::url(port, "authority.crl");
    let house = authority.issues_with_list(&format!("{local}@{domain}"), &url);
    sealpost(&scene.gateway, &["partner", "add", domain, path(&house), "--yes"]);
    Listed { authority, scene, port, url, house }
}

/// The result for a letter from outside.
fn said_of(scene: &Scene, letter: &[u8]) -> String {
    let before = scene.inside.delivered().len();
    let mut client = Smtp::connect(scene.world);
    client.ehlo();
    client.letter("moor@clinic.example", &["erika.muster@insurer.example"], letter).expect("250 *");
    result(scene.inside.wait(before + 1).get(before).unwrap())
}

#[test]
fn what_a_list_names_is_never_encrypted_to_again_and_nothing_takes_its_place() {
    let other = Authority::new();
    let Listed { authority, scene, port, url, house } = listed("securemail", "must.example");
    let (code, dry, err) = scene.gateway.sealpost(&["jobs", "run", "ocsp", "--dry-run"]);
    assert!(code == 0 && dry.contains(&format!("{url} is asked for its revocation list")), "{dry}{err}");
    let used = |shown: &str, answer: &str| {
        assert!(shown.contains(&format!("{url}, asked for 20")), "{shown}");
        assert!(shown.contains(&format!(": {answer};")) && shown.contains("used for letters"), "{shown}");
    };

    let shown = scene.asks_at(0, "must.example");
    used(&shown, "unreachable");
    assert!(shown.contains("none has come yet"), "{shown}");
    scene.check_says("unreachable; none has come yet; fix:");
    scene.check_says("there is no revocation list of the root \"CN=An Authority\"");
    scene.letter().expect("250 *");

    let web = WebFolder::at(port);
    let first = authority.published_list();
    web.put("authority.crl", &first);
    used(&scene.asks_at(2, "must.example"), "new");
    scene.check_says(": new; the one that counts is of 20");
    scene.letter().expect("250 *");
    // Nothing is requested before it is due.
    let (_, asked, _) = scene.gateway.sealpost(&["jobs", "run", "ocsp"]);
    assert!(asked.contains("\"lists\":0"), "{asked}");
    used(&scene.asks_at(27, "must.example"), "unchanged");

    for (hour, answer, list) in [
        (54, "other-signer", other.published_list()),
        (56, "not-of-today", authority.published_old_list()),
        (58, "unusable", authority.list_of_elsewhere()),
        (60, "unusable", b"<html>not found</html>".to_vec()),
        (62, "too-large", vec![0x30; 9 * 1024 * 1024]),
    ] {
        web.put("authority.crl", &list);
        let shown = scene.asks_at(hour, "must.example");
        used(&shown, answer);
        assert!(shown.contains("the one that counts is of 20"), "{answer} took it away: {shown}");
        scene.letter().expect("250 *");
    }

    authority.revokes(&house);
    web.put("authority.crl", &authority.published_list());
    let shown = scene.asks_at(64, "must.example");
    assert!(shown.contains(": new;") && shown.contains("not used: the partner's key is revoked"), "{shown}");
    scene.letter().expect("550 5.7.5 *");
    assert!(sealpost(&scene.gateway, &["audit", "export"]).contains("partner.key-revoked"));
    // An attacker in between replays the first one.
    web.put("authority.crl", &first);
    let shown = scene.asks_at(90, "must.example");
    assert!(shown.contains(": older;") && shown.contains("the partner's key is revoked"), "{shown}");
    web.clear();
    assert!(scene.asks_at(92, "must.example").contains(": unreachable; the one that counts"));
    scene.letter().expect("550 5.7.5 *");
    let again = ["partner", "add", "again.example", path(&house), "--other-name", "--yes"];
    let (code, _, err) = scene.gateway.sealpost(&again);
    assert!(code != 0 && err.contains("a revocation list names it"), "{err}");
    for delivered in scene.outside.wait(7) {
        assert!(!delivered.text().contains("4711"), "it left in clear");
    }
    scene.gateway.sweep();
}

#[test]
fn who_signs_letters_is_held_against_the_list_that_a_partner_s_certificate_led_to() {
    let Listed { authority, scene, port, .. } = listed("mail", "clinic.example");
    let web = WebFolder::at(port);
    // Of one of its people nothing is here.
    let house = authority.issues("moor@clinic.example");
    let letter = house.close(HEAD, ENTITY, &our_certificate(&scene.gateway));
    let said = said_of(&scene, &letter);
    assert!(said.contains("signed=chain-without-list"), "{said}");
    web.put("authority.crl", &authority.published_list());
    scene.asks_at(2, "clinic.example");
    let said = said_of(&scene, &letter);
    assert!(said.contains("signed=valid") && said.contains("by=moor@clinic.example"), "{said}");
    authority.revokes(&house);
    web.put("authority.crl", &authority.published_list());
    let shown = scene.asks_at(27, "clinic.example");
    assert!(shown.contains(": new;") && shown.contains("used for letters"), "it was another's: {shown}");
    assert!(said_of(&scene, &letter).contains("signed=revoked"));
    // A revocation remains when no list is published any more.
    web.clear();
    scene.asks_at(15 * 24, "clinic.example");
    assert!(said_of(&scene, &letter).contains("signed=revoked"));
    scene.gateway.sweep();
}

#[test]
fn nobody_inside_is_asked_and_nobody_for_an_authority_that_is_not_believed() {
    let (authority, other) = (Authority::new(), Authority::new());
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let url = WebFolder::url(inside.local_addr().unwrap().port(), "authority.crl");
    let house = authority.issues_with_list("securemail@must.example", &url);
    {
        let scene = scene(&authority, "[]");
        sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
        assert!(scene.asks_at(0, "must.example").contains(": unreachable;"));
        scene.gateway.sweep();
    }
    // Of the same name, and not the one in the configuration.
    let scene = scene(&other, LOOPBACK);
    sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
    let shown = scene.asks_at(0, "must.example");
    assert!(shown.contains("used for letters") && !shown.contains("revocation list"), "{shown}");
    assert!(inside.accept().is_err(), "somebody inside was asked");
    scene.gateway.sweep();
}

#[test]
fn lists_that_would_be_held_against_nothing_are_not_fetched() {
    let (outside, inside) = (Hop::new(), Hop::new());
    let authority = Authority::new();
    for (roots, crl, words) in [
        ("[]".to_owned(), r#""require""#, "no authority is believed"),
        (format!("[{:?}]", authority.root()), r#""off""#, "looks at none"),
    ] {
        let mut config = insurer(&outside, &inside).0;
        config.set("partners", "roots", &roots).set("partners", "crl", crl).set(
            "partners",
            "crl-source",
            r#""fetch""#,
        );
        let home = rig::gateway::Home::new(&config);
        let (code, out, err) = home.sealpost(&["check"]);
        assert!(code != 0 && err.contains(words), "{out}{err}");
    }
}

/// Write access to the database cannot keep the next list away by filling the space with other lists.
#[test]
fn what_somebody_else_has_put_among_the_lists_takes_no_room_and_goes() {
    let Listed { authority, scene, port, url, house } = listed("securemail", "must.example");
    let web = WebFolder::at(port);
    web.put("authority.crl", &authority.published_list());
    assert!(scene.asks_at(0, "must.example").contains(": new;"));
    let far = "9000000000000";
    let data = scene.gateway.home.data();
    let change = |sql: &str| rig::gateway::change(&data, sql);
    change(&format!(
        "INSERT INTO revocation_lists
             (address, authority, answer, asked_at, again_at, since, good_until, fetched_at, list, proof)
         VALUES ('http://other.example/', 'aa', 'new', 0, {far}, 0, {far}, 0, zeroblob(16777216), randomblob(32))"
    ));
    change(&format!(
        "UPDATE revocation_lists SET list = randomblob(1000), again_at = {far} WHERE address = '{url}'"
    ));
    let shown = sealpost(&scene.gateway, &["partner", "show", "must.example"]);
    assert!(shown.contains("did not come from this gateway and counts for nothing"), "{shown}");
    scene.check_says("did not come from this gateway");
    authority.revokes(&house);
    web.put("authority.crl", &authority.published_list());
    let shown = scene.asks_at(1, "must.example");
    assert!(shown.contains(": new;") && shown.contains("not used: the partner's key is revoked"), "{shown}");
    assert!(shown.contains("good until 20") && shown.contains("proven"), "{shown}");
    assert_eq!(scene.gateway.count("SELECT count(*) FROM revocation_lists"), 1);
    let shown = sealpost(&scene.gateway, &["partner", "show", "must.example", "--json"]);
    assert!(shown.contains(r#""proven":true"#) && shown.contains(&url), "{shown}");
    scene.gateway.sweep();
}
