//! Checks which proxies in front of listeners and portal are trusted about the client. Does not know what they report.

use sealpost_intake::{Others, Proxies};
use sealpost_mail::Network;
use toml::Spanned;

use super::warnings::LARGE_PART_OF_THE_WORLD;
use crate::config::file::{Listener, Source, WithoutProxy};

/// Networks of proxies. Naming the whole world would let everybody choose their own address.
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
            || networks.iter().any(Network::is_wide)
            || Network::thousandths_of_the_world(&networks) >= LARGE_PART_OF_THE_WORLD)
    {
        source.at(
            first.span().start,
            "strangers are believed when they say who the client is",
            "name the proxy's own address",
        );
        return networks;
    }
    for (proxy, network) in read(written) {
        if network.is_wider_than_a_segment() {
            source.warn(
                proxy.span().start,
                format!("every machine in {network} is believed when it says who the client is"),
                "name the proxies' own addresses",
            );
        }
    }
    networks
}

/// The valid ones, with their positions.
fn read(written: &[Spanned<String>]) -> impl Iterator<Item = (&Spanned<String>, Network)> {
    written.iter().filter_map(|text| Some((text, Network::parse(text.get_ref()).ok()?)))
}

/// A load balancer is known by its header and has no rights of its own; a listener that also names it among its
/// clients, or as an XCLIENT proxy, is misconfigured.
pub(super) fn apart(listener: &Listener, source: &mut Source) {
    let balancer_of = |network: &Network, meets: fn(&Network, &Network) -> bool| {
        read(&listener.proxy_protocol).find(|(_, balancer)| meets(network, balancer)).map(|(_, one)| one)
    };
    // A wide network that contains the balancer is the operator's own; a network within the balancer's is left over
    // from before the PROXY protocol was enabled.
    for (client, network) in read(&listener.networks) {
        if let Some(balancer) = balancer_of(&network, Network::lies_in) {
            source.at(
                client.span().start,
                format!("{network} in `networks` is the balancer {balancer} of `proxy-protocol`, which has no right to send"),
                "name the clients behind it: its header says who calls",
            );
        }
    }
    for (proxy, network) in read(&listener.xclient) {
        if let Some(balancer) = balancer_of(&network, Network::overlaps) {
            source.at(
                proxy.span().start,
                format!("{network} in `xclient` is also in `proxy-protocol` ({balancer}): who calls is said in one way only"),
                "name it where it belongs; a balancer that hands on what clients say is no proxy for `xclient`",
            );
        }
    }
}

/// Those that speak the PROXY protocol, and what happens to other clients.
pub(super) fn plan(written: &[Spanned<String>], others: WithoutProxy, source: &mut Source) -> Proxies {
    let others = match others {
        WithoutProxy::Refuse => Others::Refused,
        WithoutProxy::Take => Others::Themselves,
    };
    Proxies::new(believed(written, source), others)
}
