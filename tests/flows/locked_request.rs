//! A support request opens no mailbox locked by support, and none whose letters are under a hold; support
//! sees that before deciding.

use rig::reader::activate;
use rig::{Config, Gateway, Hop, letters};

fn asked(escrow: &str) -> (Gateway, Hop) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "escrow", &format!("{escrow:?}"));
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Brief", "x");
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let _inbox = activate(&mut gateway.web(), &letters::link(&hop.wait(1)[0].bytes));
    let mut web = gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", "k@web.example"), ("note", "0170 1234567")]).expect(200);
    (gateway, hop)
}

fn refused(gateway: &Gateway, words: &str) {
    let states = "SELECT count(*) FROM requests WHERE state = 'open'";
    let (code, out, err) = gateway.sealpost(&["request", "release", "1", "--note", "called back"]);
    assert!(code != 0 && err.contains(words) && err.contains("nothing was changed"), "{out}{err}");
    assert_eq!(gateway.count(states), 1);
}

#[test]
fn a_locked_mailbox_is_not_opened_by_a_release() {
    let (gateway, _hop) = asked("server");
    gateway.said(&["mailbox", "lock", "k@web.example", "--note", "fraud"]);
    refused(&gateway, "is locked");
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'locked'"), 1);
    assert!(gateway.said(&["request", "list"]).contains("locked"));
    assert!(gateway.said(&["request", "list", "--json"]).contains(r#""mailbox_state":"locked""#));
    let shown = gateway.said(&["request", "show", "1"]);
    assert!(shown.contains("mailbox    locked") && shown.contains("cannot be released"), "{shown}");
    gateway.said(&["mailbox", "unlock", "k@web.example", "--note", "cleared"]);
    let shown = gateway.said(&["request", "show", "1"]);
    assert!(shown.contains("mailbox    active") && shown.contains("messages are kept"), "{shown}");
    gateway.said(&["request", "release", "1", "--note", "called back"]);
    gateway.sweep();
}

#[test]
fn a_held_mailbox_is_not_given_up_by_a_release() {
    let (gateway, _hop) = asked("none");
    gateway.said(&["mailbox", "hold", "k@web.example", "--note", "court"]);
    refused(&gateway, "is held");
    assert!(gateway.said(&["request", "list"]).contains("held"));
    assert!(gateway.said(&["request", "list", "--json"]).contains(r#""held":true"#));
    let shown = gateway.said(&["request", "show", "1"]);
    assert!(shown.contains("active, held") && shown.contains("cannot be released"), "{shown}");
    gateway.said(&["mailbox", "hold", "--end", "k@web.example", "--note", "court"]);
    gateway.said(&["request", "release", "1", "--note", "called back"]);
    gateway.sweep();
}
