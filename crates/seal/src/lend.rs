//! Access to our private keys for letters: S/MIME content keys one at a time, unwrapped where the keys are; the decryption subkeys
//! of OpenPGP keys, lent when a letter names them. Limited per letter. Knows no letter and no pipe.

use std::sync::Arc;

use sealpost_mail::Secret;

use crate::key_operations::ContentKeyTask;
use crate::own_key::OwnKey;
use crate::pgp::key::Subkeys;
use crate::recipient_key::RecipientKey;
use crate::token::{NoTokens, Tokens};

/// Maximum number of private keys lent for one letter, and of content keys unwrapped. A layer of encryption needs one, and letters
/// have at most two; the others are for hidden recipients (RFC 9580 §5.1.8).
pub const MAX_LENT: usize = 4;

/// The store of our keys, as seen by the worker's parent.
///
/// SECURITY: the author of a letter chooses which keys it names, and a compromised worker may request any. It gets the decryption
/// subkeys of at most [`MAX_LENT`] OpenPGP keys, and for S/MIME as many content keys but no private key.
pub trait Lends: Sync {
    /// The public sides of all our keys. If a letter does not say which one it is for, the first are tried.
    fn recipients(&self) -> Vec<RecipientKey>;

    /// The key at this index of [`Self::recipients`], for the worker's parent.
    fn private(&self, at: usize) -> Option<Arc<OwnKey>>;

    /// The tokens with keys that cannot be exported.
    fn tokens(&self) -> Arc<dyn Tokens> {
        Arc::new(NoTokens)
    }
}

impl Lends for &[&OwnKey] {
    fn recipients(&self) -> Vec<RecipientKey> {
        self.iter().map(|own| RecipientKey::of(own.public())).collect()
    }

    fn private(&self, at: usize) -> Option<Arc<OwnKey>> {
        self.get(at).map(|own| Arc::new((*own).clone()))
    }
}

/// What the worker requests keys from.
pub(crate) trait Lender {
    /// The decryption subkeys of the key at this index.
    fn subkeys(&mut self, at: usize) -> Option<Subkeys>;

    /// A content key by the key at this index.
    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>>;
}

/// The worker's side: the public sides of our keys, and what it was lent.
pub(crate) struct Lent<'a> {
    recipients: Vec<RecipientKey>,
    handed: Vec<(usize, Option<Subkeys>)>,
    asked: usize,
    lender: &'a mut dyn Lender,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(recipients: Vec<RecipientKey>, lender: &'a mut dyn Lender) -> Self {
        Self { recipients, handed: Vec::new(), asked: 0, lender }
    }
}

/// Keys that can be looked up by their public sides. (A trait, so that a holder need not name the lifetime of its caller.)
pub(crate) trait Keys {
    /// The public sides.
    fn recipients(&self) -> &[RecipientKey];

    /// The decryption subkeys of an OpenPGP key; `None`: not available, or the letter has reached its limit.
    fn subkeys(&mut self, at: usize) -> Option<Subkeys>;

    /// The content key by the S/MIME key at this index.
    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> ContentKey;
}

/// The result of a request for a content key.
pub(crate) enum ContentKey {
    /// The content key, or a substitute.
    Given(Secret<Vec<u8>>),
    /// None: the private key is not available, or the request fails its own check.
    None,
    /// The letter has reached its limit.
    TooOften,
}

impl Keys for Lent<'_> {
    fn recipients(&self) -> &[RecipientKey] {
        &self.recipients
    }

    fn subkeys(&mut self, at: usize) -> Option<Subkeys> {
        if !self.handed.iter().any(|(handed, _)| *handed == at) {
            if self.handed.len() >= MAX_LENT {
                return None;
            }
            self.handed.push((at, self.lender.subkeys(at)));
        }
        self.handed.iter().find(|(handed, _)| *handed == at).and_then(|(_, subkeys)| subkeys.clone())
    }

    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> ContentKey {
        if self.asked >= MAX_LENT {
            return ContentKey::TooOften;
        }
        self.asked += 1;
        self.lender.content_key(at, task).map_or(ContentKey::None, ContentKey::Given)
    }
}

/// Keys in this process: for letters of our own that are opened without a worker.
pub(crate) struct InMemory<'a>(pub(crate) &'a [OwnKey]);

impl Lender for InMemory<'_> {
    fn subkeys(&mut self, at: usize) -> Option<Subkeys> {
        self.0.get(at)?.decrypting_subkeys()
    }

    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>> {
        self.0.get(at)?.content_key(task)
    }
}
