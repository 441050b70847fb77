//! The dry run of each job: everything that would be deleted or sent, each with its reason, and the number;
//! or that nothing is due. For people and for programs. One table of all jobs.

use rig::gateway::Home;
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::smime_authority::Authority;
use rig::{Config, Gateway, Hop};
use serde_json::Value;

use crate::jobs::no_legs;
use crate::tls_reports::{Around, DAY, HOUR};

const ANNA: &str = "anna@web.example";
const BERT: &str = "bert@web.example";
const SENDER: &str = "erika@insurer.example";

/// A job, and what its dry run says.
struct Row {
    job: &'static str,
    /// So long after the house was left something is due.
    after: i64,
    /// Additional configuration.
    tune: fn(&mut Config),
    /// Parts of lines, each of a different one: action, object, reason.
    due: &'static [&'static str],
    /// Number of items; `None`: as counted by the job itself.
    all: Option<u64>,
    /// Printed in addition, though nothing is due.
    beside: &'static str,
}

fn as_it_is(_config: &mut Config) {}

const JOBS: [Row; 12] = [
    Row {
        job: "digests",
        after: 2 * HOUR,
        tune: as_it_is,
        due: &["mail about 1 new letters of mailbox {bert}: they came after its owner was last told of any"],
        all: Some(1),
        beside: "nothing is due",
    },
    Row {
        job: "reminders",
        after: 3 * DAY,
        tune: as_it_is,
        due: &["mail about 1 letters of mailbox {anna}: one has waited for 3 days"],
        all: Some(1),
        beside: "nothing is due",
    },
    Row {
        job: "mailbox-reminders",
        after: 75 * DAY,
        tune: as_it_is,
        due: &["mail about the end of mailbox {bert}: it goes in 25 days if nobody uses it"],
        all: Some(1),
        beside: "nothing is due",
    },
    Row {
        job: "senders",
        after: 15 * DAY,
        tune: as_it_is,
        due: &[
            "mail to the sender of letter {anna's}: nobody has fetched it for as long as senders.unfetched says",
        ],
        // Anna's, and two of Bert's.
        all: Some(3),
        beside: "nothing is due",
    },
    Row {
        job: "keys",
        after: 340 * DAY,
        tune: as_it_is,
        due: &[
            " of ours for insurer.example: it ends in ",
            "of partner must.example: it has ended and has no successor",
        ],
        all: Some(2),
        beside: "nothing is due",
    },
    Row {
        job: "ocsp",
        after: 0,
        tune: as_it_is,
        due: &["of partner must.example: nobody has asked yet"],
        all: Some(1),
        beside: "nothing is due",
    },
    Row {
        job: "tls-reports",
        after: DAY,
        tune: as_it_is,
        due: &[" to https://collect.example/v1: 0 sessions under TLS as it asks, "],
        all: Some(1),
        beside: "nothing is due",
    },
    Row {
        job: "retention",
        after: 42 * DAY,
        tune: as_it_is,
        due: &[
            "letter {anna's} of mailbox {anna} goes: its time is over",
            "letter {trashed} of mailbox {bert} goes: it lay in the trash long enough",
            "mailbox {anna} goes: nobody activated it, and nothing is in it or stays in it",
            "fingerprints go: nobody sends those letters again",
            "counts for quotas go: they are older than a day",
        ],
        all: None,
        beside: "nothing is due",
    },
    Row {
        job: "mailboxes",
        after: 102 * DAY,
        // Otherwise it stays until its owner was notified.
        tune: |config| {
            config.unset("reminders", "mailbox");
        },
        due: &["mailbox {bert} goes: no letter and no log-in for as long as retention.mailbox says"],
        all: Some(2),
        beside: "nothing is due",
    },
    Row {
        job: "forget",
        after: 2000 * DAY,
        tune: as_it_is,
        due: &[
            "sessions go: they are over",
            "fingerprints go: nobody sends those letters again",
            "links go: nobody can use them",
            "message-ids go: they are too old to be answered",
            "counts of TLS sessions go: they are too old to be told",
        ],
        all: None,
        beside: "nothing is due",
    },
    Row {
        job: "sweep",
        after: DAY,
        tune: as_it_is,
        due: &["fingerprints go: nobody sends those letters again"],
        all: None,
        beside: "it looks whether everything hangs together, and repairs nothing",
    },
    Row {
        job: "audit",
        after: 40 * DAY,
        tune: as_it_is,
        due: &["rows of the audit trail go: audit.kept is over for them"],
        all: None,
        beside: "the log is told where the trail ends",
    },
];

