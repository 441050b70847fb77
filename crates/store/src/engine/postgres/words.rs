//! How transactions begin. Knows no statement.

use std::time::Duration;

use crate::engine::Promise;
use crate::engine::text::Texts;

/// The words a transaction begins with.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) texts: Texts,
    /// How long a commit may take.
    pub(super) commit: Duration,
    durable: String,
    ordered: String,
    /// One question needs no view of its own.
    read_one: String,
    read_many: String,
}

impl Words {
    /// Everything is set for the transaction and nothing for the connection, which a pool between us and the server
    /// hands to somebody else when the transaction ends.
    pub(super) fn new(schema: &str, lock_wait: Duration, commit: Duration) -> Self {
        let set = format!(
            "; SET LOCAL search_path = {schema}; SET LOCAL client_min_messages = warning; \
             SET LOCAL lock_timeout = {}",
            lock_wait.as_millis()
        );
        Self {
            texts: Texts::default(),
            commit,
            durable: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{set}"),
            ordered: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{set}; SET LOCAL synchronous_commit = off"
            ),
            read_one: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY{set}"),
            read_many: format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{set}"),
        }
    }

    pub(super) fn begin(&self, promise: Promise) -> &str {
        match promise {
            Promise::Durable => &self.durable,
            Promise::Ordered => &self.ordered,
        }
    }

    pub(super) fn look(&self, questions: usize) -> &str {
        if questions > 1 { &self.read_many } else { &self.read_one }
    }
}
