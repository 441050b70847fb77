//! Our own keys for exchanging letters with partners. The public part is sealed so that whoever shows it to the world
//! can prove it; the private part opens only for who closes and opens letters, and who manages keys.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sealpost_mail::{Domain, Random, Secret, Timestamp};
use sealpost_seal::{Lends, Method, OwnKey, PartnerKey, Purpose, Tokens};
use sealpost_store::{AuditRow, OwnKeyRow, OwnKeyState, Store};
use sealpost_vault::{KeyringKey, Label, RowKey};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use crate::error::PartnerError;
use crate::partner_rows::done;

/// What everybody may know of a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: OwnKeyState,
    /// The domains whose letters it signs.
    pub domains: Vec<Domain>,
    /// The certificate or OpenPGP key that partners are given.
    pub key: PartnerKey,
    /// When it was made or brought.
    pub since: Timestamp,
}

/// A key of ours with its private side.
#[derive(Debug)]
pub struct Own {
    /// What everybody may know.
    pub public: Published,
    /// The whole key.
    pub key: OwnKey,
}

#[derive(Serialize, Deserialize)]
struct Record {
    domains: Vec<Domain>,
    key: PartnerKey,
    since: Timestamp,
}

/// Reads the public sides: for the page that shows them.
#[derive(Clone, Copy)]
pub struct PublicKeys<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals them.
    pub rows: &'a RowKey,
}

/// Reads and writes both sides.
#[derive(Clone, Copy)]
pub struct OwnKeys<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals public sides.
    pub rows: &'a RowKey,
    /// What seals private sides.
    pub keyring: &'a KeyringKey,
}

impl Published {
    /// Whether it signs letters from this domain now.
    #[must_use]
    pub fn signs(&self, domain: &Domain, method: Method, now: Timestamp) -> bool {
        self.signs_anything(method, now) && self.domains.contains(domain)
    }

    /// Whether it signs letters of any domain now.
    #[must_use]
    pub fn signs_anything(&self, method: Method, now: Timestamp) -> bool {
        let current = match self.state {
            OwnKeyState::Current => true,
            OwnKeyState::Retired => false,
        };
        current
            && self.key.method() == method
            && sealpost_seal::judge(self.key.facts(), Purpose::Sign, None, now).is_empty()
    }
}

impl PublicKeys<'_> {
    /// All of them, oldest first. One whose row is not ours is not shown.
    pub async fn all(&self) -> Result<Vec<Published>, PartnerError> {
        let mut keys = Vec::new();
        for row in self.store.own_public_keys().await? {
            match open_public(self.rows, &row.id, row.state, &row.public_sealed) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not shown"),
            }
        }
        Ok(keys)
    }
}

impl OwnKeys<'_> {
    /// All of them, oldest first. One whose row is not ours is not used.
    pub async fn all(&self) -> Result<Vec<Own>, PartnerError> {
        Ok(self.opened(&self.store.own_keys().await?))
    }

    fn opened(&self, rows: &[OwnKeyRow]) -> Vec<Own> {
        let mut keys = Vec::new();
        for row in rows {
            match self.open(row) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not used"),
            }
        }
        keys
    }

    /// All of them as a letter's opener gets them: what is public at once, what is private one by one. The keys of
    /// `domains`, for which the letter is, come first, then the newest.
    pub async fn lending(
        &self,
        domains: &[Domain],
        tokens: Arc<dyn Tokens>,
    ) -> Result<Lending<'_>, PartnerError> {
        let mut keys = Vec::new();
        for row in self.store.own_keys().await? {
            match open_public(self.rows, &row.id, row.state, &row.public_sealed) {
                Ok(public) => keys.push((public, row)),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not used"),
            }
        }
        keys.sort_by_key(|(public, _)| {
            let meant = public.domains.iter().any(|domain| domains.contains(domain));
            (!meant, std::cmp::Reverse(public.since))
        });
        Ok(Lending { own: *self, keys, tokens })
    }

    /// A new one.
    pub async fn add(
        &self,
        own: &Own,
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let row = self.row(own, now, random)?;
        Ok(self.store.add_own_key(&row, noted).await?)
    }

    /// A key as it shall be from now on: retired, or with the certificate an authority has issued for it.
    pub async fn change(
        &self,
        own: &Own,
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let former = self.store.own_keys().await?.into_iter().find(|row| row.id == own.public.id);
        let former = former.ok_or(PartnerError::Overtaken)?;
        let row = self.row(own, now, random)?;
        done(self.store.change_own_key(&former, &row, noted).await?)
    }

    pub(crate) fn open(&self, row: &OwnKeyRow) -> Result<Own, PartnerError> {
        let public = open_public(self.rows, &row.id, row.state, &row.public_sealed)?;
        let secret = self.secret(&public, row)?;
        let key = OwnKey::from_bytes(secret.expose())
            .map_err(|source| PartnerError::Key { id: row.id.clone(), source })?;
        // Both sides are sealed, and by different keys: one that was put beside another is not used.
        if key.facts().fingerprint != public.key.facts().fingerprint {
            return Err(PartnerError::Moved { what: "our key", id: row.id.clone() });
        }
        Ok(Own { public, key })
    }

    /// The private key of this very public one, as [`OwnKey::to_bytes`] gave it.
    fn secret(&self, public: &Published, row: &OwnKeyRow) -> Result<Secret<Vec<u8>>, PartnerError> {
        self.keyring
            .open(Label::OwnKeySecret, &secret_bound(public), &row.secret_sealed)
            .map_err(|source| PartnerError::Forged { what: "our private key", id: row.id.clone(), source })
    }

    pub(crate) fn row(
        &self,
        own: &Own,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<OwnKeyRow, PartnerError> {
        let Own { public, key } = own;
        let record = Record { domains: public.domains.clone(), key: public.key.clone(), since: public.since };
        let plain = serde_json::to_vec(&record).map_err(|source| PartnerError::Record {
            what: "our key",
            id: public.id.clone(),
            source,
        })?;
        let secret = key.to_bytes().map_err(|source| PartnerError::Key { id: public.id.clone(), source })?;
        let (id, state) = (&public.id, public.state);
        Ok(OwnKeyRow {
            id: id.clone(),
            state,
            public_sealed: self.rows.seal(Label::OwnKey, &public_bound(id, state), &plain, random),
            secret_sealed: self.keyring.seal(
                Label::OwnKeySecret,
                &secret_bound(public),
                secret.expose(),
                random,
            ),
            changed_at: now,
        })
    }
}

