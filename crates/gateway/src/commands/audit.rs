//! `sealpost audit`: whether the audit trail is complete and unchanged, what it contains, and where it ends.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use sealpost_mail::{Timestamp, hex};
use sealpost_mailbox::audit::{AnchorWord, Verified, verify_trail};
use sealpost_store::{ChainedRow, Store, StoreError};
use sealpost_vault::{AuditMaster, AuditorRole, ServerKey};

use super::{complain, complain_all, fail, looking, say};
use crate::config::checked::Plan;
use crate::config::file::Problem;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Follows the chain from its beginning and says where it breaks. Ends with 1 if it does.
    Verify {
        /// A further key: an auditor.key, or a server key from before it was changed.
        #[arg(long)]
        key: Vec<PathBuf>,
        /// A row noted elsewhere, as the log prints one every day: 1234:5f…
        #[arg(long)]
        anchor: Vec<AnchorWord>,
    },
    /// Prints the trail, oldest row first.
    Export {
        /// Output format.
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Format,
        /// Only what happened then or later: 2026-01-31, or 2026-01-31T12:00:00Z.
        #[arg(long, value_parser = since)]
        since: Option<Timestamp>,
        /// Only what concerns this mailbox, by its id.
        #[arg(long)]
        mailbox: Option<String>,
    },
    /// Prints the trail for people, oldest row first.
    Show {
        /// Only what happened then or later: 2026-01-31, or 2026-01-31T12:00:00Z.
        #[arg(long, value_parser = since)]
        since: Option<Timestamp>,
        /// Only what concerns this mailbox, by its id.
        #[arg(long)]
        mailbox: Option<String>,
    },
    /// Prints the last row's number and proof. Kept elsewhere, it shows later whether rows were cut off.
    Anchor,
}

/// How the trail is exported.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values (RFC 4180), names in the first line.
    Csv,
}

pub(super) fn since(text: &str) -> Result<Timestamp, String> {
    let wrong = || "write 2026-01-31, or 2026-01-31T12:00:00Z".to_owned();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let day: jiff::civil::Date = text.parse().map_err(|_no_date| wrong())?;
    let begin = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_out_of_range| wrong())?;
    Ok(Timestamp(begin.timestamp().as_millisecond()))
}

pub(super) fn run(config: &Path, what: &AuditCommand) -> ExitCode {
    match what {
        AuditCommand::Verify { key, anchor } => match masters(config, key) {
            Ok((plan, masters)) => {
                with_store(&plan, async |store| {
                    let verified = verify_trail(store, &masters, anchor).await?;
                    // The anchor printed here may be kept elsewhere.
                    if let Some(AnchorWord { seq, proof }) = &verified.head {
                        match store.make_audit_certain(*seq, proof).await {
                            Ok(true) => {}
                            Ok(false) => complain(
                                "the last row has gone again while the trail was read: do not keep its number",
                            ),
                            Err(error) => {
                                complain(format_args!("the last row may not be on disk yet: {error}"))
                            }
                        }
                    }
                    Ok(told(&verified))
                })
            }
            Err(problems) => complain_all(&problems),
        },
        AuditCommand::Export { format, since, mailbox } => without_keys(config, async |store| {
            if let Format::Csv = format {
                say("seq,at,actor,action,object,mailbox,network,outcome,detail,writer,key,proof");
            }
            let line = |row: &ChainedRow| match format {
                Format::Jsonl => say(json(row)),
                Format::Csv => say(csv(row)),
            };
            each(store, *since, mailbox.as_deref(), line).await.map(|()| ExitCode::SUCCESS)
        }),
        AuditCommand::Show { since, mailbox } => without_keys(config, async |store| {
            each(store, *since, mailbox.as_deref(), |row| say(words(row))).await.map(|()| ExitCode::SUCCESS)
        }),
        AuditCommand::Anchor => without_keys(config, async |store| {
            match store.certain_audit_head().await? {
                Some(head) => say(AnchorWord { seq: head.seq, proof: head.proof }),
                None => complain("the trail is empty"),
            }
            Ok(ExitCode::SUCCESS)
        }),
    }
}

