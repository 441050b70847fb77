//! From facts to texts: passes each kind of notice to its author, with the values that its texts may use.
//! Knows no text.

use sealpost_mail::{ActivateBy, Brand, Timestamp};

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};
use crate::layout::{Page, lay_out, safe_link};
use crate::notice::{Notice, Rendered};
use crate::writer::{Letter, SUBJECT, Writer, Written};
use crate::{dates, sanitize};

/// Writes `notice` in `language`; dates are those of `zone` (an IANA name).
pub fn render(
    notice: &Notice,
    language: Language,
    brand: &Brand,
    zone: &str,
) -> Result<Rendered, NoticeError> {
    let mut values = brand_values(brand)?;
    if let Some((until, days)) = notice.deadline() {
        values.insert("until".into(), dates::date(until, language, zone)?.into());
        values.insert("until-time".into(), dates::date_time(until, language, zone)?.into());
        values.insert("days".into(), days.into());
    }
    if let Some(count) = notice.count() {
        values.insert("count".into(), count.into());
    }
    if let Some(sent) = notice.sent() {
        values.insert("sent".into(), dates::date_time(sent, language, zone)?.into());
    }
    values.insert("subject".into(), sanitize::text(notice.subject().unwrap_or_default(), SUBJECT).into());
    let writer = Writer { words: Words::new(language, values)?, language, zone };
    lay_out(&writer.page(notice, brand)?, &writer.words, brand)
}

pub(crate) fn brand_values(brand: &Brand) -> Result<Values, NoticeError> {
    let portal_url = safe_link(&brand.portal_url)?;
    let host = portal_url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    let within = sanitize::line(brand.sentence_name.as_deref().unwrap_or(&brand.name));
    Ok(Values::from([
        ("brand".into(), sanitize::line(&brand.name).into()),
        ("brand-start".into(), capitalised(&within).into()),
        ("brand-within".into(), within.into()),
        ("portal".into(), sanitize::line(&brand.portal_name).into()),
        ("host".into(), host.unwrap_or_default().to_owned().into()),
        ("portal-url".into(), portal_url.into()),
    ]))
}

/// Capitalised for the beginning of a sentence.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

impl Writer<'_> {
    fn page(&self, notice: &Notice, brand: &Brand) -> Written<Page> {
        match notice {
            Notice::Activation { from_name, from_address, subject, date, link, clock, .. } => self
                .activation(
                    &Letter::new(from_name.as_deref(), from_address, subject.as_deref(), *date),
                    link,
                    *clock,
                ),
            Notice::ActivationReminder { letters, date, link, by, .. } => {
                self.activation_reminder(*letters, *date, link, *by)
            }
            Notice::Digest { letters, date, link, deletion, newcomer } => {
                self.digest(*letters, *date, link, *deletion, *newcomer)
            }
            Notice::UnreadReminder { letters, link, .. } => self.unread_reminder(*letters, link),
            Notice::MailboxReminder { link, .. } => self.mailbox_reminder(link),
            Notice::NotFetched { recipient, date, deletion, reached, newcomer, .. } => {
                self.not_fetched(recipient, *date, *deletion, *reached, *newcomer)
            }
            Notice::GoneUnread { recipient, date, at, how } => self.gone_unread(recipient, *date, *at, *how),
            Notice::ReplySafely { link, wrote } => self.reply_safely(link, *wrote),
            Notice::DeletionRequest { link, .. } => self.deletion_request(link),
            Notice::DeletionHeld => self.deletion_held(),
            Notice::DeletionNothing => self.deletion_nothing(),
            Notice::DeletionUnproven { link } => self.deletion_unproven(link),
            Notice::NewMessage { from_name, from_address, subject, date, link, deletion, access } => self
                .new_message(
                    &Letter::new(from_name.as_deref(), from_address, subject.as_deref(), *date),
                    link,
                    *deletion,
                    *access,
                ),
            Notice::InitialPassword { from_name, from_address, subject, date, link, clock, .. } => self
                .initial_password(
                    &Letter::new(from_name.as_deref(), from_address, subject.as_deref(), *date),
                    link,
                    *clock,
                ),
            Notice::PasswordForSender { recipient, password, subject, date, .. } => {
                self.password_for_sender(recipient, password, subject.as_deref(), *date)
            }
            Notice::Reactivation { link, messages, by: ActivateBy::InitialPassword, .. } => {
                self.reactivation_by_password(link, *messages)
            }
            Notice::Reactivation { link, messages, by: ActivateBy::Link, .. } => {
                self.reactivation_by_link(link, *messages)
            }
            Notice::ResetLink { link, .. } => self.reset_link(link),
            Notice::PasswordChanged { at, how, network } => {
                self.password_changed(*at, *how, network.as_deref())
            }
            Notice::QuestionChanged { at, network } => self.question_changed(*at, network),
            Notice::MailboxDeleted { at, network, by } => self.mailbox_deleted(*at, network, *by),
            Notice::BySupport { did, at } => self.by_support(*did, *at),
            Notice::NewBrowser { at, network } => self.new_browser(*at, network),
            Notice::MailboxLocked { at, until } => self.mailbox_locked(*at, *until, brand),
            Notice::AnswersUsedUp { at, until } => self.answers_used_up(*at, *until, brand),
            Notice::ReplyReturned { recipient, subject, date, status, said, state, link } => {
                let why = (*status, said.as_deref());
                self.reply_returned(recipient, subject.as_deref(), *date, why, *state, link)
            }
            Notice::KeysEnding { keys, .. } => self.keys_ending(keys),
            Notice::ReplyCameBack { date, link } => self.reply_came_back(*date, link),
        }
    }
}

