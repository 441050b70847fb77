//! Opens and closes the store, and runs statements on its engine. What can be asked of it is in the files of each
//! subject.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::audit_proof::AuditProver;
use crate::audit_row::AuditRow;
use crate::bucket::{Bucket, clear_spool, prepare_spool};
use crate::disk::{Disk, DiskSpace};
use crate::engine::{
    Engine, Heartbeat, Locks, LongSilent, Migration, Opened, PostgresOptions, Promise, SchemaRequest,
    Setting, SqliteOptions,
};
use crate::error::StoreError;
use crate::expense::Expense;
use crate::file_permissions::Access;
use crate::files::Files;
use crate::large_bodies::LargeBodies;
use crate::move_state::MoveState;
use crate::removals;
use crate::rotation_mark::Rotating;
use crate::statement::{Batch, Outcome, Riding, Row, Statement};

/// Options for opening a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Where the rows are stored.
    pub rows: Rows,
    /// Where large bodies are stored.
    pub bodies: LargeBodies,
    /// The store's own folder; created with mode 0700. Group access of an existing one is kept.
    pub folder: PathBuf,
    /// Sealed bodies up to this many bytes are stored in a row, larger ones elsewhere. 65,536 is a good value.
    pub inline_limit: usize,
    /// Reader threads; 2 is a good value.
    pub readers: usize,
    /// Bytes of the file system kept free for everything but new letters; 0: none.
    pub minimum_free: u64,
    /// How long a write waits for another process that keeps the database locked before it is refused as busy.
    pub lock_wait: Duration,
    /// Who else may have it open.
    pub company: Company,
    /// What may be done to the schema.
    pub schema: SchemaRequest,
    /// The audit row written if the schema of an existing store is migrated, in the same transaction.
    pub migrated: Option<AuditRow>,
    /// Proves the audit trail and statement rows; `None`: they are written without proofs, and none are checked.
    pub prover: Option<Arc<dyn AuditProver>>,
}

/// Where the rows are stored. Locks and notes of deliveries are in the folder in any case.
#[derive(Clone, Debug, Default)]
pub enum Rows {
    /// In the folder: SQLite.
    #[default]
    Folder,
    /// In a PostgreSQL database that belongs to this folder alone, or to several nodes with a common place for bodies.
    Postgres(Box<PostgresOptions>),
}

/// Which other processes may have the store open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Company {
    /// Others may, unless the server key is being changed.
    #[default]
    Others,
    /// None: the server key is being changed.
    Alone,
    /// None: the store is being moved.
    Mover,
}

impl StoreOptions {
    /// The usual settings.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            rows: Rows::Folder,
            bodies: LargeBodies::Folder,
            folder: folder.into(),
            inline_limit: 65_536,
            readers: 2,
            minimum_free: 0,
            lock_wait: Duration::from_secs(10),
            company: Company::Others,
            schema: SchemaRequest::IfAlone,
            migrated: None,
            prover: None,
        }
    }
}

impl Company {
    fn may_enter(self, folder: &Path) -> Result<(), StoreError> {
        match (self, Rotating::of(folder)?) {
            (Self::Alone, _) | (Self::Others | Self::Mover, None) => Ok(()),
            (Self::Others | Self::Mover, Some(_)) => Err(StoreError::Rotating),
        }
    }

    fn is_exclusive(self) -> bool {
        match self {
            Self::Alone | Self::Mover => true,
            Self::Others => false,
        }
    }

    /// A store that is being moved is not served until it is complete.
    fn may_use(self, moving: Option<&MoveState>) -> Result<(), StoreError> {
        match (self, moving) {
            (Self::Mover, _) | (Self::Others | Self::Alone, None) => Ok(()),
            (Self::Others | Self::Alone, Some(MoveState::Coming(_) | MoveState::Leaving(_))) => {
                Err(StoreError::Moving)
            }
            (Self::Others | Self::Alone, Some(MoveState::Left(_))) => Err(StoreError::MovedAway),
        }
    }
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out at the start.
    pub offset: u32,
    /// How many to return at most.
    pub limit: u32,
}

/// The store. Cheap to clone; all clones are the same store. When the last one is dropped, what is queued is still
/// written in the background: prefer [`Store::close`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What is added to everything written through this handle.
    riding: Arc<Riding>,
}

