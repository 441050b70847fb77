//! What every handler may use: configuration, store, keys, clock, limits. Built once; knows no request. This process only: what is
//! counted or kept here, another node has its own of.

mod audit;
pub(crate) mod conversation_cache;
pub(crate) mod decoys;
pub(crate) mod export_progress;
pub(crate) mod frame_cache;
pub(crate) mod hashing_queue;
pub(crate) mod limits;
pub(crate) mod per_owner;
pub(crate) mod room;
pub(crate) mod work_pools;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use sealpost_mail::{Clock, Random, Timestamp};
use sealpost_mailbox::Outbox;
use sealpost_partner::Window;
use sealpost_store::{DiskSpace, Store};
use sealpost_vault::{
    DepositAuth, EscrowPublic, KnownPairs, Pepper, RowKey, SessionAuth, SessionHash, TagKey, TokenKey,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::assets::Assets;
use crate::config::{PortalConfig, PortalError, ResetBy};
use crate::http::origin::PublicOrigin;
use crate::language::{Calendar, Language};
use crate::problem::Problem;
use crate::state::conversation_cache::ConversationCache;
use crate::state::export_progress::Tallies;
use crate::state::frame_cache::{Frame, Prepared};
use crate::state::hashing_queue::{Turn, Turns, Who};
use crate::state::limits::Limits;
use crate::state::per_owner::PerOwner;

/// The keys the portal holds. None of them opens an active mailbox.
#[derive(Clone, Debug)]
pub struct PortalKeys {
    /// Finds a mailbox by its address.
    pub tags: TagKey,
    /// Hashes the tokens of links.
    pub tokens: TokenKey,
    /// Opens addresses, questions, devices: what the server itself must read in its rows.
    pub rows: RowKey,
    /// Used in every wrap.
    pub pepper: Pepper,
    /// Distinguishes letters that we deposited from rows that others wrote.
    pub deposits: DepositAuth,
    /// The same for sessions, newcomers and drafts.
    pub sessions: SessionAuth,
    /// The operator's escrow key, if there is one: a reset by support then keeps the letters.
    pub escrow_public: Option<EscrowPublic>,
}

/// Late forms read at once, submitted after their session had expired; each may take half a megabyte.
const LATE: usize = 8;
/// Uploads assembled at once: each reads and writes as many bytes as the file has.
const ASSEMBLING: usize = 2;
/// Letters sanitised at once, off the event loop.
const CLEANING: usize = 2;
/// Time limit for making a letter's HTML safe, after which it is shown as text. Honest ones take a fraction of a
/// second.
const CLEANING_TIME: Duration = Duration::from_secs(5);
/// Per owner: letters of others must not wait for theirs.
const CLEANING_OF_ONE: usize = 1;
/// Letters open at once per owner.
const OPEN_OF_ONE: usize = 2;
/// Of the memory for opened letters, this part may be kept by what one owner fetches, however slowly; the rest is as much as may
/// be taken by what is open of one owner, so that no letter waits for its own owner's slow downloads.
const KEPT_BY_ONE: u32 = 4;
/// Passwords judged at once.
const JUDGING: usize = 1;
/// The frame cache gets this fraction of the memory for opened letters in addition.
const PREPARED_SHARE: usize = 8;
/// Memory of an open letter relative to its size: sealed piece, plain bytes, parsed parts.
const LETTER_FACTOR: usize = 3;

/// State shared by all workers.
pub(crate) struct Site {
    pub(crate) config: PortalConfig,
    pub(crate) origin: PublicOrigin,
    pub(crate) store: Store,
    pub(crate) keys: PortalKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) languages: Vec<Language>,
    pub(crate) calendar: Calendar,
    pub(crate) assets: Assets,
    pub(crate) limits: Limits,
    pub(crate) prepared: Prepared,
    pairs: KnownPairs,
    pub(crate) conversations: ConversationCache,
    pub(crate) tallies: Tallies,
    pub(crate) turns: Turns,
    pub(crate) window: Window,
    cleaning: Arc<Semaphore>,
    cleaning_of: PerOwner,
    /// Owners for whom words are extracted in the background.
    pub(crate) wording: PerOwner,
    opening_of: PerOwner,
    opened_by: PerOwner,
    kept_by: PerOwner,
    judging: Arc<Semaphore>,
    late: Arc<Semaphore>,
    assembling: Arc<Semaphore>,
    typesetting: Arc<Semaphore>,
    /// One permit is one KiB.
    memory: Arc<Semaphore>,
    memory_total: u32,
}

