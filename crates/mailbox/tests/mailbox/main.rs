//! A mailbox from its making to a new key pair, over a real store: what its owner can open, and what nobody can.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
mod bodies;
mod drafts;
mod life;
mod rig;
mod throttle;
