//! `sealpost nodes`: which processes serve over one database, how long ago each gave a sign of life, and what
//! it has leased. Changes nothing.

use std::path::Path;
use std::process::ExitCode;

use sealpost_store::{NodeRow, Rows, StoreError};
use sealpost_support::instant;
use serde_json::json;

use super::{OutputFormat, complain_all, fail, looking, say};
use crate::config::checked::Plan;

pub(super) fn run(config: &Path, format: OutputFormat) -> ExitCode {
    let plan = match Plan::load_without_keys(config) {
        Ok(plan) => plan,
        Err(problems) => return complain_all(&problems),
    };
    if matches!(plan.rows, Rows::Folder) {
        say("the rows are in the data folder (SQLite): this machine is the only one");
        return ExitCode::SUCCESS;
    }
    match looking(&plan, async |store| store.nodes().await) {
        Ok(nodes) if nodes.is_empty() && format == OutputFormat::Text => {
            say("nobody serves");
            ExitCode::SUCCESS
        }
        Ok(nodes) => {
            nodes.iter().for_each(|node| show(node, format));
            ExitCode::SUCCESS
        }
        Err::<_, StoreError>(error) => fail(&error),
    }
}

fn show(node: &NodeRow, format: OutputFormat) {
    let is_silent = node.silent > node.silence / 2;
    if format == OutputFormat::Json {
        say(json!({
            "node": node.name,
            "incarnation": node.incarnation,
            "roles": node.roles,
            "version": node.version,
            "begun": instant(Some(node.begun_at)),
            "silent_ms": u64::try_from(node.silent.as_millis()).unwrap_or(u64::MAX),
            "may_be_silent_ms": u64::try_from(node.silence.as_millis()).unwrap_or(u64::MAX),
            "silent": is_silent,
            "legs": node.legs,
        }));
        return;
    }
    say(format_args!(
        "{:20} {:28} {:8} since {}  last sign {:.1} s ago{}  {} legs in hand",
        node.name,
        node.roles,
        node.version,
        instant(Some(node.begun_at)).unwrap_or_default(),
        node.silent.as_secs_f64(),
        if is_silent { " (silent)" } else { "" },
        node.legs
    ));
}
