//! Records in the audit trail for how many letters each of our keys for partners was used: counted in memory by key,
//! use and minute, written once a second. No letter waits for it, and none costs a commit. Knows no key, only
//! fingerprints.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::OwnKeyUse;
use sealpost_store::{CountedRow, Store};
use tokio_util::sync::CancellationToken;

use crate::flush_schedule::{FlushSchedule, Turn, Written};

const MINUTE: i64 = 60_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    what: OwnKeyUse,
    fingerprint: String,
    /// When the minute began.
    minute: i64,
}

/// Counts not written yet. A killed process loses the last second.
#[derive(Debug, Default)]
pub struct KeyTrail {
    counts: Mutex<HashMap<Key, i64>>,
    flush_schedule: FlushSchedule,
}

impl KeyTrail {
    /// A letter was decrypted or signed with the key of this fingerprint.
    pub fn note(&self, what: OwnKeyUse, fingerprint: String, now: Timestamp) {
        self.add(Key { what, fingerprint, minute: now.0.div_euclid(MINUTE).saturating_mul(MINUTE) }, 1);
        self.flush_schedule.some();
    }

    /// Writes the counts until `done`.
    pub async fn keep(&self, store: &Store, done: CancellationToken) {
        let mut last = Written::All;
        while self.flush_schedule.turn(last, &done).await == Turn::Now {
            last = self.write(store).await;
        }
        let _what_is_left_goes_with_the_process = self.write(store).await;
    }

    async fn write(&self, store: &Store) -> Written {
        let counts = std::mem::take(&mut *self.counts());
        if counts.is_empty() {
            return Written::All;
        }
        let row = |(key, times): (&Key, &i64)| CountedRow {
            minute: Timestamp(key.minute),
            action: key.what.word().to_owned(),
            whose: key.fingerprint.clone(),
            network: String::new(),
            times: *times,
        };
        let rows: Vec<CountedRow> = counts.iter().map(row).collect();
        match store.count_audit_of(&rows).await {
            Ok(()) => Written::All,
            Err(error) => {
                tracing::error!(%error, "the use of keys could not be noted in the audit trail; trying again");
                counts.into_iter().for_each(|(key, times)| self.add(key, times));
                Written::NotAll
            }
        }
    }

    fn add(&self, key: Key, times: i64) {
        let mut counts = self.counts();
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(times);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_counted_by_key_kind_and_minute() {
        let trail = KeyTrail::default();
        for n in 0..90 {
            trail.note(OwnKeyUse::Signed, "aa".to_owned(), Timestamp(n * 1000));
            trail.note(OwnKeyUse::Opened, "aa".to_owned(), Timestamp(n * 1000));
        }
        trail.note(OwnKeyUse::Opened, "bb".to_owned(), Timestamp(0));
        let mut counts: Vec<(String, &str, i64, i64)> = trail
            .counts()
            .iter()
            .map(|(key, times)| (key.fingerprint.clone(), key.what.word(), key.minute, *times))
            .collect();
        counts.sort();
        let each = |what| [("aa", what, 0, 60), ("aa", what, MINUTE, 30)];
        let mut expected = [each("own-key.opened"), each("own-key.signed")].concat();
        expected.push(("bb", "own-key.opened", 0, 1));
        let counts: Vec<_> =
            counts.iter().map(|(key, what, minute, n)| (key.as_str(), *what, *minute, *n)).collect();
        assert_eq!(counts, expected);
    }
}
