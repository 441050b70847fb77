//! Prepared statements of one connection: frequent ones are parsed and planned once. Knows no batch.
//!
//! A pooler between us and the server may run each transaction in another server process, where a name is unknown or means another
//! client's statement. So a transaction first executes a prepared statement with a unique name: if that fails, nothing else of the
//! transaction runs, and from then on no connection prepares statements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_mail::{Random as _, SystemRandom};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::begin::{Mark, Opening};
use crate::engine::sql_dialect::TextId;

/// Identifies the server, behind any pooler: no two servers are started at the same moment.
pub(super) const SERVER: &str = "SELECT pg_catalog.pg_postmaster_start_time()::text";

/// A statement is prepared on a connection once it has been used this often there.
const OFTEN: u32 = 3;

/// At most this many statements are counted on a connection, and at most this many prepared: each costs the server process a plan
/// as long as the connection lives, and which parameter types occur depends on the letters.
const MAX_STATEMENTS: usize = 512;

/// Whether a pooler changes server processes between transactions; shared by all connections of a pool.
#[derive(Clone, Debug, Default)]
pub(super) struct Changing(Arc<AtomicBool>);

impl Changing {
    pub(super) fn is_seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// True the first time.
    fn set(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// The prepared statements of one connection.
#[derive(Debug)]
pub(super) struct Names {
    /// Prefix of the names that only this server process knows.
    mark: String,
    /// When its server was started.
    server: String,
    known: Mutex<NamedStatements>,
    /// Not to be used any more.
    lost: AtomicBool,
    changing: Changing,
}

#[derive(Debug, Default)]
struct NamedStatements {
    statements: HashMap<TextId, Vec<Typed>>,
    /// How many there are.
    count: usize,
    /// Those to be prepared.
    wanted: Vec<(&'static str, Vec<Type>)>,
}

/// A statement with parameters of these types.
#[derive(Debug)]
struct Typed {
    types: Vec<Type>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Used this often, not prepared yet.
    Seen(u32),
    Ready(tokio_postgres::Statement),
    /// The server refused to prepare it.
    Unnamed,
}

impl Names {
    /// Marks the server process behind a new connection by preparing what transactions begin with. `None`: preparing is of no use,
    /// or it cannot be marked.
    pub(super) async fn begin(
        client: &Client,
        changing: &Changing,
        marks: &[(Mark, String)],
    ) -> Option<Self> {
        if changing.is_seen() {
            return None;
        }
        let mark = format!("sealpost_{}", SystemRandom.id());
        let prepare = |(what, text): &(Mark, String)| format!("PREPARE {mark}_{} AS {text}", what.as_str());
        client.batch_execute(&marks.iter().map(prepare).collect::<Vec<_>>().join("; ")).await.ok()?;
        // Only a process of this server knows the marks.
        let server = client.query_typed(SERVER, &[]).await.ok()?.first()?.try_get(0).ok()?;
        Some(Self {
            mark,
            server,
            known: Mutex::default(),
            lost: AtomicBool::new(false),
            changing: changing.clone(),
        })
    }

    /// How a transaction that may use prepared statements must begin.
    pub(super) fn begun_with(&self, opening: Opening<'_>) -> String {
        let mut words = opening.begin.to_owned();
        for mark in opening.marks {
            words.extend(["; EXECUTE ", &self.mark, "_", mark.as_str()]);
        }
        words
    }

    /// The same for a transaction of its own.
    pub(super) fn execute(&self, mark: Mark) -> String {
        format!("EXECUTE {}_{}", self.mark, mark.as_str())
    }

    /// When the server of a transaction that began with [`Self::begun_with`] was started.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn are_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) || self.changing.is_seen()
    }

    /// The server no longer knows them.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// The server process is not the one that was marked.
    pub(super) fn lose_all(&self) {
        self.lose();
        if self.changing.set() {
            tracing::info!(
                "a pool changes server processes between transactions: statements go without names"
            );
        }
    }

    /// The prepared statement, if there is one; counts the use.
    pub(super) fn find(&self, text: &'static str, types: &[Type]) -> Option<tokio_postgres::Statement> {
        if self.are_lost() {
            return None;
        }
        let mut known = self.lock();
        let NamedStatements { statements, count, wanted } = &mut *known;
        let found = statements.get_mut(&text.into()).into_iter().flatten().find(|one| one.types == types);
        let Some(one) = found else {
            if *count < MAX_STATEMENTS {
                *count += 1;
                let first = Typed { types: types.to_vec(), state: State::Seen(1) };
                statements.entry(text.into()).or_default().push(first);
            }
            return None;
        };
        match &mut one.state {
            State::Ready(statement) => return Some(statement.clone()),
            State::Seen(times) => {
                *times = times.saturating_add(1);
                if *times == OFTEN {
                    wanted.push((text, types.to_vec()));
                }
            }
            State::Unnamed => {}
        }
        None
    }

    /// Records the result of preparing a statement.
    pub(super) fn set(&self, text: &'static str, types: &[Type], named: Option<tokio_postgres::Statement>) {
        let mut known = self.lock();
        let mut of_text = known.statements.get_mut(&text.into()).into_iter().flatten();
        if let Some(one) = of_text.find(|one| one.types == types) {
            one.state = named.map_or(State::Unnamed, State::Ready);
        }
    }

    /// Statements that became frequent since the last call and are not prepared yet.
    pub(super) fn take_wanted(&self) -> Vec<(&'static str, Vec<Type>)> {
        std::mem::take(&mut self.lock().wanted)
    }

    /// These are to be prepared the next time.
    pub(super) fn want(&self, statements: Vec<(&'static str, Vec<Type>)>) {
        self.lock().wanted.extend(statements);
    }

    fn lock(&self) -> MutexGuard<'_, NamedStatements> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_types_come_together_few_statements_get_a_name() {
        let names = Names {
            mark: String::new(),
            server: String::new(),
            known: Mutex::default(),
            lost: AtomicBool::new(false),
            changing: Changing::default(),
        };
        let patterns = (0..2 * MAX_STATEMENTS).map(|at| {
            let bits =
                (0..usize::BITS).map(|bit| if at >> bit & 1 == 1 { Type::INT8 } else { Type::UNKNOWN });
            bits.collect::<Vec<_>>()
        });
        for types in patterns {
            for _ in 0..OFTEN {
                assert!(names.find("INSERT", &types).is_none());
            }
        }
        let wanted = names.take_wanted();
        assert_eq!(wanted.len(), MAX_STATEMENTS, "of {}", 2 * MAX_STATEMENTS);
        assert_eq!(names.lock().statements.values().map(Vec::len).sum::<usize>(), MAX_STATEMENTS);
    }
}
