//! Why a directory gave no answer, in words for the operator. Knows no wire format.

use std::net::IpAddr;

use sealpost_delivery::ConnectError;
use thiserror::Error;

/// Why a directory's answer is unknown.
#[derive(Debug, Error)]
pub enum LdapError {
    /// The system's resolver settings or the authorities cannot be read.
    #[error("{0}")]
    Ours(String),
    /// The connection failed.
    #[error("{0}")]
    Connection(String),
    /// Its name resolves to a non-public address.
    #[error(
        "it is at {0}, which is no address of the public internet; name its network in networks under [[partners.ldap]] if \
         that is right"
    )]
    Inside(IpAddr),
    /// It does not prove its name, or does not support TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// It refused StartTLS.
    #[error("it does not begin TLS ({0}), and nothing is asked in clear")]
    NoStartTls(String),
    /// Unprotected data follows its response to StartTLS.
    #[error("it, or somebody on the way, said something in clear behind its answer to StartTLS")]
    BehindStartTls,
    /// A password would be sent in clear.
    #[error("a password is sent under TLS only")]
    PasswordInClear,
    /// It refused the login.
    #[error("it does not take the login: {0}")]
    Login(String),
    /// It refused the search.
    #[error("it answered {0}")]
    Refused(String),
    /// It refers to another directory.
    #[error(
        "it refers to another directory, and referrals are not followed: name that one itself if it is to be asked"
    )]
    Referred,
    /// The answer exceeds a limit.
    #[error("it sent too much: a question gets {0} at most")]
    TooMuch(&'static str),
    /// The message violates RFC 4511.
    #[error("what it sent is no answer of LDAP")]
    Garbled,
    /// It closed the connection.
    #[error("it hung up before it had answered")]
    HungUp,
    /// It did not answer in time.
    #[error("it took too long")]
    Slow,
}

impl From<ConnectError> for LdapError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Inside { host: _, address } => Self::Inside(address),
            error @ (ConnectError::Name { .. } | ConnectError::Unreachable { .. }) => {
                Self::Connection(error.to_string())
            }
        }
    }
}

impl From<std::io::Error> for LdapError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // Also rustls's error for TLS that was not ended properly.
            std::io::ErrorKind::UnexpectedEof => Self::HungUp,
            _ => Self::Connection(error.to_string()),
        }
    }
}
