//! Tells senders about unopened letters: after the operator's number of days, and when one went unread, by
//! expiry or deleted by its recipient. Each is told once, in the transaction that queues the mail, and never
//! at night.

use sealpost_arrival::reminder::{self, Mailing};
use sealpost_mail::{ActivateBy, Timestamp};
use sealpost_notice::{Notice, Reached, WentUnread};
use sealpost_store::{GoneUnread, SenderNote, Unfetched, UnreadEnd};

use crate::unreadable_rows::Unread;
use crate::workshop::{Counts, Failed, Workshop, waits_from};

pub(super) async fn tell(workshop: &Workshop, now: Timestamp) -> Result<Counts, Failed> {
    let mut unread = Unread::default();
    let unfetched = tell_unfetched(workshop, &mut unread, now).await?;
    let gone = tell_gone(workshop, &mut unread, now).await?;
    Ok([("unfetched", unfetched), ("gone unread", gone)].into_iter().chain(unread.count()).collect())
}

/// Letters whose senders are to be told that they are not being fetched; none at night. Changes nothing.
pub(crate) async fn unfetched(workshop: &Workshop, now: Timestamp) -> Result<Vec<Unfetched>, Failed> {
    let (mut all, mut after) = (Vec::new(), String::new());
    let zone = &workshop.retention.zone;
    let awake = workshop.telling.is_awake(zone, now);
    let Some(term) = workshop.telling.unfetched.filter(|_| awake) else { return Ok(all) };
    loop {
        let found = workshop
            .store
            .unfetched(&after, now, workshop.latest_noted(now), workshop.telling.most_bounces())
            .await?;
        let Some(last) = found.last() else { return Ok(all) };
        after.clone_from(&last.deposit_id);
        all.extend(found.into_iter().filter(|letter| {
            let waits = waits_from(letter.waits_from, letter.received_at, workshop.latest_noted(now));
            zone.after(waits, term) <= now && letter.expires_at.is_none_or(|ends| ends > now)
        }));
    }
}

async fn tell_unfetched(workshop: &Workshop, unread: &mut Unread, now: Timestamp) -> Result<u64, Failed> {
    let mut sent = 0;
    let Some(context) = &workshop.context else { return Ok(0) };
    for letter in unfetched(workshop, now).await? {
        let (deposit_id, latest) = (letter.deposit_id.clone(), workshop.latest_noted(now));
        let told = SenderNote::Unfetched { deposit_id, at: now, latest };
        let waiting = workshop.retention.days(letter.received_at, now);
        let deletion = letter.expires_at.map(|at| (at, workshop.retention.days(now, at)));
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
pub(crate) async fn gone(workshop: &Workshop, now: Timestamp) -> Result<Vec<GoneUnread>, Failed> {
    let (mut all, mut after) = (Vec::new(), String::new());
    if !workshop.telling.is_awake(&workshop.retention.zone, now) {
        return Ok(all);
    }
    loop {
        let found = workshop.store.gone_unread(&after).await?;
        let Some(last) = found.last() else { return Ok(all) };
        after.clone_from(&last.deposit_id);
        all.extend(found);
    }
}

async fn tell_gone(workshop: &Workshop, unread: &mut Unread, now: Timestamp) -> Result<u64, Failed> {
    let mut sent = 0;
    let Some(context) = &workshop.context else { return Ok(0) };
    for letter in gone(workshop, now).await? {
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
            Some(Mailing::Nobody) => drop(workshop.store.forget_gone(&letter.deposit_id).await?),
        }
    }
    Ok(sent)
}
