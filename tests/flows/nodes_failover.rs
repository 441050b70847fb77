//! A lost primary, and an unavailable standby: the end of a delivery that only the lost server knew is written again, and leases of
//! a commit with an unknown outcome are released once it is known, also if their node has stopped meanwhile.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use rig::lost_answer::LostAnswer;
use rig::postgres_pair::Pair;
use rig::process::poll;
use rig::receiver::{Receiver, Verdict};
use rig::tap::Tap;
use rig::{Answer, Config, Gateway, Hop, Stage, letters};
use tempfile::TempDir;

use crate::nodes::two;
use crate::nodes_cut_off::through;
use crate::webhooks::webhook;

const TO: &str = "k@web.example";

/// Two configurations on a pair, whose letters are on the standby before they are acknowledged.
fn over(pair: &Pair, hop: &Hop) -> ([Config; 2], TempDir) {
    let (mut configs, bodies) = two(hop, pair.cluster());
    for config in &mut configs {
        config.set("store", "hosts", &pair.hosts()).set("store", "durability", r#""replicated""#);
    }
    (configs, bodies)
}

/// Rows of the primary, whichever that is.
fn rows(pair: &Pair, config: &Config, sql: &str) -> String {
    let schema = config.value("store", "schema");
    pair.sql(&format!("SET search_path = {}; {sql}", schema.trim_matches('"')))
}

fn wait_for_rows(pair: &Pair, config: &Config, sql: &str, said: &str) {
    poll(sql, || (rows(pair, config, sql) == said).then_some(()));
}

const LEGS: &str = "SELECT count(*) FROM legs";

/// It continues when told.
fn held(hop: &Hop, at: Stage) -> Sender<()> {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    hop.script(move |stage, _| {
        if stage == at {
            let _gone = wait.lock().unwrap().recv();
        }
        Answer::Yes
    });
    go
}

/// The first primary recorded a delivery and its answer was lost, so that the next try found nothing to write; then it was lost
/// itself, before the standby had the record. There the leg is leased by a node that is alive.
#[test]
fn an_end_that_only_a_lost_primary_knew_is_written_again() {
    let mut pair = Pair::start("");
    let hop = Hop::new();
    let ([mut first, _], _bodies) = over(&pair, &hop);
    let way = LostAnswer::before(pair.cluster().socket(), 5432);
    let other = format!("{}:5433", pair.cluster().socket().display());
    // What happens here takes longer than a node may usually be silent.
    first.set("store", "hosts", &format!("[\"{}\", {other:?}]", way.address())).set(
        "store",
        "silence",
        r#""120 s""#,
    );
    let node = Gateway::start(&first);
    let letter = letters::sized("Angebot", 5_000);
    let send = |to: &str| {
        node.smtp().letter("a@insurer.example", &[to], &letter).expect("250 2.0.0 *");
    };
    // Once one was sent, the next is sent at once: nothing waits until its end is flushed.
    send("before@web.example");
    let _ = hop.wait_to("before@web.example");
    wait_for_rows(&pair, &first, LEGS, "0");
    let go = held(&hop, Stage::Body);
    send(TO);
    hop.wait_stage(Stage::Data, 2);
    assert_eq!(rows(&pair, &first, "SELECT count(*) FROM legs WHERE lease_owner IS NOT NULL"), "1");
    pair.kill_standby();
    way.lose("DELETE FROM legs WHERE id");
    go.send(()).unwrap();
    way.wait_lost();
    node.wait_logged("the lease was lost before the leg's end could be recorded");
    assert_eq!(rows(&pair, &first, LEGS), "0");

    pair.fail_over_to_what_was_away();
    assert_eq!(rows(&pair, &first, LEGS), "1", "the new primary never heard of the end");
    pair.make_standby();
    wait_for_rows(&pair, &first, LEGS, "0");
    node.wait_logged("written again: the server that had it may not have passed it on");
    drop(go);
    send("after@web.example");
    let _ = hop.wait_to("after@web.example");
    assert_eq!(hop.delivered().len(), 3, "each of them once");
    node.sweep();
}

/// A leg that waits for its retry is leased in a commit that waits for the standby and whose answer is lost: its node got nothing,
/// and tries to release it.
fn leased_unseen(pair: &Pair, config: &mut Config, hop: &mut Hop) -> Gateway {
    let way = LostAnswer::before(pair.cluster().socket(), 5432);
    through(config, way.address());
    // Its retry is after the standby has gone, and before the node stops because its signs of life cannot be written.
    config.set("delivery", "retry", r#"["5 s"]"#).set("store", "silence", r#""40 s""#);
    hop.close();
    let node = Gateway::start(config);
    let letter = letters::sized("Angebot", 5_000);
    node.smtp().letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    let tried = "SELECT count(*) FROM legs WHERE attempts > 0 AND lease_owner IS NULL";
    wait_for_rows(pair, config, tried, "1");
    way.lose("UPDATE legs SET lease_owner =");
    pair.kill_standby();
    way.wait_lost();
    node.wait_logged("the outcome of a commit is unknown");
    way.wait_said("lease_owner = NULL, lease_until = NULL, due_at =", 2);
    hop.open();
    assert!(hop.delivered().is_empty());
    node
}

#[test]
fn a_leg_that_nobody_was_given_goes_out_once_its_commit_is_seen() {
    let pair = Pair::start("");
    let mut hop = Hop::new();
    let ([mut first, _], _bodies) = over(&pair, &hop);
    let node = leased_unseen(&pair, &mut first, &mut hop);
    pair.restart_standby();
    let _ = hop.wait_to(TO);
    wait_for_rows(&pair, &first, LEGS, "0");
    assert_eq!(hop.delivered().len(), 1);
    node.sweep();
}

#[test]
fn a_leg_whose_node_stops_while_it_gives_it_back_goes_out_when_it_is_back() {
    let pair = Pair::start("");
    let mut hop = Hop::new();
    let ([mut first, _], _bodies) = over(&pair, &hop);
    let mut node = leased_unseen(&pair, &mut first, &mut hop);
    node.stop();
    assert!(hop.delivered().is_empty());
    pair.restart_standby();
    let leased = "SELECT count(*) FROM legs WHERE lease_owner IN (SELECT incarnation FROM nodes)";
    wait_for_rows(&pair, &first, leased, "1");
    node.restart();
    let _ = hop.wait_to(TO);
    wait_for_rows(&pair, &first, LEGS, "0");
    assert_eq!(hop.delivered().len(), 1);
    node.sweep();
}

/// A receiver that reports each request, and accepts it when told.
fn held_receiver(receiver: &Receiver) -> (std::sync::mpsc::Receiver<()>, Sender<()>) {
    let ((come, came), (go, wait)) = (channel(), channel::<()>());
    let (come, wait) = (Mutex::new(come), Mutex::new(wait));
    receiver.script(move |_| {
        let _nobody_listens = come.lock().unwrap().send(());
        let _gone = wait.lock().unwrap().recv();
        Verdict::Status(204)
    });
    (came, go)
}

const EVENTS: &str = "SELECT count(*) FROM hook_events";

fn told(config: &mut Config, receiver: &Receiver) {
    webhook(config, "crm", receiver);
    config.set("[webhook]", "events", r#"["letter.deposited"]"#);
}

fn confidential(node: &Gateway) {
    let letter = letters::plain("[vertraulich] Brief", "GEHEIM-4711");
    node.smtp().letter("erika@insurer.example", &[TO], &letter).expect("250 *");
}

/// It cannot write down that the receiver has taken an event, and never can: others have taken over from it.
#[test]
fn a_node_that_was_replaced_before_it_noted_that_an_event_was_taken_ends() {
    let pair = Pair::start("");
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let ([mut first, mut second], _bodies) = over(&pair, &hop);
    told(&mut first, &receiver);
    told(&mut second, &receiver);
    let tap = Tap::to_socket(pair.cluster().socket());
    through(&mut first, tap.address());
    let (came, go) = held_receiver(&receiver);
    let mut replaced = Gateway::start(&first);
    confidential(&replaced);
    came.recv_timeout(rig::PATIENCE).unwrap();
    let other = Gateway::start(&second);
    tap.shut();
    other.wait_logged("silent for too long: what it had in hand is free");
    tap.open();
    replaced.wait_logged("others have taken over");
    go.send(()).unwrap();
    let ended = replaced.wait();
    assert!(!ended.success(), "{}", replaced.log());
    assert_eq!(rows(&pair, &second, EVENTS), "1", "it is sent once more");
    drop(go);
    other.sweep();
}

/// The standby is away, so nothing can be written down for certain: the node ends all the same, and nothing is lost.
#[test]
fn a_node_that_stops_without_a_standby_ends_although_an_event_was_taken() {
    let pair = Pair::start("");
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let ([mut first, _], _bodies) = over(&pair, &hop);
    told(&mut first, &receiver);
    let (came, go) = held_receiver(&receiver);
    let mut node = Gateway::start(&first);
    confidential(&node);
    came.recv_timeout(rig::PATIENCE).unwrap();
    let _ = hop.wait_to(TO);
    wait_for_rows(&pair, &first, LEGS, "0");
    pair.kill_standby();
    go.send(()).unwrap();
    node.wait_logged("a webhook has taken an event");
    node.stop();
    pair.restart_standby();
    drop(go);
    node.restart();
    wait_for_rows(&pair, &first, EVENTS, "0");
    let mut ids: Vec<_> = receiver.received().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same event, however often: {ids:?}");
    node.sweep();
}
