//! Parses an EnvelopedData (RFC 5652 §6) or AuthEnvelopedData (RFC 5083) and decrypts it with a content key that was unwrapped
//! elsewhere: OpenSSL decrypts only with private keys in its memory, and the worker has none. In the worker only; knows no private
//! key and no pipe.

use openssl::error::ErrorStack;
use openssl::symm::{Cipher, Crypter, Mode};

use super::agreement::{Agreement, shared_info};
use super::algorithm::{self, Authenticates};
use super::der::{self, BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, SET, Value};
use super::signed_data::issuer_and_serial;
use crate::open_result::NotOpened;

/// KeyAgreeRecipientInfo, and the first of the optional fields.
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
/// Of a certificate.
const EXTENSIONS: u8 = 0xa3;

/// The relevant parts of the DER.
pub(crate) struct Enveloped<'a> {
    recipients: Vec<Value<'a>>,
    cipher: ContentCipher<'a>,
    content: &'a [u8],
    /// Additional authenticated data: DER of the authenticated attributes.
    beside: Vec<u8>,
    tag: &'a [u8],
}

/// How the content is encrypted.
struct ContentCipher<'a> {
    cipher: Cipher,
    name: &'static str,
    authenticates: Authenticates,
    iv: &'a [u8],
    /// Octets of the tag.
    tag: usize,
}

impl<'a> Enveloped<'a> {
    /// Parses DER. `None`: it is not such a structure, or its content cipher is not accepted.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let (_oid, wrapped) = der::value(der::only(der, SEQUENCE)?)?;
        let mut fields =
            der::all(der::only(der::only(wrapped, CONTEXT_0)?, SEQUENCE)?)?.into_iter().peekable();
        fields.next_if(|field| field.tag == INTEGER)?;
        let _originator = fields.next_if(|field| field.tag == CONTEXT_0);
        let recipients = der::all(fields.next_if(|field| field.tag == SET)?.content)?;
        let content = der::all(fields.next_if(|field| field.tag == SEQUENCE)?.content)?;
        let [_kind, how, content] = content.as_slice() else { return None };
        let cipher = ContentCipher::of(how)?;
        // [0] IMPLICIT OCTET STRING: OpenSSL has joined the pieces when it read them.
        if content.tag != 0x80 {
            return None;
        }
        let (mut beside, mut tag) = (Vec::new(), &[][..]);
        if cipher.authenticates == Authenticates::Yes {
            // RFC 5083 §2.2: with the tag of a SET.
            if let Some(attributes) = fields.next_if(|field| field.tag == CONTEXT_1) {
                beside = der::of(SET, &[attributes.content]);
            }
            tag = fields.next_if(|field| field.tag == OCTET_STRING)?.content;
            if tag.len() != cipher.tag {
                return None;
            }
        }
        Some(Self { recipients, cipher, content: content.content, beside, tag })
    }

    /// Whether it is for the certificate that is named so.
    pub(crate) fn names(&self, own: &Names) -> Fit {
        let fits = self.recipients.iter().flat_map(named).map(|name| own.are(&name));
        let best = fits.max_by_key(|fit| match fit {
            Fit::Not => 0,
            Fit::Perhaps => 1,
            Fit::Exactly => 2,
        });
        best.unwrap_or(Fit::Not)
    }

    /// The content key encrypted to this certificate's RSA key.
    pub(crate) fn transported(&self, own: &Names) -> Option<Transported<'a>> {
        let fit = self.names(own);
        let infos = self.recipients.iter().filter(|info| info.tag == SEQUENCE);
        let mut ours = infos.filter_map(|info| match der::all(info.content)?.as_slice() {
            [_version, name, algorithm, key] if own.are(name) == fit => {
                let algorithm = der::of(algorithm.tag, &[algorithm.content]);
                Some(Transported { algorithm, encrypted: key.content })
            }
            _ => None,
        });
        ours.next().filter(|_| fit != Fit::Not)
    }

    /// How the content key was wrapped for this certificate's key on a curve (RFC 5753 §3.1.1), and what that is called.
    pub(crate) fn agreed(&self, own: &Names) -> Option<(Agreement, String)> {
        let fit = self.names(own);
        let infos = self.recipients.iter().filter(|info| info.tag == CONTEXT_1);
        let mut ours = infos.filter_map(KeyAgree::of).filter_map(|KeyAgree { called, terms, keys }| {
            let (_name, wrapped) = keys.into_iter().find(|(name, _)| own.are(name) == fit)?;
            Some((Agreement { wrapped: wrapped.to_vec(), ..terms }, called))
        });
        ours.next().filter(|_| fit != Fit::Not)
    }

    /// Octets of the content key.
    pub(crate) fn key_length(&self) -> usize {
        self.cipher.cipher.key_len()
    }

    /// The cipher's name, and whether it authenticates.
    pub(crate) fn cipher(&self) -> (&'static str, Authenticates) {
        (self.cipher.name, self.cipher.authenticates)
    }

    /// The decrypted content, authenticated as far as its cipher does that.
    pub(crate) fn decrypt(&self, key: &[u8], most: usize) -> Result<Vec<u8>, NotOpened> {
        if self.content.len().saturating_sub(self.cipher.cipher.block_size()) > most {
            return Err(NotOpened::TooMuch);
        }
        let clear = self.decrypted(key).map_err(|_stack| {
            // The failure is reported; nothing must remain in the error queue for the next call.
            let _ = ErrorStack::get();
            NotOpened::Tampered
        })?;
        if clear.len() > most { Err(NotOpened::TooMuch) } else { Ok(clear) }
    }

    fn decrypted(&self, key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let ContentCipher { cipher, iv, .. } = self.cipher;
        let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(iv))?;
        match self.cipher.authenticates {
            Authenticates::Yes => {
                crypter.aad_update(&self.beside)?;
                crypter.set_tag(self.tag)?;
            }
            Authenticates::No => {}
        }
        let mut clear = vec![0; self.content.len() + cipher.block_size()];
        let mut length = crypter.update(self.content, &mut clear)?;
        length += crypter.finalize(clear.get_mut(length..).unwrap_or_default())?;
        clear.truncate(length);
        Ok(clear)
    }
}

