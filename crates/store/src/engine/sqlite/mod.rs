//! The SQLite engine: one writer with group commit, a few readers. The only folder that names rusqlite.

mod connection;
mod eraser;
mod migrate;
mod readers;
mod refused;
mod run;
#[cfg(test)]
mod schema_page;
mod tables;
mod work_queue;
mod write_failure;
mod write_job;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot, watch};

use self::connection::{Role, open};
use self::eraser::Eraser;
use self::migrate::bring_forward;
use self::readers::{ReadJob, read_until_closed};
use self::work_queue::Jobs;
use self::write_job::WriteJob;
use self::writer::Writer;
use super::migrate::Migration;
use super::{POSTGRES_MARK, Promise, SQLITE_FILE, Setting};
use crate::error::StoreError;
use crate::file_permissions::Access;
use crate::statement::{Batch, Outcome, Row, Statement, sql};

pub(crate) use self::run::run;
pub(crate) use self::tables::{Table, tables};

/// Callers admitted to the queues of the writer and the readers; further ones wait.
const WRITERS_WAITING: usize = 1024;
const READERS_WAITING: usize = 256;

/// Options for opening.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Reader threads.
    pub(crate) readers: usize,
    /// How long a write waits for another process that keeps the database locked before it is refused as
    /// busy.
    pub(crate) lock_wait: Duration,
}

/// The database file, open and migrated.
#[derive(Debug)]
pub(crate) struct Opened {
    connection: Connection,
    file: PathBuf,
    options: Options,
}

/// Its threads and their queues.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writes: Arc<Jobs<WriteJob>>,
    reads: Arc<Jobs<ReadJob>>,
    writers_waiting: Arc<Semaphore>,
    readers_waiting: Arc<Semaphore>,
    eraser: Arc<Eraser>,
    /// Ends with the writer; true once it can promise nothing more.
    halted: watch::Receiver<bool>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Opened {
    pub(crate) fn open(folder: &Path, options: Options, migration: &Migration) -> Result<Self, StoreError> {
        if folder.join(POSTGRES_MARK).exists() {
            return Err(StoreError::OtherEngine { folder: folder.to_owned(), holds: "PostgreSQL" });
        }
        let file = folder.join(SQLITE_FILE);
        drop(Access::of(folder).file(&file)?);
        let mut connection = open(&file, Role::Writer)?;
        bring_forward(&mut connection, migration)?;
        Ok(Self { connection, file, options })
    }

    pub(crate) fn has_file(&self, body_id: &str) -> Result<bool, StoreError> {
        let question = sql!(
            "SELECT 1 FROM bodies WHERE id = ?1 AND place = 'file'
             AND NOT EXISTS (SELECT 1 FROM objects WHERE body = ?1 AND state = 'kept')",
            body_id
        );
        Ok(!self.ask(&question)?.is_empty())
    }

    pub(crate) fn ask(&self, question: &Statement) -> Result<Vec<Row>, StoreError> {
        Ok(run(&self.connection, question)?.rows)
    }

    /// The counterpart of the id that PostgreSQL shares with its folder.
    pub(crate) fn store_id(&self) -> Result<String, StoreError> {
        for statement in [
            sql!("CREATE TABLE IF NOT EXISTS folder (id TEXT NOT NULL)"),
            sql!(
                "INSERT INTO folder (id) SELECT lower(hex(randomblob(16)))
                 WHERE NOT EXISTS (SELECT 1 FROM folder)"
            ),
        ] {
            run(&self.connection, &statement)?;
        }
        let id = self.ask(&sql!("SELECT id FROM folder"))?.pop();
        id.map_or(Err(StoreError::Damaged { what: "the store's id" }), |mut row| row.text())
    }

    pub(crate) fn start(self, setting: Setting) -> Result<Sqlite, StoreError> {
        let Self { connection, file, options } = self;
        let Setting { files, disk, lock, prover, expense } = setting;
        let (halt, halted) = watch::channel(false);
        let eraser = Arc::new(Eraser::default());
        let (writes, reads) = (Arc::new(Jobs::new()), Arc::new(Jobs::new()));
        let writer =
            Writer::new(connection, Arc::clone(&writes), files, disk, Arc::clone(&eraser), halt, lock)
                .proven_by(prover)
                .telling(expense)
                .waiting(u32::try_from(options.lock_wait.as_millis()).unwrap_or(u32::MAX))?;
        let engine = Sqlite {
            writes,
            reads,
            writers_waiting: Arc::new(Semaphore::new(WRITERS_WAITING)),
            readers_waiting: Arc::new(Semaphore::new(READERS_WAITING)),
            eraser,
            halted,
            workers: Mutex::default(),
        };
        // From here on dropping `engine` ends the threads, even if one of them cannot be started.
        engine.start(&file, "store-writer", move || writer.write_until_closed())?;
        let (eraser, jobs) = (Arc::clone(&engine.eraser), Arc::clone(&engine.writes));
        engine.start(&file, "store-eraser", move || eraser.ask_until_closed(&jobs))?;
        // A killed process may have left deletions in the log.
        engine.eraser.want();
        for _ in 0..options.readers.max(1) {
            let connection = open(&file, Role::Reader { of: options.readers })?;
            let jobs = Arc::clone(&engine.reads);
            engine.start(&file, "store-reader", move || read_until_closed(&connection, &jobs))?;
        }
        Ok(engine)
    }
}

impl Sqlite {
    fn start(&self, file: &Path, name: &str, life: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(life)
            .map_err(|source| StoreError::Path { path: file.to_owned(), source })?;
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    pub(crate) async fn write(&self, batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        let permit =
            Arc::clone(&self.writers_waiting).acquire_owned().await.map_err(|_closed| StoreError::Closed)?;
        let (reply, result) = oneshot::channel();
        let job = WriteJob::Batch { batch: Box::new(batch), promise, reply, permit };
        let pushed = match promise {
            Promise::Durable => self.writes.push(job),
            Promise::Ordered => self.writes.push_soon(job),
        };
        pushed.map_err(|_job| StoreError::Closed)?;
        result.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn write_unhurried(&self, statement: Statement) {
        // If closed, the next process to open the store finds what was not done.
        let _closed = self.writes.push_unhurried(WriteJob::Unhurried(statement));
    }

    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        let permit =
            Arc::clone(&self.readers_waiting).acquire_owned().await.map_err(|_closed| StoreError::Closed)?;
        let (reply, result) = oneshot::channel();
        self.reads.push(ReadJob { statements, reply, permit }).map_err(|_job| StoreError::Closed)?;
        result.await.map_err(|_gone| StoreError::Closed)?
    }

    pub(crate) fn halted(&self) -> watch::Receiver<bool> {
        self.halted.clone()
    }

    pub(crate) fn stop_taking(&self) {
        self.eraser.close();
        self.writes.close();
        self.reads.close();
    }

    pub(crate) async fn ended(&self) -> usize {
        let mut workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::task::spawn_blocking(move || {
            workers.drain(..).map(JoinHandle::join).filter(Result::is_err).count()
        });
        match ended.await {
            Ok(panicked) => panicked,
            Err(error) => {
                tracing::error!(%error, "waiting for the store's threads failed");
                0
            }
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.stop_taking();
    }
}

/// An empty database of the present schema, for tests that examine its tables and indexes.
#[cfg(test)]
pub(crate) fn empty() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut connection).unwrap();
    connection
}
