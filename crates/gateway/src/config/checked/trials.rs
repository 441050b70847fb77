//! Tries rules on letters made of their own values, and reports the results at the rule's line. Decides nothing itself.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use sealpost_mail::{Direction, Domain, Network};
use sealpost_policy::{Entrance, Harm, RuleSpec, Rules, TrialFinding, Which, try_out};

use super::{dead_rules, reply_rule};
use crate::config::file::{Config, Listener, Source};

/// At most this many networks of a listener are tried.
const MAX_NETWORKS: usize = 16;

pub(super) fn find(
    config: &Config,
    rules: &Rules,
    specs: &[RuleSpec],
    lists: &HashMap<String, String>,
    source: &mut Source,
) {
    let entrances: Vec<Entrance> =
        config.listeners.iter().map(|listener| entrance(config, listener)).collect();
    // What their texts prove is reported once.
    let said: HashSet<usize> = dead_rules::found(config).into_iter().map(|dead| dead.at).collect();
    for (place, found) in try_out(rules, specs, lists, &entrances, &own_domains(config)) {
        let spec = specs.get(place);
        let written = config.rules.get(place);
        let taker = |by: &[String]| {
            let last = by.last()?;
            config.rules.iter().find(|one| one.get_ref().name == *last)
        };
        match found {
            TrialFinding::NeverMet => {
                let (Some(spec), Some(written)) = (spec, written) else { continue };
                if !said.contains(&written.span().start) {
                    source.warn(
                        written.span().start,
                        format!("no letter made of its own values meets the rule {:?}", spec.name),
                        "its conditions exclude each other, or nothing can be as they ask; try a letter with `sealpost explain`",
                    );
                }
            }
            TrialFinding::Taken { by, which, harm } => {
                // The rule itself, or the one that takes its letters.
                let Some(at) = written.or_else(|| taker(&by)).map(|rule| rule.span().start) else { continue };
                if said.contains(&at) {
                    continue;
                }
                let (wrong, hint) = taken(config, spec, place, &by, which);
                // A protecting rule has a purpose; one for a few may be intended, and so may a default.
                match (harm, which, spec) {
                    (Harm::Exposes, Which::Every | Which::Ordinary | Which::Fileless, Some(_)) => {
                        source.at(at, wrong, hint);
                    }
                    (Harm::Exposes, Which::Strangers | Which::FilelessStrangers, Some(_))
                    | (Harm::Exposes, _, None)
                    | (Harm::None, _, _) => {
                        source.warn(at, wrong, hint);
                    }
                }
            }
        }
    }
}

/// Sender domains of letters from inside: the domains that portal users may write to are the operator's own.
fn own_domains(config: &Config) -> Vec<String> {
    let written_to = config.portal.write.domains.iter().map(|domain| domain.get_ref().as_str());
    let taken = config.listeners.iter().flat_map(|listener| &listener.domains).map(Domain::as_str);
    let mut own: Vec<String> =
        written_to.chain(taken).map(|domain| domain.trim_start_matches("*.").to_ascii_lowercase()).collect();
    own.sort_unstable();
    own.dedup();
    own
}

fn taken(
    config: &Config,
    spec: Option<&RuleSpec>,
    place: usize,
    by: &[String],
    which: Which,
) -> (String, &'static str) {
    let names: Vec<String> = by.iter().map(|name| format!("{name:?}")).collect();
    let (names, verb) = (names.join(" and "), if by.len() == 1 { "takes" } else { "take" });
    let those = match which {
        Which::Every => "every letter",
        Which::Ordinary => {
            "every ordinary letter (all but replies, reports, empty, signed and encrypted ones and the like)"
        }
        Which::Strangers => {
            "every letter but those from or to somebody, from a few machines, or of a size, that the configuration names"
        }
        Which::Fileless => "every ordinary letter without a file",
        Which::FilelessStrangers => {
            "every letter without a file but those from or to somebody, from a few machines, or of a size, that the \
             configuration names"
        }
    };
    match spec {
        None => (
            format!("the default protects nothing: the rule {names} {verb} {those} before it"),
            "narrow the rule, or write default = \"relay\" and rules for what is confidential",
        ),
        Some(spec) if place >= config.rules.len() => (reply_rule::taken(spec, &names), reply_rule::HINT),
        Some(spec) => (
            format!("the rule {:?} never decides about them: {names} above it {verb} {those}", spec.name),
            "put the narrower rule first, or take one of them away",
        ),
    }
}

/// Clients that send few letters: single machines beside whole networks, and of both address families the second one. A
/// rule for all the others is one for everybody.
fn few(networks: &[Network]) -> Vec<IpAddr> {
    let is_single = |network: &&Network| network.first() == network.last();
    let main = networks.iter().find(|network| !is_single(network)).map(|network| network.first().is_ipv4());
    let Some(main) = main else { return Vec::new() };
    let few = networks.iter().filter(|network| is_single(network) || network.first().is_ipv4() != main);
    few.flat_map(|network| [network.first(), network.last()]).collect()
}

fn entrance(config: &Config, listener: &Listener) -> Entrance {
    let networks = listener.networks.iter().filter_map(|text| Network::parse(text.get_ref()).ok());
    let networks: Vec<Network> = networks.take(MAX_NETWORKS).collect();
    let ends = networks.iter().flat_map(|network| [network.first(), network.last()]);
    let is_open = *listener.auth.get_ref()
        || !listener.client_certificates.is_empty()
        || listener.direction() == Direction::Inbound;
    // Addresses reserved for documentation (RFC 5737, RFC 3849), which belong to no network.
    let strangers = ["203.0.113.7", "2001:db8:7::7"].into_iter().filter_map(|text| text.parse().ok());
    let logins = config.logins.iter().filter(|_| *listener.auth.get_ref());
    Entrance {
        listener: listener.name.clone(),
        few: few(&networks),
        peers: ends.chain(strangers.filter(|_| is_open)).collect(),
        logins: logins.map(|login| login.name.clone()).collect(),
        direction: listener.direction(),
        max_size: listener.max_size.0,
    }
}
