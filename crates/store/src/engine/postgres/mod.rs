//! The PostgreSQL engine: one transaction per batch on one of several connections; the server groups their flushes. The
//! only folder that names tokio-postgres.
//!
//! It has a runtime of its own: a caller that stops waiting must not leave a transaction half sent, and a store may be
//! opened on one runtime and used on another.

mod batch;
mod begin;
mod commit_outcome;
mod config;
mod deferred;
mod failure;
mod heartbeat;
mod joined;
mod judge;
mod learn;
mod locks;
mod migrate;
mod named;
mod not_flushed;
mod note;
mod pipeline;
mod pool;
mod questions;
mod released_leases;
mod server_error;
mod server_settings;
mod shared;
mod steps;
mod store_folder;
mod tls;
mod together;
mod transaction;
mod unsupported_server;
mod value;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};

use self::batch::Core;
use self::begin::{View, Words};
pub use self::config::{Durability, PostgresHost, PostgresOptions, PostgresTls};
use self::deferred::Unhurried;
use self::failure::Failure;
pub(crate) use self::heartbeat::Heartbeat;
use self::not_flushed::NotFlushed;
use self::pool::{Connections, Connector, discard, lend, lend_in_one_try};
use self::released_leases::ReleasedLeases;
pub use self::server_settings::PostgresFacts;
use self::shared::{Company, Shared};
pub use self::unsupported_server::PostgresUnfit;
use super::migrate::Migration;
use super::{Locks, Promise, Setting};
use crate::error::StoreError;
use crate::large_bodies::LargeBodies;
use crate::node_row::{NodeState, ROTATING};
use crate::own_runtime::OwnRuntime;
use crate::statement::{Batch, Outcome, Row, Statement, sql};

/// Callers admitted to the connections; further ones wait.
const WRITERS_WAITING: usize = 1024;
const READERS_WAITING: usize = 256;

/// How long a statement with no waiting caller waits for others to join it.
const UNHURRIED: Duration = Duration::from_millis(25);

/// How many arrivals share a transaction at most, and how long they wait for each other under load.
const ARRIVALS_TOGETHER: usize = 16;
const ARRIVALS_WAIT: Duration = Duration::from_millis(10);

/// The same for queries.
const QUESTIONS_TOGETHER: usize = 16;
const QUESTIONS_WAIT: Duration = Duration::from_millis(3);

/// The same for ends of legs, and how long the first one waits for others: no caller waits for them.
const ENDS_TOGETHER: usize = 64;
const ENDS_WAIT: Duration = Duration::from_millis(10);

/// Interval between tries to release undelivered leases.
const GIVEN_BACK: Duration = Duration::from_millis(250);

/// Interval of flushing what no caller waited for.
const FLUSHED: Duration = Duration::from_secs(1);

/// Connected, migrated and checked to belong to this folder.
#[derive(Debug)]
pub(crate) struct Opened {
    runtime: OwnRuntime,
    options: PostgresOptions,
    lock_wait: Duration,
    words: Arc<Words>,
    readers: pool::Connections,
    /// The id shared by rows and folder, or bucket.
    store_id: String,
}

/// How to treat processes that gave no sign of life for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongSilent {
    /// They may still be running.
    Counts,
    /// They are ended.
    Ends,
}

/// The engine in use.
#[derive(Debug)]
pub(crate) struct Postgres {
    runtime: OwnRuntime,
    core: Arc<Core>,
    writers_waiting: Arc<Semaphore>,
    readers_waiting: Arc<Semaphore>,
    /// Every operation under way holds a clone; `None`: no new one may begin.
    open: Mutex<Option<mpsc::Sender<()>>>,
    /// Closes when no operation is under way any more.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
    clerk: Mutex<Option<Clerk>>,
    returner: AbortHandle,
    /// Held until the last operation has ended, so that no other process cleans up meanwhile.
    lock: Mutex<Option<Arc<Locks>>>,
    halted: watch::Receiver<bool>,
    /// Never true: a commit that cannot be made durable here may be made so by another server later.
    _never_halts: watch::Sender<bool>,
    life: Option<Life>,
}

/// What a serving process has in addition to a command.
#[derive(Debug)]
struct Life {
    heartbeat: Arc<Heartbeat>,
    /// A single connection: signs of life wait for nothing else.
    pool: Connections,
    beating: AbortHandle,
}

/// A background task for work that no caller waits for; it ends when told to, or when the engine is gone.
#[derive(Debug)]
struct Clerk {
    stop: oneshot::Sender<()>,
    work: JoinHandle<()>,
}

