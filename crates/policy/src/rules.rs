//! The ordered rules: judging, explaining, near misses (`near`), and which facts must be looked up first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sealpost_mail::{
    Address, Direction, Edit, Grounds, Judgement, Reason, Refusal, Reply, Signing, Term, TlsFloor, Treatment,
};

use crate::address::list_entries;
use crate::compile::{self, Lists, RuleError};
use crate::condition::{Condition, Scope, Test, all};
use crate::letter_facts::Facts;
use crate::memo::Memo;
use crate::odd_values;
use crate::spec::{HELD, Near, RuleSpec, TreatmentSpec};
use crate::subject_tag::SubjectTag;
use crate::truth::Truth;

/// The name of the default.
const DEFAULT: &str = "default";

/// The checked rules. Built anew on a reload; immutable.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    default: Treatment,
    /// Number of entries of each list.
    lists: BTreeMap<String, usize>,
    sets: Lists,
}

#[derive(Debug)]
struct Rule {
    name: String,
    tests: Vec<Test>,
    treatment: Treatment,
    slips: Slips,
    keep: Option<Term>,
}

/// What happens to a letter for which the rule holds, or does not, because of a near miss.
#[derive(Debug)]
enum Slips {
    /// It gets this treatment.
    To(Treatment),
    /// The rule is applied as written.
    AsWritten,
    /// The rule does not decide: it would relay it in clear.
    Pass,
}

/// Whether a rule keeps a letter confidential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It leaves in clear.
    InClear,
    /// It is protected, held or refused.
    Kept,
}

impl Fate {
    fn of(treatment: &Treatment) -> Self {
        match treatment {
            Treatment::Relay { .. } => Self::InClear,
            Treatment::Portal | Treatment::Domain { .. } | Treatment::Hold { .. } | Treatment::Refuse(_) => {
                Self::Kept
            }
        }
    }
}

/// The facts that the caller must look up beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// A rule examines the body.
    pub deep: bool,
    /// A rule depends on the thread.
    pub thread: bool,
    /// A rule depends on whether it replies to a letter that arrived encrypted.
    pub closed_thread: bool,
    /// A rule examines the header section.
    pub head: bool,
    /// A rule examines the heads of nested letters.
    pub heads: bool,
}

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It holds.
    Yes,
    /// It almost holds, and the letter gets the safe treatment.
    Almost,
    /// It does not hold.
    No,
    /// Undecidable.
    Unknown,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule's name.
    pub rule: String,
    /// Whether it holds.
    pub held: Held,
    /// The deciding conditions. No content, no subject, no address.
    pub why: String,
}

impl Rules {
    /// Checks everything. `lists` are the contents of the list files by name.
    pub fn new(
        specs: Vec<RuleSpec>,
        default: TreatmentSpec,
        lists: &HashMap<String, String>,
    ) -> Result<Self, RuleError> {
        let sizes = lists.iter().map(|(name, text)| (name.clone(), list_entries(text).count())).collect();
        let lists = compile::lists(lists)?;
        let default = compile::then(DEFAULT, default)?;
        let tags = Arc::new(compile::tags(specs.iter().map(|spec| &spec.when)));
        let mut names = HashSet::new();
        let mut rules = Vec::with_capacity(specs.len());
        for spec in specs {
            check_name(&spec.name)?;
            if !names.insert(spec.name.clone()) {
                return Err(RuleError::new(
                    &spec.name,
                    "name",
                    "two rules have this name",
                    "give each rule its own: log and explanation go by it",
                ));
            }
            odd_values::first_wrong(&spec)?;
            let tests = compile::when(&spec.name, &spec.when, &lists, &tags)?;
            let treatment = compile::then(&spec.name, spec.then)?;
            let slips = slips(spec.near, &treatment);
            if spec.keep.is_some_and(Term::is_short) {
                return Err(RuleError::new(
                    &spec.name,
                    "keep",
                    "letters would be deleted before their recipients can come to read them",
                    "keep them for a day at least, or leave the line out",
                ));
            }
            rules.push(Rule { name: spec.name, tests, treatment, slips, keep: spec.keep });
        }
        Ok(Self { rules, default, lists: sizes, sets: lists })
    }

    /// Whether the address is in the list; `None`: there is no such list.
    pub fn list_holds(&self, list: &str, address: &Address) -> Option<bool> {
        self.sets.get(list).map(|set| set.contains(address))
    }

