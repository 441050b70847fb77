//! Rules and lists as the policy is told of them. Judges nothing.

use std::collections::HashMap;

use sealpost_policy::{RuleSpec, Rules, TreatmentSpec, When};

use super::trials;
use crate::config::file::{Config, Replies, Source};

/// The name of the rule that stands behind `replies = "portal"`.
const REPLIES: &str = "replies to the portal";

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Rules> {
    let mut lists = HashMap::new();
    for (name, file) in &config.lists {
        let path = source.path(file.get_ref());
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                lists.insert(name.clone(), text);
            }
            Err(error) => source.at(
                file.span().start,
                format!("the list {} cannot be read: {error}", path.display()),
                "make the file: one address or domain per line",
            ),
        }
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

/// All rules in their order: those of the file, and the one behind `replies = "portal"`.
pub(super) fn all(config: &Config) -> Vec<RuleSpec> {
    let mut specs: Vec<_> = config.rules.iter().map(|rule| rule.get_ref().clone()).collect();
    match config.policy.replies {
        Replies::Rules => {}
        // Last, so that a rule of the operator's comes first.
        Replies::Portal => specs.push(for_replies()),
    }
    specs
}

/// The rule that stands behind `replies = "portal"`.
pub(super) fn for_replies() -> RuleSpec {
    RuleSpec {
        name: REPLIES.to_owned(),
        when: When { reply: Some(true), ..When::default() },
        then: TreatmentSpec::Portal,
        near: None,
        keep: None,
    }
}
