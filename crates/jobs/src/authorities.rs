//! Whether authorities are asked about partners' certificates and for their lists, and which hosts that may be. Asks nobody.

use std::path::PathBuf;

use sealpost_arrival::CrlSource;
use sealpost_delivery::{DeliveryError, Fetcher, IpNet};

/// The operator's choice.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// Whether they are asked about single certificates.
    pub ocsp: Ocsp,
    /// Whether their lists are fetched.
    pub lists: CrlSource,
    /// Authorities that vouch for the hosts, instead of the world's.
    pub roots: Option<PathBuf>,
    /// Networks that are not public and may be asked all the same.
    pub networks: Vec<IpNet>,
}

/// Whether they are asked about single certificates (RFC 6960).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ocsp {
    /// Nobody is asked.
    Off,
    /// They are asked, each when its last answer is over.
    Ask,
}

impl Authorities {
    /// What asks them.
    pub(crate) fn fetcher(&self) -> Result<Fetcher, DeliveryError> {
        Fetcher::new(self.roots.clone(), self.networks.clone())
    }
}
