//! `cargo xtask test`: builds the real binary and every test once, prints what is run with what, and sums up.
//!
//! Must never know: what a test proves.

use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use crate::lanes::{self, Job};
use crate::tally::Tally;
use crate::test_binaries::{self, TestBinary};
use crate::{axe, build, openpgpjs, packages, pages, python, s3_server};

/// Test binaries of the `tests` folder that can be named instead of a test.
const SUITES: &[&str] = &["flows", "conformance", "webmail", "attacks", "partners", "properties", "tidy"];

/// What of the flows the ordinary run does not do on PostgreSQL, and why. All else it does on both engines; all of it:
/// `SEALPOST_TEST_ENGINE=postgres cargo xtask test flows`.
const NOT_ON_POSTGRES: &[(&str, &str)] = &[
    // About SQLite's own file.
    ("audit::a_row_changed_removed", "it puts the file back after each change"),
    (
        "crash::at_any_moment_around_the_commit",
        "the commit is seen in the file's log; `kills cluster` is the other one",
    ),
    ("erased", "what was deleted is looked for in the file and its log"),
    ("ill_disk::a_process_that_can_promise_nothing", "the disk under the file fails"),
    ("ill_disk::over_its_quota", "the disk under the file is full"),
    ("jobs_killed::", "the process dies where a trigger writes into the file's log"),
    ("key_rotation::everything_goes_on", "triggers of SQLite's stop it half-way"),
    ("locked::", "another process keeps the file locked"),
    ("smtp_logins::nobody_who_logs_in_waits", "another process keeps the file locked"),
    ("tls_reports_killed::", "the process dies where a trigger writes into the file's log"),
    // About letters, rules, texts and the network: what they keep and find is kept and found by other scenarios, too.
    ("check_certificates::", "certificates and their files"),
    ("check_slips::", "what is read of gateway.toml"),
    ("check_trials::", "what rules say of letters, without a store"),
    ("check_values::", "what is read of gateway.toml"),
    ("dns::", "records to publish"),
    ("explain::", "what rules say of a letter in a file"),
    ("exports::", "what other programs read of exported letters"),
    ("former_zones::", "what an invitation says"),
    ("long_lines::", "what is read of a letter"),
    ("looked_into::", "what rules read of a letter"),
    ("nameless_files::", "what files are called"),
    ("plainly_read::", "what rules read of a letter"),
    ("proxies::", "connections"),
    ("read_letters::", "what is read of a thousand letters"),
    ("refusals::", "SMTP commands that are refused"),
    ("tags_as_typed::", "what rules read of a letter"),
    ("typed_tag::", "what a letter of the portal says"),
    ("xclient::", "connections"),
    // They say themselves which engine they are on, and are done once.
    ("bucket::what_one_node_put_there", "two nodes over PostgreSQL"),
    ("demo::", "the demo keeps its rows in SQLite"),
    ("migrate::", "each engine in turn"),
    ("nodes", "several nodes over PostgreSQL"),
    ("postgres::", "PostgreSQL itself"),
    ("rolling_upgrade::", "several nodes over PostgreSQL"),
    ("store_move::", "from one engine to the other"),
];

const FLOWS: &str = "tests/flows";
/// The flows once more, on the other engine.
const ON_POSTGRES: &str = "tests/flows on PostgreSQL";

/// What takes minutes begins first, so that nothing long is left alone at the end; a name that is missing or gone costs time
/// and no test.
const LONGEST: &[&str] = &[
    "tests/webmail",
    FLOWS,
    ON_POSTGRES,
    "tests/partners",
    "seal/partners",
    "store/postgres",
    "portal/sealpost_portal",
    "tests/attacks",
    "pdf/letters",
];

/// How many tests of a binary run at once, as the standard test harness reads it.
const THREADS: &str = "RUST_TEST_THREADS";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    packages::need(packages::TEST)?;
    axe::fetch()?;
    pages::fetch()?;
    openpgpjs::fetch()?;
    let readers = python::prepare()?;
    let s3 = s3_server::prepare()?;
    println!("building the product and its tests …");
    build::call(build::cargo().args(["build", "--workspace", "--locked"]).args(build::TESTED))?;
    let sealpost = build::binaries("debug")?.join("sealpost");
    if !sealpost.exists() {
        return Err(format!("the build left no binary at {}", sealpost.display()));
    }
    let binaries = test_binaries::built()?;

    let ready: [(&str, OsString); 3] = [
        ("SEALPOST_BIN", sealpost.into()),
        ("SEALPOST_EXPORTS_PYTHON", readers.into()),
        ("SEALPOST_S3_SERVER", s3.into()),
    ];
    let mut jobs = jobs(&binaries, args, &ready)?;
    if std::env::var_os(THREADS).is_none() {
        // Most scenarios wait for other processes more than they work: with one thread per core in total, half of them
        // would be idle. For each of the binaries that run in parallel, one is enough.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if jobs.len() == 1 { cores * 2 } else { cores };
        for job in &mut jobs {
            job.command.env(THREADS, threads.to_string());
        }
    }
    let mut tally = Tally::default();
    #[expect(clippy::disallowed_methods, reason = "how long it took")]
    let begun = Instant::now();
    let succeeded = lanes::run(jobs, &mut tally)?;
    tally.print(begun.elapsed().as_secs());
    if !succeeded {
        return Err(format!("{} test(s) failed", tally.failed.max(1)));
    }
    if tally.passed == 0 {
        return Err("no test matched".to_owned());
    }
    Ok(())
}

/// Everything, or the named suites, or whatever has a test of such a name.
fn jobs(binaries: &[TestBinary], args: &[String], ready: &[(&str, OsString)]) -> Result<Vec<Job>, String> {
    let (suites, filters): (Vec<_>, Vec<_>) = args.iter().partition(|arg| SUITES.contains(&arg.as_str()));
    let job = |name: &str, mut command: Command| {
        command.args(&filters).envs(ready.iter().map(|(name, value)| (name, value)));
        Job { name: name.to_owned(), command }
    };
    let mut jobs: Vec<Job> = binaries
        .iter()
        .filter(|binary| suites.is_empty() || suites.iter().any(|suite| binary.is(suite)))
        .map(|binary| job(&binary.name, started(binary)))
        .collect();
    if suites.is_empty() {
        let mut examples = build::cargo();
        examples.args(["test", "--workspace", "--locked", "--no-fail-fast", "--doc", "--"]);
        jobs.push(job("examples in documentation", examples));
    }
    if args.is_empty() {
        println!("the flows run once more on PostgreSQL, but for:");
        let flows = binaries.iter().find(|binary| binary.name == FLOWS).ok_or("where are the flows?")?;
        let mut command = started(flows);
        command.env("SEALPOST_TEST_ENGINE", "postgres");
        for (what, why) in NOT_ON_POSTGRES {
            println!("  {what:<40} {why}");
            command.args(["--skip", what]);
        }
        jobs.push(job(ON_POSTGRES, command));
    }
    jobs.sort_by_key(|job| LONGEST.iter().position(|name| *name == job.name).unwrap_or(LONGEST.len()));
    Ok(jobs)
}

/// As cargo would start it.
fn started(binary: &TestBinary) -> Command {
    let mut command = Command::new(&binary.program);
    command.current_dir(&binary.package).env("CARGO_MANIFEST_DIR", &binary.package);
    command
}
