//! `sealpost partner`: companies that letters are exchanged with in encrypted form, from the file that came by mail to
//! the key that is trusted. Trusts nothing by itself: a person compares fingerprints.

mod add;
mod found_keys;
mod lookup;
mod lookup_places;
mod show;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Args, Subcommand, ValueEnum};
use sealpost_mail::{Address, Clock as _, SystemClock, SystemRandom, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, KeyChange, PartnerChange};
use sealpost_partner::{
    Book, DomainOrAddress, Found, Partner, PartnerError, PartnerKey, Provenance, Refused, Standing, Step,
    after,
};
use sealpost_seal::{
    HeaderProtection, KeyError, Limits, Lists, Profile, RevocationList, TokenError, Worker, WorkerError,
};
use sealpost_store::{AuditRow, PartnerKeyState, Store, StoreError};
use sealpost_token::Pkcs11Tokens;
use thiserror::Error;

use super::{OutputFormat, say, with_support};
use crate::config::checked::{Plan, SupportKeys};
pub(super) use show::{subject, time_left};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Adds a partner, or another key to one: from the file that came by mail, or from what the partner publishes. Shows
    /// the fingerprints and asks.
    Add(add::Add),
    /// Shows all partners and whether their keys can be used.
    List {
        /// One JSON object a line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows one partner with its keys and fingerprints.
    Show {
        /// Its name.
        name: String,
        /// As one JSON object.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Changes how letters to a partner are closed; its keys stay.
    Set {
        /// Its name.
        name: String,
        #[command(flatten)]
        closing: ClosingChoice,
    },
    /// Says which key a letter to an address would be encrypted to; with --send, sends it a letter to try.
    Test(test::Test),
    /// Confirms keys that were only offered, or takes a partner into use: again, or without waiting for its answer to a test.
    Trust {
        /// Its name.
        name: String,
        /// The fingerprint of one key, or its beginning, as the partner told it. Left out: shows all that were offered and
        /// asks.
        fingerprint: Option<String>,
        /// The fingerprints have been compared: do not ask.
        #[arg(long, conflicts_with = "fingerprint")]
        yes: bool,
        /// Another key stands for the same address, and this one is right all the same.
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
    /// Takes a key back for good.
    Revoke {
        /// Its name.
        name: String,
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
    },
    /// Removes a partner with all of its keys. Letters to it then go as the rules say for strangers.
    Remove {
        /// Its name.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Algorithms for a partner.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProfileName {
    /// What every gateway opens; stronger as soon as the partner's key says that it can.
    Compatible,
    /// AES-256-GCM, RSAES-OAEP, RSASSA-PSS (BSI TR-02102, TR-03116-4).
    Bsi,
}

impl ProfileName {
    fn profile(self) -> Profile {
        match self {
            Self::Compatible => Profile::default(),
            Self::Bsi => Profile::bsi(),
        }
    }
}

/// Where the subject of a closed letter can be read (RFC 9788). A copy lies inside in both cases, and counts there.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SubjectName {
    /// Outside as well, by everybody on the way: what every mail program shows.
    Shown,
    /// Inside only; `[...]` stands outside. For partners whose gateway or programs show protected subjects.
    Withheld,
}

/// How letters to a partner are closed; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ClosingChoice {
    /// The algorithms.
    #[arg(long, value_enum)]
    profile: Option<ProfileName>,
    /// Who can read the subject on the way.
    #[arg(long, value_enum)]
    subject: Option<SubjectName>,
}

impl ClosingChoice {
    fn is_empty(self) -> bool {
        self.profile.is_none() && self.subject.is_none()
    }

    fn on(self, profile: Profile) -> Profile {
        let headers = match self.subject {
            None => profile.headers,
            Some(SubjectName::Shown) => HeaderProtection::SubjectShown,
            Some(SubjectName::Withheld) => HeaderProtection::SubjectWithheld,
        };
        Profile { headers, ..self.profile.map_or(profile, ProfileName::profile) }
    }
}

/// Why nothing was done.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Partner(#[from] PartnerError),
    #[error("{0}")]
    Worker(#[from] WorkerError),
    #[error("{file}: {source}")]
    File { file: PathBuf, source: std::io::Error },
    #[error("{file}: {source}")]
    Key { file: PathBuf, source: KeyError },
    #[error("{0}")]
    OwnKey(#[from] KeyError),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("there is no partner {0:?}; `sealpost partner list` shows them")]
    Unknown(String),
    #[error(
        "{partner} has no key whose fingerprint begins with {given}; `sealpost partner show {partner}` shows them"
    )]
    NoSuchKey { partner: String, given: String },
    #[error("several keys of {partner} begin with {given}; give more of the fingerprint")]
    Ambiguous { partner: String, given: String },
    #[error("the key {fingerprint} of {partner}: {why}")]
    Step { partner: String, fingerprint: String, why: Refused },
    #[error("{0}")]
    Wrong(String),
    #[error("nothing was changed")]
    NotConfirmed,
}

