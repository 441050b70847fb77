//! The store's front door: open, close. What may be asked of it stands in the file of each subject.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};

use crate::access::Access;
use crate::disk::{Disk, Room};
use crate::engine::{self, Eraser, Jobs, Promise, ReadJob, Role, WriteJob, Writer};
use crate::error::StoreError;
use crate::files::Files;
use crate::rotate::Rotating;
use crate::statement::{Batch, Outcome, Row, Statement, sql};

/// How many callers may stand in front of the writer and the readers; the others wait.
const WRITERS_WAITING: usize = 1024;
const READERS_WAITING: usize = 256;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The store's own folder; created with mode 0700. One that its group may use stays the group's.
    pub folder: PathBuf,
    /// Sealed bodies up to this many bytes live in a row, larger ones in a file. 65,536 is good.
    pub inline_limit: usize,
    /// Reader threads; 2 is good.
    pub readers: usize,
    /// Bytes of the file system that stay free for everything but new letters; 0: none.
    pub minimum_free: u64,
    /// How long a write waits for another process that keeps the database locked, before it is put off.
    pub lock_wait: Duration,
    /// In whose company.
    pub company: Company,
}

/// Who else may have the store open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Company {
    /// Others; not while the server key is being changed.
    #[default]
    Others,
    /// Nobody: the server key is being changed.
    Alone,
}

impl StoreOptions {
    /// The usual settings.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            inline_limit: 65_536,
            readers: 2,
            minimum_free: 0,
            lock_wait: Duration::from_secs(10),
            company: Company::Others,
        }
    }
}

impl Company {
    fn may_enter(self, folder: &Path) -> Result<(), StoreError> {
        match (self, Rotating::of(folder)?) {
            (Self::Alone, _) | (Self::Others, None) => Ok(()),
            (Self::Others, Some(_)) => Err(StoreError::Rotating),
        }
    }
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out at the start.
    pub offset: u32,
    /// How many to return at most.
    pub limit: u32,
}

/// The store. Cheap to clone; all clones are the same store. When the last one is dropped, what is
/// queued is still written, but nobody waits for it: prefer [`Store::close`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    inline_limit: usize,
    writes: Arc<Jobs<WriteJob>>,
    reads: Arc<Jobs<ReadJob>>,
    writers_waiting: Arc<Semaphore>,
    readers_waiting: Arc<Semaphore>,
    files: Arc<Files>,
    disk: Arc<Disk>,
    eraser: Arc<Eraser>,
    /// Ends with the writer; true once it can promise nothing more.
    halted: watch::Receiver<bool>,
    threads: Mutex<Threads>,
}

struct Threads {
    workers: Vec<JoinHandle<()>>,
    remover: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens (creates, migrates) the store and, if nobody else has it open, removes what a crash left of
    /// unfinished bodies. Blocks while it does.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let StoreOptions { folder, inline_limit, readers, minimum_free, lock_wait, company } = options;
        let bodies = folder.join("bodies");
        let access = Access::of(&folder);
        access.folder(&folder)?;
        access.folder(&bodies)?;
        company.may_enter(&folder)?;
        let lock = access.file(&folder.join("lock"))?;
        let database = folder.join("rows.sqlite");
        drop(access.file(&database)?);