impl Site {
    /// Whether owners may write their own question. If anybody can ask for anybody's question, it would reveal who has
    /// a mailbox.
    pub(crate) fn own_questions(&self) -> bool {
        match self.config.reset {
            ResetBy::LinkAndAnswer => true,
            ResetBy::Answer => false,
        }
    }

    pub(crate) fn new(
        config: PortalConfig,
        store: Store,
        keys: PortalKeys,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        outbox: Arc<dyn Outbox>,
    ) -> Result<Self, PortalError> {
        config.check()?;
        let mut languages: Vec<_> = config.languages.iter().filter_map(|tag| Language::parse(tag)).collect();
        if languages.is_empty() {
            languages = Language::all().collect();
        }
        let zone = jiff::tz::TimeZone::get(&config.time_zone)
            .map_err(|_unknown| PortalError::TimeZone(config.time_zone.clone()))?;
        let memory_total = u32::try_from((config.memory / 1024).clamp(4096, 4 * 1024 * 1024)).unwrap_or(4096);
        Ok(Self {
            origin: config.origin()?,
            assets: Assets::new(&config.brand)?,
            limits: Limits::new(Arc::clone(&clock), &config.limits),
            prepared: Prepared::new(memory_total as usize * 1024 / PREPARED_SHARE),
            pairs: KnownPairs::new(random.as_ref()),
            conversations: ConversationCache::default(),
            tallies: Tallies::default(),
            calendar: Calendar(zone),
            languages,
            turns: Turns::default(),
            window: Window::default(),
            cleaning: Arc::new(Semaphore::new(CLEANING)),
            cleaning_of: PerOwner::new(CLEANING_OF_ONE),
            wording: PerOwner::new(1),
            opening_of: PerOwner::new(OPEN_OF_ONE),
            opened_by: PerOwner::new(open_of_one(memory_total) as usize),
            kept_by: PerOwner::new((memory_total / KEPT_BY_ONE) as usize),
            judging: Arc::new(Semaphore::new(JUDGING)),
            late: Arc::new(Semaphore::new(LATE)),
            assembling: Arc::new(Semaphore::new(ASSEMBLING)),
            typesetting: Arc::new(Semaphore::new(config.export.pdf_at_once.max(1))),
            memory: Arc::new(Semaphore::new(memory_total as usize)),
            memory_total,
            config,
            store,
            keys,
            clock,
            random,
            outbox,
        })
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs work that costs memory and time (Argon2), a few at once.
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        who: &Who,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.hashing_turn(who).await?.run(work).await
    }

    /// A turn at such work. How long a client waits depends on the client, not on the purpose.
    pub(crate) async fn hashing_turn(&self, who: &Who) -> Result<HashingTurn, Problem> {
        self.turns.next(who, self.now(), self.random.as_ref()).await.map(HashingTurn)
    }

