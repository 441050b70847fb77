//! Proofs that a row was written by the gateway: keyed hashes before the sealed bytes. Anybody who can write rows can
//! seal to a public key, but cannot make such a proof without the server key. Knows no row.

use subtle::ConstantTimeEq as _;

use crate::error::VaultError;
use crate::primitive::{Key, Mac, bind};
use crate::sealed_header::Format;

const DEPOSIT: &str = "sealpost/1/proof-deposit";
const DRAFT: &str = "sealpost/1/proof-draft";
const SESSION: &str = "sealpost/1/proof-session";
const NEWCOMER: &str = "sealpost/1/proof-newcomer";

/// Prefix of a part without a proof, as all parts once were.
pub const UNPROVEN: &[u8] = &Format::Part.magic();

/// Proves letters in mailboxes. For all roles that deposit letters (intake, replies, reports) or show them.
#[derive(Clone, Debug)]
pub struct DepositAuth(Key);

impl DepositAuth {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    /// A letter's sealed listing with its proof. The listing opens only under the letter's own key, so no other key,
    /// head or body can be combined with it.
    #[must_use]
    pub fn prove(&self, mailbox_id: &str, deposit_id: &str, listing: &[u8]) -> Vec<u8> {
        prove(&self.0, Format::Proof, DEPOSIT, &[mailbox_id, deposit_id], listing)
    }

    /// The sealed listing, if it was proven for these two ids.
    pub fn proven<'a>(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], VaultError> {
        proven(&self.0, Format::Proof, DEPOSIT, &[mailbox_id, deposit_id], bytes)
    }
}

/// Proves what a mailbox's owner has in the rows: sessions, newcomer sessions, drafts. For the portal alone.
#[derive(Clone, Debug)]
pub struct SessionAuth(Key);

impl SessionAuth {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    /// A draft's sealed text with its proof.
    #[must_use]
    pub fn prove_draft(&self, mailbox_id: &str, draft_id: &str, content: &[u8]) -> Vec<u8> {
        prove(&self.0, Format::Proof, DRAFT, &[mailbox_id, draft_id], content)
    }

    /// The sealed text, if it was proven for these two ids.
    pub fn proven_draft<'a>(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], VaultError> {
        proven(&self.0, Format::Proof, DRAFT, &[mailbox_id, draft_id], bytes)
    }

    /// A session's mailbox secret key, sealed by its cookie, with its proof.
    pub(crate) fn prove_session(&self, held: &Held<'_>, sealed: &[u8]) -> Vec<u8> {
        let (format, since) = (held.bearer.format(), held.since.to_string());
        prove(&self.0, format, held.bearer.label(), &held.bounds(&since), sealed)
    }

    pub(crate) fn proven_session<'a>(
        &self,
        held: &Held<'_>,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], VaultError> {
        let (format, since) = (held.bearer.format(), held.since.to_string());
        proven(&self.0, format, held.bearer.label(), &held.bounds(&since), bytes)
    }

    /// Whether a session's row is ours; only its cookie opens it.
    pub fn is_ours(&self, held: &Held<'_>, bytes: &[u8]) -> Result<(), VaultError> {
        self.proven_session(held, bytes).map(drop)
    }

    /// Continues a session when its mailbox's epochs change: the same sealed bytes, proven for the new ones.
    pub fn go_on(&self, held: &Held<'_>, epochs: &str, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let sealed = self.proven_session(held, bytes)?;
        Ok(self.prove_session(&Held { epochs, ..*held }, sealed))
    }
}

/// The kind of session. A row proven for one is not valid for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// The owner, logged in.
    Owner,
    /// A newcomer, who has entered the initial password.
    Newcomer,
}

impl Bearer {
    fn label(self) -> &'static str {
        match self {
            Self::Owner => SESSION,
            Self::Newcomer => NEWCOMER,
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Owner => Format::SessionProof,
            Self::Newcomer => Format::Proof,
        }
    }
}

/// What a session's row is proven for.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The kind of session.
    pub bearer: Bearer,
    /// The mailbox.
    pub mailbox_id: &'a str,
    /// When it began, in milliseconds since 1970: a forged row cannot make it younger.
    pub since: i64,
    /// The epochs when it began: password, answer, and the last log-out everywhere. If any of them has changed, its row
    /// is invalid, even if an old one is restored. Empty for a newcomer.
    pub epochs: &'a str,
}

impl<'a> Held<'a> {
    fn bounds(&self, since: &'a str) -> Vec<&'a str> {
        match self.bearer {
            Bearer::Owner => vec![self.mailbox_id, since, self.epochs],
            Bearer::Newcomer => vec![self.mailbox_id, since],
        }
    }
}

/// Whether a session's row is older than binding to epochs: it has ended, and that is not an attack.
#[must_use]
pub fn is_of_former_version(session: &[u8]) -> bool {
    Format::Proof.read(session).is_ok()
}

fn prove(key: &Key, format: Format, label: &str, bound: &[&str], sealed: &[u8]) -> Vec<u8> {
    let proof = mac(key, label, bound, sealed);
    let mut out = format.begin(proof.len() + sealed.len());
    out.extend_from_slice(&proof);
    out.extend_from_slice(sealed);
    out
}

fn proven<'a>(
    key: &Key,
    format: Format,
    label: &str,
    bound: &[&str],
    bytes: &'a [u8],
) -> Result<&'a [u8], VaultError> {
    let mut reader = format.read(bytes)?;
    let given = reader.take::<32>()?;
    let sealed = reader.rest();
    let right = bool::from(mac(key, label, bound, sealed).ct_eq(given));
    if right { Ok(sealed) } else { Err(VaultError::Damaged(format.name())) }
}

fn mac(key: &Key, label: &str, bound: &[&str], sealed: &[u8]) -> [u8; 32] {
    let mut mac = Mac::new(key, label);
    let mut ids = Vec::new();
    bind(&mut ids, bound);
    mac.update(&ids);
    mac.update(sealed);
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_one_kind_one_place_one_content_and_one_key() {
        let key = DepositAuth::new(Key::new([1; 32]));
        let proof = key.prove("m1", "d1", b"listing");
        assert_eq!(key.proven("m1", "d1", &proof).unwrap(), b"listing");
        assert!(key.proven("m2", "d1", &proof).is_err());
        assert!(key.proven("m1", "d2", &proof).is_err());
        assert!(key.proven("m1d", "1", &proof).is_err());
        assert!(DepositAuth::new(Key::new([2; 32])).proven("m1", "d1", &proof).is_err());
        assert!(SessionAuth::new(Key::new([1; 32])).proven_draft("m1", "d1", &proof).is_err());
        for place in 0..proof.len() {
            let mut other = proof.clone();
            other[place] ^= 1;
            assert!(key.proven("m1", "d1", &other).is_err(), "{place}");
        }
        // An empty value is not a proof, and what was never proven is not accepted.
        assert!(key.proven("m1", "d1", b"").is_err());
        assert!(key.proven("m1", "d1", b"SPPT\x01listing").is_err());
    }
}