    /// Lists that have lost more than this percentage of their entries compared with `before`, with both numbers:
    /// usually a partial export.
    pub fn shrunk<'a>(
        &'a self,
        before: &'a Self,
        may_lose: u8,
    ) -> impl Iterator<Item = (&'a str, usize, usize)> {
        self.lists.iter().filter_map(move |(name, now)| {
            let had = *before.lists.get(name)?;
            let lost = had.saturating_sub(*now);
            let is_too_much = lost.saturating_mul(100) > had.saturating_mul(usize::from(may_lose));
            is_too_much.then_some((name.as_str(), had, *now))
        })
    }

    /// The facts that any rule needs, so that nothing is parsed or looked up in vain.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let tests = self.rules.iter().flat_map(|rule| &rule.tests);
        let all = tests.fold(Scope::ENVELOPE, |all, test| all.and(test.condition.scope()));
        let Scope { recipient: _, head, heads, deep, thread, closed_thread } = all;
        Needs { deep, thread, closed_thread, head, heads }
    }

    /// Whether any rule encrypts for partners.
    pub fn closes(&self) -> bool {
        let named = self.rules.iter().map(|rule| &rule.treatment);
        named.chain([&self.default]).any(|treatment| matches!(treatment, Treatment::Domain { .. }))
    }

    /// The rules, including the default, that sign, and whether a letter that cannot be signed is sent.
    pub fn signs(&self) -> impl Iterator<Item = (&str, Signing)> {
        let named = self.rules.iter().map(|rule| (rule.name.as_str(), &rule.treatment));
        named.chain([(DEFAULT, &self.default)]).filter_map(|(rule, treatment)| match treatment {
            Treatment::Relay { sign: Signing::Off, .. }
            | Treatment::Domain { .. }
            | Treatment::Portal
            | Treatment::Refuse(_)
            | Treatment::Hold { .. } => None,
            Treatment::Relay { sign: sign @ (Signing::Required | Signing::WhenPossible), .. } => {
                Some((rule, *sign))
            }
        })
    }

    /// The partners named by rules or default, for the caller to check.
    pub fn partners(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.rules.iter().map(|rule| (rule.name.as_str(), &rule.treatment));
        named.chain([(DEFAULT, &self.default)]).filter_map(|(rule, treatment)| match treatment {
            Treatment::Domain { partner, .. } => Some((rule, partner.as_deref()?)),
            Treatment::Relay { .. } | Treatment::Portal | Treatment::Refuse(_) | Treatment::Hold { .. } => {
                None
            }
        })
    }

    /// The verdict for one recipient: that of the first rule that holds, otherwise the default. An undecidable rule
    /// ends the evaluation with "later", or with "never" if the letter itself is the reason.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement {
        self.judge_one(facts, &mut Memo::default())
    }

    /// The verdicts for all recipients of one letter, in order; what does not depend on the recipient is evaluated
    /// once. `facts.recipient` is ignored.
    #[must_use]
    pub fn judge_each<'r>(
        &self,
        facts: &Facts<'_>,
        recipients: impl IntoIterator<Item = &'r Address>,
    ) -> Vec<Judgement> {
        let mut memo = Memo::default();
        let judge = |recipient| self.judge_one(&Facts { recipient, ..*facts }, &mut memo);
        recipients.into_iter().map(judge).collect()
    }

    fn judge_one(&self, facts: &Facts<'_>, memo: &mut Memo) -> Judgement {
        for rule in self.rules.iter().filter(|rule| rule.is_asked(facts)) {
            match rule.truth(facts, memo) {
                Truth::No => {}
                Truth::Yes => return rule.judgement(facts, memo),
                Truth::Almost { .. } => return rule.almost(),
                Truth::Unknown(why) => return later(&rule.name, &why),
                Truth::Never(why) => return never(&rule.name, &why),
            }
        }
        let (treatment, sentence) = match facts.direction {
            Direction::Inbound => (
                Treatment::Relay { tls: TlsFloor::None, sign: Signing::Off },
                "It came from the world, and no rule names its listener; it is handed on.",
            ),
            Direction::Outbound => (self.default.clone(), "No rule holds; the default applies."),
        };
        let reason = Reason { rule: DEFAULT.to_owned(), sentence: sentence.to_owned() };
        Judgement { treatment, edits: Vec::new(), keep: None, reason }
    }

    /// Whether the rule at this index holds, whatever comes before it; the default, after the last one, always does.
    pub(crate) fn would_hold(&self, place: usize, facts: &Facts<'_>) -> bool {
        let Some(rule) = self.rules.get(place) else { return true };
        rule.is_asked(facts) && rule.truth(facts, &mut Memo::default()) == Truth::Yes
    }

    /// Which rule before this index decides, and whether the letter stays confidential.
    pub(crate) fn decided_before(&self, place: usize, facts: &Facts<'_>) -> Option<(usize, Fate)> {
        let mut memo = Memo::default();
        let above = self.rules.iter().enumerate().take(place).filter(|(_, rule)| rule.is_asked(facts));
        for (number, rule) in above {
            match rule.truth(facts, &mut memo) {
                Truth::No => {}
                Truth::Yes => return Some((number, Fate::of(&rule.treatment))),
                Truth::Almost { .. } | Truth::Unknown(_) | Truth::Never(_) => {
                    return Some((number, Fate::Kept));
                }
            }
        }
        None
    }

    /// The treatment of the rule at this index; after the last one, the default.
    pub(crate) fn treatment(&self, place: usize) -> &Treatment {
        self.rules.get(place).map_or(&self.default, |rule| &rule.treatment)
    }

    pub(crate) fn name(&self, place: usize) -> &str {
        self.rules.get(place).map_or(DEFAULT, |rule| &rule.name)
    }

    /// The result of every rule, including those after the deciding one (the first that is not `No`).
    #[must_use]
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<Step> {
        let mut memo = Memo::default();
        let step = |rule: &Rule| {
            let (held, why) = match rule.truth(facts, &mut memo) {
                Truth::Yes => (Held::Yes, rule.sentence()),
                Truth::Almost { .. } => (Held::Almost, rule.almost_sentence()),
                Truth::Unknown(why) | Truth::Never(why) => (Held::Unknown, unanswered(&why)),
                Truth::No => (Held::No, rule.first_no(facts, &mut memo)),
            };
            Step { rule: rule.name.clone(), held, why }
        };
        self.rules.iter().map(step).collect()
    }
}

