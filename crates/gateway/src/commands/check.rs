//! `sealpost check`: everything that would keep `serve` from starting or working, before it matters.

use std::net::ToSocketAddrs as _;
use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_store::{Store, StoreOptions};

use super::{check_partners, complain, complain_all, fail, runtime, say};
use crate::config::checked::Plan;
use crate::config::file::{self as config, Problem};
use crate::roles::Roles;

pub(super) fn run(config: &Path, roles: Roles, store: bool, offline: bool) -> ExitCode {
    let mut problems = Vec::new();
    let mut intake = None;
    let plan = match Plan::load(config, roles) {
        Ok((plan, keys)) => {
            intake = keys.intake;
            Some(plan)
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    if !offline {
        problems.extend(unresolvable_hops(config));
    }
    let Some(plan) = plan.filter(|_| problems.is_empty()) else { return complain_all(&problems) };
    if store {
        match swept(&plan) {
            Ok(true) => {}
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => return fail(&*error),
        }
    }
    for warning in &plan.warnings {
        complain(format_args!("warning: {warning}"));
    }
    for warning in intake.iter().flat_map(|keys| check_partners::warnings(&plan, keys)) {
        complain(format_args!("warning: {warning}"));
    }
    say(format_args!("{} is fine", config.display()));
    ExitCode::SUCCESS
}

/// A hop that cannot be resolved would only show when the first letter waits for it.
fn unresolvable_hops(file: &Path) -> Vec<Problem> {
    let Ok((config, mut source)) = config::read(file) else { return Vec::new() };
    for (name, hop) in &config.hops {
        let host = hop.host.get_ref();
        if let Err(error) = (host.as_str(), hop.port).to_socket_addrs() {
            source.at(
                hop.host.span().start,
                format!("the host {host:?} of hop {name} cannot be resolved: {error}"),
                "correct the name, add it to DNS or /etc/hosts, or check with --offline",
            );
        }
    }
    source.problems
}

fn swept(plan: &Plan) -> Result<bool, Box<dyn std::error::Error>> {
    let report = runtime()?.block_on(async {
        let store = Store::open(StoreOptions::new(&plan.data))?;
        let report = store.sweep(SystemClock.now()).await;
        store.close().await;
        report
    })?;
    for problem in &report.problems {
        complain(format_args!("error: {}: {problem:?}", plan.data.display()));
    }
    let counts = report.counts;
    say(format_args!(
        "store: {} mailboxes ({} pending), {} deposits, {} legs ({} frozen), {} bodies, {} sessions",
        counts.mailboxes,
        counts.mailboxes_pending,
        counts.deposits,
        counts.legs,
        counts.legs_frozen,
        counts.bodies_in_rows + counts.bodies_in_files,
        counts.sessions,
    ));
    Ok(report.is_clean())
}
