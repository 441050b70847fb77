//! Events for webhooks keep a sealed memo until they are delivered or given up: then it is gone from the
//! files, with the letter and the mailbox it was about.

use rig::erased::{found, gone, pieces};
use rig::letters;
use rig::process::poll;
use rig::receiver::{Receiver, Verdict};
use rig::{Config, Gateway, Hop};

use crate::webhooks::webhook;

/// A letter with a pending event whose mailbox is deleted meanwhile: only its events are left.
fn memos(gateway: &Gateway, to: &str) -> Vec<Vec<u8>> {
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    gateway.said(&["mailbox", "delete", to, "--note", "auf Wunsch"]);
    assert_eq!(gateway.count("SELECT count(*) FROM bounce_memos"), 0);
    let memos = pieces(gateway, "SELECT memo_sealed FROM hook_events");
    poll("the memos to be seen at all", || (found(&gateway.home.data(), &memos) > 0).then_some(()));
    memos
}

#[test]
fn what_receivers_took_and_what_was_given_up_leaves_nothing() {
    let (hop, receiver) = (Hop::new(), Receiver::closed());
    let mut config = Config::on_sqlite(&hop);
    webhook(&mut config, "crm", &receiver);
    let mut gateway = Gateway::start(&config);
    let events = |gateway: &Gateway| gateway.count("SELECT count(*) FROM hook_events");

    let taken = memos(&gateway, "max@web.example");
    receiver.open();
    // A new process tries at once.
    gateway.restart();
    poll("the receiver to take all", || (events(&gateway) == 0).then_some(()));
    gone(&gateway, "what a receiver took to go", &taken);

    receiver.script(|_| Verdict::Status(410));
    let given_up = memos(&gateway, "eva@web.example");
    poll("no further attempts", || {
        let dead = gateway.count("SELECT count(*) FROM hook_events WHERE state = 'dead'");
        (dead == events(&gateway)).then_some(())
    });
    gateway.said(&["webhook", "drop", "--all"]);
    assert_eq!(events(&gateway), 0);
    gone(&gateway, "what was given up to go", &given_up);
    gateway.sweep();
}