        // Alone: whatever has no row now will never get one. In company it might be someone's work.
        let alone = match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) if company == Company::Alone => return Err(StoreError::InUse),
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(source)) => return Err(StoreError::Path { path: folder, source }),
        };
        let mut connection = engine::open(&database, Role::Writer)?;
        engine::migrate(&mut connection)?;
        let (files, remover) = Files::open(bodies, access)?;
        if alone {
            remove_leftovers(&connection, &files)?;
        }
        match company {
            Company::Alone => {}
            Company::Others => {
                let failed = |source| StoreError::Path { path: folder.clone(), source };
                if alone {
                    lock.unlock().map_err(failed)?;
                }
                lock.lock_shared().map_err(failed)?;
                // Somebody was alone with it just now, and was perhaps cut short.
                company.may_enter(&folder)?;
            }
        }
        sync_folder(&folder)?;

        let (lock, files) = (Arc::new(lock), Arc::new(files));
        let disk = Arc::new(Disk::open(&folder, minimum_free)?);
        let (halt, halted) = watch::channel(false);
        let eraser = Arc::new(Eraser::default());
        let (writes, reads) = (Arc::new(Jobs::new()), Arc::new(Jobs::new()));
        let writer = Writer::new(
            connection,
            Arc::clone(&writes),
            Arc::clone(&files),
            Arc::clone(&disk),
            Arc::clone(&eraser),
            halt,
            lock,
        )
        .waiting(u32::try_from(lock_wait.as_millis()).unwrap_or(u32::MAX))?;
        let inner = Inner {
            folder: folder.clone(),
            inline_limit,
            writes,
            reads,
            writers_waiting: Arc::new(Semaphore::new(WRITERS_WAITING)),
            readers_waiting: Arc::new(Semaphore::new(READERS_WAITING)),
            files,
            disk,
            eraser,
            halted,
            threads: Mutex::new(Threads { workers: Vec::new(), remover: Some(remover) }),
        };
        // From here on dropping `inner` ends the threads, also if one of them cannot be started.
        inner.start("store-writer", move || writer.write_until_closed())?;
        let (eraser, jobs) = (Arc::clone(&inner.eraser), Arc::clone(&inner.writes));
        inner.start("store-eraser", move || eraser.ask_until_closed(&jobs))?;
        // Whoever was killed may have left deletions in the log that nobody asks for any more.
        inner.eraser.want();
        for _ in 0..readers.max(1) {
            let connection = engine::open(&database, Role::Reader { of: readers })?;
            let jobs = Arc::clone(&inner.reads);
            inner.start("store-reader", move || engine::read_until_closed(&connection, &jobs))?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Ends the store: what is queued is still written and answered, then the files are closed.
    /// Everything asked afterwards, through any clone, is answered with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.inner.stop_taking();
        let (mut threads, remover) = {
            let mut threads = self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut threads.workers), threads.remover.take())
        };
        let files = Arc::clone(&self.inner.files);
        let ended = tokio::task::spawn_blocking(move || {
            let panicked = threads.drain(..).map(JoinHandle::join).filter(Result::is_err).count();
            // The writer's last commit may have sent it more to remove.
            files.close();
            panicked + remover.map(JoinHandle::join).filter(Result::is_err).iter().count()
        });
        match ended.await {
            Ok(0) => {}
            Ok(panicked) => tracing::error!(panicked, "a thread of the store had ended before"),
            Err(error) => tracing::error!(%error, "waiting for the store's threads failed"),
        }
    }

    /// Whether a letter of `octets` more may come beside what is under way; what is being delivered, read or deleted
    /// does not ask.
    pub fn room(&self, octets: u64) -> Room {
        self.inner.disk.room(octets)
    }

    pub(crate) fn disk(&self) -> &Arc<Disk> {
        &self.inner.disk
    }

    /// Waits until the store can promise nothing more: a write could not be made certain. Only a restart, which
    /// looks at the disk anew, helps. Never returns while all is well.
    pub async fn halted(&self) {
        let mut halted = self.inner.halted.clone();
        if halted.wait_for(|halted| *halted).await.is_err() {
            // The writer has ended in peace.
            std::future::pending::<()>().await;
        }
    }

    /// Whether it has come to that.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        *self.inner.halted.borrow()
    }

    /// Does a batch; returns after it is committed (or certainly refused).
    pub(crate) async fn write(&self, batch: impl Into<Batch>) -> Result<Outcome, StoreError> {
        self.ask_writer(batch.into(), Promise::Durable).await
    }

    /// Like [`Self::write`], where no statement can refuse: how many rows each one changed.
    pub(crate) async fn change(&self, statements: Vec<Statement>) -> Result<Vec<usize>, StoreError> {
        match self.write(statements).await? {
            Outcome::Kept(answers) => Ok(answers.iter().map(|answer| answer.affected).collect()),
            Outcome::Refused(_) => Err(StoreError::Damaged { what: "a statement that cannot be refused" }),
        }
    }

    /// Does a statement some time soon; nobody waits.
    pub(crate) fn write_unhurried(&self, statement: Statement) {
        // Closed: whoever opens the store next finds what was not done.
        let _closed = self.inner.writes.push_unhurried(WriteJob::Unhurried(statement));
    }

    /// Like [`Self::write`], but without a promise that it outlives a loss of power: goes with the next
    /// commit of somebody in a hurry, or soon.
    pub(crate) async fn write_soon(&self, batch: Batch) -> Result<Outcome, StoreError> {
        self.ask_writer(batch, Promise::Ordered).await
    }

    async fn ask_writer(&self, batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        let permit = Arc::clone(&self.inner.writers_waiting)
            .acquire_owned()
            .await
            .map_err(|_closed| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let job = WriteJob::Batch { batch, promise, reply, permit };
        let pushed = match promise {
            Promise::Durable => self.inner.writes.push(job),
            Promise::Ordered => self.inner.writes.push_soon(job),
        };
        pushed.map_err(|_job| StoreError::Closed)?;
        answer.await.map_err(|_gone| StoreError::Closed)?
    }

    /// Asks questions that are answered from one consistent view.
    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        let permit = Arc::clone(&self.inner.readers_waiting)
            .acquire_owned()
            .await
            .map_err(|_closed| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.inner.reads.push(ReadJob { statements, reply, permit }).map_err(|_job| StoreError::Closed)?;
        answer.await.map_err(|_gone| StoreError::Closed)?
    }

    /// Asks one question.
    pub(crate) async fn read_rows(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        Ok(self.read(vec![statement]).await?.into_iter().next().unwrap_or_default())
    }

    /// Asks one question with at most one row as its answer.
    pub(crate) async fn read_one(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.read_rows(statement).await?.into_iter().next())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    pub(crate) fn files(&self) -> &Arc<Files> {
        &self.inner.files
    }

    pub(crate) fn inline_limit(&self) -> usize {
        self.inner.inline_limit
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

impl Inner {
    fn start(&self, name: &str, life: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(life)
            .map_err(|source| StoreError::Path { path: self.folder.clone(), source })?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).workers.push(thread);
        Ok(())
    }

    fn stop_taking(&self) {
        self.eraser.close();
        self.writes.close();
        self.reads.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop_taking();
    }
}

/// Removes files without a row, complete and incomplete.
fn remove_leftovers(connection: &rusqlite::Connection, files: &Files) -> Result<(), StoreError> {
    let mut removed = 0_u64;
    let mut remove = |path: PathBuf| {
        removed += 1;
        std::fs::remove_file(&path).map_err(|source| StoreError::Path { path, source })
    };
    for shelf in files.shelves()? {
        let (complete, incomplete) = files.on_shelf(&shelf)?;
        incomplete.into_iter().try_for_each(&mut remove)?;
        for id in complete {
            let question = sql!("SELECT 1 FROM bodies WHERE id = ?1 AND place = 'file'", id.as_str());
            if engine::run(connection, &question)?.rows.is_empty() {
                remove(files.path(&id)?)?;
            }
        }
    }
    if removed > 0 {
        tracing::info!(files.removed = removed, "removed unfinished bodies of a former run");
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|source| StoreError::Path { path: folder.to_owned(), source })
}
