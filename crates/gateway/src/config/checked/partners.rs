//! Checks the settings for letters from outside, and what cannot be carried out. Reads roots and revocation lists;
//! knows no partner.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sealpost_arrival::crl_files::{self, CrlFiles};
use sealpost_arrival::{CrlSource, Inbound, Pace, Unopened};
use sealpost_delivery::Route;
use sealpost_mail::Direction;
use sealpost_policy::list_entries;
use sealpost_seal::{Harvest, Limits, Lists, Worker};

use super::{hops, networks};
use crate::config::file::{self as config, Config, Size, Source};

/// Where letters from outside go, and how they are examined; `None` only if a problem has been noted.
pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Inbound> {
    let partners = &config.partners;
    let named = partners.hop.as_ref().or(config.delivery.reports.as_ref());
    let route = match named {
        Some(named) => hops::named(named, config, source)?,
        None => hops::route(config, source)?,
    };
    let open: Vec<&config::Listener> = config.inbound().collect();
    for listener in &open {
        let at = listener.addresses.span().start;
        let rights = !listener.networks.is_empty()
            || *listener.auth.get_ref()
            || !listener.client_certificates.is_empty();
        if rights {
            source.at(
                at,
                format!("the listener {:?} takes letters from the world and lets clients send to it", listener.name),
                "make two listeners: one with domains for the world, one with networks, auth or client-certificates",
            );
        }
        if matches!(route, Route::Mx) {
            source.at(
                at,
                "letters from the world would be sent to the domain's mail exchanger, which is this gateway: a loop",
                "name your own mail server: hop = \"inside\" under [partners], with [hops.inside]",
            );
        }
    }
    let crls = crls(config, source);
    let roots = partners.roots.iter().flat_map(|file| roots(file, source)).collect();
    Some(Inbound {
        listeners: open.iter().map(|listener| listener.name.clone()).collect(),
        recipients: recipients(config, source),
        filters: networks::read(&config.partners.filters, "192.0.2.7/32", source),
        authserv_ids: authserv_ids(config, source),
        // Invalid networks among them are reported where requests by mail are checked.
        authenticators: config
            .mail_requests
            .upstream_networks
            .iter()
            .filter_map(|network| network.get_ref().parse().ok())
            .collect(),
        route,
        unopened: match partners.unopened {
            config::Unopened::Pass => Unopened::Pass,
            config::Unopened::Hold => Unopened::Hold,
        },
        originals: (!partners.originals.0.is_zero()).then_some(partners.originals.0),
        tag: tag(config, source),
        roots,
        lists: match partners.crl {
            config::Crl::Require => Lists::Require,
            config::Crl::WhenKnown => Lists::WhenKnown,
            config::Crl::Off => Lists::Off,
        },
        harvest: match partners.harvest {
            config::Harvest::Off => Harvest::Off,
            config::Harvest::Vouched => Harvest::Vouched,
            config::Harvest::Any => Harvest::Any,
        },
        crls: Arc::new(crls),
        crl_source: crl_source(config, source),
    })
}

/// The list of existing recipients. An empty one would refuse everybody.
fn recipients(config: &Config, source: &mut Source) -> HashMap<String, String> {
    let mut lists = HashMap::new();
    for listener in &config.listeners {
        let Some(list) = &listener.recipients else { continue };
        if listener.direction() == Direction::Outbound {
            source.at(
                list.span().start,
                format!(
                    "who sends by the listener {:?} may send to anywhere, and no list counts",
                    listener.name
                ),
                "name the list at a listener with domains",
            );
        }
        let text =
            config.lists.get(list.get_ref()).map(|file| std::fs::read_to_string(source.path(file.get_ref())));
        match text {
            None => source.at(
                list.span().start,
                format!("there is no list {:?}", list.get_ref()),
                "add it under [lists]: one address or domain per line",
            ),
            Some(Ok(text)) if list_entries(&text).next().is_none() => source.at(
                list.span().start,
                format!(
                    "the list {} is empty, and every letter from the world would be refused",
                    list.get_ref()
                ),
                "fill it, or leave recipients out",
            ),
            // What cannot be read is reported where lists are checked.
            Some(Ok(_) | Err(_)) => {}
        }
        lists.insert(listener.name.clone(), list.get_ref().clone());
    }
    lists
}

/// This gateway's, that of the server trusted for requests by mail, and those that the operator adds.
fn authserv_ids(config: &Config, source: &mut Source) -> Vec<String> {
    for name in &config.partners.authserv_ids {
        let is_odd = |c: char| !c.is_ascii_graphic() || matches!(c, ';' | '(' | ')' | '"');
        if name.get_ref().is_empty() || name.get_ref().contains(is_odd) {
            source.at(
                name.span().start,
                "no server signs its results by such a name",
                "write the first word of its Authentication-Results, like \"mx.insurer.example\"",
            );
        }
    }
    let named = config.partners.authserv_ids.iter().chain(&config.mail_requests.upstream);
    let named = named.map(|name| name.get_ref().clone());
    std::iter::once(config.gateway.name.get_ref().as_str().to_owned()).chain(named).collect()
}