/// What every one of these commands works with.
pub(super) struct Desk<'a> {
    pub(super) store: &'a Store,
    pub(super) plan: &'a Plan,
    pub(super) keys: &'a SupportKeys,
    pub(super) now: Timestamp,
}

impl Desk<'_> {
    pub(super) fn book(&self) -> Book<'_> {
        let role = &self.keys.role;
        Book { store: self.store, keyring: &role.keyring, tags: &role.queue.tags }
    }

    pub(super) fn worker(&self) -> Result<Worker, CommandError> {
        Ok(Worker::find(self.plan.worker.as_deref(), Limits::default())?)
    }

    /// The tokens of the configuration; none is opened before it is needed.
    pub(super) fn tokens(&self) -> Pkcs11Tokens {
        Pkcs11Tokens::new(&self.plan.tokens)
    }

    /// Whether a list of its authority takes this key back, as letters ask it.
    pub(super) fn is_on_a_list(&self, key: &PartnerKey) -> bool {
        let inbound = &self.plan.inbound;
        match inbound.lists {
            Lists::Off => false,
            Lists::Require | Lists::WhenKnown => {
                !inbound.roots.is_empty() && RevocationList::any_names(&inbound.crls.now(), &key.key)
            }
        }
    }

    /// For the audit trail: an operator did this.
    pub(super) fn noted(&self, event: &Event<'_>) -> AuditRow {
        event.row(self.now, &Actor::of_command(), None)
    }

    /// The same of a partner.
    pub(super) fn changed(&self, partner: &Partner, what: PartnerChange) -> AuditRow {
        self.noted(&Event::PartnerChanged { partner: &partner.id, what })
    }

    async fn find(&self, name: &str) -> Result<Found, CommandError> {
        let found = self.book().named(name).await?;
        found.ok_or_else(|| CommandError::Unknown(name.to_owned()))
    }
}

