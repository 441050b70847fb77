//! Checks next hops, routes and retries for delivery. Resolves nothing.

use std::collections::HashMap;

use sealpost_delivery::{ClientCertificate, DeliveryConfig, HopTls, Login, NextHop, RetryPlan, Route, Trust};
use sealpost_mail::TlsFloor;
use sealpost_policy::{OtherwiseSpec, TreatmentSpec};
use toml::Spanned;

use super::memory::Shares;
use super::unworkable::LINE;
use super::{minimums, networks};
use crate::config::file::{self as config, Config, Size, Source};

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<DeliveryConfig> {
    let mut hops = HashMap::new();
    for (name, hop) in &config.hops {
        if let Some(hop) = one(name, hop, source) {
            hops.insert(name.clone(), hop);
        }
    }
    let report_route = match &config.delivery.reports {
        Some(reports) => named(reports, config, source)?,
        None => route(config, source)?,
    };
    let from = (config.delivery.report_name.clone(), config.delivery.report_from.clone());
    let retry = config.delivery.retry.get_ref();
    if retry.is_empty() {
        source.at(
            config.delivery.retry.span().start,
            "no time to try again",
            "give at least one, like [\"5 min\"]",
        );
    }
    let mut delivery = DeliveryConfig::new(config.gateway.name.get_ref().as_str(), from, report_route);
    delivery.report_languages = super::portal::report_languages(config);
    delivery.hops = hops;
    delivery.concurrency_total = config.delivery.connections.max(1);
    delivery.concurrency_per_destination = config.delivery.connections_per_destination.max(1);
    let recipients = &config.delivery.recipients_per_transaction;
    // RFC 5321 §4.5.3.1.8: a server must accept 100, so there is no gain in more.
    if !(1..=100).contains(recipients.get_ref()) {
        source.at(recipients.span().start, "recipients-per-transaction must be 1 to 100", "50 is good");
    }
    delivery.recipients_per_transaction = *recipients.get_ref();
    let longest = &config.delivery.max_line;
    if *longest.get_ref() < LINE {
        source.at(
            longest.span().start,
            "max-line is shorter than the lines that every server must take",
            "998 at least (RFC 5321 §4.5.3.1.6)",
        );
    }
    delivery.longest_line = *longest.get_ref();
    delivery.private_networks = networks::read(&config.delivery.private_networks, "10.0.0.0/8", source);
    delivery.memory_budget = Size(Shares::of(config.gateway.memory.get_ref().0).going_out).bytes();
    delivery.retry = RetryPlan {
        steps: retry.iter().map(|span| span.0).collect(),
        jitter_percent: 20,
        give_up: config.delivery.give_up.0,
        delay_notice_after: Some(config.delivery.delay_notice.0),
    };
    // `sealpost queue` is another process and cannot wake this one.
    delivery.recheck = Some(std::time::Duration::from_secs(2));
    if let Some(first) = retry.first() {
        // A suspended destination is tried again no later than its letters would be.
        delivery.backoff.0 = delivery.backoff.0.min(first.0);
    }
    delivery.our_addresses =
        config.listeners.iter().flat_map(|l| l.addresses.get_ref()).map(std::net::SocketAddr::ip).collect();
    Some(delivery)
}

fn one(name: &str, hop: &config::Hop, source: &mut Source) -> Option<NextHop> {
    let tls = match hop.tls {
        config::HopTls::Off => HopTls::Clear,
        config::HopTls::Starttls => HopTls::StartTls,
        config::HopTls::Implicit => HopTls::Implicit,
    };
    let floor: TlsFloor = hop.floor.into();
    if tls == HopTls::Clear && floor > TlsFloor::None {
        source.at(
            hop.host.span().start,
            format!("hop {name} asks for TLS and switches it off"),
            "set tls = \"starttls\" or floor = \"none\"",
        );
    }
    if hop.host.get_ref().trim().is_empty() || hop.host.get_ref().contains(char::is_whitespace) {
        source.at(hop.host.span().start, format!("hop {name} has no host"), "give a host name or an address");
    }
    let trust = match &hop.ca {
        None => Trust::WebPki,
        Some(ca) => {
            let trust = Trust::File(source.path(ca.get_ref()));
            if let Err(error) = trust.check() {
                source.at(
                    ca.span().start,
                    format!("the authorities of hop {name} cannot be loaded: {error}"),
                    "name a PEM file with the authority's own certificate",
                );
            }
            trust
        }
    };
    let login = match (&hop.login, &hop.password_file) {
        (None, None) => None,
        (Some(user), Some(file)) => {
            let path = source.path(file.get_ref());
            let at = file.span().start;
            let password =
                super::keys::read_private(&path, at, "the password", "name the right file", source)?;
            let password = sealpost_mail::Secret::new(password.expose().trim_end().to_owned());
            Some(Login { name: user.clone(), password })
        }
        (Some(_), None) | (None, Some(_)) => {
            source.at(
                hop.host.span().start,
                format!("hop {name} has only one of login and password-file"),
                "give both or neither",
            );
            return None;
        }
    };
    let identity = identity(name, hop, source)?;
    let mut next = NextHop::new(hop.host.get_ref(), hop.port);
    next.tls = tls;
    next.floor = floor;
    next.trust = trust;
    next.login = login;
    next.identity = identity;
    Some(next)
}

