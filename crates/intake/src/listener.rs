//! The listeners: sockets, places, and the clean stop. Knows nothing of what is said on a connection.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sealpost_mail::Clock;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::limits::{Limits, MemoryBudget};
use crate::reception::{Logins, Reception};
use crate::tls::{TlsError, TlsSource};

/// TLS of a listener.
#[derive(Clone, Debug, Default)]
pub enum Tls {
    /// None; AUTH is then never offered.
    #[default]
    Off,
    /// Offered by STARTTLS (RFC 3207).
    StartTls(TlsSource),
    /// From the first byte (RFC 8314).
    Implicit(TlsSource),
}

/// One listener.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Its name in the configuration; travels as [`sealpost_mail::Origin::listener`].
    pub name: String,
    /// Where it listens; port 0 takes a free one.
    pub addresses: Vec<SocketAddr>,
    /// Our name in the greeting and in EHLO, and the domain of `postmaster`.
    pub hostname: String,
    /// Its TLS.
    pub tls: Tls,
    /// No letters without TLS (only with `StartTls`; `Implicit` is always TLS).
    pub tls_required: bool,
    /// Who may send.
    pub access: Access,
    /// How much.
    pub limits: Limits,
}

/// Why the intake cannot start.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// The address cannot be had.
    #[error("listener {listener}: cannot listen at {address}: {source}")]
    Bind {
        /// The listener's name.
        listener: String,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The host name is no domain.
    #[error("listener {listener}: hostname must be a domain name or an address literal like [192.0.2.1]")]
    Hostname {
        /// The listener's name.
        listener: String,
    },
    /// The configuration contradicts itself.
    #[error("listener {listener}: {what}")]
    Contradiction {
        /// The listener's name.
        listener: String,
        /// What contradicts what, and how to mend it.
        what: &'static str,
    },
    /// TLS does not work.
    #[error("listener {listener}: {source}")]
    Tls {
        /// The listener's name.
        listener: String,
        /// What is wrong.
        source: TlsError,
    },
}

/// All listeners, bound and not yet running.
pub struct Intake {
    addresses: Vec<(String, SocketAddr)>,
}

impl Intake {
    /// Binds every address of every listener.
    ///
    /// # Errors
    /// When an address cannot be had or a configuration cannot work.
    #[expect(clippy::needless_pass_by_value, reason = "skeleton")]
    pub fn bind(
        configs: Vec<ListenerConfig>,
        reception: Arc<dyn Reception>,
        logins: Arc<dyn Logins>,
        clock: Arc<dyn Clock>,
        memory: MemoryBudget,
    ) -> Result<Self, IntakeError> {
        let _ = (configs, reception, logins, clock, memory, PathBuf::new());
        Ok(Self { addresses: Vec::new() })
    }

    /// Listener names with the addresses they really have (a port for every port 0).
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.addresses.clone()
    }

    /// Takes letters in until `stop`; then finishes those under way (at most [`Limits::drain`]) and
    /// answers 421 to everybody else.
    pub async fn run(self, stop: CancellationToken) {
        stop.cancelled().await;
    }
}
