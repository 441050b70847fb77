//! Word of a reply that did not arrive, put into its writer's mailbox. Sealed to the mailbox like any letter;
//! knows no page.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_delivery::{Purpose, Returns, UndeliveredReply, Untold};
use sealpost_mail::{Address, Compose, DsnAction, EnhancedCode, Head, Letter, Timestamp, compose_notice};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{NewLetter, NewPair, OutboxError, RetentionRequest, portal_links, seal_body};
use sealpost_notice::{Language, Notice, ReplyState};
use sealpost_store::{
    ArrivalRows, Committed, Folder, LegPurpose, MailboxState, NewBounce, NewLeg, StoreError,
};
use sealpost_vault::MessageKey;

use crate::commit::commit;
use crate::context::{Context, Shared};
use crate::reply::{failed, resident};
use crate::{enqueue, owner_mail, unnotified_letters};

/// What is reported.
pub(crate) struct Undelivered<'a> {
    pub(crate) mailbox_id: &'a str,
    /// The letter in the sent folder.
    pub(crate) deposit_id: &'a str,
    pub(crate) recipient: &'a Address,
    /// Its Message-ID, so that the report belongs to its thread.
    pub(crate) message_id: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) date: Timestamp,
    pub(crate) status: EnhancedCode,
    /// The server's text, if there was any.
    pub(crate) said: Option<String>,
    pub(crate) state: ReplyState,
}

/// The rows that deposit the report in the mailbox.
pub(crate) async fn rows(context: &Context, told: &Undelivered<'_>) -> Result<ArrivalRows, OutboxError> {
    let (resident, language_tag) = resident(&context.shared, told.mailbox_id).await?;
    let (random, now, announcer) =
        (&*context.shared.random, context.shared.clock.now(), &context.tenant.announcer);
    let notice = Notice::ReplyReturned {
        recipient: told.recipient.to_path(),
        subject: told.subject.clone(),
        date: told.date,
        status: told.status,
        said: told.said.clone(),
        state: told.state,
        link: announcer.link(&portal_links::letter(told.deposit_id)),
    };
    let language = Language::parse(&language_tag).unwrap_or(announcer.language);
    let rendered =
        sealpost_notice::render(&notice, language, &announcer.brand, &announcer.zone).map_err(failed)?;
    let id = random.id();
    let owner = resident.address().clone();
    let mut rows = ArrivalRows::new(now);
    if told.state == ReplyState::Failed {
        rows.legs.push(announce(context, &language_tag, owner.clone(), told.date, &id)?);
    }
    let mail = compose_notice(&Compose {
        from: (
            Some(format!("{} {}", announcer.brand.name, announcer.brand.portal_name)),
            announcer.from.clone(),
        ),
        to: owner,
        reply_to: None,
        subject: rendered.subject,
        text: rendered.text,
        html: Some(rendered.html),
        message_id: format!("{id}@{}", context.tenant.name),
        at: now,
        auto_submitted: "auto-replied",
        about: told.message_id.clone(),
        extra: Vec::new(),
        inline_images: sealpost_notice::inline_images(&announcer.brand),
    })
    .map_err(failed)?;
    let listing = Letter::parse(&mail).map_err(failed)?.summary();
    let split = Head::split(&mail).ok_or_else(|| failed("a letter without a head"))?;
    let (head, rest) = mail.split_at_checked(split).unwrap_or((&mail, &[]));

    let key = MessageKey::generate(random);
    let body = seal_body(&context.shared.store, &key, rest, random).await.map_err(failed)?;
    let word = NewLetter {
        mailbox_id: resident.id(),
        public: resident.public(),
        deposit_id: &id,
        body_id: body.id(),
        key: &key,
        folder: Folder::Inbox,
        head,
        listing: &listing,
        size: mail.len() as u64,
        received_at: now,
        going: announcer.retention.letter(MailboxState::Active, now, RetentionRequest::default()),
    };
    let deposited = Event::LetterDeposited { letter: &id, mailbox: resident.id(), arrival: None };
    rows.audit.push(deposited.row(now, &Actor::System, None));
    rows.deposits.push(word.row(&context.shared.keys.deposits, Vec::new(), random).map_err(failed)?);
    rows.more_bodies.push(body);
    Ok(rows)
}

