//! A mailbox from its creation to a new key pair, on a real store: what its owner can open, and what nobody can.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
mod bodies;
mod drafts;
mod escrow;
mod forged;
mod going;
mod initial;
mod life;
mod links;
mod rig;
mod throttle;
mod trail;
mod writing;
