//! One address of one server, and what a connection to it must be like. Opens none.

use std::net::SocketAddr;

use sealpost_mail::TlsFloor;

use crate::client_certificate::ClientCertificate;
use crate::config::{HopTls, Login, Trust};
use crate::dane::Associations;
use crate::tls_session::Counted;

/// One address of one server, and what a connection to it must be like.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// For log and report.
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) certificate_name: String,
    pub(crate) tls: HopTls,
    pub(crate) floor: TlsFloor,
    pub(crate) expected: Expected,
    pub(crate) trust: Trust,
    pub(crate) login: Option<Login>,
    /// Our certificate, if this server is shown one.
    pub(crate) identity: Option<ClientCertificate>,
    /// As what a session with it is counted, for the report to its domain (RFC 8460); none: it is not.
    pub(crate) counted: Option<Counted>,
}

/// What a server's certificate must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any, as long as the server has its key.
    Any,
    /// Good for the server's name below the authorities of its [`Trust`].
    Chain,
    /// One of these, whoever signed it (RFC 7672, or a pin).
    Match(Associations),
}
