//! A clock that is set two years ahead, and back: nothing is deleted and no mail is sent before an operator confirms that
//! it is right; and jobs that were due in the wrong year run in the right one. What was told by a clock that was ahead for less
//! than an operator allows is not told again when it is right.

use std::process::Command;

use rig::gateway::binary;
use rig::ill_clock::IllClock;
use rig::process::{poll, run};
use rig::{Config, Gateway, Hop, letters};

const DAY: i64 = 86_400;

fn begin(hop: &Hop, clock: &IllClock) -> Gateway {
    begin_with(hop, clock, "3 days")
}

fn begin_with(hop: &Hop, clock: &IllClock, jump: &str) -> Gateway {
    let mut config = Config::by_clock(hop, clock);
    config
        .set("retention", "mailbox", r#""18 months""#)
        .set("retention", "clock-jump", &format!("{jump:?}"))
        .set("reminders", "unactivated", r#"["1 day"]"#)
        .set("reminders", "hours", r#""00:00-24:00""#)
        .set("senders", "expired-unread", "true");
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    gateway
}

/// A command by the same clock.
fn sealpost(gateway: &Gateway, clock: &IllClock, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(binary());
    command.args(args).arg("--config").arg(gateway.home.config());
    command.current_dir(gateway.home.path()).envs(clock.environment());
    let (code, out, err) = run(&mut command);
    (code, format!("{out}{err}"))
}

fn runs(gateway: &Gateway, job: &str, which: &str) -> i64 {
    gateway.count(&format!(
        "SELECT count(*) FROM job_runs WHERE job = '{job}' AND ended_at IS NOT NULL AND {which}"
    ))
}

#[test]
fn nothing_goes_by_a_clock_that_jumped_until_an_operator_says_that_it_is_right() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut gateway = begin(&hop, &clock);
    clock.set(730 * DAY);
    for job in ["reminders", "mailbox-reminders", "senders", "retention", "mailboxes", "forget"] {
        poll(job, || (runs(&gateway, job, "error LIKE '%days ahead%'") > 0).then_some(()));
    }
    // A restart makes it no truer.
    gateway.restart();
    let (code, list) = sealpost(&gateway, &clock, &["jobs", "list"]);
    assert!(code == 0 && list.contains("730 days ahead") && list.contains("--clock-is-right"), "{list}");
    let (code, said) = sealpost(&gateway, &clock, &["jobs", "run", "retention"]);
    assert!(code != 0 && said.contains("--clock-is-right"), "{said}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'pending'"), 1);
    assert_eq!(hop.delivered().len(), 1, "the notice, and nothing else");
    let (code, dry) = sealpost(&gateway, &clock, &["jobs", "run", "retention", "--dry-run"]);
    assert!(code == 0 && dry.contains("its time is over"), "{dry}");

    // The machine had been switched off.
    let (code, said) = sealpost(&gateway, &clock, &["jobs", "run", "retention", "--clock-is-right"]);
    assert!(code == 0 && said.contains("1 letters"), "{said}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    let told = hop.wait_to("erika@insurer.example").text();
    assert!(told.contains("Ungelesen"), "{told}");
    // The last result of each stays listed until it has run again.
    poll("every job to have run since", || {
        (!sealpost(&gateway, &clock, &["jobs", "list"]).1.contains("days ahead")).then_some(())
    });
}

#[test]
fn a_clock_set_right_again_is_believed_and_jobs_go_on() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let gateway = begin(&hop, &clock);
    clock.set(730 * DAY);
    poll("retention to refuse", || {
        (runs(&gateway, "retention", "error LIKE '%days ahead%'") > 0).then_some(())
    });
    clock.set(2 * DAY);
    // Its next run is two years ahead in the store; so is the next tick.
    let in_time = format!("error IS NULL AND begun_at > {}", (IllClock::right() + 2 * DAY - 3600) * 1000);
    for job in ["retention", "reminders"] {
        poll(job, || (runs(&gateway, job, &in_time) > 0).then_some(()));
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    poll("the reminder", || (hop.delivered().len() == 2).then_some(()));
    gateway.sweep();
}

#[test]
fn whoever_was_told_by_a_clock_ten_days_ahead_is_not_told_again() {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let gateway = begin_with(&hop, &clock, "30 days");
    clock.set(10 * DAY);
    poll("the reminder", || (hop.delivered().len() == 2).then_some(()));
    clock.set(2 * DAY);
    let in_time = format!(
        "error IS NULL AND begun_at BETWEEN {} AND {}",
        (IllClock::right() + 2 * DAY - 3600) * 1000,
        (IllClock::right() + 3 * DAY) * 1000
    );
    poll("reminders", || (runs(&gateway, "reminders", &in_time) > 0).then_some(()));
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 2);
    gateway.sweep();
}
