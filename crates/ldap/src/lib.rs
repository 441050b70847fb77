//! Certificates and keys that an LDAP directory (RFC 4511) has for an address: one question, over a connection of its own.
//!
//! Promises: a question ends in time and takes no more memory than a file would; what is asked for is a value of the filter and
//! never part of it; no referral is followed; nothing is asked in clear unless the operator has said so, and a password never is.
//!
//! SECURITY: what a directory sends is a stranger's. Nothing here reads a certificate or decides whether one counts. The
//! only crate that names ldap3_proto (decision 0047).

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
