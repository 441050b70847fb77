//! The writer: many callers' batches, each in its savepoint, one commit, then the replies (group commit).
//!
//! Nobody is told anything before the commit, not even a refusal: what it refers to may be a row of
//! the same commit.

use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Jobs, run};
use crate::body::StoredBody;
use crate::error::StoreError;
use crate::files::Files;
use crate::statement::{Answer, Batch, Expect, Outcome, Refusal, Row, Statement, sql};

/// Batches in one commit at most. More would only make the first ones wait.
const GROUP: usize = 256;

/// Work for the writer.
#[derive(Debug)]
pub(crate) enum WriteJob {
    /// Somebody waits for this.
    Batch {
        batch: Batch,
        reply: oneshot::Sender<Result<Outcome, StoreError>>,
        /// The place in the queue.
        permit: OwnedSemaphorePermit,
    },
    /// Nobody waits for this.
    Unhurried(Statement),
}

/// The writer thread's own things.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    jobs: Arc<Jobs<WriteJob>>,
    files: Arc<Files>,
    /// Held until the last commit, so that nobody cleans up under our hands.
    _lock: Arc<std::fs::File>,
    halted: bool,
}

/// A batch that has run, but is not committed.
struct Ran {
    result: Result<Done, StoreError>,
    bodies: Vec<StoredBody>,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
    permit: OwnedSemaphorePermit,
}

struct Done {
    outcome: Outcome,
    freed: Vec<String>,
}

