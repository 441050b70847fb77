//! The recipients' webmail: activation, log-in, inbox, reading, over HTTP and without need of scripts.
//!
//! SECURITY: a mailbox can be read only through `SignedIn`, which exists only while a session's cookie is at
//! hand; the crate holds no key that opens a mailbox, knows no rules, no SMTP and no SQL, and sends mail only
//! by asking its [`Outbox`]. Routes stand in one table (`routes.rs`), and what is not there does not exist.
//! Everything shown of a letter is hostile: it goes through `html.rs` into a sandboxed frame, or is escaped.

mod assets;
mod brand;
mod chosen;
mod config;
mod connections;
mod csrf;
mod declarations;
mod decoys;
mod download;
mod draft;
mod entry;
mod epochs;
mod front;
mod heads;
mod html;
mod invitation;
mod known_words;
mod language;
mod limits;
mod mailbox;
mod markup;
mod newcomer;
mod outbox;
mod outlook;
mod page;
mod pages;
mod password;
mod prepared;
mod problem;
mod profile;
mod reading;
mod rekey;
mod reply;
mod routes;
mod search;
mod server;
mod session;
mod sheet;
mod site;
mod takeout;
mod tally;
mod targets;
mod text;
mod tls;
mod transport;
mod tries;
mod turns;
mod upload;
mod whence;
mod wordform;
mod writing;

#[cfg(test)]
extern crate self as sealpost_portal; // the tests share a file with the example
#[cfg(test)]
mod tests;

pub use brand::{Colour, ColourError, is_readable_as_text};
pub use config::{
    ActivateBy, ExportRules, LockRules, Logo, PasswordRules, PortalBrand, PortalConfig, PortalError,
    PortalTls, Renewal, RequestLimits, ResetBy, SessionRules,
};
pub use language::Language;
pub use outbox::{About, Outbox, OutboxError, Outgoing};
pub use pages::forgot::LINK_LASTS;
pub use server::{Portal, Reloader};
pub use site::PortalKeys;
pub use writing::{Sent, UPLOAD_LIVES, WriteRules, WrittenFile, WrittenLetter};
