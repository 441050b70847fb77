//! How transactions begin. Knows no statement.

use std::time::Duration;

use super::config::Durability;
use crate::engine::Promise;
use crate::engine::sql_dialect::Texts;

/// A transaction whose process or machine is gone without a word, or stands still, ends after that and gives its locks
/// back: before anybody has waited for one of them too long. Between two of our sentences lies no more than our own work.
const ABANDONED: Duration = Duration::from_secs(5);

/// How long statements may take before the connection is given up; their locks are waited for within this.
pub(super) const STATEMENTS: Duration = Duration::from_secs(60);

/// Fails where no commit would wait for a standby: after a failover, or when somebody has changed the setting since.
/// What is not a number becomes part of the server's sentence.
const INSIST: &str = "; SELECT CASE WHEN pg_catalog.current_setting('synchronous_standby_names') = ''
        OR pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')
    THEN ('commits wait for no standby, server ' || pg_catalog.current_setting('server_version'))::integer END";

/// The words a transaction begins with.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) texts: Texts,
    /// How long a commit may take.
    pub(super) commit: Duration,
    durable: String,
    ordered: String,
    /// Also where others have taken over from this process.
    unfenced: String,
    /// One question needs no view of its own.
    read_one: String,
    read_many: String,
}

impl Words {
    /// Everything is set for the transaction and nothing for the connection, which a pool between us and the server
    /// hands to somebody else when the transaction ends.
    ///
    /// `fence` makes every writing transaction fail of a process that others have taken over from.
    pub(super) fn new(
        schema: &str,
        lock_wait: Duration,
        commit: Duration,
        durability: Durability,
        fence: &str,
    ) -> Self {
        let insist = match durability {
            Durability::Local => "",
            Durability::Replicated => INSIST,
        };
        let set = format!(
            "; SET LOCAL search_path = {schema}; SET LOCAL client_min_messages = warning; \
             SET LOCAL lock_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
            lock_wait.as_millis(),
            ABANDONED.as_millis()
        );
        Self {
            texts: Texts::default(),
            commit,
            durable: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{set}{insist}{fence}"),
            unfenced: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{set}{insist}"),
            ordered: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{set}; SET LOCAL synchronous_commit = off{fence}"
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

    /// What a process gives signs of life with.
    pub(super) fn unfenced(&self) -> &str {
        &self.unfenced
    }

    pub(super) fn look(&self, questions: usize) -> &str {
        if questions > 1 { &self.read_many } else { &self.read_one }
    }
}
