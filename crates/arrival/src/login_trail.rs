//! What becomes of log-ins by SMTP AUTH, for the audit trail: counted in memory, written once a second, right ones as rows, others as
//! counts. Nobody who logs in waits for it, and a flood from everywhere takes bounded room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealpost_intake::LoginNote;
use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{LogInNote, logged_in, network};
use sealpost_store::{AuditRow, CountedRow, ELSEWHERE, Store};
use tokio_util::sync::CancellationToken;

use crate::gathering::{Gathering, Turn, Written};

/// Counts of their own; networks beyond are counted together.
const MAX: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    what: LogInNote,
    /// Empty: nobody's.
    login: String,
    network: String,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Timestamp,
    times: i64,
}

/// What is not written yet.
#[derive(Debug, Default)]
pub struct LoginTrail {
    counts: Mutex<HashMap<Key, Count>>,
    gathering: Gathering,
}

impl LoginTrail {
    /// Counts it. `login` is one of the configuration's, or nobody's: that may be somebody's password and is not kept.
    pub fn note(&self, what: LoginNote, client: IpAddr, login: Option<&str>, now: Timestamp) {
        let what = match what {
            LoginNote::Right => LogInNote::Right,
            LoginNote::Wrong => LogInNote::Wrong,
            LoginNote::PutOff => LogInNote::Refused,
            LoginNote::Closed => LogInNote::Closed,
        };
        let login = login.unwrap_or_default().to_owned();
        self.add(Key { what, login, network: network(client) }, Count { since: now, times: 1 });
        self.gathering.some();
    }

    /// Writes what is counted, until `done`.
    pub async fn keep(&self, store: &Store, done: CancellationToken) {
        let mut last = Written::All;
        while self.gathering.turn(last, &done).await == Turn::Now {
            last = self.write(store).await;
        }
        let _what_is_left_goes_with_the_process = self.write(store).await;
    }

    async fn write(&self, store: &Store) -> Written {
        let counts = std::mem::take(&mut *self.counts());
        let (right, other): (Vec<_>, Vec<_>) =
            counts.into_iter().partition(|(key, _count)| key.what == LogInNote::Right);
        let rows: Vec<AuditRow> =
            right.iter().map(|(key, count)| logged_in(key.what, counted(key, *count))).collect();
        let counts: Vec<CountedRow> = other.iter().map(|(key, count)| counted(key, *count)).collect();
        let appended = if rows.is_empty() { Ok(()) } else { store.append_audit(rows).await };
        let added = if counts.is_empty() { Ok(()) } else { store.count_audit_of(&counts).await };
        let mut written = Written::All;
        for (outcome, unwritten) in [(appended, right), (added, other)] {
            if let Err(error) = outcome {
                tracing::error!(%error, "log-ins by SMTP could not be noted in the audit trail; trying again");
                unwritten.into_iter().for_each(|(key, count)| self.add(key, count));
                written = Written::NotAll;
            }
        }
        written
    }

    fn add(&self, key: Key, Count { since, times }: Count) {
        let mut counts = self.counts();
        let is_full = counts.len() >= MAX && !counts.contains_key(&key);
        let key = if is_full { Key { network: ELSEWHERE.to_owned(), ..key } } else { key };
        let count = counts.entry(key).or_insert(Count { since, times: 0 });
        count.times = count.times.saturating_add(times);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counted(key: &Key, count: Count) -> CountedRow {
    CountedRow {
        minute: count.since,
        action: key.what.word().to_owned(),
        whose: key.login.clone(),
        network: key.network.clone(),
        times: count.times,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room_and_each_is_counted() {
        let trail = LoginTrail::default();
        for n in 0..100_000_u32 {
            let client = IpAddr::from(n.wrapping_mul(256).to_be_bytes());
            let login = (n % 2 == 0).then_some("mill");
            trail.note(LoginNote::Wrong, client, login, Timestamp(i64::from(n)));
        }
        let counts = trail.counts();
        assert!(counts.len() <= MAX + 2, "{}", counts.len());
        assert_eq!(counts.values().map(|count| count.times).sum::<i64>(), 100_000);
        assert_eq!(counts.keys().filter(|key| key.network == ELSEWHERE).count(), 2);
    }
}
