//! Letters from the world as arrivals are told of them, and what cannot be carried out. Reads roots; knows no partner.

use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sealpost_arrival::{Inbound, Pace, Unopened};
use sealpost_delivery::Route;
use sealpost_seal::{Limits, Worker};

use super::hops;
use crate::config::file::{self as config, Config, Size, Source};

/// Where letters from the world go, and how they are looked at; `None` only where a problem has been noted.
pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Inbound> {
    let partners = &config.partners;
    let named = partners.hop.as_ref().or(config.delivery.reports.as_ref());
    let route = match named {
        Some(named) => hops::named(named, config, source)?,
        None => hops::route(config, source)?,
    };
    let open: Vec<&config::Listener> =
        config.listeners.iter().filter(|listener| !listener.domains.is_empty()).collect();
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
    let roots = partners.roots.iter().flat_map(|file| roots(file, source)).collect();
    Some(Inbound {
        listeners: open.iter().map(|listener| listener.name.clone()).collect(),
        route,
        unopened: match partners.unopened {
            config::Unopened::Pass => Unopened::Pass,
            config::Unopened::Hold => Unopened::Hold,
        },
        tag: tag(config, source),
        roots,
    })
}

/// The worker's place, if one is named; a named one that is not there is wrong.
pub(super) fn worker(config: &Config, source: &mut Source) -> Option<PathBuf> {
    let needed = config.listeners.iter().any(|listener| !listener.domains.is_empty());
    let named = config.partners.worker.as_ref().map(|named| source.path(named.get_ref()));
    if let Err(error) = Worker::find(named.as_deref(), Limits::default()) {
        let at = config.partners.worker.as_ref().map(|worker| worker.span().start);
        let mend =
            "install sealpost-seal beside sealpost, or name it: worker = \"/usr/lib/sealpost/sealpost-seal\"";
        match (at, needed) {
            (Some(at), _) => source.at(at, error.to_string(), mend),
            (None, true) => source.near("[partners]", error.to_string(), mend),
            (None, false) => {}
        }
    }
    named
}

/// Below it not even an ordinary letter is opened.
const LEAST: Size = Size::mib(256);

/// What opening letters may cost.
pub(super) fn pace(config: &Config, source: &mut Source) -> (Pace, Limits) {
    let config::Partners { open_at_once, worker_memory, wait, .. } = &config.partners;
    if *open_at_once.get_ref() == 0 {
        source.at(open_at_once.span().start, "no letter would ever be opened", "write 1 at least");
    }
    if worker_memory.get_ref().0 < LEAST.0 {
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