/// What became of a group.
enum Fate {
    Committed,
    /// Certainly not kept.
    RolledBack(String),
    /// The commit itself failed: the disk may hold it or not.
    Uncertain(String),
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        jobs: Arc<Jobs<WriteJob>>,
        files: Arc<Files>,
        lock: Arc<std::fs::File>,
    ) -> Self {
        Self { connection, jobs, files, _lock: lock, halted: false }
    }

    /// The life of the writer thread.
    pub(crate) fn write_until_closed(mut self) {
        while let Some(group) = self.jobs.take(GROUP) {
            self.commit_group(group);
        }
        // Tidy, not necessary: the next open would replay the log.
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "checkpoint at close failed");
        }
    }

    fn commit_group(&mut self, group: Vec<WriteJob>) {
        let mut ran = Vec::with_capacity(group.len());
        let fate = self.run_group(group, &mut ran);
        let halted = self.halted;
        let fail = |reason: &str| match halted {
            true => StoreError::Halted,
            false => StoreError::NotKept { reason: reason.to_owned() },
        };
        match fate {
            Fate::Committed => {
                for Ran { result, bodies, reply, permit } in ran {
                    let result = result.map(|done| {
                        // A refused batch leaves its bodies to whoever tries again, or to their last clone.
                        if let Outcome::Kept(_) = done.outcome {
                            bodies.iter().for_each(StoredBody::settle);
                        }
                        done.freed.into_iter().for_each(|id| self.files.remove_later(id));
                        done.outcome
                    });
                    let _ = reply.send(result);
                    drop(permit);
                }
            }
            Fate::RolledBack(reason) => {
                for Ran { result, reply, .. } in ran {
                    self.keep_files(result);
                    let _ = reply.send(Err(fail(&reason)));
                }
            }
            Fate::Uncertain(reason) => {
                for Ran { result, bodies, reply, .. } in ran {
                    self.keep_files(result);
                    // Should the rows be there after all, their files must be too; if not, the next open
                    // removes them.
                    bodies.iter().for_each(StoredBody::settle);
                    let _ = reply.send(Err(fail(&reason)));
                }
            }
        }
    }

    /// The rows that would have freed these files are still there.
    fn keep_files(&self, result: Result<Done, StoreError>) {
        for id in result.map(|done| done.freed).unwrap_or_default() {
            self.files.set_settled(&id);
        }
    }

    /// Runs every batch of the group in one transaction and commits. Every batch ends up in `ran`.
    fn run_group(&mut self, group: Vec<WriteJob>, ran: &mut Vec<Ran>) -> Fate {
        let mut fallen = match self.halted {
            true => Some("halted".to_owned()),
            false => self.execute("BEGIN IMMEDIATE").err().map(|error| error.to_string()),
        };
        for job in group {
            match job {
                WriteJob::Unhurried(statement) => {
                    if fallen.is_none()
                        && let Err(error) = run(&self.connection, &statement)
                    {
                        tracing::warn!(%error, "an unhurried statement failed");
                    }
                }
                WriteJob::Batch { batch: Batch { statements, bodies }, reply, permit } => {
                    let result = match &fallen {
                        Some(reason) => Err(StoreError::NotKept { reason: reason.clone() }),
                        None => self.run_batch(&statements),
                    };
                    ran.push(Ran { result, bodies, reply, permit });
                }
            }
            // Some errors (disk full, I/O) end the whole transaction, not only the savepoint.
            if fallen.is_none() && self.connection.is_autocommit() {
                fallen = Some("the transaction was rolled back".to_owned());
            }
        }
        if let Some(reason) = fallen {
            tracing::error!(reason, "a group of writes was rolled back");
            return Fate::RolledBack(reason);
        }
        match self.execute("COMMIT") {
            Ok(()) => Fate::Committed,
            Err(error) => self.after_failed_commit(&error),
        }
    }

    fn after_failed_commit(&mut self, error: &rusqlite::Error) -> Fate {
        // After a failed fsync the kernel may have dropped what it could not write and report success the
        // next time: nothing can be promised any more in this process.
        if matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ) {
            self.halted = true;
        }
        tracing::error!(%error, halted = self.halted, "commit failed");
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            self.halted = true;
            tracing::error!(%error, "rollback failed");
        }
        Fate::Uncertain(error.to_string())
    }

    /// One batch in its savepoint.
    fn run_batch(&self, statements: &[Statement]) -> Result<Done, StoreError> {
        self.execute("SAVEPOINT batch")?;
        match self.run_statements(statements) {
            Ok(Ok((answers, freed))) => {
                self.execute("RELEASE batch")?;
                // Before the commit: from then on they are files without rows.
                freed.iter().for_each(|id| self.files.set_moving(id));
                Ok(Done { outcome: Outcome::Kept(answers), freed })
            }
            Ok(Err(refusal)) => {
                self.undo_batch();
                Ok(Done { outcome: Outcome::Refused(refusal), freed: Vec::new() })
            }
            Err(error) => {
                self.undo_batch();
                Err(error)
            }
        }
    }

    /// Takes one batch back; if that fails, the whole transaction, which the caller notices.
    fn undo_batch(&self) {
        if self.connection.is_autocommit() {
            return;
        }
        let undone = self.execute("ROLLBACK TO batch").and_then(|()| self.execute("RELEASE batch"));
        if let Err(error) = undone {
            tracing::error!(%error, "a batch could not be taken back");
            if let Err(error) = self.execute("ROLLBACK") {
                tracing::error!(%error, "rollback failed");
            }
        }
    }

    fn run_statements(
        &self,
        statements: &[Statement],
    ) -> Result<Result<(Vec<Answer>, Vec<String>), Refusal>, StoreError> {
        let mut answers = Vec::with_capacity(statements.len());
        let mut freed = Vec::new();
        for statement in statements {
            let mut answer = run(&self.connection, statement)?;
            match statement.expect {
                Expect::Anything => {}
                Expect::One(refusal) if answer.affected != 1 => return Ok(Err(refusal)),
                Expect::One(_) => {}
                Expect::FreedBodies => {
                    for row in std::mem::take(&mut answer.rows) {
                        freed.extend(freed_file(row)?);
                    }
                }
            }
            answers.push(answer);
        }
        Ok(Ok((answers, freed)))
    }

    fn execute(&self, text: &'static str) -> rusqlite::Result<()> {
        run(&self.connection, &sql!(text)).map(drop)
    }
}

fn freed_file(mut row: Row) -> Result<Option<String>, StoreError> {
    let id = row.text()?;
    Ok((row.text()? == "file").then_some(id))
}
