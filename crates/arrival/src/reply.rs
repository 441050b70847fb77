//! A letter from a mailbox's owner to the operator: encoded and sealed while its files are streamed, stored
//! in the sent folder, with one leg per recipient. Knows no page, and no key that opens a mailbox.

use futures_util::StreamExt as _;
use sealpost_delivery::{Content, Hand, Purpose, Queued, ReportsTo, Ticket};
use sealpost_mail::{
    Address, Attachment, BodyType, FileName, Head, Mailbox, MimeLines, Notify, PortalLetter, Recipient,
    ReversePath, SignedBody, Summary, Timestamp, ToSign, first_words,
};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{
    BodySealer, MemoOf, NewLetter, OutboxError, Resident, RetentionRequest, Sent, WrittenLetter,
};
use sealpost_store::{
    Allowance, ArrivalRows, Committed, Folder, LegPurpose, LegStart, MailboxState, NewUse, Store, StoredBody,
};
use sealpost_vault::{BodyHash, Label, LetterSigner, MessageKey};
use serde::{Deserialize, Serialize};

use crate::commit::commit;
use crate::context::{Context, Shared};
use crate::event;
use crate::quota;
use crate::thread::tag as thread_tag;
use crate::verp;

/// The sealed memo of a reply's leg, so that its bounce finds the mailbox. No subject.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyMemo {
    pub(crate) recipient: Address,
    pub(crate) message_id: String,
    pub(crate) at: Timestamp,
}

/// A failure with its cause for the log.
pub(crate) fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OutboxError {
    OutboxError(error.into())
}

/// An existing, verified mailbox and its language.
pub(crate) async fn resident(shared: &Shared, mailbox_id: &str) -> Result<(Resident, String), OutboxError> {
    let row = shared.store.mailbox(mailbox_id).await.map_err(failed)?;
    let row = row.ok_or_else(|| failed("the mailbox is gone"))?;
    Ok((Resident::of(&row, &shared.keys.rows, &shared.keys.tags).map_err(failed)?, row.language))
}

