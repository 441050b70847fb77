//! A mailbox from its making to a new key pair, over a real store: what its owner can open, and what nobody can.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bodies;
mod life;
mod rig;