/// The client certificate for a hop. The outer `None`: a problem was noted.
#[expect(clippy::option_option, reason = "the inner one is a hop without a certificate")]
fn identity(name: &str, hop: &config::Hop, source: &mut Source) -> Option<Option<ClientCertificate>> {
    let (certificate, key) = match (&hop.certificate, &hop.key) {
        (None, None) => return Some(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(one), None) | (None, Some(one)) => {
            source.at(
                one.span().start,
                format!("hop {name} has only one of certificate and key"),
                "give both or neither",
            );
            return None;
        }
    };
    let at = certificate.span().start;
    if matches!(hop.tls, config::HopTls::Off) {
        let problem = format!("hop {name} is shown a certificate, and has TLS switched off");
        source.at(at, problem, "set tls = \"starttls\" or \"implicit\"");
        return None;
    }
    let key_path = source.path(key.get_ref());
    super::keys::read_private(&key_path, key.span().start, "the key", "name the right file", source)?;
    match ClientCertificate::load(source.path(certificate.get_ref()), key_path) {
        Ok(identity) => Some(Some(identity)),
        Err(error) => {
            source.at(at, error.to_string(), "give PEM files that belong together");
            None
        }
    }
}

pub(super) fn named(route: &Spanned<String>, config: &Config, source: &mut Source) -> Option<Route> {
    let name = route.get_ref();
    if name == "mx" {
        return Some(Route::Mx);
    }
    if config.hops.contains_key(name) {
        return Some(Route::NextHop(name.clone()));
    }
    source.at(
        route.span().start,
        format!("there is no hop called {name:?}"),
        format!("add [hops.{name}], or write \"mx\""),
    );
    None
}

/// The route of relayed letters.
pub(super) fn route(config: &Config, source: &mut Source) -> Option<Route> {
    named(&config.delivery.route, config, source)
}

/// Minimum levels that rules require and the route cannot meet. A letter would wait in the queue until it is
/// given up: better reported before the first one.
pub(super) fn floors(config: &Config, source: &mut Source) {
    let floor = |spec: &TreatmentSpec| match spec {
        TreatmentSpec::Relay { tls, .. }
        | TreatmentSpec::Hold { tls }
        | TreatmentSpec::Domain { otherwise: OtherwiseSpec::Hold { tls }, .. } => *tls,
        TreatmentSpec::Portal | TreatmentSpec::Domain { .. } | TreatmentSpec::Refuse { .. } => TlsFloor::None,
    };
    let default = &config.policy.default;
    let wanted = config
        .rules
        .iter()
        .map(|rule| (rule.span().start, &rule.get_ref().then))
        .chain([(default.span().start, default.get_ref())]);
    let route = config.delivery.route.get_ref();
    for (at, then) in wanted {
        if route == "mx" && floor(then) == TlsFloor::Verified && !minimums::is_provable(config) {
            source.at(at, minimums::UNPROVABLE, minimums::PROVABLE);
        }
        let is_clear = config.hops.get(route).is_some_and(|hop| matches!(hop.tls, config::HopTls::Off));
        if is_clear && floor(then) > TlsFloor::None {
            let word = if matches!(then, TreatmentSpec::Relay { .. }) { "relay" } else { "hold" };
            source.at(
                at,
                format!("{word} asks for TLS, and the hop {route} switches it off: such a letter never leaves"),
                format!(
                    "set tls = \"starttls\" under [hops.{route}], or write {{ {word} = {{ tls = \"none\" }} }} \
                     if its network is yours alone"
                ),
            );
        }
    }
}

/// The route of notices.
pub(super) fn notice_route(config: &Config, source: &mut Source) -> Option<Route> {
    match &config.notices.hop {
        Some(hop) => named(hop, config, source),
        None => route(config, source),
    }
}

/// The route of letters that owners write: to the operator's own server, like reports.
pub(super) fn writing_route(config: &Config, source: &mut Source) -> Option<Route> {
    let write = &config.portal.write;
    let name = match (&write.hop, &config.delivery.reports) {
        (Some(hop), _) => hop,
        (None, Some(reports)) => reports,
        (None, None) => &config.delivery.route,
    };
    let is_on = !(write.domains.is_empty() && write.addresses.is_empty());
    if is_on
        && let Some(hop) = config.hops.get(name.get_ref())
        && matches!(hop.tls, config::HopTls::Off)
        && write.floor > TlsFloor::None
    {
        source.at(
            name.span().start,
            format!("letters from the portal would go to the hop {} without TLS", name.get_ref()),
            "give the hop tls, or write floor = \"none\" under [portal.write] if its network is yours alone",
        );
        return None;
    }
    named(name, config, source)
}
