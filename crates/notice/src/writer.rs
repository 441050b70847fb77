//! Helpers for writing notices: texts, facts, buttons, dates. Knows no kind of notice and no HTML.

use sealpost_mail::{Secret, Timestamp};

use crate::error::NoticeError;
use crate::language::{Language, Words};
use crate::layout::{Button, Fact, Page, Section, safe_link};
use crate::notice::{Deletion, LetterClock};
use crate::{dates, sanitize};

/// Longest sender name, subject and server reply shown, in characters.
const NAME: usize = 80;
pub(crate) const SUBJECT: usize = 150;
pub(crate) const REASON: usize = 300;

/// The context of all notices.
pub(crate) struct Writer<'a> {
    pub(crate) words: Words,
    pub(crate) language: Language,
    pub(crate) zone: &'a str,
}

pub(crate) type Written<T> = Result<T, NoticeError>;

/// A letter that a notice is about, with its own text: untrusted.
pub(crate) struct Letter<'a> {
    pub(crate) from_name: Option<&'a str>,
    pub(crate) from_address: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) date: Timestamp,
}

impl<'a> Letter<'a> {
    pub(crate) fn new(
        from_name: Option<&'a str>,
        from_address: &'a str,
        subject: Option<&'a str>,
        date: Timestamp,
    ) -> Self {
        Self { from_name, from_address, subject, date }
    }
}

impl Writer<'_> {
    pub(crate) fn say(&self, key: &'static str) -> Written<String> {
        self.words.say(key)
    }

    /// Subject, heading and first paragraph; every kind has them.
    pub(crate) fn start(&self, [subject, heading, intro]: [&'static str; 3]) -> Written<Page> {
        let intro = self.say(intro)?;
        Ok(Page {
            subject: sanitize::line(&self.say(subject)?),
            preview: intro.clone(),
            heading: self.say(heading)?,
            intro: vec![intro],
            ..Page::default()
        })
    }

    /// Sender, subject and date of the waiting letter.
    pub(crate) fn letter(&self, letter: &Letter<'_>) -> Written<Vec<Fact>> {
        let name = sanitize::text(letter.from_name.unwrap_or_default(), NAME);
        let address = sanitize::address(letter.from_address);
        let from = if name.is_empty() { address } else { format!("{name} <{address}>") };
        let mut facts = vec![self.fact("label-from", from)?];
        facts.extend(self.about(letter.subject, letter.date)?);
        Ok(facts)
    }

    /// Subject, if it may be shown, and date.
    pub(crate) fn about(&self, subject: Option<&str>, date: Timestamp) -> Written<Vec<Fact>> {
        let mut facts = Vec::with_capacity(2);
        let subject = sanitize::text(subject.unwrap_or_default(), SUBJECT);
        if !subject.is_empty() {
            facts.push(self.fact("label-subject", subject)?);
        }
        facts.push(self.fact("label-date", self.moment(date)?)?);
        Ok(facts)
    }

    /// What was done to the access: when, and from where as far as that helps its owner.
    pub(crate) fn happened(
        &self,
        label: &'static str,
        at: Timestamp,
        network: Option<&str>,
    ) -> Written<Vec<Fact>> {
        let mut facts = vec![self.fact(label, self.moment(at)?)?];
        if let Some(network) = network.map(sanitize::line).filter(|network| !network.is_empty()) {
            facts.push(self.fact("label-network", network)?);
        }
        Ok(facts)
    }

    pub(crate) fn fact(&self, label: &'static str, value: String) -> Written<Fact> {
        Ok(Fact { label: self.say(label)?, value, exact: false })
    }

    pub(crate) fn button(&self, label: &'static str, link: &Secret<String>) -> Written<Option<Button>> {
        Ok(Some(Button { label: self.say(label)?, link: safe_link(link.expose())? }))
    }

    pub(crate) fn section(&self, title: &'static str, items: &[&'static str]) -> Written<Option<Section>> {
        let items = items.iter().map(|key| self.say(key)).collect::<Written<_>>()?;
        Ok(Some(Section { title: self.say(title)?, items }))
    }

    pub(crate) fn genuine(&self, items: &[&'static str]) -> Written<Option<Section>> {
        self.section("genuine-title", items)
    }

    pub(crate) fn moment(&self, at: Timestamp) -> Written<String> {
        dates::date_time(at, self.language, self.zone)
    }

    /// A sentence about the day on which a letter expires, if its time runs.
    pub(crate) fn deadline_by(&self, clock: LetterClock, key: &'static str) -> Written<Option<String>> {
        match clock {
            LetterClock::Runs => self.say(key).map(Some),
            LetterClock::Stopped => Ok(None),
        }
    }

    /// A sentence about a date that not every letter has.
    pub(crate) fn deadline_if(&self, end: Option<Deletion>, key: &'static str) -> Written<Option<String>> {
        end.map(|_| self.say(key)).transpose()
    }
}

/// The preview line an inbox shows beside the subject: sender, subject and date.
pub(crate) fn preview(page: &Page) -> String {
    page.facts.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>().join(" · ")
}
