//! Checks rules and lists for the policy. Decides nothing about letters.

use std::collections::HashMap;

use sealpost_policy::{RuleSpec, Rules, TreatmentSpec, When, list_entries};

use super::{dead_rules, reply_rule, trials};
use crate::config::file::{Config, Source};

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Rules> {
    let mut lists = HashMap::new();
    let mut all_read = true;
    for (name, file) in &config.lists {
        let path = source.path(file.get_ref());
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                lists.insert(name.clone(), text);
            }
            Err(error) => {
                all_read = false;
                source.at(
                    file.span().start,
                    format!("the list {} cannot be read: {error}", path.display()),
                    "make the file: one address or domain per line",
                );
            }
        }
    }
    empty(config, &lists, source);
    may_lose(config, source);
    doubtful(config, source);
    if !all_read {
        return None;
    }
    let specs = all(config);
    match Rules::new(specs.clone(), config.policy.default.get_ref().clone(), &lists) {
        Ok(rules) => {
            trials::find(config, &rules, &specs, &lists, source);
            Some(rules)
        }
        Err(error) => {
            let at = config
                .rules
                .iter()
                .find(|rule| rule.get_ref().name == error.rule)
                .map_or(config.policy.default.span().start, |rule| rule.span().start);
            source.at(at, error.to_string(), error.hint());
            None
        }
    }
}

/// Values that compile but are mostly a mistake.
fn doubtful(config: &Config, source: &mut Source) {
    for rule in &config.rules {
        for doubt in sealpost_policy::doubtful(rule.get_ref()) {
            source.warn(rule.span().start, doubt.to_string(), doubt.hint());
        }
    }
}

fn may_lose(config: &Config, source: &mut Source) {
    let share = &config.policy.lists_may_lose;
    if *share.get_ref() > 100 {
        source.at(share.span().start, "a list cannot lose more than all it has", "write per cent: 0 to 100");
    }
}

/// An empty list silently disables a rule: an export that failed, a disk that was full. If the rule relays
/// those in the list, that is only a warning.
fn empty(config: &Config, lists: &HashMap<String, String>, source: &mut Source) {
    let is_empty = |name: &String| lists.get(name).is_some_and(|text| list_entries(text).next().is_none());
    for (name, file) in config.lists.iter().filter(|(name, _)| is_empty(name)) {
        let names = |when: &When| {
            let all = [&when.recipient_list, &when.from_list, &when.reverse_path_list];
            all.into_iter().flatten().any(|one| one == name)
        };
        for rule in config.rules.iter().map(|rule| rule.get_ref()) {
            let Some(group) = dead_rules::every_group(&rule.when).into_iter().find(|group| names(group))
            else {
                continue;
            };
            let lets_go = matches!(rule.then, TreatmentSpec::Relay { .. }) && *group == rule.when;
            let at = file.span().start;
            let wrong = format!("the list {name} is empty, and the rule {:?} goes by it", rule.name);
            if lets_go {
                source.warn(at, wrong, "fill it, or take the rule away");
            } else {
                source.at(
                    at,
                    wrong,
                    "fill it; where it is meant to hold nobody yet, write nobody@list.invalid into it",
                );
            }
        }
    }
}

/// All rules in order: those of the file, and the one for `replies = "portal"`.
pub(super) fn all(config: &Config) -> Vec<RuleSpec> {
    let mut specs: Vec<_> = config.rules.iter().map(|rule| rule.get_ref().clone()).collect();
    // Last, so that the operator's rules come first.
    specs.extend(reply_rule::switched_on(config));
    specs
}