/// Everything that jobs go by is switched on.
fn configured(around: &Around, hop: &Hop, roots: &Authority) -> Config {
    let mut config = around.config(hop);
    config
        .set("reminders", "unactivated", r#"["3 days"]"#)
        .set("reminders", "mailbox", r#"["30 days"]"#)
        .set("reminders", "hours", r#""00:00-24:00""#)
        .set("retention", "mailbox", r#""100 days""#)
        .set("senders", "unfetched", r#""14 days""#)
        .set("notices", "pace", r#""hourly""#)
        .set("audit", "kept", r#""30 days""#)
        .set("hops.inside", "host", &format!("\"{}\"", hop.address().ip()))
        .set("hops.inside", "port", &hop.address().port().to_string())
        .set("hops.inside", "tls", r#""off""#)
        .set("partners", "hop", r#""inside""#)
        .set("partners", "roots", &format!("[{:?}]", roots.root()))
        .set("partners", "crl", r#""off""#)
        .set("partners", "ocsp", r#""ask""#);
    let _world = config.listener("world");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    config
}

/// Ids by the names that the table has for them.
struct Names(Vec<(&'static str, String)>);

impl Names {
    fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }
}

/// Two mailboxes, of which one waits for its owner, a key of ours, and a partner.
fn furnished(around: &Around, gateway: &Gateway, hop: &Hop, roots: &Authority) -> Names {
    let said = |args: &[&str]| around.sealpost(gateway, args);
    let letter = |to: &str, nth: i64| send_letter(gateway, to, nth);
    letter(ANNA, 1);
    letter(BERT, 2);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&hop.wait_to(BERT).bytes));
    let trashed = letter_path(&inbox).trim_start_matches("/m/").to_owned();
    web.get(&format!("/m/{trashed}")).expect(200);
    let page = web.get("/inbox");
    web.submit(&page, "/letters", &[("id", &trashed), ("do", "trash")]).expect(303);
    // The second one within an hour of the first waits for its notice.
    for nth in 3..=4 {
        letter(BERT, nth);
    }
    said(&["domain-key", "make", "insurer.example", "--name", "Insurer", "--years", "1"]);
    let port = rig::ports::free().port();
    let house = roots.issues_with_responder("securemail@must.example", &format!("http://localhost:{port}/"));
    let file = house.certificate();
    said(&["partner", "add", "must.example", file.to_str().unwrap(), "--yes"]);
    let shown =
        |to: &str| -> Value { serde_json::from_str(&said(&["mailbox", "show", to, "--json"])).unwrap() };
    let (anna, bert) = (shown(ANNA), shown(BERT));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Names(vec![
        ("anna's", text(&anna["letters"][0]["letter"])),
        ("trashed", trashed),
        ("anna", text(&anna["mailbox"])),
        ("bert", text(&bert["mailbox"])),
    ])
}

/// Sends a confidential one; the mailbox then has this many.
fn send_letter(gateway: &Gateway, to: &str, count: i64) {
    let letter = letters::plain(&format!("[vertraulich] {count}"), "Text");
    gateway.smtp().letter(SENDER, &[to], &letter).expect("250 *");
    poll("the letter to lie there", || {
        (gateway.count("SELECT count(*) FROM deposits") == count).then_some(())
    });
    no_legs(gateway);
}

/// What it says at that moment, for people and for programs.
fn foreseen(around: &Around, home: &Home, row: &Row, seconds: i64) -> (String, Vec<Value>) {
    around.later(seconds);
    let dry = |more: &[&str]| {
        let args = [&["jobs", "run", row.job, "--dry-run"], more].concat();
        let (code, out, err) = home.sealpost_with(&args, &around.environment());
        assert_eq!(code, 0, "{}: {out}{err}", row.job);
        out
    };
    let json = dry(&["--json"]);
    (dry(&[]), json.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Both say the same: each thing with its reason, and how many there are.
fn is_whole(job: &str, text: &str, json: &[Value]) -> u64 {
    let (last, deeds) = json.split_last().unwrap_or_else(|| panic!("{job}: nothing"));
    for deed in deeds {
        let [what, why, kind] = ["what", "why", "kind"].map(|key| deed[key].as_str().unwrap());
        assert!(!what.is_empty() && !why.is_empty() && !kind.is_empty(), "{job}: {deed}");
        assert_eq!(deed["job"], job, "{deed}");
        let line = format!("{what}: {why}");
        assert!(text.lines().any(|one| one == line), "{job}: {line}\n{text}");
    }
    for note in last["notes"].as_array().unwrap() {
        assert!(text.lines().any(|line| line == note.as_str().unwrap()), "{job}: {note}\n{text}");
    }
    let all: u64 = deeds.iter().map(|deed| deed["count"].as_u64().unwrap()).sum();
    assert_eq!((&last["job"], &last["all"], &last["done"]), (&job.into(), &all.into(), &false.into()));
    assert!(text.ends_with(&format!("{all} in all; nothing was done\n")), "{job}: {text}");
    all
}

#[test]
fn every_job_says_what_it_would_do_and_why() {
    let (around, hop, roots) = (Around::new(), Hop::new(), Authority::new());
    for domain in ["web.example", "insurer.example"] {
        around.domain(domain, &hop);
    }
    around.asks_for_reports("web.example", "https://collect.example/v1");
    let config = configured(&around, &hop, &roots);
    let mut gateway = around.start(&config, &around.environment());
    let names = furnished(&around, &gateway, &hop, &roots);
    gateway.stop();
    rig::gateway::change(
        &gateway.home.data(),
        "INSERT INTO fingerprints (fingerprint, committed_at) VALUES (x'01', 1), (x'02', 2);
         INSERT INTO sent_lately (whose, slot, letters, recipients) VALUES (x'01', 300000, 1, 1)",
    );
    let left =
        "SELECT (SELECT count(*) FROM deposits) + (SELECT count(*) FROM mailboxes WHERE state <> 'deleted')
        + (SELECT count(*) FROM audit) + (SELECT count(*) FROM fingerprints) + (SELECT count(*) FROM tokens)";
    let before = gateway.count(left);
    for row in &JOBS {
        let mut tuned = config.clone();
        (row.tune)(&mut tuned);
        gateway.home.write("gateway.toml", tuned.text().as_bytes());
        let (text, json) = foreseen(&around, &gateway.home, row, row.after);
        for due in row.due {
            let due = names.put_into(due);
            let line = text.lines().find(|line| line.contains(&due));
            assert!(line.is_some(), "{}: {due}\n{text}", row.job);
        }
        let all = is_whole(row.job, &text, &json);
        assert_eq!(row.all.unwrap_or(all), all, "{}: {text}", row.job);
        assert!(all >= row.due.len() as u64, "{}: {text}", row.job);
        // Messages between processes, with no user's text.
        assert!(!text.contains("web.example") || row.job == "tls-reports", "{}: {text}", row.job);
    }
    assert_eq!(gateway.count(left), before, "a dry run changes nothing");
}

#[test]
fn every_job_says_that_nothing_is_due() {
    let (around, hop, roots) = (Around::new(), Hop::new(), Authority::new());
    let config = configured(&around, &hop, &roots);
    let mut gateway = around.start(&config, &around.environment());
    gateway.stop();
    for row in &JOBS {
        let (text, json) = foreseen(&around, &gateway.home, row, 0);
        assert_eq!(is_whole(row.job, &text, &json), 0, "{}: {text}", row.job);
        assert_eq!(text, format!("{}\n0 in all; nothing was done\n", row.beside), "{}", row.job);
    }
}

#[test]
fn what_is_switched_off_is_named_as_the_reason() {
    let (around, hop, roots) = (Around::new(), Hop::new(), Authority::new());
    let mut config = configured(&around, &hop, &roots);
    config.remove("delivery.tls-reports").unset("retention", "mailbox").unset("senders", "unfetched");
    config.unset("reminders", "unactivated").set("partners", "ocsp", r#""off""#);
    let mut gateway = around.start(&config, &around.environment());
    gateway.stop();
    for (job, why) in [
        ("tls-reports", "there is no [delivery.tls-reports] in the configuration"),
        ("mailboxes", "there is no retention.mailbox"),
        ("mailbox-reminders", "there is no retention.mailbox"),
        ("reminders", "reminders has no unactivated and no unread"),
        ("senders", "there is no senders.unfetched"),
        ("ocsp", "partners.ocsp is \"off\""),
    ] {
        let row = JOBS.iter().find(|row| row.job == job).unwrap();
        let (text, json) = foreseen(&around, &gateway.home, row, 0);
        assert_eq!(is_whole(job, &text, &json), 0, "{job}: {text}");
        assert!(text.contains(why), "{job}: {text}");
    }
}

#[test]
fn at_night_and_under_a_doubted_clock_a_dry_run_says_why_nothing_is_done() {
    let (around, hop, roots) = (Around::new(), Hop::new(), Authority::new());
    let mut config = configured(&around, &hop, &roots);
    // It is noon in UTC, which is night elsewhere.
    config.set("reminders", "hours", r#""03:00-04:00""#).set("retention", "clock-jump", r#""3 days""#);
    let mut gateway = around.start(&config, &around.environment());
    gateway.stop();
    for row in JOBS.iter().filter(|row| ["reminders", "mailbox-reminders", "senders"].contains(&row.job)) {
        let (text, _) = foreseen(&around, &gateway.home, row, 0);
        assert!(text.contains("nobody is told anything now: reminders.hours is 03:00-04:00"), "{text}");
    }
    let minded: Vec<&str> = JOBS
        .iter()
        .filter(|row| foreseen(&around, &gateway.home, row, 30 * DAY).0.contains("30 days ahead"))
        .map(|row| row.job)
        .collect();
    let unminded: Vec<&str> = JOBS.iter().map(|row| row.job).filter(|job| !minded.contains(job)).collect();
    assert_eq!(unminded, ["digests", "ocsp", "sweep"]);
}

/// The table knows all of them.
#[test]
fn the_table_has_every_job() {
    assert_eq!(i64::try_from(JOBS.len()).unwrap(), rig::gateway::JOBS);
    let (around, hop, roots) = (Around::new(), Hop::new(), Authority::new());
    let gateway = around.start(&configured(&around, &hop, &roots), &around.environment());
    let list = around.sealpost(&gateway, &["jobs", "list", "--json"]);
    let mut known: Vec<String> = list
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["job"].as_str().unwrap().to_owned())
        .collect();
    let mut named: Vec<&str> = JOBS.iter().map(|row| row.job).collect();
    known.sort();
    named.sort_unstable();
    assert_eq!(known, named);
    gateway.sweep();
}
