//! Who may hand in letters at a listener, and for whom. Decides from facts; opens nothing.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use sealpost_mail::{Address, Domain};
use thiserror::Error;

/// The access of one listener. Any of the three rights is enough; with none of them a client may hand in
/// letters for `domains` only.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Clients from here may send to anyone.
    pub networks: Vec<Network>,
    /// Clients with a login may send to anyone; AUTH is offered over TLS only.
    pub auth: bool,
    /// Clients with one of these certificates may send to anyone.
    pub certificates: ClientCertificates,
    /// Anyone may send to these domains (exact, no subdomains). Empty: no letters from strangers.
    pub domains: Vec<Domain>,
}

/// Client certificates that give a right.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificates {
    /// SHA-256 of the whole certificate (DER). A pinned certificate needs no CA and is not asked for its
    /// dates: the pin is the trust.
    pub pins: Vec<[u8; 32]>,
    /// File with CA certificates (PEM); certificates they issued for client authentication count.
    pub ca: Option<PathBuf>,
}

impl ClientCertificates {
    /// Whether a client is asked for its certificate at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty() && self.ca.is_none()
    }
}

/// Why a client may send to anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// By its address.
    Network,
    /// By its login.
    Login,
    /// By its certificate.
    Certificate,
}

/// What a session has shown so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) peer: IpAddr,
    pub(crate) login: bool,
    pub(crate) certificate: bool,
}

impl Access {
    pub(crate) fn right(&self, shown: Shown) -> Option<Right> {
        if self.networks.iter().any(|network| network.contains(shown.peer)) {
            Some(Right::Network)
        } else if self.auth && shown.login {
            Some(Right::Login)
        } else if !self.certificates.is_empty() && shown.certificate {
            Some(Right::Certificate)
        } else {
            None
        }
    }

    /// Whether a client without a right could still earn one.
    pub(crate) fn can_be_earned(&self) -> bool {
        self.auth || !self.certificates.is_empty()
    }

    /// Whether strangers may send to this recipient; `postmaster` is our own (RFC 5321 §4.5.1).
    pub(crate) fn is_ours(&self, recipient: &Address, postmaster: &Address) -> bool {
        !self.domains.is_empty() && (self.domains.contains(recipient.domain()) || recipient == postmaster)
    }
}

/// A network: `192.0.2.0/24`, `2001:db8::/32`, or a single address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Not an address.
    #[error("not an IP address; write it like 192.0.2.0/24 or 2001:db8::/32")]
    Address,
    /// Not a prefix length.
    #[error("the number after the slash must be at most 32 for IPv4, 128 for IPv6")]
    Prefix,
    /// `10.1.2.3/8` says two things at once.
    #[error("the address has bits set beyond the prefix; set them to zero or write a longer prefix")]
    HostBits,
}

impl Network {
    /// Whether `address` is inside; IPv4-mapped IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask32(self.prefix) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask128(self.prefix) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn mask32(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(prefix))).unwrap_or(0)
}

fn mask128(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(prefix))).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.trim().parse().map_err(|_parse| NetworkError::Address)?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse::<u8>().map_err(|_parse| NetworkError::Prefix)?,
            None => longest,
        };
        if prefix > longest {
            return Err(NetworkError::Prefix);
        }
        let beyond = match base {
            IpAddr::V4(v4) => v4.to_bits() & !mask32(prefix) != 0,
            IpAddr::V6(v6) => v6.to_bits() & !mask128(prefix) != 0,
        };
        if beyond { Err(NetworkError::HostBits) } else { Ok(Self { base, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Network, NetworkError> {
        text.parse()
    }

    fn inside(text: &str, address: &str) -> bool {
        network(text).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks_contain_what_they_say() {
        assert!(inside("127.0.0.1", "127.0.0.1"));
        assert!(!inside("127.0.0.1", "127.0.0.2"));
        assert!(inside("10.0.0.0/8", "10.255.1.1"));
        assert!(!inside("10.0.0.0/8", "11.0.0.0"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1"));
        assert!(inside("::/0", "2001:db8::1"));
        assert!(inside("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(!inside("::/0", "::ffff:192.0.2.7"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert_eq!(network("10.1.2.3/8"), Err(NetworkError::HostBits));
        assert_eq!(network("10.0.0.0/33"), Err(NetworkError::Prefix));
        assert_eq!(network("10.0.0.0/x"), Err(NetworkError::Prefix));
        assert_eq!(network("localhost"), Err(NetworkError::Address));
        assert_eq!(network("::/129"), Err(NetworkError::Prefix));
    }

    #[test]
    fn a_login_counts_only_where_logins_count() {
        let shown = Shown { peer: "192.0.2.1".parse().unwrap(), login: true, certificate: true };
        assert_eq!(Access::default().right(shown), None);
        assert_eq!(Access { auth: true, ..Access::default() }.right(shown), Some(Right::Login));
        let certificates = ClientCertificates { pins: vec![[0; 32]], ca: None };
        assert_eq!(Access { certificates, ..Access::default() }.right(shown), Some(Right::Certificate));
    }

    #[test]
    fn strangers_reach_our_domains_and_postmaster_only() {
        let address = |text| Address::parse(text).unwrap();
        let postmaster = address("postmaster@gw.example");
        let access = Access { domains: vec![Domain::parse("insurer.example").unwrap()], ..Access::default() };
        assert!(access.is_ours(&address("a@Insurer.example"), &postmaster));
        assert!(access.is_ours(&postmaster, &postmaster));
        assert!(!access.is_ours(&address("a@sub.insurer.example"), &postmaster));
        assert!(!access.is_ours(&address("a@gw.example"), &postmaster));
        assert!(!Access::default().is_ours(&postmaster, &postmaster));
    }
}
