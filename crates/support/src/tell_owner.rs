//! The mail to a mailbox's owner about what support does to it, queued with what it tells or not at all. Knows no wording.

use sealpost_arrival::{enqueue, owner_mail};
use sealpost_mail::{Random as _, SystemRandom, Timestamp};
use sealpost_mailbox::audit::Event;
use sealpost_notice::{Notice, SupportDid};
use sealpost_store::{LegPurpose, MailboxRow, NewLeg, Store};

use super::say;
use super::support::{SupportError, address, noted};
use crate::config::checked::{Plan, SupportKeys};

/// The store, for what support does: the trail says it with its note, and its owner is told.
pub(super) async fn telling(
    store: &Store,
    (plan, keys): (&Plan, &SupportKeys),
    row: &MailboxRow,
    (did, event, note): (SupportDid, Event<'_>, &str),
    now: Timestamp,
) -> Result<Store, SupportError> {
    let mail = mail(store, plan, keys, row, Notice::BySupport { did, at: now }, now).await?;
    Ok(store.noting_and_telling(noted(&event, note, now), mail))
}

/// Nothing, where mail comes back or nobody knows where to write any more.
async fn mail(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    row: &MailboxRow,
    notice: Notice,
    now: Timestamp,
) -> Result<Option<NewLeg>, SupportError> {
    let Some(address) = address(keys, row)? else { return Ok(None) };
    let bounced = store.unreachable(&row.id).await?;
    if bounced.is_some_and(|bounced| bounced.bounces >= plan.telling.most_bounces()) {
        say("its owner is not told: mail to them has come back too often");
        return Ok(None);
    }
    let random = SystemRandom;
    let message_id = format!("{}@{}", random.id(), plan.name);
    let draft = owner_mail::draft(&plan.announcer, notice, &row.language, address, message_id, None, now)
        .map_err(SupportError::Mail)?;
    let queue =
        enqueue::Queue { spool: &keys.role.queue.spool, random: &random, give_up: plan.routes.give_up };
    let leg = enqueue::leg(&queue, draft, None, LegPurpose::Notice, &random.id());
    leg.map(Some).map_err(|error| SupportError::Mail(error.to_string()))
}
