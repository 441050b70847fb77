//! Mail sent by schedule: to owners, before something expires; to senders, about unopened letters. Each is committed
//! with the record that it was sent, so that it is not repeated. Knows no wording, and not when a mail is due.

use sealpost_delivery::{Purpose, ReportSlot, ReportsTo, Route};
use sealpost_mail::{ActivateBy, Address, ReversePath, Secret, Timestamp, TlsFloor};
use sealpost_mailbox::{MemoOf, Resident};
use sealpost_notice::{Language, Notice};
use sealpost_store::{
    Announced, ArrivalRows, Committed, LegPurpose, MailboxRow, NewReminder, Reminded, SenderNote, StoreError,
    WrapKind,
};
use sealpost_vault::{Label, RowKey, Token};

use crate::commit::commit;
use crate::context::{Context, Shared};
use crate::enqueue;
use crate::memo::NoticeMemo;
use crate::notice_ticket::NoticeFacts;
use crate::owner_mail;
use crate::report_limit;
use crate::verp;

/// Why a mail was not sent. The text is for the log.
#[derive(Debug)]
pub enum Unsent {
    /// A row of this mailbox or letter cannot be read, or is not ours: all others can be notified.
    Row(String),
    /// The store did not answer: nobody can be notified now.
    Store(String),
}

impl Unsent {
    /// Classifies by the store's error among the causes.
    #[must_use]
    pub fn because(error: &(dyn std::error::Error + 'static)) -> Self {
        match StoreError::beneath(error) {
            // The store could read it, but the content was invalid.
            Some(StoreError::Damaged { .. }) | None => Self::Row(error.to_string()),
            Some(_) => Self::Store(error.to_string()),
        }
    }
}

/// Outcome of a mail that is to be sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Mailing {
    /// It is in the queue.
    Queued,
    /// Another process has just sent it.
    Already,
    /// There is nobody to notify.
    Nobody,
}

impl Mailing {
    /// Number of mails.
    #[must_use]
    pub fn mails(self) -> u64 {
        match self {
            Self::Queued => 1,
            Self::Already | Self::Nobody => 0,
        }
    }
}

/// What an owner needs to activate a mailbox.
pub struct WayIn {
    /// The link; with an initial password, the portal's address.
    pub link: Secret<String>,
    /// What activates it.
    pub by: ActivateBy,
}

/// The letter that a reminder names first.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// The id of the letter.
    pub id: &'a str,
    /// Number of the notice among the letter's notices.
    pub number: u8,
    /// Further letters that it covers.
    pub others: &'a [String],
}

/// The record that it was sent.
#[derive(Clone, Copy)]
pub struct Note {
    /// Its subject.
    pub about: Reminded,
    /// When the owner was last reminded, as read.
    pub before: Option<Timestamp>,
    /// The current time.
    pub at: Timestamp,
}

/// How an owner activates the mailbox.
pub async fn way_in(context: &Context, mailbox: &MailboxRow) -> Result<WayIn, Unsent> {
    let store = &context.shared.store;
    let announcer = &context.tenant.announcer;
    let initial = store.wrap(&mailbox.id, WrapKind::Initial).await.map_err(unsent)?;
    let kept = store.kept_link(&mailbox.id).await.map_err(unsent)?;
    match (initial, kept) {
        (None, Some((link, _wrap))) => {
            let token = Token::kept(&context.shared.keys.rows, &mailbox.id, &link).map_err(unsent)?;
            Ok(WayIn { link: announcer.activation_link(&token), by: ActivateBy::Link })
        }
        (Some(_), _) | (None, None) => {
            Ok(WayIn { link: Secret::new(announcer.public_url.clone()), by: ActivateBy::InitialPassword })
        }
    }
}

/// Reminds an owner. [`Mailing::Already`] also means that the mailbox has changed.
pub async fn send(
    context: &Context,
    mailbox: &MailboxRow,
    notice: Notice,
    letter: Option<Letter<'_>>,
    note: Note,
) -> Result<Mailing, Unsent> {
    let Note { about, before, at } = note;
    let reminder = NewReminder { mailbox_id: mailbox.id.clone(), about, before, at };
    post(context, mailbox, notice, letter, at, |rows| rows.reminders.push(reminder)).await
}

