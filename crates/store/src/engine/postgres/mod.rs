//! PostgreSQL behind the seam: a transaction for each batch on one of several connections; the server joins their
//! flushes. The only folder that names tokio-postgres.
//!
//! It lives on a runtime of its own: a caller that stops waiting must not leave a transaction half said, and one runtime
//! may open what another works with.

mod batch;
mod begin;
mod commit_outcome;
mod config;
mod deferred;
mod failure;
mod locks;
mod migrate;
mod pipeline;
mod pool;
mod runtime;
pub(crate) mod server_error;
mod server_settings;
mod store_folder;
mod tls;
mod transaction;
pub(crate) mod unsupported_server;
mod value;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::batch::Core;
use self::begin::Words;
pub use self::config::{Durability, PostgresHost, PostgresOptions, PostgresTls};
use self::deferred::Unhurried;
use self::failure::Failure;
use self::pool::{Connector, lend};
use self::runtime::OwnRuntime;
pub use self::server_settings::PostgresFacts;
pub use self::unsupported_server::PostgresUnfit;
use super::{Promise, Setting};
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Row, Statement, sql};

/// How many callers may stand in front of the connections; the others wait.
const WRITERS_WAITING: usize = 1024;
const READERS_WAITING: usize = 256;

/// How long a statement that nobody waits for waits for company.
const UNHURRIED: Duration = Duration::from_millis(25);

/// Reached, migrated, and of this folder.
#[derive(Debug)]
pub(crate) struct Opened {
    runtime: OwnRuntime,
    options: PostgresOptions,
    words: Arc<Words>,
    readers: pool::Connections,
}

/// The one that works.
#[derive(Debug)]
pub(crate) struct Postgres {
    runtime: OwnRuntime,
    core: Arc<Core>,
    writers_waiting: Arc<Semaphore>,
    readers_waiting: Arc<Semaphore>,
    /// Everybody who is at work holds a clone; `None`: nobody may begin.
    open: Mutex<Option<mpsc::Sender<()>>>,
    /// Ends when nobody is at work any more.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
    clerk: AbortHandle,
    /// Until the last of them has ended, so that nobody cleans up under our hands.
    lock: Mutex<Option<Arc<File>>>,
    halted: watch::Receiver<bool>,
    /// What cannot be made certain here is another server's tomorrow.
    _never_halts: watch::Sender<bool>,
}

impl Opened {
    pub(crate) fn open(
        folder: &Path,
        options: PostgresOptions,
        lock_wait: Duration,
    ) -> Result<Self, StoreError> {
        if !PostgresOptions::is_schema_name(&options.schema) {
            return Err(StoreError::Damaged { what: "a schema's name of small letters, digits and _" });
        }
        let runtime = OwnRuntime::start(folder)?;
        let words = Arc::new(Words::new(&options.schema, lock_wait, options.patience, options.durability));
        let (folder, wish) = (folder.to_owned(), options.clone());
        let (readers, facts) = runtime.wait_for(async move {
            let readers = Connector::new(&wish)?.pool(wish.readers, wish.patience)?;
            let mut connection = lend(&readers, Instant::now()).await?;
            let facts = server_settings::ask(&connection.client).await?;
            facts.allow(wish.durability)?;
            migrate::migrate(&mut connection.client, &wish.schema).await?;
            store_folder::belongs(&mut connection.client, &wish.schema, &folder).await?;
            drop(connection);
            Ok((readers, facts))
        })?;
        tracing::info!(
            database.version = facts.version,
            database.standbys = facts.synchronous_standbys,
            "rows are in PostgreSQL"
        );
        Ok(Self { runtime, options, words, readers })
    }

    /// Whoever writes a body's row holds this until it is kept or not, also if its process was killed meanwhile.
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
        let question = sql!("SELECT 1 FROM bodies WHERE id = ?1 AND place = 'file'", body_id);
        let (readers, words, patience) =
            (self.readers.clone(), Arc::clone(&self.words), self.options.patience);
        self.runtime.wait_for(async move {
            let connection = lend(&readers, Instant::now() + patience).await?;
            let answers = transaction::read(&connection, &words, &[question]).await?;
            Ok(answers.into_iter().any(|rows| !rows.is_empty()))
        })
    }

    pub(crate) fn start(self, setting: Setting) -> Result<Postgres, StoreError> {
        let Self { runtime, options, words, readers } = self;
        let writers = Connector::new(&options)?.pool(options.writers, options.patience)?;
        let core = Arc::new(Core {
            writers,
            readers,
            words,
            unhurried: Unhurried::default(),
            files: setting.files,
            patience: options.patience,
            replicated: options.durability == Durability::Replicated,
            prover: setting.prover,
        });
        let (open, ended) = mpsc::channel(1);
        let (never, halted) = watch::channel(false);
        let clerk = Arc::clone(&core);
        let clerk = runtime.spawn(async move {
            loop {
                clerk.unhurried.some.notified().await;
                tokio::time::sleep(UNHURRIED).await;
                clerk.flush().await;
            }
        });
        Ok(Postgres {
            runtime,
            core,
            writers_waiting: Arc::new(Semaphore::new(WRITERS_WAITING)),
            readers_waiting: Arc::new(Semaphore::new(READERS_WAITING)),
            open: Mutex::new(Some(open)),
            ended: tokio::sync::Mutex::new(ended),
            clerk: clerk.abort_handle(),
            lock: Mutex::new(Some(setting.lock)),
            halted,
            _never_halts: never,
        })
    }
}

impl Postgres {
    fn begin(&self) -> Result<mpsc::Sender<()>, StoreError> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    pub(crate) async fn write(&self, batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        let waiting = Arc::clone(&self.writers_waiting);
        let permit = waiting.acquire_owned().await.map_err(|_closed| StoreError::Closed)?;
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let work = self.runtime.spawn(async move {
            let _held = (at_work, permit);
            core.write(batch, promise).await
        });
        work.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn write_unhurried(&self, statement: Statement) {
        // Closed: whoever opens the store next finds what was not done.
        if self.begin().is_ok() {
            self.core.unhurried.push(statement);
        }
    }

    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        let waiting = Arc::clone(&self.readers_waiting);
        let permit = waiting.acquire_owned().await.map_err(|_closed| StoreError::Closed)?;
        let (at_work, core) = (self.begin()?, Arc::clone(&self.core));
        let work = self.runtime.spawn(async move {
            let _held = (at_work, permit);
            core.read(statements).await
        });
        work.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn halted(&self) -> watch::Receiver<bool> {
        self.halted.clone()
    }

    pub(crate) fn stop_taking(&self) {
        self.writers_waiting.close();
        self.readers_waiting.close();
        drop(self.open.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// After [`Self::stop_taking`].
    pub(crate) async fn ended(&self) -> usize {
        while self.ended.lock().await.recv().await.is_some() {}
        self.clerk.abort();
        let core = Arc::clone(&self.core);
        let last = self.runtime.spawn(async move {
            core.flush().await;
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
