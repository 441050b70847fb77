//! DNS questions of delivery behind a small trait. Beside `dns_lookup.rs` the only file that names hickory-resolver.

use std::net::IpAddr;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;
use thiserror::Error;

/// A mail exchanger record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// Host name without the final dot; empty for the null MX (RFC 7505).
    pub host: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DnsError {
    /// The name does not exist.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists, but has no record of this kind.
    #[error("the name has no such record")]
    NoRecords,
    /// Nobody knows now.
    #[error("{0}")]
    Temporary(String),
}

/// Where names are looked up.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// MX records in any order.
    async fn mx(&self, domain: &str) -> Result<Vec<Mx>, DnsError>;

    /// Addresses in the order in which to try them.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError>;
}

/// The system's name servers and hosts file.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// Reads the system's configuration.
    pub fn new() -> Result<Self, DnsError> {
        let mut builder =
            TokioResolver::builder_tokio().map_err(|error| DnsError::Temporary(error.to_string()))?;
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        options.use_hosts_file = ResolveHosts::Always;
        builder.build().map(Self).map_err(|error| DnsError::Temporary(error.to_string()))
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn mx(&self, domain: &str) -> Result<Vec<Mx>, DnsError> {
        let answer = self.0.mx_lookup(absolute(domain)).await.map_err(|error| dns_error(&error))?;
        let records: Vec<Mx> = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => {
                    let host = mx.exchange.to_ascii();
                    let host = host.strip_suffix('.').unwrap_or(&host).to_ascii_lowercase();
                    Some(Mx { preference: mx.preference, host })
                }
                _ => None,
            })
            .collect();
        if records.is_empty() { Err(DnsError::NoRecords) } else { Ok(records) }
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let answer = self.0.lookup_ip(absolute(host)).await.map_err(|error| dns_error(&error))?;
        let addresses: Vec<IpAddr> = answer.iter().collect();
        if addresses.is_empty() { Err(DnsError::NoRecords) } else { Ok(addresses) }
    }
}

/// Stands in where the system has no name servers: hops given by address still work.
pub(crate) struct NoResolver(pub(crate) String);

#[async_trait]
impl Resolver for NoResolver {
    async fn mx(&self, _domain: &str) -> Result<Vec<Mx>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }

    async fn addresses(&self, _host: &str) -> Result<Vec<IpAddr>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }
}

/// With its final dot no search list is tried: a recipient's domain is never completed by ours.
pub(crate) fn absolute(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

pub(crate) fn dns_error(error: &NetError) -> DnsError {
    if error.is_nx_domain() {
        DnsError::NoSuchName
    } else if error.is_no_records_found() {
        // SERVFAIL and REFUSED without records are reported alike; only NOERROR means "none".
        no_records(error)
    } else {
        DnsError::Temporary(error.to_string())
    }
}

fn no_records(error: &NetError) -> DnsError {
    use hickory_resolver::net::DnsError as Semantic;
    use hickory_resolver::proto::op::ResponseCode;
    match error {
        NetError::Dns(Semantic::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError => {
            DnsError::NoRecords
        }
        _ => DnsError::Temporary(error.to_string()),
    }
}
