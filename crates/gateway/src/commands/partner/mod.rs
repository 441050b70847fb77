//! `sealpost partner`: companies that letters are exchanged with in encrypted form, from the file that came by mail to
//! the trusted key. Never trusts a key without a person who has compared fingerprints.

mod add;
mod closing_choice;
pub(super) mod context;
mod found_keys;
mod lookup;
mod lookup_places;
pub(super) mod show;
mod test;

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_mail::SystemRandom;
use sealpost_mailbox::audit::{Event, KeyChange, PartnerChange};
use sealpost_partner::{Partner, PartnerKey, PartnerWithKeys, Provenance, Standing, Step, after};
use sealpost_store::PartnerKeyState;

use super::{OutputFormat, say};
use closing_choice::ClosingChoice;
use context::{CommandError, PartnerContext, with_context};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Adds a partner, or another key to one: from the file that came by mail, or from what the partner publishes. Shows
    /// the fingerprints and asks.
    Add(add::Add),
    /// Shows all partners and whether their keys can be used.
    List {
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows one partner with its keys and fingerprints.
    Show {
        /// Its name.
        name: String,
        /// Prints one JSON object.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Changes how letters to a partner are encrypted; its keys are unchanged.
    Set {
        /// Its name.
        name: String,
        #[command(flatten)]
        closing: ClosingChoice,
    },
    /// Shows which key a letter to an address would be encrypted to; with --send, sends it a test letter.
    Test(test::Test),
    /// Confirms keys that were only offered, or takes a partner into use: again, or without waiting for its reply to a
    /// test.
    Trust {
        /// Its name.
        name: String,
        /// The fingerprint of one key, or its beginning, as the partner gave it. Left out: shows all that were offered
        /// and asks.
        fingerprint: Option<String>,
        /// The fingerprints have been compared: does not ask.
        #[arg(long, conflicts_with = "fingerprint")]
        yes: bool,
        /// There is another key for the same address, and this one is right nevertheless.
        #[arg(long, requires = "fingerprint")]
        other_key: bool,
    },
    /// Takes a partner, or one of its keys, out of use until `trust`.
    Suspend {
        /// Its name.
        name: String,
        /// The fingerprint of one key, or its beginning; the whole partner if left out.
        fingerprint: Option<String>,
    },
    /// Revokes a key permanently.
    Revoke {
        /// Its name.
        name: String,
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
    },
    /// Removes a partner with all of its keys. The rules then treat letters to it like letters to strangers.
    Remove {
        /// Its name.
        name: String,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(config: &Path, what: &PartnerCommand) -> ExitCode {
    with_context(config, async |context| match what {
        PartnerCommand::Add(add) => add::run(context, add).await,
        PartnerCommand::List { format } => show::list(context, *format).await,
        PartnerCommand::Show { name, format } => {
            show::one(context, &context.find(name).await?, *format).await
        }
        PartnerCommand::Test(test) => test::run(context, test).await,
        PartnerCommand::Set { name, closing } => set(context, name, *closing).await,
        PartnerCommand::Trust { name, fingerprint: Some(given), yes: _, other_key } => {
            let rival = if *other_key { Rival::Overruled } else { Rival::Heeded };
            trust_one(context, name, given, rival).await
        }
        PartnerCommand::Trust { name, fingerprint: None, yes, other_key: _ } => {
            trust_offered(context, name, Consent::of(*yes)).await
        }
        PartnerCommand::Suspend { name, fingerprint } => suspend(context, name, fingerprint.as_deref()).await,
        PartnerCommand::Revoke { name, fingerprint } => {
            let found = context.find(name).await?;
            step(context, &found.partner, key(&found, fingerprint)?, Step::Revoke).await
        }
        PartnerCommand::Remove { name, yes } => remove(context, name, Consent::of(*yes)).await,
    })
}

async fn set(context: &PartnerContext<'_>, name: &str, closing: ClosingChoice) -> Result<(), CommandError> {
    let found = context.find(name).await?;
    if closing.is_empty() {
        return Err(CommandError::Wrong("say what shall change: --profile, --subject, or both".to_owned()));
    }
    let partner = Partner { profile: closing.on(found.partner.profile), ..found.partner };
    let noted = context.changed(&partner, PartnerChange::Changed);
    context.book().change(&partner, &[], noted, context.now, &SystemRandom).await?;
    show::closing(&partner);
    Ok(())
}

/// Takes a suspended partner into use again; returns whether it was suspended.
async fn resume(context: &PartnerContext<'_>, found: &PartnerWithKeys) -> Result<bool, CommandError> {
    match found.partner.standing {
        Standing::Active => return Ok(false),
        Standing::Suspended | Standing::Waiting => {}
    }
    let partner = Partner { standing: Standing::Active, ..found.partner.clone() };
    let noted = context.changed(&partner, PartnerChange::Resumed);
    context.book().change(&partner, &[], noted, context.now, &SystemRandom).await?;
    say(format_args!("{}: in use", partner.name));
    Ok(true)
}

/// Whether the operator has agreed in advance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// `--yes`
    Given,
    /// The operator is asked on the terminal.
    Asked,
}

impl Consent {
    fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }
}

/// How to treat another confirmed key for the same address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rival {
    /// As a reason not to confirm this one.
    Heeded,
    /// It is ignored: the operator knows that this one is right.
    Overruled,
}

