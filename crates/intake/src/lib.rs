//! Incoming SMTP: sessions, limits, TLS, the strict line reader. Never knows rules, keys, mailboxes or SQL.
//!
//! What `250` promises: the bytes went to [`Incoming::chunk`] exactly as sent (dots unstuffed), and
//! [`Incoming::finish`] said that everything decided for the letter is durable. Before that nothing is
//! promised, and an [`Incoming`] that is dropped is an aborted letter.
//!
//! SECURITY: this crate reads untrusted input.
//! - Lines end in CRLF and nothing else; the letter ends in a line of one dot *after a line that ended in
//!   CRLF* and nowhere else. A bare CR, a bare LF or a NUL ends the session (SMTP smuggling).
//! - Data received before STARTTLS is never processed after it.
//! - A client has rights by its network, its login (over TLS only) or its certificate, and no others.
//! - Password guessing is delayed more each time, by client and by login, across sessions.
//! - Every buffer, count and wait has a limit; memory is taken from one budget for the whole process.
//! - No content, subject, full address, login or password is logged.
//!
//! RFC 5321 1870 2034 2920 3030 3207 3461 4616 4954 6152 6531; how far and where we deviate:
//! `docs/specifications.md`. Why not mailin-embedded: `docs/decisions/0001-smtp-listener.md`.

mod access;
mod attempts;
mod auth;
mod bdat;
mod command;
mod connection;
mod data;
mod letter;
mod limits;
mod line;
mod listener;
mod listener_context;
mod new_connection;
mod pace;
mod parameters;
mod reception;
mod replies;
mod session;
mod slots;
#[cfg(test)]
mod tests;
mod tls;
mod transfer;
mod wire;
mod xclient;

pub use access::{Access, ClientCertificates, Renaming, Right, Shown};
pub use limits::{Limits, MemoryBudget, client_of};
pub use listener::{Intake, IntakeError, ListenerConfig, Tls};
pub use reception::{Incoming, LoginCheck, Logins, Receipt, Reception};
pub use sealpost_proxied::{Others, Proxies};
pub use tls::{TlsError, TlsFiles, TlsMinimum, TlsSource};

/// The pure readers, for fuzzing and differential tests.
pub mod pieces {
    pub use crate::bdat::{CRLF, Checked, ChunkReader, Last};
    pub use crate::command::{Chunk, Command, Hello, HelloVerb, Rcpt, parse};
    pub use crate::data::{Bare, BlockContent, DataReader, Decoded};
    pub use crate::line::{Line, MAX_AUTH, MAX_LINE, PLAIN, Skipped, find, skip};
}
