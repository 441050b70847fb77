//! The locks of a batch: taken before anything else and always in the same order, so that no two batches deadlock.
//! Without them every "where not exists" could be true for two at once (READ COMMITTED).

use std::collections::BTreeSet;

use super::failure::Failure;
use super::pipeline::ask;
use super::pool::Connection;
use super::value::Param;
use crate::statement::{Batch, Lock, StatementResult};

/// All locks of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Locks {
    /// Quota counters of senders, which may have no row yet.
    Uses(Vec<i64>),
    /// Mailboxes with everything in them. Rows that refer to them may be added meanwhile; those batches hold them too.
    Mailboxes(Vec<String>),
    /// Bodies. No rows that refer to them may be added meanwhile.
    Bodies(Vec<String>),
}

/// In the order in which they are taken.
pub(super) fn of(batches: &[Batch]) -> Vec<Locks> {
    let (mut uses, mut mailboxes, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for lock in batches.iter().flat_map(|batch| &batch.locks).collect::<BTreeSet<_>>() {
        match lock {
            Lock::Use(whose) => {
                let (first, _rest) = whose.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
                uses.push(i64::from_be_bytes(*first));
            }
            Lock::Mailbox(id) => mailboxes.push(id.clone()),
            Lock::Body(id) => bodies.push(id.clone()),
        }
    }
    uses.sort_unstable();
    let all = [Locks::Uses(uses), Locks::Mailboxes(mailboxes), Locks::Bodies(bodies)];
    all.into_iter().filter(|locks| !locks.is_empty()).collect()
}

impl Locks {
    fn is_empty(&self) -> bool {
        match self {
            Self::Uses(uses) => uses.is_empty(),
            Self::Mailboxes(ids) | Self::Bodies(ids) => ids.is_empty(),
        }
    }

    pub(super) async fn ask(&self, connection: &Connection) -> Result<StatementResult, Failure> {
        let (text, param) = match self {
            Self::Uses(uses) => (
                "SELECT count(pg_catalog.pg_advisory_xact_lock(one)) FROM unnest($1) AS one",
                Param::Ints(uses.into()),
            ),
            Self::Mailboxes(ids) => (
                "SELECT 1 FROM mailboxes WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
                Param::Texts(ids),
            ),
            Self::Bodies(ids) => {
                ("SELECT 1 FROM bodies WHERE id = ANY($1) ORDER BY id FOR UPDATE", Param::Texts(ids))
            }
        };
        ask(connection, text, vec![param]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_in_one_order_whoever_asks() {
        let (mut one, mut other) = (Batch::default(), Batch::default());
        for (batch, order) in [(&mut one, ["a", "b"]), (&mut other, ["b", "a"])] {
            for id in order {
                batch.hold(Lock::Body(id.to_owned()));
                batch.hold(Lock::Mailbox(id.to_owned()));
                batch.hold(Lock::Mailbox(id.to_owned()));
            }
        }
        one.hold(Lock::Use([1; 32]));
        other.hold(Lock::Use([1; 32]));
        let both = || vec!["a".to_owned(), "b".to_owned()];
        let wanted =
            [Locks::Uses(vec![0x0101_0101_0101_0101]), Locks::Mailboxes(both()), Locks::Bodies(both())];
        let [one, other] = [of(&[one.clone(), other.clone()]), of(&[other])];
        assert_eq!(one, wanted, "two that share a transaction, too");
        assert_eq!(other, wanted);
        assert_eq!(of(&[Batch::default()]), []);
    }
}
