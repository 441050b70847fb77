//! Finds rules that can never decide, and rules about what does not exist: listeners, logins, sizes. Changes
//! nothing.

use sealpost_policy::{Always, RuleSpec, TreatmentSpec, When};

use super::reply_rule;
use crate::config::file::{Config, Source};

/// Limit on the combinations of what several rules leave, so that a check ends.
const MAX_COVERS: usize = 400;

pub(super) fn find(config: &Config, source: &mut Source) {
    unknown_names(config, source);
    sizes(config, source);
    shadows(config, source);
}

/// A name that is neither a listener's nor a login's: a mistake, and the rule would never match.
fn unknown_names(config: &Config, source: &mut Source) {
    let listeners: Vec<&str> = config.listeners.iter().map(|listener| listener.name.as_str()).collect();
    let logins: Vec<&str> = config.logins.iter().map(|login| login.name.as_str()).collect();
    let mut found = Vec::new();
    for rule in &config.rules {
        for when in every_group(&rule.get_ref().when) {
            let wrong = |key: &str, name: &str, known: &[&str]| {
                let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                (
                    rule.span().start,
                    format!("the rule {:?} names a {key} that is not there: {name:?}", rule.get_ref().name),
                    format!("there is {there}; names are compared letter by letter"),
                )
            };
            let strange = when.listener.iter().filter(|name| !listeners.contains(&name.as_str()));
            found.extend(strange.map(|name| wrong("listener", name, &listeners)));
            let strange = when.login.iter().filter(|name| *name != "*" && !logins.contains(&name.as_str()));
            found.extend(strange.map(|name| wrong("login", name, &logins)));
            if when.login.iter().any(|name| name == "*") && logins.is_empty() {
                found.push(wrong("login", "*", &logins));
            }
        }
    }
    for (at, wrong, hint) in found {
        source.at(at, wrong, hint);
    }
}

/// A size that no listener accepts is never reached.
fn sizes(config: &Config, source: &mut Source) {
    let mut found = Vec::new();
    for rule in &config.rules {
        let when = &rule.get_ref().when;
        let asked = config
            .listeners
            .iter()
            .filter(|listener| when.listener.is_empty() || when.listener.contains(&listener.name));
        let most = asked.map(|listener| listener.max_size.0).max();
        if let (Some(least), Some(most)) = (when.size_at_least, most)
            && least.0 > most
        {
            found.push((
                rule.span().start,
                format!(
                    "the rule {:?} never holds: its size-at-least is {} bytes, and max-size of the listener lets {most} in",
                    rule.get_ref().name, least.0
                ),
            ));
        }
    }
    for (at, wrong) in found {
        source.at(at, wrong, "name a size below max-size, or raise max-size");
    }
}

/// The letters that one rule takes, or two together.
struct Cover {
    when: When,
    names: Vec<String>,
    /// Every letter of it is relayed in clear.
    relays: bool,
    /// Letters with a null reverse-path are excluded, although its conditions include them.
    no_reports: bool,
}

impl Cover {
    fn of(rule: &RuleSpec, always: &Always) -> Self {
        let relays = match rule.then {
            TreatmentSpec::Portal
            | TreatmentSpec::Domain { .. }
            | TreatmentSpec::Hold { .. }
            | TreatmentSpec::Refuse { .. } => false,
            TreatmentSpec::Relay { .. } => true,
        };
        let when = rule.when.without_truisms(always);
        let no_reports = !rule.when.reverse_path.is_empty() && when.reverse_path.is_empty();
        Self { when, names: vec![rule.name.clone()], relays, no_reports }
    }

    fn with(&self, other: &Self, always: &Always) -> Option<Self> {
        let when = self.when.either(&other.when)?.without_truisms(always);
        let mut names = self.names.clone();
        names.extend(other.names.iter().filter(|name| !self.names.contains(name)).cloned());
        let no_reports = self.no_reports || other.no_reports;
        Some(Self { when, names, relays: self.relays && other.relays, no_reports })
    }

    fn takes(&self, rule: &When, narrow: &When, inbound: &[&str]) -> bool {
        // A letter from outside is decided only by rules that name its listener.
        let is_inbound = rule.listener.iter().any(|name| inbound.contains(&name.as_str()));
        let is_apart =
            (is_inbound && self.when.listener.is_empty()) || (self.no_reports && rule.is_for_reports());
        !is_apart && self.when.holds_whenever(narrow)
    }

