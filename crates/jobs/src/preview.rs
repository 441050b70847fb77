//! What a job would do now, line by line, and why. Changes nothing.

use sealpost_mail::Timestamp;

use crate::job::Job;
use crate::workshop::{Failed, Workshop};
use crate::{digests, reminders, retention, senders, tls_reports};

/// One line for each thing that would go or be sent.
pub async fn foresee(workshop: &Workshop, job: Job, now: Timestamp) -> Result<Vec<String>, Failed> {
    match job {
        Job::Retention => retention(workshop, now).await,
        Job::Mailboxes => {
            let found = retention::unused_mailboxes(workshop, now).await?;
            let line = |mailbox: &sealpost_store::IdleMailbox| {
                format!(
                    "mailbox {} goes: no letter and no log-in for as long as retention.mailbox says",
                    mailbox.id
                )
            };
            Ok(found.iter().map(line).collect())
        }
        Job::Digests => {
            let line = |(mailbox, letters): &(String, usize)| {
                format!(
                    "mail about {letters} new letters of mailbox {mailbox}, as soon as its pace allows it"
                )
            };
            Ok(digests::waiting(workshop).await?.iter().map(line).collect())
        }
        Job::Reminders => {
            let due = reminders::due(workshop, now).await?;
            let line = |one: &reminders::Due| {
                format!("mail about {} letters of mailbox {}", one.letters, one.mailbox_id)
            };
            Ok(due.iter().map(line).collect())
        }
        Job::MailboxReminders => {
            let ending = reminders::ending(workshop, now).await?;
            Ok(ending.iter().map(|one| format!("mail: mailbox {} will go", one.mailbox_id)).collect())
        }
        Job::Senders => {
            let (unfetched, gone) =
                (senders::unfetched(workshop, now).await?, senders::gone(workshop).await?);
            let waits = unfetched.iter().map(|one| format!("mail: nobody fetches letter {}", one.deposit_id));
            let gone = gone.iter().map(|one| format!("mail: letter {} went unread", one.deposit_id));
            Ok(waits.chain(gone).collect())
        }
        Job::Keys => Ok(vec![
            "mail about keys that end soon: `sealpost domain-key list` and `partner list` show them"
                .to_owned(),
        ]),
        Job::Ocsp => {
            Ok(vec!["authorities are asked about partners' certificates, if they are due".to_owned()])
        }
        Job::TlsReports => tls_reports::waiting(workshop, now).await,
        Job::Forget | Job::Sweep | Job::Audit => Ok(vec!["nothing that anybody could read goes".to_owned()]),
    }
}

async fn retention(workshop: &Workshop, now: Timestamp) -> Result<Vec<String>, Failed> {
    let store = &workshop.store;
    let mut lines = Vec::new();
    for (letter, mailbox) in store.foresee_letters(now).await? {
        lines.push(format!("letter {letter} of mailbox {mailbox} goes: its time is over"));
    }
    for (letter, mailbox) in store.foresee_trash(workshop.retention.trash_before(now)).await? {
        lines.push(format!("letter {letter} of mailbox {mailbox} goes: it lay in the trash long enough"));
    }
    for mailbox in store.foresee_pending(now).await? {
        lines.push(format!("mailbox {mailbox} goes: nobody activated it, and nothing is in it"));
    }
    Ok(lines)
}
