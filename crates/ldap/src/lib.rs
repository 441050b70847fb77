//! Certificates and keys that an LDAP directory (RFC 4511) has for an address: one question, over a connection of its own.
//!
//! Promises: a question ends in time and takes no more memory than a file would; the address is a value of the filter and never
//! part of its syntax; no referral is followed; nothing is sent in clear unless the operator has allowed it, and a password never
//! is.
//!
//! SECURITY: a directory's answers are untrusted. Nothing here parses a certificate or decides whether it is accepted. The only
//! crate that names ldap3_proto (decision 0047).

mod connection;
mod directory;
mod error;
mod filter;
mod framing;
mod login;
mod question;

pub use directory::{AddressError, Directory, InClear, Security, Server};
pub use error::LdapError;
pub use filter::{Filter, FilterError};
pub use login::{Login, LoginError};
#[doc(hidden)]
pub use question::understood;
pub use sealpost_tls::Trust;
