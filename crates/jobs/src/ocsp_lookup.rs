//! Whether authorities are asked about partners' certificates, and which hosts that may be. Asks nobody.

use std::path::PathBuf;

use sealpost_delivery::IpNet;

/// Whether certificates are looked up at their authorities.
#[derive(Clone, Debug)]
pub enum Ocsp {
    /// No authority is asked.
    Off,
    /// They are asked, each when its last answer is over.
    Ask {
        /// Authorities that vouch for the hosts, instead of the world's.
        roots: Option<PathBuf>,
        /// Networks that are not public and may be asked all the same.
        networks: Vec<IpNet>,
    },
}
