//! `sealpost check`: finds everything that would keep `serve` from starting or working, in advance.

use std::net::ToSocketAddrs as _;
use std::path::Path;
use std::process::ExitCode;

use sealpost_arrival::revocation_state;
use sealpost_mail::{Clock as _, SystemClock};
use sealpost_mailbox::audit::verify_trail;
use sealpost_maintenance::{Proven, Prover};
use sealpost_partner::PartnerError;
use sealpost_store::Store;

use super::untrusted_text::clean;
use super::{
    check_bucket, check_database, check_dnssec, check_partners, check_tokens, complain, complain_all, fail,
    runtime, say,
};
use crate::config::checked::{Plan, ServiceKeys};
use crate::config::file::{self as config, Problem};
use crate::roles::Roles;
use crate::worker_check;

pub(super) fn run(config: &Path, roles: Roles, store: bool, offline: bool) -> ExitCode {
    let mut problems = Vec::new();
    let plan = match Plan::load(config, roles) {
        Ok(loaded) => Some(loaded),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    if !offline {
        problems.extend(unresolvable_hops(config));
    }
    let Some((mut plan, keys)) = plan.filter(|_| problems.is_empty()) else { return complain_all(&problems) };
    if !offline {
        let (database, wrong) = check_database::look(&mut plan, config);
        if !wrong.is_empty() {
            return complain_all(&wrong);
        }
        let (bucket, wrong) = check_bucket::look(&mut plan, config);
        if !wrong.is_empty() {
            return complain_all(&wrong);
        }
        for line in database.into_iter().chain(bucket) {
            say(format_args!("{line}"));
        }
    }
    if store {
        match swept(config, &plan, &keys) {
            Ok(true) => {}
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => return fail(&*error),
        }
    }
    for warning in &plan.warnings {
        complain(format_args!("warning: {warning}"));
    }
    if !offline && let Some(warning) = check_dnssec::look(&plan) {
        complain(format_args!("warning: {warning}"));
    }
    for warning in worker_check::not_shut_in(&plan, roles) {
        complain(format_args!("warning: {warning}"));
    }
    if let Some(keys) = &keys.intake {
        check_partners::look(&plan, keys).print();
    }
    // An unreachable token does not prevent a start: letters that need it wait.
    if let Some(keys) = keys.intake.as_ref().filter(|_| !offline) {
        check_tokens::look(&plan, keys).print();
    }
    say(format_args!("memory: {}", plan.account));
    if let Some(there_is) = memory_here().filter(|there_is| *there_is < plan.account.most()) {
        complain(format_args!(
            "warning: this machine has {} MiB for that; give it more, or lower memory, pdf-at-once, pdf-memory, \
             open-at-once or worker-memory",
            there_is >> 20
        ));
    }
    if let Some(wrong) = revocation_state::too_large(&plan.crl_places) {
        // Units run `check --offline` before each start, and a growing list must not prevent one.
        if !offline {
            complain(format_args!("error: {wrong}"));
            return ExitCode::FAILURE;
        }
        complain(format_args!("warning: {wrong}"));
    }
    say(format_args!("{} is fine", config.display()));
    ExitCode::SUCCESS
}

/// The memory of the machine, or of the cgroup that this process runs in. `None`: unknown.
fn memory_here() -> Option<u64> {
    let total = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = total.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = total.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024);
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|most| most.trim().parse::<u64>().ok());
    Some(group.map_or(total, |group| total.min(group)))
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

fn swept(config: &Path, plan: &Plan, keys: &ServiceKeys) -> Result<bool, Box<dyn std::error::Error>> {
    // The auditor's key is in no service; if it is not at hand, the output says so.
    let masters = Plan::load_for_audit(config).ok().map(|(_, masters)| masters);
    let (report, proven, trail) = runtime()?.block_on(async {
        let store = Store::open(plan.store())?;
        let report = store.sweep(SystemClock.now()).await;
        let proven = proven(&store, keys).await;
        let trail = match &masters {
            Some(masters) => Some(verify_trail(&store, masters, &[]).await),
            None => None,
        };
        store.close().await;
        Ok::<_, PartnerError>((report?, proven?, trail.transpose()?))
    })?;
    for problem in &report.problems {
        complain(format_args!("error: {}: {problem:?}", plan.data.display()));
    }
    for unproven in &proven.named {
        // Names of rows that an attacker may have written.
        complain(format_args!("error: {}: {}", plan.data.display(), clean(unproven)));
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
    say(format_args!("proofs: {} rows looked at, {} do not prove", proven.rows, proven.unproven));
    let whole = trail.as_ref().is_none_or(|trail| trail.findings.is_empty());
    match &trail {
        Some(trail) => {
            for finding in &trail.findings {
                complain(format_args!("error: {}: audit trail: {finding}", plan.data.display()));
            }
            say(format_args!(
                "audit trail: {} rows looked at, {} findings",
                trail.rows,
                trail.findings.len()
            ));
        }
        None => say("audit trail: not verified, auditor.key is not here"),
    }
    Ok(report.is_clean() && proven.unproven == 0 && whole)
}

/// With the keys of the roles at hand: the portal's prove most, those of jobs nothing.
async fn proven(store: &Store, keys: &ServiceKeys) -> Result<Proven, PartnerError> {
    let keyring = keys.intake.as_ref().map(|role| &role.keyring);
    let prover = match (&keys.portal, &keys.intake, &keys.delivery) {
        (Some(role), _, _) => Prover {
            store,
            queue: &role.queue,
            way_in: Some(&role.way_in),
            sessions: Some(&role.sessions),
            keyring,
        },
        (None, Some(role), _) => {
            Prover { store, queue: &role.queue, way_in: Some(&role.way_in), sessions: None, keyring }
        }
        (None, None, Some(role)) => {
            Prover { store, queue: &role.queue, way_in: None, sessions: None, keyring }
        }
        (None, None, None) => return Ok(Proven::default()),
    };
    prover.run().await
}
