//! The workers, tried out by `sealpost check`, which units run before each start: a unit or a container that keeps them from shutting themselves
//! in would show with the first PDF otherwise, and with the first letter of a partner's. Knows no letter.

use std::path::Path;

use sealpost_sandbox::launch;
use sealpost_sandbox::trial::{self, Start};

use crate::config::checked::Plan;
use crate::roles::Roles;

/// What those workers say that cannot shut themselves in, and how to mend it. One that is not installed says nothing here.
pub(crate) fn not_shut_in(plan: &Plan, roles: Roles) -> Vec<String> {
    let portal = roles.portal.then_some((
        plan.portal.export.pdf_worker.as_deref(),
        "sealpost-pdf",
        Start::EachTime,
        "no PDF can be made",
    ));
    let intake = roles.intake.then_some((
        plan.worker.as_deref(),
        "sealpost-seal",
        Start::Once,
        "no partner's letter can be opened",
    ));
    portal
        .into_iter()
        .chain(intake)
        .filter_map(|(path, name, start, lost)| one(path, name, start, lost))
        .collect()
}

fn one(configured: Option<&Path>, name: &str, start: Start, lost: &str) -> Option<String> {
    let program = launch::program(configured, name).ok()?;
    let why = trial::tried(&program, name, start).err()?;
    Some(format!(
        "{lost}: {name} {why}; allow seccomp, landlock_create_ruleset, landlock_add_rule, landlock_restrict_self, pidfd_open \
         and pidfd_send_signal in the unit (SystemCallFilter) or in the container's profile"
    ))
}
