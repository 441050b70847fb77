//! Content keys by a key in a token: of RSA, also where the token does not know the hash of an OAEP (SoftHSM knows SHA-1 alone):
//! the padding is taken off here then; on a curve, agreed there and derived here. Knows no letter.

use openssl::bn::BigNumContext;
use openssl::ec::{EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Public};
use sealpost_cms::oaep_unpadded;
use sealpost_mail::Secret;

use crate::smime::agreement::{Agreement, message_digest};
use crate::token::{KeyEncryption, TokenError, TokenKey, Tokens};

/// What was encrypted to the key; `None`: it is no such thing.
pub(crate) fn decrypt(
    tokens: &dyn Tokens,
    key: &TokenKey,
    how: &KeyEncryption,
    encrypted: &[u8],
) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
    let unable = match tokens.decrypt(key, how, encrypted) {
        Err(error @ TokenError::Unable { .. }) => error,
        done => return done,
    };
    // Only what the parameters are is known by now: nothing of what was encrypted.
    let KeyEncryption::Oaep { digest, mask, label } = how else { return Err(unable) };
    match tokens.raw(key, encrypted) {
        Ok(block) => Ok(block.and_then(|block| {
            let (digest, mask) = (message_digest(*digest), message_digest(*mask));
            oaep_unpadded(block.expose(), encrypted.len(), label, digest, mask).map(Secret::new)
        })),
        Err(TokenError::Unable { .. }) => Err(unable),
        Err(error) => Err(error),
    }
}

/// The content key that was wrapped so; `None`: it was not, or not for this key.
pub(crate) fn agree(
    tokens: &dyn Tokens,
    key: &TokenKey,
    public: &PKeyRef<Public>,
    agreement: &Agreement,
) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
    // Not every token looks whether the point is on the curve, and another one gives the key away bit by bit.
    let Some(point) = on_curve(public, &agreement.point) else { return Ok(None) };
    let secret = tokens.agree(key, &point)?;
    Ok(secret.and_then(|secret| agreement.content_key(secret.expose())))
}

/// The point, uncompressed.
fn on_curve(public: &PKeyRef<Public>, point: &[u8]) -> Option<Vec<u8>> {
    let curve = public.ec_key().ok()?;
    let group = curve.group();
    let mut context = BigNumContext::new().ok()?;
    let read = EcPoint::from_bytes(group, point, &mut context).and_then(|point| {
        let on_curve = point.is_on_curve(group, &mut context)? && !point.is_infinity(group);
        let bytes = point.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context)?;
        Ok(on_curve.then_some(bytes))
    });
    if read.is_err() {
        let _ = ErrorStack::get();
    }
    read.ok().flatten()
}
