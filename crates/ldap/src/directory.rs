//! A directory as configured by the operator: server, security, query. Opens no connection.

use std::time::Duration;

use sealpost_delivery::IpNet;
use sealpost_mail::Domain;
use sealpost_tls::Trust;
use thiserror::Error;
use url::Url;

use crate::filter::Filter;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet.
    Ldaps,
    /// TLS after both have agreed (RFC 4511 §4.14); without it nothing is asked.
    StartTls,
    /// Not protected at all: only if the operator explicitly allows it.
    Clear,
}

/// Whether a directory may be queried without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InClear {
    /// Never.
    Refused,
    /// Allowed by the operator.
    Asked,
}

/// Why an address is not a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Malformed.
    #[error("a directory is ldaps://NAME or ldap://NAME, with a port or without, and nothing behind it")]
    Shape,
    /// An IP address: certificates are for names, and a name can be verified.
    #[error("a directory is named, and not numbered: its certificate is for its name")]
    Number,
    /// `ldaps` together with clear text.
    #[error("ldaps:// is TLS from the first octet")]
    ClearLdaps,
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
}

impl Server {
    /// `ldaps://ldap.clinic.example`, or `ldap://` with StartTLS, or in clear if allowed.
    ///
    /// # Errors
    /// It is not a server's address.
    pub fn parse(address: &str, clear: InClear) -> Result<Self, AddressError> {
        let url = Url::parse(address).map_err(|_unreadable| AddressError::Shape)?;
        let (security, port) = match (url.scheme(), clear) {
            ("ldaps", InClear::Refused) => (Security::Ldaps, 636),
            ("ldaps", InClear::Asked) => return Err(AddressError::ClearLdaps),
            ("ldap", InClear::Refused) => (Security::StartTls, 389),
            ("ldap", InClear::Asked) => (Security::Clear, 389),
            (_, InClear::Refused | InClear::Asked) => return Err(AddressError::Shape),
        };
        let bare = matches!(url.path(), "" | "/")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|host| bare && !host.is_empty()).ok_or(AddressError::Shape)?;
        // Also 2130706433 and 0x7f.1, which some accept as IP addresses: no host name ends in a number (RFC
        // 3696 §2).
        let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        if host.starts_with('[') || last.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(AddressError::Number);
        }
        let host = Domain::parse(host).map_err(|_odd| AddressError::Shape)?;
        Ok(Self { host: host.to_string(), port: url.port().unwrap_or(port), security })
    }

    /// How the connection is protected.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security
    }
}

/// A directory and its query.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Its server.
    pub server: Server,
    /// Authorities whose certificates are accepted for its name.
    pub trust: Trust,
    /// Non-public networks in which it may be.
    pub networks: Vec<IpNet>,
    /// The base entry of the search (RFC 4514).
    pub base: String,
    /// The filter of the search.
    pub filter: Filter,
    /// Time limit of a question, from the name look-up to the last octet.
    pub deadline: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_what_is_meant_unless_somebody_says_otherwise() {
        let parsed = |address: &str, clear| {
            let server = Server::parse(address, clear).unwrap();
            (server.host, server.port, server.security)
        };
        let at = |port, security| ("ldap.clinic.example".to_owned(), port, security);
        assert_eq!(parsed("ldaps://ldap.clinic.example", InClear::Refused), at(636, Security::Ldaps));
        assert_eq!(parsed("ldap://LDAP.clinic.example/", InClear::Refused), at(389, Security::StartTls));
        assert_eq!(parsed("ldap://ldap.clinic.example:1389", InClear::Asked), at(1389, Security::Clear));
        assert_eq!(
            Server::parse("ldaps://ldap.clinic.example", InClear::Asked),
            Err(AddressError::ClearLdaps)
        );
    }

    #[test]
    fn only_names_of_servers() {
        for odd in [
            "https://ldap.clinic.example",
            "ldap://",
            "ldap.clinic.example",
            "ldap://a@ldap.clinic.example",
            "ldap://a:b@ldap.clinic.example",
            "ldap://ldap.clinic.example/o=Clinic",
            "ldap://ldap.clinic.example/?mail?sub",
            "ldap://ldap.clinic.example#x",
            "ldapi://%2frun%2fslapd%2fldapi",
            "ldap://ldap_clinic.example",
        ] {
            assert_eq!(Server::parse(odd, InClear::Refused), Err(AddressError::Shape), "{odd}");
        }
        for number in
            ["ldap://127.0.0.1", "ldap://[::1]", "ldap://2130706433", "ldap://0x7f.1", "ldap://10.1/"]
        {
            assert_eq!(Server::parse(number, InClear::Refused), Err(AddressError::Number), "{number}");
        }
    }
}
