//! From facts to words: which texts a notice consists of. Knows no HTML.

use sealpost_mail::{ActivateBy, Secret, Timestamp};

use crate::brand::Brand;
use crate::error::NoticeError;
use crate::language::{Language, Values, Words};
use crate::layout::{Button, Fact, Page, Section, lay_out, safe_link};
use crate::notice::{Access, DeletedBy, Notice, Reached, Rendered, SupportDid, Wrote};
use crate::{dates, sanitize};

/// Longest sender name, subject and server reply shown, in characters.
const NAME: usize = 80;
const SUBJECT: usize = 150;
const REASON: usize = 300;

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

fn brand_values(brand: &Brand) -> Result<Values, NoticeError> {
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

/// As it stands at the beginning of a sentence.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

struct Writer<'a> {
    words: Words,
    language: Language,
    zone: &'a str,
}

type Written<T> = Result<T, NoticeError>;

impl Writer<'_> {
    fn page(&self, notice: &Notice, brand: &Brand) -> Written<Page> {
        match notice {
            Notice::Activation { from_name, from_address, subject, date, link, .. } => {
                let mut page =
                    self.start(["activation-subject", "activation-heading", "activation-intro"])?;
                page.facts = self.letter(from_name.as_deref(), from_address, subject.as_deref(), *date)?;
                page.preview = preview(&page);
                page.button = self.button("activation-button", link)?;
                page.deadline = Some(self.say("activation-deadline")?);
                page.steps = self.section("steps-title", &["step-open", "step-password", "step-question"])?;
                page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::ActivationReminder { letters, date, link, by, .. } => {
                let mut page = self.start(["reminder-subject", "reminder-heading", "reminder-intro"])?;
                page.facts.push(self.fact("label-letters", letters.to_string())?);
                page.facts.push(self.fact("label-oldest", self.moment(*date)?)?);
                match by {
                    ActivateBy::InitialPassword => {
                        page.button = self.button("initial-button", link)?;
                        page.deadline = Some(self.say("initial-deadline")?);
                        page.steps =
                            self.section("initial-steps", &["initial-ask", "initial-login", "initial-own"])?;
                    }
                    ActivateBy::Link => {
                        page.button = self.button("activation-button", link)?;
                        page.deadline = Some(self.say("activation-deadline")?);
                        page.steps =
                            self.section("steps-title", &["step-open", "step-password", "step-question"])?;
                    }
                }
                page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::Digest { letters, date, link, deletion, newcomer } => {
                let intro = if newcomer.is_some() { "digest-intro-newcomer" } else { "digest-intro" };
                let mut page = self.start(["digest-subject", "digest-heading", intro])?;
                page.facts.push(self.fact("label-letters", letters.to_string())?);
                page.facts.push(self.fact("label-oldest", self.moment(*date)?)?);
                let (button, genuine) = match newcomer {
                    None => ("message-button", "genuine-type"),
                    Some(ActivateBy::Link) => ("activation-button", "genuine-link"),
                    Some(ActivateBy::InitialPassword) => ("initial-button", "genuine-link"),
                };
                page.button = self.button(button, link)?;
                page.deadline = deletion.map(|_| self.say("digest-deadline")).transpose()?;
                match newcomer {
                    None => page.more = vec![self.say("message-keep")?],
                    Some(ActivateBy::Link) => {
                        page.steps =
                            self.section("steps-title", &["step-open", "step-password", "step-question"])?;
                    }
                    Some(ActivateBy::InitialPassword) => {
                        page.steps =
                            self.section("initial-steps", &["initial-ask", "initial-login", "initial-own"])?;
                    }
                }
                page.genuine = self.genuine(&[genuine, "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::UnreadReminder { letters, link, .. } => {
                let mut page = self.start(["unread-subject", "unread-heading", "unread-intro"])?;
                page.facts.push(self.fact("label-letters", letters.to_string())?);
                page.button = self.button("message-button", link)?;
                page.deadline = Some(self.say("unread-deadline")?);
                page.more = vec![self.say("message-keep")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::MailboxReminder { link, .. } => {
                let mut page = self.start(["idle-subject", "idle-heading", "idle-intro"])?;
                page.button = self.button("idle-button", link)?;
                page.deadline = Some(self.say("idle-deadline")?);
                page.more = vec![self.say("idle-nothing")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::NotFetched { recipient, date, deletion, reached, newcomer, .. } => {
                let mut page = self.start(["unfetched-subject", "unfetched-heading", "unfetched-intro"])?;
                page.inside = true;
                page.intro.push(self.say(match reached {
                    Reached::Notified => "unfetched-notified",
                    Reached::CameBack => "unfetched-came-back",
                })?);
                page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
                page.facts.push(self.fact("label-date", self.moment(*date)?)?);
                page.deadline = deletion.map(|_| self.say("unfetched-deadline")).transpose()?;
                let mut steps = match reached {
                    Reached::Notified => vec!["unfetched-call"],
                    Reached::CameBack => vec!["unfetched-check-address", "unfetched-call-anyway"],
                };
                match newcomer {
                    Some(ActivateBy::InitialPassword) => steps.push("unfetched-password"),
                    Some(ActivateBy::Link) | None => {}
                }
                steps.push("unfetched-post");
                page.steps = self.section("unfetched-steps", &steps)?;
                Ok(page)
            }
            Notice::ExpiredUnread { recipient, date, at } => {
                let mut page =
                    self.start(["unread-gone-subject", "unread-gone-heading", "unread-gone-intro"])?;
                page.inside = true;
                page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
                page.facts.push(self.fact("label-date", self.moment(*date)?)?);
                page.facts.push(self.fact("label-deleted", self.moment(*at)?)?);
                page.steps = self.section("unfetched-steps", &["unfetched-call", "unfetched-post"])?;
                Ok(page)
            }
            Notice::ReplySafely { link, wrote } => {
                let keys = match wrote {
                    Wrote::Reply => ["safely-subject", "safely-heading", "safely-intro"],
                    Wrote::Afresh => ["afresh-subject", "afresh-heading", "afresh-intro"],
                };
                let mut page = self.start(keys)?;
                page.button = self.button("safely-button", link)?;
                page.more = vec![self.say("safely-gone")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::DeletionWish { link, .. } => {
                let mut page = self.start(["wish-subject", "wish-heading", "wish-intro"])?;
                page.button = self.button("wish-button", link)?;
                page.deadline = Some(self.say("wish-deadline")?);
                page.more = vec![self.say("wish-all")?, self.say("wish-not-you")?];
                page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::DeletionHeld => {
                let mut page = self.start(["wish-held-subject", "wish-held-heading", "wish-held-intro"])?;
                page.more = vec![self.say("wish-held-more")?];
                Ok(page)
            }
            Notice::DeletionNothing => {
                self.start(["wish-nothing-subject", "wish-nothing-heading", "wish-nothing-intro"])
            }
            Notice::DeletionUnproven { link } => {
                let mut page =
                    self.start(["wish-unproven-subject", "wish-unproven-heading", "wish-unproven-intro"])?;
                page.button = self.button("safely-button", link)?;
                page.steps = self.section(
                    "wish-unproven-steps",
                    &["wish-unproven-login", "wish-unproven-help", "wish-unproven-wait"],
                )?;
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::NewMessage { from_name, from_address, subject, date, link, deletion, access } => {
                let shown = !sanitize::text(subject.as_deref().unwrap_or_default(), SUBJECT).is_empty();
                let title = if shown { "message-subject-shown" } else { "message-subject" };
                let intro = match access {
                    Access::Open => "message-intro",
                    Access::Locked => "message-intro-locked",
                };
                let mut page = self.start([title, "message-heading", intro])?;
                page.facts = self.letter(from_name.as_deref(), from_address, subject.as_deref(), *date)?;
                page.preview = preview(&page);
                page.deadline = deletion.map(|_| self.say("message-deadline")).transpose()?;
                match access {
                    Access::Open => {
                        page.button = self.button("message-button", link)?;
                        page.more = vec![self.say("message-keep")?];
                        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                    }
                    Access::Locked => {
                        page.more = vec![self.say("support-ask")?];
                        page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
                    }
                }
                Ok(page)
            }
            Notice::InitialPassword { from_name, from_address, subject, date, link, .. } => {
                let mut page = self.start(["initial-subject", "initial-heading", "initial-intro"])?;
                page.facts = self.letter(from_name.as_deref(), from_address, subject.as_deref(), *date)?;
                page.preview = preview(&page);
                page.button = self.button("initial-button", link)?;
                page.deadline = Some(self.say("initial-deadline")?);
                page.steps =
                    self.section("initial-steps", &["initial-wait", "initial-login", "initial-own"])?;
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::PasswordForSender { recipient, password, subject, date, .. } => {
                let mut page = self.start(["handover-subject", "handover-heading", "handover-intro"])?;
                page.inside = true;
                page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
                page.facts.push(Fact {
                    label: self.say("label-password")?,
                    value: sanitize::line(password.expose()),
                    exact: true,
                });
                page.facts.extend(self.about(subject.as_deref(), *date)?);
                page.deadline = Some(self.say("handover-deadline")?);
                page.steps =
                    self.section("handover-steps", &["handover-tell", "handover-plain", "handover-never"])?;
                Ok(page)
            }
            Notice::Reactivation { link, messages_kept, by: ActivateBy::InitialPassword, .. } => {
                let mut page = self.start(["again-subject", "again-heading", "again-initial-intro"])?;
                page.intro.push(self.say(if *messages_kept { "again-kept" } else { "again-lost" })?);
                page.button = self.button("initial-button", link)?;
                page.deadline = Some(self.say("again-initial-deadline")?);
                page.more = vec![self.say("again-initial-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::Reactivation { link, messages_kept, by: ActivateBy::Link, .. } => {
                let mut page = self.start(["again-subject", "again-heading", "again-intro"])?;
                page.intro.push(self.say(if *messages_kept { "again-kept" } else { "again-lost" })?);
                page.button = self.button("again-button", link)?;
                page.deadline = Some(self.say("again-deadline")?);
                page.more = vec![self.say("again-stranger")?];
                page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::ResetLink { link, .. } => {
                let mut page = self.start(["reset-subject", "reset-heading", "reset-intro"])?;
                page.button = self.button("reset-button", link)?;
                page.deadline = Some(self.say("reset-deadline")?);
                page.more = vec![self.say("reset-stranger")?];
                page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::PasswordChanged { at, forgotten, network } => {
                let intro = if *forgotten { "changed-intro-forgotten" } else { "changed-intro" };
                let mut page = self.start(["changed-subject", "changed-heading", intro])?;
                page.facts = self.happened("label-changed", *at, network.as_deref())?;
                page.more = vec![self.say("changed-you")?, self.say("changed-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::QuestionChanged { at, network } => {
                let mut page = self.start(["question-subject", "question-heading", "question-intro"])?;
                page.facts = self.happened("label-changed", *at, Some(network))?;
                page.more = vec![self.say("changed-you")?, self.say("question-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::MailboxDeleted { at, network, by } => {
                let intro = match by {
                    DeletedBy::Password => "deleted-intro",
                    DeletedBy::Link => "deleted-intro-wished",
                };
                let mut page = self.start(["deleted-subject", "deleted-heading", intro])?;
                page.facts = self.happened("label-deleted", *at, Some(network))?;
                page.more = vec![self.say("changed-you")?, self.say("deleted-stranger")?];
                page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            // Without a link: whoever imitates this mail is to gain nothing by it.
            Notice::BySupport { did, at } => {
                let (keys, label, more) = match did {
                    SupportDid::Deleted => (
                        ["support-deleted-subject", "support-deleted-heading", "support-deleted-intro"],
                        "label-deleted",
                        "support-deleted-more",
                    ),
                    SupportDid::Locked => (
                        ["support-locked-subject", "support-locked-heading", "support-locked-intro"],
                        "label-locked",
                        "support-locked-more",
                    ),
                    SupportDid::Unlocked => (
                        ["support-unlocked-subject", "support-unlocked-heading", "support-unlocked-intro"],
                        "label-unlocked",
                        "support-unlocked-more",
                    ),
                };
                let mut page = self.start(keys)?;
                page.facts = self.happened(label, *at, None)?;
                page.more = vec![self.say(more)?, self.say("support-ask")?];
                page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::NewBrowser { at, network } => {
                let mut page = self.start(["browser-subject", "browser-heading", "browser-intro"])?;
                page.facts = self.happened("label-login", *at, Some(network))?;
                page.more = vec![self.say("changed-you")?, self.say("browser-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::MailboxLocked { at, until } => {
                let mut page = self.start(["locked-subject", "locked-heading", "locked-intro"])?;
                page.facts.push(self.fact("label-locked", self.moment(*at)?)?);
                page.facts.push(self.fact("label-opens", self.moment(*until)?)?);
                page.button = self.button("locked-button", &Secret::new(brand.portal_url.clone()))?;
                page.more = vec![self.say("locked-you")?, self.say("locked-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::AnswersUsedUp { at, until } => {
                let mut page = self.start(["answers-subject", "answers-heading", "answers-intro"])?;
                page.facts.push(self.fact("label-closed", self.moment(*at)?)?);
                if let Some(until) = until {
                    page.facts.push(self.fact("label-opens", self.moment(*until)?)?);
                }
                page.button = self.button("locked-button", &Secret::new(brand.portal_url.clone()))?;
                page.more = vec![self.say("answers-you")?, self.say("answers-stranger")?];
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
            Notice::ReplyReturned { recipient, subject, date, reason, delayed, link } => {
                let keys = match delayed {
                    true => ["waiting-subject", "waiting-heading", "waiting-intro"],
                    false => ["returned-subject", "returned-heading", "returned-intro"],
                };
                let mut page = self.start(keys)?;
                page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
                page.facts.extend(self.about(subject.as_deref(), *date)?);
                let reason = sanitize::text(reason, REASON);
                if !reason.is_empty() {
                    page.facts.push(self.fact("label-reason", reason)?);
                }
                page.button = self.button("returned-button", link)?;
                page.more = vec![self.say(if *delayed { "waiting-more" } else { "returned-more" })?];
                Ok(page)
            }
            Notice::ReplyCameBack { date, link } => {
                let mut page = self.start(["cameback-subject", "cameback-heading", "cameback-intro"])?;
                page.facts.push(self.fact("label-date", self.moment(*date)?)?);
                page.button = self.button("cameback-button", link)?;
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
                Ok(page)
            }
        }
    }

    fn say(&self, key: &'static str) -> Written<String> {
        self.words.say(key)
    }

    /// Subject, heading and first paragraph; every kind has them.
    fn start(&self, [subject, heading, intro]: [&'static str; 3]) -> Written<Page> {
        let intro = self.say(intro)?;
        Ok(Page {
            subject: sanitize::line(&self.say(subject)?),
            preview: intro.clone(),
            heading: self.say(heading)?,
            intro: vec![intro],
            ..Page::default()
        })
    }

    /// Sender, subject and date of the letter that waits.
    fn letter(
        &self,
        name: Option<&str>,
        address: &str,
        subject: Option<&str>,
        date: Timestamp,
    ) -> Written<Vec<Fact>> {
        let name = sanitize::text(name.unwrap_or_default(), NAME);
        let address = sanitize::address(address);
        let from = if name.is_empty() { address } else { format!("{name} <{address}>") };
        let mut facts = vec![self.fact("label-from", from)?];
        facts.extend(self.about(subject, date)?);
        Ok(facts)
    }

    /// Subject, if it may be shown, and date.
    fn about(&self, subject: Option<&str>, date: Timestamp) -> Written<Vec<Fact>> {
        let mut facts = Vec::with_capacity(2);
        let subject = sanitize::text(subject.unwrap_or_default(), SUBJECT);
        if !subject.is_empty() {
            facts.push(self.fact("label-subject", subject)?);
        }
        facts.push(self.fact("label-date", self.moment(date)?)?);
        Ok(facts)
    }

    /// What was done to the way in: when, and from where as far as its owner can tell something by it.
    fn happened(&self, label: &'static str, at: Timestamp, network: Option<&str>) -> Written<Vec<Fact>> {
        let mut facts = vec![self.fact(label, self.moment(at)?)?];
        if let Some(network) = network.map(sanitize::line).filter(|network| !network.is_empty()) {
            facts.push(self.fact("label-network", network)?);
        }
        Ok(facts)
    }

    fn fact(&self, label: &'static str, value: String) -> Written<Fact> {
        Ok(Fact { label: self.say(label)?, value, exact: false })
    }

    fn button(&self, label: &'static str, link: &Secret<String>) -> Written<Option<Button>> {
        Ok(Some(Button { label: self.say(label)?, link: safe_link(link.expose())? }))
    }

    fn section(&self, title: &'static str, items: &[&'static str]) -> Written<Option<Section>> {
        let items = items.iter().map(|key| self.say(key)).collect::<Written<_>>()?;
        Ok(Some(Section { title: self.say(title)?, items }))
    }

    fn genuine(&self, items: &[&'static str]) -> Written<Option<Section>> {
        self.section("genuine-title", items)
    }

    fn moment(&self, at: Timestamp) -> Written<String> {
        dates::date_time(at, self.language, self.zone)
    }
}

/// What an inbox shows beside the subject: sender, subject and date.
fn preview(page: &Page) -> String {
    page.facts.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>().join(" · ")
}

impl Notice {
    /// When the letter came that its sender is told of: the subject says which of several it is.
    fn sent(&self) -> Option<Timestamp> {
        match self {
            Self::NotFetched { date, .. } | Self::ExpiredUnread { date, .. } => Some(*date),
            Self::Activation { .. }
            | Self::ActivationReminder { .. }
            | Self::UnreadReminder { .. }
            | Self::Digest { .. }
            | Self::MailboxReminder { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionWish { .. }
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
            | Self::ReplyCameBack { .. } => None,
        }
    }

    /// Until when, and how many whole days that is (0 where nobody counts them).
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
            Self::ResetLink { expires, .. } | Self::DeletionWish { expires, .. } => Some((*expires, 0)),
            Self::ReplyReturned { .. }
            | Self::ExpiredUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::ReplyCameBack { .. }
            | Self::PasswordChanged { .. }
            | Self::QuestionChanged { .. }
            | Self::MailboxDeleted { .. }
            | Self::BySupport { .. }
            | Self::NewBrowser { .. }
            | Self::MailboxLocked { .. }
            | Self::AnswersUsedUp { .. } => None,
        }
    }

    /// How many letters, or how many days.
    fn count(&self) -> Option<u32> {
        match self {
            Self::ActivationReminder { letters, .. }
            | Self::UnreadReminder { letters, .. }
            | Self::Digest { letters, .. } => Some(*letters),
            Self::NotFetched { waiting, .. } => Some(*waiting),
            Self::Activation { .. }
            | Self::NewMessage { .. }
            | Self::InitialPassword { .. }
            | Self::PasswordForSender { .. }
            | Self::MailboxReminder { .. }
            | Self::ExpiredUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionWish { .. }
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
            | Self::ExpiredUnread { .. }
            | Self::ReplySafely { .. }
            | Self::DeletionWish { .. }
            | Self::DeletionHeld
            | Self::DeletionNothing
            | Self::DeletionUnproven { .. }
            | Self::Reactivation { .. }
            | Self::ResetLink { .. }
            | Self::ReplyCameBack { .. }
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
