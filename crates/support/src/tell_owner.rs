//! The mail to a mailbox's owner about what support does to it, queued with what it tells or not at all. Knows no wording.

use sealpost_arrival::{enqueue, owner_mail};
use sealpost_mail::Timestamp;
use sealpost_notice::{Notice, SupportDid};
use sealpost_store::{LegPurpose, MailboxRow, NewLeg};

use crate::desk::Desk;
use crate::error::SupportError;
use crate::mailbox_facts::address;

/// Whether the owner of a mailbox hears of it.
pub(crate) enum OwnerMail {
    /// This mail is queued.
    Queued(NewLeg),
    /// Mail to them has come back too often.
    ComesBack,
    /// Nobody knows where to write any more.
    Nobody,
}

/// The mail that tells what support did.
pub(crate) async fn owner_mail(
    desk: &Desk<'_>,
    row: &MailboxRow,
    did: SupportDid,
    now: Timestamp,
) -> Result<OwnerMail, SupportError> {
    let Some(address) = address(desk.keys, row)? else { return Ok(OwnerMail::Nobody) };
    let bounced = desk.store.unreachable(&row.id).await?;
    if bounced.is_some_and(|bounced| bounced.bounces >= desk.most_bounces) {
        return Ok(OwnerMail::ComesBack);
    }
    let random = desk.random;
    let message_id = format!("{}@{}", random.id(), desk.name);
    let notice = Notice::BySupport { did, at: now };
    let draft = owner_mail::draft(desk.announcer, notice, &row.language, address, message_id, None, now)
        .map_err(SupportError::Mail)?;
    let queue = enqueue::Queue { spool: &desk.keys.queue.spool, random, give_up: desk.give_up };
    let leg = enqueue::leg(&queue, draft, None, LegPurpose::Notice, &random.id());
    leg.map(OwnerMail::Queued).map_err(|error| SupportError::Mail(error.to_string()))
}
