//! Checks listeners for the intake. Knows no rules and no hops.

use sealpost_intake::{
    Access, ClientCertificates, Limits, ListenerConfig, Renaming, Tls, TlsFiles, TlsMinimum, TlsSource,
};
use sealpost_mail::{Address, Direction, DomainPattern, Network, Secret};

use super::proxies;
use crate::config::file::{self as config, Config, ListenerTls, Source, XclientAgain};

/// Memory for a large letter coming in: the listener's block, the sealer's chunk and its sealed form, and the
/// part of the file being filled. In KiB.
const LETTER_KIB: u32 = 320;

/// In thousandths: networks that cover more than half of the world admit practically everybody.
const HALF: u32 = 500;

pub(super) fn plan(config: &Config, source: &mut Source) -> (Vec<ListenerConfig>, Vec<TlsSource>) {
    let mut reloadable = Vec::new();
    if config.listeners.is_empty() {
        source.near("[gateway]", "there is no listener", "add a [[listener]]: nothing could come in");
    }
    let listeners = config
        .listeners
        .iter()
        .filter_map(|listener| one(listener, config, &mut reloadable, source))
        .collect();
    (listeners, reloadable)
}

/// Two listeners with the same address or name: the second would only be missed at the start, or its letters
/// be mistaken by a rule for the first one's.
pub(super) fn apart(config: &Config, source: &mut Source) {
    let portal = &config.portal.addresses;
    let all =
        config.listeners.iter().map(|listener| &listener.addresses).chain([portal]).flat_map(|addresses| {
            addresses.get_ref().iter().map(|address| (*address, addresses.span().start))
        });
    let mut seen = Vec::new();
    for (address, at) in all {
        // Port 0 means any free one.
        if address.port() != 0 && seen.contains(&address) {
            source.at(at, format!("{address} is listened on twice"), "give each its own address or port");
        }
        seen.push(address);
    }
    let mut names: Vec<&str> = Vec::new();
    for listener in &config.listeners {
        if names.contains(&listener.name.as_str()) {
            source.at(
                listener.addresses.span().start,
                format!("there are two listeners called {:?}", listener.name),
                "give each its own name: rules and log go by it",
            );
        }
        names.push(&listener.name);
    }
}

fn one(
    listener: &config::Listener,
    config: &Config,
    reloadable: &mut Vec<TlsSource>,
    source: &mut Source,
) -> Option<ListenerConfig> {
    if listener.addresses.get_ref().is_empty() {
        source.at(
            listener.addresses.span().start,
            "the listener has no address",
            "give one, like \"0.0.0.0:25\"",
        );
    }
    let tls = tls(listener, reloadable, source)?;
    if *listener.auth.get_ref() && matches!(tls, Tls::Off) {
        source.at(
            listener.auth.span().start,
            "AUTH is never offered without TLS",
            "set tls = \"starttls\" or \"implicit\", or auth = false",
        );
    }
    if *listener.auth.get_ref() && config.logins.is_empty() {
        source.at(listener.auth.span().start, "nobody could log in", "add a [[login]], or set auth = false");
    }
    let share = match listener.direction() {
        Direction::Inbound => 0,
        Direction::Outbound => listener.connections / 2,
    };
    let reserved = listener.reserved_connections.as_ref().map_or(share, |own| *own.get_ref());
    if let Some(own) = &listener.reserved_connections
        && reserved > listener.connections
    {
        source.at(
            own.span().start,
            "more connections are reserved than there are",
            "name fewer, or raise connections",
        );
    }
    let limits = Limits {
        connections: listener.connections,
        reserved,
        per_client: listener.connections_per_client,
        // If every client is a stranger, an upstream filter is one too.
        per_stranger: match listener.direction() {
            Direction::Inbound => listener.connections_per_client,
            Direction::Outbound => (listener.connections_per_client / 10).max(5),
        },
        max_size: listener.max_size.0,
        max_recipients: listener.max_recipients,
        max_junk: listener.max_junk_commands,
        text_line: listener.max_line,
        command: listener.idle.0,
        data_idle: listener.idle.0,
        data_total: listener.data_time.0,
        session_total: listener.session.0,
        letter_kib: LETTER_KIB,
        ..Limits::default()
    };
    Some(ListenerConfig {
        name: listener.name.clone(),
        addresses: listener.addresses.get_ref().clone(),
        hostname: config.gateway.name.get_ref().to_string(),
        tls,
        tls_required: listener.tls_required,
        access: access(listener, config, source),
        limits,
    })
}

