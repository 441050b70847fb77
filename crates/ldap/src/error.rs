//! Why a directory gave no answer, in words for the operator who named it. Knows no wire.

use std::net::IpAddr;

use sealpost_delivery::ConnectError;
use thiserror::Error;

/// Why nobody knows what a directory has.
#[derive(Debug, Error)]
pub enum LdapError {
    /// Who could be asked, or by whom it must prove itself, cannot be read.
    #[error("{0}")]
    Ours(String),
    /// There is no connection.
    #[error("{0}")]
    Connection(String),
    /// Its name leads inside.
    #[error(
        "it is at {0}, which is no address of the public internet; name its network in networks under [[partners.ldap]] if \
         that is right"
    )]
    Inside(IpAddr),
    /// It cannot prove that it is the one of that name, or speaks no TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// It speaks on in clear.
    #[error("it does not begin TLS ({0}), and nothing is asked in clear")]
    NoStartTls(String),
    /// Something stands behind its answer to StartTLS that nobody has protected.
    #[error("it, or somebody on the way, said something in clear behind its answer to StartTLS")]
    BehindStartTls,
    /// A password would go in clear.
    #[error("a password is sent under TLS only")]
    PasswordInClear,
    /// It does not let us in.
    #[error("it does not take the login: {0}")]
    Login(String),
    /// It does not answer the question.
    #[error("it answered {0}")]
    Refused(String),
    /// Others would have to be asked.
    #[error(
        "it refers to another directory, and referrals are not followed: name that one itself if it is to be asked"
    )]
    Referred,
    /// More than any answer worth reading.
    #[error("it sent too much: a question gets {0} at most")]
    TooMuch(&'static str),
    /// Not as RFC 4511 has it.
    #[error("what it sent is no answer of LDAP")]
    Garbled,
    /// It has ended the connection.
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
            // Also what rustls says where TLS was not ended as it should be.
            std::io::ErrorKind::UnexpectedEof => Self::HungUp,
            _ => Self::Connection(error.to_string()),
        }
    }
}
