//! The mail to a mailbox's owner about an action of support, queued in the same transaction as the action.
//! Contains no wording.

use sealpost_arrival::{enqueue, owner_mail};
use sealpost_mail::Timestamp;
use sealpost_notice::{Notice, SupportDid};
use sealpost_store::{LegPurpose, MailboxRow, NewLeg};

use crate::desk::SupportDesk;
use crate::error::SupportError;
use crate::mailbox_facts::address;

/// Whether the owner of a mailbox is notified.
pub(crate) enum OwnerMail {
    /// This mail is queued.
    Queued(NewLeg),
    /// Too many mails to them have bounced.
    ComesBack,
    /// There is no address any more.
    Nobody,
}

/// The mail about an action of support.
pub(crate) async fn owner_mail(
    desk: &SupportDesk<'_>,
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
