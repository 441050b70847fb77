//! MTA-STS policies of the domains we send to (RFC 8461): asked for when a letter is due, kept as long as they say, in
//! memory and in the store: who stands in the way while we start ends no policy (§5.1), nor does who damages what is kept.
//! Knows no letter, no server and no TLS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use sealpost_mail::{Random, Timestamp};
use sealpost_store::{Store, StoreError};
use sealpost_vault::SpoolKey;
use thiserror::Error;

use crate::fetch::{FetchError, Fetcher};
use crate::resolve::{DnsError, Resolver};
use crate::sts::{self, Policy};
use crate::sts_row;
use crate::tls_session::{AppliedPolicy, ResultType};

/// The record of a domain is looked at this often at most: changes are meant to take days.
const RECHECK: Duration = Duration::from_secs(3600);
/// After a policy that could not be fetched (RFC 8461 §3.3: not more often than every five minutes).
const AFTER_FAILURE: Duration = Duration::from_secs(300);
/// A policy is fetched anew after this, so that it never runs out while it is still published (§3.3).
const REFETCH: Duration = Duration::from_secs(24 * 3600);
/// Domains remembered at a time.
const MAX: usize = 20_000;

struct CachedPolicy {
    /// The policy and its id, good until then; fetched at that time.
    policy: Option<Held>,
    /// Before this nobody is asked.
    look_at: Timestamp,
    /// Why there is no newer policy, where one should be.
    trouble: Option<StsTrouble>,
}

#[derive(Clone)]
struct Held {
    policy: Policy,
    lines: Arc<[String]>,
    id: String,
    until: Timestamp,
    fetched: Timestamp,
}

/// What is known of a domain's policy before anybody is asked.
enum Kept {
    /// The policy is still valid.
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
    /// The domain published a new policy.
    New(Held),
    /// Nothing that changes what is known.
    Same,
    /// Nobody can say whether there is another policy now.
    Unknown(Option<StsTrouble>),
}

/// Why a policy that a domain announces could not be had (RFC 8460 §4.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsTrouble {
    pub(crate) result: ResultType,
    pub(crate) cause: String,
}

/// What a domain asks for.
#[derive(Clone, Debug)]
pub(crate) struct StsAnswer {
    pub(crate) policy: Policy,
    /// The policy as it stands there.
    pub(crate) lines: Arc<[String]>,
    /// It should be told that its policy could not be had.
    pub(crate) trouble: Option<StsTrouble>,
    /// What reports say of it: made once for all servers of a domain.
    pub(crate) applied: OnceLock<Arc<AppliedPolicy>>,
}

impl StsAnswer {
    /// It asks for nothing.
    pub(crate) fn none() -> Self {
        Self { policy: Policy::Off, lines: Arc::default(), trouble: None, applied: OnceLock::new() }
    }

    /// What reports say of it.
    pub(crate) fn applied(&self) -> Arc<AppliedPolicy> {
        let applied = || Arc::new(AppliedPolicy::sts(&self.lines, self.policy.servers()));
        Arc::clone(self.applied.get_or_init(applied))
    }

    fn of(held: Option<&Held>, trouble: Option<StsTrouble>) -> Self {
        match held {
            Some(held) => {
                let (policy, lines) = (held.policy.clone(), Arc::clone(&held.lines));
                Self { policy, lines, trouble, ..Self::none() }
            }
            None => Self { trouble, ..Self::none() },
        }
    }
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

/// The policies that are known.
pub(crate) struct StsPolicies {
    store: Store,
    key: SpoolKey,
    random: Arc<dyn Random>,
    fetcher: Fetcher,
    port: u16,
    known: Mutex<HashMap<String, CachedPolicy>>,
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

