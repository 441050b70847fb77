//! Judgements become rows: deposits, mailboxes for new addresses, notices, legs. Knows no rules.

mod announce;
mod bounce;
mod initial_password;
mod reports;

use std::collections::HashMap;
use std::sync::Arc;

use sealpost_delivery::{Content, Purpose, Queued, Ticket};
use sealpost_mail::{
    Address, Edit, Envelope, Head, Origin, PORTAL_FIELD, Recipient, Reply, Summary, Timestamp, TlsFloor,
    Trace, Treatment,
};
use sealpost_mailbox::{NewLetter, NewOwner, NewPending, Resident, WaysIn};
use sealpost_store::{ArrivalRows, Folder, LegPurpose, LegStart, NewLeg, ReachedMailbox};
use sealpost_vault::{MailboxPublic, TokenPurpose};
use tokio::sync::OwnedSemaphorePermit;

pub use announce::{Announcer, days};

use self::announce::{Announcement, Standing};
use crate::decide::{Decided, Way};
use crate::context::{Front, Making};
use crate::spool::Spooled;
use crate::thread;
use crate::{listing, quota};

/// Everything needed to build the rows of one arrival.
struct Work<'a> {
    front: &'a Front,
    making: &'a Making,
    id: &'a str,
    now: Timestamp,
    envelope: &'a Envelope,
    origin: &'a Origin,
    spooled: &'a Spooled,
    alone: bool,
}

