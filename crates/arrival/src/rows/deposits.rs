//! Copies in mailboxes: created on the spot for new addresses, announced to their owners. Knows no rules.

use std::collections::HashMap;

use sealpost_mail::{ActivateBy, Address, Head, Judgement, Recipient, Reply, Summary, Treatment};
use sealpost_mailbox::audit::{Arrived, Event};
use sealpost_mailbox::{NewLetter, NewOwner, NewPending, Resident, RetentionRequest, WaysIn};
use sealpost_notice::{Hears, LetterClock};
use sealpost_store::{ArrivalRows, Folder, MailboxSizes, ReachedMailbox};
use sealpost_vault::{MailboxPublic, TokenPurpose};

use super::announced_letter::{Announcement, MailboxStage};
use super::notice_timing::Pacing;
use super::{Arrival, Heads, announce, initial_password, reports};
use crate::decided::{Decided, Way};
use crate::memo::NoticeMemo;
use crate::unnotified_letters::UNREACHABLE;
use crate::{failure, listing, thread};

/// The recipients whose copy goes into a mailbox, and the letter's listing.
pub(super) enum Portal<'r> {
    /// None: the letter was not examined.
    Nobody,
    /// These recipients.
    Some { bound: Vec<PortalBound<'r>>, summary: Box<Summary> },
}

/// A recipient whose copy goes into a mailbox.
pub(super) struct PortalBound<'r> {
    recipient: &'r Recipient,
    judgement: &'r Judgement,
}

/// The rows, and the recipients whose mailbox is full: they get nothing.
pub(super) struct Deposited<'r> {
    pub(super) rows: ArrivalRows,
    pub(super) full: Vec<&'r Recipient>,
}

/// Where a deposit goes.
struct Target {
    id: String,
    public: MailboxPublic,
    /// So many notices bounced that no further one is sent.
    is_unreachable: bool,
    pacing: Pacing,
    clock: LetterClock,
}

/// A mailbox that a copy goes to.
struct Reached {
    target: Target,
    stage: MailboxStage,
    /// The mailbox's rows, if it is new.
    rows: ArrivalRows,
}

impl<'r> Portal<'r> {
    /// Finds them, and examines the letter if there are any.
    pub(super) async fn of(arrival: &Arrival<'_>, decided: &'r [Decided]) -> Result<Self, Reply> {
        let bound: Vec<PortalBound<'r>> = decided.iter().filter_map(PortalBound::of).collect();
        if bound.is_empty() {
            return Ok(Self::Nobody);
        }
        Ok(Self::Some { bound, summary: Box::new(summary(arrival).await?) })
    }

    /// Deposits for all of them, with mailboxes and announcements.
    pub(super) async fn deposit(
        self,
        arrival: &Arrival<'_>,
        heads: &mut Heads,
    ) -> Result<Deposited<'r>, Reply> {
        let mut rows = ArrivalRows::new(arrival.now);
        let mut full = Vec::new();
        let Self::Some { bound, summary } = self else { return Ok(Deposited { rows, full }) };
        let mut mailboxes = known_mailboxes(arrival, &bound).await?;
        let mut served: Vec<[u8; 32]> = Vec::new();
        for (nth, one) in bound.into_iter().enumerate() {
            if nth % 8 == 7 {
                // A hundred key operations in a row would keep other sessions waiting.
                tokio::task::yield_now().await;
            }
            let tag = arrival.context.shared.keys.tags.address_tag(&one.recipient.address.identity());
            if served.contains(&tag) {
                continue; // The same mailbox named twice in one envelope gets one copy.
            }
            served.push(tag);
            if mailboxes.get(&tag).is_some_and(|row| is_full(arrival, row)) {
                tracing::warn!(arrival.id = arrival.id, "a mailbox is full");
                full.push(one.recipient);
                continue;
            }
            let Reached { target, stage, rows: made } = match mailboxes.remove(&tag) {
                Some(row) => reached(arrival, &row)?,
                None => new_mailbox(arrival, &one.recipient.address, tag).await?,
            };
            rows.join(made);
            let head = heads.of(&arrival.spooled.head, &one.judgement.edits);
            rows.join(deposit(arrival, &target, &stage, one, &head, &summary).await?);
        }
        Ok(Deposited { rows, full })
    }
}

