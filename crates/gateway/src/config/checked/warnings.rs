//! What a configuration does that its author may not have meant. Changes nothing.

use sealpost_mail::Network;
use sealpost_policy::{TreatmentSpec, When};

use super::rules;
use crate::config::file::{Config, Replies, Source};

pub(super) fn find(config: &Config, source: &mut Source) {
    subjects(config, source);
    shadows(config, source);
    clients(config, source);
    exchangers(config, source);
}

/// Whoever answers DNS questions in our network's way chooses where such letters go, and whether in TLS.
fn exchangers(config: &Config, source: &mut Source) {
    let route = &config.delivery.route;
    if route.get_ref() == "mx" && !config.delivery.dane && !config.delivery.mta_sts {
        source.warn(
            route.span().start,
            "what domains publish about their servers (DANE, MTA-STS) is not asked for",
            "set dane = true (your name servers must pass DNSSEC records on) and mta-sts = true under [delivery]",
        );
    }
}

fn subjects(config: &Config, source: &mut Source) {
    if let Some(shown) = config.notices.show_subject.as_ref().filter(|shown| *shown.get_ref()) {
        source.warn(
            shown.span().start,
            "the subjects of confidential letters stand in notices, which travel and lie as ordinary mail",
            "leave show-subject out, unless your people never write anything confidential into a subject",
        );
    }
    let shown = config.portal.show_subject.as_ref().filter(|shown| *shown.get_ref());
    if let (Some(shown), None) = (shown, &config.notices.show_subject) {
        source.warn(
            shown.span().start,
            "whoever holds the link in a notice, which travels as ordinary mail, reads the letter's subject",
            "leave show-subject out, unless your people never write anything confidential into a subject",
        );
    }
}

/// A condition that everybody meets is none.
fn clients(config: &Config, source: &mut Source) {
    let mut found = Vec::new();
    for rule in &config.rules {
        let mut open: Vec<&When> = vec![&rule.get_ref().when];
        while let Some(when) = open.pop() {
            let networks: Vec<Network> =
                when.client.iter().filter_map(|text| Network::parse(text).ok()).collect();
            if Network::are_everybody(&networks) {
                found.push((rule.span().start, rule.get_ref().name.clone()));
            }
            open.extend(&when.not);
        }
    }
    for (at, name) in found {
        source.warn(
            at,
            format!("the networks in `client` of the rule {name:?} are everybody"),
            "name the networks that are meant, or leave the condition out",
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
    // What `replies = "portal"` adds stands behind all rules.
    let replies = rules::for_replies();
    let mut every = config.rules.iter();
    let first = every.find(|rule| rule.get_ref().when.holds_whenever(&replies.when));
    if let (Replies::Portal, Some(first)) = (config.policy.replies, first)
        && exposes(&first.get_ref().then, &replies.then)
    {
        source.at(
            first.span().start,
            format!(
                "replies to letters of the portal would leave in clear: the rule {:?} takes them before \
                 `replies = \"portal\"` does",
                first.get_ref().name
            ),
            "use `default` instead of this rule, narrow it with not = { reply = true }, or write replies = \"rules\"",
        );
    }
    for (at, name, first, exposed) in found {
        let wrong =
            format!("the rule {name:?} never decides: {first:?} above it holds whenever it would hold");
        let hint = "put the narrower rule first, or take one of them away";
        if exposed {
            source.at(at, wrong, hint);
        } else {
            source.warn(at, wrong, hint);
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