/// A mail that announces the report without its content. A delay is not worth one.
fn announce(
    context: &Context,
    language: &str,
    to: Address,
    date: Timestamp,
    deposit_id: &str,
) -> Result<NewLeg, OutboxError> {
    let announcer = &context.tenant.announcer;
    let link = announcer.link(&portal_links::letter(deposit_id));
    let notice = Notice::ReplyCameBack { date, link };
    let message_id = format!("{}@{}", context.shared.random.id(), context.tenant.name);
    let mail =
        owner_mail::draft(announcer, notice, language, to, message_id, None, context.shared.clock.now());
    let arrival_id = context.shared.random.id();
    enqueue::leg(&enqueue::Queue::of(context), mail.map_err(failed)?, None, LegPurpose::Notice, &arrival_id)
        .map_err(failed)
}

/// How often the rows are rebuilt if the mailbox has received another key pair.
const RACES: usize = NewPair::RACES;

/// The hook that delivery calls when a reply was not delivered.
pub struct ToMailbox(pub Arc<Context>);

#[async_trait]
impl Returns for ToMailbox {
    async fn tell(&self, undelivered: UndeliveredReply<'_>) -> Result<(), Untold> {
        let context = &self.0;
        let Purpose::PortalReply { mailbox_id, deposit_id } = &undelivered.ticket.purpose else {
            return Err(Untold::Never("not a reply".to_owned()));
        };
        if context
            .shared
            .store
            .mailbox(mailbox_id)
            .await
            .map_err(untold)?
            .is_none_or(|row| row.state == MailboxState::Deleted)
        {
            tracing::info!("a reply was not delivered, and its mailbox is gone");
            return Ok(());
        }
        let head = undelivered.ticket.content.head().and_then(|head| Head::new(head.to_vec()).ok());
        let told = Undelivered {
            mailbox_id,
            deposit_id,
            recipient: &undelivered.ticket.recipient.address,
            message_id: head.as_ref().and_then(Head::message_id),
            subject: head.as_ref().and_then(Head::subject),
            date: undelivered.ticket.arrived,
            status: undelivered.status,
            said: undelivered.said.map(str::to_owned),
            state: match undelivered.action {
                DsnAction::Delayed => ReplyState::Delayed,
                DsnAction::Failed | DsnAction::Delivered | DsnAction::Relayed | DsnAction::Expanded => {
                    ReplyState::Failed
                }
            },
        };
        for _ in 0..RACES {
            let mut rows = rows(context, &told).await.map_err(untold)?;
            let mut once = context.shared.keys.tags.fingerprint();
            once.update(b"answer returned\0");
            once.update(undelivered.leg_id.as_bytes());
            once.update(match told.state {
                ReplyState::Delayed => b"\0delayed",
                ReplyState::Failed => b"\0failed!",
            });
            rows.fingerprint = Some(once.finish());
            match commit(&context.shared, rows).await.map_err(untold)? {
                Committed::New(_) | Committed::Duplicate | Committed::TooMany => return Ok(()),
                // The mailbox is gone, or has just received a new key pair: look again.
                Committed::MailboxTaken => {}
            }
        }
        Err(Untold::Later("the mailbox changes too often".to_owned()))
    }

    async fn notice_failed(&self, mailbox_id: &str, others: &[String], status: EnhancedCode) {
        note(&self.0.shared, mailbox_id, status).await;
        for letter in others {
            if let Err(error) = unnotified_letters::tell(&self.0, letter, Some(status)).await {
                tracing::error!(?error, deposit.id = %letter, "a letter's sender was not notified that the notice failed");
            }
        }
    }
}

/// Records a bounce of a mailbox's address; if the store cannot write now, the next one is recorded.
async fn note(shared: &Shared, mailbox_id: &str, status: EnhancedCode) {
    let at = shared.clock.now();
    let bounce =
        NewBounce { mailbox_id: mailbox_id.to_owned(), deposit_id: None, status: status.to_string(), at };
    if let Err(error) = shared.store.note_bounce(bounce).await {
        tracing::error!(%error, mailbox.id = %mailbox_id, "an address could not be marked");
    }
}

/// A store that is only busy may be tried again.
fn untold(error: impl std::error::Error + 'static) -> Untold {
    match StoreError::beneath(&error) {
        Some(store) if store.is_busy() => Untold::Later(error.to_string()),
        Some(_) | None => Untold::Never(error.to_string()),
    }
}
