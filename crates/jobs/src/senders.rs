//! Tells senders about unopened letters: after the operator's number of days, and when one went unread, by
//! expiry or deleted by its recipient. Each is told once, in the transaction that queues the mail, and never
//! at night.

use sealpost_arrival::reminder::{self, Mailing};
use sealpost_mail::{ActivateBy, Timestamp};
use sealpost_notice::{Notice, Reached, WentUnread};
use sealpost_store::{GoneUnread, SenderNote, Unfetched, UnreadEnd};

use crate::job_context::{Counts, Failed, JobContext, waits_from};
use crate::unreadable_rows::Unread;

pub(super) async fn tell(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let mut unread = Unread::default();
    let unfetched = tell_unfetched(job_context, &mut unread, now).await?;
    let gone = tell_gone(job_context, &mut unread, now).await?;
    Ok([("unfetched", unfetched), ("gone unread", gone)].into_iter().chain(unread.count()).collect())
}

/// Letters whose senders are to be told that they are not being fetched; none at night. Changes nothing.
pub(crate) async fn unfetched(job_context: &JobContext, now: Timestamp) -> Result<Vec<Unfetched>, Failed> {
    let (mut all, mut after) = (Vec::new(), String::new());
    let zone = &job_context.retention.zone;
    let awake = job_context.telling.is_awake(zone, now);
    let Some(term) = job_context.telling.unfetched.filter(|_| awake) else { return Ok(all) };
    loop {
        let found = job_context
            .store
            .unfetched(&after, now, job_context.latest_noted(now), job_context.telling.most_bounces())
            .await?;
        let Some(last) = found.last() else { return Ok(all) };
        after.clone_from(&last.deposit_id);
        all.extend(found.into_iter().filter(|letter| {
            let waits = waits_from(letter.waits_from, letter.received_at, job_context.latest_noted(now));
            zone.after(waits, term) <= now && letter.expires_at.is_none_or(|ends| ends > now)
        }));
    }
}

async fn tell_unfetched(
    job_context: &JobContext,
    unread: &mut Unread,
    now: Timestamp,
) -> Result<u64, Failed> {
    let mut sent = 0;
    let Some(context) = &job_context.arrival else { return Ok(0) };
    for letter in unfetched(job_context, now).await? {
        let (deposit_id, latest) = (letter.deposit_id.clone(), job_context.latest_noted(now));
        let told = SenderNote::Unfetched { deposit_id, at: now, latest };
        let waiting = job_context.retention.days(letter.received_at, now);
        let deletion = letter.expires_at.map(|at| (at, job_context.retention.days(now, at)));
        let notice = |recipient: &sealpost_mail::Address| Notice::NotFetched {
            recipient: recipient.to_path(),
            date: letter.received_at,
            waiting,
            deletion,
            reached: if letter.came_back { Reached::CameBack } else { Reached::Notified },
            newcomer: letter.initial_password.then_some(ActivateBy::InitialPassword),
        };
        let done =
            reminder::tell_sender(context, &letter.deposit_id, &letter.memo_sealed, told, notice, now).await;
        sent += unread.or_noted("letter", &letter.deposit_id, done)?.map_or(0, Mailing::mails);
    }
    Ok(sent)
}

/// Letters that went unread and whose senders are to be told; none at night. Changes nothing.
pub(crate) async fn gone(job_context: &JobContext, now: Timestamp) -> Result<Vec<GoneUnread>, Failed> {
    let (mut all, mut after) = (Vec::new(), String::new());
    if !job_context.telling.is_awake(&job_context.retention.zone, now) {
        return Ok(all);
    }
    loop {
        let found = job_context.store.gone_unread(&after).await?;
        let Some(last) = found.last() else { return Ok(all) };
        after.clone_from(&last.deposit_id);
        all.extend(found);
    }
}

async fn tell_gone(job_context: &JobContext, unread: &mut Unread, now: Timestamp) -> Result<u64, Failed> {
    let mut sent = 0;
    let Some(context) = &job_context.arrival else { return Ok(0) };
    for letter in gone(job_context, now).await? {
        let told = SenderNote::Gone { deposit_id: letter.deposit_id.clone() };
        let notice = |recipient: &sealpost_mail::Address| Notice::GoneUnread {
            recipient: recipient.to_path(),
            date: letter.received_at,
            at: letter.gone_at,
            how: match letter.how {
                UnreadEnd::Expired => WentUnread::Expired,
                UnreadEnd::Deleted => WentUnread::Deleted,
                UnreadEnd::WithMailbox => WentUnread::WithMailbox,
            },
        };
        let done =
            reminder::tell_sender(context, &letter.deposit_id, &letter.memo_sealed, told, notice, now).await;
        match unread.or_noted("letter", &letter.deposit_id, done)? {
            // Logged every time until an operator has looked: its sender cannot be told otherwise.
            None => {}
            Some(done @ (Mailing::Queued | Mailing::Already)) => sent += done.mails(),
            // A letter without a sender.
            Some(Mailing::Nobody) => drop(job_context.store.forget_gone(&letter.deposit_id).await?),
        }
    }
    Ok(sent)
}
