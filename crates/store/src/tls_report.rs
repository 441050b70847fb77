//! How sessions with servers of recipients' domains went under TLS, counted by day, and which domains were told of which day
//! (RFC 8460). Cannot open what was seen, and does not know whose servers they are.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;

/// Days are those of UTC (RFC 8460 §4.1).
const DAY: i64 = 86_400_000;
/// What nobody was told of within so many days nobody is told of any more.
const KEPT: i64 = 4;
/// That a domain was told is remembered for longer than there is anything to tell.
const TOLD: i64 = 2 * KEPT;
/// Domains read at a time.
const PAGE: u32 = 500;

/// Sessions that went the same way on the same day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSessionRow {
    /// Of what was seen, and of the process that saw it: two never count in one row.
    pub tag: [u8; 32],
    /// Of domain and day.
    pub report_tag: [u8; 32],
    /// The day, since 1970.
    pub day: i64,
    /// What was seen.
    pub facts_sealed: Vec<u8>,
    /// How many sessions.
    pub sessions: u64,
}

/// A domain that is told of a day, or that asks for no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTlsReport {
    /// Of domain and day.
    pub report_tag: [u8; 32],
    /// The day.
    pub day: i64,
    /// The report, for each place where it goes by https.
    pub submissions: Vec<NewTlsSubmission>,
}

/// A report that goes by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTlsSubmission {
    /// Id.
    pub id: String,
    /// The report and where it goes.
    pub report_sealed: Vec<u8>,
    /// When it was made.
    pub at: Timestamp,
    /// Given up after that.
    pub expires_at: Timestamp,
}

/// A report on its way by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSubmissionRow {
    /// Id.
    pub id: String,
    /// The report and where it goes.
    pub report_sealed: Vec<u8>,
    /// How often its receiver did not take it.
    pub attempts: i64,
    /// Given up after that.
    pub expires_at: Timestamp,
    /// Somebody began to send it and did not say how that ended.
    pub begun_at: Option<Timestamp>,
}

impl NewTlsReport {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        let told = sql!(
            "INSERT INTO tls_reported (report_tag, day) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            &self.report_tag,
            self.day
        );
        batch.add(told.or_refuse(Refusal::Duplicate));
        batch.add(sql!(
            "DELETE FROM tls_sessions WHERE day = ?1 AND report_tag = ?2",
            self.day,
            &self.report_tag
        ));
        for one in self.submissions {
            batch.add(sql!(
                "INSERT INTO tls_submissions (id, report_sealed, attempts, due_at, expires_at, begun_at)
                 VALUES (?1, ?2, 0, ?3, ?4, NULL)",
                one.id,
                one.report_sealed,
                one.at,
                one.expires_at
            ));
        }
    }
}

impl Store {
    /// Counts sessions; nobody waits. They become durable with the next commit of whoever is in a hurry, or soon.
    pub fn count_tls_sessions(&self, row: TlsSessionRow) {
        self.write_unhurried(sql!(
            "INSERT INTO tls_sessions (tag, report_tag, day, facts_sealed, sessions) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tag) DO UPDATE SET sessions = tls_sessions.sessions + excluded.sessions",
            &row.tag,
            &row.report_tag,
            row.day,
            row.facts_sealed,
            row.sessions
        ));
    }

    /// Domains that were not told yet of a day before this one, after that one; some hundred at a time.
    pub async fn tls_untold(
        &self,
        before: i64,
        after: (i64, [u8; 32]),
    ) -> Result<Vec<(i64, [u8; 32])>, StoreError> {
        let question = sql!(
            "SELECT DISTINCT day, report_tag FROM tls_sessions
             WHERE day < ?1 AND (day > ?2 OR (day = ?2 AND report_tag > ?3))
               AND NOT EXISTS (SELECT 1 FROM tls_reported WHERE report_tag = tls_sessions.report_tag)
             ORDER BY day, report_tag LIMIT ?4",
            before,
            after.0,
            &after.1,
            PAGE
        );
        self.read_rows(question).await?.into_iter().map(|mut row| Ok((row.int()?, row.hash()?))).collect()
    }

    /// What was seen of one domain on one day.
    pub async fn tls_sessions(
        &self,
        (day, report_tag): (i64, [u8; 32]),
    ) -> Result<Vec<TlsSessionRow>, StoreError> {
        let question = sql!(
            "SELECT tag, facts_sealed, sessions FROM tls_sessions WHERE day = ?1 AND report_tag = ?2 ORDER BY tag",
            day,
            &report_tag
        );
        let one = |mut row: Row| {
            let (tag, facts_sealed) = (row.hash()?, row.blob()?);
            Ok(TlsSessionRow { tag, report_tag, day, facts_sealed, sessions: row.count()? })
        };
        self.read_rows(question).await?.into_iter().map(one).collect()
    }

    /// Reports that are to be sent by https now, and those that somebody began to send.
    pub async fn tls_submissions(&self, now: Timestamp) -> Result<Vec<TlsSubmissionRow>, StoreError> {
        let question = sql!(
            "SELECT id, report_sealed, attempts, expires_at, begun_at FROM tls_submissions
             WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
            now,
            PAGE
        );
        let one = |mut row: Row| {
            let (id, report_sealed, attempts) = (row.text()?, row.blob()?, row.int()?);
            let (expires_at, begun_at) = (row.time()?, row.opt_time()?);
            Ok(TlsSubmissionRow { id, report_sealed, attempts, expires_at, begun_at })
        };
        self.read_rows(question).await?.into_iter().map(one).collect()
    }

    /// Before a report is sent. `false`: somebody else has begun, or it is gone.
    pub async fn begin_tls_submission(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let begun =
            sql!("UPDATE tls_submissions SET begun_at = ?2 WHERE id = ?1 AND begun_at IS NULL", id, now);
        Ok(self.change(vec![begun]).await?.iter().sum::<usize>() == 1)
    }

    /// Its receiver said that it did not take it: once more, later.
    pub async fn retry_tls_submission(&self, id: &str, due_at: Timestamp) -> Result<(), StoreError> {
        let again = sql!(
            "UPDATE tls_submissions SET begun_at = NULL, attempts = attempts + 1, due_at = ?2 WHERE id = ?1",
            id,
            due_at
        );
        self.change(vec![again]).await.map(drop)
    }

    /// It is taken, or given up.
    pub async fn end_tls_submission(&self, id: &str) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM tls_submissions WHERE id = ?1", id)]).await.map(drop)
    }
}

/// What is too old to be told.
pub(crate) fn old_tls_reports(now: Timestamp) -> [StaleRows; 3] {
    let today = now.0.div_euclid(DAY);
    [
        stale_rows!(TlsCounts, "FROM tls_sessions WHERE day < ?1", today - KEPT),
        stale_rows!(TlsTold, "FROM tls_reported WHERE day < ?1", today - TOLD),
        stale_rows!(TlsSubmissions, "FROM tls_submissions WHERE expires_at < ?1", now.0 - DAY),
    ]
}
