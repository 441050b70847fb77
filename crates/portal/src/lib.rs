//! The recipients' webmail: activation, log-in, inbox, reading, over HTTP without requiring scripts.
//!
//! SECURITY: a mailbox can be read only through `SignedIn`, which exists only with a session's cookie; the
//! crate holds no key that opens a mailbox, knows no rules, no SMTP and no SQL, and sends mail only by asking
//! its `Outbox`. All routes are in one table (`routes.rs`); what is not there does not exist. Everything
//! shown of a letter is hostile: it passes through `html.rs` into a sandboxed frame, or is escaped.

mod access;
mod assets;
mod brand;
mod config;
mod css_colour;
mod http;
mod language;
mod language_page;
mod letters;
mod links;
mod mailbox;
mod middleware;
mod page;
mod problem;
mod published;
mod reading;
mod routes;
mod server;
mod state;
mod static_pages;
mod writing;

#[cfg(test)]
extern crate self as sealpost_portal; // the tests share a file with the example
#[cfg(test)]
mod tests;

pub use config::{
    ExportRules, PasswordRules, PortalConfig, PortalError, PortalTls, Renewal, RequestLimits, ResetBy,
    SecurityContact, SessionRules,
};
pub use language::Language;
pub use letters::document_labels;
pub use server::{Portal, Reloader};
pub use state::PortalKeys;
