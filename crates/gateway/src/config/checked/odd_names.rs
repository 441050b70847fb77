//! Names, ports and links that are valid but lead nowhere, or elsewhere than they say. Asks no name server.

use sealpost_mail::{Address, Domain};

use crate::config::file::{Config, HopTls, ListenerTls, Source};

/// RFC 8314 §3.3: TLS from the first byte.
const SUBMISSIONS: u16 = 465;
/// Ports where TLS begins with STARTTLS (RFC 3207, RFC 6409).
const BY_STARTTLS: [u16; 2] = [25, 587];

pub(super) fn find(config: &Config, source: &mut Source) {
    own_name(config, source);
    bounces(config, source);
    ports(config, source);
    links(config, source);
}

/// RFC 5321 §4.1.1.1, §2.3.5: EHLO's argument is a fully qualified name that can be resolved.
fn own_name(config: &Config, source: &mut Source) {
    let name = &config.gateway.name;
    let (at, text) = (name.span().start, name.get_ref().as_str());
    let last = text.rsplit('.').next().unwrap_or_default();
    let hint = "write the name that the DNS has for it, like \"mailgate.insurer.example\"";
    if name.get_ref().is_literal() || last.bytes().all(|byte| byte.is_ascii_digit()) {
        source.at(at, format!("{text} is an address and no name"), hint);
    } else if !text.contains('.') || last == "localhost" {
        source.warn(
            at,
            format!("{text} is no name that other servers know: some refuse whoever greets so"),
            hint,
        );
    }
}

/// Bounces of notices would go to another party.
fn bounces(config: &Config, source: &mut Source) {
    let Some(bounces) = config.notices.bounces.as_ref().map(Address::domain) else { return };
    let from = config.notices.from.domain();
    let near = [from, config.gateway.name.get_ref(), config.delivery.report_from.domain()];
    let taken_here =
        config.listeners.iter().flat_map(|listener| &listener.domains).any(|own| bounces.is_within(own));
    if !taken_here && !near.into_iter().any(|own| house(own) == house(bounces)) {
        source.near_warn(
            "bounces",
            format!("{bounces} is another house's domain than {from}: notices that come back would go there"),
            "name an address below a domain of your own that is routed to a listener of the gateway",
        );
    }
}

/// The registered domain: the public suffix and one more label.
fn house(domain: &Domain) -> String {
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    let is_suffix = |from: usize| {
        labels
            .get(from..)
            .is_some_and(|rest| Domain::parse(&rest.join(".")).is_ok_and(|rest| rest.is_public_suffix()))
    };
    // A suffix that is in no list is one label.
    let start = (0..labels.len()).find(|at| is_suffix(at + 1)).unwrap_or(labels.len().saturating_sub(2));
    labels.get(start..).unwrap_or_default().join(".")
}

/// Ports that imply how TLS begins, configured the other way.
fn ports(config: &Config, source: &mut Source) {
    let wrong = |what: &str, port: u16, is_implicit: bool| match (port, is_implicit) {
        (SUBMISSIONS, false) => Some((
            format!(
                "{what} is on port 465, where TLS begins with the first byte: both sides would wait for the other"
            ),
            "write tls = \"implicit\", or another port",
        )),
        (port, true) if BY_STARTTLS.contains(&port) => Some((
            format!(
                "{what} is on port {port}, where TLS begins with STARTTLS: the other side would not understand"
            ),
            "write tls = \"starttls\", or port 465",
        )),
        (_, true | false) => None,
    };
    for (name, hop) in &config.hops {
        let is_implicit = matches!(hop.tls, HopTls::Implicit);
        if let Some((wrong, hint)) = wrong(&format!("hop {name}"), hop.port, is_implicit) {
            source.warn(hop.host.span().start, wrong, hint);
        }
    }
    for listener in &config.listeners {
        let is_implicit = matches!(listener.tls.get_ref(), ListenerTls::Implicit);
        let found =
            listener.addresses.get_ref().iter().find_map(|address| {
                wrong(&format!("listener {:?}", listener.name), address.port(), is_implicit)
            });
        if let Some((wrong, hint)) = found {
            source.warn(listener.addresses.span().start, wrong, hint);
        }
    }
}

/// The part of a link between its scheme and its path (RFC 3986 §3.2).
pub(super) fn authority(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default()
}

/// The links at the bottom of every page and in every mail.
fn links(config: &Config, source: &mut Source) {
    for (key, link) in [("imprint", &config.brand.imprint), ("privacy", &config.brand.privacy)] {
        let is_wrong = |link: &String| {
            let rest = ["https://", "http://"].iter().find_map(|scheme| {
                link.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
                link.get(scheme.len()..)
            });
            rest.is_none_or(|rest| {
                rest.starts_with('/') || rest.is_empty() || rest.contains(char::is_whitespace)
            })
        };
        if link.as_ref().is_some_and(is_wrong) {
            source.near(
                key,
                format!("{key} is no address of a page"),
                format!("write it like \"https://insurer.example/{key}\""),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_is_what_somebody_bought() {
        for (domain, house_of) in [
            ("portal.insurer.de", "insurer.de"),
            ("a.b.insurer.co.uk", "insurer.co.uk"),
            ("portal.insurer.example", "insurer.example"),
            ("insurer.example", "insurer.example"),
            ("gateway", "gateway"),
        ] {
            assert_eq!(house(&Domain::parse(domain).unwrap()), house_of);
        }
    }
}
