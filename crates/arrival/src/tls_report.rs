//! Queues a TLS report (RFC 8460) to a domain, committed with the record that it was sent, so that it is not repeated.
//! Knows neither what is counted nor when a report is due.

use sealpost_delivery::{
    Purpose, ReportTo, ReportsTo, Route, TLS_REPORT_TRIED, TlsReport, TlsReportError, TlsReporter,
};
use sealpost_mail::{ReversePath, Timestamp, TlsFloor};
use sealpost_store::{ArrivalRows, LegPurpose, NewTlsReport};

use crate::context::Context;
use crate::enqueue;
use crate::reminder::{Mailing, Unsent, once, unsent};

/// Queues the report for each of these receivers. Without receivers, or without a report, only the record is written.
pub async fn send_tls_report(
    context: &Context,
    reporter: &TlsReporter,
    (day, report_tag): (i64, [u8; 32]),
    report: Option<(&TlsReport, &[ReportTo])>,
    now: Timestamp,
) -> Result<Mailing, Unsent> {
    let shared = &context.shared;
    let mut told = NewTlsReport { report_tag, day, submissions: Vec::new() };
    let mut rows = ArrivalRows::new(now);
    let Some((report, places)) = report else {
        rows.tls_reports.push(told);
        return once(&context.shared, rows).await;
    };
    let unwritten = |error: TlsReportError| Unsent::Row(error.to_string());
    for place in places {
        match place {
            ReportTo::Web(url) => {
                let submission = reporter.submission(report, url, now, &*shared.random);
                told.submissions.push(submission.map_err(unwritten)?);
            }
            ReportTo::Mail(to) => {
                let message_id = format!("{}@{}", shared.random.id(), context.tenant.name);
                let mail = reporter.mail(report, to, message_id, now).map_err(unwritten)?;
                let letter = enqueue::letter(&shared.store, &*shared.random, mail);
                let (content, body) = letter.await.map_err(unsent)?;
                let draft = enqueue::Draft {
                    content,
                    // A bounce of this one would be of no use, and none may come back to us.
                    reverse_path: ReversePath::Null,
                    recipient: to.clone(),
                    route: Route::Mx,
                    tls: TlsFloor::None,
                    purpose: Purpose::TlsReport,
                    reports_to: ReportsTo::Ours,
                    at: now,
                };
                let queue = enqueue::Queue { give_up: TLS_REPORT_TRIED, ..enqueue::Queue::of(context) };
                let id = shared.random.id();
                let leg = enqueue::leg(&queue, draft, Some(&body), LegPurpose::Report, &id);
                rows.legs.push(leg.map_err(unsent)?);
                rows.more_bodies.push(body);
            }
        }
    }
    rows.tls_reports.push(told);
    once(&context.shared, rows).await
}
