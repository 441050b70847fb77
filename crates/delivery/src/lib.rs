//! Outgoing mail: leases, retries, next hops, minimum TLS, delivery reports.
//!
//! Promises: a leg is finished in the store only after the next hop has replied; a lost reply means another attempt, so delivery is
//! at-least-once with a stable Message-ID. The bytes on the wire are the ticket's head and the decrypted rest, or the mail that is
//! written from the ticket's facts; with a DKIM signature on top if we sign it.
//!
//! SECURITY: knows neither rules nor mailboxes nor the content of a body; has no key to a mailbox. A minimum TLS is only ever
//! raised, never lowered. The only crate that names lettre (in `submit.rs` and its greeting), hickory-resolver (in `resolve.rs`,
//! `dns_response.rs` and `dns_lookup.rs`), hyper (in `fetch.rs`) and mail-auth (in `dkim.rs`).

#![deny(clippy::wildcard_enum_match_arm)]

mod attempt;
mod audit_hook;
mod backoff;
mod backoff_notes;
mod client_certificate;
mod composer;
mod config;
mod content;
mod dane;
mod dkim;
mod dns_lookup;
mod dns_response;
mod ehlo;
mod endpoint;
mod engine;
mod error;
mod exchangers;
mod fast_path;
mod fetch;
mod final_dot;
mod final_reply;
mod lane;
mod lease;
mod letter_memory;
mod long_lines;
mod outcome;
mod public_hosts;
mod public_internet;
mod report;
mod report_limit;
mod resolve;
mod retry;
mod route;
mod runner;
mod settle;
mod slow_servers;
mod sts;
mod sts_cache;
mod sts_row;
mod submit;
mod ticket;
mod tls;
mod tls_counts;
mod tls_report;
mod tls_session;
mod undelivered_reply;
mod under_way;
mod wire;

pub use audit_hook::{Ended, Ending, Witness};
pub use client_certificate::ClientCertificate;
pub use composer::Composer;
pub use config::{DeliveryConfig, DomainMinimum, HopTls, Login, NextHop, Timeouts, TlsReportTerms, Trust};
pub use dane::Tlsa;
pub use dkim::{DkimAlgorithm, DkimError, DkimKey, DkimKeys, DkimScope};
pub use dns_lookup::{LookUp, RecordKind};
pub use error::DeliveryError;
pub use fast_path::{Inlet, WorkerSlot};
pub use fetch::{FetchError, Fetcher};
pub use final_reply::FinalReply;
pub use ipnet::IpNet;
pub use lease::LEASE;
pub use public_hosts::{ConnectError, PublicHosts};
pub use report_limit::{ReportLimit, ReportSlot, ReportsTo};
pub use resolve::{DnsAnswer, DnsError, Dnssec, Mx, NameServers, Proof, Resolver, SystemResolver};
pub use retry::{Next, RetryPlan, next_attempt};
pub use route::floor_of;
pub use runner::Runner;
pub use ticket::{Content, Hand, Hold, Purpose, Queued, Route, Ticket, TicketError};
pub use tls_counts::day_of;
pub use tls_report::{DayTally, ReportTo, TLS_REPORT_TRIED, TlsReport, TlsReportError, TlsReporter};
pub use undelivered_reply::{Returns, UndeliveredReply, Untold};
