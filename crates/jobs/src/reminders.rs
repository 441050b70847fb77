//! Reminds owners before something is lost: one mail for all waiting letters, on the configured days, during the day. Committed
//! with the record that it was sent, so it is never sent twice. Days count from `waits_from`: days under a hold do not count.

use sealpost_arrival::reminder::{Mailing, Unsent};
use sealpost_arrival::{Context, reminder};
use sealpost_mail::{Secret, Term, Timestamp};
use sealpost_mailbox::LastUse;
use sealpost_notice::Notice;
use sealpost_store::{IdleMailbox, MailboxRow, MailboxState, Reminded, WaitingLetter};

use crate::job_context::{Counts, Failed, JobContext, waits_from};
use crate::unreadable_rows::Unread;

/// Owners due for a reminder, by mailbox.
pub(crate) struct Due {
    pub(crate) mailbox_id: String,
    pub(crate) letters: u32,
    /// The configured day that was reached.
    pub(crate) rung: Rung,
    oldest: WaitingLetter,
    expires: Timestamp,
}

/// A configured day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// This long after a letter arrived in a mailbox that is not activated.
    Waits(Term),
    /// This long before an unread letter expires.
    Goes(Term),
}

/// Reminds of waiting letters.
pub(super) async fn letters(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let (mut sent, mut unread) = (0, Unread::default());
    let Some(context) = job_context.arrival.as_deref() else { return Ok(vec![("mails", 0)]) };
    for due in due(job_context, now).await? {
        let reminded = remind(job_context, context, &due, now).await;
        sent += unread.or_noted("mailbox", &due.mailbox_id, reminded)?.map_or(0, Mailing::mails);
    }
    Ok([("mails", sent)].into_iter().chain(unread.count()).collect())
}

/// All owners due for a reminder; none at night. Changes nothing.
pub(crate) async fn due(job_context: &JobContext, now: Timestamp) -> Result<Vec<Due>, Failed> {
    let (store, telling, zone) = (&job_context.store, &job_context.telling, &job_context.retention.zone);
    let bounces = telling.most_bounces();
    let mut all = Vec::new();
    if !telling.is_awake(zone, now) {
        return Ok(all);
    }
    if !telling.unactivated.is_empty() {
        let mut after = String::new();
        loop {
            let found = store.waiting_pending(&after, now, bounces).await?;
            let Some(groups) = groups(found, &mut after) else { break };
            all.extend(groups.into_iter().filter_map(|letters| {
                reached(letters, (now, job_context.latest_noted(now)), |letter| {
                    let rung = |term: &Term| (zone.after(letter.waits_from, *term), Rung::Waits(*term));
                    telling.unactivated.iter().map(rung).collect()
                })
            }));
        }
    }
    if let Some(horizon) = telling.unread.iter().map(|rung| zone.end(now, *rung)).max() {
        let mut after = String::new();
        loop {
            let found = store.waiting_unread(&after, now, horizon, bounces).await?;
            let Some(groups) = groups(found, &mut after) else { break };
            all.extend(groups.into_iter().filter_map(|letters| {
                reached(letters, (now, job_context.latest_noted(now)), |letter| {
                    let rung = |term: &Term| (zone.before(letter.expires_at, *term), Rung::Goes(*term));
                    telling.unread.iter().map(rung).collect()
                })
            }));
        }
    }
    Ok(all)
}

/// Grouped by mailbox. `None`: there are no more.
fn groups(found: Vec<WaitingLetter>, after: &mut String) -> Option<Vec<Vec<WaitingLetter>>> {
    let last = found.last()?.mailbox_id.clone();
    *after = last;
    let mut groups: Vec<Vec<WaitingLetter>> = Vec::new();
    for letter in found {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| first.mailbox_id == letter.mailbox_id) => {
                group.push(letter);
            }
            Some(_) | None => groups.push(vec![letter]),
        }
    }
    Some(groups)
}

