//! Results of TLS sessions with servers of recipients' domains, counted per day, and which domains got a report for
//! which day (RFC 8460). Cannot open the results, and does not know whose servers they are.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;

/// Days are those of UTC (RFC 8460 §4.1).
const DAY: i64 = 86_400_000;
/// A day not reported within this many days is not reported any more.
const KEPT: i64 = 4;
/// That a domain got its report is remembered for longer than there is anything to report.
const TOLD: i64 = 2 * KEPT;
/// Domains per page.
const PAGE: u32 = 500;

/// Sessions with the same result on the same day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSessionRow {
    /// Tag of the result and of the process that observed it: two processes never count in one row.
    pub tag: [u8; 32],
    /// Tag of domain and day.
    pub report_tag: [u8; 32],
    /// The day, counted from 1970-01-01.
    pub day: i64,
    /// The result, sealed.
    pub facts_sealed: Vec<u8>,
    /// Number of sessions.
    pub sessions: u64,
}

/// A domain that gets a report for a day, or that wants no reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTlsReport {
    /// Tag of domain and day.
    pub report_tag: [u8; 32],
    /// The day.
    pub day: i64,
    /// The report, once for each https receiver.
    pub submissions: Vec<NewTlsSubmission>,
}

/// A report to be submitted by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTlsSubmission {
    /// Id.
    pub id: String,
    /// The report and its receiver, sealed.
    pub report_sealed: Vec<u8>,
    /// When it was created.
    pub at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// A report being submitted by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSubmissionRow {
    /// Id.
    pub id: String,
    /// The report and its receiver, sealed.
    pub report_sealed: Vec<u8>,
    /// Failed attempts.
    pub attempts: i64,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When a submission began whose result is unknown.
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
    /// Counts sessions without waiting. The counts become durable with the next durable commit, or soon.
    pub fn count_tls_sessions(&self, row: TlsSessionRow) {
        self.write_unhurried(sql!(
            "INSERT INTO tls_sessions (tag, report_tag, day, facts_sealed, sessions) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tag) DO UPDATE SET sessions =
                 CASE WHEN tls_sessions.sessions BETWEEN 0 AND 1000000000 THEN tls_sessions.sessions ELSE 0 END + excluded.sessions",
            &row.tag,
            &row.report_tag,
            row.day,
            row.facts_sealed,
            row.sessions
        ));
    }

    /// Domains without a report for a day before this one and after that one, one page at a time.
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

    /// The results of one domain on one day.
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

    /// Reports that are due for submission, and those whose submission has begun.
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
            Ok::<_, StoreError>(TlsSubmissionRow { id, report_sealed, attempts, expires_at, begun_at })
        };
        // One that cannot be read keeps no other, and goes by time.
        Ok(self.read_rows(question).await?.into_iter().filter_map(|row| one(row).ok()).collect())
    }

    /// Records that a submission begins. `false`: another process has begun it, or it is gone.
    pub async fn begin_tls_submission(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let begun =
            sql!("UPDATE tls_submissions SET begun_at = ?2 WHERE id = ?1 AND begun_at IS NULL", id, now);
        Ok(self.change(vec![begun]).await?.iter().sum::<usize>() == 1)
    }

    /// Its receiver refused it: retry later.
    pub async fn retry_tls_submission(&self, id: &str, due_at: Timestamp) -> Result<(), StoreError> {
        let again = sql!(
            "UPDATE tls_submissions SET begun_at = NULL, due_at = ?2,
                 attempts = CASE WHEN attempts BETWEEN 0 AND 1000000 THEN attempts + 1 ELSE 1000000 END WHERE id = ?1",
            id,
            due_at
        );
        self.change(vec![again]).await.map(drop)
    }

    /// It was accepted, or is given up.
    pub async fn end_tls_submission(&self, id: &str) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM tls_submissions WHERE id = ?1", id)]).await.map(drop)
    }
}

/// Rows too old to be reported.
pub(crate) fn old_tls_reports(now: Timestamp) -> [StaleRows; 3] {
    let today = now.0.div_euclid(DAY);
    [
        stale_rows!(TlsCounts, "FROM tls_sessions WHERE day < ?1", today - KEPT),
        stale_rows!(TlsTold, "FROM tls_reported WHERE day < ?1", today - TOLD),
        stale_rows!(TlsSubmissions, "FROM tls_submissions WHERE expires_at < ?1", now.0 - DAY),
    ]
}