    fn known(&self) -> MutexGuard<'_, HashMap<String, CachedPolicy>> {
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
    ) -> Result<StsAnswer, StsError> {
        let remembered = {
            let known = self.known();
            let entry = known.get(domain);
            let held = entry.and_then(|entry| entry.policy.clone()).filter(|held| held.until > now);
            if let Some(entry) = entry
                && entry.look_at > now
            {
                return Ok(StsAnswer::of(held.as_ref(), entry.trouble.clone()));
            }
            held
        };
        // Another node, or we before a restart, may have fetched it.
        let kept = match remembered {
            Some(held) => Kept::Policy(held),
            None => self.kept(domain, now).await?,
        };
        let (held, again, trouble) = match (self.ask(domain, kept.policy(), resolver, now).await, kept) {
            (Asked::New(held), _) => (Some(held), RECHECK, None),
            (Asked::Same, Kept::Policy(held)) => (Some(held), RECHECK, None),
            (Asked::Same, Kept::Nothing | Kept::Spoiled) => (None, RECHECK, None),
            (Asked::Unknown(trouble), Kept::Policy(held)) => (Some(held), AFTER_FAILURE, trouble),
            (Asked::Unknown(trouble), Kept::Nothing) => (None, AFTER_FAILURE, trouble),
            (Asked::Unknown(_), Kept::Spoiled) => return Err(StsError::Lost),
        };
        let answer = StsAnswer::of(held.as_ref(), trouble.clone());
        let mut known = self.known();
        if known.len() >= MAX {
            // What nobody would miss goes first; if everything is in use, anything.
            known.retain(|_domain, entry| entry.policy.as_ref().is_some_and(|held| held.until > now));
            if known.len() >= MAX {
                known.clear();
            }
        }
        known.insert(domain.to_owned(), CachedPolicy { policy: held, look_at: now.plus(again), trouble });
        Ok(answer)
    }

    async fn kept(&self, domain: &str, now: Timestamp) -> Result<Kept, StoreError> {
        let Some(row) = self.store.sts_policy(&self.key.policy_tag(domain)).await? else {
            return Ok(Kept::Nothing);
        };
        let opened = sts_row::open(&self.key, domain, &row, now);
        let read = opened.and_then(|kept| {
            let lines = sts::lines(kept.text.as_bytes());
            Some((sts::read(kept.text.as_bytes()).ok()?.0, lines, kept.id))
        });
        let Some((policy, lines, id)) = read else {
            tracing::error!(
                delivery.domain = domain,
                "its MTA-STS policy in the store cannot be opened, or is of a time to come: it was not written so by us"
            );
            return Ok(Kept::Spoiled);
        };
        let held = Held { policy, lines: lines.into(), id, until: row.good_until, fetched: row.fetched_at };
        Ok(if held.until > now { Kept::Policy(held) } else { Kept::Nothing })
    }

    async fn ask(&self, domain: &str, held: Option<&Held>, resolver: &dyn Resolver, now: Timestamp) -> Asked {
        let id = match resolver.texts(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => sts::id(&texts),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => None,
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => {
                tracing::info!(
                    delivery.domain = domain,
                    cause = %error,
                    "whether it has an MTA-STS policy is not known now"
                );
                return Asked::Unknown(None);
            }
        };
        let Some(id) = id else { return Asked::Same };
        if held.is_some_and(|held| held.id == id && held.fetched.plus(REFETCH) > now) {
            return Asked::Same;
        }
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        let address = format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt");
        let fetched = match self.fetcher.get(&address).await {
            Ok(text) => sts::read(&text).map(|read| (text, read)).map_err(|error| StsTrouble {
                result: ResultType::StsPolicyInvalid,
                cause: error.to_string(),
            }),
            Err(error) => Err(trouble(&error)),
        };
        match fetched {
            Ok((text, (policy, age))) => {
                let lines = sts::lines(&text).into();
                let held = Held { policy, lines, id, until: now.plus(age), fetched: now };
                self.keep(domain, &held, text).await;
                Asked::New(held)
            }
            Err(trouble) => {
                tracing::warn!(
                    delivery.domain = domain,
                    cause = trouble.cause,
                    "its MTA-STS policy could not be fetched"
                );
                Asked::Unknown(Some(trouble))
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

/// RFC 8460 §4.3.2.2: its host could not prove that it is the domain's, or could not be asked.
fn trouble(error: &FetchError) -> StsTrouble {
    let result = match error {
        FetchError::Untrusted { .. } => ResultType::StsWebpkiInvalid,
        FetchError::Address(_)
        | FetchError::Name { .. }
        | FetchError::Inside { .. }
        | FetchError::Server { .. }
        | FetchError::TooLarge(_)
        | FetchError::Missing(_) => ResultType::StsPolicyFetchError,
    };
    StsTrouble { result, cause: error.to_string() }
}
