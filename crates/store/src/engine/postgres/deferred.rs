//! Statements that no caller waits for: they run with the next batch, before anything in it, or soon on their own.
//! Knows no connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::fingerprint::FORGET;
use crate::statement::{Statement, Value};

#[derive(Debug, Default)]
pub(super) struct Unhurried {
    known: Mutex<DeferredStatements>,
    /// Signalled when there are any.
    pub(super) some: Notify,
}

#[derive(Debug, Default)]
struct DeferredStatements {
    waiting: Vec<Statement>,
    /// Those taken by batches that have not ended.
    taken: Vec<(u64, Vec<Statement>)>,
    last: u64,
}

/// The statements that a batch runs first. Must be given back when it ends, in one of three ways.
#[derive(Debug)]
pub(super) struct Taken {
    number: u64,
    /// In order: those that another batch may not have done yet, then the batch's own.
    pub(super) statements: Vec<Statement>,
    /// Index of the first of its own.
    own: usize,
}

impl Unhurried {
    fn lock(&self) -> MutexGuard<'_, DeferredStatements> {
        // No code that can panic runs under this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, statement: Statement) {
        self.lock().waiting.push(statement);
        self.some.notify_one();
    }

    /// All that are queued. Statements taken by other batches under way are repeated, which does no harm, if they
    /// forget a fingerprint of the bytes of one of `signs`: an acknowledged fingerprint is forgotten before the same
    /// bytes are stored again (decision 0007).
    pub(super) fn take<'a>(&self, signs: impl IntoIterator<Item = &'a Statement>) -> Taken {
        let about: Vec<&Value> = signs.into_iter().filter_map(|sign| sign.params.first()).collect();
        let mut known = self.lock();
        let others = known.taken.iter().flat_map(|(_, statements)| statements);
        let is_about = |other: &&Statement| {
            other.sql == FORGET
                && other.params.first().is_some_and(|fingerprint| about.contains(&fingerprint))
        };
        let mut statements: Vec<Statement> = others.filter(is_about).cloned().collect();
        let own = statements.len();
        let waiting = std::mem::take(&mut known.waiting);
        known.last += 1;
        let number = known.last;
        if !waiting.is_empty() {
            known.taken.push((number, waiting.clone()));
        }
        statements.extend(waiting);
        Taken { number, statements, own }
    }

    /// They were committed.
    pub(super) fn done(&self, taken: &Taken) {
        self.lock().taken.retain(|(number, _)| *number != taken.number);
    }

    /// They were not committed and go before what was queued since.
    pub(super) fn put_back(&self, taken: Taken) {
        let some = taken.statements.len() > taken.own;
        self.keep(taken);
        if some {
            self.some.notify_one();
        }
    }

    /// The same, but they wait for the next batch or further statements: the server is unavailable at present.
    pub(super) fn keep(&self, taken: Taken) {
        let Taken { mut statements, own, number } = taken;
        let mut known = self.lock();
        // In one step: a batch with the same bytes finds them in one of the two lists.
        known.taken.retain(|(other, _)| *other != number);
        let mut back = statements.split_off(own);
        back.append(&mut known.waiting);
        known.waiting = back;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::sql;

    fn forgotten(which: u8) -> Statement {
        sql!(FORGET, &[which; 32], 1_i64)
    }

    fn sign(which: u8) -> Statement {
        sql!("INSERT INTO fingerprints (fingerprint, committed_at) VALUES (?1, ?2)", &[which; 32], 2_i64)
    }

    fn params(taken: &Taken) -> Vec<String> {
        taken.statements.iter().map(|one| format!("{:?}", one.params)).collect()
    }

    #[test]
    fn what_another_batch_has_in_hand_is_done_again_by_whoever_depends_on_it() {
        let unhurried = Unhurried::default();
        (1..=2).for_each(|which| unhurried.push(forgotten(which)));
        let first = unhurried.take([]);
        assert_eq!(first.statements.len(), 2);
        let same = unhurried.take([&sign(2)]);
        assert_eq!(params(&same), params(&first)[1..]);
        assert!(unhurried.take([&sign(3)]).statements.is_empty());
        // A repeated statement is not kept by the batch that repeated it.
        unhurried.put_back(same);
        assert!(unhurried.take([]).statements.is_empty());
        unhurried.done(&first);
        assert!(unhurried.take([&sign(2)]).statements.is_empty());
    }

    #[test]
    fn what_was_not_kept_comes_before_what_has_come_since() {
        let unhurried = Unhurried::default();
        unhurried.push(forgotten(1));
        let first = unhurried.take([]);
        unhurried.push(forgotten(2));
        let wanted = params(&first);
        unhurried.put_back(first);
        assert_eq!(params(&unhurried.take([]))[..1], wanted[..]);
    }
}
