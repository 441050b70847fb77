//! The writer: many callers' batches, each in its savepoint, one commit, then the replies (group commit).
//!
//! No caller is told anything before the commit, not even a refusal: what it refers to may be a row of the same commit.
//! After a commit of uncertain outcome it halts and promises nothing more.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::super::{Locks, Promise, audit_trail};
use super::connection::BUSY_TIMEOUT;
use super::eraser::{Eraser, erases};
use super::run;
use super::work_queue::{Jobs, Linger};
use super::write_failure::WriteFailure;
use super::write_job::WriteJob;
use crate::audit_proof::AuditProver;
use crate::disk::{Disk, WriteRefusal};
use crate::error::StoreError;
use crate::expense::{Expense, Stopwatch};
use crate::files::Files;
use crate::row_proof::Proving;
use crate::statement::{
    Batch, Expect, Outcome, RECEIVERS, Refusal, Row, Settle, Statement, StatementResult, sql,
};

/// Batches per commit at most. More would only delay the first ones.
const GROUP: usize = 256;

/// How long emptying the log waits for readers, milliseconds.
const READERS: u32 = 100;

/// Once another process has kept the database locked for the full time, a write waits this fraction of it: callers
/// meanwhile are answered soon.
const STILL_LOCKED: u32 = 50;

/// The promise that a group needs.
fn promise_of(group: &[WriteJob]) -> Promise {
    if group.iter().any(WriteJob::is_durable) { Promise::Durable } else { Promise::Ordered }
}

/// State of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    jobs: Arc<Jobs<WriteJob>>,
    files: Arc<Files>,
    disk: Arc<Disk>,
    /// Proves rows of the audit trail.
    prover: Option<Arc<dyn AuditProver>>,
    /// Held until the last commit: no other process removes files that are not committed yet.
    _lock: Arc<Locks>,
    eraser: Arc<Eraser>,
    /// This group deletes data that must not stay in the log.
    erased: bool,
    /// The log is to be emptied after this group.
    empty_log: bool,
    /// How long it waits for other processes at present, milliseconds.
    patience: u32,
    /// How long it waits for them initially, milliseconds.
    lock_wait: u32,
    /// True once nothing more can be promised.
    halted: watch::Sender<bool>,
    /// How many durable batches were in the last durable commit.
    last_group: usize,
    /// The promise that the connection is set to.
    promise: Promise,
    /// Files whose rows are removed, but perhaps not durably.
    not_yet_freed: Vec<String>,
    /// Told what batches that have no waiting caller cost.
    expense: Arc<Expense>,
    /// What such batches of this group have cost.
    aside: Option<Duration>,
    /// Such a batch has been written since the log was last emptied.
    log_is_asides: bool,
}

/// A batch that has run, but is not committed.
struct Ran {
    result: Result<Done, StoreError>,
    settles: Vec<Arc<dyn Settle>>,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
    permit: OwnedSemaphorePermit,
}

struct Done {
    outcome: Outcome,
    freed: Vec<String>,
}

