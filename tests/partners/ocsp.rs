//! The scheduled OCSP query about a partner's certificate: the answer is shown, a revocation is permanent, and nothing
//! else changes anything. No internal server is contacted, and no letter waits.

use std::net::TcpListener;

use rig::gateway::change;
use rig::ill_clock::IllClock;

use super::authority::Authority;
use super::out::path;
use super::revocation_scene::{HOUR, LOOPBACK, Scene};
use super::sealpost;

const PARTNER: &str = "must.example";

fn scene(authority: &Authority, networks: &str) -> Scene {
    Scene::new(authority, networks, &[("crl", r#""off""#), ("ocsp", r#""ask""#)])
}

/// What would be queried at this hour, and why. The gateway's own clock is unchanged: nothing is queried meanwhile.
fn would_ask_at(scene: &Scene, hour: i64) -> String {
    let clock = IllClock::new();
    clock.set(hour * HOUR);
    let args = ["jobs", "run", "ocsp", "--dry-run"];
    let (code, out, err) = scene.gateway.home.sealpost_with(&args, &clock.environment());
    assert_eq!(code, 0, "{out}{err}");
    out
}

#[test]
fn each_answer_is_shown_and_only_a_revocation_changes_something() {
    let authority = Authority::new();
    let scene = scene(&authority, LOOPBACK);
    let port = rig::ports::free().port();
    let house =
        authority.issues_with_responder("securemail@must.example", &format!("http://localhost:{port}/"));
    sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
    let dry = would_ask_at(&scene, 0);
    let asked = format!("http://localhost:{port}/ is asked about key ");
    assert!(dry.contains(&asked) && dry.contains("of partner must.example: nobody has asked yet"), "{dry}");
    assert!(scene.asks_at(0, PARTNER).contains(": unreachable"));
    scene.letter().expect("250 *");
    assert!(would_ask_at(&scene, 0).contains("0 in all"), "asked again before its time");
    let dry = would_ask_at(&scene, 2);
    assert!(dry.contains("its last answer, unreachable, is over") && dry.contains("1 in all"), "{dry}");

    let mut responder = authority.responder(port);
    assert!(scene.asks_at(2, PARTNER).contains(": unknown"));
    responder.kill();
    authority.knows(&house);
    let mut responder = authority.responder(port);
    let shown = scene.asks_at(4, PARTNER);
    assert!(shown.contains(": good") && shown.contains("used for letters"), "{shown}");
    // Before its answer expires, no query is sent.
    let (_, asked, _) = scene.gateway.sealpost(&["jobs", "run", "ocsp"]);
    assert!(asked.contains("\"asked\":0"), "{asked}");
    scene.letter().expect("250 *");
    responder.kill();
    authority.revokes(&house);
    let mut responder = authority.responder(port);
    let shown = scene.asks_at(30, PARTNER);
    assert!(
        shown.contains(": revoked") && shown.contains("not used: the partner's key is revoked"),
        "{shown}"
    );
    scene.letter().expect("550 5.7.5 *");
    assert!(sealpost(&scene.gateway, &["audit", "export"]).contains("partner.key-revoked"));
    responder.kill();
    assert_eq!(scene.outside.delivered().len(), 2);
    scene.gateway.sweep();
}

#[test]
fn an_answer_that_the_authority_did_not_sign_is_none_and_nobody_inside_is_asked() {
    let (authority, other) = (Authority::new(), Authority::new());
    let port = rig::ports::free().port();
    let house =
        authority.issues_with_responder("securemail@must.example", &format!("http://localhost:{port}/"));
    {
        let scene = scene(&authority, LOOPBACK);
        sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
        // An attacker in between, with an authority of the same name and another key, says that it is revoked.
        other.revokes(&house);
        let mut responder = other.responder(port);
        let shown = scene.asks_at(0, PARTNER);
        assert!(shown.contains(": unusable") && shown.contains("used for letters"), "{shown}");
        responder.kill();
        scene.gateway.sweep();
    }
    let inside = TcpListener::bind(("127.0.0.1", port)).unwrap();
    inside.set_nonblocking(true).unwrap();
    let scene = scene(&authority, "[]");
    sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
    assert!(scene.asks_at(0, PARTNER).contains(": unreachable"));
    assert!(inside.accept().is_err(), "an internal server was contacted");
    scene.gateway.sweep();
}

/// An attacker with write access to the database prevents queries, and makes the operator read that all is well.
#[test]
fn an_answer_that_nobody_of_us_has_noted_is_neither_shown_nor_gone_by() {
    let authority = Authority::new();
    let scene = scene(&authority, r#"["127.0.0.0/8", "::1/128"]"#);
    let port = rig::ports::free().port();
    let house =
        authority.issues_with_responder("securemail@must.example", &format!("http://localhost:{port}/"));
    sealpost(&scene.gateway, &["partner", "add", "must.example", path(&house), "--yes"]);
    assert!(scene.asks_at(0, "must.example").contains(": unreachable"));
    let data = scene.gateway.home.data();
    for forged in [
        "UPDATE ocsp_answers SET answer = 'good', again_at = 9000000000000000",
        "UPDATE ocsp_answers SET again_at = 9000000000000000",
        "UPDATE ocsp_answers SET answer = 'good'",
        "UPDATE ocsp_answers SET answer = 'good', proof = NULL",
    ] {
        change(&data, forged);
        let shown = sealpost(&scene.gateway, &["partner", "show", "must.example"]);
        assert!(!shown.contains("its authority, asked"), "{forged}: {shown}");
        let (code, out, err) = scene.gateway.sealpost(&["check", "--store", "--offline"]);
        assert!(code != 0 && err.contains("authority's answer about key"), "{forged}: {out}{err}");
        // Within the hour it would not be queried again, had this gateway written the answer.
        let (_, asked, _) = scene.gateway.sealpost(&["jobs", "run", "ocsp"]);
        assert!(asked.contains("\"asked\":1"), "{forged}: {asked}");
        let shown = sealpost(&scene.gateway, &["partner", "show", "must.example"]);
        assert!(shown.contains(": unreachable"), "{forged}: {shown}");
    }
    scene.gateway.sweep();
}
