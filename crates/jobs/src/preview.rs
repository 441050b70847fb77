//! What a job would do now, item by item, and why, by the same conditions as the job itself. Changes nothing.

use sealpost_mail::{Term, Timestamp};
use sealpost_mailbox::UPLOAD_LIVES;

use crate::clock_check::{Belief, belief, days};
use crate::digests::{MailboxToTell, Outlook};
use crate::dry_run::{DryRun, DryRunItem};
use crate::job::Job;
use crate::job_context::{Failed, JobContext};
use crate::reminders::{self, Rung};
use crate::{digests, forget_preview, key_preview, retention, senders, tls_preview};

/// What it would do.
pub async fn foresee(job_context: &JobContext, job: Job, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = match job {
        Job::Retention => retention(job_context, now).await,
        Job::Mailboxes => mailboxes(job_context, now).await,
        Job::Digests => news(job_context, now).await,
        Job::Reminders => match night(job_context, now) {
            Some(night) => Ok(night),
            None => letters(job_context, now).await,
        },
        Job::MailboxReminders => match night(job_context, now) {
            Some(night) => Ok(night),
            None => ending(job_context, now).await,
        },
        Job::Senders => match night(job_context, now) {
            Some(night) => Ok(night),
            None => unread(job_context, now).await,
        },
        Job::Keys => key_preview::ending(job_context, now).await,
        Job::Ocsp => key_preview::questions(job_context, now).await,
        Job::Forget => forget_preview::forgotten(job_context, now).await,
        Job::Sweep => forget_preview::swept(job_context, now).await,
        Job::Audit => trail(job_context, now).await,
        Job::TlsReports => tls_preview::reports(job_context, now).await,
    }?;
    if job.minds_the_clock()
        && let Belief::Doubted { last } = belief(&job_context.store, now, job_context.clock_jump).await?
    {
        seen.notes.push(format!("nothing of it is done while {}", Failed::Ahead(days(last, now))));
    }
    Ok(seen)
}

/// Which new letters owners would be notified of, or why not.
async fn news(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::default();
    for MailboxToTell { mailbox, letters, outlook } in digests::waiting(job_context, now).await? {
        let deed = |what: String, why: &str| DryRunItem::of("mail", what, why).with("mailbox", &mailbox);
        match outlook {
            Outlook::Told => seen.deeds.push(deed(
                format!("mail about {letters} new letters of mailbox {mailbox}"),
                "they came after its owner was last told of any, and its pace allows another mail",
            )),
            Outlook::Unreachable => seen.deeds.push(deed(
                format!("mail to the senders of {letters} new letters of mailbox {mailbox}"),
                "mail to its owner came back too often",
            )),
            Outlook::Paced(at) => {
                let minutes = at.since(now).as_secs().div_ceil(60);
                seen.notes.push(format!(
                    "{letters} new letters of mailbox {mailbox} wait: its pace allows the next mail in {minutes} minutes"
                ));
            }
            Outlook::Locked => seen
                .notes
                .push(format!("{letters} new letters of mailbox {mailbox} wait: support has locked it")),
        }
    }
    Ok(seen)
}

async fn retention(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let kept = &job_context.retention;
    let (trashed, asked) = (kept.trash_before(now), kept.requests_before(now));
    let found = job_context.store.foresee_retention(now, trashed, now.minus(UPLOAD_LIVES), asked).await?;
    let mut seen = DryRun::default();
    let of_mailbox = |kind: &'static str, (id, mailbox): &(String, String), why: &str| {
        DryRunItem::of(kind, format!("{kind} {id} of mailbox {mailbox} goes"), why)
            .with(kind, id)
            .with("mailbox", mailbox)
    };
    seen.some(&found.letters, "letters", |one| of_mailbox("letter", one, "its time is over"));
    seen.some(&found.trash, "letters", |one| of_mailbox("letter", one, "it lay in the trash long enough"));
    seen.some(&found.drafts, "drafts", |one| of_mailbox("draft", one, "nobody came back for it"));
    seen.some(&found.mailboxes, "mailboxes", |mailbox| {
        let why = "nobody activated it, and nothing is in it or stays in it";
        DryRunItem::of("mailbox", format!("mailbox {mailbox} goes"), why).with("mailbox", mailbox)
    });
    seen.some(&found.originals, "originals", |original| {
        let why = "it was kept as it came for long enough";
        DryRunItem::of("original", format!("original {original} goes"), why).with("original", original)
    });
    seen.some(&found.uploads, "uploads", |one| of_mailbox("upload", one, "nothing of it came any more"));
    forget_preview::add_stale(&mut seen, &found.stale);
    Ok(seen)
}

