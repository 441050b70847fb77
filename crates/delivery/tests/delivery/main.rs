//! Delivery against a scripted next hop: what arrives there, and what the store says afterwards.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bytes;
mod connections;
mod destinations;
mod fast_path;
mod groups;
mod hop;
mod log;
mod parameters;
mod published;
mod reports;
mod rig;
mod signed_dns;
mod slow;
mod speed;
mod stops;
mod tls;
mod verdicts;