fn tls(listener: &config::Listener, reloadable: &mut Vec<TlsSource>, source: &mut Source) -> Option<Tls> {
    let wrap = match listener.tls.get_ref() {
        ListenerTls::Off => {
            if listener.tls_required {
                source.at(
                    listener.tls.span().start,
                    "tls-required without TLS would refuse everything",
                    "set tls = \"starttls\"",
                );
            }
            return Some(Tls::Off);
        }
        ListenerTls::Starttls => Tls::StartTls,
        ListenerTls::Implicit => Tls::Implicit,
    };
    let (Some(certificate), Some(key)) = (&listener.certificate, &listener.key) else {
        source.at(
            listener.tls.span().start,
            "TLS needs a certificate and its key",
            "add certificate and key",
        );
        return None;
    };
    let key_path = source.path(key.get_ref());
    super::keys::read_private(&key_path, key.span().start, "the key", "name the right file", source)?;
    let files = TlsFiles { certificate: source.path(certificate.get_ref()), key: key_path };
    let minimum = match listener.tls_minimum {
        config::TlsMinimum::Tls12 => TlsMinimum::Tls12,
        config::TlsMinimum::Tls13 => TlsMinimum::Tls13,
    };
    match TlsSource::load(files, minimum) {
        Ok(loaded) => {
            reloadable.push(loaded.clone());
            Some(wrap(loaded))
        }
        Err(error) => {
            source.at(certificate.span().start, error.to_string(), "give PEM files that belong together");
            None
        }
    }
}

fn access(listener: &config::Listener, config: &Config, source: &mut Source) -> Access {
    let mut networks = Vec::new();
    for text in &listener.networks {
        match text.get_ref().parse::<Network>() {
            Ok(network) => networks.push(network),
            Err(error) => {
                source.at(text.span().start, error.to_string(), "write it like \"10.0.0.0/8\" or \"::1\"");
            }
        }
    }
    if let Some(first) = listener.networks.first()
        && (Network::are_everybody(&networks) || Network::thousandths_of_the_world(&networks) > HALF)
    {
        source.at(
            first.span().start,
            "the networks are everybody: whoever reaches this listener could send mail through it to anywhere",
            "name the addresses of your own servers; whoever comes from elsewhere logs in (auth = true)",
        );
    }
    let mut pins = Vec::new();
    for text in &listener.client_certificates {
        match pin(text.get_ref()) {
            Some(pin) => pins.push(pin),
            None => source.at(
                text.span().start,
                "a client certificate is given by its SHA-256, 64 hex digits",
                "openssl x509 -in cert.pem -outform der | sha256sum",
            ),
        }
    }
    let nobody = networks.is_empty() && pins.is_empty() && !*listener.auth.get_ref();
    if nobody && listener.direction() == Direction::Outbound {
        source.at(
            listener.addresses.span().start,
            "nobody may send over this listener",
            "give networks, auth = true or client-certificates; or domains, for letters from the world",
        );
    }
    proxies::apart(listener, source);
    Access {
        networks,
        auth: *listener.auth.get_ref(),
        certificates: ClientCertificates { pins, ca: None },
        domains: listener.domains.clone(),
        own: own_domains(config),
        proxies: proxies::plan(&listener.proxy_protocol, listener.without_proxy, source),
        xclient: proxies::believed(&listener.xclient, source),
        renaming: match listener.xclient_again {
            XclientAgain::Refuse => Renaming::Refused,
            XclientAgain::Take => Renaming::Taken,
        },
    }
}

/// The operator's own domains: those that recipients may write to, and those of addresses that this gateway
/// uses itself. Invalid patterns are reported where they are parsed.
fn own_domains(config: &Config) -> Vec<DomainPattern> {
    let written = config.portal.write.domains.iter();
    let mut own: Vec<DomainPattern> =
        written.filter_map(|text| DomainPattern::parse(text.get_ref()).ok()).collect();
    let addresses =
        [&config.notices.from, &config.delivery.report_from].into_iter().chain(&config.notices.bounces);
    for domain in addresses.map(Address::domain).chain([config.gateway.name.get_ref()]) {
        if !own.iter().any(|pattern| pattern.covers(domain)) {
            own.push(domain.clone().into());
        }
    }
    own
}

fn pin(text: &str) -> Option<[u8; 32]> {
    let hex: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    let mut out = [0_u8; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(hex.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

/// Logins with their hashes.
pub(super) fn logins(config: &Config, source: &mut Source) -> Vec<(String, Secret<String>)> {
    for login in &config.logins {
        if !login.password.get_ref().starts_with("$argon2id$") {
            source.at(
                login.password.span().start,
                format!("the password of login {:?} is not an Argon2id hash", login.name),
                "`sealpost hash-password` makes one",
            );
        }
    }
    config.logins.iter().map(|l| (l.name.clone(), Secret::new(l.password.get_ref().clone()))).collect()
}
