//! TLS reports to domains for one day (RFC 8460): the counts, where the domain wants them, and the report itself, by mail or by
//! https. Does not decide when, and queues nothing.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sealpost_mail::{Address, Random, Timestamp, TlsReportMail, compose_tls_report, hex};
use sealpost_notice::{Language, TlsReportWords};
use sealpost_store::{NewTlsSubmission, TlsSessionRow, TlsSubmissionRow};
use sealpost_vault::{Label, SpoolKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::{DeliveryConfig, TlsReportTerms};
use crate::dkim::DkimKeys;
use crate::error::DeliveryError;
use crate::fetch::{FetchError, Fetcher};
use crate::resolve::{DnsError, Resolver, SystemResolver};
use crate::tls_counts::{self, DAY};

mod document;
mod record;

use document::{Frame, Tally};
pub use record::ReportTo;

/// RFC 8460 §4.1: "a random delay of up to four hours", and at least a minute.
const SPREAD: (u64, u64) = (60_000, 4 * 3_600_000);
/// RFC 8460 §5.5: how long a report is tried.
pub const TLS_REPORT_TRIED: Duration = Duration::from_secs(24 * 3600);

/// The type of a report (RFC 8460 §6.3).
const GZIP: &str = "application/tlsrpt+gzip";

/// Why there is no report.
#[derive(Debug, Error)]
pub enum TlsReportError {
    /// It could not be written.
    #[error("the report could not be written: {0}")]
    Written(String),
    /// The queued report was not written by us.
    #[error("the report that waits to be sent cannot be opened: it was not written so by us")]
    Sealed,
}

/// The counts of one domain for one day.
#[derive(Clone, Debug)]
pub struct DayTally {
    /// The domain that the report is for.
    pub domain: String,
    /// Days since 1970.
    pub day: i64,
    report_tag: [u8; 32],
    tally: Tally,
}

impl DayTally {
    /// Successful and failed sessions, by the domain's requirements.
    #[must_use]
    pub fn sessions(&self) -> (u64, u64) {
        (self.tally.secured(), self.tally.failed())
    }

    /// The day, as `2026-11-28`.
    #[must_use]
    pub fn date(&self) -> String {
        date(self.day)
    }
}

/// A report, ready to be sent.
#[derive(Clone)]
pub struct TlsReport {
    /// The domain that the report is about.
    pub domain: String,
    id: String,
    file: String,
    gzip: Vec<u8>,
    date: String,
    sessions: (u64, u64),
}

/// The sealed part of a report to be submitted by https.
#[derive(Serialize, Deserialize)]
struct HttpsReport {
    url: String,
    domain: String,
    gzip: String,
}

/// Writes reports and puts them into the queue.
pub struct TlsReporter {
    terms: TlsReportTerms,
    /// RFC 8460 §5.3 TLS-Report-Submitter: the domain in From, whose DKIM key signs.
    from: Address,
    languages: Vec<Language>,
    dkim: DkimKeys,
    key: SpoolKey,
    resolver: Arc<dyn Resolver>,
    fetcher: Fetcher,
}

impl TlsReporter {
    /// With the sender in the configuration; `None` if there is none.
    ///
    /// # Errors
    /// There are no name servers, or the authorities cannot be read.
    pub fn new(config: &DeliveryConfig, key: SpoolKey) -> Result<Option<Self>, DeliveryError> {
        let Some(terms) = config.tls_reports.clone() else { return Ok(None) };
        let resolver = SystemResolver::with(&config.name_servers);
        let resolver: Arc<dyn Resolver> =
            Arc::new(resolver.map_err(|error| DeliveryError::Config(error.to_string()))?);
        let fetcher = Fetcher::over(Arc::clone(&resolver), &config.trust, config.report_networks())?;
        let (from, languages) = (config.report_from.1.clone(), config.report_languages.clone());
        let dkim = config.dkim.clone();
        Ok(Some(Self { terms, from, languages, dkim, key, resolver, fetcher }))
    }

    /// Whether its mails are signed by the domain that they are from.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.dkim.sign_for(self.from.domain())
    }

    /// When a day is reported to a domain: in the first hours after it, at a different time for each domain, so that a receiver of
    /// many does not get them all at once.
    #[must_use]
    pub fn due_at((day, report_tag): (i64, [u8; 32])) -> Timestamp {
        let end = Timestamp(day.saturating_add(1).saturating_mul(DAY));
        end.plus(Duration::from_millis(SPREAD.0 + drawn(&report_tag) % (SPREAD.1 - SPREAD.0)))
    }

    /// The counts in these rows. `None`: they are not ours.
    #[must_use]
    pub fn tally(&self, rows: &[TlsSessionRow]) -> Option<DayTally> {
        let mut found: Option<DayTally> = None;
        for row in rows {
            let Some(seen) = tls_counts::open(&self.key, row) else {
                tracing::error!("a count of TLS sessions cannot be opened: it was not written by us");
                continue;
            };
            let all = found.get_or_insert_with(|| DayTally {
                domain: seen.domain.clone(),
                day: row.day,
                report_tag: row.report_tag,
                tally: Tally::default(),
            });
            all.tally.add(seen, row.sessions);
        }
        found
    }

    /// Where a domain wants reports (RFC 8460 §3); empty without a readable record.
    ///
    /// # Errors
    /// It cannot be looked up now.
    pub async fn report_addresses(&self, domain: &str) -> Result<Vec<ReportTo>, DnsError> {
        match self.resolver.texts(&format!("_smtp._tls.{domain}")).await {
            Ok(texts) => Ok(record::read(&texts)),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => Ok(Vec::new()),
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => Err(error),
        }
    }

    /// The report. Writing it again gives the same report with the same id, so that duplicates can be recognised.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(&self, counted: &DayTally) -> Result<TlsReport, TlsReportError> {
        let submitter = self.from.domain().as_str();
        let (begin, end) =
            (counted.day.saturating_mul(DAY), counted.day.saturating_add(1).saturating_mul(DAY));
        let date = counted.date();
        let unique: String = hex(&counted.report_tag).chars().take(24).collect();
        let id = format!("{date}.{unique}@{submitter}");
        let contact = self.terms.contact.to_path();
        let frame = Frame {
            organization: &self.terms.organization,
            contact: &contact,
            report_id: &id,
            begin: format!("{date}T00:00:00Z"),
            end: format!("{date}T23:59:59Z"),
            domain: &counted.domain,
        };
        let written = |error: &dyn std::error::Error| TlsReportError::Written(error.to_string());
        let json = counted.tally.json(&frame).map_err(|error| written(&error))?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = packed.write_all(&json).and_then(|()| packed.finish()).map_err(|error| written(&error))?;
        // RFC 8460 §5.1: sender, domain, begin and end in seconds.
        let file =
            format!("{submitter}!{}!{}!{}!{unique}.json.gz", counted.domain, begin / 1000, end / 1000 - 1);
        let (domain, sessions) = (counted.domain.clone(), counted.sessions());
        Ok(TlsReport { domain, id, file, gzip, date, sessions })
    }

    /// The report as a mail (RFC 8460 §5.3).
    ///
    /// # Errors
    /// It could not be written.
    pub fn mail(
        &self,
        report: &TlsReport,
        to: &Address,
        message_id: String,
        at: Timestamp,
    ) -> Result<Vec<u8>, TlsReportError> {
        let written = |error: String| TlsReportError::Written(error);
        let words = TlsReportWords {
            domain: &report.domain,
            organization: &self.terms.organization,
            date: &report.date,
            secured: report.sessions.0,
            failed: report.sessions.1,
        };
        let text = words.text(&self.languages).map_err(|error| written(error.to_string()))?;
        let submitter = self.from.domain().as_str().to_owned();
        let mail = TlsReportMail {
            from: (self.terms.organization.clone(), self.from.clone()),
            to: to.clone(),
            domain: report.domain.clone(),
            submitter,
            report_id: report.id.clone(),
            message_id,
            at,
            text,
            file: (report.file.clone(), report.gzip.clone()),
        };
        compose_tls_report(&mail).map_err(|error| written(error.to_string()))
    }

    /// The sealed submission of a report to an https address.
    ///
    /// # Errors
    /// It could not be written.
    pub fn submission(
        &self,
        report: &TlsReport,
        url: &str,
        at: Timestamp,
        random: &dyn Random,
    ) -> Result<NewTlsSubmission, TlsReportError> {
        let (url, gzip) = (url.to_owned(), STANDARD.encode(&report.gzip));
        let plain = serde_json::to_vec(&HttpsReport { url, domain: report.domain.clone(), gzip })
            .map_err(|error| TlsReportError::Written(error.to_string()))?;
        let id = random.id();
        let report_sealed = self.key.seal(Label::TlsReport, &id, &plain, random);
        Ok(NewTlsSubmission { id, report_sealed, at, expires_at: at.plus(TLS_REPORT_TRIED) })
    }

    /// Submits it. Returns the domain it is about, and the result.
    ///
    /// # Errors
    /// It was not written by us.
    pub async fn submit(
        &self,
        row: &TlsSubmissionRow,
    ) -> Result<(String, Result<(), FetchError>), TlsReportError> {
        let plain = self.key.open(Label::TlsReport, &row.id, &row.report_sealed);
        let plain = plain.map_err(|_sealed| TlsReportError::Sealed)?;
        let waiting: HttpsReport =
            serde_json::from_slice(plain.expose()).map_err(|_form| TlsReportError::Sealed)?;
        let gzip = STANDARD.decode(&waiting.gzip).map_err(|_form| TlsReportError::Sealed)?;
        Ok((waiting.domain, self.fetcher.submit(&waiting.url, GZIP, gzip).await))
    }
}

fn date(day: i64) -> String {
    let begin = jiff::Timestamp::from_millisecond(day.saturating_mul(DAY));
    begin.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// A number that looks random: tags are keyed.
fn drawn(tag: &[u8; 32]) -> u64 {
    tag.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_has_its_time_within_four_hours() {
        let day = 20_785;
        let times: std::collections::BTreeSet<i64> =
            (0..200_u8).map(|nth| TlsReporter::due_at((day, [nth; 32])).0 - (day + 1) * DAY).collect();
        assert!(times.len() > 100);
        assert!(times.iter().all(|time| (60_000..14_400_000).contains(time)), "{times:?}");
        assert_eq!(date(day), "2026-11-28");
    }
}
