//! The checked form of a condition and its evaluation. A condition exists only if [`Facts`] can decide it.

use std::sync::Arc;

use regex::Regex;
use sealpost_mail::{Address, Head, Network, caseless, is_routing_field, latinised, skeleton, tidied};

use crate::address::AddressSet;
use crate::file_name::{Name, NamePattern};
use crate::letter_facts::{Deep, Facts, HeadsWithin, Known};
use crate::memo::{Memo, Subjects};
use crate::near_miss::is_near;
use crate::pattern::{any_match, any_matches};
use crate::reply_prefix;
use crate::sensitivity_label;
use crate::subject_tag::{SubjectTag, without_blanks};
use crate::tag_in_capitals;
use crate::truth::Truth;

/// What a condition depends on besides the envelope, the size and the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The result may differ between two recipients of one letter.
    pub(crate) recipient: bool,
    pub(crate) head: bool,
    /// Heads of nested letters, too.
    pub(crate) heads: bool,
    pub(crate) deep: bool,
    pub(crate) thread: bool,
    pub(crate) closed_thread: bool,
}

impl Scope {
    pub(crate) const ENVELOPE: Self = Self {
        recipient: false,
        head: false,
        heads: false,
        deep: false,
        thread: false,
        closed_thread: false,
    };

    pub(crate) fn and(self, other: Self) -> Self {
        let Self { recipient, head, heads, deep, thread, closed_thread } = other;
        Self {
            recipient: self.recipient || recipient,
            head: self.head || head,
            heads: self.heads || heads,
            deep: self.deep || deep,
            thread: self.thread || thread,
            closed_thread: self.closed_thread || closed_thread,
        }
    }
}

/// A condition and its key.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) field: &'static str,
    pub(crate) condition: Condition,
}

impl Test {
    /// Whether it holds; evaluated once for all recipients, if it does not depend on them.
    pub(crate) fn remembered(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        if self.condition.scope().recipient {
            return self.condition.truth(facts, memo);
        }
        memo.truth(self, |memo| self.condition.truth(facts, memo))
    }
}

/// One condition. A list means any of these.
#[derive(Debug)]
pub(crate) enum Condition {
    ReversePath(Vec<Arc<AddressSet>>),
    From(Vec<Arc<AddressSet>>),
    Recipient(Vec<Arc<AddressSet>>),
    SubjectTag(Vec<SubjectTag>),
    SubjectPattern(Vec<Regex>),
    Header(Vec<HeaderTest>),
    Sensitivity(Vec<String>),
    Label(Vec<String>),
    SizeAtLeast(u64),
    SizeAtMost(u64),
    AttachmentName(Vec<NamePattern>),
    AttachmentType(Vec<NamePattern>),
    TextPattern(Vec<Regex>),
    Encrypted(bool),
    Signed(bool),
    Reply(bool),
    ReplyToClosed(bool),
    FromPartner(bool),
    Unopened(bool),
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
    /// By their look, by their text ignoring case, and by patterns.
    Like {
        equals: Vec<String>,
        plain: Vec<String>,
        patterns: Vec<Regex>,
    },
}