impl<'r> PortalBound<'r> {
    fn of(decided: &'r Decided) -> Option<Self> {
        match &decided.way {
            Way::Judged(judgement) if judgement.treatment == Treatment::Portal => {
                Some(Self { recipient: &decided.recipient, judgement })
            }
            Way::Judged(_)
            | Way::Closed(_)
            | Way::Signed(..)
            | Way::Unclosable(_)
            | Way::Bounce(_)
            | Way::ToUs => None,
        }
    }
}

/// Letters that arrive at the same moment may each still find room.
fn is_full(arrival: &Arrival<'_>, mailbox: &ReachedMailbox) -> bool {
    let most = arrival.context.tenant.quotas.mailbox;
    most.zip(mailbox.size).is_some_and(|(most, size)| size.saturating_add(arrival.size) > most)
}

async fn summary(arrival: &Arrival<'_>) -> Result<Summary, Reply> {
    let whole = arrival.spooled.whole(&arrival.context.shared).await?;
    let head = arrival.spooled.head.clone();
    whole.look(move |bytes| listing::of(bytes, &head)).await
}

async fn known_mailboxes(
    arrival: &Arrival<'_>,
    portal: &[PortalBound<'_>],
) -> Result<HashMap<[u8; 32], ReachedMailbox>, Reply> {
    let tag =
        |recipient: &Recipient| arrival.context.shared.keys.tags.address_tag(&recipient.address.identity());
    let tags: Vec<[u8; 32]> = portal.iter().map(|bound| tag(bound.recipient)).collect();
    let sizes = match arrival.context.tenant.quotas.mailbox {
        Some(_) => MailboxSizes::Asked,
        None => MailboxSizes::NotAsked,
    };
    let rows = arrival
        .context
        .shared
        .store
        .reach_mailboxes(&tags, sizes)
        .await
        .map_err(|error| failure::unavailable(&error))?;
    Ok(rows.into_iter().map(|row| (row.tag, row)).collect())
}

fn reached(arrival: &Arrival<'_>, row: &ReachedMailbox) -> Result<Reached, Reply> {
    // A key that somebody put into the row in place of the mailbox's own must never be sealed to.
    let resident = Resident::of(row, &arrival.context.shared.keys.rows, &arrival.context.shared.keys.tags)
        .map_err(failure::later)?;
    let is_unreachable = arrival.context.tenant.announcer.is_unreachable(row.bounces);
    let pacing = Pacing::of(&arrival.context.tenant.announcer, row, arrival.now);
    let clock = if row.held_since.is_some() { LetterClock::Stopped } else { LetterClock::Runs };
    let target =
        Target { id: row.id.clone(), public: resident.public().clone(), is_unreachable, pacing, clock };
    let stage = MailboxStage::of(&arrival.context.shared.keys.rows, &arrival.context.tenant.announcer, row);
    Ok(Reached { target, stage, rows: ArrivalRows::new(arrival.now) })
}

/// Creates a mailbox for an address. Its secret key is erased when this returns: it exists only wrapped under
/// the link in the mail (which is not mailed if the sender passes on an initial password instead: decision
/// 0013), and under the escrow key if there is one.
async fn new_mailbox(arrival: &Arrival<'_>, address: &Address, tag: [u8; 32]) -> Result<Reached, Reply> {
    let (context, making) = (arrival.context, arrival.making);
    let by = context.tenant.announcer.activate_by;
    match by {
        ActivateBy::Link => {}
        // Before anything is created: somebody must be there to pass on the password.
        ActivateBy::InitialPassword => initial_password::teller(arrival, address).map(drop)?,
    }
    let random = &*context.shared.random;
    let (token, hash) = making.tokens.issue(TokenPurpose::Activation, random);
    let ways = WaysIn { rows: &context.shared.keys.rows, pepper: &making.pepper, token: &token };
    let mut new = NewPending::new(&ways, making.escrow.as_ref(), random).map_err(failure::later)?;
    let pacing = Pacing::first(&context.tenant.announcer);
    let (id, public) = (new.id().to_owned(), new.public().clone());
    let target = Target { id, public, is_unreachable: false, pacing, clock: LetterClock::Runs };
    let stage = match by {
        ActivateBy::InitialPassword => {
            let (initial, wrap) =
                initial_password::wrap(&context.shared, &making.pepper, new.id(), new.secret()).await?;
            new.add_initial(wrap);
            MailboxStage::NewByPassword { initial }
        }
        ActivateBy::Link => MailboxStage::New { link: context.tenant.announcer.activation_link(&token) },
    };
    let language = context.tenant.announcer.language(address).tag().to_owned();
    let owner = NewOwner { tag, address: &address.to_path(), language };
    let token = context.tenant.announcer.new_token(hash, arrival.now);
    let audit = vec![arrival.noted(&Event::MailboxCreated { mailbox: &target.id })];
    let mailboxes = vec![new.row(&context.shared.keys.rows, owner, token, arrival.now, random)];
    let rows = ArrivalRows { audit, mailboxes, ..ArrivalRows::new(arrival.now) };
    Ok(Reached { target, stage, rows })
}

async fn deposit(
    arrival: &Arrival<'_>,
    mailbox: &Target,
    stage: &MailboxStage,
    bound: PortalBound<'_>,
    head: &Head,
    summary: &Summary,
) -> Result<ArrivalRows, Reply> {
    let PortalBound { recipient, judgement } = bound;
    let context = arrival.context;
    let random = &*context.shared.random;
    let id = random.id();
    let mut listing = summary.clone();
    // If a rule has changed the subject, it is parsed again; otherwise the whole letter knows more than its
    // head.
    if !head.has_subject_of(&arrival.spooled.head) {
        listing.subject = head.subject();
    }
    let thread_tags = thread::tags(&context.shared, summary.message_id.as_deref(), &arrival.spooled.head);
    let request = RetentionRequest { rule: judgement.keep, sender: arrival.spooled.head.expires() };
    let going = stage.going(&context.tenant.announcer.retention, arrival.now, request);
    let letter = NewLetter {
        mailbox_id: &mailbox.id,
        public: &mailbox.public,
        deposit_id: &id,
        body_id: &arrival.spooled.body_id,
        key: &arrival.spooled.key,
        folder: Folder::Inbox,
        head: head.as_bytes(),
        listing: &listing,
        size: arrival.spooled.size(),
        received_at: arrival.now,
        going,
    };
    let mut rows = ArrivalRows::new(arrival.now);
    rows.deposits
        .push(letter.row(&context.shared.keys.deposits, thread_tags, random).map_err(failure::later)?);
    let arrived = Arrived { id: arrival.id, sha256: arrival.spooled.sha256 };
    let deposited = Event::LetterDeposited { letter: &id, mailbox: &mailbox.id, arrival: Some(arrived) };
    rows.audit.push(arrival.noted(&deposited));
    let announcement = Announcement {
        mailbox_id: &mailbox.id,
        deposit_id: &id,
        recipient: &recipient.address,
        sender: &arrival.envelope.reverse_path,
        listing: &listing,
        stage,
        going,
        clock: mailbox.clock,
        is_unreachable: mailbox.is_unreachable,
        pacing: mailbox.pacing,
    };
    rows.join(announce::rows(arrival, &announcement)?);
    if mailbox.is_unreachable {
        // The recipient can no longer be notified, so the sender must know at once.
        let letter = NoticeMemo {
            sender: arrival.envelope.reverse_path.clone(),
            reports_to: arrival.reports_to(),
            recipient: recipient.address.clone(),
            at: arrival.now,
            message_id: listing.message_id.clone(),
            receipt_to: None,
            others: Vec::new(),
        };
        rows.join(reports::unannounced(&reports::At::of(arrival), &letter, Some(UNREACHABLE)).await?);
        return Ok(rows);
    }
    let hears = match mailbox.pacing {
        Pacing::Now | Pacing::Noted { .. } => Hears::Now,
        Pacing::Later => Hears::Later,
    };
    rows.join(reports::deposited(arrival, recipient, hears).await?);
    Ok(rows)
}