    /// Runs the sanitiser and the like, a few at once and one per owner.
    pub(crate) async fn cleaning<T: Send + 'static>(
        &self,
        mailbox_id: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let own = permit(&self.cleaning_of.slots(mailbox_id), 1).await?;
        let turn = permit(&self.cleaning, 1).await?;
        off_the_loop((own, turn), work).await
    }

    /// The time limit for that, starting when it begins.
    pub(crate) fn cleaning_time(&self) -> CleaningTime {
        CleaningTime(Arc::clone(&self.clock))
    }

    /// A turn at opening a letter of `size` bytes as a whole; kept as long as it is open. Before it waits for the memory of all
    /// it waits for what else is open of its owner: an owner with a second request does not delay others.
    pub(crate) async fn opening(&self, mailbox_id: &str, size: u64) -> Result<OpeningTurn, Problem> {
        let turn = permit(&self.opening_of.slots(mailbox_id), 1).await?;
        let memory = permit(&self.opened_by.slots(mailbox_id), self.wanted(size)).await?;
        Ok(OpeningTurn { _turn: turn, _memory: memory })
    }

    /// A share of what one owner may keep in memory until it has been fetched; waits for what they fetch already. Asked for before
    /// anything that others wait for.
    pub(crate) async fn share(&self, mailbox_id: &str, size: u64) -> Result<OwnedSemaphorePermit, Problem> {
        let wanted = u32::try_from(size / 1024 + 1).unwrap_or(u32::MAX).min(self.memory_total / KEPT_BY_ONE);
        permit(&self.kept_by.slots(mailbox_id), wanted).await
    }

    /// Judges a password: tens of milliseconds that others should not wait for.
    pub(crate) async fn judging<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = permit(&self.judging, 1).await?;
        off_the_loop(permit, work).await
    }

    /// A turn at reading a late form; `None` if all are taken.
    pub(crate) fn late(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.late).try_acquire_owned().ok()
    }

    /// A turn at assembling an upload.
    pub(crate) async fn assembling(&self) -> Result<OwnedSemaphorePermit, Problem> {
        permit(&self.assembling, 1).await
    }

    /// A turn at the PDF worker; waits longer than for anything else, because a document takes seconds.
    pub(crate) async fn typesetting(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let wait = Arc::clone(&self.typesetting).acquire_owned();
        match tokio::time::timeout(std::time::Duration::from_secs(120), wait).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(Problem::Busy("stopping")),
            Err(_elapsed) => Err(Problem::Busy("typesetting")),
        }
    }

    /// Whether the disk has room for `octets` more of what owners write.
    pub(crate) fn room_on_disk(&self, octets: u64) -> Result<(), Problem> {
        match self.store.disk_space_for(octets) {
            DiskSpace::Enough => Ok(()),
            DiskSpace::Low { .. } => Err(Problem::Busy("the disk is almost full")),
        }
    }

    /// Reserves the memory to open a letter of `size` bytes; waits with a time limit.
    pub(crate) async fn room_for(&self, size: u64) -> Result<OwnedSemaphorePermit, Problem> {
        permit(&self.memory, self.wanted(size)).await
    }

    fn wanted(&self, size: u64) -> u32 {
        let wanted = usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(LETTER_FACTOR) / 1024 + 64;
        u32::try_from(wanted).unwrap_or(u32::MAX).min(open_of_one(self.memory_total))
    }
}

fn open_of_one(memory_total: u32) -> u32 {
    memory_total - memory_total / KEPT_BY_ONE
}

/// The right to open one letter.
pub(crate) struct OpeningTurn {
    _turn: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

/// The time limit for making one letter's HTML safe.
pub(crate) struct CleaningTime(Arc<dyn Clock>);

impl CleaningTime {
    /// Starts the time; the closure says whether it has ended.
    pub(crate) fn begins(self) -> impl Fn() -> bool {
        let until = self.0.now().plus(CLEANING_TIME);
        move || self.0.now() >= until
    }
}

/// The right to run Argon2 once.
pub(crate) struct HashingTurn(Turn);

impl HashingTurn {
    /// Runs the work; the turn ends with it.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let kept = move || sealpost_vault::keeping_argon2_memory(work);
        self.0.run(kept).await.map_err(|error| Problem::fault("a password", error))
    }
}

async fn permit(semaphore: &Arc<Semaphore>, many: u32) -> Result<OwnedSemaphorePermit, Problem> {
    let wait = Arc::clone(semaphore).acquire_many_owned(many);
    match tokio::time::timeout(std::time::Duration::from_secs(20), wait).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_closed)) => Err(Problem::Busy("stopping")),
        Err(_elapsed) => Err(Problem::Busy("no room")),
    }
}

/// Runs blocking work; it keeps the permit even if the caller stops waiting.
pub(crate) async fn off_the_loop<P: Send + 'static, T: Send + 'static>(
    permit: P,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(move || {
        let out = work();
        drop(permit);
        out
    })
    .await
    .map_err(|error| Problem::fault("work off the loop", error))
}

/// Caches a frame for a minute.
pub(crate) fn keep_frame(site: &web::Data<Site>, session: &SessionHash, place: String, frame: Frame) {
    let Some(number) = site.prepared.put(*session, place, frame) else { return };
    let site = site.clone();
    actix_web::rt::spawn(async move {
        tokio::time::sleep(frame_cache::LIVES).await;
        site.prepared.forget(number);
    });
}
