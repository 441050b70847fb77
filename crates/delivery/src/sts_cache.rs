//! MTA-STS policies of the domains we send to (RFC 8461): looked up when a letter is due, cached as long as they are
//! valid, in memory and in the store: an attacker who blocks the look-up after a restart ends no policy (§5.1), nor
//! does one who damages the stored ones. Knows no letter, no server and no TLS.

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

/// How often a domain's record is checked at most: changes are meant to take days.
const RECHECK: Duration = Duration::from_secs(3600);
/// Pause after a policy could not be fetched (RFC 8461 §3.3: not more often than every five minutes).
const AFTER_FAILURE: Duration = Duration::from_secs(300);
/// A policy is fetched anew after this time, so that it never expires while it is still published (§3.3).
const REFETCH: Duration = Duration::from_secs(24 * 3600);
/// A policy is valid for at least this long: one that ends before it is fetched again would never be in force.
const MIN_AGE: Duration = Duration::from_secs(600);
/// Maximum number of domains in memory.
const MAX: usize = 10_000;
/// Octets in memory of a text, beside its own.
const EACH: usize = 40;
/// Maximum octets of their policies.
const MAX_OCTETS: usize = 32 * 1024 * 1024;

struct CachedPolicy {
    /// The policy with its id, expiry and time of fetching; `None`: there is none.
    policy: Option<Held>,
    /// No look-up before this time.
    look_at: Timestamp,
    /// Why there is no newer policy, if there should be one.
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

impl Held {
    /// When it is fetched anew though its id is the same: after a day, and well before it expires (RFC 8461 §3.3).
    fn due(&self) -> Timestamp {
        let lifetime = self.until.since(self.fetched);
        self.fetched.plus(REFETCH.min(lifetime / 2))
    }

    fn octets(&self) -> usize {
        let texts = self.lines.iter().chain(self.policy.servers());
        texts.map(|text| text.len().saturating_add(EACH)).sum()
    }
}

/// The stored policy of a domain.
enum StoredPolicy {
    /// A policy that is still valid.
    Policy(Held),
    /// None, or an expired one.
    Nothing,
    /// A row that was not written by us.
    Spoiled,
}

/// When a domain is looked up again at the latest: what it had then is fetched anew, or has ended.
fn look_again(now: Timestamp, again: Duration, held: Option<&Held>) -> Timestamp {
    let ends = held.map(|held| [held.due(), held.until]).into_iter().flatten();
    ends.filter(|end| *end > now).fold(now.plus(again), Timestamp::min)
}

impl StoredPolicy {
    fn policy(&self) -> Option<&Held> {
        match self {
            Self::Policy(held) => Some(held),
            Self::Nothing | Self::Spoiled => None,
        }
    }
}

/// The result of a look-up.
enum PolicyLookup {
    /// The domain published a new policy.
    New(Held),
    /// No change.
    Same,
    /// It cannot be determined whether there is another policy now.
    Unknown(Option<StsTrouble>),
}

/// Why an announced policy could not be fetched (RFC 8460 §4.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsTrouble {
    pub(crate) result: ResultType,
    pub(crate) cause: String,
}

/// A domain's requirements.
#[derive(Clone, Debug)]
pub(crate) struct StsAnswer {
    pub(crate) policy: Policy,
    /// The lines of the policy as published.
    pub(crate) lines: Arc<[String]>,
    /// Reported to the domain: its policy could not be fetched.
    pub(crate) trouble: Option<StsTrouble>,
    /// The policy in reports: made once for all servers of a domain.
    pub(crate) applied: OnceLock<Arc<AppliedPolicy>>,
}

impl StsAnswer {
    /// No requirements.
    pub(crate) fn none() -> Self {
        Self { policy: Policy::Off, lines: Arc::default(), trouble: None, applied: OnceLock::new() }
    }

    /// The policy in reports.
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

/// Why a letter has to wait.
#[derive(Debug, Error)]
pub(crate) enum StsError {
    /// The stored policy is unknown: without it a letter could go where a policy forbids it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was a policy, and it is lost.
    #[error("the domain's MTA-STS policy that was kept cannot be read, and cannot be fetched anew now")]
    Lost,
}

/// The known policies.
pub(crate) struct StsPolicies {
    store: Store,
    key: SpoolKey,
    random: Arc<dyn Random>,
    fetcher: Fetcher,
    port: u16,
    known: Mutex<HashMap<String, CachedPolicy>>,
}

impl StsPolicies {
    /// Policies are fetched over https from `port`: 443 except in tests.
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

