//! The checked form of a condition and its answer. A condition exists only if [`Facts`] can answer it.

use std::sync::Arc;

use regex::Regex;
use sealpost_mail::Address;

use crate::address::AddressSet;
use crate::facts::{Deep, Facts, Known};
use crate::label;
use crate::network::Network;
use crate::wildcard::Wildcard;

/// Three-valued (Kleene): what is unknown is never taken for "no".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Nobody can say at the moment.
    Unknown(String),
    /// Nobody ever can: trying again would change nothing.
    Never(String),
}

impl Answer {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ (Self::Unknown(_) | Self::Never(_)) => unknown,
        }
    }
}

/// A condition and the key it stands under.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) field: &'static str,
    pub(crate) condition: Condition,
}

/// One condition. A list inside means any of these.
#[derive(Debug)]
pub(crate) enum Condition {
    ReversePath(Vec<Arc<AddressSet>>),
    From(Vec<Arc<AddressSet>>),
    Recipient(Vec<Arc<AddressSet>>),
    SubjectTag(Vec<String>),
    SubjectPattern(Vec<Regex>),
    Header(Vec<HeaderTest>),
    Sensitivity(Vec<String>),
    Label(Vec<String>),
    SizeAtLeast(u64),
    SizeAtMost(u64),
    AttachmentName(Vec<Wildcard>),
    AttachmentType(Vec<Wildcard>),
    TextPattern(Vec<Regex>),
    Encrypted(bool),
    Signed(bool),
    Answer(bool),
    Client(Vec<Network>),
    Login(Vec<String>),
    Listener(Vec<String>),
    Not(Vec<Test>),
}

/// One condition on a header field.
#[derive(Debug)]
pub(crate) struct HeaderTest {
    pub(crate) name: String,
    pub(crate) value: ValueTest,
}

#[derive(Debug)]
pub(crate) enum ValueTest {
    Present(bool),
    Like { equals: Vec<String>, patterns: Vec<Regex> },
}

impl Condition {
    pub(crate) fn answer(&self, facts: &Facts<'_>) -> Answer {
        match self {
            Self::ReversePath(sets) => {
                Answer::of(sets.iter().any(|set| set.contains_path(facts.reverse_path)))
            }
            Self::From(sets) => match facts.head.from_address() {
                Ok(address) => Answer::of(address.is_some_and(|address| any_contains(sets, &address))),
                Err(error) => Answer::Never(error.to_string()),
            },
            Self::Recipient(sets) => Answer::of(any_contains(sets, facts.recipient)),
            Self::SubjectTag(tags) => Answer::of(tags.iter().any(|tag| has_tag(facts, tag))),
            Self::SubjectPattern(patterns) => {
                let subjects = facts.head.all("Subject");
                Answer::of(subjects.iter().any(|subject| patterns.iter().any(|p| p.is_match(subject))))
            }
            Self::Header(tests) => Answer::of(tests.iter().any(|test| test.holds(facts))),
            Self::Sensitivity(wanted) => {
                let values = facts.head.all("Sensitivity");
                Answer::of(values.iter().any(|value| wanted.iter().any(|w| value.eq_ignore_ascii_case(w))))
            }
            Self::Label(wanted) => {
                let values = facts.head.all("msip_labels");
                Answer::of(values.iter().any(|value| wanted.iter().any(|w| label::carries(value, w))))
            }
            Self::SizeAtLeast(bytes) => Answer::of(facts.size >= *bytes),
            Self::SizeAtMost(bytes) => Answer::of(facts.size <= *bytes),
            Self::AttachmentName(names) => within(facts, Deep::hidden_files, |deep| {
                deep.attachments.iter().any(|(name, _)| names.iter().any(|wanted| wanted.matches(name)))
            }),
            Self::AttachmentType(types) => within(facts, Deep::hidden_files, |deep| {
                deep.attachments.iter().any(|(_, kind)| types.iter().any(|wanted| wanted.matches(kind)))
            }),
            Self::TextPattern(patterns) => within(facts, Deep::hidden_text, |deep| {
                deep.texts.iter().any(|text| patterns.iter().any(|pattern| pattern.is_match(text)))
            }),
            Self::Encrypted(wanted) => in_deep(facts, |deep| deep.encrypted == *wanted),
            Self::Signed(wanted) => in_deep(facts, |deep| deep.signed == *wanted),
            Self::Answer(wanted) => known(facts.thread, |thread| thread == wanted),
            Self::Client(networks) => {
                Answer::of(networks.iter().any(|network| network.contains(facts.origin.peer)))
            }
            Self::Login(logins) => Answer::of(
                facts
                    .origin
                    .login
                    .as_ref()
                    .is_some_and(|login| logins.iter().any(|l| l == "*" || l == login)),
            ),
            Self::Listener(names) => Answer::of(names.contains(&facts.origin.listener)),
            Self::Not(tests) => all(tests.iter().map(|test| test.condition.answer(facts))).negated(),
        }
    }

    /// Whether the answer may differ between two recipients of one letter.
    pub(crate) fn is_per_recipient(&self) -> bool {
        match self {
            Self::Recipient(_) => true,
            Self::Not(tests) => tests.iter().any(|test| test.condition.is_per_recipient()),
            _ => false,
        }
    }

    pub(crate) fn needs_deep(&self) -> bool {
        match self {
            Self::AttachmentName(_)
            | Self::AttachmentType(_)
            | Self::TextPattern(_)
            | Self::Encrypted(_)
            | Self::Signed(_) => true,
            Self::Not(tests) => tests.iter().any(|test| test.condition.needs_deep()),
            _ => false,
        }
    }

