//! Counts TLS sessions by day and result, in rows sealed under the queue's key, written with the next commit of any
//! other writer. Nothing waits for it. Knows no letter, no recipient and no report.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_mail::{Random, Timestamp, hex};
use sealpost_store::{Store, TlsSessionRow};
use sealpost_vault::{Label, SpoolKey};
use serde::{Deserialize, Serialize};

use crate::tls_session::{AppliedPolicy, SessionEnd, TlsFailure};

/// Days in UTC (RFC 8460 §4.1).
pub(crate) const DAY: i64 = 86_400_000;
/// Different results that one process counts per day; further ones are not counted.
const MAX_COUNTED: usize = 10_000;
/// From here on new ones are counted by kind only: a few hundred domains that vary their failures leave room for others.
const MAX_DETAILED: usize = MAX_COUNTED / 2;
/// Different failures of one domain that are counted with full details; further ones are counted by kind only: a domain
/// with a thousand servers, or another policy every minute, fills no disk.
const EACH: usize = 50;

/// The day of a time.
#[must_use]
pub fn day_of(now: Timestamp) -> i64 {
    now.0.div_euclid(DAY)
}

/// The sealed part of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) domain: String,
    pub(crate) policy: AppliedPolicy,
    pub(crate) end: SessionEnd,
}

/// What this process has counted today.
#[derive(Default)]
struct Today {
    day: i64,
    known: HashSet<[u8; 32]>,
    kinds: HashMap<String, usize>,
    /// Whether the log says that there are too many.
    is_told: bool,
}

/// Counts of TLS sessions by domain and day.
pub(crate) struct TlsCounts {
    store: Store,
    key: SpoolKey,
    random: Arc<dyn Random>,
    /// A random id: two processes never count in the same row, and so never wait for each other.
    process: String,
    today: Mutex<Today>,
}

impl TlsCounts {
    pub(crate) fn new(store: Store, key: SpoolKey, random: Arc<dyn Random>) -> Self {
        let process = random.id();
        Self { store, key, random, process, today: Mutex::default() }
    }

    fn today(&self) -> MutexGuard<'_, Today> {
        self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one session of `domain` with this result.
    pub(crate) fn note(&self, domain: &str, policy: &AppliedPolicy, end: SessionEnd, now: Timestamp) {
        let day = day_of(now);
        let seen = Seen { domain: domain.to_owned(), policy: policy.clone(), end };
        let Some((tag, plain)) = self.row_for(day, seen) else { return };
        let bound = bound(&tag, day);
        self.store.count_tls_sessions(TlsSessionRow {
            tag,
            report_tag: self.key.tls_report_tag(domain, day),
            day,
            facts_sealed: self.key.seal(Label::TlsSessions, &bound, &plain, &*self.random),
            sessions: 1,
        });
    }

    /// The row it is counted in; `None`: there are too many.
    fn row_for(&self, day: i64, seen: Seen) -> Option<([u8; 32], Vec<u8>)> {
        let mut today = self.today();
        if today.day != day {
            *today = Today { day, ..Today::default() };
        }
        let (tag, plain) = self.tag(day, &seen)?;
        if today.known.contains(&tag) {
            return Some((tag, plain));
        }
        let domain = seen.domain.clone();
        let kinds = today.kinds.get(&domain).copied().unwrap_or_default();
        let (tag, plain) = if kinds >= EACH || today.known.len() >= MAX_DETAILED {
            self.tag(day, &by_kind_alone(seen))?
        } else {
            (tag, plain)
        };
        if today.known.contains(&tag) {
            return Some((tag, plain));
        }
        // Before the domain is recorded: else each new one would take memory after that, too.
        if today.known.len() >= MAX_COUNTED {
            if !std::mem::replace(&mut today.is_told, true) {
                tracing::warn!(
                    most = MAX_COUNTED,
                    "too many different TLS results today: no further ones are counted"
                );
            }
            return None;
        }
        *today.kinds.entry(domain).or_default() += 1;
        today.known.insert(tag);
        Some((tag, plain))
    }

    fn tag(&self, day: i64, seen: &Seen) -> Option<([u8; 32], Vec<u8>)> {
        let plain = serde_json::to_vec(seen).ok()?;
        Some((self.key.tls_sessions_tag(&format!("{} {day}", self.process), &plain), plain))
    }
}

/// Without the details that a domain can vary at will.
fn by_kind_alone(seen: Seen) -> Seen {
    let policy = AppliedPolicy { kind: seen.policy.kind, ..AppliedPolicy::none() };
    let end = match seen.end {
        SessionEnd::Secured => SessionEnd::Secured,
        SessionEnd::Failed(TlsFailure { result, .. }) => {
            SessionEnd::Failed(TlsFailure { result, host: None, address: None, ours: None, reason: None })
        }
    };
    Seen { policy, end, ..seen }
}