impl Condition {
    /// Whether it holds for the letter; one about a head also for the heads of nested letters.
    pub(crate) fn truth(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        let own = self.of_letter(facts, memo);
        match own {
            Truth::No if self.scope().heads => self.of_letters_within(facts, memo),
            Truth::No | Truth::Yes | Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_) => own,
        }
    }

    /// A letter that contains a confidential one is confidential, but one that contains a harmless one need not be
    /// harmless: matches in nested letters count only for protecting rules.
    fn of_letters_within(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        let HeadsWithin { found: heads, hidden } = match facts.heads {
            Known::Yes(heads) => heads,
            Known::Unanswerable(why) => return Truth::Unknown(why.clone()),
            Known::Never(why) => return Truth::Never(why.clone()),
            Known::Unasked => return Truth::Unknown("it was not looked up".to_owned()),
        };
        let mut truth = Truth::No;
        for head in heads {
            let within = Facts { head, ..*facts };
            let found = memo.within(|memo| match self {
                Self::Header(tests) => {
                    any_of(tests.iter().filter(|test| test.is_for_letters_within()), &within, memo)
                }
                Self::ReversePath(_)
                | Self::From(_)
                | Self::Recipient(_)
                | Self::SubjectTag(_)
                | Self::SubjectPattern(_)
                | Self::Sensitivity(_)
                | Self::Label(_)
                | Self::SizeAtLeast(_)
                | Self::SizeAtMost(_)
                | Self::AttachmentName(_)
                | Self::AttachmentType(_)
                | Self::TextPattern(_)
                | Self::Encrypted(_)
                | Self::Signed(_)
                | Self::Reply(_)
                | Self::ReplyToClosed(_)
                | Self::FromPartner(_)
                | Self::Unopened(_)
                | Self::Client(_)
                | Self::Login(_)
                | Self::Listener(_)
                | Self::Not(_) => self.of_letter(&within, memo),
            });
            match found {
                Truth::Yes => return Truth::Almost { exactly: true },
                almost @ Truth::Almost { .. } => truth = almost,
                never @ Truth::Never(_) if truth == Truth::No => truth = never,
                Truth::No | Truth::Unknown(_) | Truth::Never(_) => {}
            }
        }
        match (truth, hidden) {
            // What was not examined is not a "no".
            (Truth::No, Some(why)) => Truth::Never(why.clone()),
            (truth, _) => truth,
        }
    }

    fn of_letter(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        match self {
            Self::ReversePath(sets) => {
                Truth::of(sets.iter().any(|set| set.contains_path(facts.reverse_path)))
            }
            Self::From(sets) => match facts.head.from_address() {
                Ok(Some(address)) => Truth::of(any_contains(sets, &address)),
                // RFC 5322 §3.6: exactly one. Without it the sender is unknown, so it cannot be excluded.
                Ok(None) => Truth::Never("it has no From".to_owned()),
                Err(error) => Truth::Never(error.to_string()),
            },
            Self::Recipient(sets) => Truth::of(any_contains(sets, facts.recipient)),
            Self::SubjectTag(_) | Self::SubjectPattern(_) if facts.head.is_too_long("Subject") => {
                too_long("Subject")
            }
            Self::Sensitivity(_) if facts.head.is_too_long("Sensitivity") => too_long("Sensitivity"),
            Self::Label(_) if facts.head.is_too_long("msip_labels") => too_long("msip_labels"),
            Self::SubjectTag(tags) => {
                let Subjects { read, shapes } = match memo.subjects(facts.head) {
                    Ok(subjects) => subjects,
                    Err(error) => return Truth::Never(error.to_string()),
                };
                let truth = plainly_or_almost(
                    || {
                        each(facts.head, "Subject", |subject| {
                            let subject = without_blanks(&caseless(subject));
                            tags.iter().any(|tag| tag.is_plainly_in(&subject))
                        })
                    },
                    || shapes.iter().any(|subject| tags.iter().any(|tag| tag.is_in(subject))),
                    || {
                        let is_shouted =
                            |subject: &String| tags.iter().any(|tag| tag_in_capitals::begins(tag, subject));
                        shapes.iter().any(|subject| tags.iter().any(|tag| tag.is_almost_in(subject)))
                            || read.iter().any(is_shouted)
                    },
                );
                legible(facts, "Subject", truth)
            }
            Self::SubjectPattern(patterns) => {
                let mut subjects = match memo.subjects(facts.head) {
                    Ok(subjects) => subjects.read.to_vec(),
                    Err(error) => return Truth::Never(error.to_string()),
                };
                // A pattern for the beginning of a subject also matches that of a reply.
                let proper: Vec<String> = subjects
                    .iter()
                    .flat_map(|subject| reply_prefix::without(subject))
                    .map(str::to_owned)
                    .collect();
                subjects.extend(proper);
                let truth = any_matches(patterns, &subjects);
                let plainly = || each(facts.head, "Subject", |subject| any_match(patterns, subject));
                legible(facts, "Subject", unless_plainly(truth, plainly))
            }
            Self::Header(tests) => any_of(tests.iter(), facts, memo),
            Self::Sensitivity(wanted) => {
                let values = match memo.readings(facts.head, "Sensitivity") {
                    Ok(values) => values,
                    Err(error) => return Truth::Never(error.to_string()),
                };
                let words: Vec<String> = values.iter().map(|value| bare_word(value)).collect();
                let near = |word: &String| wanted.iter().any(|wanted| is_near(wanted, word));
                let within = |value: &String| wanted.iter().any(|wanted| letters(value).contains(wanted));
                let plain = |value: &str| value.is_ascii() && wanted.contains(&bare_word(value));
                let truth = plainly_or_almost(
                    || each(facts.head, "Sensitivity", plain),
                    || words.iter().any(|word| wanted.contains(word)),
                    || words.iter().any(near) || values.iter().any(within),
                );
                legible(facts, "Sensitivity", truth)
            }
            Self::Label(wanted) => {
                let values = match memo.readings(facts.head, "msip_labels") {
                    Ok(values) => values,
                    Err(error) => return Truth::Never(error.to_string()),
                };
                let exactly = |wanted: &str, value: &str| wanted == skeleton(value);
                // In letters that look like others it is not plain.
                let plain = |value: &str| {
                    latinised(value) == value
                        && wanted.iter().any(|wanted| sensitivity_label::carries(value, wanted, exactly))
                };
                let is_one = || facts.head.count("msip_labels") == 1;
                let any = |alike: fn(&str, &str) -> bool| {
                    values.iter().any(|value| {
                        wanted.iter().any(|wanted| sensitivity_label::carries(value, wanted, alike))
                    })
                };
                legible(
                    facts,
                    "msip_labels",
                    plainly_or_almost(
                        || is_one() && each(facts.head, "msip_labels", plain),
                        || any(exactly),
                        || any(sensitivity_label::is_almost),
                    ),
                )
            }
            Self::SizeAtLeast(bytes) => Truth::of(facts.size >= *bytes),
            Self::SizeAtMost(bytes) => Truth::of(facts.size <= *bytes),
            Self::AttachmentName(names) => files(facts, |(name, _)| any_name_matches(names, name)),
            Self::AttachmentType(types) => files(facts, |(_, kind)| any_name_matches(types, kind)),
            Self::TextPattern(patterns) => searched(facts, Deep::hidden_text, |deep| {
                let plainly = || deep.plain.every_form(|form| any_match(patterns, form));
                unless_plainly(any_matches(patterns, &deep.texts), plainly)
            }),
            Self::Encrypted(wanted) => in_deep(facts, |deep| deep.encrypted == *wanted),
            Self::Signed(wanted) => in_deep(facts, |deep| deep.signed == *wanted),
            Self::Reply(wanted) => known(facts.thread, |thread| thread == wanted),
            Self::ReplyToClosed(wanted) => known(facts.closed_thread, |thread| thread == wanted),
            Self::FromPartner(wanted) => Truth::of(facts.from_partner == *wanted),
            Self::Unopened(wanted) => Truth::of(facts.unopened == *wanted),
            Self::Client(networks) => {
                Truth::of(networks.iter().any(|network| network.contains(facts.origin.peer)))
            }
            Self::Login(logins) => Truth::of(
                facts
                    .origin
                    .login
                    .as_ref()
                    .is_some_and(|login| logins.iter().any(|l| l == "*" || l == login)),
            ),
            Self::Listener(names) => Truth::of(names.contains(&facts.origin.listener)),
            Self::Not(tests) => all(tests.iter().map(|test| test.remembered(facts, memo))).negated(),
        }
    }

    /// What must be known to evaluate it.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Recipient(_) => Scope { recipient: true, ..Scope::ENVELOPE },
            Self::From(_) => Scope { head: true, ..Scope::ENVELOPE },
            Self::Header(tests) => Scope {
                head: true,
                heads: tests.iter().any(HeaderTest::is_for_letters_within),
                ..Scope::ENVELOPE
            },
            Self::SubjectTag(_) | Self::SubjectPattern(_) | Self::Sensitivity(_) | Self::Label(_) => {
                Scope { head: true, heads: true, ..Scope::ENVELOPE }
            }
            Self::AttachmentName(_)
            | Self::AttachmentType(_)
            | Self::TextPattern(_)
            | Self::Encrypted(_)
            | Self::Signed(_) => Scope { deep: true, ..Scope::ENVELOPE },
            Self::Reply(_) => Scope { thread: true, ..Scope::ENVELOPE },
            Self::ReplyToClosed(_) => Scope { closed_thread: true, ..Scope::ENVELOPE },
            Self::ReversePath(_)
            | Self::SizeAtLeast(_)
            | Self::SizeAtMost(_)
            | Self::FromPartner(_)
            | Self::Unopened(_)
            | Self::Client(_)
            | Self::Login(_)
            | Self::Listener(_) => Scope::ENVELOPE,
            Self::Not(tests) => {
                tests.iter().fold(Scope::ENVELOPE, |all, test| all.and(test.condition.scope()))
            }
        }
    }
}

