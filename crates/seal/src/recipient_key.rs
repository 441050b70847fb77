//! The public side of a key of ours: what the worker needs to recognise a layer for us, and nothing private. Computed
//! once and not for every letter, since parsing an OpenPGP key verifies all its signatures. Knows no letter.

use sequoia_openpgp::KeyID;
use serde::{Deserialize, Serialize};

use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;
use crate::pgp;

/// The public side of a key of ours, to be matched with a letter's recipients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientKey {
    fingerprint: Fingerprint,
    named_by: NamedBy,
}

/// How letters name a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NamedBy {
    /// Issuer and serial number, or key identifier, of this certificate (DER).
    Certificate(#[serde(with = "crate::base64_bytes")] Vec<u8>),
    /// The ids of its decryption subkeys.
    KeyIds(#[serde(with = "crate::base64_list")] Vec<Vec<u8>>),
}

impl RecipientKey {
    /// From this public key.
    #[must_use]
    pub fn of(public: &PartnerKey) -> Self {
        let named_by = match public.method() {
            Method::Smime => NamedBy::Certificate(public.as_bytes().to_vec()),
            Method::OpenPgp => {
                let ids = public.cert().map(|cert| pgp::key::decrypting_ids(&cert)).unwrap_or_default();
                NamedBy::KeyIds(ids.iter().map(|id| id.as_bytes().to_vec()).collect())
            }
        };
        Self { fingerprint: public.facts().fingerprint.clone(), named_by }
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// DER of the certificate, for S/MIME.
    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        match &self.named_by {
            NamedBy::Certificate(der) => Some(der),
            NamedBy::KeyIds(_) => None,
        }
    }

    /// The key ids; empty for S/MIME.
    pub(crate) fn key_ids(&self) -> impl Iterator<Item = KeyID> {
        let ids = match &self.named_by {
            NamedBy::Certificate(_) => &[][..],
            NamedBy::KeyIds(ids) => ids.as_slice(),
        };
        ids.iter().map(|id| KeyID::from_bytes(id))
    }
}
