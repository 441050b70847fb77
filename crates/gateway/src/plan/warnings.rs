//! What a configuration does that its author may not have meant. Changes nothing.

use sealpost_policy::TreatmentSpec;

use crate::config::{Config, Source};

pub(super) fn find(config: &Config, source: &mut Source) {
    subjects(config, source);
    partners(config, source);
    shadows(config, source);
}

fn subjects(config: &Config, source: &mut Source) {
    if let Some(shown) = config.notices.show_subject.as_ref().filter(|shown| *shown.get_ref()) {
        source.warn(
            shown.span().start,
            "the subjects of confidential letters stand in notices, which travel and lie as ordinary mail",
            "leave show-subject out, unless your people never write anything confidential into a subject",
        );
    }
}

/// Not built yet: refused, never sent in clear.
fn partners(config: &Config, source: &mut Source) {
    let rules = config.rules.iter().map(|rule| (&rule.get_ref().then, rule.span().start));
    let default = (config.policy.default.get_ref(), config.policy.default.span().start);
    let found: Vec<usize> = rules
        .chain([default])
        .filter_map(|(then, at)| match then {
            TreatmentSpec::Domain { .. } => Some(at),
            TreatmentSpec::Relay { .. }
            | TreatmentSpec::Portal
            | TreatmentSpec::Refuse { .. }
            | TreatmentSpec::Hold { .. } => None,
        })
        .collect();
    for at in found {
        source.warn(
            at,
            "encryption for a partner's domain is not there yet: every letter this decides about is refused (550 5.7.5)",
            "write \"portal\" until it is",
        );
    }
}

/// A rule behind one that holds whenever it would hold never decides. Where the first one lets letters go that the
/// second one protects, the configuration is wrong: nobody writes a protecting rule for nothing.
fn shadows(config: &Config, source: &mut Source) {
    let mut found = Vec::new();
    for (number, rule) in config.rules.iter().enumerate() {
        let rule_spec = rule.get_ref();
        let earlier = config.rules.iter().take(number).map(|earlier| earlier.get_ref());
        if let Some(first) = earlier.into_iter().find(|earlier| earlier.when.holds_whenever(&rule_spec.when))
        {
            found.push((
                rule.span().start,
                rule_spec.name.clone(),
                first.name.clone(),
                exposes(&first.then, &rule_spec.then),
            ));
        }
    }
    for (at, name, first, exposed) in found {
        let wrong =
            format!("the rule {name:?} never decides: {first:?} above it holds whenever it would hold");
        let mend = "put the narrower rule first, or take one of them away";
        if exposed {
            source.at(at, wrong, mend);
        } else {
            source.warn(at, wrong, mend);
        }
    }
}

fn exposes(first: &TreatmentSpec, second: &TreatmentSpec) -> bool {
    let protects = |then: &TreatmentSpec| match then {
        TreatmentSpec::Portal
        | TreatmentSpec::Domain { .. }
        | TreatmentSpec::Hold { .. }
        | TreatmentSpec::Refuse { .. } => true,
        TreatmentSpec::Relay { .. } => false,
    };
    !protects(first) && protects(second)
}