async fn mailboxes(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::default();
    seen.each(&retention::unused_mailboxes(job_context, now).await?, |mailbox| {
        let (id, why) = (&mailbox.id, "no letter and no log-in for as long as retention.mailbox says");
        DryRunItem::of("mailbox", format!("mailbox {id} goes"), why).with("mailbox", id)
    });
    if job_context.retention.mailbox.is_none() {
        seen.notes.push("mailboxes in use stay: there is no retention.mailbox".to_owned());
    }
    Ok(seen)
}

/// Nothing is sent at night.
fn night(job_context: &JobContext, now: Timestamp) -> Option<DryRun> {
    let hours = &job_context.telling.hours;
    let (from, to) = (clock(hours.from), clock(hours.to));
    let line = format!("nobody is told anything now: reminders.hours is {from}-{to}");
    (!job_context.telling.is_awake(&job_context.retention.zone, now)).then(|| DryRun::says(line))
}

async fn letters(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::default();
    seen.each(&reminders::due(job_context, now).await?, |one| {
        let why = match one.rung {
            Rung::Waits(term) => format!("one has waited for {}", words(term)),
            Rung::Goes(term) => format!("one goes in {} or less", words(term)),
        };
        let (letters, mailbox) = (one.letters, &one.mailbox_id);
        DryRunItem::of("mail", format!("mail about {letters} letters of mailbox {mailbox}"), why)
            .with("mailbox", mailbox)
    });
    let telling = &job_context.telling;
    if telling.unactivated.is_empty() && telling.unread.is_empty() {
        seen.notes
            .push("nobody is reminded of letters: reminders has no unactivated and no unread".to_owned());
    }
    Ok(seen)
}

async fn ending(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::default();
    for one in reminders::ending(job_context, now).await? {
        if !reminders::is_reminded(job_context, &one).await? {
            continue;
        }
        let (mailbox, days) = (&one.mailbox_id, job_context.retention.zone.days(now, one.goes));
        let why = format!("it goes in {days} days if nobody uses it");
        let what = format!("mail about the end of mailbox {mailbox}");
        seen.deeds.push(DryRunItem::of("mail", what, why).with("mailbox", mailbox));
    }
    if job_context.retention.mailbox.is_none() {
        seen.notes.push("mailboxes in use stay: there is no retention.mailbox".to_owned());
    } else if job_context.telling.mailbox.is_empty() {
        seen.notes.push("nobody is told before a mailbox goes: there is no reminders.mailbox".to_owned());
    }
    Ok(seen)
}

async fn unread(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::default();
    let deed = |letter: &str, why: &str| {
        let what = format!("mail to the sender of letter {letter}");
        DryRunItem::of("mail", what, why).with("letter", letter)
    };
    seen.each(&senders::unfetched(job_context, now).await?, |one| {
        deed(&one.deposit_id, "nobody has fetched it for as long as senders.unfetched says")
    });
    seen.each(&senders::gone(job_context, now).await?, |one| deed(&one.deposit_id, "it went unread"));
    if job_context.telling.unfetched.is_none() {
        seen.notes.push(
            "of letters that nobody fetches no sender is told: there is no senders.unfetched".to_owned(),
        );
    }
    Ok(seen)
}

async fn trail(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let mut seen = DryRun::says("the log is told where the trail ends");
    let before = job_context.retention.zone.before(now, job_context.audit_kept);
    let old = job_context.store.old_audit_rows(before).await?;
    seen.count(old, "trail", "rows of the audit trail go", "audit.kept is over for them");
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
