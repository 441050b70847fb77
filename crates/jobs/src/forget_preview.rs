//! Which rows made useless by time would be removed now, and why. Changes nothing.

use sealpost_mail::Timestamp;
use sealpost_store::{StaleCounts, StaleKind};

use crate::dry_run::{DryRun, DryRunItem};
use crate::job_context::{Failed, JobContext};
use crate::retention;

/// What the nightly run removes.
pub(super) async fn forgotten(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let found = job_context.store.foresee_forgotten(now).await?;
    let runs = job_context.store.old_job_runs(now.minus(retention::RUNS)).await?;
    let mut seen = DryRun::default();
    seen.some(&found.withdrawn, "such words", |(letter, mailbox)| {
        let what = format!("the word that letter {letter} of mailbox {mailbox} was withdrawn goes");
        DryRunItem::of("withdrawn", what, "its recipient could read it for long enough")
            .with("letter", letter)
            .with("mailbox", mailbox)
    });
    seen.some(&found.dead_events, "such events", |(event, webhook)| {
        let why = "nobody took it, and nobody has looked after it for 60 days (`sealpost webhook list`)";
        DryRunItem::of("event", format!("event {event} for webhook {webhook} goes"), why)
            .with("event", event)
            .with("webhook", webhook)
    });
    add_stale(&mut seen, &found.stale);
    for (count, kind, what, why) in [
        (found.tokens, "link", "links go", "nobody can use them"),
        (found.bounce_memos, "notice", "memos of notices go", "none of those comes back any more"),
        (found.threads, "message-id", "message-ids go", "they are too old to be answered"),
        (runs, "run", "runs of jobs go from the log of jobs", "they ended more than 400 days ago"),
    ] {
        seen.count(count, kind, what, why);
    }
    Ok(seen)
}

/// What the consistency check removes besides.
pub(super) async fn swept(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::says("it looks whether everything hangs together, and repairs nothing");
    add_stale(&mut seen, &job_context.store.foresee_stale(now).await?);
    Ok(seen)
}

/// Short-lived rows, which any run removes.
pub(super) fn add_stale(seen: &mut DryRun, stale: &StaleCounts) {
    for (kind, count) in stale {
        let (word, what, why) = words(*kind);
        seen.count(*count, word, what, why);
    }
}

fn words(kind: StaleKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        StaleKind::Fingerprints => ("fingerprint", "fingerprints go", "nobody sends those letters again"),
        StaleKind::Sessions => ("session", "sessions go", "they are over"),
        StaleKind::Newcomers => ("newcomer", "first log-ins go", "nobody ended them in time"),
        StaleKind::Tries => ("tries", "counts of wrong passwords and answers go", "they count no longer"),
        StaleKind::EndedSessions => {
            ("ended-session", "reasons of ended sessions go", "no browser asks for them any more")
        }
        StaleKind::Uses => ("quota", "counts for quotas go", "they are older than a day"),
        StaleKind::Policies => ("policy", "MTA-STS policies go", "they have run out"),
        StaleKind::TlsCounts => ("tls-count", "counts of TLS sessions go", "they are too old to be told"),
        StaleKind::TlsTold => {
            ("tls-told", "notes of reports on TLS go", "nothing of those days is told again")
        }
        StaleKind::TlsSubmissions => {
            ("tls-submission", "reports on TLS go", "their receivers did not take them in time")
        }
    }
}
