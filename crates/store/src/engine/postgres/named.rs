//! Statements that one connection knows by name: what comes often is parsed and planned once. Knows no batch.
//!
//! A pool between us and the server may give each transaction to another server process, where a name stands for nothing or
//! for somebody else's statement. So a transaction first executes a statement whose name nobody else has: where that is not
//! there, nothing else of it is done, and from then on no connection uses names.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_mail::{Random as _, SystemRandom};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// A statement that has come so often on a connection gets a name there.
const OFTEN: u32 = 3;

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
    /// Executes what only this server process knows.
    mark: String,
    known: Mutex<Known>,
    /// Not to be used any more.
    lost: AtomicBool,
    changing: Changing,
}

#[derive(Debug, Default)]
struct Known {
    statements: HashMap<&'static str, Vec<Typed>>,
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
    /// Marks the server process behind a new connection. `None`: names are of no use, or it cannot be marked.
    pub(super) async fn begin(client: &Client, changing: &Changing) -> Option<Self> {
        if changing.is_seen() {
            return None;
        }
        let name = format!("sealpost_{}", SystemRandom.id());
        client.batch_execute(&format!("PREPARE {name} AS SELECT 1")).await.ok()?;
        Some(Self {
            mark: format!("; EXECUTE {name}"),
            known: Mutex::default(),
            lost: AtomicBool::new(false),
            changing: changing.clone(),
        })
    }

    /// What a transaction that may use names has to begin with, behind its other words.
    pub(super) fn mark(&self) -> &str {
        &self.mark
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
        let Known { statements, wanted } = &mut *known;
        let of_text = statements.entry(text).or_default();
        let Some(one) = of_text.iter_mut().find(|one| one.types == types) else {
            of_text.push(Typed { types: types.to_vec(), state: State::Seen(1) });
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

    /// What became of the wish for a name.
    pub(super) fn set(&self, text: &'static str, types: &[Type], named: Option<tokio_postgres::Statement>) {
        let mut known = self.lock();
        let mut of_text = known.statements.get_mut(text).into_iter().flatten();
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

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
