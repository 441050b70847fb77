//! `sealpost dkim`: keys that sign what the gateway writes and changes. A new one waits until it is published; the old
//! one stays published until what it has signed is delivered.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand, ValueEnum};
use sealpost_delivery::DkimAlgorithm;
use sealpost_domain::dkim_folder::{self, FolderError, Standing};
use sealpost_domain::zone_file;
use sealpost_mail::{Clock as _, Domain, SystemClock};
use sealpost_mailbox::audit::{Actor, DkimKeyChange, Event};
use sealpost_store::StoreError;
use serde_json::json;
use thiserror::Error;

use super::{OutputFormat, complain_all, fail, load_to_note, say, with_store};
use crate::config::checked::Plan;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum DkimCommand {
    /// Makes a key and prints the line for the DNS. It signs nothing before `use`.
    Create {
        /// The domain in From, insurer.example.
        #[arg(value_parser = Domain::parse)]
        domain: Domain,
        /// RSA is what everybody checks; Ed25519 may stand beside it.
        #[arg(long, value_enum, default_value = "rsa")]
        kind: Kind,
        /// Under which name; year, month and kind if left out.
        #[arg(long)]
        selector: Option<String>,
    },
    /// Signs with a key from now on; those of its kind and domain that signed before are retired.
    Use {
        /// Its selector, or selector._domainkey.domain.
        key: String,
    },
    /// Shows the keys.
    List {
        /// One JSON object a line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Signs nothing more with a key. Leave its line in the DNS for two weeks.
    Retire {
        /// Its selector, or selector._domainkey.domain.
        key: String,
    },
    /// Deletes a key that signs nothing.
    Remove {
        /// Its selector, or selector._domainkey.domain.
        key: String,
    },
}

/// Kinds of keys by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// RSA with 2048 bits.
    Rsa,
    Ed25519,
}

impl Kind {
    fn algorithm(self) -> DkimAlgorithm {
        match self {
            Self::Rsa => DkimAlgorithm::Rsa,
            Self::Ed25519 => DkimAlgorithm::Ed25519,
        }
    }
}

#[derive(Debug, Error)]
enum DkimCommandError {
    #[error("{0}")]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("no folder for the keys is configured; write keys = \"dkim\" under [dkim]")]
    NoFolder,
    #[error("a selector is made of a-z, 0-9, \"-\" and \".\", and not of {0:?}")]
    Selector(String),
}

pub(super) fn run(config: &Path, what: &DkimCommand) -> ExitCode {
    // What is changed stands in the audit trail; looking needs no key and no store.
    let loaded = match what {
        DkimCommand::List { .. } => Plan::load_without_keys(config).map(|plan| (plan, None)),
        DkimCommand::Create { .. }
        | DkimCommand::Use { .. }
        | DkimCommand::Retire { .. }
        | DkimCommand::Remove { .. } => load_to_note(config),
    };
    let (plan, key) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(folder) = plan.dkim.as_deref() else { return fail(&DkimCommandError::NoFolder) };
    let done = match &key {
        None => act(folder, what, &mut Vec::new()),
        Some(key) => with_store(&plan, key, async |store| {
            let mut changed = Vec::new();
            let done = act(folder, what, &mut changed);
            let now = SystemClock.now();
            let row = |(name, what): &(String, DkimKeyChange)| {
                Event::DkimKeyChanged { name, what: *what }.row(now, &Actor::of_command(), None)
            };
            // Also where it was half done: what has changed has changed.
            let rows: Vec<_> = changed.iter().map(row).collect();
            if !rows.is_empty() {
                store.append_audit(rows).await?;
            }
            done
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Does it, and says which keys are another thing now.
fn act(
    folder: &Path,
    what: &DkimCommand,
    changed: &mut Vec<(String, DkimKeyChange)>,
) -> Result<(), DkimCommandError> {
    match what {
        DkimCommand::Create { domain, kind, selector } => {
            let selector = selector.clone().unwrap_or_else(|| this_month(*kind));
            if !dkim_folder::is_selector(&selector) {
                return Err(DkimCommandError::Selector(selector));
            }
            let entry = dkim_folder::create(folder, domain, &selector, kind.algorithm())?;
            changed.push((entry.name(), DkimKeyChange::Created));
            say(zone_file::txt(&entry.name(), &entry.public()?.record));
            say(format_args!(
                "; Publish this line, wait until it can be seen, then: sealpost dkim use {selector}"
            ));
            Ok(())
        }
        DkimCommand::Use { key } => {
            let mut entry = dkim_folder::find(folder, key)?;
            let retired = dkim_folder::sign_with(folder, &mut entry)?;
            changed.push((entry.name(), DkimKeyChange::Used));
            changed.extend(retired.iter().map(|old| (old.name(), DkimKeyChange::Retired)));
            for old in retired {
                say(format_args!("{old} is retired; leave its line in the DNS for two weeks"));
            }
            say(format_args!("{entry} signs after: systemctl reload sealpost"));
            Ok(())
        }
        DkimCommand::List { format } => {
            for entry in dkim_folder::all(folder)? {
                let public = entry.public()?;
                let algorithm = match public.algorithm {
                    DkimAlgorithm::Rsa => "rsa",
                    DkimAlgorithm::Ed25519 => "ed25519",
                };
                let standing = entry.standing.as_str();
                if *format == OutputFormat::Json {
                    say(json!({
                        "domain": entry.domain.as_str(), "selector": entry.selector, "state": standing,
                        "algorithm": algorithm, "record": public.record,
                    }));
                } else {
                    say(format_args!("{standing:8} {algorithm:8} {entry}"));
                }
            }
            Ok(())
        }
        DkimCommand::Retire { key } => {
            let mut entry = dkim_folder::find(folder, key)?;
            entry.turn(Standing::Retired)?;
            changed.push((entry.name(), DkimKeyChange::Retired));
            say(format_args!(
                "{entry} signs nothing after: systemctl reload sealpost. Leave its line in the DNS for two weeks"
            ));
            Ok(())
        }
        DkimCommand::Remove { key } => {
            let entry = dkim_folder::find(folder, key)?;
            let name = entry.name();
            entry.remove()?;
            changed.push((name.clone(), DkimKeyChange::Removed));
            say(format_args!("{name} is deleted; take its line out of the DNS"));
            Ok(())
        }
    }
}

/// `202611r`: two of a month are told apart by hand.
fn this_month(kind: Kind) -> String {
    let kind = match kind {
        Kind::Rsa => "r",
        Kind::Ed25519 => "e",
    };
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
    format!("{}{kind}", now.strftime("%Y%m"))
}
