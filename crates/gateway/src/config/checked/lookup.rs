//! Checks which hosts may be asked for what partners publish: public hosts, and the networks that the
//! operator names.

use std::path::PathBuf;

use sealpost_arrival::CrlSource;
use sealpost_jobs::Authorities;

use super::directories::{self, AskedDirectory};
use super::networks;
use crate::config::file::{Config, LookupPlace, Ocsp, SignedDns, Source};

/// For `sealpost partner add` without a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup {
    /// The sources in which keys are looked up.
    pub(crate) places: Vec<LookupPlace>,
    /// Key servers, if they are among the sources.
    pub(crate) key_servers: Vec<String>,
    /// Directories, if they are among the sources.
    pub(crate) directories: Vec<AskedDirectory>,
    /// How far keys in signed zones are trusted.
    pub(crate) signed_dns: SignedDns,
    /// Root certificates instead of the public ones.
    pub(crate) roots: Option<PathBuf>,
    /// Networks that are not public and may be contacted nevertheless.
    pub(crate) networks: Vec<sealpost_delivery::IpNet>,
    /// Whether authorities are asked about partners' certificates.
    pub(crate) asks: Ocsp,
}

pub(super) fn plan(config: &Config, source: &mut Source) -> Lookup {
    let networks = networks::read(&config.partners.lookup_networks, "10.0.0.0/8", source);
    let roots = config.partners.lookup_roots.as_ref().map(|file| source.path(file.get_ref()));
    let places: Vec<LookupPlace> = config.partners.lookup.iter().map(|place| *place.get_ref()).collect();
    let key_servers = key_servers(config, &places, source);
    let directories = directories::plan(config, source);
    let signed_dns = config.partners.signed_dns;
    match signed_dns {
        SignedDns::Trust if !config.delivery.dane => source.near(
            "signed-dns",
            "signed-dns = \"trust\" without dane: no signature is checked",
            "set dane = true under [delivery], or leave signed-dns out",
        ),
        SignedDns::Trust | SignedDns::Offer => {}
    }
    Lookup { places, key_servers, directories, signed_dns, roots, networks, asks: config.partners.ocsp }
}

fn key_servers(config: &Config, places: &[LookupPlace], source: &mut Source) -> Vec<String> {
    let servers = &config.partners.key_servers;
    let asks = |place: &LookupPlace| match place {
        LookupPlace::Vks | LookupPlace::Hkp => true,
        LookupPlace::Wkd | LookupPlace::Openpgpkey | LookupPlace::Smimea | LookupPlace::Ldap => false,
    };
    match (config.partners.lookup.iter().find(|place| asks(place.get_ref())), servers.first()) {
        (Some(place), None) => source.at(
            place.span().start,
            "key servers are to be asked, and none is named",
            "name one: key-servers = [\"https://keys.openpgp.org\"]",
        ),
        (None, Some(server)) => source.at(
            server.span().start,
            "key servers are named, and none is asked",
            "add \"vks\" or \"hkp\" to lookup, or leave key-servers out",
        ),
        (Some(_), Some(_)) | (None, None) => {}
    }
    for server in servers {
        let host = server.get_ref().strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@'])) {
            source.at(
                server.span().start,
                format!("{:?} is no key server", server.get_ref()),
                "write it like \"https://keys.openpgp.org\"",
            );
        }
    }
    if places.iter().any(asks) {
        servers.iter().map(|one| one.get_ref().clone()).collect()
    } else {
        Vec::new()
    }
}

impl Lookup {
    /// In the form that the job takes.
    pub(crate) fn authorities(&self, lists: CrlSource) -> Authorities {
        Authorities {
            ocsp: match self.asks {
                Ocsp::Off => sealpost_jobs::Ocsp::Off,
                Ocsp::Ask => sealpost_jobs::Ocsp::Ask,
            },
            lists,
            roots: self.roots.clone(),
            networks: self.networks.clone(),
        }
    }
}