/// Whether every program reads it so in every field of that name, and there is one: only then may a rule relay by it.
fn each(head: &Head, name: &str, holds: impl Fn(&str) -> bool) -> bool {
    head.plain_fields(name).all_say(holds)
}

/// What looks like a match to a reader is one, but only "almost" if it is not plainly so: a relaying rule then does not
/// decide.
fn unless_plainly(truth: Truth, plainly: impl FnOnce() -> bool) -> Truth {
    match truth {
        Truth::Yes if !plainly() => Truth::Almost { exactly: true },
        Truth::Yes | Truth::Almost { .. } | Truth::No | Truth::Unknown(_) | Truth::Never(_) => truth,
    }
}

/// The first that holds; the second is only evaluated if the first does not.
fn plainly_or_almost(
    plainly: impl FnOnce() -> bool,
    exactly: impl FnOnce() -> bool,
    almost: impl FnOnce() -> bool,
) -> Truth {
    if exactly() {
        unless_plainly(Truth::Yes, plainly)
    } else if almost() {
        Truth::Almost { exactly: false }
    } else {
        Truth::No
    }
}

fn too_long(name: &str) -> Truth {
    Truth::Never(format!("its {name} is too long to be judged (over {} bytes)", Head::MAX_WORDS))
}

fn any_name_matches(patterns: &[NamePattern], name: &str) -> bool {
    let name = Name::new(name);
    patterns.iter().any(|wanted| wanted.matches(&name))
}