/// A content key that was encrypted for an RSA key.
pub(crate) struct Transported<'a> {
    /// DER of its keyEncryptionAlgorithm.
    pub(crate) algorithm: Vec<u8>,
    pub(crate) encrypted: &'a [u8],
}

/// Whom a RecipientInfo is for, however the content key was encrypted.
fn named<'a>(info: &Value<'a>) -> Vec<Value<'a>> {
    let fields = der::all(info.content).unwrap_or_default();
    match (info.tag, fields.get(1), fields.last()) {
        (SEQUENCE, Some(name), _) => vec![*name],
        (CONTEXT_1, _, Some(keys)) => {
            let keys = der::all(keys.content).unwrap_or_default();
            keys.iter().filter_map(wrapped_key).map(|(name, _)| name).collect()
        }
        _ => Vec::new(),
    }
}

/// A KeyAgreeRecipientInfo (RFC 5652 §6.2.2).
struct KeyAgree<'a> {
    /// Its algorithm.
    called: String,
    /// Without a wrapped key.
    terms: Agreement,
    /// Recipients and their wrapped keys.
    keys: Vec<(Value<'a>, &'a [u8])>,
}

impl<'a> KeyAgree<'a> {
    fn of(info: &Value<'a>) -> Option<Self> {
        let mut fields = der::all(info.content)?.into_iter().peekable();
        fields.next_if(|field| field.tag == INTEGER)?;
        // The sender's ephemeral key; static keys are not accepted.
        let originator = der::only(fields.next_if(|field| field.tag == CONTEXT_0)?.content, CONTEXT_1)?;
        let key = der::all(originator)?;
        let [_algorithm, point] = key.as_slice() else { return None };
        let point = point.content.strip_prefix(&[0]).filter(|_| point.tag == BIT_STRING)?;
        let added = match fields.next_if(|field| field.tag == CONTEXT_1) {
            Some(field) => Some(der::only(field.content, OCTET_STRING)?),
            None => None,
        };
        let algorithm = der::of(SEQUENCE, &[fields.next_if(|field| field.tag == SEQUENCE)?.content]);
        let agreement = algorithm::agreement(&algorithm)?;
        let wrap = algorithm::key_wrap(agreement.wrap)?;
        let terms = Agreement {
            point: point.to_vec(),
            hash: agreement.hash,
            wrap,
            shared_info: shared_info(agreement.wrap, added, wrap),
            wrapped: Vec::new(),
        };
        let keys = der::all(fields.next_if(|field| field.tag == SEQUENCE)?.content)?;
        let called = agreement.to_string();
        Some(Self { called, terms, keys: keys.iter().filter_map(wrapped_key).collect() })
    }
}

