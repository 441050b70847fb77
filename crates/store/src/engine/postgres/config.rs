//! Address of the PostgreSQL server and our credentials. Knows no statement.

use std::path::PathBuf;
use std::time::Duration;

use sealpost_mail::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::node_row::NewNode;

/// Timeout for connecting to one host.
const CONNECT: Duration = Duration::from_secs(5);

/// A peer that disappeared is noticed within about half a minute.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVES: u32 = 3;
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Every machine that may be the primary; the one that accepts writes is used.
    pub hosts: Vec<PostgresHost>,
    /// Name of the database.
    pub database: String,
    /// Our user name.
    pub user: String,
    /// Password, if the server requires one.
    pub password: Option<Secret<String>>,
    /// The schema, used by us alone. Letters, digits and `_`.
    pub schema: String,
    /// How the connection is protected.
    pub tls: PostgresTls,
    /// Connections for writing; 16 is a good value.
    pub writers: usize,
    /// Connections for reading; 4 is a good value.
    pub readers: usize,
    /// What a `250` survives.
    pub durability: Durability,
    /// The serving node, if this process serves; commands have none.
    pub node: Option<NewNode>,
    /// How long a caller waits for a connection and everything before it, and so for a new primary; and how
    /// long a commit may take, and so its standby. 30 seconds is a good value.
    pub patience: Duration,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresHost {
    /// Its name or address, or the folder of its socket, which begins with a slash.
    pub name: String,
    /// Its port.
    pub port: u16,
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresTls {
    /// None: only within one machine.
    Off,
    /// TLS; the server's certificate is issued by the authorities in this file for the host's name.
    Verified {
        /// PEM file.
        authorities: PathBuf,
    },
}

/// What a `250` survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A crash of the primary, if its disk survives.
    #[default]
    Local,
    /// The loss of the primary: a synchronous standby has the data too. Without one, start-up fails.
    Replicated,
}

impl PostgresOptions {
    /// Usual settings for a database on the given host.
    #[must_use]
    pub fn new(host: PostgresHost, database: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            hosts: vec![host],
            database: database.into(),
            user: user.into(),
            password: None,
            schema: "sealpost".to_owned(),
            tls: PostgresTls::Off,
            writers: 16,
            readers: 4,
            durability: Durability::Local,
            node: None,
            patience: Duration::from_secs(30),
        }
    }

    /// Whether the schema's name can be used in SQL unquoted.
    #[must_use]
    pub fn is_schema_name(name: &str) -> bool {
        (1..=63).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.starts_with("pg_")
    }

    pub(super) fn to_driver(&self) -> Config {
        let mut config = Config::new();
        for host in &self.hosts {
            if host.name.starts_with('/') {
                config.host_path(&host.name);
            } else {
                config.host(&host.name);
            }
            config.port(host.port);
        }
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        config
            .dbname(&self.database)
            .user(&self.user)
            .application_name("sealpost")
            .ssl_mode(match self.tls {
                PostgresTls::Off => SslMode::Disable,
                PostgresTls::Verified { .. } => SslMode::Require,
            })
            // A standby, or a former primary, accepts no letters.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVES)
            .tcp_user_timeout(UNACKNOWLEDGED);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::PostgresOptions;

    #[test]
    fn a_schema_is_named_so_that_it_needs_no_quotes() {
        for good in ["sealpost", "tenant_7"] {
            assert!(PostgresOptions::is_schema_name(good), "{good}");
        }
        for bad in ["", "Sealpost", "7", "a;b", "a\"b", "pg_catalog", "ä"] {
            assert!(!PostgresOptions::is_schema_name(bad), "{bad}");
        }
    }
}