/// Number of a digest among a letter's notices; reminders stay below it.
const DIGEST: u8 = 255;

/// Notifies an owner of letters that have waited for it: `deposit_id`, the first of them, and `others`. The error is
/// for the log.
pub async fn digest(
    context: &Context,
    mailbox: &MailboxRow,
    notice: Notice,
    deposit_id: &str,
    others: &[String],
    announced: Announced,
) -> Result<Mailing, Unsent> {
    let letter = Letter { id: deposit_id, number: DIGEST, others };
    let at = announced.at;
    post(context, mailbox, notice, Some(letter), at, |rows| rows.announced.push(announced)).await
}

async fn post(
    context: &Context,
    mailbox: &MailboxRow,
    notice: Notice,
    letter: Option<Letter<'_>>,
    at: Timestamp,
    note: impl FnOnce(&mut ArrivalRows),
) -> Result<Mailing, Unsent> {
    let (shared, announcer) = (&context.shared, &context.tenant.announcer);
    let resident = Resident::of(mailbox, &shared.keys.rows, &shared.keys.tags).map_err(unsent)?;
    let mut rows = ArrivalRows::new(at);
    let (reverse_path, purpose, reports_to) = match letter {
        None => about_mailbox(context, &resident, at, &mut rows)?,
        Some(letter) => about_letter(context, &resident, letter, at, &mut rows).await?,
    };
    let language = Language::parse(&mailbox.language).unwrap_or(announcer.language);
    let message_id = format!("{}@{}", shared.random.id(), context.tenant.name);
    let facts = NoticeFacts { notice, language: language.tag().to_owned(), message_id, about: None, at };
    let draft = enqueue::Draft {
        content: facts.content().map_err(unsent)?,
        reverse_path,
        recipient: resident.address().clone(),
        route: announcer.route.clone(),
        tls: announcer.floor,
        purpose,
        reports_to,
        at,
    };
    let id = shared.random.id();
    let leg =
        enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Notice, &id).map_err(unsent)?;
    rows.legs.push(leg);
    note(&mut rows);
    once(&context.shared, rows).await
}

/// The bounce address of a reminder about the mailbox itself: nobody is told of a bounce, but it is counted.
fn about_mailbox(
    context: &Context,
    resident: &Resident,
    now: Timestamp,
    rows: &mut ArrivalRows,
) -> Result<(ReversePath, Purpose, ReportsTo), Unsent> {
    let mailbox_id = resident.id();
    let purpose = Purpose::Notice {
        mailbox_id: mailbox_id.to_owned(),
        deposit_id: String::new(),
        sender: ReversePath::Null,
        letter_id: None,
        is_first: false,
        others: Vec::new(),
    };
    // Numbered by day: there is at most one a day, and its memo is removed after a month.
    let number = u8::try_from(now.0.div_euclid(86_400_000).rem_euclid(256)).unwrap_or_default();
    let of = MemoOf { mailbox_id, deposit_id: mailbox_id, number, at: now };
    let copy = verp::Copy::new(of, &*context.shared.random);
    let Some(path) = copy.reverse_path(context.tenant.announcer.bounces.as_ref()).map_err(unsent)? else {
        return Ok((ReversePath::Address(context.tenant.announcer.from.clone()), purpose, ReportsTo::Ours));
    };
    let memo = NoticeMemo {
        sender: ReversePath::Null,
        reports_to: ReportsTo::Ours,
        recipient: resident.address().clone(),
        at: now,
        message_id: None,
        receipt_to: None,
        others: Vec::new(),
    };
    rows.bounce_memos.push(copy.row(&context.shared, Label::NoticeMemo, &memo).map_err(unsent)?);
    Ok((path, purpose, ReportsTo::Ours))
}

