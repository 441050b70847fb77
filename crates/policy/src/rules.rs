//! The ordered rules: judging, explaining, where a near miss goes (`near`), and what must be looked up first.

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

/// The name the default goes by.
const DEFAULT: &str = "default";

/// The checked rules. Made anew on a reload; never changed.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    default: Treatment,
    /// How many entries each list has.
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

/// What happens to a letter for which the rule holds or not by a slip.
#[derive(Debug)]
enum Slips {
    /// It goes this way.
    To(Treatment),
    /// The rule goes by what is written.
    AsWritten,
    /// The rule does not decide about it: it would send it in clear.
    Pass,
}

/// What becomes of a letter by a rule, as far as its secrecy goes.
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

/// What the caller must find out before it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// A rule looks into the body.
    pub deep: bool,
    /// A rule asks for the thread.
    pub thread: bool,
    /// A rule asks whether it answers a letter that came in encrypted.
    pub closed_thread: bool,
    /// A rule looks into the header section.
    pub head: bool,
    /// A rule looks into those of letters within it.
    pub heads: bool,
}

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It holds.
    Yes,
    /// It almost holds, and the letter goes the safe way.
    Almost,
    /// It does not.
    No,
    /// Nobody can say.
    Unknown,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule's name.
    pub rule: String,
    /// Whether it holds.
    pub held: Held,
    /// Which conditions made it so. No content, no subject, no address.
    pub why: String,
}

impl Rules {
    /// Checks everything. `lists` are the texts of the list files by name.
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

    /// Whether the address stands in the list; `None`: there is no such list.
    pub fn list_holds(&self, list: &str, address: &Address) -> Option<bool> {
        self.sets.get(list).map(|set| set.contains(address))
    }

    /// The lists that have lost more than so many per cent of what they had in `before`, with what they had and have: a
    /// part of an export, mostly.
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

    /// What any rule asks for, so that nothing is parsed or looked up for nothing.
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

    /// The rules, or the default, that sign what leaves, and whether a letter goes that cannot be signed.
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

    /// The partners that rules or default send to by name, for the caller to check against its own.
    pub fn partners(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.rules.iter().map(|rule| (rule.name.as_str(), &rule.treatment));
        named.chain([(DEFAULT, &self.default)]).filter_map(|(rule, treatment)| match treatment {
            Treatment::Domain { partner, .. } => Some((rule, partner.as_deref()?)),
            Treatment::Relay { .. } | Treatment::Portal | Treatment::Refuse(_) | Treatment::Hold { .. } => {
                None
            }
        })
    }

    /// The verdict for one recipient: the first rule that holds, else the default. A rule that nobody can
    /// answer ends the matter with "later", or with "never" where the letter itself is the reason.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement {
        self.judge_one(facts, &mut Memo::default())
    }

    /// The verdicts for all recipients of one letter, in their order; what does not depend on the recipient
    /// is asked once. `facts.recipient` is not looked at.
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

    /// Whether the rule in this place holds, whatever stands above it; the default behind the last one always does.
    pub(crate) fn would_hold(&self, place: usize, facts: &Facts<'_>) -> bool {
        let Some(rule) = self.rules.get(place) else { return true };
        rule.is_asked(facts) && rule.truth(facts, &mut Memo::default()) == Truth::Yes
    }

    /// Which rule above this place decides, and what becomes of the letter.
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

    /// What the rule in this place does; behind the last one, the default.
    pub(crate) fn treatment(&self, place: usize) -> &Treatment {
        self.rules.get(place).map_or(&self.default, |rule| &rule.treatment)
    }

    pub(crate) fn name(&self, place: usize) -> &str {
        self.rules.get(place).map_or(DEFAULT, |rule| &rule.name)
    }

    /// What every rule says, also those behind the one that decides (the first that is not `No`).
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
    /// Rules are written for what leaves: a letter from the world is decided by those that name its listener, or every
    /// employee would get a mailbox by a tag that a stranger wrote.
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
            // Held as written, and protected by it: no other way is safer.
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

    /// A near miss goes the safe way; nothing is cut, since nobody knows what was meant.
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
            // Whoever has found one has all of them; what cannot be looked at has let no rule hold.
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

/// A slip in a tag must not send a letter in clear, neither past a rule that protects nor by one that relays.
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

/// RFC 3463: 4.3.5 system incorrectly configured, or rather: not able to answer just now.
fn later(rule: &str, why: &str) -> Judgement {
    let reply = Reply::later(451, 3, 5, "The message cannot be judged at the moment, please try again later");
    refused(rule, why, reply)
}

/// RFC 3463 §3.7: 5.6.0, a media error; the sender is told at once, and not after days of trying.
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
