//! Tests a key in a token with known data: it must sign what its certificate verifies, and decrypt what its certificate
//! encrypted. Knows no letter.

use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, PointConversionForm};
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sha::sha256;
use openssl::sign::Verifier;
use sealpost_mail::Secret;
use thiserror::Error;

use crate::own_key::{OwnKey, PrivatePart};
use crate::smime::agreement::message_digest;
use crate::smime::signed_data::Scheme;
use crate::smime::signer::sign;
use crate::token::{KeyEncryption, Sha, TokenError, TokenKey, Tokens};
use crate::token_decrypt::decrypt;

/// Not secret.
const KNOWN: &[u8; 32] = b"sealpost tries a key in a token.";

/// A failed test.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The token reported an error.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its result does not match its certificate.
    #[error("the token {token:?} does not {what} as the certificate says; is it the right key?")]
    Other {
        /// The token's name.
        token: String,
        /// What was tested.
        what: &'static str,
    },
}

/// Tests the key, if it is in a token: returns all failures.
#[must_use]
pub fn try_in_token(own: &OwnKey, tokens: &dyn Tokens) -> Vec<TrialError> {
    let PrivatePart::Smime(smime) = own.private() else { return Vec::new() };
    let Some(place) = own.token() else { return Vec::new() };
    let public = match smime.certificate.public_key() {
        Ok(public) => public,
        Err(error) => return vec![library(place, &error).into()],
    };
    let mut wrong = Vec::new();
    wrong.extend(signs(place, &public, tokens).err());
    if public.id() == Id::RSA {
        let oaep = KeyEncryption::Oaep { digest: Sha::Sha256, mask: Sha::Sha256, label: Vec::new() };
        for how in [KeyEncryption::Pkcs1, oaep] {
            wrong.extend(decrypted(place, &public, &how, tokens).err());
        }
    } else {
        wrong.extend(agreed(place, &public, tokens).err());
    }
    wrong
}

/// The kind of a test.
#[derive(Clone, Debug)]
pub(crate) enum Trial {
    /// Decrypts data encrypted like this.
    Decrypt(KeyEncryption),
    /// Agrees with another key.
    Agree,
}

/// Whether the key passes; after a wrong or missing result, once more over another connection. Another one does not
/// help if the token reports that it does not support the operation, has no such key, or rejects the PIN.
pub(crate) fn works(own: &OwnKey, trial: &Trial, tokens: &dyn Tokens) -> Result<(), TokenError> {
    let PrivatePart::Smime(smime) = own.private() else { return Ok(()) };
    let Some(place) = own.token() else { return Ok(()) };
    let public = smime.certificate.public_key().map_err(|error| library(place, &error))?;
    let tried = || match trial {
        Trial::Decrypt(how) => decrypted(place, &public, how, tokens),
        Trial::Agree => agreed(place, &public, tokens),
    };
    match tried() {
        Ok(()) => return Ok(()),
        Err(TrialError::Other { .. } | TrialError::Token(TokenError::Away { .. })) => {}
        Err(TrialError::Token(error)) => return Err(error),
    }
    tokens.renew(place)?;
    tried().map_err(|error| match error {
        TrialError::Token(error) => error,
        TrialError::Other { token, .. } => {
            TokenError::Away { token, why: "it does not do what its certificate says".to_owned() }
        }
    })
}

fn agreed(place: &TokenKey, public: &PKey<Public>, tokens: &dyn Tokens) -> Result<(), TrialError> {
    let (point, secret) = other_side(public).map_err(|error| library(place, &error))?;
    match tokens.agree(place, &point)? {
        Some(agreed) if agreed.expose() == secret.expose() => Ok(()),
        Some(_) | None => Err(other(place, "agree on a key")),
    }
}

/// The point of a temporary key, and its shared secret with the key.
fn other_side(public: &PKey<Public>) -> Result<(Vec<u8>, Secret<Vec<u8>>), ErrorStack> {
    let curve = public.ec_key()?;
    let moment = EcKey::generate(curve.group())?;
    let mut context = BigNumContext::new()?;
    let form = PointConversionForm::UNCOMPRESSED;
    let point = moment.public_key().to_bytes(curve.group(), form, &mut context)?;
    let moment = PKey::from_ec_key(moment)?;
    let mut deriver = Deriver::new(&moment)?;
    deriver.set_peer(public)?;
    Ok((point, Secret::new(deriver.derive_to_vec()?)))
}

fn signs(place: &TokenKey, public: &PKey<Public>, tokens: &dyn Tokens) -> Result<(), TrialError> {
    let scheme = if public.id() == Id::RSA { Scheme::RsaPkcs1 } else { Scheme::Ecdsa };
    let signature = sign(tokens, place, scheme, &sha256(KNOWN))?;
    let verified = Verifier::new(MessageDigest::sha256(), public)
        .and_then(|mut verifier| verifier.verify_oneshot(&signature, KNOWN));
    match verified {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(other(place, "sign")),
    }
}

fn decrypted(
    place: &TokenKey,
    public: &PKey<Public>,
    how: &KeyEncryption,
    tokens: &dyn Tokens,
) -> Result<(), TrialError> {
    let encrypted = encrypted(public, how).map_err(|error| library(place, &error))?;
    let clear = decrypt(tokens, place, how, &encrypted, Secret::new(vec![0; KNOWN.len()]))?;
    if clear.expose() == KNOWN { Ok(()) } else { Err(other(place, "decrypt")) }
}

fn encrypted(public: &PKey<Public>, how: &KeyEncryption) -> Result<Vec<u8>, ErrorStack> {
    let mut encrypter = Encrypter::new(public)?;
    match how {
        KeyEncryption::Pkcs1 => encrypter.set_rsa_padding(Padding::PKCS1)?,
        KeyEncryption::Oaep { digest, mask, label } => {
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            encrypter.set_rsa_oaep_md(message_digest(*digest))?;
            encrypter.set_rsa_mgf1_md(message_digest(*mask))?;
            if !label.is_empty() {
                encrypter.set_rsa_oaep_label(label)?;
            }
        }
    }
    let mut to = vec![0; encrypter.encrypt_len(KNOWN)?];
    let length = encrypter.encrypt(KNOWN, &mut to)?;
    to.truncate(length);
    Ok(to)
}

fn other(place: &TokenKey, what: &'static str) -> TrialError {
    TrialError::Other { token: place.token.clone(), what }
}

fn library(place: &TokenKey, error: &ErrorStack) -> TokenError {
    TokenError::Unable { token: place.token.clone(), why: error.to_string() }
}
