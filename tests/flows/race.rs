//! Several letters at once to a new address: one mailbox, every letter in it.

use std::sync::{Arc, Barrier};

use rig::reader::{ANSWER, PASSWORD};
use rig::{Config, Gateway, Hop, letters};

#[test]
fn two_letters_at_once_make_one_mailbox() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    for round in 0..20 {
        let start = Arc::new(Barrier::new(8));
        let to = format!("new{round}@web.example");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (start, to, gateway) = (start.clone(), to.clone(), &gateway);
                scope.spawn(move || {
                    let mut client = gateway.smtp();
                    client.envelope("a@insurer.example", &[&to]);
                    client.say("DATA").expect("354 *");
                    let letter = letters::plain(&format!("[vertraulich] Brief {n}"), "x");
                    start.wait();
                    client.bytes(&rig::smtp::stuffed(&letter));
                    client.reply().expect("250 2.0.0 *");
                });
            }
        });
        assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), round + 1);
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), (round + 1) * 8);
    }
    gateway.sweep();
}

/// A second user finds the mailbox activated, which is not an error.
#[test]
fn whoever_opens_a_mailbox_second_leaves_no_error_behind() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    for round in 1..=3 {
        let before = hop.delivered().len();
        let letter = letters::plain("[vertraulich] Brief", "x");
        let to = format!("new{round}@web.example");
        gateway.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 *");
        let link = letters::link(&hop.wait(before + 1)[before].bytes);
        let path = link.rsplit_once("/a/").unwrap().1;
        let start = Barrier::new(3);
        let visitor = || {
            let mut web = gateway.web();
            let page = web.get(&link);
            start.wait();
            let filled = [
                ("password", PASSWORD),
                ("repeat", PASSWORD),
                ("question", "0"),
                ("answer", ANSWER),
                ("language", "de"),
            ];
            usize::from(web.submit(&page, path, &filled).status == 303)
        };
        let opened: usize = std::thread::scope(|scope| {
            let visitors: Vec<_> = (0..3).map(|_| scope.spawn(visitor)).collect();
            visitors.into_iter().map(|visitor| visitor.join().unwrap()).sum()
        });
        assert_eq!(opened, 1);
    }
    let log = gateway.log();
    assert!(!log.lines().any(|line| line.contains("ERROR")), "{log}");
    gateway.sweep();
}
