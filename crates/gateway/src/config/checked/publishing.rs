//! What a configuration implies for DNS records: names, domains, hosts, the key whose hash is published. Makes no queries.

use sealpost_delivery::Route;
use sealpost_domain::Publishing;
use sealpost_mail::{Address, Domain};

use super::{hops, tls_reports};
use crate::config::file::{Config, ListenerTls, Source};

pub(super) fn plan(config: &Config, source: &mut Source) -> Publishing {
    let open: Vec<_> = config.inbound().collect();
    let inbound: Vec<Domain> = open.iter().flat_map(|listener| listener.domains.clone()).collect();
    let from = [&config.notices.from, &config.delivery.report_from].map(Address::domain);
    let mut domains: Vec<Domain> = Vec::new();
    for domain in from.into_iter().chain(&inbound) {
        if !domains.contains(domain) {
            domains.push(domain.clone());
        }
    }
    let with_tls = open.iter().find(|listener| *listener.tls.get_ref() != ListenerTls::Off);
    let listener_key =
        with_tls.and_then(|listener| listener.key.as_ref()).map(|key| source.path(key.get_ref()));
    let route = |route: Option<Route>| matches!(route, Some(Route::Mx));
    let sends = route(hops::route(config, source)) || route(hops::notice_route(config, source));
    let host = config.portal.public_url.get_ref().split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let security = config.security_txt.as_ref();
    Publishing {
        name: config.gateway.name.get_ref().clone(),
        domains,
        inbound,
        listener_key,
        sends,
        portal: Domain::parse(host).ok().filter(|_| host.parse::<std::net::IpAddr>().is_err()),
        directory: config.partners.page,
        tells_of_tls: config.delivery.tls_reports.is_some(),
        tls_reports_to: tls_reports::received_at(config, source),
        security: (
            security.map(|text| text.contact.get_ref().clone()).unwrap_or_default(),
            security.and_then(|text| Some(text.policy.as_ref()?.get_ref().clone())),
        ),
    }
}
