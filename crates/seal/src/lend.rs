//! Our private keys as the worker gets them: one at a time, when a letter names it, and only so many for one letter; of those
//! in a token, what the token gives for one content key. Knows no letter and no pipe.

use std::sync::Arc;

use sealpost_mail::Secret;
use serde::{Deserialize, Serialize};

use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;
use crate::smime::agreement::Agreement;
use crate::token::{KeyEncryption, NoTokens, Tokens};

/// How many of our private keys one letter can cause to be handed out. A layer of encryption needs one, and letters
/// have two at most; the others are for recipients that a letter hides (wildcard key ids, RFC 9580 §5.1.8).
pub const MAX_LENT: usize = 4;

/// Whoever keeps our keys, as the worker's parent asks it.
///
/// SECURITY: who writes a letter decides which keys it names, and a worker that was taken over asks for whatever it
/// likes: what holds is that it gets [`MAX_LENT`] keys and not all, and of keys in a token as many answers and no key.
pub trait Lends: Sync {
    /// The public sides of all of our keys. Where a letter does not say which it means, the first are tried.
    fn public(&self) -> Vec<PartnerKey>;

    /// All of the key at that place in [`Self::public`], as [`OwnKey::to_bytes`] gives it. Nothing secret is in it where the
    /// key lies in a token.
    fn private(&self, at: usize) -> Option<Secret<Vec<u8>>>;

    /// Where keys lie that do not come out.
    fn tokens(&self) -> Arc<dyn Tokens> {
        Arc::new(NoTokens)
    }
}

/// What is asked of a key in a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenTask {
    /// The content key that was encrypted so; `length` octets come back in any case.
    Decrypt {
        how: KeyEncryption,
        #[serde(with = "crate::base64_bytes")]
        encrypted: Vec<u8>,
        length: usize,
    },
    /// The content key that was wrapped so.
    Agree(Agreement),
}

impl Lends for &[&OwnKey] {
    fn public(&self) -> Vec<PartnerKey> {
        self.iter().map(|own| own.public().clone()).collect()
    }

    fn private(&self, at: usize) -> Option<Secret<Vec<u8>>> {
        self.get(at).and_then(|own| own.to_bytes().ok())
    }
}

/// Whoever the worker asks.
pub(crate) trait Lender {
    /// The key at that place.
    fn key(&mut self, at: usize) -> Option<OwnKey>;

    /// What the token says that has the key at that place.
    fn in_token(&mut self, at: usize, task: &TokenTask) -> Option<Secret<Vec<u8>>>;
}

/// Where no key lies in a token.
impl<F: FnMut(usize) -> Option<OwnKey>> Lender for F {
    fn key(&mut self, at: usize) -> Option<OwnKey> {
        self(at)
    }

    fn in_token(&mut self, _at: usize, _task: &TokenTask) -> Option<Secret<Vec<u8>>> {
        None
    }
}

/// The worker's side of it: what it knows of our keys, and those that it has been handed.
pub(crate) struct Lent<'a> {
    public: Vec<PartnerKey>,
    handed: Vec<(usize, Option<OwnKey>)>,
    asked: usize,
    lender: &'a mut dyn Lender,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(public: Vec<PartnerKey>, lender: &'a mut dyn Lender) -> Self {
        Self { public, handed: Vec::new(), asked: 0, lender }
    }
}

/// Keys that can be looked up by their public sides. (A trait, so that a holder need not name the lifetime of what asks.)
pub(crate) trait Keys {
    /// The public sides.
    fn public(&self) -> &[PartnerKey];

    /// The private side; `None`: it cannot be had, or the letter has had as many as it may.
    fn private(&mut self, at: usize) -> Option<&OwnKey>;

    /// What the token says that has the key at that place; `None` as above.
    fn in_token(&mut self, at: usize, task: &TokenTask) -> Option<Secret<Vec<u8>>>;
}

impl Keys for Lent<'_> {
    fn public(&self) -> &[PartnerKey] {
        &self.public
    }

    fn private(&mut self, at: usize) -> Option<&OwnKey> {
        if !self.handed.iter().any(|(handed, _)| *handed == at) {
            if self.handed.len() >= MAX_LENT {
                return None;
            }
            self.handed.push((at, self.lender.key(at)));
        }
        self.handed.iter().find(|(handed, _)| *handed == at).and_then(|(_, own)| own.as_ref())
    }

    fn in_token(&mut self, at: usize, task: &TokenTask) -> Option<Secret<Vec<u8>>> {
        if self.asked >= MAX_LENT {
            return None;
        }
        self.asked += 1;
        self.lender.in_token(at, task)
    }
}