    pub(crate) fn needs_thread(&self) -> bool {
        match self {
            Self::Answer(_) => true,
            Self::Not(tests) => tests.iter().any(|test| test.condition.needs_thread()),
            _ => false,
        }
    }

    pub(crate) fn needs_head(&self) -> bool {
        match self {
            Self::From(_)
            | Self::SubjectTag(_)
            | Self::SubjectPattern(_)
            | Self::Header(_)
            | Self::Sensitivity(_)
            | Self::Label(_) => true,
            Self::Not(tests) => tests.iter().any(|test| test.condition.needs_head()),
            _ => false,
        }
    }

    /// What is said when it holds and when it does not: no content, no subject, no address.
    pub(crate) fn words(&self, holds: bool) -> String {
        let (what, yes, no) = match self {
            Self::ReversePath(_) => ("the reverse-path", "is one of those named", "is none of those named"),
            Self::From(_) => ("the From address", "is one of those named", "is none of those named"),
            Self::Recipient(_) => ("the recipient", "is one of those named", "is none of those named"),
            Self::SubjectTag(_) => ("the subject", "carries the tag", "does not carry the tag"),
            Self::SubjectPattern(_) => ("the subject", "matches the pattern", "does not match the pattern"),
            Self::Header(_) => ("the header field", "is as described", "is not as described"),
            Self::Sensitivity(_) => ("the Sensitivity field", "is as named", "is missing or different"),
            Self::Label(_) => ("the sensitivity label", "is set", "is not set"),
            Self::SizeAtLeast(_) => ("the size", "reaches the lower bound", "is below the lower bound"),
            Self::SizeAtMost(_) => ("the size", "is within the upper bound", "is over the upper bound"),
            Self::AttachmentName(_) => ("an attachment's name", "matches", "that matches is not there"),
            Self::AttachmentType(_) => ("an attachment's type", "matches", "that matches is not there"),
            Self::TextPattern(_) => ("the text", "matches the pattern", "does not match the pattern"),
            Self::Encrypted(true) => ("the letter", "is encrypted already", "is not encrypted"),
            Self::Encrypted(false) => ("the letter", "is not encrypted", "is encrypted already"),
            Self::Signed(true) => ("the letter", "is signed already", "is not signed"),
            Self::Signed(false) => ("the letter", "is not signed", "is signed already"),
            Self::Answer(true) => {
                ("the letter", "answers one of the portal's", "answers none of the portal's")
            }
            Self::Answer(false) => {
                ("the letter", "answers none of the portal's", "answers one of the portal's")
            }
            Self::Client(_) => ("the client", "is in the network", "is not in the network"),
            Self::Login(_) => ("the client", "has the login", "does not have the login"),
            Self::Listener(_) => ("the letter", "came in by the listener", "came in by another listener"),
            Self::Not(tests) => {
                let fields: Vec<&str> = tests.iter().map(|test| test.field).collect();
                let word = if holds { "does not hold" } else { "holds" };
                return format!("what stands in `not` ({}) {word}", fields.join(", "));
            }
        };
        format!("{what} {}", if holds { yes } else { no })
    }
}

/// All-of: one "no" settles it, whatever else is unknown. What may be known later may yet be that "no".
pub(crate) fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut verdict = Answer::Yes;
    for answer in answers {
        match answer {
            Answer::Yes => {}
            Answer::No => return Answer::No,
            unknown @ Answer::Unknown(_) => verdict = unknown,
            never @ Answer::Never(_) => {
                if verdict == Answer::Yes {
                    verdict = never;
                }
            }
        }
    }
    verdict
}

impl HeaderTest {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match &self.value {
            ValueTest::Present(wanted) => (facts.head.count(&self.name) > 0) == *wanted,
            ValueTest::Like { equals, patterns } => facts.head.all(&self.name).iter().any(|value| {
                equals.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
                    || patterns.iter().any(|pattern| pattern.is_match(value))
            }),
        }
    }
}

/// Whether a Subject contains the tag as a reader sees it.
pub(crate) fn has_tag(facts: &Facts<'_>, tag: &str) -> bool {
    let found = |subject: &String| {
        subject.as_bytes().windows(tag.len().max(1)).any(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
    };
    facts.head.all("Subject").iter().any(found)
}

fn any_contains(sets: &[Arc<AddressSet>], address: &Address) -> bool {
    sets.iter().any(|set| set.contains(address))
}

fn in_deep(facts: &Facts<'_>, holds: impl Fn(&Deep) -> bool) -> Answer {
    known(facts.deep, holds)
}

/// Looks for something in what could be read. Found is found; not found is "no" only if all could be read.
fn within(
    facts: &Facts<'_>,
    hidden: impl Fn(&Deep) -> Option<&String>,
    found: impl Fn(&Deep) -> bool,
) -> Answer {
    match (in_deep(facts, found), facts.deep) {
        (Answer::No, Known::Yes(deep)) => hidden(deep).map_or(Answer::No, |why| Answer::Never(why.clone())),
        (answer, _) => answer,
    }
}

fn known<T>(fact: &Known<T>, holds: impl Fn(&T) -> bool) -> Answer {
    match fact {
        Known::Yes(value) => Answer::of(holds(value)),
        Known::Unanswerable(why) => Answer::Unknown(why.clone()),
        Known::Never(why) => Answer::Never(why.clone()),
        // The caller went by `needs`; if that was wrong, a letter must not slip through by it.
        Known::Unasked => Answer::Unknown("it was not looked up".to_owned()),
    }
}
