//! Jobs: interrupted and resumed, previewed, and listed; and an address with bounced mail.

use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};
use serde_json::Value;

const DAY: i64 = 86_400;

fn configured(mut config: Config) -> Config {
    config
        .set("retention", "clock-jump", r#""4000 days""#)
        .set("reminders", "unactivated", r#"["3 days"]"#)
        .set("reminders", "hours", r#""00:00-24:00""#)
        .set("senders", "expired-unread", "true");
    config
}

fn config(hop: &Hop) -> Config {
    configured(Config::new(hop))
}

/// The command with another clock.
fn config_by(hop: &Hop, clock: &IllClock) -> Config {
    configured(Config::by_clock(hop, clock))
}

fn send(gateway: &Gateway, to: &str) {
    let letter = letters::plain(&format!("[vertraulich] {to}"), "Text");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
}

pub(crate) fn no_legs(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

#[test]
fn a_job_cut_off_is_taken_up_again_and_does_nothing_twice() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut gateway = Gateway::start_with(&config_by(&hop, &clock), &clock.environment());
    gateway.knows_its_jobs();
    for nth in 0..60 {
        send(&gateway, &format!("k{nth}@web.example"));
    }
    no_legs(&gateway);
    clock.set(3 * DAY);
    poll("reminders to begin", || (gateway.count("SELECT count(*) FROM reminded") > 0).then_some(()));
    gateway.kill();
    // Later than the lease of the process that is gone.
    clock.set(3 * DAY + 3600);
    gateway.restart();
    poll("everybody to be reminded", || (gateway.count("SELECT count(*) FROM reminded") == 60).then_some(()));
    no_legs(&gateway);
    let id = |mail: &rig::Delivered| letters::field(&mail.bytes, "Message-ID").unwrap();
    for nth in 0..60 {
        let to = format!("k{nth}@web.example");
        let mut ids: Vec<String> =
            hop.delivered().iter().filter(|mail| mail.to() == [to.as_str()]).map(id).collect();
        // Delivery is at least once; the same mail has the same id.
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2, "{to}");
    }

    // A job that the clock changes under is due an hour after the new time.
    poll("everything of that day to be done", || {
        let done = "SELECT count(*) FROM job_runs WHERE job = 'audit' AND ended_at IS NOT NULL";
        (gateway.count(done) > 0).then_some(())
    });
    clock.set(42 * DAY);
    poll("letters to begin to go", || (gateway.count("SELECT count(*) FROM deposits") < 60).then_some(()));
    gateway.kill();
    clock.set(42 * DAY + 3600);
    gateway.restart();
    poll("all letters to go", || (gateway.count("SELECT count(*) FROM deposits") == 0).then_some(()));
    let untold = || gateway.count("SELECT count(*) FROM gone_unread");
    let before = untold();
    clock.set(44 * DAY);
    poll("word to senders to begin", || (before == 0 || untold() < before).then_some(()));
    gateway.kill();
    clock.set(44 * DAY + 3600);
    gateway.restart();
    poll("their senders to be told", || {
        (gateway.count("SELECT count(*) FROM gone_unread") == 0).then_some(())
    });
    no_legs(&gateway);
    let mut ids: Vec<String> =
        hop.delivered().iter().filter(|mail| mail.to() == ["erika@insurer.example"]).map(id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    gateway.sweep();
}

#[test]
fn jobs_are_shown_foreseen_and_run_by_hand() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("portal", "activation-within", r#""1 s""#).unset("reminders", "unactivated");
    let gateway = Gateway::start(&config);
    gateway.knows_its_jobs();
    send(&gateway, "k@web.example");
    no_legs(&gateway);
    let list = gateway.said(&["jobs", "list"]);
    for job in
        ["retention", "mailboxes", "forget", "sweep", "reminders", "digests", "mailbox-reminders", "senders"]
    {
        assert!(list.contains(job), "{job}: {list}");
    }
    let letter = rig::gateway::blobs(&gateway.home.data(), "SELECT CAST(id AS BLOB) FROM deposits").remove(0);
    let letter = String::from_utf8(letter).unwrap();
    let foreseen = poll("its time to be over", || {
        let foreseen = gateway.said(&["jobs", "run", "retention", "--dry-run"]);
        foreseen.contains(&letter).then_some(foreseen)
    });
    assert!(foreseen.contains("its time is over") && foreseen.contains("nothing was done"), "{foreseen}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    let done = gateway.said(&["jobs", "run", "retention"]);
    assert!(done.contains("1 letters") && done.contains("done"), "{done}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    let log = gateway.said(&["jobs", "log", "retention", "--json"]);
    let run: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(run["counts"]["letters"], 1, "{log}");
    let (code, _, err) = gateway.sealpost(&["jobs", "run", "everything"]);
    assert!(code != 0 && err.contains("jobs list"), "{err}");
    // Mails are written by the delivering process.
    let sent = gateway.said(&["jobs", "run", "senders"]);
    assert!(sent.contains("\"gone unread\":1"), "{sent}");
    let told = hop.wait_to("erika@insurer.example").text();
    assert!(told.contains("Ungelesen"), "{told}");
    gateway.sweep();
}

#[test]
fn an_address_that_mail_came_back_from_gets_no_more_until_support_clears_it() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("reminders", "hard-bounces", "2");
    let gateway = Gateway::start(&config);
    hop.answer_rcpt("k@web.example", "550 5.1.1 no such user");
    for nth in 1..=2 {
        send(&gateway, "k@web.example");
        poll("the address to be marked", || {
            let bounces = gateway.count("SELECT coalesce(max(bounces), 0) FROM unreachable");
            (bounces == nth).then_some(())
        });
    }
    no_legs(&gateway);
    let show = || -> Value {
        serde_json::from_str(&gateway.said(&["mailbox", "show", "k@web.example", "--json"])).unwrap()
    };
    let told = show();
    assert_eq!(
        (told["mail_came_back"].as_u64(), told["mail_is_sent"].as_bool()),
        (Some(2), Some(false)),
        "{told}"
    );
    assert_eq!(told["came_back_status"], "5.1.1");
    let before = hop.delivered().len();
    hop.be_kind();
    send(&gateway, "k@web.example");
    no_legs(&gateway);
    let since = hop.delivered().split_off(before);
    assert_eq!(since.len(), 1, "its sender, at once");
    assert!(since[0].to() == ["erika@insurer.example"] && since[0].text().contains("k@web.example"));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3, "the letters wait");
    gateway.said(&["mailbox", "clear", "k@web.example", "--note", "Adresse stimmt wieder"]);
    send(&gateway, "k@web.example");
    let _ = hop.wait_to("k@web.example");
    // Everything there is to see, for its owner.
    let facts: Value =
        serde_json::from_str(&gateway.said(&["mailbox", "export-facts", "k@web.example"])).unwrap();
    assert_eq!(facts["letters"].as_array().unwrap().len(), 4);
    assert!(facts["trail"].to_string().contains("address-cleared"), "{facts}");
    gateway.sweep();
}
