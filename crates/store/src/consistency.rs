//! Checks that rows and bodies refer to each other (no bodies without rows, no rows without bodies) and reports: it
//! removes no body and repairs nothing. Forgets rows that have expired.

use sealpost_mail::Timestamp;

use crate::arrival::RETRY_WINDOW;
use crate::counted_size::sum_of_sizes;
use crate::ended_sessions::old_ended_sessions;
use crate::error::StoreError;
use crate::failed_logins::old_tries;
use crate::far_times::pull_in;
use crate::noted_time::{TOO_FAR, latest_noted};
use crate::rate_counts::old_uses;
use crate::stale_rows::{StaleCounts, StaleKind, StaleRows, stale_rows};
use crate::statement::sql;
use crate::store::Store;
use crate::sts_policy::old_policies;
use crate::tls_report::old_tls_reports;

/// An inconsistency. Each is a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A body that no leg, deposit or original refers to.
    OrphanBody(String),
    /// A file that no body row refers to.
    OrphanFile(String),
    /// A body whose file is missing or has another size.
    BodyFileMissing(String),
    /// A leg whose body is missing.
    LegWithoutBody(String),
    /// A deposit whose body is missing.
    DepositWithoutBody(String),
    /// A deposit whose mailbox is missing or deleted.
    DepositWithoutMailbox(String),
    /// An active or locked mailbox that could be activated again, or was never activated.
    MailboxReactivable(String),
    /// A mailbox that is not deleted and has no wrap left: it cannot be opened.
    MailboxUnopenable(String),
    /// A newcomer session of a mailbox that is not pending.
    NewcomerWithoutPendingMailbox(String),
    /// A session of a mailbox that is not active.
    SessionWithoutActiveMailbox(String),
    /// A body in a row that has another length than its row says.
    BodySizeWrong(String),
    /// A deposit whose size nothing can have that has its body.
    DepositSizeWrong(String),
}

/// How many rows and bodies there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Mailboxes that are not deleted.
    pub mailboxes: u64,
    /// Pending mailboxes among them.
    pub mailboxes_pending: u64,
    /// Deposits.
    pub deposits: u64,
    /// Legs.
    pub legs: u64,
    /// Frozen legs among them.
    pub legs_frozen: u64,
    /// Bodies in rows.
    pub bodies_in_rows: u64,
    /// Bodies in files or in the bucket.
    pub bodies_in_files: u64,
    /// Size of all bodies, sealed, in bytes.
    pub body_bytes: u64,
    /// Fingerprints not acknowledged yet.
    pub fingerprints: u64,
    /// Sessions.
    pub sessions: u64,
}

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SweepReport {
    /// How many rows and bodies there are.
    pub counts: StoreCounts,
    /// The inconsistencies found. At most 1,000 of each kind that rows show.
    pub problems: Vec<Problem>,
    /// Fingerprints dropped: never acknowledged, and no retry is expected any more.
    pub fingerprints_dropped: u64,
    /// Expired sessions dropped.
    pub sessions_dropped: u64,
    /// Objects in the bucket that no row knew. They are removed if found again a day later: an interrupted write leaves
    /// such objects, and so does a database restored from a backup.
    pub unknown_objects: u64,
}

