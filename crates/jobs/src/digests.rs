//! Collected notices: owners who want notices at most so often are notified of everything that arrived meanwhile in one
//! mail. Committed with the record that it was sent, so it is never sent twice. Must never know: what a letter says.

use std::time::Duration;

use sealpost_arrival::reminder::{self, Mailing, Unsent};
use sealpost_arrival::{Context, unnotified_letters};
use sealpost_mail::{Secret, Timestamp};
use sealpost_notice::Notice;
use sealpost_store::{Announced, AwaitsNotice, MailboxRow, MailboxState, StoreError};

use crate::job_context::{Counts, Failed, JobContext};
use crate::unreadable_rows::Unread;

/// Notifies all owners whose notice is due.
pub(super) async fn tell(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let (mut sent, mut after, mut unread) = (0, String::new(), Unread::default());
    let Some(context) = job_context.arrival.as_deref() else { return Ok(vec![("mails", 0)]) };
    loop {
        let found = job_context.store.awaiting_notice(&after).await?;
        let Some(last) = found.last() else { break };
        after.clone_from(&last.mailbox_id);
        for letters in found.chunk_by(|a, b| a.mailbox_id == b.mailbox_id) {
            let id = letters.first().map_or("", |letter| letter.mailbox_id.as_str());
            let told = one(job_context, context, letters, now).await;
            sent += unread.or_noted("digest", id, told)?.map_or(0, Mailing::mails);
        }
    }
    Ok([("mails", sent)].into_iter().chain(unread.count()).collect())
}

/// What a run does about new letters in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Its owner gets a mail.
    Told,
    /// Not before then: the last notice was too recent.
    Paced(Timestamp),
    /// Nothing yet: "log in and read" would be wrong until support has unlocked it.
    Locked,
    /// Mail to the owner bounced too often: as for every new letter, the senders are told.
    Unreachable,
}

/// A mailbox with letters to announce, and their number.
pub(super) struct MailboxToTell {
    pub(super) mailbox: String,
    pub(super) letters: usize,
    pub(super) outlook: Outlook,
}

/// All of them. Changes nothing.
pub(super) async fn waiting(job_context: &JobContext, now: Timestamp) -> Result<Vec<MailboxToTell>, Failed> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let found = job_context.store.awaiting_notice(&after).await?;
        let Some(last) = found.last() else { return Ok(all) };
        after.clone_from(&last.mailbox_id);
        for letters in found.chunk_by(|a, b| a.mailbox_id == b.mailbox_id) {
            match news(job_context, letters, now).await? {
                Some(News { mailbox, letters, outlook }) if !letters.is_empty() => {
                    all.push(MailboxToTell { mailbox: mailbox.id, letters: letters.len(), outlook });
                }
                Some(_) | None => {}
            }
        }
    }
}

/// What to announce to the owner of a mailbox.
struct News<'a> {
    mailbox: MailboxRow,
    letters: Vec<&'a AwaitsNotice>,
    outlook: Outlook,
}

/// For these letters of one mailbox; `None` if it does not exist.
async fn news<'a>(
    job_context: &JobContext,
    letters: &'a [AwaitsNotice],
    now: Timestamp,
) -> Result<Option<News<'a>>, StoreError> {
    let store = &job_context.store;
    let Some(first) = letters.first() else { return Ok(None) };
    let Some(mailbox) = store.mailbox(&first.mailbox_id).await? else { return Ok(None) };
    let bounced = store.unreachable(&mailbox.id).await?;
    let interval =
        job_context.telling.paces.of(mailbox.state, first.pace).interval().unwrap_or(Duration::ZERO);
    let announced = first.announced_at.filter(|at| *at <= job_context.latest_noted(now));
    let next = announced.map(|at| at.plus(interval)).filter(|next| *next > now);
    let outlook = match (bounced, mailbox.state) {
        (Some(bounced), _) if bounced.bounces >= job_context.telling.most_bounces() => Outlook::Unreachable,
        (_, MailboxState::Locked) => Outlook::Locked,
        (_, MailboxState::Pending | MailboxState::Active | MailboxState::Deleted) => {
            next.map_or(Outlook::Told, Outlook::Paced)
        }
    };
    let letters = letters.iter().filter(|letter| is_news(&mailbox, letter, now)).collect();
    Ok(Some(News { mailbox, letters, outlook }))
}

/// The letters of one mailbox.
async fn one(
    job_context: &JobContext,
    context: &Context,
    letters: &[AwaitsNotice],
    now: Timestamp,
) -> Result<Mailing, Unsent> {
    let store = &job_context.store;
    let because = |error: StoreError| Unsent::because(&error);
    let Some(first) = letters.first() else { return Ok(Mailing::Nobody) };
    let found = news(job_context, letters, now).await.map_err(because)?;
    let Some(News { mailbox, letters: news, outlook }) = found else { return Ok(Mailing::Nobody) };
    let all = || letters.iter().map(|letter| letter.deposit_id.clone()).collect::<Vec<_>>();
    let Some(oldest) = news.first() else {
        store.forget_unannounced(&all()).await.map_err(because)?;
        return Ok(Mailing::Nobody);
    };
    match outlook {
        Outlook::Told => {}
        Outlook::Locked | Outlook::Paced(_) => return Ok(Mailing::Nobody),
        Outlook::Unreachable => {
            for letter in &news {
                let _told = unnotified_letters::tell(
                    context,
                    &letter.deposit_id,
                    Some(unnotified_letters::UNREACHABLE),
                )
                .await?;
            }
            store.forget_unannounced(&all()).await.map_err(because)?;
            return Ok(Mailing::Nobody);
        }
    }
    let announcer = &context.tenant.announcer;
    let (link, newcomer) = match mailbox.state {
        MailboxState::Pending => {
            let way = reminder::way_in(context, &mailbox).await?;
            (way.link, Some(way.by))
        }
        MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => {
            (Secret::new(announcer.public_url.clone()), None)
        }
    };
    // Under a hold nothing expires.
    let goes = news.iter().filter_map(|letter| letter.expires_at).min();
    let goes = goes.filter(|_| mailbox.held_since.is_none());
    let notice = Notice::Digest {
        letters: u32::try_from(news.len()).unwrap_or(u32::MAX),
        date: oldest.received_at,
        link,
        deletion: goes.map(|at| (at, job_context.retention.days(now, at))),
        newcomer,
    };
    let announced =
        Announced { mailbox_id: mailbox.id.clone(), before: first.announced_at, at: now, letters: all() };
    let others: Vec<String> = news.iter().skip(1).map(|letter| letter.deposit_id.clone()).collect();
    reminder::digest(context, &mailbox, notice, &oldest.deposit_id, &others, announced).await
}

/// Whether its owner has neither read it nor logged in since, and it can still be read: after a time without jobs, what
/// expires now is not announced.
fn is_news(mailbox: &MailboxRow, letter: &AwaitsNotice, now: Timestamp) -> bool {
    let stays = mailbox.held_since.is_some() || letter.expires_at.is_none_or(|at| at > now);
    let been_here = mailbox.last_seen_at.max(mailbox.activated_at);
    let is_there = match mailbox.state {
        MailboxState::Pending | MailboxState::Active | MailboxState::Locked => true,
        MailboxState::Deleted => false,
    };
    is_there && stays && letter.is_new && been_here.is_none_or(|at| at < letter.received_at)
}
