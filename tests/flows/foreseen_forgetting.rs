//! A dry run lists what the nightly job would delete: recalled letters' rows, events not accepted by any
//! receiver; with the reason, for people and for programs; and exactly that is then deleted.

use rig::gateway::Home;
use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::receiver::{Receiver, Verdict};
use rig::{Config, Gateway, Hop, letters};
use serde_json::Value;

use crate::webhooks::webhook;

const CUSTOMER: &str = "kunde@web.example";
const DAY: i64 = 86_400;

/// A command on another day; the gateway's clock is unchanged.
fn on_day(home: &Home, day: i64, args: &[&str]) -> String {
    let clock = IllClock::new();
    clock.set(day * DAY);
    let (code, out, err) = home.sealpost_with(args, &clock.environment());
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

#[test]
fn withdrawn_letters_and_dead_events_are_named_before_they_are_forgotten() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let mut config = Config::new(&hop);
    webhook(&mut config, "crm", &receiver);
    config.set("retention", "clock-jump", r#""4000 days""#);
    let mut gateway = Gateway::start(&config);
    receiver.script(|_| Verdict::Status(410));
    let letter = letters::plain("[vertraulich] Betreff-4711", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    let shown: Value = serde_json::from_str(&gateway.said(&["mailbox", "show", CUSTOMER, "--json"])).unwrap();
    let (mailbox, letter) =
        (shown["mailbox"].as_str().unwrap(), shown["letters"][0]["letter"].as_str().unwrap());
    gateway.said(&["letter", "recall", letter, "--note", "falscher Anhang"]);
    let dead = "SELECT count(*) FROM hook_events WHERE state = 'dead'";
    // Deposited, notified, recalled.
    poll("the receiver to refuse everything", || (gateway.count(dead) == 3).then_some(()));
    gateway.stop();
    let home = &gateway.home;

    let early = on_day(home, 10, &["jobs", "run", "forget", "--dry-run"]);
    assert!(!early.contains(letter) && early.contains("in all; nothing was done"), "{early}");
    let dry = on_day(home, 100, &["jobs", "run", "forget", "--dry-run"]);
    let withdrawn = format!(
        "the word that letter {letter} of mailbox {mailbox} was withdrawn goes: its recipient could read it for long enough"
    );
    assert!(dry.lines().any(|line| line == withdrawn), "{dry}");
    for kind in ["letter.deposited", "letter.notified", "letter.recalled"] {
        let begin = format!("event {letter}-{kind}-");
        let line =
            dry.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{kind}: {dry}"));
        assert!(line.contains(" for webhook crm goes: nobody took it") && line.contains("60 days"), "{line}");
    }
    assert!(!dry.contains("kunde") && !dry.contains("Betreff") && !dry.contains("Inhalt"), "{dry}");

    let said = on_day(home, 100, &["jobs", "run", "forget", "--dry-run", "--json"]);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, deeds) = lines.split_last().unwrap();
    let of = |kind: &str| deeds.iter().filter(|deed| deed["kind"] == kind).collect::<Vec<_>>();
    let [word] = of("withdrawn")[..] else { panic!("{said}") };
    assert_eq!((&word["letter"], &word["mailbox"]), (&letter.into(), &mailbox.into()), "{word}");
    assert_eq!(
        (&word["count"], &word["why"]),
        (&1.into(), &"its recipient could read it for long enough".into())
    );
    assert_eq!(of("event").len(), 3, "{said}");
    assert!(of("event").iter().all(|event| event["webhook"] == "crm" && event["count"] == 1), "{said}");
    let all: u64 = deeds.iter().map(|deed| deed["count"].as_u64().unwrap()).sum();
    assert_eq!((&last["all"], &last["done"], &last["job"]), (&all.into(), &false.into(), &"forget".into()));
    assert!(dry.contains(&format!("{all} in all; nothing was done")), "{dry}");
    let left = "SELECT (SELECT count(*) FROM withdrawn) + (SELECT count(*) FROM hook_events)";
    assert_eq!(gateway.count(left), 4, "nothing was done");

    let done = on_day(home, 100, &["jobs", "run", "forget"]);
    assert!(done.contains("1 withdrawn") && done.contains("3 dead events"), "{done}");
    assert_eq!(gateway.count(left), 0);
    let after = on_day(home, 100, &["jobs", "run", "forget", "--dry-run", "--json"]);
    assert!(after.contains(r#""all":0"#) && after.lines().count() == 1, "{after}");
}
