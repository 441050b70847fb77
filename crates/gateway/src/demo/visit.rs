//! What the demo tells its visitor. Does not know how it is set up.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What the demo prints when it is ready.
pub(super) struct Facts {
    pub(super) smtp: SocketAddr,
    pub(super) web: SocketAddr,
    pub(super) sink: PathBuf,
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
}

/// Whether the folder was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    First,
    Again,
}
