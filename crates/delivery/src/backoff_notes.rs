//! Records suspended destinations for operators: since when, until when, and why. Written separately from letters;
//! nothing waits for it or depends on it. Knows no letter.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::{Clock, Timestamp};
use sealpost_store::{BackoffChange, BackoffRow, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::outcome::Reason;

/// Beyond this number, destinations are not tracked until they recover: their rows expire within a day.
const MAX_NOTED: usize = 10_000;

/// Pause between two commits: a network failure suspends all destinations at once.
const GATHER: Duration = Duration::from_millis(200);

/// After the store could not write.
const AGAIN: Duration = Duration::from_secs(5);

/// Backoffs to be noted.
#[derive(Debug, Default)]
pub(crate) struct BackoffNotes {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Destinations that have a row, and since when they fail.
    noted: HashMap<String, Timestamp>,
    /// Changes to be written, the last one of each destination.
    unwritten: BTreeMap<String, BackoffChange>,
}

impl BackoffNotes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A destination is left alone from `now` on.
    pub(crate) fn begins(&self, destination: &str, now: Timestamp, until: Timestamp, reason: &Reason) {
        let mut state = self.state();
        let since = match state.noted.get(destination) {
            Some(since) => *since,
            None if state.noted.len() >= MAX_NOTED => now,
            None => *state.noted.entry(destination.to_owned()).or_insert(now),
        };
        let row = BackoffRow {
            destination: destination.to_owned(),
            since,
            until,
            code: i64::from(reason.code),
            enhanced: reason.enhanced.to_string(),
            cause: reason.own_words().map(str::to_owned),
        };
        state.unwritten.insert(destination.to_owned(), BackoffChange::Begins(row));
        drop(state);
        self.changed.notify_one();
    }

    /// A letter was answered: the destination has recovered.
    pub(crate) fn well(&self, destination: &str) {
        let mut state = self.state();
        if state.noted.remove(destination).is_some() {
            let destination = destination.to_owned();
            state.unwritten.insert(destination.clone(), BackoffChange::Ended { destination });
            drop(state);
            self.changed.notify_one();
        }
    }

    fn take(&self) -> Vec<BackoffChange> {
        std::mem::take(&mut self.state().unwritten).into_values().collect()
    }

    /// What could not be written is to be written later, unless there is a newer word. That a destination is well is not recorded twice.
    fn put_back(&self, changes: Vec<BackoffChange>) {
        let mut state = self.state();
        for change in changes {
            state.unwritten.entry(change.destination().to_owned()).or_insert(change);
        }
    }

    /// Writes them down until `stop`.
    pub(crate) async fn write(&self, store: &Store, clock: &dyn Clock, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
            }
            let changes = self.take();
            let pause = match store.note_backoffs(changes.clone(), clock.now()).await {
                Ok(()) => GATHER,
                Err(error) => {
                    tracing::warn!(%error, "which destinations are left alone could not be noted; trying again");
                    self.put_back(changes);
                    self.changed.notify_one();
                    AGAIN
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::EnhancedCode;

    use super::*;
    use crate::outcome::Whose;

    fn reason(whose: Whose) -> Reason {
        Reason {
            code: 441,
            enhanced: EnhancedCode(4, 4, 1),
            text: "no answer from a@b.example".to_owned(),
            whose,
            untried: false,
        }
    }

    #[test]
    fn a_destination_is_down_since_its_first_backoff_until_a_letter_is_answered() {
        let notes = BackoffNotes::default();
        notes.well("never.example");
        assert!(notes.take().is_empty());
        for at in [1, 5] {
            notes.begins("d.example", Timestamp(at), Timestamp(at + 3), &reason(Whose::Ours));
        }
        let [BackoffChange::Begins(row)] = &notes.take()[..] else {
            panic!("the last word of one destination")
        };
        assert_eq!((row.since, row.until), (Timestamp(1), Timestamp(8)));
        notes.well("d.example");
        assert_eq!(notes.take(), [BackoffChange::Ended { destination: "d.example".to_owned() }]);
        notes.begins("d.example", Timestamp(9), Timestamp(12), &reason(Whose::Ours));
        let [BackoffChange::Begins(row)] = &notes.take()[..] else { panic!("it begins again") };
        assert_eq!(row.since, Timestamp(9));
    }

    #[test]
    fn what_could_not_be_written_is_kept_unless_there_is_a_newer_word() {
        let notes = BackoffNotes::default();
        let ended = |name: &str| BackoffChange::Ended { destination: name.to_owned() };
        for name in ["a.example", "b.example"] {
            notes.begins(name, Timestamp(1), Timestamp(4), &reason(Whose::Ours));
        }
        let _written = notes.take();
        notes.well("a.example");
        notes.well("b.example");
        let lost = notes.take();
        notes.begins("b.example", Timestamp(9), Timestamp(12), &reason(Whose::Ours));
        notes.put_back(lost);
        let [first, BackoffChange::Begins(second)] = &notes.take()[..] else { panic!("one word of each") };
        assert_eq!((first, second.destination.as_str()), (&ended("a.example"), "b.example"));
        assert!(notes.take().is_empty());
    }

    /// A server quotes addresses.
    #[test]
    fn what_a_server_says_is_not_kept() {
        let notes = BackoffNotes::default();
        notes.begins("d.example", Timestamp(1), Timestamp(2), &reason(Whose::Server(None)));
        let [BackoffChange::Begins(row)] = &notes.take()[..] else { panic!("it begins") };
        assert_eq!((row.cause.as_deref(), row.enhanced.as_str()), (None, "4.4.1"));
    }
}
