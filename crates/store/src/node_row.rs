//! A process among several that share a database server, as it describes itself and as others see it. Knows
//! no store.

use std::time::Duration;

use sealpost_mail::Timestamp;

/// A process that is about to serve.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// The operator's name for its machine.
    pub name: String,
    /// Its roles, for operators.
    pub roles: String,
    /// Its version, for operators.
    pub version: String,
    /// After this long without a sign of life, others take over its work; after half of it the process stops.
    /// 30 seconds is a good value.
    pub silence: Duration,
}

/// A process as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its incarnation: a new one after each start.
    pub incarnation: String,
    /// The operator's name for its machine.
    pub name: String,
    /// Its roles.
    pub roles: String,
    /// Its version.
    pub version: String,
    /// After this long without a sign of life, others take over.
    pub silence: Duration,
    /// When it began to serve, by the database's clock.
    pub begun_at: Timestamp,
    /// Time since its last sign of life, by the database's clock.
    pub silent: Duration,
    /// Legs it has leased.
    pub legs: u64,
}

/// Whether a process may still act on the legs it has leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NodeState {
    /// It may: no other takes over from it.
    Active,
    /// It could give no sign of life for so long that others soon may take over: it begins nothing until it
    /// could.
    Silent,
    /// Others have taken over. Only a restart helps.
    Replaced,
}

/// A placeholder in the table of nodes while the server key is being changed: no process may begin to serve.
pub(crate) const ROTATING: &str = "rotating";
