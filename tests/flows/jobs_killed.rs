//! Every job, killed: when it is about to begin, when half of its work is done, and when all is done but not recorded. It is
//! resumed each time; each action has happened once, and the audit trail is complete. The job `ocsp`, which needs an authority, is
//! killed in `tests/partners/ocsp_killed.rs`, `tls-reports`, which needs other servers, in `tls_reports_killed.rs`.

use rig::ill_clock::IllClock;
use rig::ill_end::IllEnd;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};
use rusqlite::Connection;

use crate::jobs::no_legs;

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const SENDER: &str = "erika@insurer.example";

/// A gateway with work for a job.
struct House {
    hop: Hop,
    clock: IllClock,
    gateway: Gateway,
    /// Its library is there for as long as processes are started.
    _end: IllEnd,
}

impl House {
    fn new(configure: impl FnOnce(&mut Config)) -> Self {
        let (hop, clock, end) = (Hop::new(), IllClock::new(), IllEnd::new());
        let mut config = Config::on_sqlite(&hop);
        config
            .set("retention", "clock-jump", r#""4000 days""#)
            .set("reminders", "hours", r#""00:00-24:00""#)
            // Sequentially: a killed process had at most one letter in progress.
            .set("delivery", "connections-per-destination", "1");
        configure(&mut config);
        let gateway = Gateway::start_with(&config, &end.environment(clock.environment()));
        gateway.knows_its_jobs();
        Self { hop, clock, gateway, _end: end }
    }

    /// Sends `each` letters to each of the four owners.
    fn letters(&self, each: usize) {
        for to in owners() {
            for nth in 0..each {
                let letter = letters::plain(&format!("[vertraulich] {nth}"), "Text");
                self.gateway.smtp().letter(SENDER, &[&to], &letter).expect("250 *");
            }
        }
        no_legs(&self.gateway);
    }

    /// All four set their mailboxes up.
    fn activated(&self) {
        self.letters(1);
        for to in owners() {
            rig::reader::activate(&mut self.gateway.web(), &letters::link(&self.hop.wait_to(&to).bytes));
        }
    }

    /// Writes rows as they would be after years.
    fn rows(&self, sql: &str) {
        let rows = Connection::open(rig::gateway::find_database(&self.gateway.home.data())).unwrap();
        rows.busy_timeout(rig::PATIENCE).unwrap();
        rows.execute_batch(sql).unwrap();
    }

    /// Mails that were sent: different ones, and in total.
    fn mails(&self, to: &str) -> (usize, usize) {
        let all = self.hop.delivered().into_iter().filter(|mail| mail.to() == [to]);
        let mut ids: Vec<_> = all.map(|mail| letters::field(&mail.bytes, "Message-ID").unwrap()).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        (ids.len(), count)
    }
}

fn owners() -> impl Iterator<Item = String> {
    (0..4).map(|nth| format!("k{nth}@web.example"))
}

/// One job and what shows that it did its work once.
struct Deed {
    job: &'static str,
    /// How many seconds after the letters it is due.
    due: i64,
    /// Where half of it is done.
    half: Option<&'static str>,
    /// Counts the remaining work.
    left: &'static str,
    /// In all: mails to each owner, and to the sender.
    mails: (usize, usize),
    /// Rows of the trail with this action, in all.
    trail: (&'static str, usize),
}

/// Lets it be killed three times and go on.
fn killed(mut house: House, deed: &Deed) {
    let Deed { job, due, half, left, mails, trail } = deed;
    let count = |house: &House, sql: &str| house.gateway.count(sql);
    house.gateway.stop();
    assert!(count(&house, left) > 0, "{job}: nothing is to be done");
    let runs = format!("SELECT count(*) FROM job_runs WHERE job = '{job}'");
    let open = format!("{runs} AND ended_at IS NULL");
    let done = format!("{runs} AND ended_at IS NOT NULL AND error IS NULL");
    // What ran meanwhile has done nothing of it.
    let (before, done_before) = (count(&house, &runs), count(&house, &done));
    let now_it_runs = format!("(SELECT job FROM job_runs ORDER BY number DESC LIMIT 1) = '{job}'");

    house.clock.set(*due);
    let begins = format!("AFTER INSERT ON job_runs WHEN NEW.job = '{job}'");
    IllEnd::dies(&mut house.gateway, &begins);
    assert_eq!(count(&house, &runs), before, "{job} had not begun");
    let mut deaths = 0;
    if let Some(half) = half {
        let whole = count(&house, left);
        // Later than the lease of the killed process.
        house.clock.set(due + HOUR / 2);
        IllEnd::dies(&mut house.gateway, &format!("{half} AND {now_it_runs}"));
        deaths += 1;
        assert_eq!(count(&house, &open), 1, "{job} was at work");
        assert!((1..=whole).contains(&count(&house, left)), "{job}: not all is done");
    }
    house.clock.set(due + HOUR);
    let ends = format!("AFTER UPDATE OF ended_at ON job_runs WHEN NEW.job = '{job}' AND NEW.counts <> ''");
    IllEnd::dies(&mut house.gateway, &ends);
    deaths += 1;
    assert_eq!(count(&house, &open), 1, "{job} had not ended");
    assert_eq!(count(&house, left), 0, "{job}: all is done");

    house.clock.set(due + HOUR + HOUR / 2);
    house.gateway.restart();
    poll(&format!("{job} to end"), || (count(&house, &done) > done_before).then_some(()));
    no_legs(&house.gateway);
    // Every interrupted run is listed as such.
    assert_eq!(count(&house, &open), 0, "{job}");
    assert_eq!(count(&house, &format!("{runs} AND error IS NOT NULL")), deaths, "{job}");
    assert_eq!(count(&house, left), 0, "{job}");
    for to in owners() {
        let (different, all) = house.mails(&to);
        assert_eq!(different, mails.0, "{job}, {to}: neither lost nor made twice");
        assert!(all <= different + 3, "{job}, {to}: sent again more often than killed");
    }
    let (different, all) = house.mails(SENDER);
    assert_eq!(different, mails.1, "{job}, {SENDER}");
    // Decision 0015: one letter for each connection in use, each time.
    let all = all + owners().map(|to| house.mails(&to).1).sum::<usize>();
    assert!(all <= mails.1 + 4 * mails.0 + 3, "{job}: {all} mails");
    let (code, out, err) = house.gateway.sealpost(&["audit", "export"]);
    assert_eq!(code, 0, "{job}: {err}");
    let rows: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let noted = rows.iter().filter(|row| row["action"] == trail.0).count();
    assert_eq!(noted, trail.1, "{job}: {out}");
    let (code, out, err) = house.gateway.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{job}: {out}{err}");
    house.gateway.sweep();
}

#[test]
fn digests() {
    let house = House::new(|config| {
        config.unset("notices", "pending-pace").set("notices", "pace", r#""at-once""#);
    });
    house.letters(3);
    killed(
        house,
        &Deed {
            job: "digests",
            due: 2 * HOUR,
            half: Some("AFTER DELETE ON unannounced WHEN (SELECT count(*) FROM unannounced) = 3"),
            left: "SELECT count(*) FROM unannounced",
            mails: (2, 0),
            trail: ("letter.deposited", 12),
        },
    );
}

#[test]
fn reminders() {
    let house = House::new(|config| {
        config.set("reminders", "unactivated", r#"["3 days"]"#);
    });
    house.letters(1);
    killed(
        house,
        &Deed {
            job: "reminders",
            due: 3 * DAY,
            half: Some("AFTER INSERT ON reminded WHEN (SELECT count(*) FROM reminded) = 2"),
            left: "SELECT 4 - count(*) FROM reminded",
            mails: (2, 0),
            trail: ("letter.deposited", 4),
        },
    );
}

#[test]
fn mailbox_reminders() {
    let house = House::new(|config| {
        config.set("retention", "mailbox", r#""100 days""#).set("reminders", "mailbox", r#"["30 days"]"#);
    });
    house.activated();
    killed(
        house,
        &Deed {
            job: "mailbox-reminders",
            due: 75 * DAY,
            half: Some("AFTER INSERT ON reminded WHEN (SELECT count(*) FROM reminded) = 2"),
            left: "SELECT 4 - count(*) FROM reminded",
            mails: (2, 0),
            trail: ("mailbox.activated", 4),
        },
    );
}

#[test]
fn senders() {
    let house = House::new(|config| {
        config.set("senders", "unfetched", r#""14 days""#);
    });
    house.letters(1);
    killed(
        house,
        &Deed {
            job: "senders",
            due: 15 * DAY,
            half: Some("AFTER INSERT ON told_unfetched WHEN (SELECT count(*) FROM told_unfetched) = 2"),
            left: "SELECT 4 - count(*) FROM told_unfetched",
            mails: (1, 4),
            trail: ("letter.deposited", 4),
        },
    );
}

#[test]
fn retention() {
    let house = House::new(|_| ());
    house.letters(2);
    killed(
        house,
        &Deed {
            job: "retention",
            due: 42 * DAY,
            half: Some("AFTER DELETE ON deposits WHEN (SELECT count(*) FROM deposits) = 4"),
            left: "SELECT (SELECT count(*) FROM deposits) + (SELECT count(*) FROM bodies)",
            mails: (2, 0),
            trail: ("letter.expired", 8),
        },
    );
}

#[test]
fn mailboxes() {
    let house = House::new(|config| {
        config.set("retention", "mailbox", r#""50 days""#).unset("reminders", "mailbox");
    });
    house.activated();
    killed(
        house,
        &Deed {
            job: "mailboxes",
            due: 52 * DAY,
            half: Some(
                "AFTER UPDATE OF state ON mailboxes \
                 WHEN (SELECT count(*) FROM mailboxes WHERE state = 'deleted') = 2",
            ),
            left: "SELECT count(*) FROM mailboxes WHERE state <> 'deleted'",
            mails: (1, 0),
            trail: ("mailbox.deleted", 4),
        },
    );
}

#[test]
fn keys() {
    let house = House::new(|config| {
        config.set("partners", "hop", r#""world""#).set("partners", "warnings-to", &format!("{SENDER:?}"));
        let _outside = config.listener("outside");
        config.set("[listener]", "domains", r#"["insurer.example"]"#);
    });
    let making = ["domain-key", "make", "insurer.example", "--name", "Insurer", "--years", "1"];
    let (code, out, err) = house.gateway.sealpost(&making);
    assert_eq!(code, 0, "{out}{err}");
    killed(
        house,
        &Deed {
            job: "keys",
            due: 340 * DAY,
            half: Some("AFTER INSERT ON key_warnings WHEN NEW.days > 0"),
            left: "SELECT 1 - count(*) FROM key_warnings",
            mails: (0, 1),
            trail: ("own-key.added", 1),
        },
    );
}

#[test]
fn forget() {
    let house = House::new(|_| ());
    house.letters(1);
    // Years ago; today's rows stay.
    house.rows("INSERT INTO threads (tag, created_at) VALUES (x'01', 1), (x'02', 2), (x'03', 3), (x'04', 4)");
    killed(
        house,
        &Deed {
            job: "forget",
            due: 2 * DAY,
            half: Some(
                "AFTER DELETE ON threads WHEN (SELECT count(*) FROM threads WHERE created_at < 9) = 2",
            ),
            left: "SELECT count(*) FROM threads WHERE created_at < 9",
            mails: (1, 0),
            trail: ("letter.deposited", 4),
        },
    );
}

#[test]
fn the_trail_lets_go() {
    let house = House::new(|config| {
        config.set("audit", "kept", r#""1 year""#);
    });
    house.letters(2);
    killed(
        house,
        &Deed {
            job: "audit",
            due: 370 * DAY,
            half: Some(
                "AFTER DELETE ON audit WHEN (SELECT count(*) FROM audit WHERE action = 'letter.deposited') = 4",
            ),
            left: "SELECT count(*) FROM audit WHERE action = 'letter.deposited'",
            mails: (2, 0),
            // What the deletion of that day says is of that day.
            trail: ("letter.expired", 8),
        },
    );
}

#[test]
fn a_look_at_everything() {
    let house = House::new(|_| ());
    house.letters(1);
    house.rows("INSERT INTO fingerprints (fingerprint, committed_at) VALUES (x'01', 1)");
    killed(
        house,
        &Deed {
            job: "sweep",
            due: DAY,
            // It looks, and that is all.
            half: None,
            left: "SELECT count(*) FROM fingerprints WHERE committed_at < 9",
            mails: (1, 0),
            trail: ("letter.deposited", 4),
        },
    );
}