    /// The requirements of `domain`. A domain without a readable policy has none, unless a known policy is still valid:
    /// removing the record, or blocking it, ends no policy (§10.2).
    ///
    /// # Errors
    /// The requirements are unknown: the letter waits.
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
        // Another node, or this one before a restart, may have fetched it.
        let kept = match remembered {
            Some(held) => StoredPolicy::Policy(held),
            None => self.kept(domain, now).await?,
        };
        let (held, again, trouble) = match (self.ask(domain, kept.policy(), resolver, now).await, kept) {
            (PolicyLookup::New(held), _) => (Some(held), RECHECK, None),
            (PolicyLookup::Same, StoredPolicy::Policy(held)) => (Some(held), RECHECK, None),
            (PolicyLookup::Same, StoredPolicy::Nothing) => (None, RECHECK, None),
            (PolicyLookup::Unknown(trouble), StoredPolicy::Policy(held)) => {
                (Some(held), AFTER_FAILURE, trouble)
            }
            (PolicyLookup::Unknown(trouble), StoredPolicy::Nothing) => (None, AFTER_FAILURE, trouble),
            // Whoever damages a row can also suppress the record: a missing one ends no policy (§10.2).
            (PolicyLookup::Same | PolicyLookup::Unknown(_), StoredPolicy::Spoiled) => {
                return Err(StsError::Lost);
            }
        };
        let answer = StsAnswer::of(held.as_ref(), trouble.clone());
        let look_at = look_again(now, again, held.as_ref());
        let mut known = self.known();
        if is_full(&known) {
            // Entries without a policy are evicted first; if all are in use, any: the store has them.
            known.retain(|_domain, entry| entry.policy.as_ref().is_some_and(|held| held.until > now));
            if is_full(&known) {
                known.clear();
            }
        }
        known.insert(domain.to_owned(), CachedPolicy { policy: held, look_at, trouble });
        Ok(answer)
    }

    async fn kept(&self, domain: &str, now: Timestamp) -> Result<StoredPolicy, StoreError> {
        let Some(row) = self.store.sts_policy(&self.key.policy_tag(domain)).await? else {
            return Ok(StoredPolicy::Nothing);
        };
        let opened = sts_row::open(&self.key, domain, &row);
        let read = opened.and_then(|kept| {
            let lines = sts::lines(kept.text.as_bytes());
            let (policy, age) = sts::read(kept.text.as_bytes()).ok()?;
            Some((policy, age, lines, kept))
        });
        let Some((policy, age, lines, kept)) = read else {
            tracing::error!(
                delivery.domain = domain,
                tag = sealpost_mail::hex(&row.tag),
                "the stored MTA-STS policy cannot be opened: it was not written by us. Letters to the domain wait until \
                 its policy can be fetched anew; if the domain has none any more, delete the row with this tag from \
                 mta_sts_policies"
            );
            return Ok(StoredPolicy::Spoiled);
        };
        let (lines, id) = (lines.into(), kept.id);
        let held = if row.fetched_at <= now {
            Held { policy, lines, id, until: row.good_until, fetched: row.fetched_at }
        } else {
            // Written while the clock was ahead: valid from now on, once, and fetched anew at once.
            let age = MIN_AGE.max(age);
            let held = Held { policy, lines, id, until: now.plus(age), fetched: now.minus(age) };
            self.keep(domain, &held, kept.text.into_bytes()).await;
            held
        };
        Ok(if held.until > now { StoredPolicy::Policy(held) } else { StoredPolicy::Nothing })
    }

    async fn ask(
        &self,
        domain: &str,
        held: Option<&Held>,
        resolver: &dyn Resolver,
        now: Timestamp,
    ) -> PolicyLookup {
        let id = match resolver.texts(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => sts::id(&texts),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => None,
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => {
                tracing::info!(
                    delivery.domain = domain,
                    cause = %error,
                    "it cannot be determined now whether the domain has an MTA-STS policy"
                );
                return PolicyLookup::Unknown(None);
            }
        };
        let Some(id) = id else { return PolicyLookup::Same };
        if held.is_some_and(|held| held.id == id && held.due() > now) {
            return PolicyLookup::Same;
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
                let held = Held { policy, lines, id, until: now.plus(MIN_AGE.max(age)), fetched: now };
                self.keep(domain, &held, text).await;
                PolicyLookup::New(held)
            }
            Err(trouble) => {
                tracing::warn!(
                    delivery.domain = domain,
                    cause = trouble.cause,
                    "its MTA-STS policy could not be fetched"
                );
                PolicyLookup::Unknown(Some(trouble))
            }
        }
    }

    /// Stores a policy. One that cannot be stored applies until this process ends.
    async fn keep(&self, domain: &str, held: &Held, text: Vec<u8>) {
        let times = (held.fetched, held.until);
        let Some(row) = sts_row::seal(&self.key, (domain, &held.id, text), times, &*self.random) else {
            return;
        };
        if let Err(error) = self.store.keep_sts_policy(row).await {
            tracing::error!(delivery.domain = domain, %error, "its MTA-STS policy could not be stored");
        }
    }
}

/// Whether another policy would be too much.
fn is_full(known: &HashMap<String, CachedPolicy>) -> bool {
    let octets: usize = known.values().filter_map(|entry| entry.policy.as_ref()).map(Held::octets).sum();
    known.len() >= MAX || octets >= MAX_OCTETS
}

/// RFC 8460 §4.3.2.2: its host did not prove that it is the domain's, or could not be reached.
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
