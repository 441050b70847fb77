//! The envelope with every parameter it arrived with, and its origin. Knows no content.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::address::{Address, ReversePath};

/// The content of MAIL and RCPT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// RFC 3461 §4.4 ENVID, still xtext-decoded.
    pub envid: Option<String>,
    /// RFC 3461 §4.3 RET.
    pub ret: Option<Ret>,
    /// RFC 6152 BODY.
    pub body: BodyType,
    /// Whether RFC 6531 SMTPUTF8 was requested.
    pub smtputf8: bool,
    /// RFC 1870 SIZE as announced, bytes; `None`: not announced.
    pub announced_size: Option<u64>,
    /// RCPT TO, in order; accepted ones only.
    pub recipients: Vec<Recipient>,
}

/// One RCPT TO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The forward-path.
    pub address: Address,
    /// RFC 3461 §4.2 ORCPT.
    pub orcpt: Option<Orcpt>,
    /// RFC 3461 §4.1 NOTIFY.
    pub notify: Notify,
}

/// RFC 3461 §4.2: the recipient as the original sender wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orcpt {
    /// Address type, mostly `rfc822`.
    pub kind: String,
    /// The address, xtext-decoded.
    pub address: String,
}

/// RFC 3461 §4.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notify {
    /// NOTIFY absent: failures are reported, delays at our discretion.
    #[default]
    Unspecified,
    /// NOTIFY=NEVER.
    Never,
    /// Any of SUCCESS, FAILURE, DELAY.
    On {
        /// Report success.
        success: bool,
        /// Report failure.
        failure: bool,
        /// Report delay.
        delay: bool,
    },
}

/// RFC 3461 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ret {
    /// The whole message in a failure report.
    Full,
    /// Headers only.
    Headers,
}

/// RFC 6152 BODY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyType {
    /// 7BIT, or absent.
    #[default]
    SevenBit,
    /// 8BITMIME.
    EightBitMime,
}

/// In which direction a letter passes the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a client that is allowed to send here, to any recipient.
    Outbound,
    /// From a listener for mail from outside, to the operator's own server: anybody may have sent it.
    Inbound,
}

/// Where a letter was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The client's address; IPv4-mapped addresses are given as IPv4.
    pub peer: IpAddr,
    /// Name of the listener in the configuration.
    pub listener: String,
    /// What the client called itself in EHLO or HELO.
    pub helo: String,
    /// Whether the client used EHLO (RFC 5321), not HELO.
    pub extended: bool,
    /// TLS facts; `None`: the session was not encrypted.
    pub tls: Option<TlsFacts>,
    /// Login name; `None`: the client did not authenticate.
    pub login: Option<String>,
}

/// What the TLS session proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLS1.3` or `TLS1.2`.
    pub version: String,
    /// IANA cipher suite name.
    pub cipher: String,
    /// SHA-256 of the client's verified certificate, lower-case hex.
    pub client_certificate: Option<String>,
}
