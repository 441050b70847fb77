//! Checks what the servers of recipients' domains must prove, for delivery: DANE, MTA-STS,
//! `[[delivery-minimum]]`. Asks no name server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_delivery::{DeliveryConfig, Dnssec, DomainMinimum};
use sealpost_mail::TlsFloor;

use crate::config::file::{Config, DeliveryMinimum, HopTls, Source};

const STS_PORT: u16 = 443;

pub(super) fn plan(config: &Config, delivery: &mut DeliveryConfig, source: &mut Source) {
    let section = &config.delivery;
    delivery.name_servers.servers.clone_from(&section.name_servers);
    delivery.name_servers.dnssec = dnssec(config, source);
    delivery.mta_sts = section.mta_sts.then_some(STS_PORT);
    for minimum in &config.minimums {
        let domains = &minimum.domains;
        if domains.get_ref().is_empty() {
            source.at(domains.span().start, "a minimum for no domain", "name at least one in domains");
        }
        let pins = pins(minimum, source);
        let floor = if pins.is_empty() { minimum.tls.into() } else { TlsFloor::Verified };
        reachable(minimum, floor, config, source);
        for domain in domains.get_ref() {
            let value = DomainMinimum { floor, pins: pins.clone() };
            if delivery.domains.insert(domain.as_str().to_owned(), value).is_some() {
                source.at(
                    domains.span().start,
                    format!("{} has two minimums", domain.as_str()),
                    "name a domain in one [[delivery-minimum]] only",
                );
            }
        }
    }
}

/// Whose DNSSEC signatures are trusted.
fn dnssec(config: &Config, source: &mut Source) -> Dnssec {
    match (config.delivery.dane, &config.delivery.trust_anchor) {
        (false, None) => Dnssec::Off,
        (true, None) => Dnssec::Validated,
        (true, Some(file)) => {
            let path = source.path(file.get_ref());
            if let Err(error) = std::fs::read(&path) {
                let at = file.span().start;
                source.at(
                    at,
                    format!("the trust anchor {} cannot be read: {error}", path.display()),
                    "name a file with DNSKEY records, or leave it out: the root's keys are known",
                );
            }
            Dnssec::Below(path)
        }
        (false, Some(file)) => {
            source.at(
                file.span().start,
                "trust-anchor without dane: no signature is checked",
                "set dane = true under [delivery], or leave trust-anchor out",
            );
            Dnssec::Off
        }
    }
}

fn pins(minimum: &DeliveryMinimum, source: &mut Source) -> Vec<[u8; 32]> {
    let mut read = |pin: &toml::Spanned<String>| {
        let read = pin_of(pin.get_ref());
        if read.is_none() {
            source.at(
                pin.span().start,
                format!("{:?} is no pin", pin.get_ref()),
                "write \"sha256:\" and the SHA-256 of the public key in base64 \
                 (openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)",
            );
        }
        read
    };
    minimum.pins.iter().filter_map(&mut read).collect()
}

/// Reports minimums that no server could meet, or that require nothing.
fn reachable(minimum: &DeliveryMinimum, floor: TlsFloor, config: &Config, source: &mut Source) {
    let at = minimum.domains.span().start;
    if floor == TlsFloor::None {
        source.at(
            at,
            "a minimum that asks for nothing",
            "give it tls = \"encrypted\" or \"verified\", or pins",
        );
    }
    let goes_by_mx = config.delivery.route.get_ref() == "mx";
    if floor == TlsFloor::Verified && minimum.pins.is_empty() && goes_by_mx && !is_provable(config) {
        source.at(at, UNPROVABLE, PROVABLE);
    }
    if let (Some(pin), false) = (minimum.pins.first(), goes_by_mx) {
        source.at(
            pin.span().start,
            "pins are of the domain's own servers, and its letters go to a hop: none would ever leave",
            "write tls = \"encrypted\" or \"verified\", which the hop itself must then prove, or route = \"mx\"",
        );
    }
    let hop = config.hops.get(config.delivery.route.get_ref());
    if floor > TlsFloor::None && hop.is_some_and(|hop| matches!(hop.tls, HopTls::Off)) {
        source.at(
            at,
            format!(
                "the hop {} switches TLS off: no letter for these domains would ever leave",
                config.delivery.route.get_ref()
            ),
            "give the hop tls = \"starttls\", or leave the minimum out",
        );
    }
}

pub(super) const UNPROVABLE: &str =
    "tls = \"verified\" over mail exchangers would prove nothing: their names come from unsigned DNS";
pub(super) const PROVABLE: &str = "set dane = true or mta-sts = true under [delivery], write \"encrypted\", or route through a hop whose name you know";

/// Whether anything can prove the identity of a mail exchanger.
pub(super) fn is_provable(config: &Config) -> bool {
    config.delivery.dane || config.delivery.mta_sts
}

fn pin_of(text: &str) -> Option<[u8; 32]> {
    let digest = STANDARD.decode(text.strip_prefix("sha256:")?).ok()?;
    digest.try_into().ok()
}