impl Rule {
    /// Rules are written for outgoing mail: a letter from outside is decided only by those that name its listener, or a
    /// tag written by a stranger would give every employee a mailbox.
    fn is_asked(&self, facts: &Facts<'_>) -> bool {
        let names = |test: &Test| match &test.condition {
            Condition::Listener(names) => names.contains(&facts.origin.listener),
            Condition::ReversePath(_)
            | Condition::From(_)
            | Condition::Recipient(_)
            | Condition::SubjectTag(_)
            | Condition::SubjectPattern(_)
            | Condition::Header(_)
            | Condition::Sensitivity(_)
            | Condition::Label(_)
            | Condition::SizeAtLeast(_)
            | Condition::SizeAtMost(_)
            | Condition::AttachmentName(_)
            | Condition::AttachmentType(_)
            | Condition::TextPattern(_)
            | Condition::Encrypted(_)
            | Condition::Signed(_)
            | Condition::Reply(_)
            | Condition::ReplyToClosed(_)
            | Condition::FromPartner(_)
            | Condition::Unopened(_)
            | Condition::Client(_)
            | Condition::Login(_)
            | Condition::Not(_) => false,
        };
        facts.direction == Direction::Outbound || self.tests.iter().any(names)
    }

    fn truth(&self, facts: &Facts<'_>, memo: &mut Memo) -> Truth {
        let truth = all(self.tests.iter().map(|test| test.remembered(facts, memo)));
        match (truth, &self.slips) {
            (Truth::Almost { exactly: true }, Slips::AsWritten) => Truth::Yes,
            // Holds as written, and is protected by it: no other treatment is safer.
            (Truth::Almost { exactly: true }, Slips::To(_)) if protects(&self.treatment) => Truth::Yes,
            (Truth::Almost { .. }, Slips::AsWritten | Slips::Pass) => Truth::No,
            (truth, _) => truth,
        }
    }

    fn first_no(&self, facts: &Facts<'_>, memo: &mut Memo) -> String {
        let failing = self.tests.iter().find(|test| test.remembered(facts, memo) == Truth::No);
        failing.map_or_else(|| self.almost_sentence(), |test| sentence(&test.condition.words_if_not()))
    }

    fn sentence(&self) -> String {
        let words: Vec<String> = self.tests.iter().map(|test| test.condition.words_if_held()).collect();
        sentence(&words.join(" and "))
    }

    fn almost_sentence(&self) -> String {
        format!("Almost, and surely meant: {}", self.sentence())
    }

    /// A near miss gets the safe treatment; nothing is removed, because it is unknown what was meant.
    fn almost(&self) -> Judgement {
        Judgement {
            treatment: match &self.slips {
                Slips::To(treatment) => treatment.clone(),
                Slips::AsWritten | Slips::Pass => Treatment::Portal,
            },
            edits: Vec::new(),
            keep: self.keep,
            reason: Reason { rule: self.name.clone(), sentence: self.almost_sentence() },
        }
    }

