//! Everything that leaves: leases, retries, next hops, TLS floors, delivery reports.
//!
//! Promises: a leg is finished in the store only after the next hop answered for it; a lost answer
//! means another try, so delivery is at-least-once with a stable Message-ID; the bytes on the wire
//! are the ticket's head and the opened rest, or what the roof writes from the ticket's facts, nothing else.
//!
//! SECURITY: knows neither rules nor mailboxes nor what a body says; holds no key that opens a
//! mailbox. A floor is only ever raised on the way out, never lowered. The only crate that names
//! lettre (in `submit.rs`) and hickory-resolver (in `resolve.rs`).

mod composer;
mod config;
mod content;
mod engine;
mod handoff;
mod identity;
mod lane;
mod network;
mod offers;
mod outcome;
mod report;
mod resolve;
mod rest;
mod retry;
mod returns;
mod route;
mod runner;
mod settle;
mod submit;
mod ticket;
mod tls;
mod wire;
mod wording;

pub use composer::Composer;
pub use config::{DeliveryConfig, HopTls, Login, NextHop, Timeouts, Trust};
pub use handoff::{Inlet, Place};
pub use identity::ClientCertificate;
pub use resolve::{DnsError, Mx, Resolver, SystemResolver};
pub use retry::{Next, RetryPlan, next_attempt};
pub use returns::{Returned, Returns};
pub use runner::{DeliveryError, Runner};
pub use ticket::{Content, Purpose, Queued, Route, Ticket, TicketError};
