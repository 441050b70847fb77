//! Our published keys, prepared once and again when a key changes. Has public parts only: it cannot be given the key
//! that opens private ones.

use std::sync::{Arc, Mutex, PoisonError};

use sealpost_mail::{Domain, Timestamp};
use sealpost_seal::Method;
use sealpost_store::{OwnKeyMark, OwnKeyState};

use crate::error::PartnerError;
use crate::own_keys::{PublicKeys, Published};

/// A published key.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The key.
    pub key: Published,
    /// PEM, or ASCII armour.
    pub text: String,
    /// Certificate and chain in one file (`.p7c`).
    pub certificates_only: Option<Vec<u8>>,
    directory: Vec<WkdKey>,
}

/// An OpenPGP key under one of its addresses.
#[derive(Clone, Debug)]
struct WkdKey {
    domain: Domain,
    name: String,
    key: Vec<u8>,
}

/// Our current keys, newest first.
#[derive(Debug, Default)]
pub struct Window(Mutex<Option<CachedKeys>>);

#[derive(Clone, Debug)]
struct CachedKeys {
    marks: Vec<OwnKeyMark>,
    shown: Arc<Vec<Shown>>,
}

impl Window {
    /// The current keys; each says whether it is valid now. Reads a few bytes of the store each time, and the keys only
    /// if these have changed.
    pub async fn look(&self, keys: PublicKeys<'_>) -> Result<Arc<Vec<Shown>>, PartnerError> {
        let marks = keys.store.own_key_marks().await?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| kept.marks == marks) {
            return Ok(kept.shown);
        }
        let mut shown = Vec::new();
        for key in keys.all().await? {
            match key.state {
                OwnKeyState::Current => shown.push(Shown::of(key)?),
                OwnKeyState::Retired => {}
            }
        }
        shown.sort_by_key(|shown| std::cmp::Reverse(shown.key.since));
        let shown = Arc::new(shown);
        // The marks were read before the keys: a change in between is seen the next time.
        let kept = CachedKeys { marks, shown: Arc::clone(&shown) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(shown)
    }

    /// The OpenPGP key of an address, by its hashed name in a directory; without a domain, of any domain of ours if
    /// only one has such an address.
    pub async fn in_directory(
        &self,
        keys: PublicKeys<'_>,
        domain: Option<&Domain>,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, PartnerError> {
        let all = self.look(keys).await?;
        let good = all.iter().filter(|shown| shown.is_good(now));
        let asked =
            |entry: &&WkdKey| entry.name == name && domain.is_none_or(|domain| *domain == entry.domain);
        let mut found = good.flat_map(|shown| &shown.directory).filter(asked);
        let first = found.next();
        let is_one = first.is_some_and(|first| found.all(|other| other.domain == first.domain));
        Ok(first.filter(|_| is_one).map(|entry| entry.key.clone()))
    }

    /// Whether there is an OpenPGP key for this domain.
    pub async fn has_directory(
        &self,
        keys: PublicKeys<'_>,
        domain: Option<&Domain>,
        now: Timestamp,
    ) -> Result<bool, PartnerError> {
        let all = self.look(keys).await?;
        let good = all.iter().filter(|shown| shown.is_good(now));
        let mut entries = good.flat_map(|shown| &shown.directory);
        Ok(entries.any(|entry| domain.is_none_or(|domain| *domain == entry.domain)))
    }
}

impl Shown {
    fn of(key: Published) -> Result<Self, PartnerError> {
        let wrong = |source| PartnerError::Key { id: key.id.clone(), source };
        let text = key.key.to_text().map_err(wrong)?;
        let certificates_only = key.key.certificates_only();
        let mut directory = Vec::new();
        // A directory is trusted for its own domain only.
        for address in key.key.facts().addresses.iter().filter(|one| key.domains.contains(one.domain())) {
            if let Some(bytes) = key.key.for_address(address).map_err(wrong)? {
                let name = sealpost_seal::wkd_name(address.local());
                directory.push(WkdKey { domain: address.domain().clone(), name, key: bytes });
            }
        }
        Ok(Self { key, text, certificates_only, directory })
    }

    /// S/MIME or OpenPGP.
    #[must_use]
    pub fn method(&self) -> Method {
        self.key.key.method()
    }

    /// An expired or revoked one is not shown.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        let facts = self.key.key.facts();
        !facts.revoked && facts.not_after.is_none_or(|end| end > now)
    }
}
