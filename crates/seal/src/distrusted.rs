//! Keys that the operator has distrusted, recognised in any certificate or key that contains them. Knows no
//! letter.

use openssl::x509::{X509, X509Ref};
use sequoia_openpgp::Fingerprint as KeyPrint;

use crate::key_facts::{Fingerprint, KeyFacts, Method};
use crate::open_result::Distrust;
use crate::opening::DistrustedKey;
use crate::partner_key::PartnerKey;

/// All distrusted keys.
pub(crate) struct Barred(Vec<One>);

struct One {
    fingerprint: Fingerprint,
    /// SubjectPublicKeyInfo: authorities may issue several certificates for one key.
    public: Option<Vec<u8>>,
    /// Primary key and subkeys of an OpenPGP key: a subkey can be bound to another primary key.
    keys: Vec<KeyPrint>,
    why: Distrust,
}

impl Barred {
    pub(crate) fn of(distrusted: &[DistrustedKey]) -> Self {
        Self(distrusted.iter().map(one).collect())
    }

    /// Whether this certificate, or the key in it, is distrusted.
    pub(crate) fn certificate(&self, facts: &KeyFacts, certificate: &X509Ref) -> Option<Distrust> {
        // Encoding a public key costs more than verifying with it, and mostly the list is empty.
        if self.0.is_empty() {
            return None;
        }
        let public = public_key(certificate);
        let same =
            |one: &&One| one.fingerprint == facts.fingerprint || (public.is_some() && one.public == public);
        self.worst(same)
    }

    /// Whether this OpenPGP key, or the subkey that made the signature, is distrusted.
    pub(crate) fn openpgp(&self, key: Option<&PartnerKey>, made_by: Option<&KeyPrint>) -> Option<Distrust> {
        let same = |one: &&One| {
            key.is_some_and(|key| one.fingerprint == key.facts().fingerprint)
                || made_by.is_some_and(|made_by| one.keys.contains(made_by))
        };
        self.worst(same)
    }

    /// Of several verdicts the permanent one.
    fn worst(&self, same: impl Fn(&&One) -> bool) -> Option<Distrust> {
        let found: Vec<Distrust> = self.0.iter().filter(same).map(|one| one.why).collect();
        let is_for_good = |why: &&Distrust| **why != Distrust::Suspended;
        found.iter().find(is_for_good).or_else(|| found.first()).copied()
    }
}

fn one(distrusted: &DistrustedKey) -> One {
    let key = &distrusted.key;
    let (public, keys) = match key.method() {
        Method::Smime => {
            (X509::from_der(key.as_bytes()).ok().and_then(|certificate| public_key(&certificate)), Vec::new())
        }
        Method::OpenPgp => {
            let keys = |cert: sequoia_openpgp::Cert| cert.keys().map(|key| key.key().fingerprint()).collect();
            (None, key.cert().map(keys).unwrap_or_default())
        }
    };
    One { fingerprint: key.facts().fingerprint.clone(), public, keys, why: distrusted.why }
}

fn public_key(certificate: &X509Ref) -> Option<Vec<u8>> {
    certificate.public_key().and_then(|key| key.public_key_to_der()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sequoia_openpgp::cert::CertBuilder;

    #[test]
    fn a_subkey_of_a_revoked_key_stays_barred_under_any_other_key() {
        let (cert, _) = CertBuilder::general_purpose(Some("moor@clinic.example")).generate().unwrap();
        let key = PartnerKey::of_cert(&cert).unwrap();
        let barred = Barred::of(&[DistrustedKey { key, why: Distrust::Revoked }]);
        for part in cert.keys() {
            assert_eq!(barred.openpgp(None, Some(&part.key().fingerprint())), Some(Distrust::Revoked));
        }
        let (other, _) = CertBuilder::general_purpose(Some("moor@clinic.example")).generate().unwrap();
        assert_eq!(barred.openpgp(None, Some(&other.fingerprint())), None);
    }
}
