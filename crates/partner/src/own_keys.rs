//! Our own keys for exchanging letters with partners. The public part is sealed so that the role
//! that publishes it can prove it; the private part opens only for the roles that encrypt and decrypt letters or manage keys.

use sealpost_mail::{Domain, Random, Secret, Timestamp};
use sealpost_seal::{Method, OwnKey, PartnerKey, Purpose};
use sealpost_store::{AuditRow, OwnKeyRow, OwnKeyState, Store};
use sealpost_vault::{KeyringKey, Label, RowKey};
use serde::{Deserialize, Serialize};

use crate::error::PartnerError;
use crate::partner_rows::done;

/// The public part of a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: OwnKeyState,
    /// The domains whose letters it signs.
    pub domains: Vec<Domain>,
    /// The certificate or OpenPGP key given to partners.
    pub key: PartnerKey,
    /// When it was generated or imported.
    pub since: Timestamp,
}

/// A key of ours with its private part.
#[derive(Debug)]
pub struct Own {
    /// The public part.
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

/// Reads the public parts: for the page that shows them.
#[derive(Clone, Copy)]
pub struct PublicKeys<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals them.
    pub rows: &'a RowKey,
}

/// Reads and writes both parts.
#[derive(Clone, Copy)]
pub struct OwnKeys<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// Seals public parts.
    pub rows: &'a RowKey,
    /// Seals private parts.
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
    /// All of them, oldest first. One whose row is not ours is left out.
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
    /// All of them, oldest first. One whose row is not ours is left out.
    pub async fn all(&self) -> Result<Vec<Own>, PartnerError> {
        Ok(self.opened(&self.store.own_keys().await?))
    }

    pub(crate) fn opened(&self, rows: &[OwnKeyRow]) -> Vec<Own> {
        let mut keys = Vec::new();
        for row in rows {
            match self.open(row) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not used"),
            }
        }
        keys
    }

    /// Adds a new one.
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

    /// Stores a changed key: retired, or with the certificate that an authority has issued for it.
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

    /// The public part of a row's key.
    pub(crate) fn open_public(&self, row: &OwnKeyRow) -> Result<Published, PartnerError> {
        open_public(self.rows, &row.id, row.state, &row.public_sealed)
    }

    pub(crate) fn open(&self, row: &OwnKeyRow) -> Result<Own, PartnerError> {
        let public = self.open_public(row)?;
        let secret = self.secret(&public, row)?;
        let key = OwnKey::from_bytes(secret.expose())
            .map_err(|source| PartnerError::Key { id: row.id.clone(), source })?;
        // Both parts are sealed under different keys: mismatched ones are not used.
        if key.facts().fingerprint != public.key.facts().fingerprint {
            return Err(PartnerError::Moved { what: "our key", id: row.id.clone() });
        }
        Ok(Own { public, key })
    }

    /// The private key belonging to this public one, as returned by [`OwnKey::to_bytes`].
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

/// A private key opens only with the public one that it was sealed for, in no other row and under no other certificate.
fn secret_bound(public: &Published) -> String {
    format!("{} {}", public.id, public.key.facts().fingerprint.to_hex())
}