impl SweepReport {
    /// Whether no inconsistency was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// In the order of [`StoreCounts`].
const COUNTS: &str = concat!(
    "SELECT
    (SELECT count(*) FROM mailboxes WHERE state <> 'deleted'),
    (SELECT count(*) FROM mailboxes WHERE state = 'pending'),
    (SELECT count(*) FROM deposits),
    (SELECT count(*) FROM legs),
    (SELECT count(*) FROM legs WHERE state = 'frozen'),
    b.in_rows, b.in_files, b.bytes,
    (SELECT count(*) FROM fingerprints),
    (SELECT count(*) FROM sessions)
    FROM (SELECT count(*) FILTER (WHERE place = 'row') AS in_rows,
                 count(*) FILTER (WHERE place = 'file') AS in_files,
                 ",
    sum_of_sizes!("size"),
    " AS bytes FROM bodies) AS b"
);

type Meaning = fn(String) -> Problem;

/// Queries that must return no row, and what a row would mean.
const CHECKS: &[(Meaning, &str)] = &[
    (
        Problem::OrphanBody,
        "SELECT b.id FROM bodies b WHERE NOT EXISTS (SELECT 1 FROM legs WHERE body_id = b.id)
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE body_id = b.id)
           AND NOT EXISTS (SELECT 1 FROM draft_files WHERE body_id = b.id)
           AND NOT EXISTS (SELECT 1 FROM upload_pieces WHERE body_id = b.id)
           AND NOT EXISTS (SELECT 1 FROM originals WHERE body_id = b.id) LIMIT 1000",
    ),
    (
        Problem::LegWithoutBody,
        "SELECT l.id FROM legs l WHERE l.body_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM bodies WHERE id = l.body_id) LIMIT 1000",
    ),
    (
        Problem::DepositWithoutBody,
        "SELECT d.id FROM deposits d
         WHERE NOT EXISTS (SELECT 1 FROM bodies WHERE id = d.body_id) LIMIT 1000",
    ),
    (
        Problem::DepositWithoutMailbox,
        "SELECT d.id FROM deposits d WHERE NOT EXISTS
           (SELECT 1 FROM mailboxes WHERE id = d.mailbox_id AND state <> 'deleted') LIMIT 1000",
    ),
    (
        Problem::MailboxReactivable,
        "SELECT m.id FROM mailboxes m WHERE m.state IN ('active', 'locked')
           AND (m.activated_at IS NULL
             OR EXISTS (SELECT 1 FROM wraps WHERE mailbox_id = m.id AND kind IN ('activation', 'link', 'initial'))
             OR EXISTS (SELECT 1 FROM tokens WHERE mailbox_id = m.id AND purpose = 'activation'
                          AND spent_at IS NULL)) LIMIT 1000",
    ),
    (
        Problem::MailboxUnopenable,
        "SELECT m.id FROM mailboxes m WHERE m.state <> 'deleted'
           AND NOT EXISTS (SELECT 1 FROM wraps WHERE mailbox_id = m.id AND kind <> 'link') LIMIT 1000",
    ),
    (
        Problem::NewcomerWithoutPendingMailbox,
        "SELECT n.mailbox_id FROM newcomers n WHERE NOT EXISTS
           (SELECT 1 FROM mailboxes WHERE id = n.mailbox_id AND state = 'pending') LIMIT 1000",
    ),
    (
        Problem::SessionWithoutActiveMailbox,
        "SELECT s.mailbox_id FROM sessions s WHERE NOT EXISTS
           (SELECT 1 FROM mailboxes WHERE id = s.mailbox_id AND state = 'active') LIMIT 1000",
    ),
    (
        Problem::BodySizeWrong,
        "SELECT b.id FROM bodies b WHERE b.place = 'row' AND length(b.bytes) <> b.size LIMIT 1000",
    ),
    (
        // The body is sealed without the letter's head, which is 16 MiB at most.
        Problem::DepositSizeWrong,
        "SELECT d.id FROM deposits d JOIN bodies b ON b.id = d.body_id
         WHERE d.size < 0 OR d.size - 16777216 > b.size LIMIT 1000",
    ),
];

/// Rows that were meant for minutes, hours or days and have expired.
pub(crate) fn stale(now: Timestamp) -> Vec<StaleRows> {
    let mut stale = vec![
        stale_rows!(
            Fingerprints,
            "FROM fingerprints WHERE committed_at < ?1 OR committed_at > ?2",
            now.minus(RETRY_WINDOW),
            latest_noted(now, TOO_FAR)
        ),
        stale_rows!(Sessions, "FROM sessions WHERE expires_at <= ?1", now),
        stale_rows!(Newcomers, "FROM newcomers WHERE expires_at <= ?1", now),
        old_tries(now),
        old_ended_sessions(now),
        old_uses(now),
        old_policies(now),
    ];
    stale.extend(old_tls_reports(now));
    stale
}

/// Removes them; returns how many. What waits for a time that none of us has noted waits no longer.
pub(crate) async fn drop_stale(store: &Store, now: Timestamp) -> Result<StaleCounts, StoreError> {
    let pulled: usize = store.change(pull_in(now)).await?.into_iter().sum();
    if pulled > 0 {
        tracing::warn!(rows = pulled, "rows were dated further ahead than anything is: dated now");
    }
    store.delete_stale(stale(now)).await
}

/// The number of one kind.
fn of_kind(kind: StaleKind, counts: &StaleCounts) -> u64 {
    counts.iter().filter(|(one, _)| *one == kind).map(|(_, count)| count).sum()
}

impl Store {
    /// Removes expired rows, then checks every invariant. Repairs nothing: what it reports is a defect.
    pub async fn sweep(&self, now: Timestamp) -> Result<SweepReport, StoreError> {
        let dropped = drop_stale(self, now).await?;

        let mut questions = vec![sql!(COUNTS)];
        questions.extend(CHECKS.iter().map(|(_, text)| sql!(*text)));
        let mut answers = self.read(questions).await?.into_iter();
        let mut counts =
            answers.next().unwrap_or_default().pop().ok_or(StoreError::Damaged { what: "a count" })?;
        let counts = StoreCounts {
            mailboxes: counts.count()?,
            mailboxes_pending: counts.count()?,
            deposits: counts.count()?,
            legs: counts.count()?,
            legs_frozen: counts.count()?,
            bodies_in_rows: counts.count()?,
            bodies_in_files: counts.count()?,
            body_bytes: counts.count()?,
            fingerprints: counts.count()?,
            sessions: counts.count()?,
        };
        let mut problems = Vec::new();
        for ((problem, _), rows) in CHECKS.iter().zip(answers) {
            for mut row in rows {
                problems.push(problem(row.text()?));
            }
        }
        self.check_rows_have_files(&mut problems).await?;
        self.check_files_have_rows(&mut problems).await?;
        let unknown_objects = self.check_objects(now, &mut problems).await?;
        Ok(SweepReport {
            counts,
            problems,
            fingerprints_dropped: of_kind(StaleKind::Fingerprints, &dropped),
            sessions_dropped: of_kind(StaleKind::Sessions, &dropped),
            unknown_objects,
        })
    }

