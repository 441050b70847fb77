//! What a configuration does that its author may not have intended. Changes nothing.

use sealpost_mail::{ActivateBy, Network, TlsFloor};

use super::dead_rules;
use crate::config::file::{Config, NoticeReplies, Source};

/// In thousandths: no insurer's own networks cover this much of the address space, even in parts that each might (eight
/// /8s).
pub(super) const LARGE_PART_OF_THE_WORLD: u32 = 31;

pub(super) fn find(config: &Config, source: &mut Source) {
    subjects(config, source);
    dead_rules::find(config, source);
    clients(config, source);
    exchangers(config, source);
    contact(config, source);
    passwords(config, source);
    providers(config, source);
    fields(config, source);
    super::odd_times::find(config, source);
    super::odd_names::find(config, source);
}

/// Domains where anybody can get a mailbox within minutes: a sender who may write to all of them may write to the world.
const PROVIDERS: [&str; 45] = [
    "a1.net",
    "aol.com",
    "aon.at",
    "arcor.de",
    "bluewin.ch",
    "chello.at",
    "e-mail.de",
    "email.de",
    "fastmail.com",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.eu",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "hotmail.de",
    "icloud.com",
    "inode.at",
    "kabelmail.de",
    "kabsi.at",
    "live.at",
    "live.com",
    "live.de",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "online.de",
    "outlook.at",
    "outlook.com",
    "outlook.de",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "t-online.de",
    "web.de",
    "yahoo.com",
    "yahoo.de",
];

fn providers(config: &Config, source: &mut Source) {
    for domain in &config.portal.write.domains {
        let bare = domain.get_ref().strip_prefix("*.").unwrap_or(domain.get_ref()).to_ascii_lowercase();
        if PROVIDERS.contains(&bare.as_str()) {
            source.warn(
                domain.span().start,
                format!(
                    "{bare} gives everybody a mailbox: whoever has one here could write to all of them in the name of the portal"
                ),
                "name the domains of your own, and single people outside in `addresses`",
            );
        }
    }
}

/// Fields removed from every incoming letter are absent when rules run.
fn fields(config: &Config, source: &mut Source) {
    for rule in &config.rules {
        let all = dead_rules::every_group(&rule.get_ref().when);
        let named = all
            .iter()
            .flat_map(|when| &when.header)
            .find(|field| field.name.eq_ignore_ascii_case("X-Sealpost-Portal"));
        if named.is_some() {
            source.warn(
                rule.span().start,
                format!(
                    "the rule {:?} asks for X-Sealpost-Portal, which is taken out of every letter that comes in: anybody could write it",
                    rule.get_ref().name
                ),
                "ask for what proves it: the DKIM signature (sealpost verify-portal), or leave the rule out",
            );
        }
    }
}

/// Every mail and every page points there for help.
fn contact(config: &Config, source: &mut Source) {
    let (contact, from) = (config.brand.contact.get_ref(), &config.notices.from);
    if config.notices.replies == NoticeReplies::Here && contact.identity() == from.identity() {
        source.warn(
            config.brand.contact.span().start,
            "`contact` is the address that notices come from, and mail to it ends in the gateway (replies = \"here\"): nobody \
             reads what people ask there",
            "name an address as `contact` that people read",
        );
    }
}

/// An initial password opens a mailbox like the link in a notice, and travels on the route of reports.
fn passwords(config: &Config, source: &mut Source) {
    let Some(reports) = &config.delivery.reports else { return };
    let notices: TlsFloor = config.notices.floor.into();
    let hop: Option<TlsFloor> = config.hops.get(reports.get_ref()).map(|hop| hop.floor.into());
    let is_weaker = hop.is_some_and(|hop| hop < notices);
    if config.portal.activation == ActivateBy::InitialPassword && is_weaker {
        source.warn(
            reports.span().start,
            format!(
                "initial passwords go to their senders over the hop {}, whose floor is below that of notices: they may go in clear",
                reports.get_ref()
            ),
            "give the hop floor = \"verified\" (or \"encrypted\"), or leave reports out",
        );
    }
}

/// Anyone who controls our DNS answers decides where such letters go, and whether over TLS.
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

/// A condition that everybody meets is useless, and one that half the world meets is surely a mistake.
fn clients(config: &Config, source: &mut Source) {
    let mut found = Vec::new();
    for rule in &config.rules {
        let (at, name) = (rule.span().start, &rule.get_ref().name);
        for when in dead_rules::every_group(&rule.get_ref().when) {
            let networks: Vec<Network> =
                when.client.iter().filter_map(|text| Network::parse(text).ok()).collect();
            let place = format!("`client` of the rule {name:?}");
            found.extend(wide(&networks, &place).map(|wrong| (at, wrong)));
        }
    }
    for listener in &config.listeners {
        let networks: Vec<Network> =
            listener.networks.iter().filter_map(|text| Network::parse(text.get_ref()).ok()).collect();
        let is_large = Network::thousandths_of_the_world(&networks) >= LARGE_PART_OF_THE_WORLD;
        let are_wide = networks.iter().any(Network::is_wide) || Network::are_everybody(&networks);
        if let (true, false, Some(first)) = (is_large, are_wide, listener.networks.first()) {
            let wrong = "the networks in `networks` are together so much of the world that strangers are in them: they may \
                         send to anywhere";
            found.push((first.span().start, wrong.to_owned()));
        }
        for text in &listener.networks {
            let network: Vec<Network> = Network::parse(text.get_ref()).into_iter().collect();
            // All of them together covering everybody is an error, reported elsewhere.
            if network.iter().any(Network::is_wide) {
                let wrong = format!(
                    "the network {} in `networks` is so wide that strangers are in it: they may send to anywhere",
                    text.get_ref()
                );
                found.push((text.span().start, wrong));
            }
        }
    }
    let mut private = Vec::new();
    for text in &config.delivery.private_networks {
        private.extend(Network::parse(text.get_ref()).ok());
        let is_large = Network::thousandths_of_the_world(&private) >= LARGE_PART_OF_THE_WORLD;
        if Network::are_everybody(&private) || is_large || private.last().is_some_and(Network::is_wide) {
            let wrong = "`private-networks` is so wide that letters may be sent to any machine inside: whoever writes an \
                         address with such a domain chooses which";
            found.push((text.span().start, wrong.to_owned()));
        }
    }
    for (at, wrong) in found {
        source.warn(at, wrong, "name the networks that are meant, or leave them out");
    }
}

fn wide(networks: &[Network], place: &str) -> Option<String> {
    if Network::are_everybody(networks) {
        return Some(format!("the networks in {place} are everybody"));
    }
    if let Some(one) = networks.iter().find(|network| network.is_wide()) {
        return Some(format!("the network {one} in {place} is a large part of the world"));
    }
    let is_large = Network::thousandths_of_the_world(networks) >= LARGE_PART_OF_THE_WORLD;
    is_large.then(|| format!("the networks in {place} are a large part of the world"))
}