/// Whether a rung of one of these letters has been reached since their owner was last reminded: what stands there of a time after
/// `latest` was no reminder. Owners whose mail bounced are not reminded.
fn reached(
    letters: Vec<WaitingLetter>,
    (now, latest): (Timestamp, Timestamp),
    rungs: impl Fn(&WaitingLetter) -> Vec<(Timestamp, Rung)>,
) -> Option<Due> {
    if letters.iter().any(|letter| letter.came_back) {
        return None;
    }
    let counted = |letter: WaitingLetter| WaitingLetter {
        waits_from: waits_from(letter.waits_from, letter.received_at, latest),
        ..letter
    };
    let letters: Vec<WaitingLetter> = letters.into_iter().map(counted).collect();
    let due = |letter: &WaitingLetter| {
        let reminded = letter.reminded_counted.filter(|at| *at <= latest);
        let since = reminded.map_or(letter.waits_from, |at| at.max(letter.waits_from));
        let reached = rungs(letter).into_iter().filter(|(at, _)| *at > since && *at <= now);
        reached.max_by_key(|(at, _)| *at)
    };
    let (_, rung) = letters.iter().filter_map(due).max_by_key(|(at, _)| *at)?;
    let expires = letters.iter().map(|letter| letter.expires_at).min()?;
    let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
    let oldest = letters.into_iter().min_by_key(|letter| letter.received_at)?;
    Some(Due { mailbox_id: oldest.mailbox_id.clone(), letters: count, rung, oldest, expires })
}

async fn remind(
    job_context: &JobContext,
    context: &Context,
    due: &Due,
    now: Timestamp,
) -> Result<Mailing, Unsent> {
    let Some(mailbox) = mailbox(job_context, &due.mailbox_id).await? else { return Ok(Mailing::Nobody) };
    let days = job_context.retention.days(now, due.expires);
    let (letters, expires) = (due.letters, due.expires);
    let notice = match (due.oldest.pending, mailbox.state) {
        (true, MailboxState::Pending) => {
            let way = reminder::way_in(context, &mailbox).await?;
            Notice::ActivationReminder {
                letters,
                date: due.oldest.received_at,
                link: way.link,
                expires,
                days,
                by: way.by,
            }
        }
        (false, MailboxState::Active) => {
            let link = Secret::new(context.tenant.announcer.public_url.clone());
            Notice::UnreadReminder { letters, link, expires, days }
        }
        // Activated meanwhile.
        (_, MailboxState::Pending | MailboxState::Active | MailboxState::Locked | MailboxState::Deleted) => {
            return Ok(Mailing::Nobody);
        }
    };
    let letter =
        reminder::Letter { id: &due.oldest.deposit_id, number: number(job_context, due, now), others: &[] };
    let note = reminder::Note { about: Reminded::Letters, before: due.oldest.reminded_at, at: now };
    reminder::send(context, &mailbox, notice, Some(letter), note).await
}

async fn mailbox(job_context: &JobContext, id: &str) -> Result<Option<MailboxRow>, Unsent> {
    job_context.store.mailbox(id).await.map_err(|error| Unsent::because(&error))
}

/// Number among a letter's notices; the first has 0. There is at most one reminder a day.
fn number(job_context: &JobContext, due: &Due, now: Timestamp) -> u8 {
    let day = job_context.retention.zone.days(due.oldest.received_at, now);
    u8::try_from(1 + day % 254).unwrap_or(1)
}

/// Reminds of mailboxes that will be deleted.
pub(super) async fn mailboxes(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let (mut sent, mut unread) = (0, Unread::default());
    let Some(context) = job_context.arrival.as_deref() else { return Ok(vec![("mails", 0)]) };
    for Ending { mailbox_id, ends, goes, before } in ending(job_context, now).await? {
        let found = mailbox(job_context, &mailbox_id).await;
        let Some(Some(mailbox)) = unread.or_noted("mailbox", &mailbox_id, found)? else { continue };
        if !is_still_idle(job_context, &mailbox, ends) {
            continue;
        }
        let notice = Notice::MailboxReminder {
            link: Secret::new(context.tenant.announcer.public_url.clone()),
            expires: goes,
            days: job_context.retention.days(now, goes),
        };
        let note = reminder::Note { about: Reminded::Mailbox, before, at: now };
        let reminded = reminder::send(context, &mailbox, notice, None, note).await;
        sent += unread.or_noted("mailbox", &mailbox_id, reminded)?.map_or(0, Mailing::mails);
    }
    Ok([("mails", sent)].into_iter().chain(unread.count()).collect())
}

/// Whether a run would remind its owner: only owners of active mailboxes who have not logged in since.
pub(crate) async fn is_reminded(job_context: &JobContext, ending: &Ending) -> Result<bool, Failed> {
    let mailbox = job_context.store.mailbox(&ending.mailbox_id).await?;
    Ok(mailbox.is_some_and(|mailbox| is_still_idle(job_context, &mailbox, ending.ends)))
}

