//! Content keys by a key in a token: for RSA, as a raw block whose padding is removed here; on a curve, agreed there and derived
//! here. Knows no letter.
//!
//! SECURITY: PKCS#11 modules make one more call if a padding is valid, which takes measurably longer. So the raw RSA block is
//! requested, which exists for every number below the modulus, and its padding is removed here without a branch (RFC 3218). Only a
//! token without raw RSA removes the padding itself, in its own time.

use std::hint::black_box;

use openssl::bn::BigNumContext;
use openssl::ec::{EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Public};
use sealpost_cms::oaep_unpadded;
use sealpost_mail::Secret;

use crate::smime::agreement::{Agreement, message_digest};
use crate::token::{KeyEncryption, TokenError, TokenKey, Tokens};

/// The decrypted content key, of the length of `instead`; `instead` itself if the data is invalid or of another length.
pub(crate) fn decrypt(
    tokens: &dyn Tokens,
    key: &TokenKey,
    how: &KeyEncryption,
    encrypted: &[u8],
    instead: Secret<Vec<u8>>,
) -> Result<Secret<Vec<u8>>, TokenError> {
    let as_long = |found: Option<Secret<Vec<u8>>>, instead: Secret<Vec<u8>>| {
        found.filter(|found| found.expose().len() == instead.expose().len()).unwrap_or(instead)
    };
    match tokens.raw(key, encrypted) {
        Ok(Some(block)) => Ok(match how {
            KeyEncryption::Pkcs1 => pkcs1_unpadded(block.expose(), encrypted.len(), instead.expose()),
            KeyEncryption::Oaep { digest, mask, label } => {
                let (digest, mask) = (message_digest(*digest), message_digest(*mask));
                let clear = oaep_unpadded(block.expose(), encrypted.len(), label, digest, mask);
                as_long(clear.map(Secret::new), instead)
            }
        }),
        // Not a number below the modulus, which anybody can see; or raw blocks are not supported.
        Ok(None) | Err(TokenError::Unable { .. }) => {
            Ok(as_long(tokens.decrypt(key, how, encrypted)?, instead))
        }
        Err(error) => Err(error),
    }
}

/// RFC 8017 §7.2.1: 0, 2, at least eight octets that are not 0, 0.
const MIN_PADDING: usize = 11;

/// The content key in a block of RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2), of the length of `instead`, or `instead`: in constant time.
fn pkcs1_unpadded(block: &[u8], modulus: usize, instead: &[u8]) -> Secret<Vec<u8>> {
    // Some tokens omit the leading 0 octet of the block.
    let padded = Secret::new([vec![0; modulus.saturating_sub(block.len())].as_slice(), block].concat());
    let padded = padded.expose();
    let parts = padded.len().checked_sub(instead.len()).and_then(|at| padded.split_at_checked(at));
    let Some((padding, key)) = parts.filter(|(padding, _)| padding.len() >= MIN_PADDING) else {
        return Secret::new(instead.to_vec());
    };
    let last = padding.len() - 1;
    let wrong = padding.iter().enumerate().fold(0_u8, |wrong, (at, byte)| {
        wrong
            | match at {
                0 => *byte,
                1 => *byte ^ 2,
                _ if at == last => *byte,
                _ => zeros(*byte),
            }
    });
    let right = black_box(zeros(wrong));
    Secret::new(key.iter().zip(instead).map(|(key, other)| (key & right) | (other & !right)).collect())
}

/// All bits set for 0, none for anything else; without a branch.
fn zeros(byte: u8) -> u8 {
    let [high, _] = u16::from(byte).wrapping_sub(1).to_be_bytes();
    high
}

/// Unwraps the content key; `None`: it is damaged, or not for this key.
pub(crate) fn agree(
    tokens: &dyn Tokens,
    key: &TokenKey,
    public: &PKeyRef<Public>,
    agreement: &Agreement,
) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
    // Not every token checks that the point is on the curve, and another one would disclose the key bit by bit.
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

#[cfg(test)]
mod tests {
    use super::*;

    const INSTEAD: [u8; 16] = [7; 16];
    const KEY: [u8; 16] = [9; 16];

    fn block(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut block = vec![0x55; 64];
        block[0] = 0;
        block[1] = 2;
        block[47] = 0;
        block[48..].copy_from_slice(&KEY);
        change(&mut block);
        block
    }

    #[test]
    fn only_a_right_padding_gives_the_key_and_anything_else_what_stands_for_it() {
        let found = |block: &[u8]| pkcs1_unpadded(block, 64, &INSTEAD).expose().clone();
        assert_eq!(found(&block(|_| ())), KEY);
        assert_eq!(found(&block(|_| ())[1..]), KEY, "without its first octet");
        for (what, block) in [
            ("first octet", block(|block| block[0] = 1)),
            ("type", block(|block| block[1] = 1)),
            ("no end", block(|block| block[47] = 1)),
            ("a shorter padding", block(|block| block[20] = 0)),
            ("a 0 right at its start", block(|block| block[2] = 0)),
            ("a 0 before the end", block(|block| block[46] = 0)),
            ("nothing", vec![0; 64]),
            ("too short", vec![1; 3]),
            ("too long", block(|block| block.push(9))),
        ] {
            assert_eq!(found(&block), INSTEAD, "{what}");
        }
        // RFC 8017 §7.2.1: eight octets at least.
        let short = [&[0, 2][..], &[1; 8], &[0], &KEY].concat();
        assert_eq!(pkcs1_unpadded(&short, short.len(), &INSTEAD).expose(), &KEY);
        let short = [&[0, 2][..], &[1; 7], &[0], &KEY].concat();
        assert_eq!(pkcs1_unpadded(&short, short.len(), &INSTEAD).expose(), &INSTEAD);
        assert_eq!((0..=255).filter(|byte| zeros(*byte) != 0).collect::<Vec<u8>>(), [0]);
    }
}
