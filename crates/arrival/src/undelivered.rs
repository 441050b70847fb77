//! The report on a reply that was not delivered, for its writer's mailbox. Sealed to the mailbox like any letter;
//! knows no page, and not who has noticed the failure.

use sealpost_mail::{Address, Compose, EnhancedCode, Head, Letter, Timestamp, compose_notice};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{NewLetter, OutboxError, RetentionRequest, portal_links, seal_body};
use sealpost_notice::{Language, Notice, ReplyState};
use sealpost_store::{ArrivalRows, Folder, LegPurpose, MailboxState, NewLeg};
use sealpost_vault::MessageKey;

use crate::context::Context;
use crate::reply::{failed, resident};
use crate::{enqueue, owner_mail};

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

/// A mail that announces the report without its content. A delay gets none.
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