/// Queues the letter and stores it.
pub(crate) async fn send(
    context: &Context,
    letters: &LetterSigner,
    letter: WrittenLetter,
) -> Result<Sent, OutboxError> {
    let recipients: Vec<Address> = letter.to.iter().chain(&letter.cc).cloned().collect();
    // The portal has checked already; sending elsewhere must be impossible, not unlikely.
    if recipients.is_empty() || !recipients.iter().all(|address| context.tenant.writing.rules.allows(address))
    {
        return Err(failed("a recipient outside what the operator allows"));
    }
    let (resident, _language) = resident(&context.shared, &letter.mailbox_id).await?;
    let uses: Vec<_> = quota::of_writer(
        context.tenant.quotas.writing,
        &context.shared.keys.tags,
        &letter.from,
        recipients.len(),
        context.shared.clock.now(),
    )
    .into_iter()
    .collect();
    if let Some(no) = too_many(&context.shared.store, &letter.mailbox_id, &uses).await? {
        return Ok(no);
    }
    let sizes_all = letter.files.iter().map(|file| file.size).fold(0, u64::saturating_add);
    if let Some(most) = context.tenant.quotas.mailbox {
        let held = context.shared.store.held_by(&letter.mailbox_id).await.map_err(failed)?;
        // Base64 is a third more.
        if held.saturating_add(sizes_all.saturating_mul(4) / 3) > most {
            tracing::info!(mailbox.id = %letter.mailbox_id, "a mailbox is too full to keep what its owner sends");
            return Ok(Sent::Full);
        }
    }
    let (random, now) = (&*context.shared.random, context.shared.clock.now());
    let head = PortalLetter {
        from: (letter.name.clone(), letter.from.clone()),
        to: letter.to,
        cc: letter.cc,
        subject: letter.subject,
        text: letter.text,
        message_id: format!("{}@{}", random.id(), context.tenant.name),
        in_reply_to: letter.in_reply_to,
        references: letter.references,
        at: now,
        files: letter.files.iter().map(|file| (file.name.clone(), file.content_type.clone())).collect(),
    };
    let pieces = head.pieces().map_err(failed)?;
    let split = Head::split(&pieces.opening).ok_or_else(|| failed("a letter without a head"))?;
    let (head_bytes, text) = pieces.opening.split_at_checked(split).unwrap_or((&pieces.opening, &[]));

    // Base64 in lines: four octets for three, and a line end for 76.
    let mut rest = RestSealer::new(&context.shared, sizes_all.saturating_mul(11) / 8)?;
    rest.push(text).await?;
    let mut sizes = Vec::new();
    for (piece, file) in pieces.files.iter().zip(letter.files) {
        rest.push(piece).await?;
        sizes.push(file.size);
        let (mut lines, mut encoded, mut bytes) = (MimeLines::default(), Vec::new(), file.bytes);
        while let Some(piece) = bytes.next().await {
            lines.push(&piece.map_err(failed)?, &mut encoded);
            rest.push(&encoded).await?;
            encoded.clear();
        }
        lines.finish(&mut encoded);
        rest.push(&encoded).await?;
    }
    rest.push(&pieces.closing).await?;
    let Finished { key, body, len: rest_len, hash } = rest.finish().await?;
    let head_bytes = signed(context, letters, head_bytes, now, &hash)?;

    let deposit_id = random.id();
    let size = rest_len + head_bytes.len() as u64;
    let listing = listing(&head, &sizes, size);
    let mut rows = ArrivalRows::new(now);
    let sent = NewLetter {
        mailbox_id: resident.id(),
        public: resident.public(),
        deposit_id: &deposit_id,
        body_id: body.id(),
        key: &key,
        folder: Folder::Sent,
        head: &head_bytes,
        listing: &listing,
        size,
        received_at: now,
        going: context.tenant.announcer.retention.letter(
            MailboxState::Active,
            now,
            RetentionRequest::default(),
        ),
    };
    let thread_tags = vec![thread_tag(&context.shared, &head.message_id)];
    rows.deposits.push(sent.row(&context.shared.keys.deposits, thread_tags, random).map_err(failed)?);
    let arrival_id = random.id();
    for (number, recipient) in recipients.iter().enumerate() {
        let number = u8::try_from(number).map_err(failed)?;
        let of = MemoOf { mailbox_id: &letter.mailbox_id, deposit_id: &deposit_id, number, at: now };
        let copy = verp::Copy::new(of, random);
        let memo = ReplyMemo { recipient: recipient.clone(), message_id: head.message_id.clone(), at: now };
        // Without a bounce address later failures are not reported; what the next server says at once still
        // reaches the mailbox.
        let reverse_path =
            match copy.reverse_path(context.tenant.announcer.bounces.as_ref()).map_err(failed)? {
                None => ReversePath::Null,
                Some(path) => {
                    rows.bounce_memos
                        .push(copy.row(&context.shared, Label::ReplyMemo, &memo).map_err(failed)?);
                    path
                }
            };
        let ticket = Ticket {
            reverse_path,
            recipient: Recipient { address: recipient.clone(), orcpt: None, notify: Notify::Unspecified },
            envid: None,
            ret: None,
            body_type: BodyType::SevenBit,
            smtputf8: recipients.iter().chain([&letter.from]).any(Address::needs_smtputf8),
            content: Content::Letter { head: head_bytes.clone(), body_key: key.to_bytes() },
            route: context.tenant.writing.route.clone(),
            tls: context.tenant.writing.floor,
            purpose: Purpose::PortalReply {
                mailbox_id: letter.mailbox_id.clone(),
                deposit_id: deposit_id.clone(),
            },
            hand: Hand::Ours,
            reports_to: ReportsTo::Ours,
            arrived: now,
        };
        let queued = Queued {
            arrival_id: &arrival_id,
            body_id: Some(body.id()),
            purpose: LegPurpose::PortalReply,
            state: LegStart::Queued,
            give_up: context.tenant.routes.give_up,
        };
        rows.legs.push(ticket.leg(&context.shared.keys.spool, queued, random).map_err(failed)?);
    }
    if let (Some(answers), Some(recipient)) = (&head.in_reply_to, recipients.first()) {
        let (mailbox_id, from) = (&letter.mailbox_id, &letter.from);
        let event = event::answered(&context.shared, mailbox_id, &deposit_id, from, recipient, answers, now);
        rows.events.push(event.map_err(failed)?);
    }
    rows.body = Some(body);
    let reply =
        Event::ReplySent { letter: &deposit_id, mailbox: &letter.mailbox_id, recipients: recipients.len() };
    rows.audit.push(reply.row(now, &Actor::Owner, letter.client));
    rows.sent = Some(letter.draft);
    rows.uses.clone_from(&uses);
    match commit(&context.shared, rows).await.map_err(failed)? {
        Committed::New(_durable) => {
            tracing::info!(arrival.id = %arrival_id, recipients = recipients.len(), "a letter from the portal is queued");
            Ok(Sent::Queued(deposit_id))
        }
        Committed::Duplicate => Ok(Sent::Stale),
        Committed::MailboxTaken => Err(failed("the mailbox is gone")),
        // Another letter used up the quota meanwhile.
        Committed::TooMany => {
            let no = too_many(&context.shared.store, &letter.mailbox_id, &uses).await?;
            Ok(no.unwrap_or(Sent::Stale))
        }
    }
}

