//! What a job would do now, line by line, and why. It asks by what the job itself goes by; changes nothing.

use sealpost_mail::{Term, Timestamp};
use sealpost_mailbox::UPLOAD_LIVES;

use crate::digests::{Outlook, Waiting};
use crate::foresight::Foresight;
use crate::job::Job;
use crate::reminders::{self, Rung};
use crate::workshop::{Failed, Workshop};
use crate::{digests, key_preview, retention, senders, tls_reports};

/// What it would do.
pub async fn foresee(workshop: &Workshop, job: Job, now: Timestamp) -> Result<Foresight, Failed> {
    match job {
        Job::Retention => retention(workshop, now).await,
        Job::Mailboxes => mailboxes(workshop, now).await,
        Job::Digests => {
            let mut seen = Foresight::default();
            let waiting = digests::waiting(workshop, now).await?;
            let (passed_by, told): (Vec<_>, Vec<_>) =
                waiting.iter().partition(|one| one.outlook == Outlook::Locked);
            seen.each(&told, |one| new_letters(one));
            seen.lines.extend(passed_by.into_iter().map(new_letters));
            Ok(seen)
        }
        Job::Reminders => match night(workshop, now) {
            Some(night) => Ok(night),
            None => letters(workshop, now).await,
        },
        Job::MailboxReminders => match night(workshop, now) {
            Some(night) => Ok(night),
            None => ending(workshop, now).await,
        },
        Job::Senders => match night(workshop, now) {
            Some(night) => Ok(night),
            None => unread(workshop, now).await,
        },
        Job::Keys => key_preview::ending(workshop, now).await,
        Job::Ocsp => key_preview::questions(workshop, now).await,
        Job::Forget => forgotten(workshop, now).await,
        Job::Sweep => Ok(Foresight::says("nothing goes: it looks whether everything hangs together")),
        Job::Audit => {
            let mut seen = Foresight::default();
            let before = workshop.retention.zone.before(now, workshop.audit_kept);
            let old = workshop.store.old_audit_rows(before).await?;
            seen.count(old, "rows of the audit trail go: audit.kept is over for them");
            Ok(seen)
        }
        Job::TlsReports => {
            let mut seen = Foresight::default();
            seen.each(&tls_reports::waiting(workshop, now).await?, String::clone);
            Ok(seen)
        }
    }
}

/// What a mailbox's owner would be told of its new letters, or why not.
fn new_letters(one: &Waiting) -> String {
    let Waiting { mailbox, letters, outlook } = one;
    match outlook {
        Outlook::Told => {
            format!("mail about {letters} new letters of mailbox {mailbox}, as soon as its pace allows it")
        }
        Outlook::Unreachable => format!(
            "no mail about {letters} new letters of mailbox {mailbox}: it came back too often; their senders hear of it"
        ),
        Outlook::Locked => format!("{letters} new letters of mailbox {mailbox} wait: support has locked it"),
    }
}

async fn retention(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let trashed = workshop.retention.trash_before(now);
    let found = workshop.store.foresee_retention(now, trashed, now.minus(UPLOAD_LIVES)).await?;
    let mut seen = Foresight::default();
    seen.some(&found.letters, "letters whose time is over", |(letter, mailbox)| {
        format!("letter {letter} of mailbox {mailbox} goes: its time is over")
    });
    seen.some(&found.trash, "letters out of the trash", |(letter, mailbox)| {
        format!("letter {letter} of mailbox {mailbox} goes: it lay in the trash long enough")
    });
    seen.some(&found.drafts, "drafts", |(draft, mailbox)| {
        format!("draft {draft} of mailbox {mailbox} goes: nobody came back for it")
    });
    seen.some(&found.mailboxes, "mailboxes", |mailbox| {
        format!("mailbox {mailbox} goes: nobody activated it, and nothing is in it or stays in it")
    });
    seen.some(&found.originals, "originals", |original| {
        format!("original {original} goes: it was kept as it came for long enough")
    });
    seen.some(&found.uploads, "uploads", |(upload, mailbox)| {
        format!("upload {upload} of mailbox {mailbox} goes: nothing of it came any more")
    });
    Ok(seen)
}

async fn mailboxes(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let mut seen = Foresight::default();
    seen.each(&retention::unused_mailboxes(workshop, now).await?, |mailbox| {
        let id = &mailbox.id;
        format!("mailbox {id} goes: no letter and no log-in for as long as retention.mailbox says")
    });
    Ok(seen)
}

/// Nobody is told anything then.
fn night(workshop: &Workshop, now: Timestamp) -> Option<Foresight> {
    let hours = &workshop.telling.hours;
    let (from, to) = (clock(hours.from), clock(hours.to));
    let line = format!("nobody is told anything now: reminders.hours is {from}-{to}");
    (!workshop.telling.is_awake(&workshop.retention.zone, now)).then(|| Foresight::says(line))
}

async fn letters(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let mut seen = Foresight::default();
    seen.each(&reminders::due(workshop, now).await?, |one| {
        let why = match one.rung {
            Rung::Waits(term) => format!("one has waited for {}", words(term)),
            Rung::Goes(term) => format!("one goes in {} or less", words(term)),
        };
        format!("mail about {} letters of mailbox {}: {why}", one.letters, one.mailbox_id)
    });
    Ok(seen)
}

async fn ending(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let mut seen = Foresight::default();
    seen.each(&reminders::ending(workshop, now).await?, |one| {
        let days = workshop.retention.zone.days(now, one.goes);
        format!("mail: mailbox {} goes in {days} days if nobody uses it", one.mailbox_id)
    });
    Ok(seen)
}

async fn unread(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let mut seen = Foresight::default();
    seen.each(&senders::unfetched(workshop, now).await?, |one| {
        format!("mail: nobody has fetched letter {} for as long as senders.unfetched says", one.deposit_id)
    });
    seen.each(&senders::gone(workshop, now).await?, |one| {
        format!("mail: letter {} went unread", one.deposit_id)
    });
    Ok(seen)
}

async fn forgotten(workshop: &Workshop, now: Timestamp) -> Result<Foresight, Failed> {
    let found = workshop.store.foresee_forgotten(now).await?;
    let runs = workshop.store.old_job_runs(now.minus(retention::RUNS)).await?;
    let mut seen = Foresight::default();
    for (count, what) in [
        (found.fingerprints, "fingerprints go: nobody sends those letters again"),
        (found.sessions, "sessions go: they are over"),
        (found.tokens, "links go: nobody can use them"),
        (found.bounce_memos, "memos of notices go: none of those comes back any more"),
        (found.threads, "message-ids go: they are too old to be answered"),
        (runs, "runs of jobs go from the log of jobs"),
    ] {
        seen.count(count, what);
    }
    Ok(seen)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn words(term: Term) -> String {
    match term {
        Term::Days(count) => format!("{count} days"),
        Term::Months(count) => format!("{count} months"),
        Term::Years(count) => format!("{count} years"),
        Term::Exact(span) => format!("{} s", span.as_secs()),
    }
}
