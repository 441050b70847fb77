//! How transactions begin. Knows no statement.

use std::time::Duration;

use super::config::Durability;
use crate::engine::Promise;
use crate::engine::sql_dialect::Texts;

/// A transaction whose process or machine has disappeared or is stalled ends after this and releases its locks, before
/// others have waited for them too long. Between two of our statements there is nothing but our own work.
const ABANDONED: Duration = Duration::from_secs(5);

/// How long statements may take before the connection is given up; waiting for their locks is part of it.
pub(super) const STATEMENTS: Duration = Duration::from_secs(60);

/// Fails if no commit would wait for a standby: after a failover, or when the setting has been changed since. A value
/// that is not a number becomes part of the server's error message.
const INSIST: &str = "CASE WHEN pg_catalog.current_setting('synchronous_standby_names') = ''
        OR pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')
    THEN ('commits wait for no standby, server ' || pg_catalog.current_setting('server_version'))::integer END";

/// Changes no row; a commit after it waits for the flush of everything before.
pub(super) const FLUSH: &str = "SELECT count(pg_catalog.pg_logical_emit_message(true, 'sealpost', ''))";

const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const LOOK_EACH: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The view that the queries of one transaction see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// One consistent view for all.
    One,
    /// Each sees what is committed when it runs.
    Each,
}

/// Prepared statements that transactions begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Look,
    Durable,
    Ordered,
    /// Runs after the two that write: it must see what was committed before they got their lock.
    Fence,
    /// A transaction of its own that changes no row; its end waits for the flush of everything before.
    Flush,
}

impl Mark {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Durable => "durable",
            Self::Ordered => "ordered",
            Self::Fence => "fence",
            Self::Flush => "flush",
        }
    }
}

/// Makes every writing transaction fail of a process that others have taken over from.
#[derive(Debug)]
pub(super) struct Fence {
    /// Takes the lock that a process taking over must get first.
    pub(super) held: String,
    /// Fails if another process has taken over.
    pub(super) check: String,
}

/// The statements that one kind of transaction begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    /// All of them as text.
    pub(super) whole: &'a str,
    /// The part that is never prepared ...
    pub(super) begin: &'static str,
    /// ... and the part that a connection may have prepared.
    pub(super) marks: &'static [Mark],
}

/// The statements that transactions begin with.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) texts: Texts,
    /// How long a commit may take.
    pub(super) commit: Duration,
    durable: String,
    ordered: String,
    /// The variant for processes that others have taken over from.
    unfenced: String,
    read_each: String,
    read_one: String,
    marks: Vec<(Mark, String)>,
    writing: [&'static [Mark]; 2],
}

impl Words {
    /// Settings are made for the transaction, never for the connection, which a pooler between us and the server hands
    /// to others when the transaction ends.
    pub(super) fn new(
        schema: &str,
        lock_wait: Duration,
        commit: Duration,
        durability: Durability,
        fence: Option<&Fence>,
    ) -> Self {
        let settings = [
            ("search_path", schema.to_owned()),
            ("client_min_messages", "warning".to_owned()),
            ("lock_timeout", lock_wait.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", ABANDONED.as_millis().to_string()),
        ];
        // A single statement, which the server plans once for each connection that may keep it.
        let set =
            |(name, value): &(&str, String)| format!("pg_catalog.set_config('{name}', '{value}', true)");
        let set = settings.iter().map(set).collect::<Vec<_>>().join(", ");
        let insist = match durability {
            Durability::Local => String::new(),
            Durability::Replicated => format!(", {INSIST}"),
        };
        let held = fence.map(|fence| format!(", {}", fence.held)).unwrap_or_default();
        let look = format!("SELECT {set}");
        let durable = format!("SELECT {set}{insist}{held}");
        let ordered = format!("SELECT {set}, pg_catalog.set_config('synchronous_commit', 'off', true){held}");
        let check = fence.map(|fence| format!("; {}", fence.check)).unwrap_or_default();
        let mut marks = vec![
            (Mark::Look, look.clone()),
            (Mark::Durable, durable.clone()),
            (Mark::Ordered, ordered.clone()),
            // The server reports a cancelled wait for the standby as a warning.
            (
                Mark::Flush,
                format!("{FLUSH}, pg_catalog.set_config('client_min_messages', 'warning', true){insist}"),
            ),
        ];
        marks.extend(fence.map(|fence| (Mark::Fence, fence.check.clone())));
        let writing: [&'static [Mark]; 2] = match fence {
            Some(_) => [&[Mark::Durable, Mark::Fence], &[Mark::Ordered, Mark::Fence]],
            None => [&[Mark::Durable], &[Mark::Ordered]],
        };
        Self {
            texts: Texts::default(),
            commit,
            durable: format!("{WRITE}; {durable}{check}"),
            unfenced: format!("{WRITE}; SELECT {set}{insist}"),
            ordered: format!("{WRITE}; {ordered}{check}"),
            read_each: format!("{LOOK_EACH}; {look}"),
            read_one: format!("{LOOK}; {look}"),
            marks,
            writing,
        }
    }

    pub(super) fn begin(&self, promise: Promise) -> Opening<'_> {
        let [durable, ordered] = self.writing;
        match promise {
            Promise::Durable => Opening { whole: &self.durable, begin: WRITE, marks: durable },
            Promise::Ordered => Opening { whole: &self.ordered, begin: WRITE, marks: ordered },
        }
    }

    /// Used to give signs of life.
    pub(super) fn unfenced(&self) -> &str {
        &self.unfenced
    }

    pub(super) fn look(&self, view: View) -> Opening<'_> {
        let marks = &[Mark::Look];
        match view {
            View::Each => Opening { whole: &self.read_each, begin: LOOK_EACH, marks },
            View::One => Opening { whole: &self.read_one, begin: LOOK, marks },
        }
    }

    /// What a connection should prepare.
    pub(super) fn marks(&self) -> &[(Mark, String)] {
        &self.marks
    }
}
