//! Signs a letter, wherever the key is: by OpenSSL if it is in memory, by a token if it is in one. Knows no
//! MIME.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;
use sealpost_cms::{Digester, OpaqueSigner, SignPadding};
use sealpost_mail::Timestamp;

use super::make::{SmimeKey, SmimePrivate};
use super::signed_data::{Scheme, SignedData, Signers, Unsigned};
use crate::algorithm_profile::{Form, Signature};
use crate::error::CloseError;
use crate::token::{TokenError, TokenKey, TokenSignature, Tokens};

/// A signature in progress: detached, or with embedded content.
pub(crate) trait Signer {
    /// Takes a piece of the content and appends the available output to `sink`.
    fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CloseError>;

    /// Appends the rest of it to `sink`.
    fn finish(self: Box<Self>, sink: &mut Vec<u8>) -> Result<(), CloseError>;
}

/// The signer for this form: the only place that distinguishes where the key is.
pub(crate) fn signer<'a>(
    own: &'a SmimeKey,
    form: Form,
    signature: Signature,
    tokens: &'a dyn Tokens,
    now: Timestamp,
) -> Result<Box<dyn Signer + 'a>, CloseError> {
    let SmimeKey { certificate, chain, private } = own;
    Ok(match (private, form) {
        (SmimePrivate::Here(key), Form::Detached) => {
            Box::new(Digester::new(certificate, key, chain, padding(key.id(), signature))?)
        }
        (SmimePrivate::Here(key), Form::Opaque) => {
            Box::new(OpaqueSigner::new(certificate, key, chain, padding(key.id(), signature))?)
        }
        (SmimePrivate::InToken(place), Form::Detached) => {
            Box::new(DetachedInToken(InToken::new(own, place, signature, tokens, now)?))
        }
        (SmimePrivate::InToken(place), Form::Opaque) => Box::new(OpaqueInToken {
            signing: InToken::new(own, place, signature, tokens, now)?,
            begun: false,
        }),
    })
}

impl Signer for Digester {
    fn write(&mut self, content: &[u8], _sink: &mut Vec<u8>) -> Result<(), CloseError> {
        Ok(Self::write(self, content)?)
    }

    fn finish(self: Box<Self>, sink: &mut Vec<u8>) -> Result<(), CloseError> {
        sink.extend(Self::finish(*self)?);
        Ok(())
    }
}

impl Signer for OpaqueSigner {
    fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CloseError> {
        Ok(Self::write(self, content, sink)?)
    }

    fn finish(self: Box<Self>, sink: &mut Vec<u8>) -> Result<(), CloseError> {
        Ok(Self::finish(*self, sink)?)
    }
}

/// Detached.
struct DetachedInToken<'a>(InToken<'a>);

impl Signer for DetachedInToken<'_> {
    fn write(&mut self, content: &[u8], _sink: &mut Vec<u8>) -> Result<(), CloseError> {
        self.0.signed.update(content);
        Ok(())
    }

    fn finish(self: Box<Self>, sink: &mut Vec<u8>) -> Result<(), CloseError> {
        let (signers, unsigned, signature) = self.0.made()?;
        sink.extend(unsigned.detached(&signers, &signature).ok_or_else(unreadable)?);
        Ok(())
    }
}

/// With embedded content.
struct OpaqueInToken<'a> {
    signing: InToken<'a>,
    begun: bool,
}

impl OpaqueInToken<'_> {
    fn begin(&mut self, sink: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            sink.extend(SignedData::head());
        }
    }
}

impl Signer for OpaqueInToken<'_> {
    fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CloseError> {
        self.begin(sink);
        self.signing.signed.update(content);
        sink.extend(SignedData::inside(content));
        Ok(())
    }

    fn finish(mut self: Box<Self>, sink: &mut Vec<u8>) -> Result<(), CloseError> {
        self.begin(sink);
        let (signers, unsigned, signature) = self.signing.made()?;
        sink.extend(unsigned.attached(&signers, &signature).ok_or_else(unreadable)?);
        Ok(())
    }
}

