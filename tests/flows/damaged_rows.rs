//! Rows that cannot be opened: they are named and counted, and everybody else is still reminded and notified.

use std::collections::BTreeSet;

use rig::gateway::{blobs, change};
use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};
use serde_json::Value;

const DAY: i64 = 86_400;

fn ids(gateway: &Gateway, table: &str) -> BTreeSet<String> {
    let sql = format!("SELECT CAST(id AS BLOB) FROM {table}");
    blobs(&gateway.home.data(), &sql).into_iter().map(|id| String::from_utf8(id).unwrap()).collect()
}

/// A letter to a new mailbox: the mailbox's id, the letter's, and the address.
fn send(gateway: &Gateway, nth: usize) -> (String, String, String) {
    let before = (ids(gateway, "mailboxes"), ids(gateway, "deposits"));
    let to = format!("k{nth}@web.example");
    let letter = letters::plain(&format!("[vertraulich] {to}"), "Text");
    gateway.smtp().letter("erika@insurer.example", &[&to], &letter).expect("250 *");
    let new =
        |table, before: &BTreeSet<String>| ids(gateway, table).difference(before).next().cloned().unwrap();
    (new("mailboxes", &before.0), new("deposits", &before.1), to)
}

fn no_legs(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

/// The result of a job's last run that began this many days from now.
fn counts(gateway: &Gateway, job: &str, day: i64) -> Value {
    let since = (IllClock::right() + day * DAY - 3600) * 1000;
    poll(job, || {
        let sql = format!(
            "SELECT count(*) FROM job_runs WHERE job = '{job}' AND ended_at IS NOT NULL AND begun_at > {since}"
        );
        (gateway.count(&sql) > 0).then_some(())
    });
    let (code, log, err) = gateway.sealpost(&["jobs", "log", job, "--json"]);
    assert_eq!(code, 0, "{err}");
    let runs: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run = runs.into_iter().find(|run| !run["ended"].is_null()).unwrap();
    assert!(run["error"].is_null(), "{run}");
    run["counts"].clone()
}

/// A job that the clock changes under is due an hour after the new time.
fn all_have_run(gateway: &Gateway, day: i64) {
    let since = (IllClock::right() + day * DAY - 3600) * 1000;
    let sql =
        format!("SELECT count(DISTINCT job) FROM job_runs WHERE ended_at IS NOT NULL AND begun_at > {since}");
    poll("everything of that day to be done", || (gateway.count(&sql) == rig::gateway::JOBS).then_some(()));
}

#[test]
fn one_damaged_row_keeps_nobody_else_from_being_told() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut config = Config::by_clock(&hop, &clock);
    config
        .set("retention", "clock-jump", r#""4000 days""#)
        .set("reminders", "unactivated", r#"["3 days"]"#)
        .set("reminders", "hours", r#""00:00-24:00""#)
        .set("senders", "expired-unread", "true");
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    let mut sent: Vec<_> = (0..4).map(|nth| send(&gateway, nth)).collect();
    no_legs(&gateway);
    // The jobs go by id: those that are damaged come first.
    sent.sort();
    let (mailbox, other) = (&sent[0].0, &sent[1].0);
    let first = sent.iter().map(|(_, deposit, _)| deposit).min().unwrap().clone();
    let nothing = "00".repeat(60);
    for (table, column, row) in [
        ("mailboxes", "address_sealed", format!("id = '{mailbox}'")),
        ("wraps", "sealed", format!("kind = 'link' AND mailbox_id = '{other}'")),
        ("bounce_memos", "memo_sealed", format!("deposit_id = '{first}'")),
    ] {
        assert_eq!(gateway.count(&format!("SELECT count(*) FROM {table} WHERE {row}")), 1, "{table}");
        change(&gateway.home.data(), &format!("UPDATE {table} SET {column} = x'{nothing}' WHERE {row}"));
    }
    let healthy: Vec<&str> = sent
        .iter()
        .skip(2)
        .filter(|(_, deposit, _)| *deposit != first)
        .map(|(_, _, address)| address.as_str())
        .collect();

    clock.set(3 * DAY);
    let done = counts(&gateway, "reminders", 3);
    assert_eq!(done["mails"], healthy.len(), "{done}");
    assert_eq!(done["unreadable"], 4 - healthy.len(), "{done}");
    no_legs(&gateway);
    for to in &healthy {
        let mails = hop.delivered().iter().filter(|mail| mail.to() == [*to]).count();
        assert_eq!(mails, 2, "{to}: a notice and a reminder");
    }

    // Their letters are deleted. All senders are notified except the one whose address can no longer be read.
    all_have_run(&gateway, 3);
    clock.set(43 * DAY);
    poll("letters to go", || (gateway.count("SELECT count(*) FROM deposits") == 0).then_some(()));
    all_have_run(&gateway, 43);
    clock.set(45 * DAY);
    let done = counts(&gateway, "senders", 45);
    no_legs(&gateway);
    assert_eq!(done["unreadable"], 1, "{done}");
    let told = hop.delivered().iter().filter(|mail| mail.to() == ["erika@insurer.example"]).count();
    assert_eq!(told, 3);
    gateway.wait_logged("a row cannot be read");
}
