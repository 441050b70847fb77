//! Our private keys as letters get to use them: of S/MIME, content keys one at a time, unwrapped where the keys are; of OpenPGP,
//! the subkeys that decrypt, lent when a letter names them. Only so many for one letter. Knows no letter and no pipe.

use std::sync::Arc;

use sealpost_mail::Secret;

use crate::key_operations::ContentKeyTask;
use crate::own_key::OwnKey;
use crate::pgp::key::Subkeys;
use crate::recipient_key::RecipientKey;
use crate::token::{NoTokens, Tokens};

/// At most so many private keys are lent for one letter, and so many content keys unwrapped. A layer of encryption needs one,
/// and letters have two at most; the others are for hidden recipients (RFC 9580 §5.1.8).
pub const MAX_LENT: usize = 4;

/// The keeper of our keys, as the worker's parent asks it.
///
/// SECURITY: the writer of a letter chooses which keys it names, and a compromised worker asks for any. It gets the decryption
/// subkeys of at most [`MAX_LENT`] OpenPGP keys, and for S/MIME as many content keys but no private key.
pub trait Lends: Sync {
    /// The public sides of all of our keys. Where a letter does not say which it means, the first are tried.
    fn recipients(&self) -> Vec<RecipientKey>;

    /// The key at that place in [`Self::recipients`], for the worker's parent.
    fn private(&self, at: usize) -> Option<Arc<OwnKey>>;

    /// Where keys lie that do not come out.
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

/// Whoever the worker asks.
pub(crate) trait Lender {
    /// The subkeys that decrypt of the key at that place.
    fn subkeys(&mut self, at: usize) -> Option<Subkeys>;

    /// A content key by the key at that place.
    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>>;
}

/// The worker's side of it: what it knows of our keys, and what it has been handed.
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

/// Keys that can be looked up by their public sides. (A trait, so that a holder need not name the lifetime of what asks.)
pub(crate) trait Keys {
    /// The public sides.
    fn recipients(&self) -> &[RecipientKey];

    /// Of an OpenPGP key, the subkeys that decrypt; `None`: they cannot be had, or the letter has had as many as it may.
    fn subkeys(&mut self, at: usize) -> Option<Subkeys>;

    /// What the S/MIME key at that place makes of it.
    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> ContentKey;
}

/// What came of asking for a content key.
pub(crate) enum ContentKey {
    /// It, or one that stands for it.
    Given(Secret<Vec<u8>>),
    /// None: the private key cannot be had, or what was asked fails by its own check.
    None,
    /// The letter has had as many as it may.
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

/// Keys that lie in this process: where a letter of our own is opened without a worker.
pub(crate) struct InMemory<'a>(pub(crate) &'a [OwnKey]);

impl Lender for InMemory<'_> {
    fn subkeys(&mut self, at: usize) -> Option<Subkeys> {
        self.0.get(at)?.decrypting_subkeys()
    }

    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>> {
        self.0.get(at)?.content_key(task)
    }
}
