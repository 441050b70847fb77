//! Originals of encrypted letters, stored so that they can be decrypted again: sealed under the key of the
//! role that decrypts letters, with id and body bound. Knows no spool, and not how one is decrypted.

use sealpost_mail::{Envelope, Origin, Random, Secret, Timestamp};
use sealpost_store::{OriginalRow, OriginalState, Store};
use sealpost_vault::{KeyringKey, Label, MessageKey};
use serde::{Deserialize, Serialize};

use crate::error::PartnerError;

/// An original, except its body, which is stored separately.
pub struct Original {
    /// Its SMTP envelope.
    pub envelope: Envelope,
    /// The client it came from.
    pub origin: Origin,
    /// Its head.
    pub head: Vec<u8>,
    /// Opens the body.
    pub key: MessageKey,
}

#[derive(Serialize, Deserialize)]
struct Record {
    envelope: Envelope,
    origin: Origin,
    #[serde(with = "as_base64")]
    head: Vec<u8>,
    #[serde(with = "as_base64")]
    key: Vec<u8>,
}

/// The row's unsealed fields.
#[derive(Clone, Copy, Debug)]
pub struct OriginalFacts<'a> {
    /// The arrival it belongs to.
    pub id: &'a str,
    /// Id of its body.
    pub body_id: &'a str,
    /// What became of it.
    pub state: OriginalState,
    /// When it arrived.
    pub created_at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// Reads and writes originals.
#[derive(Clone, Copy)]
pub struct Originals<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals them.
    pub keyring: &'a KeyringKey,
}

impl Originals<'_> {
    /// The row of a new one.
    pub fn row(
        &self,
        original: &Original,
        place: OriginalFacts<'_>,
        random: &dyn Random,
    ) -> Result<OriginalRow, PartnerError> {
        let record = Record {
            envelope: original.envelope.clone(),
            origin: original.origin.clone(),
            head: original.head.clone(),
            key: original.key.to_bytes().expose().to_vec(),
        };
        let plain = serde_json::to_vec(&record).map(Secret::new);
        let plain = plain.map_err(|source| unreadable(place.id, source))?;
        let OriginalFacts { id, body_id, state, created_at, until } = place;
        Ok(OriginalRow {
            id: id.to_owned(),
            body_id: body_id.to_owned(),
            state,
            sealed: self.keyring.seal(Label::Original, &bound(id, body_id), plain.expose(), random),
            created_at,
            until,
        })
    }

    /// The content of a row.
    pub fn open(&self, row: &OriginalRow) -> Result<Original, PartnerError> {
        let plain = self.opened(row)?;
        let Record { envelope, origin, head, key } =
            serde_json::from_slice(plain.expose()).map_err(|source| unreadable(&row.id, source))?;
        let key = <[u8; 32]>::try_from(key).map(Secret::new);
        let key = key.map_err(|_length| PartnerError::Moved { what: "kept letter", id: row.id.clone() })?;
        Ok(Original { envelope, origin, head, key: MessageKey::from_bytes(&key) })
    }

    pub(crate) fn opened(&self, row: &OriginalRow) -> Result<Secret<Vec<u8>>, PartnerError> {
        self.keyring
            .open(Label::Original, &bound(&row.id, &row.body_id), &row.sealed)
            .map_err(|source| PartnerError::Forged { what: "kept letter", id: row.id.clone(), source })
    }

    pub(crate) fn resealed(
        &self,
        row: &OriginalRow,
        plain: &Secret<Vec<u8>>,
        random: &dyn Random,
    ) -> Vec<u8> {
        self.keyring.seal(Label::Original, &bound(&row.id, &row.body_id), plain.expose(), random)
    }
}

/// A record moved to another body cannot be opened.
fn bound(id: &str, body_id: &str) -> String {
    format!("{id} {body_id}")
}

fn unreadable(id: &str, source: serde_json::Error) -> PartnerError {
    PartnerError::Record { what: "kept letter", id: id.to_owned(), source }
}

/// Bytes in JSON.
pub(crate) mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
