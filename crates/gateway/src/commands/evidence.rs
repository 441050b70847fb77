//! `sealpost letter evidence`: what the audit trail records about one letter, as a PDF/A or as JSON, into a
//! file or to standard output.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sealpost_export::{ExportError, Limits, Worker};
use sealpost_mail::{SystemRandom, Timestamp};
use sealpost_mailbox::audit::Actor;
use sealpost_notice::{Language, SecondKey};
use sealpost_store::{Store, StoreError};
use sealpost_support::{Document, EvidenceError, LetterEvidence, SupportError};
use sealpost_vault::AuditMaster;
use thiserror::Error;

use super::{OutputFormat, say};
use crate::config::checked::{EscrowPlan, Plan, SupportKeys};

/// What to produce.
#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// The letter's id.
    letter: String,
    /// Where the PDF goes; left out: evidence-ID.pdf in the current folder.
    #[arg(long)]
    to: Option<PathBuf>,
    /// Its language; left out: the operator's.
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// Prints one JSON object on standard output instead of a PDF.
    #[arg(long = "json", action = clap::ArgAction::SetTrue, value_parser = OutputFormat::flag())]
    format: OutputFormat,
}

/// Why it failed.
#[derive(Debug, Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Support(#[from] SupportError),
    #[error("{0}")]
    Evidence(#[from] EvidenceError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Worker(#[from] ExportError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
}

fn language(tag: &str) -> Result<Language, String> {
    let known: Vec<&str> = Language::all().map(Language::tag).collect();
    Language::parse(tag).ok_or_else(|| format!("there are {}", known.join(", ")))
}

/// `masters`: the auditor's keys, if they are at hand.
pub(super) async fn make(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    masters: Option<&[AuditMaster]>,
    request: &EvidenceArgs,
    now: Timestamp,
) -> Result<(), Failed> {
    let found = LetterEvidence::find(store, &keys.role, masters, &request.letter).await?;
    if request.format == OutputFormat::Json {
        let facts = found.json(&plan.portal.brand.name, now);
        store.append_audit(vec![found.made(now, &Actor::of_command())]).await?;
        say(facts);
        return Ok(());
    }
    let path =
        request.to.clone().unwrap_or_else(|| PathBuf::from(format!("evidence-{}.pdf", found.letter())));
    // The file first: what could not be written must not be recorded as issued.
    let file = create(&path).map_err(|source| Failed::File { path: path.clone(), source })?;
    let made = write_pdf(store, plan, &found, request.language, (&path, file), now).await;
    if made.is_err() {
        let _not_there = std::fs::remove_file(&path);
    }
    made?;
    say(format_args!("{} made", path.display()));
    Ok(())
}

async fn write_pdf(
    store: &Store,
    plan: &Plan,
    found: &LetterEvidence,
    language: Option<Language>,
    (path, mut file): (&Path, std::fs::File),
    now: Timestamp,
) -> Result<(), Failed> {
    let language = language.unwrap_or(plan.announcer.language);
    let rules = &plan.portal.export;
    let limits = Limits { memory: rules.pdf_memory, wall: rules.pdf_time, ..Limits::default() };
    let document = Document {
        operator: &plan.portal.brand.name,
        from: &plan.announcer.from,
        language,
        zone: &plan.announcer.zone,
        labels: sealpost_portal::document_labels(language.tag()),
        second_key: match plan.escrow {
            EscrowPlan::Server => SecondKey::OnServer,
            EscrowPlan::Offline(_) => SecondKey::KeptApart,
            EscrowPlan::None => SecondKey::None,
        },
        worker: &Worker::find(rules.pdf_worker.as_deref(), limits)?,
    };
    let pdf = found.pdf(&document, now, &SystemRandom).await?;
    store.append_audit(vec![found.made(now, &Actor::of_command())]).await?;
    file.write_all(&pdf)
        .and_then(|()| file.sync_all())
        .map_err(|source| Failed::File { path: path.to_owned(), source })
}

/// It contains personal data: readable by the owner only. An existing file is not overwritten.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
