//! `sealpost dkim`: the keys that sign what the gateway writes and changes. A new key waits until it is
//! published; an old one stays published until what it has signed is delivered.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand, ValueEnum};
use sealpost_delivery::DkimAlgorithm;
use sealpost_domain::dkim_folder::{self, DkimKeyFile, FolderError, KeyState};
use sealpost_domain::zone_file;
use sealpost_mail::{Clock as _, Domain, SystemClock};
use sealpost_mailbox::audit::{Actor, DkimKeyChange, Event};
use sealpost_store::{Store, StoreError};
use serde_json::json;
use thiserror::Error;

use super::{OutputFormat, complain_all, fail, load_to_note, say, with_store};
use crate::config::checked::Plan;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum DkimCommand {
    /// Creates a key and prints its DNS record. It signs nothing before `use`.
    Create {
        /// The domain in From, insurer.example.
        #[arg(value_parser = Domain::parse)]
        domain: Domain,
        /// RSA is verified everywhere; Ed25519 may be used in addition.
        #[arg(long, value_enum, default_value = "rsa")]
        kind: Kind,
        /// The selector; year, month and kind if left out.
        #[arg(long)]
        selector: Option<String>,
    },
    /// Signs with a key from now on; earlier ones of its kind and domain are retired.
    Use {
        /// Its selector, or selector._domainkey.domain.
        key: String,
    },
    /// Shows the keys.
    List {
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Stops signing with a key. Leave its record in the DNS for two weeks.
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
    // Changes are recorded in the audit trail; listing needs no key and no store.
    let done = match what {
        DkimCommand::List { format } => match Plan::load_without_keys(config) {
            Ok(plan) => folder_of(&plan).and_then(|folder| list(folder, *format)),
            Err(problems) => return complain_all(&problems),
        },
        DkimCommand::Create { .. }
        | DkimCommand::Use { .. }
        | DkimCommand::Retire { .. }
        | DkimCommand::Remove { .. } => match load_to_note(config) {
            Ok((plan, Some(key))) => folder_of(&plan)
                .and_then(|folder| with_store(&plan, &key, async |store| change(store, folder, what).await)),
            Ok((_plan, None)) => return ExitCode::FAILURE,
            Err(problems) => return complain_all(&problems),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn folder_of(plan: &Plan) -> Result<&Path, DkimCommandError> {
    plan.dkim.as_deref().ok_or(DkimCommandError::NoFolder)
}

fn list(folder: &Path, format: OutputFormat) -> Result<(), DkimCommandError> {
    for entry in dkim_folder::all(folder)? {
        let public = entry.public()?;
        let algorithm = match public.algorithm {
            DkimAlgorithm::Rsa => "rsa",
            DkimAlgorithm::Ed25519 => "ed25519",
        };
        let state = entry.state.as_str();
        match format {
            OutputFormat::Json => say(json!({
                "domain": entry.domain.as_str(), "selector": entry.selector, "state": state,
                "algorithm": algorithm, "record": public.record,
            })),
            OutputFormat::Text => say(format_args!("{state:8} {algorithm:8} {entry}")),
        }
    }
    Ok(())
}

/// Files are not part of a transaction: the trail records what is about to be done, and afterwards what was
/// done.
async fn change(store: &Store, folder: &Path, command: &DkimCommand) -> Result<(), DkimCommandError> {
    let Some(planned) = Planned::of(folder, command)? else { return Ok(()) };
    let note = |event: Event<'_>| event.row(SystemClock.now(), &Actor::of_command(), None);
    let (name, what) = planned.summary();
    store.append_audit(vec![note(Event::DkimKeyChangeBegan { name: &name, what })]).await?;
    let mut changed = Vec::new();
    let done = planned.carry_out(folder, &mut changed);
    // Even if it failed half-way: what has changed has changed.
    let rows: Vec<_> =
        changed.iter().map(|(name, what)| note(Event::DkimKeyChanged { name, what: *what })).collect();
    if !rows.is_empty() {
        store.append_audit(rows).await?;
    }
    done
}

/// What a command is about to do with which key.
enum Planned {
    Create { domain: Domain, selector: String, algorithm: DkimAlgorithm },
    Use(DkimKeyFile),
    Retire(DkimKeyFile),
    Remove(DkimKeyFile),
}

impl Planned {
    /// `None`: the command changes nothing.
    fn of(folder: &Path, command: &DkimCommand) -> Result<Option<Self>, DkimCommandError> {
        Ok(Some(match command {
            DkimCommand::Create { domain, kind, selector } => {
                let selector = selector.clone().unwrap_or_else(|| this_month(*kind));
                if !dkim_folder::is_selector(&selector) {
                    return Err(DkimCommandError::Selector(selector));
                }
                Self::Create { domain: domain.clone(), selector, algorithm: kind.algorithm() }
            }
            DkimCommand::Use { key } => Self::Use(dkim_folder::find(folder, key)?),
            DkimCommand::Retire { key } => Self::Retire(dkim_folder::find(folder, key)?),
            DkimCommand::Remove { key } => Self::Remove(dkim_folder::find(folder, key)?),
            DkimCommand::List { .. } => return Ok(None),
        }))
    }

    /// The key's name in the DNS, and the change.
    fn summary(&self) -> (String, DkimKeyChange) {
        match self {
            Self::Create { domain, selector, algorithm: _ } => {
                (dkim_folder::dns_name(selector, domain), DkimKeyChange::Created)
            }
            Self::Use(entry) => (entry.name(), DkimKeyChange::Used),
            Self::Retire(entry) => (entry.name(), DkimKeyChange::Retired),
            Self::Remove(entry) => (entry.name(), DkimKeyChange::Removed),
        }
    }

    /// Carries it out, and adds the keys whose state has changed to `changed`.
    fn carry_out(
        self,
        folder: &Path,
        changed: &mut Vec<(String, DkimKeyChange)>,
    ) -> Result<(), DkimCommandError> {
        match self {
            Self::Create { domain, selector, algorithm } => {
                let entry = dkim_folder::create(folder, &domain, &selector, algorithm)?;
                changed.push((entry.name(), DkimKeyChange::Created));
                say(zone_file::txt(&entry.name(), &entry.public()?.record));
                say(format_args!(
                    "; Publish this line, wait until it can be seen, then: sealpost dkim use {selector}"
                ));
            }
            Self::Use(mut entry) => {
                let retired = dkim_folder::sign_with(folder, &mut entry)?;
                changed.push((entry.name(), DkimKeyChange::Used));
                changed.extend(retired.iter().map(|old| (old.name(), DkimKeyChange::Retired)));
                for old in retired {
                    say(format_args!("{old} is retired; leave its line in the DNS for two weeks"));
                }
                say(format_args!("{entry} signs after: systemctl reload sealpost"));
            }
            Self::Retire(mut entry) => {
                entry.turn(KeyState::Retired)?;
                changed.push((entry.name(), DkimKeyChange::Retired));
                say(format_args!(
                    "{entry} signs nothing after: systemctl reload sealpost. Leave its line in the DNS for two weeks"
                ));
            }
            Self::Remove(entry) => {
                let name = entry.name();
                entry.remove()?;
                changed.push((name.clone(), DkimKeyChange::Removed));
                say(format_args!("{name} is deleted; take its line out of the DNS"));
            }
        }
        Ok(())
    }
}

/// `202611r`: a second key within a month needs a selector chosen by hand.
fn this_month(kind: Kind) -> String {
    let kind = match kind {
        Kind::Rsa => "r",
        Kind::Ed25519 => "e",
    };
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
    format!("{}{kind}", now.strftime("%Y%m"))
}
