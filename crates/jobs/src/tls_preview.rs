//! Which TLS reports would be sent now, to whom and where, and which not, or not yet, and why. Queries the
//! DNS; sends nothing.

use sealpost_delivery::{DayTally, ReportTo, TlsReporter};
use sealpost_mail::Timestamp;

use crate::dry_run::{DryRun, DryRunItem};
use crate::job_context::{Failed, JobContext};
use crate::tls_reports::{Receivers, Untold, requested};

/// The reports that the next run would send.
pub(super) async fn reports(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let Some(reporter) = &job_context.tls_reports else {
        let why = "no report goes: there is no [delivery.tls-reports] in the configuration";
        return Ok(DryRun::says(why));
    };
    let mut seen = DryRun::default();
    let mut untold = Untold::before(job_context, now);
    while let Some(which) = untold.next().await? {
        let due = TlsReporter::due_at(which);
        match reporter.tally(&job_context.store.tls_sessions(which).await?) {
            Some(counted) => report(reporter, &counted, due, now, &mut seen).await,
            None => seen.notes.push("counts of a domain cannot be read: nobody is told of them".to_owned()),
        }
    }
    let by_https = job_context.store.tls_submissions(now).await?.len() as u64;
    seen.count(by_https, "tls-submission", "reports go by https again", "they were not taken yet");
    Ok(seen)
}

/// One domain and day.
async fn report(
    reporter: &TlsReporter,
    counted: &DayTally,
    due: Timestamp,
    now: Timestamp,
    seen: &mut DryRun,
) {
    let (secured, failed) = counted.sessions();
    let which = format!("report on {} of {}", counted.domain, counted.date());
    if due > now {
        let minutes = due.since(now).as_secs().div_ceil(60);
        return seen.notes.push(format!("{which}: not before {minutes} minutes"));
    }
    let Receivers { to, unsigned } = match requested(reporter, counted).await {
        Ok(receivers) => receivers,
        Err(error) => {
            return seen
                .notes
                .push(format!("{which} waits: it is not known now whether it is asked for: {error}"));
        }
    };
    if to.is_empty() {
        let why = match unsigned {
            0 => "goes nowhere: the domain asks for none",
            _ => "goes nowhere: by mail none goes without a DKIM key for the domain in report-from",
        };
        return seen.notes.push(format!("{which} {why}"));
    }
    let to: Vec<String> = to.iter().map(shown).collect();
    let why = format!("{secured} sessions under TLS as it asks, {failed} not");
    let deed = DryRunItem::of("tls-report", format!("{which} to {}", to.join(", ")), why);
    seen.deeds.push(deed.with("domain", &counted.domain));
}

/// The operator may see the receiver: its address is public in the DNS.
fn shown(place: &ReportTo) -> String {
    match place {
        ReportTo::Mail(address) => format!("mailto:{}", address.to_path()),
        ReportTo::Web(url) => url.clone(),
    }
}
