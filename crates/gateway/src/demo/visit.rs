//! What the demo tells its visitor of. Knows not how it is made.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What the demo tells the world when it is ready.
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