impl Opened {
    pub(crate) fn open(
        folder: &Path,
        options: PostgresOptions,
        bodies: &LargeBodies,
        lock_wait: Duration,
        migration: Migration,
    ) -> Result<Self, StoreError> {
        if !PostgresOptions::is_schema_name(&options.schema) {
            return Err(StoreError::Damaged { what: "a schema's name of small letters, digits and _" });
        }
        let runtime = OwnRuntime::start("store-postgres", folder)?;
        let words =
            Arc::new(Words::new(&options.schema, lock_wait, options.patience, options.durability, None));
        let (folder, bodies, own) = (folder.to_owned(), bodies.clone(), options.clone());
        let said = Arc::clone(&words);
        let (readers, facts, store_id) = runtime.wait_for(async move {
            let readers = Connector::new(&own)?.naming(said).pool(own.readers, own.patience)?;
            let mut connection = lend_in_one_try(&readers).await?;
            let facts = server_settings::ask(&connection.client).await?;
            facts.allow(own.durability)?;
            migrate::migrate(&mut connection.client, &own.schema, &migration).await?;
            let store_id =
                store_folder::belongs(&mut connection.client, &own.schema, &folder, &bodies).await?;
            drop(connection);
            Ok((readers, facts, store_id))
        })?;
        tracing::info!(
            database.version = facts.version,
            database.standbys = facts.synchronous_standbys,
            "rows are in PostgreSQL"
        );
        Ok(Self { runtime, options, lock_wait, words, readers, store_id })
    }

    /// Whether a process serves, or served and did not end cleanly. `long_silent` first ends those that have given no
    /// sign for twice the permitted time: only after the operator has confirmed that all nodes are stopped.
    pub(crate) fn is_served(&self, long_silent: LongSilent) -> Result<bool, StoreError> {
        let (readers, words, patience) =
            (self.readers.clone(), Arc::clone(&self.words), self.options.patience);
        self.runtime.wait_for(async move {
            let connection = lend(&readers, Instant::now() + patience).await?;
            let now = heartbeat::clock(&connection).await?;
            let question =
                sql!("SELECT incarnation, seen_at, silence FROM nodes WHERE incarnation <> ?1", ROTATING);
            let nodes = transaction::read(&connection, &words, &[question], View::Each).await?;
            let mut served = false;
            for mut row in nodes.into_iter().flatten() {
                let (incarnation, seen_at, silence) = (row.text()?, row.int()?, row.int()?);
                let silent = now.0.saturating_sub(seen_at) > silence.saturating_mul(2);
                let ended = match long_silent {
                    LongSilent::Ends if silent => {
                        heartbeat::take_over(&connection, &words, &incarnation, Some(seen_at))
                            .await?
                            .is_some()
                    }
                    LongSilent::Ends | LongSilent::Counts => false,
                };
                served |= !ended;
            }
            Ok(served)
        })
    }

    /// Whether the server key is being changed, perhaps on another machine.
    pub(crate) fn is_rotating(&self) -> Result<bool, StoreError> {
        self.is_there(sql!("SELECT 1 FROM nodes WHERE incarnation = ?1", ROTATING))
    }

