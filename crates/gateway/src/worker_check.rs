//! Tries out the workers for `sealpost check`, which units run before each start: otherwise a unit or a container that
//! prevents them from sandboxing themselves would show only with the first PDF, or the first letter from a partner.
//! Knows no letter.

use std::path::Path;

use sealpost_sandbox::launch;
use sealpost_sandbox::trial::{self, Start};

use crate::config::checked::Plan;
use crate::roles::Roles;

/// The errors of workers that cannot sandbox themselves, with hints. One that is not installed is not reported here.
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
