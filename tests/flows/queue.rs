//! `sealpost queue`: the operator sees what waits and may retry, hold, release or drop it.

use rig::gateway::change;
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

/// A server that accepts a connection and says nothing: what waits for it says so.
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
    // And the stop does not wait for a silent server.
    gateway.stop();
    assert_eq!(list(&gateway).len(), 1);
}

/// Legs that were not tried say so, with the reason, which is not in their own rows.
#[test]
fn list_says_that_a_destination_is_left_alone_and_why() {
    let (mut hop, gateway) = waiting();
    let never_tried = || {
        let mut client = gateway.smtp();
        client.letter("a@insurer.example", &["c@web.example"], &letters::plain("x", "x")).expect("250 *");
        list(&gateway).into_iter().find(|leg| leg["attempts"] == 0 && leg["waits_for"] == "backoff")
    };
    let leg = poll("one that is not tried", never_tried);
    assert_eq!(leg["last"], "-");
    let down = &leg["destination_down"];
    assert!(down["backoff_seconds"].is_u64() && down["seconds"].is_u64(), "{leg}");
    assert!(down["last"].as_str().unwrap().starts_with("441 4.4.1"), "{leg}");
    assert!(down["cause"].as_str().unwrap().contains("could not be reached"), "{leg}");
    let is_told = || {
        let out = run(&gateway, &["list"]);
        (out.contains("the destination is left alone for another") && out.contains("could not be reached"))
            .then_some(())
    };
    poll("the same in words", is_told);
    hop.open();
    run(&gateway, &["retry", "--all"]);
    poll("an empty queue", || list(&gateway).is_empty().then_some(()));
    poll("no backoff", || (gateway.count("SELECT count(*) FROM resting") == 0).then_some(()));
    gateway.sweep();
}

/// Write access to the database makes letters old; their senders would get failure reports, and the letters
/// would be gone.
#[test]
fn no_letter_is_given_up_by_a_date_that_somebody_else_has_written() {
    let (mut hop, gateway) = waiting();
    change(&gateway.home.data(), "UPDATE legs SET created_at = 1, expires_at = 1");
    let tries = || list(&gateway).iter().map(|leg| leg["attempts"].as_u64().unwrap()).collect::<Vec<_>>();
    let before = tries();
    poll("one tried again", || {
        run(&gateway, &["retry", "--all"]);
        let now = tries();
        assert_eq!(now.len(), 2, "one was given up");
        now.iter().zip(&before).any(|(now, before)| now > before).then_some(())
    });
    hop.open();
    run(&gateway, &["retry", "--all"]);
    let delivered = hop.wait(2);
    assert!(delivered.iter().all(|letter| letter.text().contains("Betreff-4711")), "a report");
    poll("an empty queue", || list(&gateway).is_empty().then_some(()));
    assert_eq!(hop.delivered().len(), 2);
    gateway.sweep();
}

/// Text in the database cannot control the operator's terminal.
#[test]
fn a_terminal_obeys_nothing_that_stands_in_a_row() {
    let (_hop, gateway) = waiting();
    change(
        &gateway.home.data(),
        "UPDATE legs SET last_enhanced = '\u{1b}[2J\u{9b}31m', destination = 'hop\u{1b}]0;x\u{7}'",
    );
    for args in [&["list"][..], &["list", "--json"]] {
        let out = run(&gateway, args);
        assert!(out.contains("[2J") && !out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
    }
}
