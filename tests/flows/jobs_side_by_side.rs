//! Two processes run jobs on one store for nearly a year: letters and mailboxes are deleted, from the trash and by age, owners and
//! senders are notified, a key expires, old audit rows are deleted. Each action happens once, and no job runs in both at the same
//! time.

use std::collections::BTreeMap;
use std::process::Command;

use rig::gateway::binary;
use rig::ill_clock::IllClock;
use rig::process::{Process, poll};
use rig::reader::{activate, letter_paths};
use rig::{Config, Gateway, Hop, letters, trail};

use crate::jobs::no_legs;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const SENDER: &str = "erika@insurer.example";
const KEYS: &str = "keys@insurer.example";
/// Who never come, and who come once.
const NEVER: usize = 8;
const ONCE: usize = 4;

fn names(kind: &str, count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("{kind}{nth}@web.example")).collect()
}

struct Pair {
    hop: Hop,
    clock: IllClock,
    gateway: Gateway,
    other: Process,
}

impl Pair {
    fn start() -> Self {
        let (hop, clock) = (Hop::new(), IllClock::new());
        let mut config = Config::by_clock(&hop, &clock);
        config
            .set("retention", "clock-jump", r#""4000 days""#)
            .set("retention", "mailbox", r#""100 days""#)
            .set("reminders", "unactivated", r#"["3 days"]"#)
            .set("reminders", "mailbox", r#"["30 days"]"#)
            .set("reminders", "hours", r#""00:00-24:00""#)
            .set("senders", "unfetched", r#""14 days""#)
            .set("senders", "expired-unread", "true")
            .set("notices", "pace", r#""hourly""#)
            .set("audit", "kept", r#""200 days""#)
            .set("partners", "hop", r#""world""#)
            .set("partners", "warnings-to", &format!("{KEYS:?}"));
        let _outside = config.listener("outside");
        config.set("[listener]", "domains", r#"["insurer.example"]"#);
        let gateway = Gateway::start_with(&config, &clock.environment());
        gateway.knows_its_jobs();
        // One process delivers; what the clock deletes and looks at either of them does.
        let mut command = Command::new(binary());
        command.args(["serve", "--role", "jobs", "--config"]).arg(gateway.home.config());
        command.current_dir(gateway.home.path()).envs(clock.environment());
        let other = Process::start("the other process", &mut command);
        let _ = other.output.wait("{*\"ready\":true*}");
        Self { hop, clock, gateway, other }
    }

    fn send(&self, to: &str, subject: &str) {
        let letter = letters::plain(&format!("[vertraulich] {subject}"), "Text");
        self.gateway.smtp().letter(SENDER, &[to], &letter).expect("250 *");
    }

    /// So long after the beginning: every job has run since.
    fn later(&self, seconds: i64) {
        self.until_they_ran(seconds, rig::gateway::JOBS, "true");
    }

    /// The same, until this many of these have run. A job whose clock changes is due again only after the new time: no process is
    /// working at that moment.
    fn until_they_ran(&self, seconds: i64, many: i64, which: &str) {
        no_legs(&self.gateway);
        poll("no process to be running a job", || {
            (self.gateway.count("SELECT count(*) FROM jobs WHERE lease_owner IS NOT NULL") == 0).then_some(())
        });
        self.clock.set(seconds);
        let since = (IllClock::right() + seconds - 60) * 1000;
        poll("jobs to run", || {
            let ran = format!(
                "SELECT count(DISTINCT job) FROM job_runs
                 WHERE ended_at IS NOT NULL AND begun_at > {since} AND {which}"
            );
            (self.gateway.count(&ran) == many).then_some(())
        });
        no_legs(&self.gateway);
    }

    fn mails(&self, to: &str) -> usize {
        self.hop.delivered().iter().filter(|mail| mail.to() == [to]).count()
    }

    /// How often each of these is sent in total.
    fn told(&self, whom: &[String], times: usize) {
        for to in whom {
            assert_eq!(self.mails(to), times, "{to}");
        }
    }

    /// How often the trail says this of each thing.
    fn noted(&self, action: &str) -> BTreeMap<String, usize> {
        let mut each = BTreeMap::new();
        for row in trail::of(&self.gateway, action) {
            *each.entry(row["object"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        each
    }

    fn once(&self, action: &str, things: usize) {
        let noted = self.noted(action);
        assert_eq!(noted.len(), things, "{action}: {noted:?}");
        assert!(noted.values().all(|times| *times == 1), "{action}: {noted:?}");
    }
}

#[test]
fn two_processes_do_each_thing_once() {
    let mut pair = Pair::start();
    let (never, once) = (names("never", NEVER), names("once", ONCE));
    never.iter().for_each(|to| pair.send(to, "Brief"));
    for to in &once {
        pair.send(to, "eins");
        pair.send(to, "zwei");
        let mut web = pair.gateway.web();
        let inbox = activate(&mut web, &letters::link(&pair.hop.wait_to(to).bytes));
        for path in letter_paths(&inbox) {
            web.get(&path).expect(200);
        }
        let id = letter_paths(&inbox)[0].trim_start_matches("/m/").to_owned();
        let page = web.get("/inbox");
        web.submit(&page, "/letters", &[("id", &id), ("do", "trash")]).expect(303);
    }
    // The second one within the hour of the first waits for the next mail.
    for to in &once {
        pair.send(to, "drei");
        pair.send(to, "vier");
    }
    let made = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--years", "1"];
    pair.gateway.said(&made);
    no_legs(&pair.gateway);
    pair.told(&never, 1);
    pair.told(&once, 3);

    // Due within two hours, at any time of day.
    let hourly = "job IN ('digests', 'reminders', 'retention', 'ocsp', 'tls-reports')";
    pair.until_they_ran(2 * HOUR, 5, hourly);
    pair.told(&once, 4);
    pair.later(3 * DAY);
    pair.told(&never, 2);
    pair.later(15 * DAY);
    // For each unopened letter.
    assert_eq!(pair.mails(SENDER), NEVER + 2 * ONCE);
    pair.later(16 * DAY);
    pair.once("letter.left-trash", ONCE);
    pair.later(42 * DAY);
    pair.later(43 * DAY);
    pair.once("letter.expired", NEVER);
    assert_eq!(pair.mails(SENDER), 2 * NEVER + 2 * ONCE);
    pair.once("mailbox.deleted", NEVER);
    pair.told(&never, 2);
    pair.later(75 * DAY);
    pair.told(&once, 5);
    pair.later(102 * DAY);
    pair.later(103 * DAY);
    pair.once("mailbox.deleted", NEVER + ONCE);
    // What lay there unread went with it.
    assert_eq!(pair.mails(SENDER), 2 * NEVER + 4 * ONCE);
    assert_eq!(pair.mails(KEYS), 0);
    pair.later(340 * DAY);
    assert_eq!(pair.mails(KEYS), 1, "of a key that ends");
    assert!(pair.noted("letter.expired").is_empty() && pair.noted("mailbox.deleted").is_empty());
    pair.told(&never, 2);
    pair.told(&once, 5);
    assert_eq!(pair.gateway.count("SELECT count(*) FROM deposits"), 0);
    assert_eq!(pair.gateway.count("SELECT count(*) FROM mailboxes WHERE state <> 'deleted'"), 0);

    // Two processes looked, and one of them did it.
    let overlap = "SELECT count(*) FROM job_runs a JOIN job_runs b ON a.job = b.job AND a.number < b.number
        WHERE a.ended_at IS NULL OR b.begun_at < a.ended_at";
    assert_eq!(pair.gateway.count(overlap), 0);
    assert_eq!(pair.gateway.count("SELECT count(*) FROM job_runs WHERE error IS NOT NULL"), 0);
    let said = pair.gateway.said(&["audit", "verify"]);
    assert!(said.contains("each proven over the one before"), "{said}");
    assert!(pair.other.stop().success());
    pair.gateway.sweep();
}
