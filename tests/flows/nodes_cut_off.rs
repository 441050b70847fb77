//! Database connections that hang without being closed: a node stops, the other one takes over, and nothing
//! is sent twice; and a pooler in front of the database.

use rig::pgbouncer::Bouncer;
use rig::postgres::Cluster;
use rig::tap::Tap;
use rig::{Answer, Config, Gateway, Hop, Stage, letters, ports};

use crate::nodes::{empty_queue, stop_all, times, two};

pub(crate) fn through(config: &mut Config, address: std::net::SocketAddr) {
    config.set("store", "hosts", &format!("[\"{address}\"]"));
}

#[test]
fn a_node_whose_database_says_nothing_more_stops_and_is_taken_over_from() {
    let hop = Hop::new();
    let ([mut first, second], _bodies) = two(&hop, Cluster::shared());
    let tap = Tap::to_socket(Cluster::shared().socket());
    through(&mut first, tap.address());
    // The hop sends no greeting: what the first node leases stays leased.
    hop.script(|stage, _| if stage == Stage::Mail { Answer::Hang } else { Answer::Yes });
    let mut cut_off = Gateway::start(&first);
    let letter = letters::sized("Angebot", 5_000);
    for n in 0..6 {
        let to = format!("k{n}@web.example");
        cut_off.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
    }
    let other = Gateway::start(&second);
    let mut waiting = cut_off.smtp();
    tap.shut();
    // No sign of life waits for a connection that leads nowhere.
    let _ = cut_off.process().output.wait("*gave no sign of life for too long*");
    waiting.say("MAIL FROM:<a@insurer.example>").expect("451 *");
    hop.be_kind();
    for n in 0..6 {
        let _ = hop.wait_to(&format!("k{n}@web.example"));
    }
    empty_queue(&other);
    other.wait_logged("silent for too long: what it had in hand is free");

    tap.open();
    let ended = cut_off.wait();
    assert!(!ended.success(), "{}", cut_off.log());
    cut_off.wait_logged("others have taken over");
    let got = times(&hop);
    assert_eq!((got.len(), got.values().copied().max()), (6, Some(1)), "{got:?}");
    cut_off.restart();
    cut_off.smtp().letter("a@insurer.example", &["again@web.example"], &letter).expect("250 2.0.0 *");
    let _ = hop.wait_to("again@web.example");
    stop_all([cut_off, other]);
}

/// A single node continues as soon as bytes pass again.
#[test]
fn a_way_to_the_database_that_was_stopped_up_is_used_again() {
    let hop = Hop::new();
    let ([mut first, _second], _bodies) = two(&hop, Cluster::shared());
    let tap = Tap::to_socket(Cluster::shared().socket());
    through(&mut first, tap.address());
    let node = Gateway::start(&first);
    let letter = letters::sized("Angebot", 5_000);
    node.smtp().letter("a@insurer.example", &["before@web.example"], &letter).expect("250 2.0.0 *");
    tap.shut();
    let _ = node.process().output.wait("*gave no sign of life for too long*");
    tap.open();
    let _ = node.process().output.wait("*gives signs of life again*");
    node.smtp().letter("a@insurer.example", &["after@web.example"], &letter).expect("250 2.0.0 *");
    let _ = hop.wait_to("after@web.example");
    node.sweep();
}

/// PgBouncer in transaction mode: there are no persistent sessions, and nothing of ours needs one.
#[test]
fn a_pool_in_front_of_the_database_works_in_transaction_mode() {
    let hop = Hop::new();
    let ([mut first, mut second], _bodies) = two(&hop, Cluster::shared());
    let address = ports::free();
    let _pool = Bouncer::start(address, Cluster::shared().socket(), Cluster::shared().port(), "");
    through(&mut first, address);
    through(&mut second, address);
    let nodes = [Gateway::start(&first), Gateway::start(&second)];
    for (which, node) in nodes.iter().enumerate() {
        for n in 0..10 {
            let to = format!("n{which}k{n}@web.example");
            node.smtp()
                .letter("a@insurer.example", &[&to], &letters::sized("Angebot", 5_000))
                .expect("250 *");
        }
        let confidential = letters::plain("[vertraulich] x", "y");
        node.smtp().letter("a@insurer.example", &["k@web.example"], &confidential).expect("250 *");
    }
    for (which, n) in (0..2).flat_map(|which| (0..10).map(move |n| (which, n))) {
        let _ = hop.wait_to(&format!("n{which}k{n}@web.example"));
    }
    empty_queue(&nodes[0]);
    let got = times(&hop);
    assert!(got.iter().filter(|(to, _)| to.starts_with('n')).all(|(_, times)| *times == 1), "{got:?}");
    assert_eq!(nodes[0].count("SELECT count(*) FROM nodes"), 2);
    stop_all(nodes);
}
