//! The records published under a name, as text of a zone file, to compare them with the wanted ones. Besides
//! `resolve.rs` the only file that names hickory-resolver.

use std::net::SocketAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::resolve::{DnsError, absolute, dns_error, named};

/// Kinds of records that are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Text; the strings of one record concatenated.
    Txt,
    /// An alias.
    Cname,
    /// The mail exchangers of a domain.
    Mx,
    /// A server's certificate association (RFC 6698).
    Tlsa,
}

impl RecordKind {
    /// As in a zone file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Txt => "TXT",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Tlsa => "TLSA",
        }
    }

    fn wire(self) -> RecordType {
        match self {
            Self::Txt => RecordType::TXT,
            Self::Cname => RecordType::CNAME,
            Self::Mx => RecordType::MX,
            Self::Tlsa => RecordType::TLSA,
        }
    }
}

/// A resolver with the chosen name servers.
pub struct LookUp(TokioResolver);

impl LookUp {
    /// The system's name servers, or this one.
    ///
    /// # Errors
    /// The system has none.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, DnsError> {
        let unusable = |error: hickory_resolver::net::NetError| DnsError::Temporary(error.to_string());
        let mut builder = match server {
            None => TokioResolver::builder_tokio().map_err(unusable)?,
            Some(server) => {
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![named(&server)]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder.build().map(Self).map_err(unusable)
    }

    /// The data of every record of that kind; empty if there are none.
    ///
    /// # Errors
    /// The records cannot be looked up now.
    pub async fn records(&self, name: &str, kind: RecordKind) -> Result<Vec<String>, DnsError> {
        let answer = match self.0.lookup(absolute(name), kind.wire()).await.map_err(|error| dns_error(&error))
        {
            Ok(answer) => answer,
            Err(DnsError::NoSuchName | DnsError::NoRecords) => return Ok(Vec::new()),
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => return Err(error),
        };
        let records = answer.answers().iter().filter(|record| record.data.record_type() == kind.wire());
        Ok(records
            .map(|record| {
                let RData::TXT(text) = &record.data else { return record.data.to_string() };
                String::from_utf8_lossy(&text.txt_data.concat()).into_owned()
            })
            .collect())
    }
}
