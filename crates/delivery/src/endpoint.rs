//! One address of one server, and the requirements on a connection to it. Opens none.

use std::net::SocketAddr;

use sealpost_mail::TlsFloor;

use crate::client_certificate::ClientCertificate;
use crate::config::{HopTls, Login, Trust};
use crate::dane::Associations;
use crate::tls_session::Counted;

/// One address of one server, and the requirements on a connection to it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The host name, for logs and reports.
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) certificate_name: String,
    pub(crate) tls: HopTls,
    pub(crate) floor: TlsFloor,
    pub(crate) expected: Expected,
    pub(crate) trust: Trust,
    pub(crate) login: Option<Login>,
    /// Our certificate, if this server gets one.
    pub(crate) identity: Option<ClientCertificate>,
    /// How its sessions are counted for the report to its domain (RFC 8460); `None`: they are not.
    pub(crate) counted: Option<Counted>,
}

/// The requirements on a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any certificate, as long as the server has its key.
    Any,
    /// Valid for the server's name under the authorities of its [`Trust`].
    Chain,
    /// One of these, whatever its issuer (RFC 7672, or a pin).
    Match(Associations),
}
