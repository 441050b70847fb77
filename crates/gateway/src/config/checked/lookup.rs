//! Who may be asked for what partners publish: public hosts, and the networks that the operator names.

use std::path::PathBuf;

use crate::config::file::{Config, Source};

/// For `sealpost partner add` without a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup {
    /// Authorities instead of the world's.
    pub(crate) roots: Option<PathBuf>,
    /// Networks that are not public and may be asked all the same.
    pub(crate) networks: Vec<sealpost_delivery::IpNet>,
}

pub(super) fn plan(config: &Config, source: &mut Source) -> Lookup {
    let mut networks = Vec::new();
    for network in &config.partners.lookup_networks {
        match network.get_ref().parse() {
            Ok(parsed) => networks.push(parsed),
            Err(_unreadable) => source.at(
                network.span().start,
                format!("{:?} is no network", network.get_ref()),
                "write it like \"10.0.0.0/8\"",
            ),
        }
    }
    Lookup { roots: config.partners.lookup_roots.as_ref().map(|file| source.path(file.get_ref())), networks }
}
