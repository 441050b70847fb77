//! Sends domains a report on their servers' TLS for each past day (RFC 8460), if they want one: each in its own minute of the first
//! four hours, by mail or by https. Missed ones are made up for while the counts are kept. Knows neither JSON nor DNS.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealpost_arrival::reminder::{Mailing, Unsent};
use sealpost_arrival::{Context, send_tls_report};
use sealpost_delivery::{DayTally, ReportTo, TlsReporter, day_of};
use sealpost_mail::Timestamp;
use sealpost_store::{Store, StoreError, TlsSubmissionRow};
use tokio::time::Instant;

use crate::job_context::{Counts, Failed, JobContext};

/// Pause between the first two tries by https, doubled each time, and the maximum.
const PAUSE: (Duration, Duration) = (Duration::from_secs(10 * 60), Duration::from_secs(4 * 3600));

/// How long a run begins submissions: with the 20 seconds that the last ones have it ends within a minute. The rest stays due.
const BEGUN: Duration = Duration::from_secs(40);

pub(super) async fn send(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let (Some(context), Some(reporter)) = (&job_context.arrival, &job_context.tls_reports) else {
        return Ok(Vec::new());
    };
    let (mut reports, mut unknown) = (0, 0);
    let mut untold = Untold::before(job_context, now);
    while let Some(which) = untold.next().await? {
        if TlsReporter::due_at(which) > now {
            continue;
        }
        match tell(job_context, context, reporter, which, now).await? {
            DomainReport::Report => reports += 1,
            DomainReport::NoReport => {}
            DomainReport::Unknown => unknown += 1,
        }
    }
    let (submitted, refused) = submit(job_context, reporter, now).await?;
    Ok(vec![("reports", reports), ("unknown", unknown), ("submitted", submitted), ("refused", refused)])
}

/// Domains and days without a report.
pub(super) struct Untold<'a> {
    job_context: &'a JobContext,
    before: i64,
    after: (i64, [u8; 32]),
    page: std::vec::IntoIter<(i64, [u8; 32])>,
}

impl<'a> Untold<'a> {
    pub(super) fn before(job_context: &'a JobContext, now: Timestamp) -> Self {
        Self { job_context, before: day_of(now), after: (i64::MIN, [0; 32]), page: Vec::new().into_iter() }
    }

    pub(super) async fn next(&mut self) -> Result<Option<(i64, [u8; 32])>, StoreError> {
        if self.page.as_slice().is_empty() {
            self.page = self.job_context.store.tls_untold(self.before, self.after).await?.into_iter();
        }
        let next = self.page.next();
        self.after = next.unwrap_or(self.after);
        Ok(next)
    }
}

/// Result for a domain and day.
enum DomainReport {
    /// The report is under way.
    Report,
    /// None: the domain does not want one, or another process has sent it.
    NoReport,
    /// Not yet: it is unknown at present whether it wants one.
    Unknown,
}

async fn tell(
    job_context: &JobContext,
    context: &Context,
    reporter: &TlsReporter,
    which: (i64, [u8; 32]),
    now: Timestamp,
) -> Result<DomainReport, Failed> {
    let Some(counted) = reporter.tally(&job_context.store.tls_sessions(which).await?) else {
        // What cannot be read is not reported.
        let _noted = sent(send_tls_report(context, reporter, which, None, now).await)?;
        return Ok(DomainReport::NoReport);
    };
    let receivers = match receivers(reporter, &counted).await {
        Ok(receivers) => receivers,
        Err(cause) => {
            tracing::info!(
                tls_report.domain = counted.domain,
                cause,
                "it is not known now whether the domain asks for TLS reports"
            );
            return Ok(DomainReport::Unknown);
        }
    };
    let report = match reporter.write(&counted) {
        Ok(report) if !receivers.is_empty() => report,
        Ok(_nobody_wants_it) => {
            let _noted = sent(send_tls_report(context, reporter, which, None, now).await)?;
            return Ok(DomainReport::NoReport);
        }
        Err(error) => {
            tracing::error!(tls_report.domain = counted.domain, %error, "a report on TLS");
            return Ok(DomainReport::Unknown);
        }
    };
    match sent(send_tls_report(context, reporter, which, Some((&report, &receivers)), now).await)? {
        Mailing::Already | Mailing::Nobody => Ok(DomainReport::NoReport),
        Mailing::Queued => {
            let (secured, failed) = counted.sessions();
            tracing::info!(
                tls_report.domain = counted.domain,
                tls_report.day = counted.date(),
                tls_report.secured = secured,
                tls_report.failed = failed,
                tls_report.places = receivers.len(),
                "a report on TLS is sent to a domain"
            );
            Ok(DomainReport::Report)
        }
    }
}

/// The receivers of a report.
async fn receivers(reporter: &TlsReporter, counted: &DayTally) -> Result<Vec<ReportTo>, String> {
    let Receivers { to, unsigned } = requested(reporter, counted).await?;
    if unsigned > 0 {
        tracing::warn!(
            tls_report.domain = counted.domain,
            "no report on TLS by mail: no DKIM key is there for the domain in report-from (`sealpost dkim create`)"
        );
    }
    Ok(to)
}

