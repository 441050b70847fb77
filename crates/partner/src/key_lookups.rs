//! A cache of recent key lookups, whose content is trusted no more than its source. Makes no lookups.

use std::time::Duration;

use sealpost_mail::{Random, Timestamp, hex};
use sealpost_store::{KeyLookupRow, Store};
use sealpost_vault::{KeyringKey, Label, TagKey};
use serde::{Deserialize, Serialize};

use crate::error::PartnerError;
use crate::original::as_base64;

/// How long results are cached,
const FOUND: Duration = Duration::from_secs(60 * 60);
/// and how long the absence of results: a partner may be publishing just now.
const NOTHING: Duration = Duration::from_secs(10 * 60);

/// Whether anybody in transit could have forged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proven {
    /// The domain's zone is signed, and declares this key (RFC 7929 §5, RFC 8162 §4).
    BySignedZone,
    /// Nothing proves it.
    No,
}

/// A file with keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFile {
    /// Its bytes, unparsed.
    #[serde(with = "as_base64")]
    pub bytes: Vec<u8>,
    /// How far it is authenticated.
    pub proven: Proven,
}

/// Reads and writes cached lookups.
#[derive(Clone, Copy)]
pub struct KeyLookups<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals them.
    pub keyring: &'a KeyringKey,
    /// What finds them.
    pub tags: &'a TagKey,
}

impl KeyLookups<'_> {
    /// The cached files of a lookup; `None`: not cached. One that cannot be opened is ignored.
    ///
    /// # Errors
    /// The store failed.
    pub async fn lately(&self, question: &str, now: Timestamp) -> Result<Option<Vec<KeyFile>>, PartnerError> {
        let tag = self.tag(question);
        let Some(row) = self.store.key_lookup(&tag, now).await? else { return Ok(None) };
        let bound = bound(&tag, row.good_until);
        let opened = self.keyring.open(Label::KeyLookup, &bound, &row.answer_sealed);
        Ok(opened.ok().and_then(|plain| serde_json::from_slice(plain.expose()).ok()))
    }

    /// Caches a result; no file: that there was none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep(
        &self,
        question: &str,
        files: &[KeyFile],
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let tag = self.tag(question);
        let good_until = now.plus(if files.is_empty() { NOTHING } else { FOUND });
        let bound = bound(&tag, good_until);
        let plain = serde_json::to_vec(files).map_err(|source| PartnerError::Record {
            what: "found key",
            id: bound.clone(),
            source,
        })?;
        let row = KeyLookupRow {
            tag,
            answer_sealed: self.keyring.seal(Label::KeyLookup, &bound, &plain, random),
            asked_at: now,
            good_until,
        };
        Ok(self.store.keep_key_lookup(row).await?)
    }

    fn tag(&self, question: &str) -> [u8; 32] {
        self.tags.partner_tag("lookup", question)
    }
}

/// Moved elsewhere, or with a later expiry written by an attacker, it cannot be opened.
fn bound(tag: &[u8; 32], good_until: Timestamp) -> String {
    format!("{} {}", hex(tag), good_until.0)
}
