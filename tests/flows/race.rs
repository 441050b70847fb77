//! Several letters at once to an address nobody knew: one mailbox, every letter in it.

use std::sync::{Arc, Barrier};

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
