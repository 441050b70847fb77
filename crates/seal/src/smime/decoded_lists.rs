//! Revocation lists (RFC 5280 §5) decoded, once for all that is held against them, and found by their authority's name. A list of
//! 8 MiB costs a good part of a second to decode; sorted for look-ups it is at the first one. Judges no chain and no signature.

use std::collections::BTreeMap;

use openssl::x509::{CrlStatus, X509, X509Crl, X509NameRef};

use super::list_scope::ListScope;

/// Lists that can be asked.
#[derive(Default)]
pub(crate) struct DecodedLists {
    /// By the DER of the name that they bear.
    by_name: BTreeMap<Vec<u8>, Vec<Decoded>>,
}

struct Decoded {
    crl: X509Crl,
    scope: ListScope,
}

impl DecodedLists {
    /// Those of these (DER) that can be read: one that cannot is as good as none.
    pub(crate) fn of<T: AsRef<[u8]>>(ders: &[T]) -> Self {
        let mut lists = Self::default();
        for der in ders.iter().map(AsRef::as_ref) {
            if let Ok(crl) = X509Crl::from_der(der) {
                let of_its_authority = lists.by_name.entry(named(crl.issuer_name())).or_default();
                of_its_authority.push(Decoded { crl, scope: ListScope::of(der) });
            }
        }
        lists
    }

    /// Whether the certificate stands on any of them. Whose signature is on a list is not looked at: one that nobody signed takes
    /// trust away and gives none.
    pub(crate) fn have(&self, certificate: &X509) -> bool {
        self.of_its_authority(certificate).any(|list| match list.crl.get_by_cert(certificate) {
            CrlStatus::Revoked(_) => true,
            CrlStatus::NotRevoked | CrlStatus::RemoveFromCrl(_) => false,
        })
    }

    /// Whether there is one of its authority at all, whatever it is worth.
    pub(crate) fn know_its_authority(&self, certificate: &X509) -> bool {
        self.of_its_authority(certificate).next().is_some()
    }

    fn of_its_authority(&self, certificate: &X509) -> impl Iterator<Item = &Decoded> {
        self.by_name.get(&named(certificate.issuer_name())).into_iter().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Those that say by themselves who is not revoked.
    pub(crate) fn complete(&self) -> impl Iterator<Item = &X509Crl> {
        let complete = |list: &&Decoded| list.scope == ListScope::Complete;
        self.by_name.values().flatten().filter(complete).map(|list| &list.crl)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &X509Crl> {
        self.by_name.values().flatten().map(|list| &list.crl)
    }
}

/// A name that cannot be written is that of no certificate.
fn named(name: &X509NameRef) -> Vec<u8> {
    name.to_der().unwrap_or_default()
}
