//! Whose word about the client is believed: proxies in front of listeners and portal. Knows not what they say.

use sealpost_intake::{Others, Proxies};
use sealpost_mail::Network;
use toml::Spanned;

use super::warnings::LARGE_PART_OF_THE_WORLD;
use crate::config::file::{Source, WithoutProxy};

/// Networks of proxies. Who names the world lets everybody choose its own address.
pub(super) fn believed(written: &[Spanned<String>], source: &mut Source) -> Vec<Network> {
    let mut networks = Vec::new();
    for proxy in written {
        match Network::parse(proxy.get_ref()) {
            Ok(network) => networks.push(network),
            Err(error) => source.at(
                proxy.span().start,
                error.to_string(),
                "write the proxy's address or network, like \"10.0.0.5\" or \"10.0.0.0/24\"",
            ),
        }
    }
    if let Some(first) = written.first()
        && (Network::are_everybody(&networks)
            || Network::thousandths_of_the_world(&networks) >= LARGE_PART_OF_THE_WORLD)
    {
        source.at(
            first.span().start,
            "every address is believed when it says who the client is",
            "name the proxy's own address",
        );
    }
    networks
}

/// Those that speak the PROXY protocol, and what becomes of others.
pub(super) fn plan(written: &[Spanned<String>], others: WithoutProxy, source: &mut Source) -> Proxies {
    let others = match others {
        WithoutProxy::Refuse => Others::Refused,
        WithoutProxy::Take => Others::Themselves,
    };
    Proxies::new(believed(written, source), others)
}