/// Our keys in use as they were opened last, and from which rows: opening them costs more than many a letter. What is open
/// lies in memory, so it is closed when no letter has needed it for a while.
#[derive(Debug, Default)]
pub struct OpenedKeys(Arc<Mutex<Option<Opened>>>);

/// How long without a letter.
const IDLE: Duration = Duration::from_secs(10 * 60);

#[derive(Debug)]
struct Opened {
    rows: Vec<OwnKeyRow>,
    keys: Arc<Vec<Own>>,
    used: Instant,
}

impl OpenedKeys {
    /// As of now: [`OwnKeys::all`] but retired ones, which sign nothing; done again only where a row has changed.
    pub async fn now(&self, keys: &OwnKeys<'_>) -> Result<Arc<Vec<Own>>, PartnerError> {
        let mut rows = keys.store.own_keys().await?;
        rows.retain(|row| match row.state {
            OwnKeyState::Current => true,
            OwnKeyState::Retired => false,
        });
        if let Some(opened) = self.known(&rows) {
            return Ok(opened);
        }
        let (store, row_key, keyring) = (keys.store.clone(), keys.rows.clone(), keys.keyring.clone());
        let opening = spawn_blocking(move || {
            let keys = OwnKeys { store: &store, rows: &row_key, keyring: &keyring }.opened(&rows);
            (rows, Arc::new(keys))
        });
        let (rows, keys) = opening.await.map_err(|_panicked| PartnerError::NotOpened)?;
        let opened = Opened { rows, keys: Arc::clone(&keys), used: Instant::now() };
        let before = self.last().replace(opened);
        if before.is_none() {
            tokio::spawn(closed_when_idle(Arc::downgrade(&self.0)));
        }
        Ok(keys)
    }

    fn known(&self, rows: &[OwnKeyRow]) -> Option<Arc<Vec<Own>>> {
        let mut last = self.last();
        let opened = last.as_mut().filter(|opened| opened.rows == rows)?;
        opened.used = Instant::now();
        Some(Arc::clone(&opened.keys))
    }

    fn last(&self) -> MutexGuard<'_, Option<Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until no letter has come for a while.
async fn closed_when_idle(opened: Weak<Mutex<Option<Opened>>>) {
    let mut until = Instant::now() + IDLE;
    loop {
        sleep_until(until).await;
        let Some(opened) = opened.upgrade() else { return };
        let mut last = opened.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some(opened) if opened.used + IDLE > Instant::now() => until = opened.used + IDLE,
            Some(_) | None => {
                *last = None;
                return;
            }
        }
    }
}

/// Our keys, their private sides still closed.
pub struct Lending<'a> {
    own: OwnKeys<'a>,
    keys: Vec<(Published, OwnKeyRow)>,
    tokens: Arc<dyn Tokens>,
}

impl Lends for Lending<'_> {
    fn tokens(&self) -> Arc<dyn Tokens> {
        Arc::clone(&self.tokens)
    }

    fn public(&self) -> Vec<PartnerKey> {
        self.keys.iter().map(|(public, _)| public.key.clone()).collect()
    }

    fn private(&self, at: usize) -> Option<Secret<Vec<u8>>> {
        let (public, row) = self.keys.get(at)?;
        let opened = self.own.secret(public, row);
        match opened {
            Ok(own) => Some(own),
            Err(error) => {
                tracing::error!(key.id = %public.id, %error, "a key of our own is not used");
                None
            }
        }
    }
}

fn open_public(
    rows: &RowKey,
    row_id: &str,
    state: OwnKeyState,
    sealed: &[u8],
) -> Result<Published, PartnerError> {
    let id = || row_id.to_owned();
    let plain = rows
        .open(Label::OwnKey, &public_bound(row_id, state), sealed)
        .map_err(|source| PartnerError::Forged { what: "our key", id: id(), source })?;
    let Record { domains, key, since } = serde_json::from_slice(plain.expose())
        .map_err(|source| PartnerError::Record { what: "our key", id: id(), source })?;
    Ok(Published { id: id(), state, domains, key, since })
}

fn public_bound(id: &str, state: OwnKeyState) -> String {
    format!("{id} {}", state.as_str())
}

/// A private key opens beside the public one that it was sealed for, in no other row and under no other certificate.
fn secret_bound(public: &Published) -> String {
    format!("{} {}", public.id, public.key.facts().fingerprint.to_hex())
}