/// The keys for verification: the auditor's own ones are enough.
fn masters(config: &Path, files: &[PathBuf]) -> Result<(Plan, Vec<AuditMaster>), Vec<Problem>> {
    let mut masters = Vec::new();
    for file in files {
        let wrong = |error: String| {
            let hint = "give an auditor.key or a server key, readable by its owner alone".to_owned();
            vec![Problem { file: file.clone(), line: None, wrong: error, hint }]
        };
        let text = sealpost_keyfile::read(file).map_err(|error| wrong(error.to_string()))?;
        let master = AuditorRole::parse(text.expose())
            .map(|role| role.audit)
            .or_else(|_other| ServerKey::parse(text.expose()).map(|key| key.keys().audit))
            .map_err(|error| wrong(error.to_string()))?;
        masters.extend(master.all());
    }
    if masters.is_empty() {
        return Plan::load_for_audit(config);
    }
    // With a server key at hand too, older rows need no second call.
    match Plan::load_for_audit(config) {
        Ok((plan, own)) => {
            masters.extend(own);
            Ok((plan, masters))
        }
        Err(_without_its_own) => Ok((Plan::load_without_keys(config)?, masters)),
    }
}

fn without_keys(config: &Path, work: impl AsyncFnOnce(&Store) -> Result<ExitCode, StoreError>) -> ExitCode {
    match Plan::load_without_keys(config) {
        Ok(plan) => with_store(&plan, work),
        Err(problems) => complain_all(&problems),
    }
}

fn with_store(plan: &Plan, work: impl AsyncFnOnce(&Store) -> Result<ExitCode, StoreError>) -> ExitCode {
    looking(plan, work).unwrap_or_else(|error| fail(&error))
}

fn told(verified: &Verified) -> ExitCode {
    let Verified { rows, unchained, head, findings } = verified;
    if *unchained > 0 {
        complain(format_args!("{unchained} rows are from before there was a chain and prove nothing"));
    }
    for finding in findings {
        complain(format_args!("error: {finding}"));
    }
    if !findings.is_empty() {
        complain(
            "    hint: compare with an export and a backup of before; docs/operators/audit.md says what each means",
        );
        return ExitCode::FAILURE;
    }
    match head {
        Some(head) => {
            say(format_args!("{rows} rows, each proven over the one before; the last one is {head}"))
        }
        None => say("the trail is empty"),
    }
    ExitCode::SUCCESS
}

async fn each(
    store: &Store,
    since: Option<Timestamp>,
    mailbox: Option<&str>,
    line: impl Fn(&ChainedRow),
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let (rows, _) = store.audit_page(after).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.seq;
        let wanted = rows
            .iter()
            .filter(|row| since.is_none_or(|since| row.row.at >= since))
            .filter(|row| mailbox.is_none_or(|mailbox| row.row.mailbox == mailbox));
        wanted.for_each(&line);
    }
}

/// A row as a line, without repetitions.
fn words(ChainedRow { seq, row, .. }: &ChainedRow) -> String {
    let mailbox =
        (row.mailbox != row.object && !row.mailbox.is_empty()).then(|| format!("mailbox {}", row.mailbox));
    let outcome = (row.outcome != "done").then(|| row.outcome.clone());
    let network = (!row.network.is_empty()).then(|| format!("from {}", row.network));
    let more = [mailbox, outcome, network, Some(row.detail.clone())];
    let more: String =
        more.into_iter().flatten().filter(|part| !part.is_empty()).map(|part| format!("  {part}")).collect();
    format!("{seq:>7} {} {:14} {:26} {}{more}", shown(row.at), row.actor, row.action, row.object)
}

/// RFC 3339, in UTC.
fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_far| at.0.to_string(), |at| at.to_string())
}

fn json(ChainedRow { seq, row, writer, key_id, proof }: &ChainedRow) -> serde_json::Value {
    serde_json::json!({
        "seq": seq,
        "at": shown(row.at),
        "actor": row.actor,
        "action": row.action,
        "object": row.object,
        "mailbox": row.mailbox,
        "network": row.network,
        "outcome": row.outcome,
        "detail": row.detail,
        "writer": writer,
        "key": key_id,
        "proof": hex(proof),
    })
}

fn csv(ChainedRow { seq, row, writer, key_id, proof }: &ChainedRow) -> String {
    let (seq, at, key, proof) = (seq.to_string(), shown(row.at), key_id.to_string(), hex(proof));
    let fields = [
        seq.as_str(),
        &at,
        &row.actor,
        &row.action,
        &row.object,
        &row.mailbox,
        &row.network,
        &row.outcome,
        &row.detail,
        writer,
        &key,
        &proof,
    ];
    fields.map(field).join(",")
}

/// RFC 4180; a field that a spreadsheet would take for a formula gets an apostrophe in front.
fn field(text: &str) -> String {
    let text = match text.starts_with(['=', '+', '-', '@']) && text != "-" {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(since("1970-01-02"), Ok(Timestamp(86_400_000)));
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Timestamp(1000)));
        assert!(since("yesterday").is_err());
    }

    #[test]
    fn no_cell_is_a_formula_and_none_ends_early() {
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!((field("-"), field("plain")), ("-".to_owned(), "plain".to_owned()));
    }
}
