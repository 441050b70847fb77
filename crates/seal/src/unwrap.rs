//! Content keys out of a token, for the worker that has none: asked in the parent, and answered so that nobody learns from
//! the answer whether a padding was right. Knows no letter.
//!
//! SECURITY: whoever can tell a content key with a wrong padding from one with a right one decrypts caught letters with a
//! million questions (Bleichenbacher; RFC 3218). So a key comes back in any case: where the token has none of the right
//! length, one that only this process could foretell, the same for the same question. And a token that fails must not look
//! like a padding that is wrong, nor the other way round: what stayed closed is believed only after the token was tried with
//! something known, whatever it had answered before.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use sealpost_mail::Secret;
use tokio::task::spawn_blocking;

use crate::error::OpenError;
use crate::key_facts::Method;
use crate::lend::{Lends, TokenTask};
use crate::open_result::{Layer, Opened};
use crate::own_key::OwnKey;
use crate::smime::certificate::library;
use crate::token::{KeyEncryption, TokenError, TokenKey};
use crate::token_decrypt::{agree, decrypt};
use crate::token_trial::{Trial, works};
use crate::worker_protocol::Errand;

/// The longest content key that there is.
const LONGEST: usize = 32;

/// The longest label of an OAEP. Nobody is known to use one.
const LONGEST_LABEL: usize = 64;

/// What keys are made of that stand for none.
#[derive(Debug)]
pub(crate) struct Rejection(Secret<Vec<u8>>);

impl Rejection {
    pub(crate) fn new() -> Result<Self, ErrorStack> {
        let mut secret = vec![0; LONGEST];
        openssl::rand::rand_bytes(&mut secret)?;
        Ok(Self(Secret::new(secret)))
    }

    fn instead_of(&self, encrypted: &[u8]) -> Result<Secret<Vec<u8>>, ErrorStack> {
        let key = PKey::hmac(self.0.expose())?;
        Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(encrypted).map(Secret::new)
    }
}

/// The errands of one letter.
pub(crate) struct Errands<'a> {
    own: &'a dyn Lends,
    rejection: &'a Rejection,
    /// Keys that were asked, and how.
    done: Vec<(OwnKey, Trial)>,
}

impl<'a> Errands<'a> {
    pub(crate) fn new(own: &'a dyn Lends, rejection: &'a Rejection) -> Self {
        Self { own, rejection, done: Vec::new() }
    }

    /// The content key, or one that stands for it. `None`: what was asked makes no sense, or its own check fails, which
    /// tells nobody more than the letter's would.
    pub(crate) async fn run(&mut self, errand: Errand) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        let own = self.own.private(errand.at).and_then(|kept| OwnKey::from_bytes(kept.expose()).ok());
        let Some(own) = own else { return Ok(None) };
        let Some(place) = own.token().cloned() else { return Ok(None) };
        match errand.task {
            TokenTask::Decrypt { how, encrypted, length } if length <= LONGEST => {
                self.decrypt(own, place, how, encrypted, length).await.map(Some)
            }
            TokenTask::Decrypt { .. } => Ok(None),
            TokenTask::Agree(agreement) => {
                let public = own.public().certificate().and_then(|one| one.public_key().map_err(library));
                let Ok(public) = public else { return Ok(None) };
                self.done.push((own, Trial::Agree));
                let (tokens, token) = (self.own.tokens(), place.token.clone());
                let agreed = spawn_blocking(move || agree(&*tokens, &place, &public, &agreement)).await;
                agreed.map_err(|_panicked| broke_off(token))?
            }
        }
    }

    async fn decrypt(
        &mut self,
        own: OwnKey,
        place: TokenKey,
        how: KeyEncryption,
        encrypted: Vec<u8>,
        length: usize,
    ) -> Result<Secret<Vec<u8>>, TokenError> {
        let (tokens, token) = (self.own.tokens(), place.token.clone());
        let instead = self.rejection.instead_of(&encrypted);
        let instead =
            instead.map_err(|error| TokenError::Unable { token: token.clone(), why: error.to_string() })?;
        let instead = Secret::new(instead.expose().get(..length).unwrap_or_default().to_vec());
        let modulus = own.public().certificate().and_then(|one| one.public_key().map_err(library));
        let fits = modulus.is_ok_and(|key| key.size() == encrypted.len()) && label(&how) <= LONGEST_LABEL;
        self.done.push((own, Trial::Decrypt(how.clone())));
        // Everybody can see that it does not; the module is C and gets what it is made for.
        if !fits {
            return Ok(instead);
        }
        let given = spawn_blocking(move || decrypt(&*tokens, &place, &how, &encrypted)).await;
        let given = given.map_err(|_panicked| broke_off(token))??;
        Ok(given.filter(|given| given.expose().len() == length).unwrap_or(instead))
    }

    /// Whether what was found may be believed: where something stayed closed, every key that was asked still works.
    pub(crate) async fn believed(self, opened: &Opened) -> Result<(), OpenError> {
        let closed = |layer: &Layer| matches!(layer, Layer::Closed { method: Method::Smime, .. });
        if !opened.layers.iter().any(closed) {
            return Ok(());
        }
        for (own, trial) in self.done {
            let tokens = self.own.tokens();
            let tried = spawn_blocking(move || works(&own, &trial, &*tokens)).await;
            tried.map_err(|_panicked| std::io::Error::other("a token's module broke off"))??;
        }
        Ok(())
    }
}

fn label(how: &KeyEncryption) -> usize {
    match how {
        KeyEncryption::Pkcs1 => 0,
        KeyEncryption::Oaep { label, .. } => label.len(),
    }
}

fn broke_off(token: String) -> TokenError {
    TokenError::Away { token, why: "a call broke off".to_owned() }
}
