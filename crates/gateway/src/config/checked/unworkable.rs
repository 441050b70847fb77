//! Values that make the gateway useless: no letter fits, no mailbox can be set up, mail loops. Reads only the
//! configuration.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sealpost_mail::{Term, TlsFloor};

use super::odd_names::authority;
use crate::config::file::{Config, HopTls, Listener, Source};

/// Maximum length of the new password field.
const MAX_PASSWORD: usize = 256;
/// Smaller than any letter's head.
const MIN_LETTER: u64 = 1024;
/// RFC 5321 §4.5.3.1.6, without the CRLF.
pub(super) const LINE: usize = 998;

pub(super) fn find(config: &Config, source: &mut Source) {
    for listener in &config.listeners {
        numbers(listener, source);
    }
    portal(config, source);
    notices(config, source);
    delivery(config, source);
    back_to_ourselves(config, source);
    links(config, source);
}

/// Checks what every link of every notice would contain.
fn links(config: &Config, source: &mut Source) {
    let public_url = &config.portal.public_url;
    let text = public_url.get_ref();
    if text.contains(['?', '#']) || authority(text).contains('@') {
        source.at(
            public_url.span().start,
            "public-url has a name, a question or a mark in it, which would stand in the middle of every link",
            "write it like \"https://securemail.insurer.example\"",
        );
    }
}

fn numbers(listener: &Listener, source: &mut Source) {
    let at = listener.addresses.span().start;
    for (is_wrong, wrong, hint) in [
        (listener.connections == 0, "connections = 0 lets nobody in", "500 is good"),
        (listener.connections_per_client == 0, "connections-per-client = 0 lets nobody in", "200 is good"),
        (
            listener.max_recipients == 0,
            "max-recipients = 0 refuses every recipient",
            "at least 100 (RFC 5321 §4.5.3.1.8); 1000 is good",
        ),
        (
            listener.max_size.0 < MIN_LETTER,
            "max-size is smaller than an ordinary letter",
            "\"50 MiB\" is good",
        ),
        (
            listener.max_line < LINE,
            "max-line is shorter than the lines that every server may send",
            "998 at least (RFC 5321 §4.5.3.1.6)",
        ),
        (listener.idle.0.is_zero(), "idle is no time at all", "\"5 min\" is good"),
        (listener.session.0.is_zero(), "session is no time at all", "\"30 min\" is good"),
        (listener.data_time.0.is_zero(), "data-time is no time at all", "\"10 min\" is good"),
    ] {
        if is_wrong {
            source.at(at, format!("listener {:?}: {wrong}", listener.name), hint);
        }
    }
}

fn portal(config: &Config, source: &mut Source) {
    let portal = &config.portal;
    if portal.password.minimum_length.is_some_and(|length| length > MAX_PASSWORD) {
        source.near(
            "minimum-length",
            format!("minimum-length is more than the {MAX_PASSWORD} characters that the form takes: nobody could set up a mailbox"),
            "12 is good",
        );
    }
    if matches!(
        portal.activation_within,
        Term::Days(0) | Term::Months(0) | Term::Years(0) | Term::Exact(Duration::ZERO)
    ) {
        source.near(
            "activation-within",
            "activation-within is no time at all: letters would go before anybody could read them",
            "\"40 days\" is good",
        );
    }
    if portal.lock_after == 0 {
        source.near("lock-after", "lock-after = 0 locks before the first try", "10 is good");
    }
    if portal.answer_attempts == 0 {
        source.near(
            "answer-attempts",
            "answer-attempts = 0 closes the reset before the first try",
            "5 is good",
        );
    }
}

fn notices(config: &Config, source: &mut Source) {
    let route = config.notices.hop.as_ref().unwrap_or(&config.delivery.route);
    let hop = config.hops.get(route.get_ref());
    let floor: TlsFloor = config.notices.floor.into();
    if floor > TlsFloor::None && hop.is_some_and(|hop| matches!(hop.tls, HopTls::Off)) {
        source.at(
            route.span().start,
            format!("notices ask for TLS, and the hop {} switches it off: none would ever leave", route.get_ref()),
            "give the hop tls = \"starttls\", or write floor = \"none\" under [notices] if its network is yours alone",
        );
    }
}

fn delivery(config: &Config, source: &mut Source) {
    let delivery = &config.delivery;
    let first = delivery.retry.get_ref().first().map_or(Duration::ZERO, |span| span.0);
    if delivery.give_up.0 <= first {
        source.at(
            delivery.retry.span().start,
            "give-up comes before the second try: one server that is busy for a moment and the letter comes back",
            "give-up = \"5 days\", and a first wait of minutes",
        );
    }
}

/// A hop that is one of our own listeners sends every letter in circles until it is refused as a loop.
fn back_to_ourselves(config: &Config, source: &mut Source) {
    let ours: Vec<SocketAddr> =
        config.listeners.iter().flat_map(|listener| listener.addresses.get_ref()).copied().collect();
    for (name, hop) in &config.hops {
        let host = hop.host.get_ref().trim_matches(['[', ']']);
        let address = match host.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_name) if host.eq_ignore_ascii_case("localhost") => IpAddr::from([127, 0, 0, 1]),
            Err(_name) => continue,
        };
        let is_ours = ours.iter().any(|own| {
            own.port() == hop.port
                && (own.ip() == address || (own.ip().is_unspecified() && address.is_loopback()))
        });
        if is_ours {
            source.at(
                hop.host.span().start,
                format!("hop {name} is our own listener at {address}:{}: letters would go round", hop.port),
                "name the server that mail goes on to",
            );
        }
    }
}
