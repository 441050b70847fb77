//! Revocation lists (RFC 5280 §5) decoded, once for all that is held against them, and found by their authority's name. A list of
//! 8 MiB costs a good part of a second to decode; sorted for look-ups it is at the first one. Judges no chain and no signature.

use std::collections::BTreeMap;

use openssl::x509::{CrlStatus, X509, X509Crl, X509NameRef};

/// Lists that can be asked.
#[derive(Default)]
pub(crate) struct DecodedLists {
    /// By the DER of the name that they bear.
    by_name: BTreeMap<Vec<u8>, Vec<X509Crl>>,
}

impl DecodedLists {
    /// Those of these (DER) that can be read: one that cannot is as good as none.
    pub(crate) fn of<T: AsRef<[u8]>>(ders: &[T]) -> Self {
        let mut lists = Self::default();
        for crl in ders.iter().filter_map(|der| X509Crl::from_der(der.as_ref()).ok()) {
            lists.by_name.entry(named(crl.issuer_name())).or_default().push(crl);
        }
        lists
    }

    /// Whether the certificate stands on any of them. Whose signature is on a list is not looked at: one that nobody signed takes
    /// trust away and gives none.
    pub(crate) fn have(&self, certificate: &X509) -> bool {
        let of_its_authority = self.by_name.get(&named(certificate.issuer_name()));
        of_its_authority.into_iter().flatten().any(|crl| match crl.get_by_cert(certificate) {
            CrlStatus::Revoked(_) => true,
            CrlStatus::NotRevoked | CrlStatus::RemoveFromCrl(_) => false,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Those that alone say who is not revoked. One of changes does not, and OpenSSL 3.6.3 takes it for a whole one
    /// (RFC 5280 §5.2.4: it is used together with a complete list).
    pub(crate) fn complete(&self) -> impl Iterator<Item = &X509Crl> {
        self.all().filter(|crl| !sealpost_cms::is_delta_crl(crl))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &X509Crl> {
        self.by_name.values().flatten()
    }
}

/// A name that cannot be written is that of no certificate.
fn named(name: &X509NameRef) -> Vec<u8> {
    name.to_der().unwrap_or_default()
}