/// Trusts the key whose fingerprint the partner has given by telephone.
async fn trust_one(
    context: &PartnerContext<'_>,
    name: &str,
    given: &str,
    other: Rival,
) -> Result<(), CommandError> {
    let found = context.find(name).await?;
    let _resumed = resume(context, &found).await?;
    let offer = key(&found, given)?;
    if let Some(rival) = found.rival(offer, context.now).filter(|_| other == Rival::Heeded) {
        return Err(CommandError::Wrong(format!(
            "{name}: the key {} came with a signed letter, and another one stands for the same address: {} ({}). One of \
             them may be a stranger's: ask {name} by telephone which is right, then add --other-key",
            offer.key.facts().fingerprint,
            rival.key.facts().fingerprint,
            rival.state.as_str()
        )));
    }
    step(context, &found.partner, offer, Step::Trust).await
}

/// Trusts all keys that an operator imported and that were not compared yet. Keys that came with letters, or were found
/// only on key servers or in directories, are trusted one by one.
async fn trust_offered(
    context: &PartnerContext<'_>,
    name: &str,
    consent: Consent,
) -> Result<(), CommandError> {
    let found = context.find(name).await?;
    if resume(context, &found).await? {
        return Ok(());
    }
    let waits = |key: &&PartnerKey| key.state == PartnerKeyState::Offered;
    let (offered, harvested): (Vec<&PartnerKey>, Vec<&PartnerKey>) =
        found.keys.iter().filter(waits).partition(|key| key.provenance == Provenance::Operator);
    if offered.is_empty() {
        let said = match harvested.is_empty() {
            true => format!(
                "{name} has no key that waits to be confirmed; `sealpost partner show {name}` shows its keys, and \
                 `sealpost partner trust {name} FINGERPRINT` takes a suspended one into use again"
            ),
            false => format!(
                "{name} has {} keys that came with signed letters, or from key servers or directories: `sealpost partner show \
                 {name}` shows them, and `sealpost partner trust {name} FINGERPRINT` takes the one whose fingerprint the partner has told",
                harvested.len()
            ),
        };
        return Err(CommandError::Wrong(said));
    }
    if consent == Consent::Asked {
        for key in &offered {
            show::key(key, context.now);
        }
        add::confirm(&add::question(offered.len()))?;
    }
    for key in offered {
        step(context, &found.partner, key, Step::Trust).await?;
    }
    Ok(())
}

async fn suspend(
    context: &PartnerContext<'_>,
    name: &str,
    fingerprint: Option<&str>,
) -> Result<(), CommandError> {
    let found = context.find(name).await?;
    if let Some(given) = fingerprint {
        return step(context, &found.partner, key(&found, given)?, Step::Suspend).await;
    }
    let partner = Partner { standing: Standing::Suspended, ..found.partner };
    let noted = context.changed(&partner, PartnerChange::Suspended);
    context.book().change(&partner, &[], noted, context.now, &SystemRandom).await?;
    say(format_args!(
        "{}: suspended; nothing is encrypted for it and its signatures do not count",
        partner.name
    ));
    Ok(())
}

async fn remove(context: &PartnerContext<'_>, name: &str, consent: Consent) -> Result<(), CommandError> {
    let found = context.find(name).await?;
    if consent == Consent::Asked {
        say(format_args!("{name} goes with {} keys; nothing brings them back.", found.keys.len()));
        add::confirm("Remove it?")?;
    }
    context.book().remove(&found.partner, context.changed(&found.partner, PartnerChange::Removed)).await?;
    say(format_args!("{name}: removed"));
    Ok(())
}

async fn step(
    context: &PartnerContext<'_>,
    partner: &Partner,
    key: &PartnerKey,
    step: Step,
) -> Result<(), CommandError> {
    let fingerprint = key.key.facts().fingerprint.to_string();
    let to = after(key.state, step).map_err(|why| CommandError::Step {
        partner: partner.name.clone(),
        fingerprint: fingerprint.clone(),
        why,
    })?;
    let what = match step {
        Step::Trust => KeyChange::Trusted,
        Step::Suspend => KeyChange::Suspended,
        Step::Expire => KeyChange::Expired,
        Step::Revoke => KeyChange::Revoked,
    };
    let hex = key.key.facts().fingerprint.to_hex();
    let noted = context.noted(&Event::PartnerKeyChanged { partner: &partner.id, fingerprint: &hex, what });
    context.book().step(partner, key, to, noted, context.now, &SystemRandom).await?;
    say(format_args!("{}: {fingerprint} is {}", partner.name, to.as_str()));
    Ok(())
}

/// The one key whose fingerprint has this prefix, however it is written.
fn key<'a>(found: &'a PartnerWithKeys, given: &str) -> Result<&'a PartnerKey, CommandError> {
    let partner = || found.partner.name.clone();
    let plain: String =
        given.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_uppercase()).collect();
    let begins = |key: &&PartnerKey| key.key.facts().fingerprint.to_hex().starts_with(&plain);
    let mut matching = found.keys.iter().filter(begins);
    match (plain.is_empty(), matching.next(), matching.next()) {
        (true, _, _) | (false, None, _) => {
            Err(CommandError::NoSuchKey { partner: partner(), given: given.to_owned() })
        }
        (false, Some(key), None) => Ok(key),
        (false, Some(_), Some(_)) => {
            Err(CommandError::Ambiguous { partner: partner(), given: given.to_owned() })
        }
    }
}
