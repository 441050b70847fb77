//! Settings for asking authorities about partners' certificates and fetching their lists, and which hosts
//! that may be. Makes no requests.

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
    /// Root certificates for the hosts, instead of the public ones.
    pub roots: Option<PathBuf>,
    /// Networks that are not public and may be contacted nevertheless.
    pub networks: Vec<IpNet>,
}

/// Whether they are asked about single certificates (RFC 6960).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ocsp {
    /// They are not.
    Off,
    /// They are asked again when their last answer has expired.
    Ask,
}

impl Authorities {
    /// The client for these requests.
    pub(crate) fn fetcher(&self) -> Result<Fetcher, DeliveryError> {
        Fetcher::new(self.roots.clone(), self.networks.clone())
    }
}