impl Notice {
    /// RFC 3834 §5: whether it answers a mail.
    #[must_use]
    pub fn auto_submitted(&self) -> &'static str {
        match self {
            Self::ReplySafely { .. }
            | Self::DeletionRequest { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. } => "auto-replied",
            Self::Activation { .. }
            | Self::ActivationReminder { .. }
            | Self::UnreadReminder { .. }
            | Self::Digest { .. }
            | Self::MailboxReminder { .. }
            | Self::NotFetched { .. }
            | Self::GoneUnread { .. }
            | Self::NewMessage { .. }
            | Self::InitialPassword { .. }
            | Self::PasswordForSender { .. }
            | Self::Reactivation { .. }
            | Self::ResetLink { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. }
            | Self::ReplyReturned { .. }
            | Self::ReplyCameBack { .. }
            | Self::KeysEnding { .. } => "auto-generated",
        }
    }

    /// When the letter arrived that its sender is told about: the subject says which of several it is.
    fn sent(&self) -> Option<Timestamp> {
        match self {
            Self::NotFetched { date, .. } | Self::GoneUnread { date, .. } => Some(*date),
            Self::Activation { .. }
            | Self::ActivationReminder { .. }
            | Self::UnreadReminder { .. }
            | Self::Digest { .. }
            | Self::MailboxReminder { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionRequest { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::NewMessage { .. }
            | Self::InitialPassword { .. }
            | Self::PasswordForSender { .. }
            | Self::Reactivation { .. }
            | Self::ResetLink { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. }
            | Self::ReplyReturned { .. }
            | Self::KeysEnding { .. }
            | Self::ReplyCameBack { .. } => None,
        }
    }

    /// The deadline, and the whole days until then (0 if not counted).
    fn deadline(&self) -> Option<(Timestamp, u32)> {
        match self {
            Self::Activation { expires, days, .. }
            | Self::ActivationReminder { expires, days, .. }
            | Self::InitialPassword { expires, days, .. }
            | Self::PasswordForSender { expires, days, .. }
            | Self::UnreadReminder { expires, days, .. }
            | Self::MailboxReminder { expires, days, .. }
            | Self::Reactivation { expires, days, .. } => Some((*expires, *days)),
            Self::NewMessage { deletion, .. }
            | Self::NotFetched { deletion, .. }
            | Self::Digest { deletion, .. } => *deletion,
            Self::ResetLink { expires, .. } | Self::DeletionRequest { expires, .. } => Some((*expires, 0)),
            Self::ReplyReturned { .. }
            | Self::GoneUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::ReplyCameBack { .. }
            | Self::KeysEnding { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. } => None,
        }
    }

    /// Number of letters or days.
    fn count(&self) -> Option<u32> {
        match self {
            Self::ActivationReminder { letters, .. }
            | Self::UnreadReminder { letters, .. }
            | Self::Digest { letters, .. } => Some(*letters),
            Self::NotFetched { waiting, .. } => Some(*waiting),
            Self::KeysEnding { count, .. } => Some(*count),
            Self::Activation { .. }
            | Self::NewMessage { .. }
            | Self::InitialPassword { .. }
            | Self::PasswordForSender { .. }
            | Self::MailboxReminder { .. }
            | Self::GoneUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionRequest { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::Reactivation { .. }
            | Self::ResetLink { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. }
            | Self::ReplyReturned { .. }
            | Self::ReplyCameBack { .. } => None,
        }
    }

    fn subject(&self) -> Option<&str> {
        match self {
            Self::Activation { subject, .. }
            | Self::NewMessage { subject, .. }
            | Self::InitialPassword { subject, .. }
            | Self::PasswordForSender { subject, .. }
            | Self::ReplyReturned { subject, .. } => subject.as_deref(),
            Self::ActivationReminder { .. }
            | Self::UnreadReminder { .. }
            | Self::Digest { .. }
            | Self::MailboxReminder { .. }
            | Self::NotFetched { .. }
            | Self::GoneUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionRequest { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::Reactivation { .. }
            | Self::ResetLink { .. }
            | Self::ReplyCameBack { .. }
            | Self::KeysEnding { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. } => None,
        }
    }
}
