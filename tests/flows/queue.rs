//! `sealpost queue`: the operator sees what waits and may hurry, hold, let go or drop it.

use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};

/// A gateway with two letters in its queue and a next hop that is down.
fn waiting() -> (Hop, Gateway) {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "retry", r#"["1 h"]"#);
    let gateway = Gateway::start(&config);
    hop.close();
    let mut client = gateway.smtp();
    for to in ["anna@web.example", "bernd@web.example"] {
        client.letter("a@insurer.example", &[to], &letters::plain("Betreff-4711", "x")).expect("250 *");
    }
    poll("both tried", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 2).then_some(()));
    (hop, gateway)
}

fn list(gateway: &Gateway) -> Vec<serde_json::Value> {
    let (code, out, err) = gateway.sealpost(&["queue", "list", "--json"]);
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn run(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = gateway.sealpost(&[&["queue"], args].concat());
    assert_eq!(code, 0, "{err}");
    out
}

#[test]
fn list_shows_what_waits_and_no_whole_address_nor_subject() {
    let (_hop, gateway) = waiting();
    let out = run(&gateway, &["list"]);
    assert!(out.contains("2 in the queue") && out.contains("a…@web.example"), "{out}");
    assert!(!out.contains("anna@") && !out.contains("Betreff"), "{out}");
    assert!(run(&gateway, &["list", "--addresses"]).contains("anna@web.example"));
    let legs = list(&gateway);
    assert_eq!(legs.len(), 2);
    assert!(
        legs.iter().all(|leg| leg["attempts"].as_u64().unwrap() >= 1 && leg["state"] == "queued"),
        "{legs:?}"
    );
}

#[test]
fn retry_sends_now() {
    let (mut hop, gateway) = waiting();
    hop.open();
    let id = list(&gateway)[0]["id"].as_str().unwrap().to_owned();
    assert!(run(&gateway, &["retry", &id]).contains('1'));
    let _ = hop.wait(1);
    run(&gateway, &["retry", "--all"]);
    let _ = hop.wait(2);
    poll("an empty queue", || list(&gateway).is_empty().then_some(()));
    gateway.sweep();
}

#[test]
fn a_frozen_leg_stays_until_it_is_thawed() {
    let (mut hop, gateway) = waiting();
    let id = list(&gateway)[0]["id"].as_str().unwrap().to_owned();
    run(&gateway, &["freeze", &id]);
    hop.open();
    run(&gateway, &["retry", "--all"]);
    let first = hop.wait(1);
    poll("the other to go", || (list(&gateway).len() == 1).then_some(()));
    assert_eq!(list(&gateway)[0]["state"], "frozen");
    run(&gateway, &["thaw", &id]);
    let both = hop.wait(2);
    assert_ne!(first[0].to(), both[1].to());
    gateway.sweep();
}

#[test]
fn a_removed_leg_is_gone_and_nobody_is_told() {
    let (mut hop, gateway) = waiting();
    run(&gateway, &["remove", "--all"]);
    assert!(list(&gateway).is_empty());
    hop.open();
    gateway.smtp().letter("a@insurer.example", &["c@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("c@web.example");
    assert_eq!(hop.delivered().len(), 1);
    gateway.sweep();
}

#[test]
fn an_id_that_is_not_there_is_an_error_and_nothing_is_done() {
    let (_hop, gateway) = waiting();
    let id = list(&gateway)[0]["id"].as_str().unwrap().to_owned();
    for act in ["retry", "freeze", "thaw", "remove"] {
        let (code, out, err) = gateway.sealpost(&["queue", act, &id, "nonsense"]);
        assert!(code != 0 && err.contains("nonsense") && !err.contains(&id), "{act}: {out}{err}");
        assert!(list(&gateway).iter().all(|leg| leg["state"] == "queued"), "{act}");
    }
    let (code, _, err) = gateway.sealpost(&["queue", "thaw", &id]);
    assert!(code != 0 && err.contains("not frozen"), "{err}");
    // The same one twice is one.
    assert!(run(&gateway, &["remove", &id, &id]).contains("1 removed"));
    assert_eq!(list(&gateway).len(), 1);
}

/// A server that takes a connection and says nothing: what waits behind it says so.
#[test]
fn list_says_what_a_leg_waits_for() {
    let hop = Hop::new();
    hop.script(|stage, _| match stage {
        rig::Stage::Connect => rig::Answer::Hang,
        rig::Stage::Hello | rig::Stage::Mail | rig::Stage::Rcpt | rig::Stage::Data | rig::Stage::Body => {
            rig::Answer::Yes
        }
    });
    let mut config = Config::new(&hop);
    config.set("delivery", "connections-per-destination", "1");
    let mut gateway = Gateway::start(&config);
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    poll("it is under way", || (!list(&gateway)[0]["under_way_seconds"].is_null()).then_some(()));
    assert_eq!(list(&gateway)[0]["under_way_to_destination"], 1);
    assert!(run(&gateway, &["list"]).contains("under way for"));
    // And the stop waits for nobody who says nothing.
    gateway.stop();
    assert_eq!(list(&gateway).len(), 1);
}
