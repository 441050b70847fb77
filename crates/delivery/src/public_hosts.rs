//! Connects to hosts on the public internet, or in networks that the operator has named: to an address that
//! was checked, not to one that the name resolves to a moment later. Sends nothing, and does not know what is
//! asked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use thiserror::Error;
use tokio::net::TcpStream;

use crate::error::DeliveryError;
use crate::public_internet::is_public;
use crate::resolve::{DnsError, Resolver, SystemResolver};

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The name cannot be resolved.
    #[error("{host}: {source}")]
    Name {
        /// The host.
        host: String,
        /// The resolver's error.
        source: DnsError,
    },
    /// The name resolves to a non-public address.
    #[error("{host} is at {address}, which is no address of the public internet")]
    Inside {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// The connection was not accepted.
    #[error("{host}: {cause}")]
    Unreachable {
        /// The host.
        host: String,
        /// The system's error.
        cause: String,
    },
}

/// Connects to public hosts.
pub struct PublicHosts {
    resolver: Arc<dyn Resolver>,
    /// Non-public networks to which connections are allowed.
    networks: Vec<IpNet>,
}

impl PublicHosts {
    /// With the system's name servers.
    ///
    /// # Errors
    /// There are none.
    pub fn new(networks: Vec<IpNet>) -> Result<Self, DeliveryError> {
        let resolver = SystemResolver::new().map_err(|error| DeliveryError::Config(error.to_string()))?;
        Ok(Self::over(Arc::new(resolver), networks))
    }

    /// With these name servers.
    pub(crate) fn over(resolver: Arc<dyn Resolver>, networks: Vec<IpNet>) -> Self {
        Self { resolver, networks }
    }

    /// A connection to that port of the host.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let found = self.resolver.exchanger(host).await.map(|answer| answer.records);
        let found = found.map_err(|source| ConnectError::Name { host: host.to_owned(), source })?;
        let may =
            |address: &IpAddr| is_public(*address) || self.networks.iter().any(|net| net.contains(address));
        // One non-public address is reason enough: its publisher wants to learn what answers there.
        if let Some(inside) = found.iter().find(|address| !may(address)) {
            return Err(ConnectError::Inside { host: host.to_owned(), address: *inside });
        }
        let mut cause = "it has no address".to_owned();
        for address in found {
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => cause = error.to_string(),
            }
        }
        Err(ConnectError::Unreachable { host: host.to_owned(), cause })
    }
}