/// A RecipientEncryptedKey.
fn wrapped_key<'a>(key: &Value<'a>) -> Option<(Value<'a>, &'a [u8])> {
    let fields = der::all(key.content)?;
    let [name, wrapped] = fields.as_slice() else { return None };
    // RecipientKeyIdentifier begins like the one of a KeyTransRecipientInfo.
    let by_id = (name.tag == CONTEXT_0).then(|| der::value(name.content)).flatten();
    let name = by_id.map_or(*name, |(id, _)| Value { tag: 0x80, content: id.content });
    Some((name, wrapped.content))
}

impl<'a> ContentCipher<'a> {
    fn of(how: &Value<'a>) -> Option<Self> {
        let (oid, parameters) = der::value(how.content)?;
        let (cipher, name, authenticates) = algorithm::content_cipher(oid.content)?;
        let (iv, tag) = match authenticates {
            Authenticates::No => (der::only(parameters, OCTET_STRING)?, 0),
            Authenticates::Yes => gcm(parameters)?,
        };
        let fits = match authenticates {
            Authenticates::No => Some(iv.len()) == cipher.iv_len(),
            // RFC 5084 §3.2 recommends 12; other lengths would be hashed, which is never needed.
            Authenticates::Yes => iv.len() == 12,
        };
        fits.then_some(Self { cipher, name, authenticates, iv, tag })
    }
}

/// GCMParameters (RFC 5084 §3.2): nonce, and the length of the tag, which defaults to 12.
fn gcm(parameters: &[u8]) -> Option<(&[u8], usize)> {
    let fields = der::all(der::only(parameters, SEQUENCE)?)?;
    let (nonce, tag) = match fields.as_slice() {
        [nonce] => (nonce, 12),
        [nonce, tag] if tag.tag == INTEGER => match tag.content {
            [length @ 12..=16] => (nonce, usize::from(*length)),
            _ => return None,
        },
        _ => return None,
    };
    (nonce.tag == OCTET_STRING).then_some((nonce.content, tag))
}

/// By what a recipient names a certificate. Read off its DER: OpenSSL reads a certificate's key with it, which costs more than all else here.
pub(crate) struct Names {
    issuer_and_serial: Vec<u8>,
    serial: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

/// How well a recipient matches the certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Exactly,
    /// The serial number is equal and the issuer is encoded differently, as some programs do: if it is not for us, it does not
    /// decrypt.
    Perhaps,
    Not,
}

impl Names {
    /// Of this certificate (DER).
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        let issuer_and_serial = issuer_and_serial(certificate)?;
        let serial = serial(&issuer_and_serial)?.to_vec();
        Some(Self { issuer_and_serial, serial, key_id: key_id(certificate).map(<[u8]>::to_vec) })
    }

    /// How well this RecipientIdentifier matches.
    fn are(&self, name: &Value<'_>) -> Fit {
        match name.tag {
            SEQUENCE => {
                let whole = der::of(SEQUENCE, &[name.content]);
                match serial(&whole) {
                    Some(_) if whole == self.issuer_and_serial => Fit::Exactly,
                    Some(serial) if serial == self.serial => Fit::Perhaps,
                    Some(_) | None => Fit::Not,
                }
            }
            0x80 if self.key_id.as_deref() == Some(name.content) => Fit::Exactly,
            _ => Fit::Not,
        }
    }
}

/// subjectKeyIdentifier (RFC 5280 §4.2.1.2).
fn key_id<'a>(certificate: &'a [u8]) -> Option<&'a [u8]> {
    const KEY_ID: &[u8] = &[0x55, 0x1d, 14];
    let (body, _signature) = der::value(der::only(certificate, SEQUENCE)?)?;
    let fields = der::all(body.content)?;
    let extensions = fields.iter().find(|field| field.tag == EXTENSIONS)?;
    let value = |extension: &Value<'a>| {
        let fields = der::all(extension.content)?;
        fields.first().filter(|kind| kind.content == KEY_ID).and(fields.last().copied())
    };
    let extensions = der::all(der::only(extensions.content, SEQUENCE)?)?;
    der::only(extensions.iter().find_map(value)?.content, OCTET_STRING)
}

fn serial(issuer_and_serial: &[u8]) -> Option<&[u8]> {
    let (_issuer, rest) = der::element(der::only(issuer_and_serial, SEQUENCE)?)?;
    der::only(rest, INTEGER)
}

#[cfg(test)]
#[path = "enveloped_tests.rs"]
mod tests;
