//! Leases that a batch took for a caller who never received them: released as soon as the outcome of that batch is certain. Its
//! commit may still wait for a standby, invisible to everybody, so a single try could find nothing. Knows no connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::statement::Statement;

/// Beyond this many, the oldest are left until their lease ends.
const MAX_LEASES: usize = 10_000;

/// Statements tried in one transaction.
const AT_ONCE: usize = 200;

/// How late a server may read what it was sent before its connection was given up.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// The server's transaction numbers: those below `oldest` have ended, and no number from `next` on was in use before this query.
/// Assigns a number: otherwise the snapshot reaches only to the last transaction that ended, not the last that began.
pub(super) const TRANSACTIONS: &str = "
    SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint,
        pg_catalog.pg_current_xact_id()::text::bigint";

/// The result of [`TRANSACTIONS`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Transactions {
    pub(super) oldest: i64,
    pub(super) next: i64,
}

#[derive(Debug, Default)]
pub(super) struct ReleasedLeases {
    inner: Mutex<Inner>,
    /// Signalled when there are any.
    pub(super) some: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<GivenBackLeg>,
    next: u64,
}

#[derive(Debug)]
struct GivenBackLeg {
    number: u64,
    statement: Statement,
    since: Instant,
    /// The batch in question has a number below this one.
    below: Option<i64>,
}

/// Outcome of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// The lease is released.
    Freed,
    /// There is no such lease, or it is not visible yet.
    NotFound,
}

impl ReleasedLeases {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, statements: Vec<Statement>, now: Instant) {
        if statements.is_empty() {
            return;
        }
        let mut inner = self.lock();
        for statement in statements {
            let number = inner.next;
            inner.next += 1;
            if inner.waiting.len() >= MAX_LEASES {
                inner.waiting.pop_front();
            }
            inner.waiting.push_back(GivenBackLeg { number, statement, since: now, below: None });
        }
        drop(inner);
        self.some.notify_one();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Some of those waiting. The most often tried come last.
    pub(super) fn next(&self) -> Vec<(u64, Statement)> {
        let inner = self.lock();
        inner.waiting.iter().take(AT_ONCE).map(|one| (one.number, one.statement.clone())).collect()
    }

    /// Records tries made after the server was asked for its transactions: a lease that was not found then and cannot appear any
    /// more is forgotten.
    pub(super) fn tried(&self, tried: &[(u64, Tried)], seen: Transactions, now: Instant) {
        let mut inner = self.lock();
        for (number, tried) in tried {
            let Some(at) = inner.waiting.iter().position(|one| one.number == *number) else { continue };
            let Some(mut one) = inner.waiting.remove(at) else { continue };
            match tried {
                Tried::Freed => continue,
                Tried::NotFound => {}
            }
            if now.saturating_duration_since(one.since) >= UNDER_WAY {
                match one.below {
                    Some(below) if below <= seen.oldest => continue,
                    Some(below) if below <= seen.next => {}
                    // Numbers that went backwards belong to another server: what the lost one had not replicated will appear
                    // nowhere.
                    Some(_) | None => one.below = Some(seen.next),
                }
            }
            inner.waiting.push_back(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::sql;

    #[test]
    fn who_was_not_found_is_looked_for_until_every_older_transaction_has_ended() {
        let (given_back, begun) = (ReleasedLeases::default(), Instant::now());
        given_back.add(vec![sql!("SELECT 1"), sql!("SELECT 2")], begun);
        let look = |found, oldest, next, after| {
            let tried: Vec<_> =
                given_back.next().into_iter().map(|(number, _)| (number, found)).take(1).collect();
            given_back.tried(&tried, Transactions { oldest, next }, begun + Duration::from_secs(after));
            given_back.next().len()
        };
        assert_eq!(look(Tried::Freed, 7, 9, 0), 1, "one is free");
        assert_eq!(look(Tried::NotFound, 9, 9, 1), 1, "it may not have been read yet");
        assert_eq!(look(Tried::NotFound, 7, 9, 6), 1);
        assert_eq!(look(Tried::NotFound, 8, 12, 7), 1, "one of then is still at work");
        assert_eq!(look(Tried::NotFound, 4, 4, 8), 1, "another server");
        assert_eq!(look(Tried::NotFound, 5, 6, 9), 0);
        assert!(given_back.is_empty());
    }
}