/// The receivers that a domain names, and which can be used.
pub(super) struct Receivers {
    pub(super) to: Vec<ReportTo>,
    /// Number of mail receivers left out because reports cannot be signed here.
    pub(super) unsigned: usize,
}

/// By mail only with a signature, or it would be ignored (RFC 8460 §3).
pub(super) async fn requested(reporter: &TlsReporter, counted: &DayTally) -> Result<Receivers, String> {
    let mut to = reporter.report_addresses(&counted.domain).await.map_err(|error| error.to_string())?;
    let all = to.len();
    to.retain(|place| match place {
        ReportTo::Mail(_) => reporter.signs(),
        ReportTo::Web(_) => true,
    });
    let unsigned = all - to.len();
    Ok(Receivers { to, unsigned })
}

/// Whether it is under way. One that cannot be written does not prevent other reports.
fn sent(outcome: Result<Mailing, Unsent>) -> Result<Mailing, Failed> {
    match outcome {
        Ok(mailing) => Ok(mailing),
        Err(Unsent::Row(error)) => {
            tracing::error!(error, "a report on TLS could not be sent");
            Ok(Mailing::Nobody)
        }
        Err(Unsent::Store(said)) => Err(Failed::Mail(said)),
    }
}

/// Submits waiting reports, eight at a time, so that silent receivers do not delay other jobs.
async fn submit(
    job_context: &JobContext,
    reporter: &TlsReporter,
    now: Timestamp,
) -> Result<(u64, u64), Failed> {
    let rows = job_context.store.tls_submissions(now).await?;
    let handing = Handing { store: &job_context.store, reporter, now, until: Instant::now() + BEGUN };
    let waiting = Mutex::new(rows.into_iter());
    let one = || handing.some_of(&waiting);
    // A failure does not stop the others: what has begun must be finished.
    let all = tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
    let (mut submitted, mut refused) = (0, 0);
    for some in <[_; 8]>::from(all) {
        let (taken, not_taken) = some?;
        submitted += taken;
        refused += not_taken;
    }
    Ok((submitted, refused))
}

/// Result of a submission.
enum HandedIn {
    /// Accepted by its receiver.
    Taken,
    /// Refused by its receiver.
    Refused,
    /// Not submitted.
    Not,
}

/// A run that submits reports.
struct Handing<'a> {
    store: &'a Store,
    reporter: &'a TlsReporter,
    now: Timestamp,
    /// Nothing is begun after that.
    until: Instant,
}

impl Handing<'_> {
    /// Submits one after the other, while there is time. Returns how many were accepted, and how many not.
    async fn some_of(
        &self,
        waiting: &Mutex<std::vec::IntoIter<TlsSubmissionRow>>,
    ) -> Result<(u64, u64), StoreError> {
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (mut taken, mut refused) = (0, 0);
        while Instant::now() < self.until {
            let Some(row) = next() else { break };
            match self.hand_in(&row).await? {
                HandedIn::Taken => taken += 1,
                HandedIn::Refused => refused += 1,
                HandedIn::Not => {}
            }
        }
        Ok((taken, refused))
    }

    /// A report whose submission began and did not end may have arrived: it is not submitted again.
    async fn hand_in(&self, row: &TlsSubmissionRow) -> Result<HandedIn, StoreError> {
        let store = self.store;
        if row.begun_at.is_some() {
            tracing::warn!(
                "a report on TLS may have been submitted when the service ended; it is not sent again"
            );
            store.end_tls_submission(&row.id).await?;
            return Ok(HandedIn::Not);
        }
        if row.expires_at <= self.now {
            tracing::warn!("a report on TLS was not accepted within a day and is given up");
            store.end_tls_submission(&row.id).await?;
            return Ok(HandedIn::Not);
        }
        if !store.begin_tls_submission(&row.id, self.now).await? {
            return Ok(HandedIn::Not);
        }
        match self.reporter.submit(row).await {
            Ok((domain, Ok(()))) => {
                tracing::info!(tls_report.domain = domain, "a report on TLS was submitted");
                store.end_tls_submission(&row.id).await?;
                Ok(HandedIn::Taken)
            }
            Ok((domain, Err(error))) => {
                tracing::info!(tls_report.domain = domain, %error, "a report on TLS was not accepted");
                store.retry_tls_submission(&row.id, self.now.plus(pause(row))).await?;
                Ok(HandedIn::Refused)
            }
            Err(error) => {
                tracing::error!(%error, "a report on TLS");
                store.end_tls_submission(&row.id).await?;
                Ok(HandedIn::Not)
            }
        }
    }
}

/// RFC 8460 §5.5: "exponential backoff".
fn pause(row: &TlsSubmissionRow) -> Duration {
    let doubled = u32::try_from(row.attempts).unwrap_or(u32::MAX).min(16);
    PAUSE.0.saturating_mul(1 << doubled).min(PAUSE.1)
}