fn is_still_idle(job_context: &JobContext, mailbox: &MailboxRow, ends: Timestamp) -> bool {
    mailbox.state == MailboxState::Active
        && job_context.retention.unused(&LastUse::from(mailbox)) == Some(ends)
}

/// A mailbox whose owner is to be reminded of its deletion.
pub(crate) struct Ending {
    pub(crate) mailbox_id: String,
    /// When its term ends.
    ends: Timestamp,
    /// When it is deleted: later, if its owner could not be reminded in time.
    pub(crate) goes: Timestamp,
    /// When its owner was last reminded.
    before: Option<Timestamp>,
}

/// All of them; none at night. Changes nothing.
pub(crate) async fn ending(job_context: &JobContext, now: Timestamp) -> Result<Vec<Ending>, Failed> {
    let JobContext { store, retention, telling, .. } = job_context;
    let (mut all, mut after) = (Vec::new(), String::new());
    if !telling.is_awake(&retention.zone, now) {
        return Ok(all);
    }
    while retention.mailbox.is_some() && !telling.mailbox.is_empty() {
        let found = store.idle_mailboxes(now, &after).await?;
        let Some(last) = found.last() else { break };
        after.clone_from(&last.id);
        for mailbox in found {
            let last = LastUse::from(&mailbox);
            let Some(ends) = retention.unused(&last) else { continue };
            let (reached, goes) = if ends > now {
                let rungs = telling.mailbox.iter().map(|rung| retention.zone.before(ends, *rung));
                (rungs.filter(|rung| *rung > last.at() && *rung <= now).max(), ends)
            } else {
                // The machine was off, or its clock wrong, on every configured day: one reminder, and then it is deleted.
                let shortest = telling.mailbox.iter().map(|rung| retention.zone.end(now, *rung)).min();
                (Some(last.at().plus(std::time::Duration::from_millis(1))), shortest.unwrap_or(ends))
            };
            let Some(reached) = reached else { continue };
            let told = store.reminded_of_mailbox(&mailbox.id).await?;
            let heard = told.filter(|told| *told <= job_context.latest_noted(now));
            let bounced = store.unreachable(&mailbox.id).await?;
            if heard.is_none_or(|told| told < reached)
                && bounced.is_none_or(|bounced| {
                    // A letter that arrived since may have shown that mail is delivered again.
                    bounced.bounces < telling.most_bounces() && bounced.last_at < last.at()
                })
            {
                all.push(Ending { mailbox_id: mailbox.id, ends, goes, before: told });
            }
        }
    }
    Ok(all)
}

