//! Small records under the server's keys: queue tickets, addresses, questions. Does not know their content;
//! label and id say where they belong and are bound to the seal.

use sealpost_mail::{Random, Secret};

use crate::error::VaultError;
use crate::label::Label;
use crate::primitive::Key;
use crate::salted::{self, Sealed};
use crate::sealed_header::Format;

/// Seals queued data.
#[derive(Clone, Debug)]
pub struct SpoolKey(RecordKey);

/// Seals what the server itself must read in its rows: addresses, questions, devices.
#[derive(Clone, Debug)]
pub struct RowKey(RecordKey);

/// Seals partners, their keys and our own private keys: for the roles that encrypt and decrypt letters, and
/// for managing them. Others can neither read nor forge one.
#[derive(Clone, Debug)]
pub struct KeyringKey(RecordKey);

#[derive(Clone, Debug)]
pub(crate) struct RecordKey {
    pub(crate) id: u8,
    pub(crate) key: Key,
}

impl RecordKey {
    pub(crate) fn seal(&self, label: Label, id: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        salted::seal(
            Format::Record,
            &[self.id],
            &salted::salt(random),
            &self.key,
            &[label.as_str(), id],
            plain,
        )
    }

    pub(crate) fn open(&self, label: Label, id: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        let ((), sealed) =
            Sealed::read(Format::Record, sealed, |reader| salted::key_id(reader, Format::Record, self.id))?;
        let plain = sealed.open(&self.key, &[label.as_str(), id]);
        plain.map(Secret::new).ok_or(VaultError::Damaged(Format::Record.name()))
    }
}

impl SpoolKey {
    /// The byte by which sealed data names this key; it is not secret.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.0.id
    }

    pub(crate) fn record(&self) -> &RecordKey {
        &self.0
    }

    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self(RecordKey { id, key })
    }

    /// Seals `plain` as the record `id` of the kind `label`; it opens only under the same two.
    #[must_use]
    pub fn seal(&self, label: Label, id: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        self.0.seal(label, id, plain, random)
    }

    /// The tag of a domain whose MTA-STS policy is stored.
    #[must_use]
    pub fn policy_tag(&self, domain: &str) -> [u8; 32] {
        self.0.key.mac("sealpost/1/tag-sts-policy", domain.as_bytes())
    }

    /// The tag of a domain and a day, under which TLS sessions are counted.
    #[must_use]
    pub fn tls_report_tag(&self, domain: &str, day: i64) -> [u8; 32] {
        self.0.key.mac("sealpost/1/tag-tls-report", format!("{day} {domain}").as_bytes())
    }

    /// The tag of one counter of one process.
    #[must_use]
    pub fn tls_sessions_tag(&self, process: &str, counted: &[u8]) -> [u8; 32] {
        self.0.key.mac("sealpost/1/tag-tls-sessions", &[process.as_bytes(), b" ", counted].concat())
    }

    /// Opens what [`SpoolKey::seal`] sealed for this label and id.
    pub fn open(&self, label: Label, id: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        self.0.open(label, id, sealed)
    }
}

impl RowKey {
    /// The byte by which sealed data names this key; it is not secret.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.0.id
    }

    pub(crate) fn record(&self) -> &RecordKey {
        &self.0
    }

    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self(RecordKey { id, key })
    }

    /// Seals `plain` as the record `id` of the kind `label`; it opens only under the same two.
    #[must_use]
    pub fn seal(&self, label: Label, id: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        self.0.seal(label, id, plain, random)
    }

    /// Opens what [`RowKey::seal`] sealed for this label and id.
    pub fn open(&self, label: Label, id: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        self.0.open(label, id, sealed)
    }
}

impl KeyringKey {
    pub(crate) fn record(&self) -> &RecordKey {
        &self.0
    }

    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self(RecordKey { id, key })
    }

    /// Seals `plain` as the record `id` of the kind `label`; it opens only under the same two.
    #[must_use]
    pub fn seal(&self, label: Label, id: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        self.0.seal(label, id, plain, random)
    }

    /// Opens what [`KeyringKey::seal`] sealed for this label and id.
    pub fn open(&self, label: Label, id: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        self.0.open(label, id, sealed)
    }
}
