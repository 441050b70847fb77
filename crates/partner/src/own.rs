//! Our own keys for exchanging letters with partners. The public part is sealed so that whoever shows it to the world
//! can prove it; the private part opens only for who closes and opens letters, and who manages keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Domain, Random, Secret, Timestamp};
use sealpost_store::{OwnKeyRow, OwnKeyState, Store};
use sealpost_vault::{KeyringKey, RowKey};
use serde::{Deserialize, Serialize};

use crate::book::{audit, done};
use crate::error::PartnerError;
use crate::facts::{KeyFacts, KeyKind};

const PUBLIC: &str = "own-key";
const SECRET: &str = "own-key-secret";

/// The public side of a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: OwnKeyState,
    /// The domains whose letters it signs.
    pub domains: Vec<Domain>,
    /// What is known of it.
    pub facts: KeyFacts,
    /// The certificate (DER) or OpenPGP certificate that partners are given.
    pub bytes: Vec<u8>,
    /// Certificates above it (DER), nearest first; sent along with signatures.
    pub chain: Vec<Vec<u8>>,
    /// When it was made or brought.
    pub since: Timestamp,
}

/// Its private side, as `seal` takes it: PKCS#8 (DER), or a transferable secret key.
#[derive(Clone, Debug)]
pub struct OwnSecret(pub Secret<Vec<u8>>);

/// A key of ours with its private side.
#[derive(Clone, Debug)]
pub struct StoredOwnKey {
    /// The public side.
    pub key: OwnKey,
    /// The private side.
    pub secret: OwnSecret,
}

#[derive(Serialize, Deserialize)]
struct Record {
    domains: Vec<Domain>,
    facts: KeyFacts,
    bytes: String,
    chain: Vec<String>,
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

impl OwnKey {
    /// Whether it signs letters from this domain now.
    #[must_use]
    pub fn signs(&self, domain: &Domain, kind: KeyKind, now: Timestamp) -> bool {
        let in_time = self.facts.not_before.is_none_or(|start| now >= start)
            && self.facts.not_after.is_none_or(|end| now <= end);
        let state = match self.state {
            OwnKeyState::Current => true,
            OwnKeyState::Retired => false,
        };
        state && in_time && self.facts.kind == kind && self.domains.contains(domain)
    }
}

impl PublicKeys<'_> {
    /// All of them, oldest first. One whose row is not ours is not shown.
    pub async fn all(&self) -> Result<Vec<OwnKey>, PartnerError> {
        let mut keys = Vec::new();
        for row in self.store.own_keys().await? {
            match open_public(self.rows, &row) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not shown"),
            }
        }
        Ok(keys)
    }
}

impl OwnKeys<'_> {
    /// All of them, oldest first. One whose row is not ours is not used.
    pub async fn all(&self) -> Result<Vec<StoredOwnKey>, PartnerError> {
        let mut keys = Vec::new();
        for row in self.store.own_keys().await? {
            match self.open(&row) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not used"),
            }
        }
        Ok(keys)
    }

    /// A new one.
    pub async fn add(
        &self,
        key: &OwnKey,
        secret: &OwnSecret,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let row = self.row(key, secret, now, random)?;
        let audit = audit("own-key.added", &key.id, &key.facts.fingerprint, now);
        Ok(self.store.add_own_key(&row, audit).await?)
    }

    /// A key as it shall be from now on: retired, or with the certificate an authority has issued for it.
    pub async fn change(
        &self,
        key: &OwnKey,
        secret: &OwnSecret,
        action: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let former = self.store.own_keys().await?.into_iter().find(|row| row.id == key.id);
        let former = former.ok_or(PartnerError::Overtaken)?;
        let row = self.row(key, secret, now, random)?;
        let audit = audit(action, &key.id, &key.facts.fingerprint, now);
        done(self.store.change_own_key(&former, &row, audit).await?)
    }

    fn open(&self, row: &OwnKeyRow) -> Result<StoredOwnKey, PartnerError> {
        let key = open_public(self.rows, row)?;
        let bound = secret_bound(&key);
        let secret = self
            .keyring
            .open(SECRET, &bound, &row.secret_sealed)
            .map_err(|source| PartnerError::Forged { what: "private key", id: row.id.clone(), source })?;
        Ok(StoredOwnKey { key, secret: OwnSecret(secret) })
    }

    fn row(
        &self,
        key: &OwnKey,
        secret: &OwnSecret,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<OwnKeyRow, PartnerError> {
        let record = Record {
            domains: key.domains.clone(),
            facts: key.facts.clone(),
            bytes: STANDARD.encode(&key.bytes),
            chain: key.chain.iter().map(|one| STANDARD.encode(one)).collect(),
            since: key.since,
        };
        let plain = serde_json::to_vec(&record).map_err(|source| PartnerError::Record {
            what: "our key",
            id: key.id.clone(),
            source,
        })?;
        Ok(OwnKeyRow {
            id: key.id.clone(),
            state: key.state,
            public_sealed: self.rows.seal(PUBLIC, &public_bound(&key.id, key.state), &plain, random),
            secret_sealed: self.keyring.seal(SECRET, &secret_bound(key), secret.0.expose(), random),
            changed_at: now,
        })
    }
}

fn open_public(rows: &RowKey, row: &OwnKeyRow) -> Result<OwnKey, PartnerError> {
    let id = || row.id.clone();
    let plain = rows
        .open(PUBLIC, &public_bound(&row.id, row.state), &row.public_sealed)
        .map_err(|source| PartnerError::Forged { what: "our key", id: id(), source })?;
    let record: Record = serde_json::from_slice(plain.expose()).map_err(|source| PartnerError::Record {
        what: "our key",
        id: id(),
        source,
    })?;
    let decode = |text: &String| {
        STANDARD.decode(text).map_err(|_damaged| PartnerError::Moved { what: "our key", id: id() })
    };
    Ok(OwnKey {
        id: id(),
        state: row.state,
        bytes: decode(&record.bytes)?,
        chain: record.chain.iter().map(decode).collect::<Result<_, _>>()?,
        domains: record.domains,
        facts: record.facts,
        since: record.since,
    })
}

fn public_bound(id: &str, state: OwnKeyState) -> String {
    format!("{id} {}", state.as_str())
}

/// A private key opens beside the public one that it was sealed for, in no other row and under no other certificate.
fn secret_bound(key: &OwnKey) -> String {
    format!("{} {}", key.id, key.facts.fingerprint)
}
