//! Decoded revocation lists (RFC 5280 §5), found by their authority's name. Decoding a list of 8 MiB takes a good part of a second;
//! it is sorted at the first look-up. Judges no chain and no signature.

use std::collections::BTreeMap;

use openssl::x509::{CrlStatus, X509, X509Crl, X509NameRef};

use super::list_scope::ListScope;

/// Lists for look-ups.
#[derive(Default)]
pub(crate) struct DecodedLists {
    /// By the DER of their issuer's name.
    by_name: BTreeMap<Vec<u8>, Vec<Decoded>>,
}

struct Decoded {
    crl: X509Crl,
    scope: ListScope,
}

impl DecodedLists {
    /// From these lists (DER); unreadable ones are skipped.
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

    /// Whether any of them names the certificate. Their signatures are not verified: an unsigned list only removes trust, never
    /// gives it.
    pub(crate) fn have(&self, certificate: &X509) -> bool {
        self.of_its_authority(certificate).any(|list| match list.crl.get_by_cert(certificate) {
            CrlStatus::Revoked(_) => true,
            CrlStatus::NotRevoked | CrlStatus::RemoveFromCrl(_) => false,
        })
    }

    /// Whether there is one of its authority at all, valid or not.
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

/// A name that cannot be encoded matches no certificate.
fn named(name: &X509NameRef) -> Vec<u8> {
    name.to_der().unwrap_or_default()
}
