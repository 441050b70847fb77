//! A process among several over one database server, as it says of itself and as others see it. Knows no store.

use std::time::Duration;

use sealpost_mail::Timestamp;

/// A process that is about to serve.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// What operators call its machine.
    pub name: String,
    /// Its parts, for operators.
    pub roles: String,
    /// Its version, for operators.
    pub version: String,
    /// Silent for so long, others take over what it had in hand; after half of it it stops by itself. 30 seconds are
    /// good.
    pub silence: Duration,
}

/// One of them as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Which life of it: another one after each start.
    pub incarnation: String,
    /// What operators call its machine.
    pub name: String,
    /// Its parts.
    pub roles: String,
    /// Its version.
    pub version: String,
    /// Silent for so long, others take over.
    pub silence: Duration,
    /// When it began to serve, by the database's clock.
    pub begun_at: Timestamp,
    /// How long ago it last gave a sign of life, by the database's clock.
    pub silent: Duration,
    /// Legs that it has in hand.
    pub legs: u64,
}

/// Whether a process may act as the one that has its legs in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NodeState {
    /// Nobody takes over from it.
    Active,
    /// It could give no sign of life for so long that somebody soon may: it begins nothing until it could.
    Silent,
    /// Somebody has. Only a new life helps.
    Replaced,
}

/// What stands in a node's place while the server key is changed: nobody begins to serve.
pub(crate) const ROTATING: &str = "rotating";
