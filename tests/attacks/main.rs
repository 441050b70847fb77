//! Vulnerabilities of a market leader's product in 2026, and further attacks, tried on ours: one file per
//! entry of docs/cve-ledger.md, named after it, against the real binary.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "tests"
)]

mod auth_flood;
mod bad_http_flood;
mod connection_flood;
mod cve_2026_2743;
mod cve_2026_27444;
mod cve_2026_2748;
mod cve_2026_29134;
mod cve_2026_29139;
mod cve_2026_29141;
mod cve_2026_29142;
mod cve_2026_29143;
mod cve_2026_44125;
mod cve_2026_44126;
mod cve_2026_44127;
mod cve_2026_44128;
mod cve_2026_7864;
mod dripping_servers;
mod every_route;
mod foreign_ids;
mod forged_rows;
mod forged_states;
mod header_injection;
mod login_flood;
mod moved_withdrawals;
mod open_relay;
mod oversized_forms;
mod portal;
mod quotas;
mod request_smuggling;
mod session_fixation;
mod slow_downloads;
mod slow_requests;
mod strangers_hold_places;