/// A word without what people and programs put around it: quotes, comments, parameters, other dashes.
pub(crate) fn bare_word(value: &str) -> String {
    letters(&essence(value))
}

fn letters(value: &str) -> String {
    skeleton(value).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A value without comments and parameters.
fn essence(value: &str) -> String {
    let mut bare = without_comments(value);
    bare.truncate(bare.find(';').unwrap_or(bare.len()));
    bare
}

/// The items of a list value, whatever separates them, and the values of its parameters.
fn items(value: &str) -> impl Iterator<Item = String> {
    value
        .split([',', ';', '|', '/', '\\', '=', '\n'])
        .filter(|item| !item.trim().is_empty())
        .map(str::to_owned)
}

/// A value without comments (RFC 5322 §3.2.2, they nest).
fn without_comments(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut depth = 0_usize;
    let mut escaped = false;
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if depth > 0 => escaped = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Conjunction: one "no" settles it, whatever else is unknown. What may be known later may still be that "no".
pub(crate) fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut verdict = Truth::Yes;
    for truth in truths {
        match truth {
            Truth::Yes => {}
            Truth::No => return Truth::No,
            Truth::Almost { exactly } => match verdict {
                Truth::Yes => verdict = Truth::Almost { exactly },
                Truth::Almost { exactly: before } => {
                    verdict = Truth::Almost { exactly: before && exactly };
                }
                Truth::No | Truth::Unknown(_) | Truth::Never(_) => {}
            },
            unknown @ Truth::Unknown(_) => verdict = unknown,
            never @ Truth::Never(_) => {
                if matches!(verdict, Truth::Yes | Truth::Almost { .. }) {
                    verdict = never;
                }
            }
        }
    }
    verdict
}

/// As shown by [`skeleton`]; and the brackets of a list of one.
const QUOTES: [char; 8] = ['\'', '"', '`', ',', '.', '[', ']', ' '];

/// Fields about one letter only, besides [`is_routing_field`].
const OF_ITSELF: [&str; 4] = ["Precedence", "X-Mailer", "User-Agent", "Content-Type"];

/// Whether one of them holds.
fn any_of<'t>(tests: impl Iterator<Item = &'t HeaderTest>, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
    tests.map(|test| test.truth(facts, memo)).fold(Truth::No, |before, now| match (&before, &now) {
        (Truth::Yes, _) | (_, Truth::No) => before,
        (
            Truth::No | Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_),
            Truth::Yes | Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_),
        ) => now,
    })
}

impl HeaderTest {
    /// The author, recipients and route of a nested letter say nothing about the outer one, nor does the presence of a
    /// field.
    fn is_for_letters_within(&self) -> bool {
        match self.value {
            ValueTest::Present(_) => false,
            ValueTest::Like { .. } => {
                !is_routing_field(&self.name)
                    && !OF_ITSELF.iter().any(|name| name.eq_ignore_ascii_case(&self.name))
            }
        }
    }

