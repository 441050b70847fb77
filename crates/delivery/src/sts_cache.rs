//! MTA-STS policies of the domains we send to (RFC 8461): asked for when a letter is due, kept as long as they say, in
//! memory and in the store: who stands in the way while we start ends no policy (§5.1). Knows no letter, no server and no TLS.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{Store, StoreError, StsPolicyRow};

use crate::fetch::Fetcher;
use crate::resolve::{DnsError, Resolver};
use crate::sts::{self, Policy};

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

impl Held {
    /// None for what this program cannot read: it was written by another.
    fn of(row: &StsPolicyRow) -> Option<Self> {
        let (policy, _age) = sts::read(&row.text).ok()?;
        Some(Self { policy, id: row.policy_id.clone(), until: row.good_until, fetched: row.fetched_at })
    }
}

/// All we know.
pub(crate) struct StsPolicies {
    store: Store,
    fetcher: Fetcher,
    port: u16,
    known: Mutex<HashMap<String, Known>>,
}

impl StsPolicies {
    /// Policies come over https from `port`: 443 everywhere but in tests.
    pub(crate) fn new(store: Store, fetcher: Fetcher, port: u16) -> Self {
        Self { store, fetcher, port, known: Mutex::new(HashMap::new()) }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `domain` asks for. Who publishes nothing, or nothing that can be read, asks for nothing, unless a policy is
    /// known that is still good: taking the record away, or standing in the way, ends no policy (§10.2).
    ///
    /// # Errors
    /// Nobody knows what is kept: without it a letter could go where a policy forbids it.
    pub(crate) async fn of(
        &self,
        domain: &str,
        resolver: &dyn Resolver,
        now: Timestamp,
    ) -> Result<Policy, StoreError> {
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
        let held = match remembered {
            Some(held) => Some(held),
            None => self.store.sts_policy(domain, now).await?.as_ref().and_then(Held::of),
        };
        let (held, again) = self.ask(domain, held, resolver, now).await;
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

    async fn ask(
        &self,
        domain: &str,
        held: Option<Held>,
        resolver: &dyn Resolver,
        now: Timestamp,
    ) -> (Option<Held>, Duration) {
        let id = match resolver.texts(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => sts::id(&texts),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => None,
            Err(DnsError::Temporary(cause)) => {
                tracing::info!(
                    delivery.domain = domain,
                    cause,
                    "whether it has an MTA-STS policy is not known now"
                );
                return (held, AFTER_FAILURE);
            }
        };
        let Some(id) = id else { return (held, RECHECK) };
        if let Some(held) = held.as_ref().filter(|held| held.id == id && held.fetched.plus(REFETCH) > now) {
            return (Some(held.clone()), RECHECK);
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
                (Some(held), RECHECK)
            }
            Err(cause) => {
                tracing::warn!(delivery.domain = domain, cause, "its MTA-STS policy could not be fetched");
                (held, AFTER_FAILURE)
            }
        }
    }

    /// One that cannot be kept counts all the same, until this process ends.
    async fn keep(&self, domain: &str, held: &Held, text: Vec<u8>) {
        let row = StsPolicyRow {
            domain: domain.to_owned(),
            policy_id: held.id.clone(),
            text,
            fetched_at: held.fetched,
            good_until: held.until,
        };
        if let Err(error) = self.store.keep_sts_policy(row).await {
            tracing::error!(delivery.domain = domain, %error, "its MTA-STS policy could not be kept");
        }
    }
}
