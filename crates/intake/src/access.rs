//! Who may send letters at a listener, and to whom (the refusal at connect is in `slots`). Decides from facts; opens
//! nothing.

use std::net::IpAddr;
use std::path::PathBuf;

use sealpost_mail::{Address, Domain, DomainPattern, Network};
use sealpost_proxied::{PeerRole, Proxies};

/// The access rules of one listener. Any of the three rights is sufficient; without one, a client may send to `domains`
/// only.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Clients in these networks may send to anyone.
    pub networks: Vec<Network>,
    /// Clients with a login may send to anyone; AUTH is offered over TLS only.
    pub auth: bool,
    /// Clients with one of these certificates may send to anyone.
    pub certificates: ClientCertificates,
    /// Anyone may send to these domains (exact, no subdomains). Empty: clients without a right are refused.
    pub domains: Vec<Domain>,
    /// The operator's own domains: a local part there must not be readable as an address elsewhere, whatever the sender
    /// is.
    pub own: Vec<DomainPattern>,
    /// Proxies that announce a client's address before the connection (the PROXY protocol).
    pub proxies: Proxies,
    /// Proxies that may announce their client within a session (XCLIENT).
    pub xclient: Vec<Network>,
    /// Whether they may announce another client on the same connection.
    pub renaming: Renaming,
}

/// How a second XCLIENT in one session is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Renaming {
    /// As an unknown command: it may be the client's own.
    #[default]
    Refused,
    /// Accepted, for proxies that parse every command and never pass on a client's XCLIENT.
    Taken,
}

/// Client certificates that give a right.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificates {
    /// SHA-256 of the whole certificate (DER). A pinned certificate needs no CA, and its validity dates are not
    /// checked: the pin is the trust.
    pub pins: Vec<[u8; 32]>,
    /// File with CA certificates (PEM); certificates they issued for client authentication count.
    pub ca: Option<PathBuf>,
}

impl ClientCertificates {
    /// Whether no client certificates are requested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty() && self.ca.is_none()
    }
}

/// Why a client may send to anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// The client's address is in a network that may send.
    Network,
    /// The client logged in.
    Login,
    /// The client showed a certificate that may send.
    Certificate,
}

/// What a session has proved so far.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The address of the client.
    pub peer: IpAddr,
    /// Whether it has logged in.
    pub login: bool,
    /// Whether it has shown an accepted certificate.
    pub certificate: bool,
}

impl Access {
    /// Why the client may send to anyone, if it may.
    #[must_use]
    pub fn right(&self, shown: Shown) -> Option<Right> {
        if self.networks.iter().any(|network| network.contains(shown.peer)) && !self.is_balancer(shown.peer) {
            Some(Right::Network)
        } else if self.auth && shown.login {
            Some(Right::Login)
        } else if !self.certificates.is_empty() && shown.certificate {
            Some(Right::Certificate)
        } else {
            None
        }
    }

    /// Whether a client at this address may announce others by XCLIENT.
    pub(crate) fn names_others(&self, peer: IpAddr) -> bool {
        self.xclient.iter().any(|proxy| proxy.contains(peer)) && !self.is_balancer(peer)
    }

    /// SECURITY: a connection from a balancer's own address comes from something that was not announced, so this
    /// address gives no right.
    fn is_balancer(&self, peer: IpAddr) -> bool {
        self.proxies.role(peer) == PeerRole::Proxy
    }

    /// Whether a client without a right could still obtain one.
    pub(crate) fn can_be_earned(&self) -> bool {
        self.auth || !self.certificates.is_empty()
    }

    /// Whether a server of the operator might forward this to another address.
    #[must_use]
    pub fn leads_elsewhere(&self, recipient: &Address) -> bool {
        let domain = recipient.domain();
        let own = self.domains.contains(domain) || self.own.iter().any(|pattern| pattern.covers(domain));
        own && recipient.leads_elsewhere()
    }

    /// Whether clients without a right may send to this recipient; `postmaster` is our own (RFC 5321 §4.5.1).
    pub(crate) fn is_ours(&self, recipient: &Address, postmaster: &Address) -> bool {
        !self.domains.is_empty() && (self.domains.contains(recipient.domain()) || recipient == postmaster)
    }
}

#[cfg(test)]
mod tests {
    use sealpost_proxied::Others;

    use super::*;

    #[test]
    fn a_login_counts_only_where_logins_count() {
        let shown = Shown { peer: "192.0.2.1".parse().unwrap(), login: true, certificate: true };
        assert_eq!(Access::default().right(shown), None);
        assert_eq!(Access { auth: true, ..Access::default() }.right(shown), Some(Right::Login));
        let certificates = ClientCertificates { pins: vec![[0; 32]], ca: None };
        assert_eq!(Access { certificates, ..Access::default() }.right(shown), Some(Right::Certificate));
    }

    #[test]
    fn a_balancers_own_address_gives_no_right() {
        let network = |text| Network::parse(text).unwrap();
        let access = Access {
            networks: vec![network("192.0.2.0/24")],
            xclient: vec![network("192.0.2.0/24")],
            proxies: Proxies::new(vec![network("192.0.2.5")], Others::Refused),
            ..Access::default()
        };
        let right = |peer: &str| {
            access.right(Shown { peer: peer.parse().unwrap(), login: false, certificate: false })
        };
        assert_eq!((right("192.0.2.4"), right("192.0.2.5")), (Some(Right::Network), None));
        assert_eq!(right("::ffff:192.0.2.5"), None);
        assert!(access.names_others("192.0.2.4".parse().unwrap()));
        assert!(!access.names_others("192.0.2.5".parse().unwrap()));
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
