//! Our private keys as the worker gets them: one at a time, when a letter names it, and only so many for one letter.
//! Knows no letter and no pipe.

use sealpost_mail::Secret;

use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;

/// How many of our private keys one letter can cause to be handed out. A layer of encryption needs one, and letters
/// have two at most; the others are for recipients that a letter hides (wildcard key ids, RFC 9580 §5.1.8).
pub const MAX_LENT: usize = 4;

/// Whoever keeps our keys, as the worker's parent asks it.
///
/// SECURITY: who writes a letter decides which keys it names, and a worker that was taken over asks for whatever it
/// likes: what holds is that it gets [`MAX_LENT`] keys and not all.
pub trait Lends: Sync {
    /// The public sides of all of our keys. Where a letter does not say which it means, the first are tried.
    fn public(&self) -> Vec<PartnerKey>;

    /// All of the key at that place in [`Self::public`], as [`OwnKey::to_bytes`] gives it.
    fn private(&self, at: usize) -> Option<Secret<Vec<u8>>>;
}

impl Lends for &[&OwnKey] {
    fn public(&self) -> Vec<PartnerKey> {
        self.iter().map(|own| own.public().clone()).collect()
    }

    fn private(&self, at: usize) -> Option<Secret<Vec<u8>>> {
        self.get(at).and_then(|own| own.to_bytes().ok())
    }
}

/// The worker's side of it: what it knows of our keys, and those that it has been handed.
pub(crate) struct Lent<'a> {
    public: Vec<PartnerKey>,
    handed: Vec<(usize, Option<OwnKey>)>,
    ask: &'a mut dyn FnMut(usize) -> Option<OwnKey>,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(public: Vec<PartnerKey>, ask: &'a mut dyn FnMut(usize) -> Option<OwnKey>) -> Self {
        Self { public, handed: Vec::new(), ask }
    }
}

/// Keys that can be looked up by their public sides. (A trait, so that a holder need not name the lifetime of what asks.)
pub(crate) trait Keys {
    /// The public sides.
    fn public(&self) -> &[PartnerKey];

    /// The private side; `None`: it cannot be had, or the letter has had as many as it may.
    fn private(&mut self, at: usize) -> Option<&OwnKey>;
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
            self.handed.push((at, (self.ask)(at)));
        }
        self.handed.iter().find(|(handed, _)| *handed == at).and_then(|(_, own)| own.as_ref())
    }
}