    /// Every body recorded as a file (not an object) has a file of the right size.
    async fn check_rows_have_files(&self, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let rows = self
                .read_rows(sql!(
                    "SELECT id, size FROM bodies WHERE place = 'file' AND id > ?1
                     AND NOT EXISTS (SELECT 1 FROM objects WHERE body = bodies.id AND state = 'kept') ORDER BY id LIMIT 500",
                    last.as_str()
                ))
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                let (id, size) = (row.text()?, row.count()?);
                // Removed meanwhile together with its row: that is in order.
                if self.files().size(&id) != Some(size) && self.is_in_file(&id).await? {
                    problems.push(Problem::BodyFileMissing(id.clone()));
                }
                last = id;
            }
        }
    }

    /// Every file has a row, unless it is just being written or removed.
    async fn check_files_have_rows(&self, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
        for shelf in self.files().shelves()? {
            let (complete, _being_written) = self.files().on_shelf(&shelf)?;
            for id in complete {
                // The moving files first: a body leaves that set only after its row is committed.
                let is_orphan = !self.files().is_moving(&id)
                    && !self.is_in_file(&id).await?
                    && !self.files().is_moving(&id)
                    && self.files().size(&id).is_some();
                if is_orphan {
                    problems.push(Problem::OrphanFile(id));
                }
            }
        }
        Ok(())
    }

    async fn is_in_file(&self, id: &str) -> Result<bool, StoreError> {
        let question = sql!(
            "SELECT 1 FROM bodies WHERE id = ?1 AND place = 'file'
             AND NOT EXISTS (SELECT 1 FROM objects WHERE body = ?1 AND state = 'kept')",
            id
        );
        Ok(self.read_one(question).await?.is_some())
    }
}
