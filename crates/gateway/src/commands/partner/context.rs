//! What the partner commands share, and why they may fail. Knows no command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sealpost_arrival::all_lists;
use sealpost_mail::{Address, Clock as _, SystemClock, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, PartnerChange};
use sealpost_partner::{
    Book, DomainOrAddress, Partner, PartnerError, PartnerKey, PartnerWithKeys, TransitionError,
};
use sealpost_seal::{KeyError, Limits, Lists, RevocationIndex, TokenError, Worker, WorkerError};
use sealpost_store::{AuditRow, Store, StoreError};
use sealpost_token::Pkcs11Tokens;
use thiserror::Error;

use crate::commands::with_support;
use crate::config::checked::{Plan, SupportKeys};

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
    Step { partner: String, fingerprint: String, why: TransitionError },
    #[error("{0}")]
    Wrong(String),
    #[error("nothing was changed")]
    NotConfirmed,
}

/// What each of these commands needs.
pub(crate) struct PartnerContext<'a> {
    pub(crate) store: &'a Store,
    pub(crate) plan: &'a Plan,
    pub(crate) keys: &'a SupportKeys,
    /// The valid revocation lists.
    pub(crate) lists: RevocationIndex,
    pub(crate) now: Timestamp,
}

impl PartnerContext<'_> {
    pub(crate) fn book(&self) -> Book<'_> {
        let role = &self.keys.role;
        Book { store: self.store, keyring: &role.keyring, tags: &role.queue.tags }
    }

    pub(crate) fn worker(&self) -> Result<Worker, CommandError> {
        Ok(Worker::find(self.plan.worker.as_deref(), Limits::default())?)
    }

    /// The configured tokens; none is opened before it is needed.
    pub(crate) fn tokens(&self) -> Pkcs11Tokens {
        Pkcs11Tokens::new(&self.plan.tokens)
    }

    /// Whether a list of its authority revokes this key, as for letters.
    pub(crate) fn is_on_a_list(&self, key: &PartnerKey) -> bool {
        let inbound = &self.plan.inbound;
        match inbound.lists {
            Lists::Off => false,
            Lists::Require | Lists::WhenKnown => !inbound.roots.is_empty() && self.lists.names(&key.key),
        }
    }

    /// The audit row: an operator did this.
    pub(crate) fn noted(&self, event: &Event<'_>) -> AuditRow {
        event.row(self.now, &Actor::of_command(), None)
    }

    /// The same for a partner.
    pub(crate) fn changed(&self, partner: &Partner, what: PartnerChange) -> AuditRow {
        self.noted(&Event::PartnerChanged { partner: &partner.id, what })
    }

    pub(super) async fn find(&self, name: &str) -> Result<PartnerWithKeys, CommandError> {
        let found = self.book().named(name).await?;
        found.ok_or_else(|| CommandError::Unknown(name.to_owned()))
    }
}

/// Runs a command with store, plan and support's keys.
pub(crate) fn with_context(
    config: &Path,
    work: impl AsyncFnOnce(&PartnerContext<'_>) -> Result<(), CommandError>,
) -> ExitCode {
    with_support(config, async |store, plan, keys| {
        let lists = all_lists(&plan.inbound, store, &keys.role.queue.tags).await?;
        let lists = RevocationIndex::of(&lists);
        work(&PartnerContext { store, plan, keys: &keys, lists, now: SystemClock.now() }).await
    })
}

/// Domains and addresses given on the command line; the name itself if there are none.
pub(super) fn places(name: &str, given: &[DomainOrAddress]) -> Result<Vec<DomainOrAddress>, CommandError> {
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

/// An address at the partner that a key can be judged for.
pub(super) fn somebody_at(place: &DomainOrAddress) -> Option<Address> {
    match place {
        DomainOrAddress::Address(address) => Some(address.clone()),
        DomainOrAddress::Domain(domain) => Address::from_parts("postmaster", domain.clone()).ok(),
    }
}
