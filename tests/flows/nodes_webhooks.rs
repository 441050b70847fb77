//! Two nodes on one PostgreSQL send events to one receiver: neither touches an event leased by the other,
//! whichever starts meanwhile, and an acknowledged event is not sent again.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rig::postgres::Cluster;
use rig::process::poll;
use rig::receiver::{Receiver, Verdict};
use rig::tap::Tap;
use rig::{Config, Gateway, Hop, letters};

use crate::nodes::two;
use crate::nodes_cut_off::through;
use crate::webhooks::webhook;

fn told(config: &mut Config, receiver: &Receiver) {
    webhook(config, "crm", receiver);
    config.set("[webhook]", "events", r#"["letter.deposited"]"#);
}

fn send(gateway: &Gateway, to: &str) {
    let letter = letters::plain("[vertraulich] Brief", "GEHEIM-4711");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
}

fn none_left(gateway: &Gateway) {
    poll("the last event", || (gateway.count("SELECT count(*) FROM hook_events") == 0).then_some(()));
}

#[test]
fn what_one_node_has_in_hand_another_that_starts_leaves_alone() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let ([mut first, mut second], _bodies) = two(&hop, Cluster::shared());
    told(&mut first, &receiver);
    told(&mut second, &receiver);
    receiver.script(|_| Verdict::Silence);
    let one = Gateway::start(&first);
    send(&one, "k@web.example");
    let before = receiver.wait("a message", |_| true);
    receiver.script(|_| Verdict::Status(204));
    let other = Gateway::start(&second);
    let after = receiver.wait_taken("letter.deposited");
    none_left(&other);
    assert_eq!((before.header("webhook-id"), &before.body), (after.header("webhook-id"), &after.body));
    assert_eq!(receiver.received().len(), 2, "one without an answer, and one that was accepted");
    // The first waits fifteen seconds for its answer and five after that: no other node was faster.
    let at = |header: &str| header.parse::<u64>().unwrap();
    let between = at(after.header("webhook-timestamp")) - at(before.header("webhook-timestamp"));
    assert!(between >= 15, "taken out of the first one's hand after {between} s");
    one.sweep();
    other.sweep();
}

#[test]
fn what_two_nodes_tell_a_receiver_that_fails_it_takes_once() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let ([mut first, mut second], _bodies) = two(&hop, Cluster::shared());
    told(&mut first, &receiver);
    told(&mut second, &receiver);
    let tried: Mutex<BTreeMap<String, usize>> = Mutex::default();
    // Each is refused once, with or without an answer.
    receiver.script(move |one| {
        let mut tried = tried.lock().unwrap();
        let number = tried.len();
        match tried.insert(one.header("webhook-id").to_owned(), 1) {
            Some(_) => Verdict::Status(200),
            None if number.is_multiple_of(2) => Verdict::Status(503),
            None => Verdict::HangUp,
        }
    });
    let nodes = [Gateway::start(&first), Gateway::start(&second)];
    for (which, node) in nodes.iter().enumerate() {
        for n in 0..2 {
            send(node, &format!("n{which}k{n}@web.example"));
        }
    }
    none_left(&nodes[0]);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for one in receiver.received().iter().filter(|one| one.verdict == Verdict::Status(200)) {
        *taken.entry(one.header("webhook-id").to_owned()).or_default() += 1;
    }
    assert_eq!((taken.len(), taken.values().copied().max()), (4, Some(1)), "{taken:?}");
    assert_eq!(receiver.received().len(), 8);
    nodes.into_iter().for_each(|node| node.sweep());
}

#[test]
fn a_node_with_a_receiver_ends_once_others_have_taken_over() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let ([mut first, mut second], _bodies) = two(&hop, Cluster::shared());
    told(&mut first, &receiver);
    told(&mut second, &receiver);
    let tap = Tap::to_socket(Cluster::shared().socket());
    through(&mut first, tap.address());
    let (mut cut_off, other) = (Gateway::start(&first), Gateway::start(&second));
    tap.shut();
    other.wait_logged("silent for too long: what it had in hand is free");
    tap.open();
    let ended = cut_off.wait();
    assert!(!ended.success(), "{}", cut_off.log());
    cut_off.wait_logged("others have taken over");
    other.sweep();
}