    /// A transaction that writes a body's row holds this lock until it ends, even if its process was killed meanwhile.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let (readers, schema, patience) =
            (self.readers.clone(), self.options.schema.clone(), self.options.patience);
        self.runtime.wait_for(async move {
            let mut connection = lend(&readers, Instant::now() + patience).await?;
            let waited = async {
                let wait = connection.client.transaction().await?;
                let words = format!(
                    "SET LOCAL lock_timeout = {}; LOCK TABLE {schema}.bodies IN SHARE MODE",
                    patience.as_millis() * 3
                );
                wait.batch_execute(&words).await?;
                wait.rollback().await
            };
            waited.await.map_err(|error| StoreError::from(Failure::from(error)))
        })
    }

    pub(crate) fn has_file(&self, body_id: &str) -> Result<bool, StoreError> {
        self.is_there(sql!(
            "SELECT 1 FROM bodies WHERE id = ?1 AND place = 'file'
             AND NOT EXISTS (SELECT 1 FROM objects WHERE body = ?1 AND state = 'kept')",
            body_id
        ))
    }

    pub(crate) fn store_id(&self) -> &str {
        &self.store_id
    }

    fn is_there(&self, question: Statement) -> Result<bool, StoreError> {
        Ok(!self.ask(question)?.is_empty())
    }

    pub(crate) fn ask(&self, question: Statement) -> Result<Vec<Row>, StoreError> {
        let (readers, words, patience) =
            (self.readers.clone(), Arc::clone(&self.words), self.options.patience);
        self.runtime.wait_for(async move {
            let connection = lend(&readers, Instant::now() + patience).await?;
            let answers = transaction::read(&connection, &words, &[question], View::Each).await?;
            Ok(answers.into_iter().flatten().collect())
        })
    }

    pub(crate) fn start(self, setting: Setting) -> Result<Postgres, StoreError> {
        let Self { runtime, options, lock_wait, mut words, readers, store_id: _ } = self;
        let life = match &options.node {
            None => None,
            Some(node) => {
                let pool = Connector::new(&options)?.pool(1, options.patience)?;
                let (own, said, node) = (pool.clone(), Arc::clone(&words), node.clone());
                let patience = options.patience;
                let heartbeat = runtime.wait_for(async move {
                    let connection = lend(&own, Instant::now() + patience).await?;
                    match Heartbeat::begin(&connection, &said, &node).await {
                        Ok(heartbeat) => Ok(Arc::new(heartbeat)),
                        Err(error) => {
                            discard(connection);
                            Err(error)
                        }
                    }
                })?;
                let fence = heartbeat::fence(&options.schema, heartbeat.incarnation());
                words = Arc::new(Words::new(
                    &options.schema,
                    lock_wait,
                    options.patience,
                    options.durability,
                    Some(&fence),
                ));
                let beating = runtime.spawn(Arc::clone(&heartbeat).beat(pool.clone(), Arc::clone(&words)));
                Some(Life { heartbeat, pool, beating: beating.abort_handle() })
            }
        };
        let writers =
            Connector::new(&options)?.naming(Arc::clone(&words)).pool(options.writers, options.patience)?;
        let core = Arc::new(Core {
            writers,
            readers,
            words,
            unhurried: Unhurried::default(),
            not_flushed: NotFlushed::default(),
            given_back: ReleasedLeases::default(),
            arrivals: Shared::new(options.writers / 5, ARRIVALS_TOGETHER, Company::InCrowd(ARRIVALS_WAIT)),
            questions: Shared::new(options.readers, QUESTIONS_TOGETHER, Company::InCrowd(QUESTIONS_WAIT)),
            ends: Shared::new(1, ENDS_TOGETHER, Company::IfLast(ENDS_WAIT)),
            files: setting.files,
            patience: options.patience,
            prover: setting.prover,
            expense: setting.expense,
        });
        let (open, ended) = mpsc::channel(1);
        let (never, halted) = watch::channel(false);
        let (stop, mut stopped) = oneshot::channel();
        let clerk = Arc::clone(&core);
        let work = runtime.spawn(async move {
            let mut flushed = tokio::time::interval(FLUSHED);
            flushed.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _told = &mut stopped => return,
                    () = clerk.unhurried.some.notified() => {
                        tokio::time::sleep(UNHURRIED).await;
                        clerk.flush().await;
                    }
                    _tick = flushed.tick() => clerk.see_flushed().await,
                }
            }
        });
        // A task of its own: leases to be released turn up while others wait for the standby.
        let returner = Arc::clone(&core);
        let returner = runtime.spawn(async move {
            loop {
                returner.given_back.some.notified().await;
                while !returner.given_back.is_empty() {
                    returner.give_back().await;
                    tokio::time::sleep(GIVEN_BACK).await;
                }
            }
        });
        Ok(Postgres {
            runtime,
            core,
            writers_waiting: Arc::new(Semaphore::new(WRITERS_WAITING)),
            readers_waiting: Arc::new(Semaphore::new(READERS_WAITING)),
            open: Mutex::new(Some(open)),
            ended: tokio::sync::Mutex::new(ended),
            clerk: Mutex::new(Some(Clerk { stop, work })),
            returner: returner.abort_handle(),
            lock: Mutex::new(Some(setting.lock)),
            halted,
            _never_halts: never,
            life,
        })
    }
}