/// The rows of an arrival, and the memory they take until they are committed.
pub(crate) struct Carried {
    pub(crate) rows: ArrivalRows,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Builds the rows; called again when another letter made one of the mailboxes first.
#[expect(clippy::too_many_arguments, reason = "called in one place, all of them different things")]
pub(crate) async fn rows(
    front: &Front,
    making: &Making,
    id: &str,
    envelope: &Envelope,
    origin: &Origin,
    decided: &[Decided],
    spooled: &Spooled,
    fingerprinted: bool,
) -> Result<Carried, Reply> {
    let now = front.clock.now();
    let mut rows = ArrivalRows::new(now);
    rows.fingerprint = fingerprinted.then_some(spooled.fingerprint);
    rows.uses = quota::of_arrival(front, envelope, origin, now);
    let alone = envelope.recipients.len() == 1;
    let work = Work { front, making, id, now, envelope, origin, spooled, alone };
    let cut = work.cut();
    // Looking into the letter comes first: it takes and gives back memory of its own.
    bounce::rows(&cut, decided, &mut rows).await?;
    let portal: Vec<(&Recipient, &[Edit])> = decided.iter().filter_map(portal_bound).collect();
    let summary = if portal.is_empty() { None } else { Some(work.summary().await?) };
    let room = heads_room(front, spooled, decided.len()).await?;
    let returned = reports::Returned::of(decided, spooled);
    let mut heads = Heads::default();
    for Decided { recipient, way } in decided {
        match way {
            Way::Bounce(_) => {}
            Way::Unclosable(reply) => reports::refused(&cut, recipient, reply, &returned, &mut rows).await?,
            Way::Judged(judgement) => match &judgement.treatment {
                Treatment::Relay { tls } => {
                    rows.legs.push(work.leg(
                        recipient,
                        &heads.of(&spooled.head, &judgement.edits),
                        *tls,
                        LegStart::Queued,
                    )?);
                }
                Treatment::Hold { tls } => {
                    rows.legs.push(work.leg(
                        recipient,
                        &heads.of(&spooled.head, &judgement.edits),
                        *tls,
                        LegStart::Frozen,
                    )?);
                }
                Treatment::Portal => {}
                Treatment::Refuse(reply) => {
                    reports::refused(&cut, recipient, reply, &returned, &mut rows).await?;
                }
                // Closing for partners is not built; `decide` has made this `Way::Unclosable`.
                Treatment::Domain { .. } => {
                    return Err(Reply::later(451, 3, 5, "Please try again later")
                        .because("unclosed domain treatment"));
                }
            },
        }
    }
    if let Some(summary) = summary {
        let full = work.deposits(&portal, &summary, &mut heads, &mut rows).await?;
        let alone = rows.legs.is_empty() && rows.deposits.is_empty();
        if !full.is_empty() && (alone || envelope.reverse_path.address().is_none()) {
            // SMTP has one answer after DATA, and nobody else needs another; or nobody can be told later.
            return Err(quota::full());
        }
        for recipient in full {
            reports::refused(&cut, recipient, &quota::full(), &returned, &mut rows).await?;
        }
    }
    let deposited = rows.deposits.iter().any(|deposit| deposit.body_id == spooled.body_id);
    if deposited || rows.legs.iter().any(|leg| leg.body_id.as_deref() == Some(&spooled.body_id)) {
        rows.body = Some(spooled.body.clone());
    }
    Ok(Carried { rows, room })
}

fn portal_bound(decided: &Decided) -> Option<(&Recipient, &[Edit])> {
    match &decided.way {
        Way::Judged(judgement) if judgement.treatment == Treatment::Portal => {
            Some((&decided.recipient, &judgement.edits))
        }
        Way::Judged(_) | Way::Unclosable(_) | Way::Bounce(_) => None,
    }
}

/// The heads of all copies together, above which a letter must go to fewer recipients at a time.
const HEADS_MOST: usize = 64 * 1024 * 1024;
/// Below this nobody is asked for memory.
const HEADS_FREE: usize = 256 * 1024;

/// Every copy carries its own head (decision 0002): a large head for many recipients takes its place in
/// the memory budget, or is refused.
async fn heads_room(
    front: &Front,
    spooled: &Spooled,
    recipients: usize,
) -> Result<Option<OwnedSemaphorePermit>, Reply> {
    // Base64 in the ticket, and the ticket sealed.
    let bytes = spooled.head.as_bytes().len().saturating_mul(recipients).saturating_mul(3);
    match bytes {
        0..=HEADS_FREE => Ok(None),
        bytes if bytes > HEADS_MOST * 3 => {
            Err(Reply::refuse(552, 3, 4, "The header section is too large for so many recipients"))
        }
        bytes => front.room(bytes as u64).await.map(Some),
    }
}

impl Work<'_> {
    /// What the smaller row builders need.
    fn cut(&self) -> Cut<'_> {
        Cut {
            front: self.front,
            arrival_id: self.id,
            now: self.now,
            envelope: self.envelope,
            spooled: self.spooled,
        }
    }

    /// One recipient's copy on its way out: our trace field on top, the rules' edits, nothing else.
    fn leg(
        &self,
        recipient: &Recipient,
        head: &Head,
        tls: TlsFloor,
        state: LegStart,
    ) -> Result<NewLeg, Reply> {
        let trace = Trace {
            origin: self.origin,
            our_name: &self.front.name,
            id: self.id,
            recipient: self.alone.then_some(&recipient.address),
            at: self.now,
            smtputf8: self.envelope.smtputf8,
        };
        let head = head.with_trace(&trace);
        let ticket = Ticket {
            reverse_path: self.envelope.reverse_path.clone(),
            recipient: recipient.clone(),
            envid: self.envelope.envid.clone(),
            ret: self.envelope.ret,
            body_type: self.envelope.body,
            smtputf8: self.envelope.smtputf8,
            content: Content::Letter { head: head.into_bytes(), body_key: self.spooled.key.to_bytes() },
            route: self.front.route.clone(),
            tls,
            purpose: Purpose::Relay,
            arrived: self.now,
        };
        let queued = Queued {
            arrival_id: self.id,
            body_id: Some(&self.spooled.body_id),
            purpose: LegPurpose::Relay,
            state,
            give_up: self.front.give_up,
        };
        ticket.leg(&self.front.keys.spool, queued, &*self.front.random).map_err(crate::admit::later)
    }

    /// Deposits for all portal recipients; mailboxes and announcements with them. Returns those whose mailbox is
    /// full: they get nothing.
    async fn deposits<'r>(
        &self,
        portal: &[(&'r Recipient, &[Edit])],
        summary: &Summary,
        heads: &mut Heads,
        rows: &mut ArrivalRows,
    ) -> Result<Vec<&'r Recipient>, Reply> {
        let mut mailboxes = self.known_mailboxes(portal).await?;
        let mut full = Vec::new();
        let mut served: Vec<[u8; 32]> = Vec::new();
        for (nth, (recipient, edits)) in portal.iter().enumerate() {
            if nth % 8 == 7 {
                // A hundred key operations in one go would keep other sessions waiting.
                tokio::task::yield_now().await;
            }
            let identity = recipient.address.identity();
            let tag = self.front.keys.tags.address_tag(&identity);
            if served.contains(&tag) {
                continue; // The same mailbox named twice in one envelope gets one copy.
            }
            served.push(tag);
            if mailboxes.get(&tag).is_some_and(|row| self.is_full(row)) {
                tracing::warn!(arrival.id = self.id, "a mailbox is full");
                full.push(*recipient);
                continue;
            }
            let (mailbox, standing) = match mailboxes.remove(&tag) {
                Some(row) => self.standing(&row)?,
                None => self.new_mailbox(&recipient.address, tag, rows).await?,
            };
            let head = heads.of(&self.spooled.head, edits);
            self.deposit(&mailbox, &standing, recipient, &head, summary, rows).await?;
        }
        Ok(full)
    }

    /// Letters that come at the same moment may each still find room.
    fn is_full(&self, mailbox: &ReachedMailbox) -> bool {
        let most = self.front.quotas.mailbox;
        most.is_some_and(|most| mailbox.held.saturating_add(self.spooled.size()) > most)
    }

    async fn summary(&self) -> Result<Summary, Reply> {
        let whole = self.spooled.whole(self.front).await?;
        let head = self.spooled.head.clone();
        whole.look(move |bytes| listing::of(bytes, &head)).await
    }

    async fn known_mailboxes(
        &self,
        portal: &[(&Recipient, &[Edit])],
    ) -> Result<HashMap<[u8; 32], ReachedMailbox>, Reply> {
        let tag = |recipient: &Recipient| self.front.keys.tags.address_tag(&recipient.address.identity());
        let tags: Vec<[u8; 32]> = portal.iter().map(|(recipient, _)| tag(recipient)).collect();
        let rows =
            self.front.store.reach_mailboxes(&tags).await.map_err(|error| crate::admit::unavailable(&error))?;
        Ok(rows.into_iter().map(|row| (row.tag, row)).collect())
    }

    fn standing(&self, row: &ReachedMailbox) -> Result<(Target, Standing), Reply> {
        // A key that somebody put into the row in place of the mailbox's own must never be sealed to.
        let resident =
            Resident::of(row, &self.front.keys.rows, &self.front.keys.tags).map_err(crate::admit::later)?;
        let target = Target { id: row.id.clone(), public: resident.public().clone() };
        Ok((target, Standing::of(self.front, row)))
    }

    /// A mailbox made for an address on the spot. Its secret is forgotten again when this returns: it
    /// exists only wrapped under the link in the mail (which is not mailed where the sender tells an initial
    /// password instead: decision 0013), and under the escrow key if there is one.
    async fn new_mailbox(
        &self,
        address: &Address,
        tag: [u8; 32],
        rows: &mut ArrivalRows,
    ) -> Result<(Target, Standing), Reply> {
        let (front, making) = (self.front, self.making);
        let by_password = front.announcer.by_password;
        if by_password {
            initial_password::teller(self.envelope, address)?;
        }
        let random = &*front.random;
        let (token, hash) = making.tokens.issue(TokenPurpose::Activation, random);
        let ways = WaysIn { rows: &front.keys.rows, pepper: &making.pepper, token: &token };
        let mut new = NewPending::new(&ways, making.escrow.as_ref(), random).map_err(crate::admit::later)?;
        let target = Target { id: new.id().to_owned(), public: new.public().clone() };
        let standing = if by_password {
            let (initial, sealed) = initial_password::wrap(front, &making.pepper, new.id(), new.secret()).await?;
            new.add_initial(sealed);
            Standing::NewByPassword { initial }
        } else {
            Standing::New { link: front.announcer.activation_link(&token) }
        };
        let language = front.announcer.language(address).tag().to_owned();
        let owner = NewOwner { tag, address: &address.to_path(), language };
        let token = front.announcer.new_token(hash, self.now);
        rows.mailboxes.push(new.row(&front.keys.rows, owner, token, self.now, random));
        Ok((target, standing))
    }

    async fn deposit(
        &self,
        mailbox: &Target,
        standing: &Standing,
        recipient: &Recipient,
        head: &Head,
        summary: &Summary,
        rows: &mut ArrivalRows,
    ) -> Result<(), Reply> {
        let front = self.front;
        let random = &*front.random;
        let id = random.id();
        let mut listing = summary.clone();
        listing.subject = head.subject();
        let thread_tags = thread::tags(front, summary.message_id.as_deref(), &self.spooled.head);
        let expires_at = standing.expiry(front, self.now);
        let letter = NewLetter {
            mailbox_id: &mailbox.id,
            public: &mailbox.public,
            deposit_id: &id,
            body_id: &self.spooled.body_id,
            key: &self.spooled.key,
            folder: Folder::Inbox,
            head: head.as_bytes(),
            listing: &listing,
            size: self.spooled.size(),
            received_at: self.now,
            expires_at,
        };
        rows.deposits.push(letter.row(&front.keys.deposits, thread_tags, random).map_err(crate::admit::later)?);
        let announcement = Announcement {
            mailbox_id: &mailbox.id,
            deposit_id: &id,
            recipient: &recipient.address,
            sender: &self.envelope.reverse_path,
            listing: &listing,
            standing,
        };
        front.announcer.announce(&self.cut(), &announcement, rows)?;
        reports::deposited(&self.cut(), recipient, rows).await
    }
}

/// Where a deposit goes.
struct Target {
    id: String,
    public: MailboxPublic,
}

/// The part of the work that notices and reports are built from.
pub(crate) struct Cut<'a> {
    pub(crate) front: &'a Front,
    pub(crate) arrival_id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) envelope: &'a Envelope,
    pub(crate) spooled: &'a Spooled,
}

/// Heads as rules have changed them: the same change for a thousand recipients is made once.
#[derive(Default)]
struct Heads(Vec<(Vec<Edit>, Arc<Head>)>);

impl Heads {
    fn of(&mut self, head: &Head, edits: &[Edit]) -> Arc<Head> {
        if let Some((_, made)) = self.0.iter().find(|(known, _)| known == edits) {
            return Arc::clone(made);
        }
        let made = Arc::new(edited(head, edits));
        self.0.push((edits.to_vec(), Arc::clone(&made)));
        made
    }
}

fn edited(head: &Head, edits: &[Edit]) -> Head {
    let head = if edits.is_empty() { head.clone() } else { head.apply(edits) };
    // Only we say that a portal user had signed in.
    if head.count(PORTAL_FIELD) == 0 { head } else { head.without(PORTAL_FIELD) }
}