struct Inner {
    folder: PathBuf,
    inline_limit: usize,
    engine: Arc<Engine>,
    files: Arc<Files>,
    /// Where new large bodies go; `None`: into files.
    bucket: Option<Arc<Bucket>>,
    /// Stops the task that removes objects.
    stop_removals: Mutex<Option<(oneshot::Sender<()>, tokio::task::JoinHandle<()>)>>,
    disk: Arc<Disk>,
    expense: Arc<Expense>,
    /// Verifies statement rows.
    prover: Option<Arc<dyn AuditProver>>,
    remover: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens (creates, migrates) the store and, if no other process has it open, removes unfinished bodies left by a
    /// crash. Blocks.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let StoreOptions {
            rows,
            bodies: large,
            folder,
            inline_limit,
            readers,
            minimum_free,
            lock_wait,
            company,
            schema,
            migrated,
            prover,
        } = options;
        let shared = match &large {
            LargeBodies::Shared(shared) => Some(shared.clone()),
            LargeBodies::Folder | LargeBodies::Bucket(_) => None,
        };
        let bodies = shared.clone().unwrap_or_else(|| folder.join("bodies"));
        let access = Access::of(&folder);
        access.folder(&folder)?;
        access.folder(&bodies)?;
        company.may_enter(&folder)?;
        let lock = access.file(&folder.join("lock"))?;

        // Alone: what has no row now will never get one. Otherwise another process may be working on it.
        let alone = is_alone(&lock, &folder, company)?;
        let migration = Migration { request: schema, alone, note: migrated, prover: prover.clone() };
        let opened = match rows {
            Rows::Folder => Opened::sqlite(&folder, SqliteOptions { readers, lock_wait }, &migration)?,
            Rows::Postgres(options) => Opened::postgres(&folder, *options, &large, lock_wait, migration)?,
        };
        // The nodes' shared folder has a lock of its own: opening waits for another node's clean-up.
        let shared_lock = match &shared {
            Some(shared) => Some(Access::of(shared).file(&shared.join("lock"))?),
            None => None,
        };
        let alone_with_bodies = match (&shared_lock, &shared) {
            (Some(lock), Some(shared)) => is_alone(lock, shared, company)?,
            (Some(_) | None, Some(_) | None) => true,
        };
        let others = match company {
            Company::Alone | Company::Mover if opened.is_served(LongSilent::Ends)? => {
                return Err(StoreError::InUse);
            }
            Company::Mover if opened.is_rotating()? => return Err(StoreError::Rotating),
            Company::Alone | Company::Mover => false,
            Company::Others if opened.is_rotating()? => return Err(StoreError::Rotating),
            Company::Others => opened.is_served(LongSilent::Counts)?,
        };
        company.may_use(opened.move_state()?.as_ref())?;
        let (files, remover) = Files::open(bodies, access)?;
        let nobody_else = alone && alone_with_bodies && !others;
        if nobody_else {
            remove_leftovers(&opened, &files)?;
        }
        let objects = opened.objects()?;
        let bucket = match &large {
            LargeBodies::Bucket(options) => {
                prepare_spool(&folder, access)?;
                if alone {
                    clear_spool(&folder)?;
                }
                let (abandoned, told) = mpsc::unbounded_channel();
                let bucket = Arc::new(Bucket::new(options, &folder, opened.store_id()?, abandoned)?);
                claim(&bucket, objects.some_kept)?;
                if nobody_else {
                    objects.coming.into_iter().for_each(|id| bucket.abandon(id));
                }
                Some((bucket, told))
            }
            LargeBodies::Folder | LargeBodies::Shared(_) if objects.some_kept => {
                return Err(StoreError::NoBucket);
            }
            LargeBodies::Folder | LargeBodies::Shared(_) => None,
        };
        match company {
            Company::Alone | Company::Mover => {}
            Company::Others => {
                let failed = |source| StoreError::Path { path: folder.clone(), source };
                if alone {
                    lock.unlock().map_err(failed)?;
                }
                lock.lock_shared().map_err(failed)?;
                if let Some(lock) = &shared_lock {
                    if alone_with_bodies {
                        lock.unlock().map_err(failed)?;
                    }
                    lock.lock_shared().map_err(failed)?;
                }
                // Another process had it alone just now, and may have been interrupted.
                company.may_enter(&folder)?;
            }
        }
        sync_folder(&folder)?;

        let files = Arc::new(files);
        let disk = Arc::new(Disk::open(&folder, shared.as_deref(), minimum_free)?);
        let expense = Arc::<Expense>::default();
        let (inner_files, inner_disk) = (Arc::clone(&files), Arc::clone(&disk));
        let setting = Setting {
            files: inner_files,
            disk: inner_disk,
            lock: Arc::new(Locks { _folder: lock, _bodies: shared_lock }),
            prover: prover.clone(),
            expense: Arc::clone(&expense),
        };
        let engine = Arc::new(opened.start(setting)?);
        let remover = Mutex::new(Some(remover));
        let (bucket, told) = bucket.unzip();
        let stop_removals = Mutex::default();
        let inner = Inner {
            folder,
            inline_limit,
            engine,
            files,
            bucket,
            stop_removals,
            disk,
            expense,
            prover,
            remover,
        };
        let inner = Arc::new(inner);
        if let (Some(bucket), Some(told)) = (&inner.bucket, told) {
            let (stop, stopped) = oneshot::channel();
            let work = removals::run(Arc::downgrade(&inner.engine), Arc::clone(bucket), told, stopped);
            *inner.stop_removals.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((stop, bucket.spawn(work)));
        }
        Ok(Self { inner, riding: Arc::default() })
    }

    /// Closes the store: what is queued is still written and answered, then the files are closed. Every later call,
    /// through any clone, fails with [`StoreError::Closed`].
    pub async fn close(&self) {
        // What is not removed any more is recorded in rows.
        let removals = self.inner.stop_removals.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, work)) = removals {
            let _ended_before = stop.send(());
            work.abort();
        }
        self.inner.engine.stop_taking();
        let panicked = self.inner.engine.ended().await;
        let remover = self.inner.remover.lock().unwrap_or_else(PoisonError::into_inner).take();
        let files = Arc::clone(&self.inner.files);
        let ended = tokio::task::spawn_blocking(move || {
            // The last commit may have sent it more to remove.
            files.close();
            remover.map(JoinHandle::join).filter(Result::is_err).iter().count()
        });
        match ended.await.map(|more| panicked + more) {
            Ok(0) => {}
            Ok(panicked) => tracing::error!(panicked, "a thread of the store had ended before"),
            Err(error) => tracing::error!(%error, "waiting for the store's threads failed"),
        }
    }

    /// Whether there is room for a further letter of `octets`, beside those under way; delivering, reading and deleting
    /// need not ask.
    pub fn disk_space_for(&self, octets: u64) -> DiskSpace {
        self.inner.disk.space_for(octets)
    }

    /// What writes cost, and for whom.
    pub(crate) fn expense(&self) -> &Expense {
        &self.inner.expense
    }

    pub(crate) fn disk(&self) -> &Arc<Disk> {
        &self.inner.disk
    }

    /// Waits until the store can promise nothing more because a write could not be made durable. Only a restart, which
    /// examines the disk anew, helps. Otherwise never returns.
    pub async fn halted(&self) {
        let mut halted = self.inner.engine.halted();
        if halted.wait_for(|halted| *halted).await.is_err() {
            // The writer has ended normally.
            std::future::pending::<()>().await;
        }
    }

    /// Whether that has happened.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        *self.inner.engine.halted().borrow()
    }

    /// Runs a batch; returns after it is committed (or certainly refused).
    pub(crate) async fn write(&self, batch: impl Into<Batch>) -> Result<Outcome, StoreError> {
        self.ask_engine(batch.into(), Promise::Durable).await
    }

    /// How many rows the statements about one mailbox changed; 0 if one of them refused.
    pub(crate) async fn changed_of(
        &self,
        mailbox_id: &str,
        statements: Vec<Statement>,
    ) -> Result<usize, StoreError> {
        let mut batch = Batch::from(statements);
        batch.hold_mailbox(mailbox_id);
        match self.write(batch).await? {
            Outcome::Kept(answers) => Ok(answers.iter().map(|answer| answer.affected).sum()),
            Outcome::Refused(_) => Ok(0),
        }
    }

    /// Like [`Self::write`] for statements that cannot refuse: how many rows each one changed.
    pub(crate) async fn change(&self, statements: Vec<Statement>) -> Result<Vec<usize>, StoreError> {
        match self.write(statements).await? {
            Outcome::Kept(answers) => Ok(answers.iter().map(|answer| answer.affected).collect()),
            Outcome::Refused(_) => Err(StoreError::Damaged { what: "a statement that cannot be refused" }),
        }
    }

    /// Queues a statement to run soon, without waiting.
    pub(crate) fn write_unhurried(&self, statement: Statement) {
        self.inner.engine.write_unhurried(statement);
    }

    /// Queues statements that release undelivered leases, without waiting.
    pub(crate) fn give_back(&self, statements: Vec<Statement>) {
        self.inner.engine.give_back(statements);
    }

    /// Like [`Self::write`], but without the promise to survive a power failure: it goes with the next durable commit,
    /// or soon.
    pub(crate) async fn write_soon(&self, batch: Batch) -> Result<Outcome, StoreError> {
        self.ask_engine(batch, Promise::Ordered).await
    }

    async fn ask_engine(&self, mut batch: Batch, promise: Promise) -> Result<Outcome, StoreError> {
        batch.riding = Arc::clone(&self.riding);
        if !batch.aside {
            self.inner.expense.note_other();
        }
        self.inner.engine.write(batch, promise).await
    }

    /// The same store, adding this to every transaction.
    pub(crate) fn riding_with(&self, riding: Riding) -> Self {
        Self { inner: Arc::clone(&self.inner), riding: Arc::new(riding) }
    }

    pub(crate) fn riding(&self) -> &Riding {
        &self.riding
    }

    /// Runs queries against one consistent view.
    pub(crate) async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.inner.engine.read(statements).await
    }

    /// Runs one query.
    pub(crate) async fn read_rows(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        Ok(self.read(vec![statement]).await?.into_iter().next().unwrap_or_default())
    }

    /// Runs one query with at most one row as its result.
    pub(crate) async fn read_one(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.read_rows(statement).await?.into_iter().next())
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// This process's node; `None` with SQLite, and for a command.
    pub(crate) fn node(&self) -> Option<&Heartbeat> {
        self.inner.engine.heartbeat()
    }

    /// Verifies statement rows; a store opened without a key verifies nothing.
    pub(crate) fn prover(&self) -> Option<&dyn AuditProver> {
        self.inner.prover.as_deref()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    pub(crate) fn files(&self) -> &Arc<Files> {
        &self.inner.files
    }

    pub(crate) fn bucket(&self) -> Option<&Arc<Bucket>> {
        self.inner.bucket.as_ref()
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

fn is_alone(lock: &File, folder: &Path, company: Company) -> Result<bool, StoreError> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) if company.is_exclusive() => Err(StoreError::InUse),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(StoreError::Path { path: folder.to_owned(), source }),
    }
}

