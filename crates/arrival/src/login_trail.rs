//! Records SMTP AUTH log-ins in the audit trail: each success that is new as a row of its own with its network, within a second;
//! repeated successes counted by login and network, once an hour and at the end; failures counted together. No client waits for it,
//! and a flood from many networks takes bounded memory: a success costs the client a verified password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::{LoginNote, Timestamp};
use sealpost_mailbox::audit::{logged_in, network};
use sealpost_store::{CountedRow, ELSEWHERE, Store, StoreError};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::flush_schedule::{FlushSchedule, Turn, Written};

/// Maximum separate counts; further networks are counted together.
const MAX: usize = 1_024;
/// Maximum waiting successes, each as a row; if the store cannot write for long, further ones are counted by login and network.
const WAITING: usize = 4_000;
/// Rows per transaction: it locks the trail while it is written.
const AT_ONCE: usize = 1_000;
/// Interval of writing repeated successes: a mail server logs in all day. A kill loses what came since.
const COUNTED_FOR: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    what: LoginNote,
    /// The login; empty if it is not configured.
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
    flush_schedule: FlushSchedule,
}

#[derive(Debug, Default)]
struct Open {
    /// In order; networks are counted separately while there is room: a client's network must not vanish among others'.
    right: Vec<(Key, Count)>,
    /// Repeated successes.
    again: HashMap<Key, Count>,
    counts: HashMap<Key, Count>,
}

impl LoginTrail {
    /// Counts a log-in. An unknown `login` is not recorded: it may be a password.
    pub fn note(&self, what: LoginNote, client: IpAddr, login: Option<&str>, now: Timestamp) {
        let login = login.unwrap_or_default().to_owned();
        let network = network(client);
        let once = Count { since: now, times: 1 };
        let mut open = self.open();
        match what {
            LoginNote::Right => open.add_right(Key { what, login, network }, once),
            LoginNote::Again => {
                let is_full = open.again.len() >= MAX;
                open.again
                    .entry(Key { what: LoginNote::Right, login, network })
                    .and_modify(|count| count.times = count.times.saturating_add(1))
                    .or_insert(once);
                if !is_full {
                    return;
                }
                open.again_is_due();
            }
            LoginNote::Wrong | LoginNote::Refused | LoginNote::Closed => {
                open.count(Key { what, login, network }, once);
            }
        }
        drop(open);
        self.flush_schedule.some();
    }

    /// Writes what was counted until `done`.
    pub async fn keep(&self, store: &Store, done: CancellationToken) {
        let mut last = Written::All;
        let mut hours = interval(COUNTED_FOR);
        loop {
            let turn = tokio::select! {
                turn = self.flush_schedule.turn(last, &done) => turn,
                _ = hours.tick() => {
                    self.open().again_is_due();
                    Turn::Now
                }
            };
            match turn {
                Turn::Now => last = self.write(store).await,
                Turn::Last => break,
            }
        }
        self.open().again_is_due();
        let _what_is_left_goes_with_the_process = self.write(store).await;
    }

    async fn write(&self, store: &Store) -> Written {
        let counts = std::mem::take(&mut self.open().counts);
        let mut written = Written::All;
        let failed = |error: StoreError| {
            tracing::error!(%error, "log-ins by SMTP could not be noted in the audit trail; trying again");
        };
        loop {
            let right = self.open().first_right();
            if right.is_empty() {
                break;
            }
            let row = |(key, count): &(Key, Count)| logged_in(key.what, counted(key, *count));
            if let Err(error) = store.append_audit(right.iter().map(row).collect()).await {
                failed(error);
                self.open().right.splice(0..0, right);
                written = Written::NotAll;
                break;
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
    /// Repeated successes are written with the next write.
    fn again_is_due(&mut self) {
        for (key, count) in std::mem::take(&mut self.again) {
            self.add_right(key, count);
        }
    }

    fn add_right(&mut self, key: Key, count: Count) {
        if self.right.len() < WAITING {
            self.right.push((key, count));
            return;
        }
        let elsewhere = Key { network: ELSEWHERE.to_owned(), ..key.clone() };
        let known = |wanted: &Key| self.right.iter().rposition(|(known, _)| known == wanted);
        match known(&key).or_else(|| known(&elsewhere)).and_then(|at| self.right.get_mut(at)) {
            Some((_, known)) => known.times = known.times.saturating_add(count.times),
            // One for each configured login.
            None => self.right.push((elsewhere, count)),
        }
    }

    /// Those to be written next.
    fn first_right(&mut self) -> Vec<(Key, Count)> {
        let many = self.right.len().min(AT_ONCE);
        self.right.drain(..many).collect()
    }

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
    async fn right_ones_that_say_nothing_new_are_counted_by_login_and_network_whoever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let trail = LoginTrail::default();
        for n in 0..6 {
            let client = if n < 4 { "198.51.100.7" } else { "203.0.113.9" };
            let login = if n == 5 { "mull" } else { "mill" };
            trail.note(LoginNote::Again, client.parse().unwrap(), Some(login), Timestamp(60_000 + n));
        }
        assert!(trail.open().right.is_empty(), "not before their hour is over");
        // Any number of networks is no reason to count some of them together.
        for n in 0..3_000_u32 {
            let client = IpAddr::from((n << 8).to_be_bytes());
            trail.note(LoginNote::Again, client, Some("mill"), Timestamp(70_000));
            assert!(trail.open().again.len() <= MAX + 1);
        }
        trail.open().again_is_due();
        assert_eq!(trail.write(&store).await, Written::All);
        let rows = store.audit_page(0).await.unwrap().0;
        assert!(rows.iter().all(|row| row.row.action == "smtp-login.right"));
        let times = |row: &str| row.strip_prefix("times=").unwrap().parse::<u32>().unwrap();
        let of = |login: &str, network: &str| {
            let is_it = |row: &&sealpost_store::ChainedRow| {
                row.row.actor == format!("login:{login}") && row.row.network == network
            };
            rows.iter().filter(is_it).map(|row| times(&row.row.detail)).collect::<Vec<_>>()
        };
        assert_eq!(of("mill", "198.51.100.0/24"), [4]);
        assert_eq!(of("mill", "203.0.113.0/24"), [1]);
        assert_eq!(of("mull", "203.0.113.0/24"), [1]);
        assert_eq!(rows.iter().map(|row| times(&row.row.detail)).sum::<u32>(), 3_006);
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
