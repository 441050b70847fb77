//! The names and validity of a TLS certificate. Verifies nothing and knows no connection.

use std::net::IpAddr;
use std::path::Path;

use openssl::x509::X509;
use sealpost_mail::Timestamp;

use crate::smime::certificate::moment;

/// Its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Start of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl ServerCertificate {
    /// The certificates in a PEM file, in order: the server's own is the first. `None`: not readable.
    #[must_use]
    pub fn all_in(file: &Path) -> Option<Vec<Self>> {
        let pem = std::fs::read(file).ok()?;
        X509::stack_from_pem(&pem).ok()?.iter().map(Self::of).collect()
    }

    fn of(certificate: &X509) -> Option<Self> {
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        for name in certificate.subject_alt_names().into_iter().flatten() {
            names.extend(name.dnsname().map(str::to_ascii_lowercase));
            addresses.extend(match name.ipaddress() {
                Some(&[a, b, c, d]) => Some(IpAddr::from([a, b, c, d])),
                Some(octets) => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
                None => None,
            });
        }
        Some(Self {
            not_before: moment(certificate.not_before()).ok()?,
            not_after: moment(certificate.not_after()).ok()?,
            names,
            addresses,
        })
    }

    /// Whether it is for this host: a name, or an address. RFC 9525 §6.3: a wildcard matches one whole label, and the
    /// subject's common name does not count.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        let parent = host.split_once('.').map(|(_label, parent)| parent);
        self.names
            .iter()
            .any(|name| *name == host || name.strip_prefix("*.").is_some_and(|under| parent == Some(under)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_for_its_names_alone() {
        let of = |names: &[&str]| ServerCertificate {
            not_before: Timestamp(0),
            not_after: Timestamp(0),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            addresses: vec![IpAddr::from([192, 0, 2, 1])],
        };
        for (names, host, fits) in [
            (&["mail.insurer.example"][..], "mail.insurer.example", true),
            (&["mail.insurer.example"], "MAIL.insurer.example.", true),
            (&["mail.insurer.example"], "insurer.example", false),
            (&["*.insurer.example"], "mail.insurer.example", true),
            (&["*.insurer.example"], "a.mail.insurer.example", false),
            (&["*.insurer.example"], "insurer.example", false),
            (&[], "192.0.2.1", true),
            (&["192.0.2.2"], "192.0.2.2", false),
        ] {
            assert_eq!(of(names).is_for(host), fits, "{names:?} {host}");
        }
    }
}