/// The bounce address, and who is told of a bounce: the sender of the letter, if the memo of the letter's first notice
/// names one.
async fn about_letter(
    context: &Context,
    resident: &Resident,
    letter: Letter<'_>,
    now: Timestamp,
    rows: &mut ArrivalRows,
) -> Result<(ReversePath, Purpose, ReportsTo), Unsent> {
    let first = NoticeMemo::first(&context.shared.keys.rows, &context.shared.store, letter.id).await;
    let Some(first) = first.map_err(unsent)? else {
        // A letter without a sender, deposited by the gateway itself: like a reminder about the mailbox.
        return about_mailbox(context, resident, now, rows);
    };
    let (memo, _row) = first.map_err(unsent)?;
    let purpose = Purpose::Notice {
        mailbox_id: resident.id().to_owned(),
        deposit_id: letter.id.to_owned(),
        sender: memo.sender.clone(),
        letter_id: memo.message_id.clone(),
        is_first: letter.number == DIGEST,
        others: letter.others.to_vec(),
    };
    let reports_to = memo.reports_to;
    let memo = NoticeMemo { others: letter.others.to_vec(), ..memo };
    let of = MemoOf { mailbox_id: resident.id(), deposit_id: letter.id, number: letter.number, at: now };
    let copy = verp::Copy::new(of, &*context.shared.random);
    let path = match copy.reverse_path(context.tenant.announcer.bounces.as_ref()).map_err(unsent)? {
        None => ReversePath::Address(context.tenant.announcer.from.clone()),
        Some(path) => {
            rows.bounce_memos.push(copy.row(&context.shared, Label::NoticeMemo, &memo).map_err(unsent)?);
            path
        }
    };
    Ok((path, purpose, reports_to))
}

fn memo(rows: &RowKey, deposit_id: &str, sealed: &[u8]) -> Result<NoticeMemo, Unsent> {
    let plain = rows.open(Label::NoticeMemo, deposit_id, sealed).map_err(unsent)?;
    serde_json::from_slice(plain.expose()).map_err(unsent)
}

/// Tells a letter's sender what became of it. `notice` is given the recipient's address.
pub async fn tell_sender(
    context: &Context,
    deposit_id: &str,
    memo_sealed: &[u8],
    told: SenderNote,
    notice: impl FnOnce(&Address) -> Notice,
    now: Timestamp,
) -> Result<Mailing, Unsent> {
    let memo = memo(&context.shared.keys.rows, deposit_id, memo_sealed)?;
    let Some(to) = memo.sender.address().cloned() else { return Ok(Mailing::Nobody) };
    let id = context.shared.random.id();
    let mut rows = ArrivalRows::new(now);
    rows.told.push(told);
    match report_limit::take_slot(context, memo.reports_to, &to, &id, now).await.map_err(unsent)? {
        ReportSlot::Taken => {}
        // Not tried again: it counts as sent.
        ReportSlot::None => return once(&context.shared, rows).await.map(|_noted| Mailing::Already),
    }
    let announcer = &context.tenant.announcer;
    let language = announcer.language(&to).tag();
    let message_id = format!("{}@{}", context.shared.random.id(), context.tenant.name);
    let mut draft =
        owner_mail::draft(announcer, notice(&memo.recipient), language, to, message_id, memo.message_id, now)
            .map_err(Unsent::Row)?;
    draft.route = context.tenant.routes.reports.clone();
    draft.tls = match &draft.route {
        // The operator's own server, with its configured minimum TLS.
        Route::NextHop(_) => TlsFloor::None,
        Route::Mx => announcer.floor,
    };
    let leg =
        enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Report, &id).map_err(unsent)?;
    rows.legs.push(leg);
    once(&context.shared, rows).await
}

/// Commits the mail, unless another process has sent it.
pub(crate) async fn once(shared: &Shared, rows: ArrivalRows) -> Result<Mailing, Unsent> {
    match commit(shared, rows).await.map_err(unsent)? {
        Committed::New(_durable) => Ok(Mailing::Queued),
        Committed::Duplicate | Committed::MailboxTaken | Committed::TooMany => Ok(Mailing::Already),
    }
}

pub(crate) fn unsent(error: impl std::error::Error + 'static) -> Unsent {
    Unsent::because(&error)
}