impl Postgres {
    fn begin(&self) -> Result<mpsc::Sender<()>, StoreError> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    pub(crate) async fn write(&self, batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        let deadline = Instant::now() + self.core.patience;
        let permit = turn(&self.writers_waiting, deadline).await?;
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let work = self.runtime.spawn(async move {
            let _held = (at_work, permit);
            let (aside, begun) = (batch.aside, Instant::now());
            let outcome = core.write(batch, promise, deadline).await;
            // The server's work and the round trip; how much of it was for others, only the server knows.
            if aside {
                core.expense.note_ran(begun.elapsed());
            }
            outcome
        });
        work.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn write_unhurried(&self, statement: Statement) {
        // If closed, the next process to open the store finds what was not done.
        if self.begin().is_ok() {
            self.core.unhurried.push(statement);
        }
    }

    /// Tries until it is certain that no lease is left.
    pub(crate) fn give_back(&self, statements: Vec<Statement>) {
        // If closed, the next process to open the store releases what this process had leased.
        if self.begin().is_ok() {
            self.core.given_back.add(statements, Instant::now());
        }
    }

    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        let deadline = Instant::now() + self.core.patience;
        let permit = turn(&self.readers_waiting, deadline).await?;
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let work = self.runtime.spawn(async move {
            let _held = (at_work, permit);
            core.read(statements, deadline).await
        });
        work.await.map_err(|_gone| StoreError::Closed)?
    }

    /// The signs of life of this process; a command has none.
    pub(crate) fn heartbeat(&self) -> Option<&Heartbeat> {
        self.life.as_ref().map(|life| &*life.heartbeat)
    }

    /// The database's time.
    pub(crate) async fn clock(&self) -> Result<Timestamp, StoreError> {
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let asked = self.runtime.spawn(async move {
            let _held = at_work;
            heartbeat::clock(&*lend(&core.readers, Instant::now() + core.patience).await?).await
        });
        asked.await.map_err(|_gone| StoreError::Closed)?
    }

    /// Takes over from an incarnation that has certainly ended; returns how many legs that releases.
    pub(crate) async fn replace(&self, incarnation: &str) -> Result<usize, StoreError> {
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let incarnation = incarnation.to_owned();
        let replaced = self.runtime.spawn(async move {
            let _held = at_work;
            let connection = lend(&core.writers, Instant::now() + core.patience).await?;
            let taken = heartbeat::take_over(&connection, &core.words, &incarnation, None);
            match connection.whole(taken).await {
                Ok(freed) => Ok(freed.unwrap_or_default()),
                Err(failure) => {
                    discard(connection);
                    Err(failure.into())
                }
            }
        });
        replaced.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn halted(&self) -> watch::Receiver<bool> {
        self.halted.clone()
    }

    pub(crate) fn stop_taking(&self) {
        self.writers_waiting.close();
        self.readers_waiting.close();
        drop(self.open.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// To be called after [`Self::stop_taking`].
    pub(crate) async fn ended(&self) -> usize {
        while self.ended.lock().await.recv().await.is_some() {}
        self.returner.abort();
        let core = Arc::clone(&self.core);
        // If aborted it would forget what it is about to repeat.
        let clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Clerk { stop, mut work }) = clerk {
            let _ended_before = stop.send(());
            if timeout(core.patience, &mut work).await.is_err() {
                work.abort();
            }
        }
        let life = self.life.as_ref();
        let life = life.map(|life| (Arc::clone(&life.heartbeat), life.pool.clone(), life.beating.clone()));
        let last = self.runtime.spawn(async move {
            core.flush().await;
            let state = life.as_ref().map_or(NodeState::Active, |(heartbeat, ..)| heartbeat.node_state());
            // If it is not known to be flushed, delivered legs stay leased to us: no other process may get them at
            // once.
            let flushed = match state {
                NodeState::Active => core.see_all_flushed().await,
                NodeState::Silent | NodeState::Replaced => true,
            };
            if let Some((heartbeat, pool, beating)) = life {
                beating.abort();
                pool.close();
                match flushed {
                    true => core.give_up(&heartbeat).await,
                    false => tracing::warn!(
                        "the other nodes will detect by its silence that this node has ended: not every end was flushed"
                    ),
                }
            }
            core.writers.close();
            core.readers.close();
        });
        let panicked = usize::from(last.await.is_err());
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        panicked
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop_taking();
    }
}

/// Admission to the connections.
async fn turn(waiting: &Arc<Semaphore>, deadline: Instant) -> Result<OwnedSemaphorePermit, StoreError> {
    match timeout_at(deadline, Arc::clone(waiting).acquire_owned()).await {
        Ok(turn) => turn.map_err(|_closed| StoreError::Closed),
        Err(_late) => Err(Failure::late("waiting for a turn").into()),
    }
}
