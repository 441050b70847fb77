//! What becomes of log-ins by SMTP AUTH, for the audit trail, written once a second: each right one as a row of its own with its
//! network, others counted together. Nobody who logs in waits for it, and a flood from everywhere takes bounded room: who
//! is right has paid for it with a password that was looked at.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealpost_mail::{LoginNote, Timestamp};
use sealpost_mailbox::audit::{logged_in, network};
use sealpost_store::{CountedRow, ELSEWHERE, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::gathering::{Gathering, Turn, Written};

/// Counts of their own; networks beyond are counted together.
const MAX: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    what: LoginNote,
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
    open: Mutex<Open>,
    gathering: Gathering,
}

#[derive(Debug, Default)]
struct Open {
    /// In their order; never counted together: whose network one came from must not vanish among others'.
    right: Vec<(Key, Timestamp)>,
    counts: HashMap<Key, Count>,
}

impl LoginTrail {
    /// Counts it. `login` is one of the configuration's, or nobody's: that may be somebody's password and is not kept.
    pub fn note(&self, what: LoginNote, client: IpAddr, login: Option<&str>, now: Timestamp) {
        let login = login.unwrap_or_default().to_owned();
        let key = Key { what, login, network: network(client) };
        let mut open = self.open();
        match what {
            LoginNote::Right => open.right.push((key, now)),
            LoginNote::Wrong | LoginNote::Refused | LoginNote::Closed => {
                open.count(key, Count { since: now, times: 1 });
            }
        }
        drop(open);
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
        let Open { right, counts } = std::mem::take(&mut *self.open());
        let mut written = Written::All;
        let failed = |error: StoreError| {
            tracing::error!(%error, "log-ins by SMTP could not be noted in the audit trail; trying again");
        };
        if !right.is_empty() {
            let row = |(key, since): &(Key, Timestamp)| {
                logged_in(key.what, counted(key, Count { since: *since, times: 1 }))
            };
            if let Err(error) = store.append_audit(right.iter().map(row).collect()).await {
                failed(error);
                self.open().right.splice(0..0, right);
                written = Written::NotAll;
            }
        }
        if !counts.is_empty() {
            let rows: Vec<CountedRow> = counts.iter().map(|(key, count)| counted(key, *count)).collect();
            if let Err(error) = store.count_audit_of(&rows).await {
                failed(error);
                let mut open = self.open();
                counts.into_iter().for_each(|(key, count)| open.count(key, count));
                written = Written::NotAll;
            }
        }
        written
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn count(&mut self, key: Key, Count { since, times }: Count) {
        let is_full = self.counts.len() >= MAX && !self.counts.contains_key(&key);
        let key = if is_full { Key { network: ELSEWHERE.to_owned(), ..key } } else { key };
        let count = self.counts.entry(key).or_insert(Count { since, times: 0 });
        count.times = count.times.saturating_add(times);
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
    use sealpost_store::StoreOptions;

    use super::*;

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room_and_each_is_counted() {
        let trail = LoginTrail::default();
        for n in 0..100_000_u32 {
            let client = IpAddr::from(n.wrapping_mul(256).to_be_bytes());
            let login = (n % 2 == 0).then_some("mill");
            trail.note(LoginNote::Wrong, client, login, Timestamp(i64::from(n)));
        }
        let counts = &trail.open().counts;
        assert!(counts.len() <= MAX + 2, "{}", counts.len());
        assert_eq!(counts.values().map(|count| count.times).sum::<i64>(), 100_000);
        assert_eq!(counts.keys().filter(|key| key.network == ELSEWHERE).count(), 2);
    }

    #[tokio::test]
    async fn in_the_middle_of_a_flood_each_right_one_leaves_a_row_with_its_network() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let trail = LoginTrail::default();
        for n in 0..20_000_u32 {
            let client = IpAddr::from(n.wrapping_mul(256).to_be_bytes());
            trail.note(LoginNote::Wrong, client, Some("mill"), Timestamp(60_000));
        }
        let thieves = ["198.51.100.7", "198.51.100.8", "203.0.113.9"];
        for (n, thief) in thieves.into_iter().enumerate() {
            let at = Timestamp(60_000 + i64::try_from(n).unwrap());
            trail.note(LoginNote::Right, thief.parse().unwrap(), Some("mill"), at);
        }
        assert_eq!(trail.write(&store).await, Written::All);
        let rows = store.audit_page(0).await.unwrap().0;
        let said: Vec<_> = rows
            .iter()
            .map(|row| (row.row.action.as_str(), row.row.network.as_str(), row.row.at.0))
            .collect();
        let right = "smtp-login.right";
        assert_eq!(
            said,
            [
                (right, "198.51.100.0/24", 60_000),
                (right, "198.51.100.0/24", 60_001),
                (right, "203.0.113.0/24", 60_002)
            ]
        );
    }
}
