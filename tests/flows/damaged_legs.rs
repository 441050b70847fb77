//! A row of the queue that cannot be read, damaged or written by somebody else: it is listed as damaged beside the others, can be
//! removed, and keeps no other letter from going.

use rig::config::is_on_postgres;
use rig::gateway::change;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};
use serde_json::Value;

const TO: [&str; 3] = ["anna@web.example", "bernd@web.example", "clara@web.example"];

struct Waiting {
    hop: Hop,
    gateway: Gateway,
    /// In the order of their recipients.
    ids: Vec<String>,
}

impl Waiting {
    /// Three letters wait for a next hop that is down.
    fn new() -> Self {
        let mut hop = Hop::new();
        let mut config = Config::new(&hop);
        config.set("delivery", "retry", r#"["1 h"]"#);
        let gateway = Gateway::start(&config);
        hop.close();
        for to in TO {
            let letter = letters::plain("Betreff-4711", "x");
            gateway.smtp().letter("a@insurer.example", &[to], &letter).expect("250 *");
        }
        poll("all tried", || {
            (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 3).then_some(())
        });
        let waiting = Self { hop, gateway, ids: Vec::new() };
        let (code, listed) = waiting.list();
        assert_eq!(code, 0);
        let of = |recipient: &str| {
            let one = listed.iter().find(|leg| leg["recipient"] == recipient).unwrap();
            one["id"].as_str().unwrap().to_owned()
        };
        let ids = ["a…@web.example", "b…@web.example", "c…@web.example"].map(of).into();
        Self { ids, ..waiting }
    }

    fn list(&self) -> (i32, Vec<Value>) {
        let (code, out, _err) = self.gateway.sealpost(&["queue", "list", "--json"]);
        (code, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn damage(&self, nth: usize, set: &str) {
        change(&self.gateway.home.data(), &format!("UPDATE legs SET {set} WHERE id = '{}'", self.ids[nth]));
    }
}

#[test]
fn it_is_listed_beside_the_others_and_can_be_removed() {
    let waiting = Waiting::new();
    waiting.damage(0, "purpose = 'nonsense'");
    waiting.damage(1, "ticket_sealed = x'0011'");
    if !is_on_postgres() {
        waiting.damage(0, "due_at = 'soon', attempts = 'many'");
    }
    let (code, listed) = waiting.list();
    assert!(code != 0, "a program that looks at the code alone must know");
    assert_eq!(listed.len(), 3, "{listed:?}");
    for leg in &listed {
        let nth = waiting.ids.iter().position(|id| leg["id"] == id.as_str()).unwrap();
        assert_eq!(leg["damaged"], nth < 2, "{leg}");
        assert!(leg["destination"].is_string(), "{leg}");
        assert_eq!(leg["due_in_seconds"].is_u64(), nth > 0 || is_on_postgres(), "{leg}");
    }
    let (code, out, err) = waiting.gateway.sealpost(&["queue", "list"]);
    assert!(code != 0 && err.contains("2 of them cannot be read"), "{err}");
    assert!(out.contains(&format!("{} damaged", waiting.ids[0])) && out.contains("3 in the queue"), "{out}");
    let (_, out, err) = waiting.gateway.sealpost(&["check", "--store", "--offline"]);
    assert!(err.contains(&format!("row of leg {}", waiting.ids[0])), "{out}{err}");
    assert!(err.contains(&format!("leg {} does not prove", waiting.ids[1])), "{out}{err}");

    for id in &waiting.ids[..2] {
        assert!(waiting.gateway.said(&["queue", "remove", id]).contains("1 removed"));
    }
    let (code, listed) = waiting.list();
    assert_eq!((code, listed.len(), listed[0]["damaged"].as_bool()), (0, 1, Some(false)));
    waiting.gateway.sweep();
}

#[test]
fn it_keeps_no_other_letter_from_going() {
    let mut waiting = Waiting::new();
    waiting.damage(0, "purpose = 'nonsense'");
    waiting.hop.open();
    change(&waiting.gateway.home.data(), "UPDATE legs SET due_at = 0");
    let letter = letters::plain("wakes delivery", "x");
    waiting.gateway.smtp().letter("a@insurer.example", &["dora@web.example"], &letter).expect("250 *");
    for to in &TO[1..] {
        let _ = waiting.hop.wait_to(to);
    }
    let left = "SELECT count(*) FROM legs WHERE state = 'frozen' AND lease_owner IS NULL";
    poll("one to be left, for an operator", || {
        let all = waiting.gateway.count("SELECT count(*) FROM legs");
        (all == 1 && waiting.gateway.count(left) == 1).then_some(())
    });
    let named = waiting.gateway.log().lines().filter(|line| line.contains("its row cannot be read")).count();
    assert_eq!(named, 1, "once");
    assert!(waiting.gateway.said(&["queue", "remove", "--all"]).contains("1 removed"));
    waiting.gateway.sweep();
}

#[test]
fn attempts_that_nobody_has_made_keep_no_letter() {
    let mut waiting = Waiting::new();
    waiting.damage(0, &format!("attempts = {}", i64::MAX));
    waiting.damage(1, "attempts = -5");
    waiting.hop.open();
    waiting.gateway.said(&["queue", "retry", "--all"]);
    for to in TO {
        let _ = waiting.hop.wait_to(to);
    }
    poll("an empty queue", || (waiting.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    waiting.gateway.sweep();
}
