//! `sealpost dkim`: keys that sign what the gateway writes and changes. A new one waits until it is published; the old
//! one stays published until what it has signed is delivered.

use std::path::Path;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use sealpost_delivery::DkimAlgorithm;
use sealpost_domain::dkim_folder::{self, FolderError, Standing};
use sealpost_domain::zone_file;
use sealpost_mail::{Clock as _, Domain, SystemClock};
use serde_json::json;
use thiserror::Error;

use super::{complain_all, fail, say};
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
        #[arg(long)]
        json: bool,
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
    #[error("no folder for the keys is configured; write keys = \"dkim\" under [dkim]")]
    NoFolder,
    #[error("a selector is made of a-z, 0-9, \"-\" and \".\", and not of {0:?}")]
    Selector(String),
}

pub(super) fn run(config: &Path, what: &DkimCommand) -> ExitCode {
    let plan = match Plan::load_without_keys(config) {
        Ok(plan) => plan,
        Err(problems) => return complain_all(&problems),
    };
    match plan.dkim.ok_or(DkimCommandError::NoFolder).and_then(|folder| act(&folder, what)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn act(folder: &Path, what: &DkimCommand) -> Result<(), DkimCommandError> {
    match what {
        DkimCommand::Create { domain, kind, selector } => {
            let selector = selector.clone().unwrap_or_else(|| this_month(*kind));
            if !dkim_folder::is_selector(&selector) {
                return Err(DkimCommandError::Selector(selector));
            }
            let entry = dkim_folder::create(folder, domain, &selector, kind.algorithm())?;
            say(zone_file::txt(&entry.name(), &entry.public()?.record));
            say(format_args!(
                "; Publish this line, wait until it can be seen, then: sealpost dkim use {selector}"
            ));
            Ok(())
        }
        DkimCommand::Use { key } => {
            let mut entry = dkim_folder::find(folder, key)?;
            for old in dkim_folder::sign_with(folder, &mut entry)? {
                say(format_args!("{old} is retired; leave its line in the DNS for two weeks"));
            }
            say(format_args!("{entry} signs after: systemctl reload sealpost"));
            Ok(())
        }
        DkimCommand::List { json } => {
            for entry in dkim_folder::all(folder)? {
                let public = entry.public()?;
                let algorithm = match public.algorithm {
                    DkimAlgorithm::Rsa => "rsa",
                    DkimAlgorithm::Ed25519 => "ed25519",
                };
                let standing = entry.standing.as_str();
                if *json {
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
            say(format_args!(
                "{entry} signs nothing after: systemctl reload sealpost. Leave its line in the DNS for two weeks"
            ));
            Ok(())
        }
        DkimCommand::Remove { key } => {
            let entry = dkim_folder::find(folder, key)?;
            let name = entry.name();
            entry.remove()?;
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