/// Runs something with store, plan and support's keys.
pub(super) fn at_desk(
    config: &Path,
    work: impl AsyncFnOnce(&Desk<'_>) -> Result<(), CommandError>,
) -> ExitCode {
    with_support(config, async |store, plan, keys| {
        work(&Desk { store, plan, keys: &keys, now: SystemClock.now() }).await
    })
}

pub(super) fn run(config: &Path, what: &PartnerCommand) -> ExitCode {
    at_desk(config, async |desk| match what {
        PartnerCommand::Add(add) => add::run(desk, add).await,
        PartnerCommand::List { format } => show::list(desk, *format).await,
        PartnerCommand::Show { name, format } => show::one(desk, &desk.find(name).await?, *format).await,
        PartnerCommand::Test(test) => test::run(desk, test).await,
        PartnerCommand::Set { name, closing } => set(desk, name, *closing).await,
        PartnerCommand::Trust { name, fingerprint: Some(given), yes: _, other_key } => {
            trust_one(desk, name, given, *other_key).await
        }
        PartnerCommand::Trust { name, fingerprint: None, yes, other_key: _ } => {
            trust_offered(desk, name, *yes).await
        }
        PartnerCommand::Suspend { name, fingerprint } => suspend(desk, name, fingerprint.as_deref()).await,
        PartnerCommand::Revoke { name, fingerprint } => {
            let found = desk.find(name).await?;
            step(desk, &found.partner, key(&found, fingerprint)?, Step::Revoke).await
        }
        PartnerCommand::Remove { name, yes } => remove(desk, name, *yes).await,
    })
}

async fn set(desk: &Desk<'_>, name: &str, closing: ClosingChoice) -> Result<(), CommandError> {
    let found = desk.find(name).await?;
    if closing.is_empty() {
        return Err(CommandError::Wrong("say what shall change: --profile, --subject, or both".to_owned()));
    }
    let partner = Partner { profile: closing.on(found.partner.profile), ..found.partner };
    let noted = desk.changed(&partner, PartnerChange::Changed);
    desk.book().change(&partner, &[], noted, desk.now, &SystemRandom).await?;
    show::closing(&partner);
    Ok(())
}

/// A partner that was out of use is in use again; whether it was.
async fn resume(desk: &Desk<'_>, found: &Found) -> Result<bool, CommandError> {
    match found.partner.standing {
        Standing::Active => return Ok(false),
        Standing::Suspended | Standing::Waiting => {}
    }
    let partner = Partner { standing: Standing::Active, ..found.partner.clone() };
    let noted = desk.changed(&partner, PartnerChange::Resumed);
    desk.book().change(&partner, &[], noted, desk.now, &SystemRandom).await?;
    say(format_args!("{}: in use", partner.name));
    Ok(true)
}

/// The key that the partner has told on the telephone.
async fn trust_one(desk: &Desk<'_>, name: &str, given: &str, other_key: bool) -> Result<(), CommandError> {
    let found = desk.find(name).await?;
    let _resumed = resume(desk, &found).await?;
    let offer = key(&found, given)?;
    if let Some(rival) = found.rival(offer, desk.now).filter(|_| !other_key) {
        return Err(CommandError::Wrong(format!(
            "{name}: the key {} came with a signed letter, and another one stands for the same address: {} ({}). One of \
             them may be a stranger's: ask {name} by telephone which is right, then add --other-key",
            offer.key.facts().fingerprint,
            rival.key.facts().fingerprint,
            rival.state.as_str()
        )));
    }
    step(desk, &found.partner, offer, Step::Trust).await
}

/// All keys that an operator brought and nobody has compared yet. What came with letters, or lies on key servers or in
/// directories alone, is taken one by one.
async fn trust_offered(desk: &Desk<'_>, name: &str, yes: bool) -> Result<(), CommandError> {
    let found = desk.find(name).await?;
    if resume(desk, &found).await? {
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
    if !yes {
        for key in &offered {
            show::key(key, desk.now);
        }
        add::confirm(&add::question(offered.len()))?;
    }
    for key in offered {
        step(desk, &found.partner, key, Step::Trust).await?;
    }
    Ok(())
}

async fn suspend(desk: &Desk<'_>, name: &str, fingerprint: Option<&str>) -> Result<(), CommandError> {
    let found = desk.find(name).await?;
    if let Some(given) = fingerprint {
        return step(desk, &found.partner, key(&found, given)?, Step::Suspend).await;
    }
    let partner = Partner { standing: Standing::Suspended, ..found.partner };
    let noted = desk.changed(&partner, PartnerChange::Suspended);
    desk.book().change(&partner, &[], noted, desk.now, &SystemRandom).await?;
    say(format_args!(
        "{}: suspended; nothing is encrypted for it and its signatures do not count",
        partner.name
    ));
    Ok(())
}

async fn remove(desk: &Desk<'_>, name: &str, yes: bool) -> Result<(), CommandError> {
    let found = desk.find(name).await?;
    if !yes {
        say(format_args!("{name} goes with {} keys; nothing brings them back.", found.keys.len()));
        add::confirm("Remove it?")?;
    }
    desk.book().remove(&found.partner, desk.changed(&found.partner, PartnerChange::Removed)).await?;
    say(format_args!("{name}: removed"));
    Ok(())
}

async fn step(desk: &Desk<'_>, partner: &Partner, key: &PartnerKey, step: Step) -> Result<(), CommandError> {
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
    let noted = desk.noted(&Event::PartnerKeyChanged { partner: &partner.id, fingerprint: &hex, what });
    desk.book().step(partner, key, to, noted, desk.now, &SystemRandom).await?;
    say(format_args!("{}: {fingerprint} is {}", partner.name, to.as_str()));
    Ok(())
}

/// The one key whose fingerprint begins so, however it is written.
fn key<'a>(found: &'a Found, given: &str) -> Result<&'a PartnerKey, CommandError> {
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

/// Places as they are given on the command line; the name itself where none is.
fn places(name: &str, given: &[DomainOrAddress]) -> Result<Vec<DomainOrAddress>, CommandError> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    match DomainOrAddress::parse(name) {
        Ok(place) if name.contains('.') => Ok(vec![place]),
        Ok(_) | Err(_) => Err(CommandError::Wrong(format!(
            "whose mail is for {name:?}? name the partner by its domain (clinic.example), or give --for clinic.example"
        ))),
    }
}

/// An address in the partner's name that a key can be judged for.
fn somebody_at(place: &DomainOrAddress) -> Option<Address> {
    match place {
        DomainOrAddress::Address(address) => Some(address.clone()),
        DomainOrAddress::Domain(domain) => Address::from_parts("postmaster", domain.clone()).ok(),
    }
}
