//! Who may be asked for what partners publish: public hosts, and the networks that the operator names.

use std::path::PathBuf;

use super::networks;
use crate::config::file::{Config, Ocsp, Source};

/// For `sealpost partner add` without a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup {
    /// Authorities instead of the world's.
    pub(crate) roots: Option<PathBuf>,
    /// Networks that are not public and may be asked all the same.
    pub(crate) networks: Vec<sealpost_delivery::IpNet>,
    /// Whether authorities are asked about partners' certificates.
    asks: Ocsp,
}

pub(super) fn plan(config: &Config, source: &mut Source) -> Lookup {
    let networks = networks::read(&config.partners.lookup_networks, "10.0.0.0/8", source);
    let roots = config.partners.lookup_roots.as_ref().map(|file| source.path(file.get_ref()));
    Lookup { roots, networks, asks: config.partners.ocsp }
}

impl Lookup {
    /// As the job takes it.
    pub(crate) fn ocsp(self) -> sealpost_jobs::Ocsp {
        match self.asks {
            Ocsp::Off => sealpost_jobs::Ocsp::Off,
            Ocsp::Ask => sealpost_jobs::Ocsp::Ask { roots: self.roots, networks: self.networks },
        }
    }
}
