//! Statements that one connection knows by name: what comes often is parsed and planned once. Knows no batch.
//!
//! A pool between us and the server may give each transaction to another server process, where a name stands for nothing or
//! for somebody else's statement. So a transaction first executes what it is to begin with, under a name that nobody else has:
//! where that is not there, nothing else of it is done, and from then on no connection uses names.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_mail::{Random as _, SystemRandom};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::begin::{Mark, Opening};
use crate::engine::sql_dialect::TextId;

/// Which server this is, behind whatever pool: none is started at the same moment as another.
pub(super) const SERVER: &str = "SELECT pg_catalog.pg_postmaster_start_time()::text";

/// A statement that has come so often on a connection gets a name there.
const OFTEN: u32 = 3;

/// So many statements are counted on a connection, and so many have a name at most: a name costs the server's process a plan for as
/// long as the connection lives, and which types come together is up to what letters bring.
const MAX_STATEMENTS: usize = 512;

/// Whether server processes are changed between transactions; known to all connections of a pool.
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

/// The names of one connection.
#[derive(Debug)]
pub(super) struct Names {
    /// What only this server process knows begins with this.
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
    /// How many these are.
    count: usize,
    /// Those to be given a name.
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
    /// So often.
    Seen(u32),
    Ready(tokio_postgres::Statement),
    /// The server gave it no name.
    Unnamed,
}

impl Names {
    /// Marks the server process behind a new connection by what transactions begin with. `None`: names are of no use, or it
    /// cannot be marked.
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
        // Whoever knows the marks is a process of this server.
        let server = client.query_typed(SERVER, &[]).await.ok()?.first()?.try_get(0).ok()?;
        Some(Self {
            mark,
            server,
            known: Mutex::default(),
            lost: AtomicBool::new(false),
            changing: changing.clone(),
        })
    }

    /// What a transaction that may use names has to begin with.
    pub(super) fn begun_with(&self, opening: Opening<'_>) -> String {
        let mut words = opening.begin.to_owned();
        for mark in opening.marks {
            words.extend(["; EXECUTE ", &self.mark, "_", mark.as_str()]);
        }
        words
    }

    /// The words of a transaction of its own.
    pub(super) fn execute(&self, mark: Mark) -> String {
        format!("EXECUTE {}_{}", self.mark, mark.as_str())
    }

    /// When the server was started of a transaction that began with [`Self::begun_with`].
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn are_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) || self.changing.is_seen()
    }

    /// The server does not know them any more.
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

    /// The statement's name, if it has one; counts that it came.
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

    /// What became of the request for a name.
    pub(super) fn set(&self, text: &'static str, types: &[Type], named: Option<tokio_postgres::Statement>) {
        let mut known = self.lock();
        let mut of_text = known.statements.get_mut(&text.into()).into_iter().flatten();
        if let Some(one) = of_text.find(|one| one.types == types) {
            one.state = named.map_or(State::Unnamed, State::Ready);
        }
    }

    /// What has come often since this was asked last, and has no name yet.
    pub(super) fn take_wanted(&self) -> Vec<(&'static str, Vec<Type>)> {
        std::mem::take(&mut self.lock().wanted)
    }

    /// These are to be given a name the next time.
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