    fn named(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| format!("{name:?}")).collect();
        names.join(" and ")
    }
}

/// A rule after others that match whenever it would match never decides. If those relay letters that it
/// protects, the configuration is wrong: a protecting rule has a purpose.
fn shadows(config: &Config, source: &mut Source) {
    for Dead { at, certainty, wrong, hint } in found(config) {
        match certainty {
            Certainty::Wrong => source.at(at, wrong, hint),
            Certainty::PerhapsMeant => source.warn(at, wrong, hint),
        }
    }
}

/// A rule that never decides.
pub(super) struct Dead {
    /// Its index in the file.
    pub(super) at: usize,
    certainty: Certainty,
    wrong: String,
    hint: &'static str,
}

/// How certain it is that a rule that never decides is a mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Wrong,
    PerhapsMeant,
}

pub(super) fn found(config: &Config) -> Vec<Dead> {
    let inbound: Vec<&str> = config.inbound().map(|listener| listener.name.as_str()).collect();
    let always = Always {
        // Inbound listeners are checked only for rules that name them.
        listeners: match inbound.is_empty() {
            true => config.listeners.iter().map(|listener| listener.name.clone()).collect(),
            false => Vec::new(),
        },
        max_size: config.listeners.iter().map(|listener| listener.max_size.0).max().unwrap_or(u64::MAX),
    };
    let added = reply_rule::switched_on(config);
    let written = config.rules.iter().map(|rule| (Some(rule.span().start), rule.get_ref()));
    // Rules added by `replies` come after all others.
    let added = added.iter().map(|rule| (None, rule));
    let mut covers: Vec<Cover> = Vec::new();
    let mut found = Vec::new();
    for (at, rule) in written.chain(added) {
        let own = Cover::of(rule, &always);
        if let (true, Some(at)) = (own.when.never_holds(), at) {
            found.push(Dead {
                at,
                certainty: Certainty::Wrong,
                wrong: format!("the rule {:?} never holds: its `not` takes back what it asks for", rule.name),
                hint: TAKEN_BACK,
            });
            continue;
        }
        let takers = covers.iter().filter(|cover| cover.takes(&rule.when, &own.when, &inbound));
        // The worst first, then the plainest.
        let Some(first) = takers.min_by_key(|cover| (!cover.relays, cover.names.len())) else {
            add(own, &mut covers, &always);
            continue;
        };
        let exposes = first.relays && !own.relays;
        let Some(at) = at else {
            let last = first
                .names
                .last()
                .and_then(|name| config.rules.iter().find(|one| one.get_ref().name == *name));
            if let (true, Some(last)) = (exposes, last) {
                found.push(Dead {
                    at: last.span().start,
                    certainty: Certainty::Wrong,
                    wrong: reply_rule::taken(rule, &first.named()),
                    hint: reply_rule::HINT,
                });
            }
            continue;
        };
        let (verb, hint) = match first.names.len() {
            1 => ("holds whenever it would hold", "put the narrower rule first, or take one of them away"),
            _ => (
                "take every letter that it would take",
                "put the narrower rule first, or take one of them away",
            ),
        };
        found.push(Dead {
            at,
            certainty: if exposes { Certainty::Wrong } else { Certainty::PerhapsMeant },
            wrong: format!("the rule {:?} never decides: {} above it {verb}", rule.name, first.named()),
            hint,
        });
    }
    found
}

const TAKEN_BACK: &str = "take the condition out of `not`, or out of the rule";

/// Adds the rule, and what it leaves together with those before it.
fn add(rule: Cover, covers: &mut Vec<Cover>, always: &Always) {
    let mut new: Vec<Cover> = covers.iter().filter_map(|known| known.with(&rule, always)).collect();
    covers.push(rule);
    while let Some(one) = new.pop() {
        let is_known = |known: &Cover| known.when == one.when && known.relays == one.relays;
        if covers.len() < MAX_COVERS && !covers.iter().any(is_known) {
            new.extend(covers.iter().filter_map(|known| known.with(&one, always)));
            covers.push(one);
        }
    }
}

/// The conditions, and those nested in their `not`.
pub(super) fn every_group(when: &When) -> Vec<&When> {
    let mut all = Vec::new();
    let mut open = vec![when];
    while let Some(when) = open.pop() {
        open.extend(&when.not);
        all.push(when);
    }
    all
}
