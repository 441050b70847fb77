//! `cargo xtask demo | test | bench | kills | screenshots | map | deny | passwords`: everything a newcomer types, in one
//! place.
//!
//! Must never know: how the product works. It installs what is missing, builds, starts and counts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its user")]

mod axe;
mod bench;
mod build;
mod code_map;
mod demo;
mod deny;
mod kills;
mod lanes;
mod openpgpjs;
mod packages;
mod pages;
mod passwords;
mod python;
mod s3_server;
mod screenshots;
mod tally;
mod test;
mod test_binaries;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <COMMAND>

  demo [ARGS…]       build Sealpost and take the tour (arguments go to `sealpost demo`)
  test [FILTER…]     run every test, or those whose name or test binary matches FILTER
  bench [--quick]    Postfix and Sealpost side by side, written to docs/benchmarks.md
  bench audit        what the audit trail costs an arrival: the ratio of the rates with it and without
  bench purge [N]    N letters (1,000,000) due at one tick: intake's rate meanwhile, and its ratio to that of before
  bench mailbox [N]  how long each page takes the owner of a mailbox with N letters (5,000)
  bench web          our portal and Roundcube side by side (also with --quick)
  bench cluster      letters taken on SQLite, PostgreSQL, with a standby, by two nodes (also with --quick)
  bench move [N]     a store of N letters (100,000) to PostgreSQL and a bucket and back: how long, and whether it is the same
  bench partners     letters closed and opened, beside a Postfix filter that starts openssl and gpg, written to
                     docs/partners/speed.md (also with --quick)
  kills [COUNT]      kill -9 under load, again and again: what was lost, what came twice
  kills cluster [N]  the same with two nodes, primary, standby and bucket: each fault's pause
  screenshots        pictures of every page of the webmail, into docs/images
  map                docs/code-map.md: a line for every file of the product
  deny               licences, sources, bans and (with a database at hand) advisories
  passwords DIR      the list of known words, from packages unpacked in DIR (see xtask/src/passwords.rs)
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "demo" => demo::run(&rest),
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "kills" => kills::run(&rest),
        "screenshots" => screenshots::run(),
        "map" => map(),
        "deny" => deny::run(&rest),
        "passwords" => passwords::run(&rest),
        "" | "help" | "-h" | "--help" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("there is no command `{other}`\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn map() -> Result<(), String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no folder above")?;
    let text = code_map::text(root).map_err(|error| error.to_string())?;
    std::fs::write(root.join(code_map::FILE), text).map_err(|error| format!("{}: {error}", code_map::FILE))
}
