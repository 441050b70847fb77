//! `sealpost check` on the database server: reachable, suitable, with the rights we need and the right time.
//! Writes nothing.

use std::path::Path;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_store::{LargeBodies, PostgresFacts, PostgresOptions, Rows};

use crate::config::checked::Plan;
use crate::config::file::{self as config, Problem, Source};

/// Leases and tokens expire by our clocks, so several processes must agree on the time.
const CLOCK_WARN: i64 = 1_000;
const CLOCK_FAIL: i64 = 30_000;

/// The findings as a line of output, and the problems; none if the rows are in the folder.
pub(super) fn look(plan: &mut Plan, file: &Path) -> (Option<String>, Vec<Problem>) {
    let Rows::Postgres(options) = &plan.rows else { return (None, Vec::new()) };
    let mut source = match config::read(file) {
        Ok((_config, source)) => source,
        Err(problems) => return (None, problems),
    };
    let facts = match options.facts() {
        Ok(facts) => facts,
        Err(error) => {
            source.near(
                "[store]",
                format!("the database cannot be used: {error}"),
                "start it, name the primary among the hosts, and see that pg_hba.conf lets this user in; or check with \
                 --offline",
            );
            return (None, source.problems);
        }
    };
    judge(options, &facts, &mut source);
    plan.warnings.extend(source.warnings);
    let line = format!(
        "database: PostgreSQL {}, {} synchronous standby(s){}; large letters in {}",
        facts.version,
        facts.synchronous_standbys,
        if facts.tls { ", TLS" } else { "" },
        match &plan.bodies {
            LargeBodies::Shared(folder) => format!("{}, which all nodes share", folder.display()),
            LargeBodies::Bucket(bucket) => format!("the bucket {}", bucket.bucket),
            LargeBodies::Folder => "the data folder: no second node".to_owned(),
        }
    );
    (Some(line), source.problems)
}

fn judge(options: &PostgresOptions, facts: &PostgresFacts, source: &mut Source) {
    if let Some(unfit) = facts.unfit(options.durability) {
        source.near("[store]", format!("the database server is not fit: {unfit}"), "");
    }
    if !facts.may_create {
        source.near(
            "[store]",
            format!("the user {} may not make the schema {}, or tables in it", options.user, options.schema),
            format!("CREATE SCHEMA {} AUTHORIZATION {}", options.schema, options.user),
        );
    }
    let off = facts.clock.0.saturating_sub(SystemClock.now().0);
    if off.abs() > CLOCK_FAIL {
        source.near(
            "[store]",
            format!("the database's clock differs by {} s", off / 1000),
            "run chrony on both machines",
        );
    } else if off.abs() > CLOCK_WARN {
        let at = source.text.find("[store]").unwrap_or_default();
        source.warn(at, format!("the database's clock differs by {off} ms"), "run chrony on both machines");
    }
    if !facts.syncs {
        let at = source.text.find("[store]").unwrap_or_default();
        source.warn(
            at,
            "fsync or full_page_writes is off: a crash of the database's machine loses letters that were accepted",
            "switch both on in postgresql.conf",
        );
    }
}
