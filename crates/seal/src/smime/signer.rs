//! The signature under a letter, whoever holds the key: OpenSSL where it is in memory, a token where it lies in one. Knows
//! no MIME.

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
use crate::algorithm_profile::Signature;
use crate::error::CloseError;
use crate::token::{TokenError, TokenKey, TokenSignature, Tokens};

/// Signs content that stays outside, while it passes by.
pub(crate) enum DetachedSigner<'a> {
    Here(Digester),
    InToken(InToken<'a>),
}

/// Signs content that goes inside.
pub(crate) enum OpaqueSigning<'a> {
    Here(OpaqueSigner),
    InToken(InToken<'a>),
}

/// A signature that a token will make.
pub(crate) struct InToken<'a> {
    place: &'a TokenKey,
    signers: Signers<'a>,
    tokens: &'a dyn Tokens,
    now: Timestamp,
    signed: SignedData,
    begun: bool,
}

impl<'a> DetachedSigner<'a> {
    pub(crate) fn new(
        own: &'a SmimeKey,
        signature: Signature,
        tokens: &'a dyn Tokens,
        now: Timestamp,
    ) -> Result<Self, CloseError> {
        Ok(match &own.private {
            SmimePrivate::Here(key) => {
                Self::Here(Digester::new(&own.certificate, key, &own.chain, padding(key.id(), signature))?)
            }
            SmimePrivate::InToken(place) => Self::InToken(InToken::new(own, place, signature, tokens, now)?),
        })
    }

    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), CloseError> {
        match self {
            Self::Here(digester) => digester.write(content)?,
            Self::InToken(signing) => signing.signed.update(content),
        }
        Ok(())
    }

    /// DER of the signature.
    pub(crate) fn finish(self) -> Result<Vec<u8>, CloseError> {
        match self {
            Self::Here(digester) => Ok(digester.finish()?),
            Self::InToken(signing) => {
                let (signers, unsigned, signature) = signing.made()?;
                unsigned.detached(&signers, &signature).ok_or_else(unreadable)
            }
        }
    }
}

impl<'a> OpaqueSigning<'a> {
    pub(crate) fn new(
        own: &'a SmimeKey,
        signature: Signature,
        tokens: &'a dyn Tokens,
        now: Timestamp,
    ) -> Result<Self, CloseError> {
        Ok(match &own.private {
            SmimePrivate::Here(key) => {
                let padding = padding(key.id(), signature);
                Self::Here(OpaqueSigner::new(&own.certificate, key, &own.chain, padding)?)
            }
            SmimePrivate::InToken(place) => Self::InToken(InToken::new(own, place, signature, tokens, now)?),
        })
    }

    /// Takes a piece of the content and appends what is ready to `sink`.
    pub(crate) fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CloseError> {
        match self {
            Self::Here(signer) => signer.write(content, sink)?,
            Self::InToken(signing) => {
                signing.begin(sink);
                signing.signed.update(content);
                sink.extend(SignedData::inside(content));
            }
        }
        Ok(())
    }

    /// Appends the end to `sink`.
    pub(crate) fn finish(self, sink: &mut Vec<u8>) -> Result<(), CloseError> {
        match self {
            Self::Here(signer) => signer.finish(sink)?,
            Self::InToken(mut signing) => {
                signing.begin(sink);
                let (signers, unsigned, signature) = signing.made()?;
                sink.extend(unsigned.attached(&signers, &signature).ok_or_else(unreadable)?);
            }
        }
        Ok(())
    }
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
        Ok(Self { place, signers, tokens, now, signed: SignedData::new(), begun: false })
    }

    fn begin(&mut self, sink: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            sink.extend(SignedData::head());
        }
    }

    fn made(self) -> Result<(Signers<'a>, Unsigned, Vec<u8>), CloseError> {
        let unsigned = self.signed.ended(self.now);
        let digest = unsigned.digest();
        let signature = sign(self.tokens, self.place, self.signers.scheme, &digest)?;
        // A token that has another key by now, or does not work: nobody gets a signature that does not verify.
        if !verifies(&self.signers, &digest, &signature).unwrap_or(false) {
            let why = "it does not sign as the certificate says".to_owned();
            return Err(TokenError::Away { token: self.place.token.clone(), why }.into());
        }
        Ok((self.signers, unsigned, signature))
    }
}

/// Whether it is a signature by the key of the certificate.
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

/// A signature as certificates and CMS have it.
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
            // PKCS#11 gives r and s in a row, each as long as the order; RFC 3279 §2.2.3 wants a SEQUENCE.
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