/// The result for an author whose quota is used up.
async fn too_many(store: &Store, mailbox_id: &str, uses: &[NewUse]) -> Result<Option<Sent>, OutboxError> {
    let no = match quota::ask(store, uses).await.map_err(failed)? {
        Allowance::Now => return Ok(None),
        Allowance::From(from) => Sent::TooMany { from: Some(from) },
        Allowance::Never => Sent::TooMany { from: None },
    };
    tracing::warn!(mailbox.id = %mailbox_id, "a mailbox has reached its sending limit; its letter stays a draft");
    Ok(Some(no))
}

/// The head with the signature by which the operator's servers recognise that it was written here.
fn signed(
    context: &Context,
    letters: &LetterSigner,
    head: &[u8],
    at: Timestamp,
    body: &[u8; 32],
) -> Result<Vec<u8>, OutboxError> {
    let to_sign = ToSign::new(&Head::new(head.to_vec()).map_err(failed)?, &context.tenant.name, at, body);
    let signature = letters.sign(to_sign.input());
    let mut signed = to_sign.into_field(&signature);
    signed.extend_from_slice(head);
    Ok(signed)
}

/// What the sent folder shows.
fn listing(head: &PortalLetter, sizes: &[u64], size: u64) -> Summary {
    let people = |addresses: &[Address]| {
        addresses.iter().map(|a| Mailbox { name: None, address: Some(a.to_path()), group: None }).collect()
    };
    Summary {
        from: vec![Mailbox { name: head.from.0.clone(), address: Some(head.from.1.to_path()), group: None }],
        to: people(&head.to),
        cc: people(&head.cc),
        reply_to: Vec::new(),
        subject: Some(head.subject.clone()),
        date: Some(head.at),
        message_id: Some(head.message_id.clone()),
        in_reply_to: head.in_reply_to.iter().cloned().collect(),
        references: head.references.clone(),
        attachments: head
            .files
            .iter()
            .zip(sizes)
            .enumerate()
            .map(|(index, ((name, content_type), size))| Attachment {
                index,
                name: FileName::Given(name.clone()),
                content_type: content_type.clone(),
                size: *size,
                inline_cid: None,
                content_id: None,
                within: false,
            })
            .collect(),
        size,
        preview: first_words(&head.text),
    }
}

/// What follows the head, sealed piece by piece.
struct RestSealer {
    key: MessageKey,
    body: BodySealer,
    lines: SignedBody,
    hash: BodyHash,
}

/// A completely received reply.
struct Finished {
    key: MessageKey,
    body: StoredBody,
    len: u64,
    hash: [u8; 32],
}

impl RestSealer {
    fn new(shared: &Shared, octets: u64) -> Result<Self, OutboxError> {
        let key = MessageKey::generate(&*shared.random);
        let body = BodySealer::new(&shared.store, &key, octets, &*shared.random).map_err(failed)?;
        Ok(Self { body, key, lines: SignedBody::default(), hash: BodyHash::default() })
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), OutboxError> {
        let hash = &mut self.hash;
        self.lines.push(bytes, |bytes| hash.update(bytes));
        self.body.push(bytes).await.map_err(failed)
    }

    async fn finish(self) -> Result<Finished, OutboxError> {
        let len = self.body.len();
        let body = self.body.finish().await.map_err(failed)?;
        let mut hash = self.hash;
        self.lines.finish(|bytes| hash.update(bytes));
        Ok(Finished { key: self.key, body, len, hash: hash.finish() })
    }
}
