//! MTA-STS policies of the domains we send to (RFC 8461): asked for when a letter is due, kept as long as they say, in
//! memory and in the store: who stands in the way while we start ends no policy (§5.1), nor does who damages what is kept.
//! Knows no letter, no server and no TLS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::{Random, Timestamp};
use sealpost_store::{Store, StoreError};
use sealpost_vault::SpoolKey;
use thiserror::Error;

use crate::fetch::Fetcher;
use crate::resolve::{DnsError, Resolver};
use crate::sts::{self, Policy};
use crate::sts_row;

/// The record of a domain is looked at this often at most: changes are meant to take days.
const RECHECK: Duration = Duration::from_secs(3600);
/// After a policy that could not be fetched (RFC 8461 §3.3: not more often than every five minutes).
const AFTER_FAILURE: Duration = Duration::from_secs(300);
/// A policy is fetched anew after this, so that it never runs out while it is still published (§3.3).
const REFETCH: Duration = Duration::from_secs(24 * 3600);
/// Domains remembered at a time.
const MAX: usize = 20_000;

struct Known {
    /// The policy and its id, good until then; fetched at that time.
    policy: Option<Held>,
    /// Before this nobody is asked.
    look_at: Timestamp,
}

#[derive(Clone)]
struct Held {
    policy: Policy,
    id: String,
    until: Timestamp,
    fetched: Timestamp,
}

/// What is known of a domain's policy before anybody is asked.
enum Kept {
    /// It still counts.
    Policy(Held),
    /// There is none, or it has run out.
    Nothing,
    /// There is something that we did not write so.
    Spoiled,
}

impl Kept {
    fn policy(&self) -> Option<&Held> {
        match self {
            Self::Policy(held) => Some(held),
            Self::Nothing | Self::Spoiled => None,
        }
    }
}

/// What the domain answered.
enum Asked {
    /// A new policy.
    New(Held),
    /// Nothing that changes what is known.
    Same,
    /// Nobody can say whether there is another policy now.
    Unknown,
}

/// Why a letter waits.
#[derive(Debug, Error)]
pub(crate) enum StsError {
    /// Nobody knows what is kept: without it a letter could go where a policy forbids it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was a policy, and it is lost.
    #[error("the domain's MTA-STS policy that was kept cannot be read, and cannot be fetched anew now")]
    Lost,
}

/// All we know.
pub(crate) struct StsPolicies {
    store: Store,
    key: SpoolKey,
    random: Arc<dyn Random>,
    fetcher: Fetcher,
    port: u16,
    known: Mutex<HashMap<String, Known>>,
}

impl StsPolicies {
    /// Policies come over https from `port`: 443 everywhere but in tests.
    pub(crate) fn new(
        store: Store,
        key: SpoolKey,
        random: Arc<dyn Random>,
        fetcher: Fetcher,
        port: u16,
    ) -> Self {
        Self { store, key, random, fetcher, port, known: Mutex::new(HashMap::new()) }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `domain` asks for. Who publishes nothing, or nothing that can be read, asks for nothing, unless a policy is
    /// known that is still good: taking the record away, or standing in the way, ends no policy (§10.2).
    ///
    /// # Errors
    /// Nobody knows what it asks for: the letter waits.
    pub(crate) async fn of(
        &self,
        domain: &str,
        resolver: &dyn Resolver,
        now: Timestamp,
    ) -> Result<Policy, StsError> {
        let remembered = {
            let known = self.known();
            let entry = known.get(domain);
            let held = entry.and_then(|entry| entry.policy.clone()).filter(|held| held.until > now);
            if let Some(entry) = entry
                && entry.look_at > now
            {
                return Ok(held.map_or(Policy::Off, |held| held.policy));
            }
            held
        };
        // Another node, or we before a restart, may have fetched it.
        let kept = match remembered {
            Some(held) => Kept::Policy(held),
            None => self.kept(domain, now).await?,
        };
        let (held, again) = match (self.ask(domain, kept.policy(), resolver, now).await, kept) {
            (Asked::New(held), _) => (Some(held), RECHECK),
            (Asked::Same, Kept::Policy(held)) => (Some(held), RECHECK),
            (Asked::Same, Kept::Nothing | Kept::Spoiled) => (None, RECHECK),
            (Asked::Unknown, Kept::Policy(held)) => (Some(held), AFTER_FAILURE),
            (Asked::Unknown, Kept::Nothing) => (None, AFTER_FAILURE),
            (Asked::Unknown, Kept::Spoiled) => return Err(StsError::Lost),
        };
        let policy = held.as_ref().map_or(Policy::Off, |held| held.policy.clone());
        let mut known = self.known();
        if known.len() >= MAX {
            // What nobody would miss goes first; if everything is in use, anything.
            known.retain(|_domain, entry| entry.policy.as_ref().is_some_and(|held| held.until > now));
            if known.len() >= MAX {
                known.clear();
            }
        }
        known.insert(domain.to_owned(), Known { policy: held, look_at: now.plus(again) });
        Ok(policy)
    }

    async fn kept(&self, domain: &str, now: Timestamp) -> Result<Kept, StoreError> {
        let Some(row) = self.store.sts_policy(&self.key.policy_tag(domain)).await? else {
            return Ok(Kept::Nothing);
        };
        let opened = sts_row::open(&self.key, domain, &row, now);
        let read = opened.and_then(|kept| Some((sts::read(kept.text.as_bytes()).ok()?.0, kept.id)));
        let Some((policy, id)) = read else {
            tracing::error!(
                delivery.domain = domain,
                "its MTA-STS policy in the store cannot be opened, or is of a time to come: it was not written so by us"
            );
            return Ok(Kept::Spoiled);
        };
        let held = Held { policy, id, until: row.good_until, fetched: row.fetched_at };
        Ok(if held.until > now { Kept::Policy(held) } else { Kept::Nothing })
    }

    async fn ask(&self, domain: &str, held: Option<&Held>, resolver: &dyn Resolver, now: Timestamp) -> Asked {
        let id = match resolver.texts(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => sts::id(&texts),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => None,
            Err(DnsError::Temporary(cause)) => {
                tracing::info!(
                    delivery.domain = domain,
                    cause,
                    "whether it has an MTA-STS policy is not known now"
                );
                return Asked::Unknown;
            }
        };
        let Some(id) = id else { return Asked::Same };
        if held.is_some_and(|held| held.id == id && held.fetched.plus(REFETCH) > now) {
            return Asked::Same;
        }
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        let address = format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt");
        let fetched = match self.fetcher.get(&address).await {
            Ok(text) => sts::read(&text).map(|read| (text, read)).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match fetched {
            Ok((text, (policy, age))) => {
                let held = Held { policy, id, until: now.plus(age), fetched: now };
                self.keep(domain, &held, text).await;
                Asked::New(held)
            }
            Err(cause) => {
                tracing::warn!(delivery.domain = domain, cause, "its MTA-STS policy could not be fetched");
                Asked::Unknown
            }
        }
    }

    /// One that cannot be kept counts all the same, until this process ends.
    async fn keep(&self, domain: &str, held: &Held, text: Vec<u8>) {
        let times = (held.fetched, held.until);
        let Some(row) = sts_row::seal(&self.key, (domain, &held.id, text), times, &*self.random) else {
            return;
        };
        if let Err(error) = self.store.keep_sts_policy(row).await {
            tracing::error!(delivery.domain = domain, %error, "its MTA-STS policy could not be kept");
        }
    }
}
