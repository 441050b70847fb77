//! Delivery to a scripted next hop: what arrives there, and the state of the store afterwards.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod backoff_notes;
mod bytes;
mod connections;
mod destinations;
mod early_replies;
mod fast_path;
mod groups;
mod hop;
mod log;
mod parameters;
mod published;
mod reports;
mod rig;
mod signed_dns;
#[path = "../../../../tests/src/signed_zones.rs"]
#[expect(unreachable_pub, clippy::disallowed_methods, reason = "the rig of the partners shares it")]
mod signed_zones;
mod slow;
mod speed;
mod stops;
mod tls;
mod verdicts;
mod written_dates;
