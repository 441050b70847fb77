//! A request by mail that a mailbox be deleted. An authenticated mail is answered by one that asks for confirmation, to the
//! mailbox's own address, with a link to a page with a button; every other one by the same text for everybody. Deletes nothing.
//! Knows no wording.

use std::time::Duration;

use sealpost_delivery::ReportSlot;
use sealpost_mail::{Address, Reply, Secret};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{Resident, portal_links};
use sealpost_notice::{Notice, Understood};
use sealpost_store::{ArrivalRows, LegPurpose, MailboxRow, NewToken, NewUse, TokenPurpose};
use sealpost_vault::TokenPurpose as VaultPurpose;

use super::{Arrival, reply_to_notice};
use crate::authentication::{self, Proof};
use crate::decided::{Decided, Way};
use crate::failure::{later, unavailable};
use crate::partners::Readability;
use crate::{deletion_keyword, enqueue, owner_mail};

/// A request is a short mail; a longer one is something else.
const MAX_BYTES: u64 = 256 * 1024;
/// Long enough for a weekend.
const LINK: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// The reply to a request; `None`: it is not one, or requests are not accepted.
pub(super) async fn rows(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<Option<ArrivalRows>, Reply> {
    if !decided.iter().any(|decided| matches!(decided.way, Way::ToUs)) {
        return Ok(None);
    }
    match arrival.came {
        Readability::Readable => {}
        // Whether it causes DNS queries, and the reply, would tell a stranger whether the letter was decrypted, and what is in it.
        Readability::Closed => return Ok(None),
    }
    let (context, spooled) = (arrival.context, arrival.spooled);
    let announcer = &context.tenant.announcer;
    let Some(asking) = &announcer.requests else { return Ok(None) };
    let path = &arrival.envelope.reverse_path;
    let Some(writer) = reply_to_notice::writer(path, &spooled.head) else { return Ok(None) };
    if spooled.size() > MAX_BYTES {
        return Ok(None);
    }
    let bytes = spooled.whole(&context.shared).await?.look(<[u8]>::to_vec).await?;
    // Exactly one From, which is unambiguous (RFC 5322 §3.6.2).
    let Ok(Some(from)) = spooled.head.from_address() else { return Ok(None) };
    if !deletion_keyword::is_request(&spooled.head, &bytes, Understood::all()) {
        return Ok(None);
    }
    let mail = authentication::Mail {
        bytes: &bytes,
        head: &spooled.head,
        from: &from,
        reverse_path: path,
        origin: arrival.origin,
        direction: arrival.direction,
    };
    // Before the mailbox is looked up: neither timing nor reply reveals whether it exists.
    let proof = match authentication::is_meant(&spooled.head, &bytes, &announcer.from, arrival.now) {
        true => authentication::prove(asking, &context.tenant.name, &mail).await,
        false => Proof::None,
    };
    tracing::info!(arrival.id = %arrival.id, ?proof, "a request to delete a mailbox");
    match proof {
        Proof::Ours | Proof::Upstream => confirm(arrival, from).await.map(Some),
        Proof::None => {
            let link = Secret::new(announcer.public_url.clone());
            let language = announcer.language(&writer).tag();
            let nothing = Ok(Some(ArrivalRows::new(arrival.now)));
            // Counted separately: forged requests must not use up people's replies to what they really write. And counted first:
            // what is not replied to uses none of the address's quota.
            let Some(counted) = first_today(arrival, "unproven", &writer).await? else { return nothing };
            match reply_to_notice::report_slot(arrival, &writer).await? {
                ReportSlot::Taken => {}
                ReportSlot::None => return nothing,
            }
            queued(arrival, counted, writer, Notice::DeletionUnproven { link }, language).map(Some)
        }
        // Other recipients wait for the same letter: a failing DNS zone must not delay it.
        Proof::Later if decided.len() > 1 => Ok(None),
        // RFC 3463 §3.5: 4.4.3, directory server failure.
        Proof::Later => Err(Reply::later(451, 4, 3, "Please try again later")
            .because("the DNS did not say whether a request to delete a mailbox is genuine")),
    }
}

async fn confirm(arrival: &Arrival<'_>, from: Address) -> Result<ArrivalRows, Reply> {
    let (shared, announcer) = (&arrival.context.shared, &arrival.context.tenant.announcer);
    let tag = shared.keys.tags.address_tag(&from.identity());
    let found = shared.store.mailboxes_by_tag(&[tag]).await.map_err(|error| unavailable(&error))?.pop();
    let Some(mailbox) = found else {
        let language = announcer.language(&from).tag();
        return reply(arrival, CONFIRMED, from, Notice::DeletionNothing, language).await;
    };
    let resident = Resident::of(&mailbox, &shared.keys.rows, &shared.keys.tags).map_err(later)?;
    let to = resident.address().clone();
    if mailbox.held_since.is_some() {
        return reply(arrival, CONFIRMED, to, Notice::DeletionHeld, &mailbox.language).await;
    }
    let (token, notice) = link(arrival, &mailbox);
    let mut rows = reply(arrival, CONFIRMED, to, notice, &mailbox.language).await?;
    if !rows.legs.is_empty() {
        rows.deletions.push(token);
        let asked = Event::DeletionAsked { mailbox: &mailbox.id };
        rows.audit.push(asked.row(arrival.now, &Actor::Visitor, None));
    }
    Ok(rows)
}

fn link(arrival: &Arrival<'_>, mailbox: &MailboxRow) -> ((String, NewToken), Notice) {
    let (token, hash) = arrival.making.tokens.issue(VaultPurpose::Deletion, &*arrival.context.shared.random);
    let expires = arrival.now.plus(LINK);
    let row = NewToken {
        hash,
        purpose: TokenPurpose::Deletion,
        created_at: arrival.now,
        expires_at: expires,
        deposit_id: None,
    };
    let link = arrival.context.tenant.announcer.link(&portal_links::deletion(token.text().expose()));
    ((mailbox.id.clone(), row), Notice::DeletionRequest { link, expires })
}

/// The kind of replies to authenticated requests in stored counts, which say `wished`.
const CONFIRMED: &str = "wished";

/// At most one of this kind a day per address (RFC 3834 §2).
async fn reply(
    arrival: &Arrival<'_>,
    kind: &'static str,
    to: Address,
    notice: Notice,
    language: &str,
) -> Result<ArrivalRows, Reply> {
    match first_today(arrival, kind, &to).await? {
        Some(counted) => queued(arrival, counted, to, notice, language),
        None => Ok(ArrivalRows::new(arrival.now)),
    }
}

async fn first_today(
    arrival: &Arrival<'_>,
    kind: &'static str,
    to: &Address,
) -> Result<Option<NewUse>, Reply> {
    let counted = reply_to_notice::once_a_day(arrival, kind, to).await?;
    if counted.is_none() {
        tracing::info!(arrival.id = %arrival.id, "a request to delete a mailbox; its sender was already told today");
    }
    Ok(counted)
}

fn queued(
    arrival: &Arrival<'_>,
    counted: NewUse,
    to: Address,
    notice: Notice,
    language: &str,
) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    let (shared, tenant) = (&arrival.context.shared, &arrival.context.tenant);
    let message_id = format!("{}@{}", shared.random.id(), tenant.name);
    let answered = arrival.spooled.head.message_id();
    let draft = owner_mail::draft(&tenant.announcer, notice, language, to, message_id, answered, arrival.now)
        .map_err(later)?;
    let queue = enqueue::Queue::of(arrival.context);
    let leg = enqueue::leg(&queue, draft, None, LegPurpose::Notice, arrival.id).map_err(later)?;
    rows.legs.push(leg);
    rows.uses.push(counted);
    Ok(rows)
}