/// Outcome of a group.
enum Fate {
    Committed,
    /// Certainly rolled back.
    RolledBack(String),
    /// The commit itself failed: it may be on disk or not.
    Uncertain(String),
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        jobs: Arc<Jobs<WriteJob>>,
        files: Arc<Files>,
        disk: Arc<Disk>,
        eraser: Arc<Eraser>,
        halted: watch::Sender<bool>,
        lock: Arc<Locks>,
    ) -> Self {
        Self {
            connection,
            jobs,
            files,
            disk,
            eraser,
            prover: None,
            erased: false,
            empty_log: false,
            _lock: lock,
            patience: BUSY_TIMEOUT,
            lock_wait: BUSY_TIMEOUT,
            halted,
            last_group: 0,
            promise: Promise::Durable,
            not_yet_freed: Vec::new(),
            expense: Arc::default(),
            aside: None,
            log_is_asides: false,
        }
    }

    /// Sets how long it waits for other processes, milliseconds.
    pub(crate) fn waiting(mut self, lock_wait: u32) -> rusqlite::Result<Self> {
        self.wait_for_others(lock_wait)?;
        (self.patience, self.lock_wait) = (lock_wait, lock_wait);
        Ok(self)
    }

    /// Sets what proves rows of the audit trail.
    pub(crate) fn proven_by(self, prover: Option<Arc<dyn AuditProver>>) -> Self {
        Self { prover, ..self }
    }

    /// Sets who is told the cost of batches without a waiting caller.
    pub(crate) fn telling(self, expense: Arc<Expense>) -> Self {
        Self { expense, ..self }
    }

    /// The writer thread's main loop.
    pub(crate) fn write_until_closed(mut self) {
        while let Some(group) = self.jobs.take(GROUP) {
            self.commit_group(group);
            if std::mem::take(&mut self.erased) {
                self.eraser.want();
            }
            if std::mem::take(&mut self.empty_log) {
                let begun = Stopwatch::begin();
                self.empty_log();
                // Others share it, but without ours there would be little to copy.
                if std::mem::take(&mut self.log_is_asides) {
                    self.expense.note_aside(begun.elapsed());
                }
            }
        }
        // Tidy, not necessary: the next open would replay the log.
        match self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            Ok(()) => self.not_yet_freed.drain(..).for_each(|id| self.files.remove_later(id)),
            // If this fails, the next open removes files that have no row.
            Err(error) => tracing::warn!(%error, "checkpoint at close failed"),
        }
    }

    /// Copies the log into the database and truncates it. If a reader is in the way, it is done later.
    fn empty_log(&self) {
        let emptied = self.wait_for_others(READERS).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        });
        if let Err(error) = self.wait_for_others(self.patience) {
            tracing::warn!(%error, "the busy timeout of the database could not be reset");
        }
        match emptied {
            Ok(0) => {}
            Ok(_readers) => self.eraser.want(),
            Err(error) => {
                tracing::warn!(%error, "the log could not be emptied of what was deleted; trying again");
                self.eraser.want();
            }
        }
    }

    /// Sets the wait, in milliseconds.
    fn wait_for_others(&self, ms: u32) -> rusqlite::Result<()> {
        self.connection.execute_batch(&format!("PRAGMA busy_timeout = {ms}"))
    }

    /// Must not be called within a transaction.
    fn set_promise(&mut self, promise: Promise) -> rusqlite::Result<()> {
        if self.promise != promise {
            self.connection.execute_batch(match promise {
                Promise::Durable => "PRAGMA synchronous = FULL",
                // In WAL mode: no fsync at commit, order kept (sqlite.org/pragma.html#pragma_synchronous).
                Promise::Ordered => "PRAGMA synchronous = NORMAL",
            })?;
            self.promise = promise;
        }
        Ok(())
    }

    fn commit_group(&mut self, group: Vec<WriteJob>) {
        let mut ran = Vec::with_capacity(group.len());
        let fate = self.run_group(group, &mut ran);
        let halted = self.is_halted();
        let fail = |reason: &str| match halted {
            true => StoreError::Halted,
            false => StoreError::NotKept { reason: reason.to_owned() },
        };
        match fate {
            Fate::Committed => {
                if self.promise == Promise::Durable {
                    self.not_yet_freed.drain(..).for_each(|id| self.files.remove_later(id));
                }
                for Ran { result, settles, reply, permit } in ran {
                    let result = result.map(|done| {
                        // A refused batch leaves its bodies to a retry, or to their last clone.
                        if let Outcome::Kept(_) = done.outcome {
                            settles.iter().for_each(|one| one.settle());
                        }
                        match self.promise {
                            Promise::Durable => {
                                done.freed.into_iter().for_each(|id| self.files.remove_later(id));
                            }
                            Promise::Ordered => self.not_yet_freed.extend(done.freed),
                        }
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
                for Ran { result, settles, reply, .. } in ran {
                    self.keep_files(result);
                    // If the rows are there after all, their files must be too; if not, the next open removes them.
                    settles.iter().for_each(|one| one.settle());
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
        let promise = promise_of(&group);
        let mut fallen = match self.is_halted() {
            true => Some("halted".to_owned()),
            false => {
                self.begin(promise).err().map(|error| self.fail(&error, "a transaction could not begin"))
            }
        };
        let mut next = group;
        let mut durable = 0_usize;
        while !next.is_empty() {
            for job in next {
                durable += usize::from(job.is_durable());
                self.run_job(job, ran, &mut fallen);
            }
            // A batch that needs a stronger promise must not join this commit.
            if promise == Promise::Ordered {
                break;
            }
            // Callers come back together after a commit, but not at the same instant: wait a moment for as many as the
            // last time, or most of them would miss this fsync.
            let is_short = fallen.is_none() && durable < self.last_group;
            let linger = if is_short { Linger::ForOne } else { Linger::No };
            next = self.jobs.take_more(GROUP.saturating_sub(durable), linger);
        }
        if promise == Promise::Durable {
            self.last_group = durable;
        }
        if let Some(reason) = fallen {
            self.aside = None;
            tracing::debug!(reason, "a group of writes was rolled back");
            return Fate::RolledBack(reason);
        }
        let begun = Stopwatch::begin();
        let committed = self.execute("COMMIT");
        if let Some(aside) = self.aside.take() {
            self.expense.note_ran(aside);
            // If others are in the group, the cost would have been theirs anyway.
            if ran.len() == 1 {
                self.expense.note_aside(begun.elapsed());
            }
        }
        match committed {
            Ok(()) => Fate::Committed,
            Err(error) => self.after_failed_commit(&error),
        }
    }

    fn run_job(&mut self, job: WriteJob, ran: &mut Vec<Ran>, fallen: &mut Option<String>) {
        match job {
            WriteJob::EmptyLog => self.empty_log = true,
            WriteJob::Unhurried(statement) => {
                self.erased |= erases(statement.sql);
                if fallen.is_none()
                    && let Err(error) = run(&self.connection, &statement)
                {
                    tracing::warn!(%error, "an unhurried statement failed");
                }
            }
            WriteJob::Batch { mut batch, promise: _, reply, permit } => {
                let settles = std::mem::take(&mut batch.settles);
                self.erased |= batch.statements.iter().any(|statement| erases(statement.sql));
                let begun = Stopwatch::begin();
                let result = match &fallen {
                    Some(reason) => Err(StoreError::NotKept { reason: reason.clone() }),
                    None => self.run_batch(&batch),
                };
                if batch.aside {
                    self.aside = Some(self.aside.unwrap_or_default().saturating_add(begun.elapsed()));
                    self.log_is_asides = true;
                }
                ran.push(Ran { result, settles, reply, permit });
            }
        }
        // Some errors (disk full, I/O) end the whole transaction, not only the savepoint.
        if fallen.is_none() && self.connection.is_autocommit() {
            let error = ran.last().and_then(|ran| match &ran.result {
                Err(StoreError::Database(error)) => {
                    error.beneath().map(|error| self.fail(error, "a transaction was rolled back"))
                }
                Ok(_) | Err(_) => None,
            });
            *fallen = Some(error.unwrap_or_else(|| "the transaction was rolled back".to_owned()));
        }
    }

    fn begin(&mut self, promise: Promise) -> rusqlite::Result<()> {
        self.disk.before_write();
        self.set_promise(promise)?;
        let begun = self.execute("BEGIN IMMEDIATE");
        let patience = match &begun {
            Ok(()) => self.lock_wait,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                self.lock_wait / STILL_LOCKED
            }
            Err(_) => self.patience,
        };
        if patience != self.patience {
            self.patience = patience;
            self.wait_for_others(patience)?;
            if patience == self.lock_wait {
                tracing::info!("the database is free again");
            } else {
                tracing::error!("another process keeps the database locked: writes are put off");
            }
        }
        begun
    }

    fn after_failed_commit(&mut self, error: &rusqlite::Error) -> Fate {
        let reason = self.fail(error, "commit failed");
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            self.halt();
            tracing::error!(%error, "rollback failed");
        }
        Fate::Uncertain(reason)
    }

    /// Decides what a failed write of the whole group means for later ones. Returns the reason, for the callers.
    fn fail(&self, error: &rusqlite::Error, what: &'static str) -> String {
        match WriteFailure::of(error) {
            // Logged once, when it began.
            WriteFailure::Passing if self.patience != self.lock_wait => return error.to_string(),
            WriteFailure::Passing => {}
            WriteFailure::Untrustworthy => self.halt(),
            WriteFailure::Disk => match self.disk.ask_why() {
                // If the disk accepts our own write now, it has lost SQLite's: any later one could be lost too.
                None => self.halt(),
                Some(WriteRefusal::Full) => {}
                Some(WriteRefusal::Broken(error)) => {
                    self.halt();
                    tracing::error!(%error, "the disk takes no writes");
                }
            },
            WriteFailure::Full => {
                // Releases the reserve if there still is one.
                let _known = self.disk.ask_why();
            }
        }
        tracing::error!(%error, halted = self.is_halted(), "{what}");
        error.to_string()
    }

    fn halt(&self) {
        self.halted.send_replace(true);
    }

    fn is_halted(&self) -> bool {
        *self.halted.borrow()
    }

    /// Runs one batch in its savepoint.
    fn run_batch(&self, batch: &Batch) -> Result<Done, StoreError> {
        self.execute("SAVEPOINT batch")?;
        match self.run_statements(batch) {
            Ok(Ok(done)) => {
                self.execute("RELEASE batch")?;
                // Before the commit: after it they are files without rows.
                done.freed.iter().for_each(|id| self.files.set_moving(id));
                Ok(done)
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

    /// Rolls one batch back; if that fails, the whole transaction, which the caller notices.
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

    fn run_statements(&self, batch: &Batch) -> Result<Result<Done, Refusal>, StoreError> {
        let mut results = Vec::with_capacity(batch.statements.len());
        let mut freed = Vec::new();
        for statement in &batch.statements {
            let mut result = run(&self.connection, statement)?;
            match statement.expect {
                Expect::Anything => {}
                Expect::One(refusal) if result.affected != 1 => return Ok(Err(refusal)),
                Expect::One(_) => {}
                Expect::FreedBodies => {
                    for row in std::mem::take(&mut result.rows) {
                        freed.extend(freed_file(row)?);
                    }
                }
            }
            results.push(result);
        }
        let told = self.tell(batch)?;
        self.note(batch, &mut results, told)?;
        Ok(Ok(Done { outcome: Outcome::Kept(results), freed }))
    }

    /// Creates webhook events, if there are receivers.
    fn tell<'a>(&self, batch: &'a Batch) -> Result<Vec<(&'a Statement, StatementResult)>, StoreError> {
        if batch.told.is_empty() || run(&self.connection, &sql!(RECEIVERS))?.rows.is_empty() {
            return Ok(Vec::new());
        }
        batch.told.iter().map(|statement| Ok((statement, run(&self.connection, statement)?))).collect()
    }

    /// What a batch that has run adds to the audit trail: the write lock it holds orders the rows of all processes.
    fn note(
        &self,
        batch: &Batch,
        results: &mut [StatementResult],
        mut told: Vec<(&Statement, StatementResult)>,
    ) -> Result<(), StoreError> {
        let prover = self.prover.as_deref();
        let mut proving = Proving::default();
        let mut statements = audit_trail::besides(prover, &mut proving, batch, results)?;
        let proofs = told.iter_mut().map(|(statement, result)| (*statement, result));
        statements.extend(audit_trail::proofs(prover, &mut proving, proofs)?);
        let rows = audit_trail::rows(batch, results);
        if !rows.is_empty() {
            let head = run(&self.connection, &audit_trail::head())?.rows.pop();
            let last = match &head {
                Some(_) => None,
                None => run(&self.connection, &audit_trail::last_number())?.rows.pop(),
            };
            statements.extend(audit_trail::append(prover, head, last, &rows)?.statements);
        }
        for statement in &statements {
            run(&self.connection, statement)?;
        }
        Ok(())
    }

    fn execute(&self, text: &'static str) -> rusqlite::Result<()> {
        run(&self.connection, &sql!(text)).map(drop)
    }
}

fn freed_file(mut row: Row) -> Result<Option<String>, StoreError> {
    let id = row.text()?;
    Ok((row.text()? == "file").then_some(id))
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::super::migrate::migrate;
    use super::super::{Role, open};
    use super::*;

    fn note(action: &str, len: usize) -> Batch {
        let detail = "x".repeat(len);
        Batch::from(vec![sql!(
            "INSERT INTO audit (at, actor, action, object, detail) VALUES (1, 'a', ?1, 's', ?2)",
            action,
            detail
        )])
    }

    struct Bench {
        jobs: Arc<Jobs<WriteJob>>,
        writer: Writer,
        _folder: tempfile::TempDir,
    }

    fn bench(pages: u32) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let (database, bodies) = (folder.path().join("rows"), folder.path().join("bodies"));
        std::fs::create_dir(&bodies).unwrap();
        let _folder = std::fs::File::create_new(&database).unwrap();
        let lock = Arc::new(Locks { _folder, _bodies: None });
        let mut connection = open(&database, Role::Writer).unwrap();
        migrate(&mut connection).unwrap();
        connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
        let files = Arc::new(Files::open(bodies, crate::file_permissions::Access::Private).unwrap().0);
        let jobs = Arc::new(Jobs::new());
        let disk = Arc::new(Disk::open(folder.path(), None, 0).unwrap());
        let writer = Writer::new(
            connection,
            Arc::clone(&jobs),
            files,
            disk,
            Arc::default(),
            watch::Sender::new(false),
            lock,
        );
        Bench { jobs, writer, _folder: folder }
    }

    fn push(bench: &Bench, batch: Batch) -> oneshot::Receiver<Result<Outcome, StoreError>> {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (reply, result) = oneshot::channel();
        assert!(
            bench
                .jobs
                .push(WriteJob::Batch { batch: Box::new(batch), promise: Promise::Durable, reply, permit })
                .is_ok()
        );
        result
    }

    fn written(bench: &Bench) -> Vec<String> {
        let rows =
            run(&bench.writer.connection, &sql!("SELECT action FROM audit ORDER BY seq")).unwrap().rows;
        rows.into_iter().map(|mut row| row.text().unwrap()).collect()
    }

    #[test]
    fn on_a_full_disk_everyone_is_told_the_truth_and_work_goes_on_afterwards() {
        let mut bench = bench(100);
        let notes = [("first", 10), ("huge", 10_000_000), ("second", 10), ("huge", 5_000_000), ("third", 10)];
        let results: Vec<_> = notes.map(|(name, len)| (name, push(&bench, note(name, len)))).into();
        // Whatever the engine makes of a full disk (one batch fails, or the group): a few rounds.
        let group = bench.jobs.take(GROUP).unwrap();
        bench.writer.commit_group(group);
        let mut told = Vec::new();
        for (name, result) in results {
            match result.blocking_recv().unwrap() {
                Ok(_) => told.push(name.to_owned()),
                Err(error) => assert_eq!(error.fault(), sealpost_mail::Fault::Temporary),
            }
        }
        assert!(!told.contains(&"huge".to_owned()));
        assert_eq!(written(&bench), told);

        let after = push(&bench, note("after", 10));
        let group = bench.jobs.take(GROUP).unwrap();
        bench.writer.commit_group(group);
        assert!(matches!(after.blocking_recv().unwrap(), Ok(Outcome::Kept(_))));
        assert_eq!(written(&bench).last().unwrap(), "after");
    }

    #[test]
    fn nobody_is_answered_before_the_commit() {
        let mut bench = bench(1000);
        let refused = sql!("SELECT 1 WHERE 1 = 0").or_refuse(Refusal::Duplicate);
        let (mut first, mut second) =
            (push(&bench, note("first", 10)), push(&bench, Batch::from(vec![refused])));
        let group = bench.jobs.take(GROUP).unwrap();
        let mut ran = Vec::new();
        // What commit_group does up to the commit.
        assert!(matches!(bench.writer.run_group(group, &mut ran), Fate::Committed));
        assert!(first.try_recv().is_err() && second.try_recv().is_err());
        drop(ran);
        assert_eq!(written(&bench), ["first"]);
    }

    #[test]
    fn a_halted_writer_promises_nothing() {
        let mut bench = bench(1000);
        bench.writer.halt();
        let result = push(&bench, note("never", 10));
        let group = bench.jobs.take(GROUP).unwrap();
        bench.writer.commit_group(group);
        assert!(matches!(result.blocking_recv().unwrap(), Err(StoreError::Halted)));
        assert!(written(&bench).is_empty());
    }
}