/// What we sealed in this row; `None`: the row is not ours.
pub(crate) fn open(key: &SpoolKey, row: &TlsSessionRow) -> Option<Seen> {
    let plain = key.open(Label::TlsSessions, &bound(&row.tag, row.day), &row.facts_sealed).ok()?;
    let seen: Seen = serde_json::from_slice(plain.expose()).ok()?;
    (key.tls_report_tag(&seen.domain, row.day) == row.report_tag).then_some(seen)
}

fn bound(tag: &[u8; 32], day: i64) -> String {
    format!("{} {day}", hex(tag))
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;
    use sealpost_store::StoreOptions;
    use sealpost_vault::ServerKey;

    use super::*;
    use crate::tls_session::ResultType;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const TODAY: i64 = NOW.0 / DAY;

    struct CountingRig {
        store: Store,
        key: SpoolKey,
        counts: TlsCounts,
        _folder: tempfile::TempDir,
    }

    fn rig() -> CountingRig {
        let (folder, random) = (tempfile::tempdir().unwrap(), Arc::new(SequenceRandom::default()));
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let key = ServerKey::generate(&*random).keys().spool;
        let counts = TlsCounts::new(store.clone(), key.clone(), random);
        CountingRig { store, key, counts, _folder: folder }
    }

    impl CountingRig {
        async fn rows(&self) -> Vec<TlsSessionRow> {
            // A commit of the same writer includes everything before it.
            let _done = self.store.sweep(NOW).await.unwrap();
            let mut rows = Vec::new();
            for which in self.store.tls_untold(TODAY + 1, (0, [0; 32])).await.unwrap() {
                rows.extend(self.store.tls_sessions(which).await.unwrap());
            }
            rows
        }
    }

    #[tokio::test]
    async fn what_went_alike_is_one_row_and_says_nothing_to_others() {
        let rig = rig();
        let none = AppliedPolicy::none();
        for _ in 0..3 {
            rig.counts.note("clinic.example", &none, SessionEnd::Secured, NOW);
        }
        let failure = TlsFailure::of_host(ResultType::StarttlsNotSupported, "mx.clinic.example", "x");
        rig.counts.note("clinic.example", &none, SessionEnd::Failed(failure), NOW);
        let rows = rig.rows().await;
        let mut sessions: Vec<u64> = rows.iter().map(|row| row.sessions).collect();
        sessions.sort_unstable();
        assert_eq!(sessions, [1, 3]);
        for row in rows {
            assert_eq!(open(&rig.key, &row).unwrap().domain, "clinic.example");
            assert!(!row.facts_sealed.windows(6).any(|bytes| bytes == b"clinic"));
            let other = TlsSessionRow { day: row.day + 1, ..row.clone() };
            assert!(open(&rig.key, &other).is_none(), "another day's");
            let other = TlsSessionRow { report_tag: [0; 32], ..row };
            assert!(open(&rig.key, &other).is_none(), "another domain's");
        }
    }

    #[tokio::test]
    async fn a_day_that_is_full_remembers_no_more_domains() {
        let rig = rig();
        let seen = |nth: usize| Seen {
            domain: format!("d{nth}.example"),
            policy: AppliedPolicy::none(),
            end: SessionEnd::Secured,
        };
        for nth in 0..MAX_COUNTED {
            assert!(rig.counts.row_for(TODAY, seen(nth)).is_some());
        }
        assert!(rig.counts.row_for(TODAY, seen(MAX_COUNTED)).is_none());
        assert!(rig.counts.row_for(TODAY, seen(0)).is_some(), "it is known");
        assert_eq!(rig.counts.today().kinds.len(), MAX_COUNTED);
    }

    /// RFC 8460 reports of other domains go on while subdomains without number vary theirs.
    #[tokio::test]
    async fn many_domains_that_vary_leave_room_for_others() {
        let rig = rig();
        let failed = |domain: String, nth: usize| {
            let failure = TlsFailure::of_host(ResultType::CertificateExpired, &format!("mx{nth}"), "expired");
            Seen { domain, policy: AppliedPolicy::none(), end: SessionEnd::Failed(failure) }
        };
        for domain in 0..400 {
            for nth in 0..EACH {
                let _row = rig.counts.row_for(TODAY, failed(format!("d{domain}.example"), nth));
            }
        }
        assert!(rig.counts.row_for(TODAY, failed("clinic.example".to_owned(), 1)).is_some());
    }

    #[tokio::test]
    async fn a_domain_that_varies_fills_no_disk() {
        let rig = rig();
        for nth in 0..400 {
            let (policy, host) = (AppliedPolicy::sts(&[format!("mx: {nth}")], &[]), format!("mx{nth}"));
            let failure = TlsFailure::of_host(ResultType::CertificateExpired, &host, "expired");
            rig.counts.note("clinic.example", &policy, SessionEnd::Failed(failure), NOW);
        }
        let rows = rig.rows().await;
        assert_eq!(rows.len(), EACH + 1);
        assert_eq!(rows.iter().map(|row| row.sessions).sum::<u64>(), 400);
    }
}