/// Whether the owner of a mailbox whose term has ended was reminded in time, or cannot be.
pub(crate) async fn is_told(
    job_context: &JobContext,
    mailbox: &IdleMailbox,
    now: Timestamp,
) -> Result<bool, Failed> {
    let JobContext { store, retention, telling, .. } = job_context;
    let (zone, last) = (&retention.zone, LastUse::from(mailbox).at());
    let ends = |from: Timestamp| telling.mailbox.iter().map(|rung| zone.end(from, *rung)).min();
    let told = store.reminded_of_mailbox(&mailbox.id).await?;
    if let Some(told) = told.filter(|told| *told > last && *told <= job_context.latest_noted(now)) {
        // In time, with the day of deletion; or later, and then the mailbox is kept for as long as they were promised.
        let is_in_time = retention.unused(&LastUse::from(mailbox)).is_some_and(|over| told <= over);
        return Ok(is_in_time || ends(told).is_none_or(|goes| goes < now));
    }
    let bounced = store.unreachable(&mailbox.id).await?;
    if telling.mailbox.is_empty()
        || bounced.is_some_and(|bounced| bounced.bounces >= telling.most_bounces() || bounced.last_at >= last)
    {
        return Ok(true);
    }
    // Only owners of active mailboxes are reminded.
    Ok(store.mailbox(&mailbox.id).await?.is_none_or(|row| row.state != MailboxState::Active))
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{Term, Zone};

    use super::*;

    const DAY: i64 = 86_400_000;

    /// A moment, and the latest that counts then.
    fn at(moment: i64) -> (Timestamp, Timestamp) {
        (Timestamp(moment), Timestamp(moment + 4 * DAY))
    }

    fn waiting(mailbox: &str, came: i64, reminded: Option<i64>) -> WaitingLetter {
        WaitingLetter {
            mailbox_id: mailbox.to_owned(),
            deposit_id: format!("{mailbox}-{came}"),
            received_at: Timestamp(came * DAY + 1),
            waits_from: Timestamp(came * DAY + 1),
            expires_at: Timestamp((came + 40) * DAY),
            reminded_at: reminded.map(|day| Timestamp(day * DAY)),
            reminded_counted: reminded.map(|day| Timestamp(day * DAY)),
            pending: true,
            came_back: false,
        }
    }

    /// The days on which an owner is reminded whose letters arrived on these days.
    fn days(came: &[i64]) -> Vec<(i64, u32)> {
        let zone = Zone::utc();
        let ladder = [Term::Days(3), Term::Days(14), Term::Days(33)];
        let (mut said, mut told) = (Vec::new(), None);
        for day in 0..60 {
            let here = came.iter().filter(|came| (**came..**came + 40).contains(&day));
            let letters: Vec<_> = here.map(|came| waiting("m", *came, told)).collect();
            let now = Timestamp(day * DAY + DAY / 2);
            let rungs = |letter: &WaitingLetter| {
                ladder.iter().map(|rung| (zone.after(letter.waits_from, *rung), Rung::Waits(*rung))).collect()
            };
            if let Some(due) = reached(letters, at(now.0), rungs) {
                said.push((day, due.letters));
                told = Some(day + 1);
            }
        }
        said
    }

    #[test]
    fn a_letter_is_reminded_of_on_its_days_and_many_with_one_mail() {
        assert_eq!(days(&[0]), [(3, 1), (14, 1), (33, 1)]);
        // One mail for both, on the days of either.
        assert_eq!(days(&[0, 0]), [(3, 2), (14, 2), (33, 2)]);
        assert_eq!(days(&[0, 11]), [(3, 1), (14, 2), (25, 2), (33, 2), (44, 1)]);
    }

    #[test]
    fn days_of_a_hold_do_not_count_and_no_rung_is_said_twice() {
        let zone = Zone::utc();
        let rungs = |letter: &WaitingLetter| {
            let rung =
                |days| (zone.after(letter.waits_from, Term::Days(days)), Rung::Waits(Term::Days(days)));
            [3, 14, 33].map(rung).to_vec()
        };
        // It arrived on day 0, its owner was reminded on day 3, and it was under a hold from day 4 to day 100.
        let resumed = |now: i64| {
            let letter = WaitingLetter {
                waits_from: Timestamp(96 * DAY),
                reminded_counted: Some(Timestamp(99 * DAY)),
                ..waiting("m", 0, Some(3))
            };
            reached(vec![letter], at(now * DAY + DAY / 2), rungs).map(|due| due.rung)
        };
        let said: Vec<_> = (100..112).filter_map(|day| resumed(day).map(|rung| (day, rung))).collect();
        assert_eq!(said, [110, 111].map(|day| (day, Rung::Waits(Term::Days(14)))));
    }

    /// Another party has recorded a reminder in the future.
    #[test]
    fn a_reminder_of_the_far_future_was_none() {
        let rungs = |letter: &WaitingLetter| {
            vec![(Zone::utc().after(letter.waits_from, Term::Days(3)), Rung::Waits(Term::Days(3)))]
        };
        for (noted, is_due) in [(4, false), (7, false), (9, true), (99_999, true)] {
            let letter = waiting("m", 0, Some(noted));
            assert_eq!(reached(vec![letter], at(4 * DAY), rungs).is_some(), is_due, "{noted}");
        }
    }

    #[test]
    fn nobody_is_reminded_whose_mail_came_back() {
        let rungs = |letter: &WaitingLetter| {
            vec![(Zone::utc().after(letter.waits_from, Term::Days(3)), Rung::Waits(Term::Days(3)))]
        };
        for came_back in [false, true] {
            let letters = vec![WaitingLetter { came_back, ..waiting("m", 0, None) }];
            assert_eq!(reached(letters, at(4 * DAY), rungs).is_none(), came_back);
        }
    }

    #[test]
    fn letters_are_grouped_by_mailbox() {
        let mut after = String::new();
        let found = vec![waiting("a", 0, None), waiting("a", 1, None), waiting("b", 0, None)];
        let groups = groups(found, &mut after).unwrap();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(after, "b");
    }
}
