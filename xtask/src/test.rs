//! `cargo xtask test`: builds the real binary and every test once, runs them, sums up.
//!
//! Must never know: what a test proves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

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
    // They say themselves which engine they are on, and are done once.
    ("bucket::what_one_node_put_there", "two nodes over PostgreSQL"),
    ("demo::", "the demo keeps its rows in SQLite"),
    ("migrate::", "each engine in turn"),
    ("nodes", "several nodes over PostgreSQL"),
    ("postgres::", "PostgreSQL itself"),
    ("rolling_upgrade::", "several nodes over PostgreSQL"),
    ("store_move::", "from one engine to the other"),
];

/// How many tests run at once, as the standard test harness reads it.
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
    build::call(build::cargo().args(["build", "--workspace", "--all-targets", "--locked"]))?;
    let sealpost = build::binaries("debug")?.join("sealpost");
    if !sealpost.exists() {
        return Err(format!("the build left no binary at {}", sealpost.display()));
    }

    let ready =
        [("SEALPOST_BIN", sealpost), ("SEALPOST_EXPORTS_PYTHON", readers), ("SEALPOST_S3_SERVER", s3)];
    let mut tally = Tally::default();
    let (suites, filters): (Vec<_>, Vec<_>) = args.iter().partition(|arg| SUITES.contains(&arg.as_str()));
    let mut command = tests(&ready);
    for suite in suites {
        command.args(["--test", suite]);
    }
    let mut succeeded = tally.follow(command.arg("--").args(filters))?;
    if args.is_empty() {
        println!("the flows again, on PostgreSQL, but for:");
        let mut command = tests(&ready);
        command.args(["--test", "flows", "--"]);
        for (what, why) in NOT_ON_POSTGRES {
            println!("  {what:<40} {why}");
            command.args(["--skip", what]);
        }
        succeeded &= tally.follow(command.env("SEALPOST_TEST_ENGINE", "postgres"))?;
    }
    tally.print();
    if !succeeded {
        return Err(format!("{} test(s) failed", tally.failed.max(1)));
    }
    if tally.passed == 0 {
        return Err("no test matched".to_owned());
    }
    Ok(())
}

fn tests(ready: &[(&str, PathBuf)]) -> Command {
    let mut command = build::cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.envs(ready.iter().map(|(name, path)| (name, path)));
    if std::env::var_os(THREADS).is_none() {
        // Most scenarios wait for other processes more than they work: with one thread a core, half of it lies idle.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        command.env(THREADS, (cores * 2).to_string());
    }
    command
}

/// What libtest said, added up.
#[derive(Default)]
struct Tally {
    binaries: u32,
    passed: u64,
    failed: u64,
    ignored: u64,
    names: Vec<String>,
    time: Duration,
}

impl Tally {
    /// Runs tests to their end; says whether all passed.
    fn follow(&mut self, command: &mut Command) -> Result<bool, String> {
        let mut child =
            command.stdout(Stdio::piped()).spawn().map_err(|e| format!("cargo cannot be started: {e}"))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = line.map_err(|e| format!("lost the output of the tests: {e}"))?;
                let line = String::from_utf8_lossy(&line);
                // One write per line: what a test prints stays readable, the last lines are never lost.
                let _ = writeln!(std::io::stdout().lock(), "{line}");
                self.read(&line);
            }
        }
        Ok(child.wait().map_err(|e| format!("cargo got lost: {e}"))?.success())
    }

    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.names.push(name.to_owned());
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.binaries += 1;
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let number = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
        if let Some((_, time)) = result.rsplit_once("finished in ") {
            let seconds = time.trim_end_matches('s').parse().unwrap_or(0.0);
            self.time += Duration::from_secs_f64(seconds);
        }
    }

    fn print(&self) {
        println!("\n────────────────────────────────────────────────────────");
        for name in &self.names {
            println!("FAILED  {name}");
        }
        println!(
            "{} test binaries: {} passed, {} failed, {} ignored, {:.0} s",
            self.binaries,
            self.passed,
            self.failed,
            self.ignored,
            self.time.as_secs_f64()
        );
    }
}
