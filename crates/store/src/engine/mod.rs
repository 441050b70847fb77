//! The database engines behind one interface: statements go in, rows come out. Code above this folder does not ask
//! which engine it is.

mod audit_trail;
mod migrate;
pub(crate) mod postgres;
mod setting;
mod sql_dialect;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::sync::watch;

use crate::error::StoreError;
use crate::large_bodies::LargeBodies;
use crate::move_state::{MoveState, state_question};
use crate::statement::{Batch, Outcome, Row, Statement, sql};

pub(crate) use migrate::Migration;
pub use migrate::{SchemaRequest, newest as newest_schema};
pub use postgres::{Durability, PostgresFacts, PostgresHost, PostgresOptions, PostgresTls, PostgresUnfit};
pub(crate) use postgres::{Heartbeat, LongSilent};
pub(crate) use setting::{Locks, Promise, Setting};
use setting::{POSTGRES_MARK, SQLITE_FILE};
pub(crate) use sqlite::Options as SqliteOptions;
pub(crate) use sqlite::{Table, tables};
#[cfg(test)]
pub(crate) use sqlite::{empty, run};

/// Rows that are opened and migrated, but not in use yet.
#[derive(Debug)]
pub(crate) enum Opened {
    Sqlite(sqlite::Opened),
    Postgres(Box<postgres::Opened>),
}

/// What the rows say about the bucket when a store is opened.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) some_kept: bool,
    /// Announced by a process that cannot be told from others.
    pub(crate) coming: Vec<String>,
}

/// The engine in use.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Opened {
    /// Opens, creates or migrates the rows.
    pub(crate) fn sqlite(
        folder: &Path,
        options: SqliteOptions,
        migration: &Migration,
    ) -> Result<Self, StoreError> {
        sqlite::Opened::open(folder, options, migration).map(Self::Sqlite)
    }

    /// Connects to the database and migrates its schema.
    pub(crate) fn postgres(
        folder: &Path,
        options: PostgresOptions,
        bodies: &LargeBodies,
        lock_wait: Duration,
        migration: Migration,
    ) -> Result<Self, StoreError> {
        postgres::Opened::open(folder, options, bodies, lock_wait, migration)
            .map(Box::new)
            .map(Self::Postgres)
    }

    /// Waits until nothing that another process began can still be committed. For a process that has the store alone,
    /// before files without a row are taken for leftovers.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        match self {
            // A process's transactions end with it.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(opened) => opened.settle(),
        }
    }

    /// The id that ties rows and bucket together; created on first use.
    pub(crate) fn store_id(&self) -> Result<String, StoreError> {
        match self {
            Self::Sqlite(opened) => opened.store_id(),
            Self::Postgres(opened) => Ok(opened.store_id().to_owned()),
        }
    }

    /// The objects in the bucket, and those being uploaded.
    pub(crate) fn objects(&self) -> Result<Objects, StoreError> {
        let question = sql!("SELECT body, state FROM objects WHERE state <> 'kept' AND state = 'coming' AND life = ''
             UNION ALL SELECT * FROM (SELECT '', state FROM objects WHERE state = 'kept' LIMIT 1) AS kept_ones");
        let rows = match self {
            Self::Sqlite(opened) => opened.ask(&question)?,
            Self::Postgres(opened) => opened.ask(question)?,
        };
        let mut objects = Objects::default();
        for mut row in rows {
            let body = row.text()?;
            match row.text()?.as_str() {
                "kept" => objects.some_kept = true,
                "coming" => objects.coming.push(body),
                _ => return Err(StoreError::Damaged { what: "the state of a body in the bucket" }),
            }
        }
        Ok(objects)
    }

    /// Whether the store is being moved or has been moved.
    pub(crate) fn move_state(&self) -> Result<Option<MoveState>, StoreError> {
        let rows = match self {
            Self::Sqlite(opened) => opened.ask(&state_question())?,
            Self::Postgres(opened) => opened.ask(state_question())?,
        };
        rows.into_iter().next().map(MoveState::read).transpose()
    }

    /// Whether a committed row says that this body is a file.
    pub(crate) fn has_file(&self, body_id: &str) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(opened) => opened.has_file(body_id),
            Self::Postgres(opened) => opened.has_file(body_id),
        }
    }

    /// Whether any process serves, on any machine. Processes that share the folder are seen by their locks.
    pub(crate) fn is_served(&self, long_silent: LongSilent) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(opened) => opened.is_served(long_silent),
        }
    }

    /// Whether the server key is being changed from another folder.
    pub(crate) fn is_rotating(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(opened) => opened.is_rotating(),
        }
    }

    pub(crate) fn start(self, setting: Setting) -> Result<Engine, StoreError> {
        match self {
            Self::Sqlite(opened) => opened.start(setting).map(Engine::Sqlite),
            Self::Postgres(opened) => opened.start(setting).map(Engine::Postgres),
        }
    }
}

impl Engine {
    /// Runs a batch; returns after it is committed as promised, or certainly refused. A caller that stops waiting does
    /// not stop it.
    pub(crate) async fn write(&self, batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.write(batch, promise).await,
            Self::Postgres(engine) => engine.write(batch, promise).await,
        }
    }

    /// Queues a statement to run soon, before anything written after it, without waiting.
    pub(crate) fn write_unhurried(&self, statement: Statement) {
        match self {
            Self::Sqlite(engine) => engine.write_unhurried(statement),
            Self::Postgres(engine) => engine.write_unhurried(statement),
        }
    }

    /// Queues statements that release undelivered leases, possibly of a batch whose outcome is unknown, without
    /// waiting.
    pub(crate) fn give_back(&self, statements: Vec<Statement>) {
        match self {
            Self::Sqlite(engine) => statements.into_iter().for_each(|one| engine.write_unhurried(one)),
            Self::Postgres(engine) => engine.give_back(statements),
        }
    }

    /// Runs queries against one consistent view.
    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.read(statements).await,
            Self::Postgres(engine) => engine.read(statements).await,
        }
    }

    /// Whether it numbers rows after the highest number it ever gave, rather than after the highest that exists.
    pub(crate) fn numbers_by_itself(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) => true,
        }
    }

    /// The signs of life that tell others that this process is alive.
    pub(crate) fn heartbeat(&self) -> Option<&Heartbeat> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(engine) => engine.heartbeat(),
        }
    }

    /// The database's clock, if it has one of its own.
    pub(crate) async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(engine) => engine.clock().await.map(Some),
        }
    }

    /// Takes over from an incarnation that has certainly ended; returns how many legs that releases.
    pub(crate) async fn replace(&self, incarnation: &str) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(0),
            Self::Postgres(engine) => engine.replace(incarnation).await,
        }
    }

    /// True once nothing more can be promised until a restart.
    pub(crate) fn halted(&self) -> watch::Receiver<bool> {
        match self {
            Self::Sqlite(engine) => engine.halted(),
            Self::Postgres(engine) => engine.halted(),
        }
    }

    /// Accepts no further work; what is queued is still done.
    pub(crate) fn stop_taking(&self) {
        match self {
            Self::Sqlite(engine) => engine.stop_taking(),
            Self::Postgres(engine) => engine.stop_taking(),
        }
    }

    /// Waits until all of it is done, after [`Self::stop_taking`]. Returns how many of its threads had already ended.
    pub(crate) async fn ended(&self) -> usize {
        match self {
            Self::Sqlite(engine) => engine.ended().await,
            Self::Postgres(engine) => engine.ended().await,
        }
    }
}