    fn truth(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        match &self.value {
            ValueTest::Present(wanted) => Truth::of((facts.head.count(&self.name) > 0) == *wanted),
            ValueTest::Like { equals, plain, patterns } => {
                let values = match memo.readings(facts.head, &self.name) {
                    Ok(values) => values,
                    Err(error) => return Truth::Never(error.to_string()),
                };
                let shapes: Vec<String> = values.iter().map(|value| skeleton(value)).collect();
                let is_plain = |value: &str| plain.contains(&caseless(value)) || any_match(patterns, value);
                let plainly = || each(facts.head, &self.name, is_plain);
                let matched = unless_plainly(any_matches(patterns, &values), plainly);
                let truth = plainly_or_almost(
                    plainly,
                    || shapes.iter().any(|shape| equals.contains(shape)),
                    || {
                        // A list of several almost equals each of its items.
                        let items = values.iter().flat_map(|value| {
                            let value = without_comments(value);
                            std::iter::once(essence(&value))
                                .chain(items(&tidied(&value).unwrap_or_else(|| value.clone())))
                                .collect::<Vec<String>>()
                        });
                        let bare: Vec<String> =
                            items.map(|item| skeleton(&item).trim_matches(QUOTES).to_owned()).collect();
                        let alike = |value: &String| equals.iter().any(|w| w == value || is_near(w, value));
                        shapes.iter().chain(&bare).any(alike)
                    },
                );
                legible(facts, &self.name, either(truth, matched))
            }
        }
    }
}

/// Combines two results for the same field; "almost" outranks "no", and nothing else.
fn either(truth: Truth, matched: Truth) -> Truth {
    match (&truth, &matched) {
        (Truth::Yes | Truth::Almost { .. } | Truth::No | Truth::Unknown(_) | Truth::Never(_), Truth::Yes)
        | (
            Truth::No | Truth::Almost { exactly: false },
            Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_),
        ) => matched,
        (
            Truth::Yes | Truth::Almost { exactly: true } | Truth::Unknown(_) | Truth::Never(_),
            Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_),
        )
        | (Truth::Yes | Truth::Almost { .. } | Truth::No | Truth::Unknown(_) | Truth::Never(_), Truth::No) => {
            truth
        }
    }
}

/// A match is a match; no match is "no" only if the whole field could be read.
fn legible(facts: &Facts<'_>, name: &str, truth: Truth) -> Truth {
    match truth {
        Truth::No if facts.head.is_illegible(name) => {
            Truth::Never(format!("its {name} is in a charset that is not known here"))
        }
        Truth::Yes | Truth::Almost { .. } | Truth::No | Truth::Unknown(_) | Truth::Never(_) => truth,
    }
}

fn any_contains(sets: &[Arc<AddressSet>], address: &Address) -> bool {
    sets.iter().any(|set| set.contains(address))
}

fn in_deep(facts: &Facts<'_>, holds: impl Fn(&Deep) -> bool) -> Truth {
    known(facts.deep, holds)
}

/// Searches the files that could be found, by every name and type; a match is plain only if the file is listed so.
fn files(facts: &Facts<'_>, matches: impl Fn(&(String, String)) -> bool) -> Truth {
    searched(facts, Deep::hidden_files, |deep| {
        let plainly = || deep.plain.files.iter().any(&matches);
        unless_plainly(Truth::of(deep.attachments.iter().any(&matches)), plainly)
    })
}

/// Searches what could be read. A match is a match; no match is "no" only if everything could be read.
fn searched(
    facts: &Facts<'_>,
    hidden: impl Fn(&Deep) -> Option<&String>,
    found: impl Fn(&Deep) -> Truth,
) -> Truth {
    match (asked(facts.deep, found), facts.deep) {
        (Truth::No, Known::Yes(deep)) => hidden(deep).map_or(Truth::No, |why| Truth::Never(why.clone())),
        (truth, _) => truth,
    }
}

fn known<T>(fact: &Known<T>, holds: impl Fn(&T) -> bool) -> Truth {
    asked(fact, |value| Truth::of(holds(value)))
}

fn asked<T>(fact: &Known<T>, truth: impl Fn(&T) -> Truth) -> Truth {
    match fact {
        Known::Yes(value) => truth(value),
        Known::Unanswerable(why) => Truth::Unknown(why.clone()),
        Known::Never(why) => Truth::Never(why.clone()),
        // The caller relied on `needs`; if that was wrong, a letter must not slip through.
        Known::Unasked => Truth::Unknown("it was not looked up".to_owned()),
    }
}