/// Removes files without a row, complete and incomplete.
fn remove_leftovers(opened: &Opened, files: &Files) -> Result<(), StoreError> {
    opened.settle()?;
    let mut removed = 0_u64;
    let mut remove = |path: PathBuf| {
        removed += 1;
        std::fs::remove_file(&path).map_err(|source| StoreError::Path { path, source })
    };
    for shelf in files.shelves()? {
        let (complete, incomplete) = files.on_shelf(&shelf)?;
        incomplete.into_iter().try_for_each(&mut remove)?;
        for id in complete {
            if !opened.has_file(&id)? {
                remove(files.path(&id)?)?;
            }
        }
    }
    if removed > 0 {
        tracing::info!(files.removed = removed, "removed unfinished bodies of a former run");
    }
    Ok(())
}

/// An unreachable bucket does not prevent a start if letters are there already: small bodies work, and before anything
/// is written to it its mark is checked.
fn claim(bucket: &Arc<Bucket>, some_kept: bool) -> Result<(), StoreError> {
    let asked = Arc::clone(bucket);
    match bucket.wait_for(async move { asked.claim(some_kept).await }) {
        Err(StoreError::File(error)) if some_kept => {
            tracing::error!(%error, "the bucket of large letters cannot be reached: they wait until it can be");
            Ok(())
        }
        claimed => claimed,
    }
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|source| StoreError::Path { path: folder.to_owned(), source })
}