/// Path of the worker, if one is configured; it is an error if a configured one does not exist.
pub(super) fn worker(config: &Config, source: &mut Source) -> Option<PathBuf> {
    let needed = config.inbound().next().is_some();
    let named = config.partners.worker.as_ref().map(|named| source.path(named.get_ref()));
    if let Err(error) = Worker::find(named.as_deref(), Limits::default()) {
        let at = config.partners.worker.as_ref().map(|worker| worker.span().start);
        let hint =
            "install sealpost-seal beside sealpost, or name it: worker = \"/usr/lib/sealpost/sealpost-seal\"";
        match (at, needed) {
            (Some(at), _) => source.at(at, error.to_string(), hint),
            (None, true) => source.near("[partners]", error.to_string(), hint),
            (None, false) => {}
        }
    }
    named
}

/// Below it not even an ordinary letter can be decrypted.
const MIN_MEMORY: Size = Size::mib(256);

/// Limits for decrypting letters.
pub(super) fn pace(config: &Config, source: &mut Source) -> (Pace, Limits) {
    let config::Partners { open_at_once, worker_memory, wait, .. } = &config.partners;
    if *open_at_once.get_ref() == 0 {
        source.at(open_at_once.span().start, "no letter would ever be opened", "write 1 at least");
    }
    if worker_memory.get_ref().0 < MIN_MEMORY.0 {
        source.at(
            worker_memory.span().start,
            "no letter can be opened in so little memory",
            "give 256 MiB at least; a letter takes up to sixteen times its size",
        );
    }
    let limits = Limits { memory: worker_memory.get_ref().0, ..Limits::default() };
    (Pace { opened_at_once: *open_at_once.get_ref(), wait: wait.0 }, limits)
}

fn tag(config: &Config, source: &mut Source) -> Option<String> {
    let tag = config.partners.subject_tag.as_ref()?;
    let text = tag.get_ref().trim();
    let plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.is_empty() || text.len() > 60 || !text.chars().all(plain) {
        source.at(
            tag.span().start,
            "the subject's tag must be a few words of ASCII",
            "write it like \"[secure]\", or leave it out",
        );
        return None;
    }
    Some(text.to_owned())
}

/// Every path must exist. Its content is replaced every few days by other programs: a file that is not a list, or is too
/// large, does not prevent a start; `check` and the log report it.
fn crls(config: &Config, source: &mut Source) -> CrlFiles {
    let mut places = Vec::new();
    for place in &config.partners.crls {
        let path = source.path(place.get_ref());
        if let Err(error) = crl_files::sizes(&path) {
            let wrong = format!("the revocation lists in {} cannot be read: {error}", path.display());
            source.at(place.span().start, wrong, "name files, or folders of files, that are there");
        }
        places.push(path);
    }
    CrlFiles::new(places)
}

/// Fetching lists that nothing is checked against is pointless.
fn crl_source(config: &Config, source: &mut Source) -> CrlSource {
    let partners = &config.partners;
    match partners.crl_source.get_ref() {
        config::CrlSource::Files => return CrlSource::Files,
        config::CrlSource::Fetch => {}
    }
    let at = partners.crl_source.span().start;
    if partners.roots.is_empty() {
        source.at(
            at,
            "revocation lists are to be fetched, and no authority is believed",
            "name it: roots = [\"roots/authority.pem\"], or leave crl-source out",
        );
    }
    match partners.crl {
        config::Crl::Off => source.at(
            at,
            "revocation lists are to be fetched, and crl = \"off\" looks at none",
            "write crl = \"require\" or \"when-known\", or leave crl-source out",
        ),
        config::Crl::Require | config::Crl::WhenKnown => {}
    }
    CrlSource::Fetch
}

fn roots(file: &toml::Spanned<PathBuf>, source: &mut Source) -> Vec<Vec<u8>> {
    let path = source.path(file.get_ref());
    let read = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => found.into_iter().map(|one| one.to_vec()).collect(),
        Ok(_) => {
            let wrong = format!("there is no certificate in {}", path.display());
            source.at(file.span().start, wrong, "give a PEM file with the authority's own certificate");
            Vec::new()
        }
        Err(error) => {
            let wrong = format!("the root {} cannot be read: {error}", path.display());
            source.at(file.span().start, wrong, "give a PEM file with the authority's own certificate");
            Vec::new()
        }
    }
}