    fn judgement(&self, facts: &Facts<'_>, memo: &mut Memo) -> Judgement {
        let tags = self.tags();
        let edits = if tags.is_empty() {
            Vec::new()
        } else {
            // What was matched was readable; what cannot be read has matched no rule.
            let shapes = memo.subjects(facts.head).map(|subjects| subjects.shapes).unwrap_or_default();
            let make = || {
                let present = tags.into_iter().filter(|tag| shapes.iter().any(|subject| tag.is_in(subject)));
                present.map(|tag| Edit::CutFromSubject(tag.text.clone())).collect()
            };
            memo.edits(self, make)
        };
        Judgement {
            treatment: self.treatment.clone(),
            edits,
            keep: self.keep,
            reason: Reason { rule: self.name.clone(), sentence: self.sentence() },
        }
    }

    fn tags(&self) -> Vec<&SubjectTag> {
        let tags = self.tests.iter().filter_map(|test| match &test.condition {
            Condition::SubjectTag(tags) => Some(tags),
            Condition::ReversePath(_)
            | Condition::From(_)
            | Condition::Recipient(_)
            | Condition::SubjectPattern(_)
            | Condition::Header(_)
            | Condition::Sensitivity(_)
            | Condition::Label(_)
            | Condition::SizeAtLeast(_)
            | Condition::SizeAtMost(_)
            | Condition::AttachmentName(_)
            | Condition::AttachmentType(_)
            | Condition::TextPattern(_)
            | Condition::Encrypted(_)
            | Condition::Signed(_)
            | Condition::Reply(_)
            | Condition::ReplyToClosed(_)
            | Condition::FromPartner(_)
            | Condition::Unopened(_)
            | Condition::Client(_)
            | Condition::Login(_)
            | Condition::Listener(_)
            | Condition::Not(_) => None,
        });
        tags.flatten().collect()
    }
}

/// A typing error in a tag must not send a letter in clear, neither past a protecting rule nor by a relaying one.
fn slips(near: Option<Near>, treatment: &Treatment) -> Slips {
    match near {
        Some(Near::Portal) => Slips::To(Treatment::Portal),
        Some(Near::Hold) => Slips::To(Treatment::Hold { tls: HELD }),
        Some(Near::Off) => Slips::AsWritten,
        None if protects(treatment) => Slips::To(Treatment::Portal),
        None => Slips::Pass,
    }
}

fn protects(treatment: &Treatment) -> bool {
    match treatment {
        Treatment::Portal | Treatment::Domain { .. } | Treatment::Hold { .. } | Treatment::Refuse(_) => true,
        Treatment::Relay { .. } => false,
    }
}

/// RFC 3463: 4.3.5 system incorrectly configured, or rather: unable to decide just now.
fn later(rule: &str, why: &str) -> Judgement {
    let reply = Reply::later(451, 3, 5, "The message cannot be judged at the moment, please try again later");
    refused(rule, why, reply)
}

/// RFC 3463 §3.7: 5.6.0, a media error; the sender is told at once, not after days of retries.
fn never(rule: &str, why: &str) -> Judgement {
    let text = "The message cannot be judged: part of it is damaged, encrypted, ambiguous, too long or in an \
         unknown encoding";
    refused(rule, why, Reply::refuse(554, 6, 0, text))
}

fn refused(rule: &str, why: &str, reply: Reply) -> Judgement {
    Judgement {
        treatment: Treatment::Refuse(Refusal {
            reply: reply.because(format_args!("rule `{rule}`: {why}")),
            grounds: Grounds::Undecided,
        }),
        edits: Vec::new(),
        keep: None,
        reason: Reason { rule: rule.to_owned(), sentence: unanswered(why) },
    }
}

fn unanswered(why: &str) -> String {
    format!("Nobody can say whether the rule holds: {why}.")
}

/// Starts with a capital and ends with a full stop.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| format!("{}{}.", first.to_uppercase(), rest.as_str())).unwrap_or_default()
}

fn check_name(name: &str) -> Result<(), RuleError> {
    let hint = "a name is what an administrator reads in the log: \"accident department\"";
    if name.trim() != name || name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(RuleError::new(
            name,
            "name",
            "the name is empty, too long, or has spaces around it",
            hint,
        ));
    }
    if name == DEFAULT {
        return Err(RuleError::new(name, "name", "this name is taken by the default", hint));
    }
    Ok(())
}

#[cfg(test)]
#[path = "every_text_tests.rs"]
mod every_text_tests;
#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