/// A signature to be made by a token.
struct InToken<'a> {
    place: &'a TokenKey,
    signers: Signers<'a>,
    tokens: &'a dyn Tokens,
    now: Timestamp,
    signed: SignedData,
}

impl<'a> InToken<'a> {
    fn new(
        own: &'a SmimeKey,
        place: &'a TokenKey,
        signature: Signature,
        tokens: &'a dyn Tokens,
        now: Timestamp,
    ) -> Result<Self, CloseError> {
        let public = own.certificate.public_key();
        let kind = public.map_err(|error| CloseError::Library(error.to_string()))?.id();
        let scheme = match (kind == Id::RSA, signature) {
            (true, Signature::Pkcs1) => Scheme::RsaPkcs1,
            (true, Signature::Pss) => Scheme::RsaPss,
            (false, Signature::Pkcs1 | Signature::Pss) => Scheme::Ecdsa,
        };
        let signers = Signers { certificate: &own.certificate, chain: &own.chain, scheme };
        Ok(Self { place, signers, tokens, now, signed: SignedData::new() })
    }

    fn made(self) -> Result<(Signers<'a>, Unsigned, Vec<u8>), CloseError> {
        let unsigned = self.signed.ended(self.now);
        let digest = unsigned.digest();
        let signature = sign(self.tokens, self.place, self.signers.scheme, &digest)?;
        // A token with another key by now, or a broken one: a signature that does not verify is never sent.
        if !verifies(&self.signers, &digest, &signature).unwrap_or(false) {
            let why = "it does not sign as the certificate says".to_owned();
            return Err(TokenError::Away { token: self.place.token.clone(), why }.into());
        }
        Ok((self.signers, unsigned, signature))
    }
}

/// Whether it is a signature by the certificate's key.
fn verifies(by: &Signers<'_>, digest: &[u8; 32], signature: &[u8]) -> Result<bool, ErrorStack> {
    let public = by.certificate.public_key()?;
    let mut context = PkeyCtx::new(&public)?;
    context.verify_init()?;
    match by.scheme {
        Scheme::RsaPkcs1 => context.set_rsa_padding(Padding::PKCS1)?,
        Scheme::RsaPss => context.set_rsa_padding(Padding::PKCS1_PSS)?,
        Scheme::Ecdsa => {}
    }
    context.set_signature_md(Md::sha256())?;
    if by.scheme == Scheme::RsaPss {
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    context.verify(digest, signature)
}

/// A signature in the form of certificates and CMS.
pub(crate) fn sign(
    tokens: &dyn Tokens,
    place: &TokenKey,
    scheme: Scheme,
    digest: &[u8; 32],
) -> Result<Vec<u8>, TokenError> {
    match scheme {
        Scheme::RsaPkcs1 => tokens.sign(place, TokenSignature::RsaPkcs1, digest),
        Scheme::RsaPss => tokens.sign(place, TokenSignature::RsaPss, digest),
        Scheme::Ecdsa => {
            let both = tokens.sign(place, TokenSignature::Ecdsa, digest)?;
            // PKCS#11 returns r and s concatenated, each as long as the order; RFC 3279 §2.2.3 requires a
            // SEQUENCE.
            let (r, s) = both.split_at(both.len() / 2);
            let sequence = || {
                let signature =
                    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
                signature.to_der()
            };
            sequence().map_err(|error: ErrorStack| TokenError::Unable {
                token: place.token.clone(),
                why: error.to_string(),
            })
        }
    }
}

fn padding(kind: Id, signature: Signature) -> SignPadding {
    match (kind == Id::RSA, signature) {
        (true, Signature::Pss) => SignPadding::Pss,
        (true, Signature::Pkcs1) | (false, Signature::Pss | Signature::Pkcs1) => SignPadding::Default,
    }
}

fn unreadable() -> CloseError {
    CloseError::Library("our own certificate cannot be read".to_owned())
}
