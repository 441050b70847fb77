//! Operations in a session with one key: finding, generating, signing, decrypting. Knows no letter.

use cryptoki::error::Error;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use sealpost_mail::Secret;
use sealpost_seal::{KeyEncryption, Sha, TokenKey, TokenPublic, TokenSignature};

use crate::connection::Open;
use crate::failure::{Failure, is_about_data, is_refused};

/// A key pair in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// Its place in the token.
    pub key: TokenKey,
    /// Its public half.
    pub public: TokenPublic,
}

/// The kind of a new key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKey {
    /// RSA with this many bits.
    Rsa(u32),
    /// On NIST P-256.
    P256,
    /// On NIST P-384.
    P384,
}

/// DER of the SHA-256 DigestInfo without the digest (RFC 8017 §9.2).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
/// DER of the OIDs of P-256 and P-384.
const P256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: [u8; 7] = [6, 5, 0x2b, 0x81, 4, 0, 0x22];
/// 65537.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// Signs this digest.
pub(crate) fn sign(
    open: &mut Open,
    key: &TokenKey,
    how: TokenSignature,
    digest: &[u8; 32],
) -> Result<Vec<u8>, Failure> {
    let handle = handle(open, key)?;
    let session = &open.session;
    Ok(match how {
        TokenSignature::RsaPkcs1 => {
            session.sign(&Mechanism::RsaPkcs, handle, &[&SHA256_INFO[..], digest].concat())?
        }
        TokenSignature::RsaPss => {
            let parameters = PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32_u64.into(),
            };
            session.sign(&Mechanism::RsaPkcsPss(parameters), handle, digest)?
        }
        TokenSignature::Ecdsa => session.sign(&Mechanism::Ecdsa, handle, digest)?,
    })
}

/// Decrypts the data; `None`: it is malformed.
pub(crate) fn decrypt(
    open: &mut Open,
    key: &TokenKey,
    how: &KeyEncryption,
    encrypted: &[u8],
) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    match how {
        KeyEncryption::Pkcs1 => decrypted(open, key, &Mechanism::RsaPkcs, encrypted),
        KeyEncryption::Oaep { digest, mask, label } => {
            let (digest, _) = names(*digest);
            let (_, mask) = names(*mask);
            let label = match label.as_slice() {
                [] => PkcsOaepSource::empty(),
                label => PkcsOaepSource::data_specified(label),
            };
            let parameters = PkcsOaepParams::new(digest, mask, label);
            decrypted(open, key, &Mechanism::RsaPkcsOaep(parameters), encrypted)
        }
    }
}

/// The decrypted block, with its padding.
pub(crate) fn raw(
    open: &mut Open,
    key: &TokenKey,
    encrypted: &[u8],
) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let handle = handle(open, key)?;
    match open.session.decrypt(&Mechanism::RsaX509, handle, encrypted) {
        Ok(block) => Ok(Some(Secret::new(block))),
        Err(error) if is_refused(&error) => Err(Failure::Unable(error.to_string())),
        Err(error) if is_about_data(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn decrypted(
    open: &mut Open,
    key: &TokenKey,
    how: &Mechanism<'_>,
    encrypted: &[u8],
) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let handle = handle(open, key)?;
    match open.session.decrypt(how, handle, encrypted) {
        Ok(clear) => Ok(Some(Secret::new(clear))),
        Err(error) if is_about_data(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The x coordinate shared with the owner of this point; `None`: the token rejects the point.
pub(crate) fn agree(
    open: &mut Open,
    key: &TokenKey,
    point: &[u8],
) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let base = handle(open, key)?;
    let session = &open.session;
    // An uncompressed point is a byte and two coordinates.
    let length = point.len().saturating_sub(1) / 2;
    let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::ValueLen(u64::try_from(length).unwrap_or(0).into()),
    ];
    let derived = match session.derive_key(&mechanism, base, &template) {
        Ok(derived) => derived,
        Err(error) => {
            let about_data = is_about_data(&error);
            return match Failure::from(error) {
                Failure::Lost(_) if about_data => Ok(None),
                failure => Err(failure),
            };
        }
    };
    let read = session.get_attributes(derived, &[AttributeType::Value]);
    // It would be deleted with the session, but other letters share that.
    let _gone = session.destroy_object(derived);
    let value = read?.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(value) => Some(Secret::new(value)),
        _ => None,
    });
    value.map(Some).ok_or_else(|| Failure::Unable("it does not give out what was agreed".to_owned()))
}

fn names(hash: Sha) -> (MechanismType, PkcsMgfType) {
    match hash {
        Sha::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
        Sha::Sha224 => (MechanismType::SHA224, PkcsMgfType::MGF1_SHA224),
        Sha::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        Sha::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        Sha::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    }
}

fn handle(open: &mut Open, key: &TokenKey) -> Result<ObjectHandle, Failure> {
    if let Some(known) = open.handles.get(key) {
        return Ok(*known);
    }
    let found =
        the_one(&open.session, ObjectClass::PRIVATE_KEY, &key.id, &key.label)?.ok_or(Failure::NoKey)?;
    open.handles.insert(key.clone(), found);
    Ok(found)
}

/// The one key by its identifier, or by its label if it has none.
fn the_one(
    session: &Session,
    class: ObjectClass,
    id: &[u8],
    label: &str,
) -> Result<Option<ObjectHandle>, Failure> {
    let named = match id {
        [] => Attribute::Label(label.as_bytes().to_vec()),
        id => Attribute::Id(id.to_vec()),
    };
    match session.find_objects(&[Attribute::Class(class), named])?.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        [_, _, ..] => {
            Err(Failure::Unable(format!("several keys are called {label:?} there; give each a name")))
        }
    }
}

/// The key pair with this label.
pub(crate) fn find(session: &Session, token: &str, label: &str) -> Result<FoundKey, Failure> {
    let private = the_one(session, ObjectClass::PRIVATE_KEY, &[], label)?.ok_or(Failure::NoKey)?;
    let mut id = Vec::new();
    for attribute in session.get_attributes(private, &[AttributeType::Id])? {
        if let Attribute::Id(found) = attribute {
            id = found;
        }
    }
    let public = the_one(session, ObjectClass::PUBLIC_KEY, &id, label)?;
    // Some tokens have the public half only in the certificate; of an RSA key the private half contains it.
    let halves = [public, Some(private)].into_iter().flatten();
    let read = halves.map(|half| numbers(session, half)).find_map(Result::transpose).transpose()?;
    let public =
        read.ok_or_else(|| Failure::Unable(format!("it does not show the public half of {label:?}")))?;
    Ok(FoundKey { key: TokenKey { token: token.to_owned(), id, label: label.to_owned() }, public })
}

fn numbers(session: &Session, half: ObjectHandle) -> Result<Option<TokenPublic>, Failure> {
    let wanted = [
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let (mut rsa, mut exponent, mut params, mut at) = (None, None, None, None);
    for attribute in session.get_attributes(half, &wanted)? {
        match attribute {
            Attribute::Modulus(value) => rsa = Some(value),
            Attribute::PublicExponent(value) => exponent = Some(value),
            Attribute::EcParams(value) => params = Some(value),
            Attribute::EcPoint(value) => at = Some(value),
            _ => {}
        }
    }
    let filled = |value: Option<Vec<u8>>| value.filter(|value| !value.is_empty());
    Ok(match (filled(rsa), filled(exponent), filled(params), filled(at)) {
        (Some(modulus), Some(exponent), _, _) => Some(TokenPublic::Rsa { modulus, exponent }),
        (_, _, Some(curve), Some(point)) => Some(TokenPublic::Curve { curve, point }),
        _ => None,
    })
}

/// Generates a key pair whose private half never leaves the token.
pub(crate) fn generate(
    session: &Session,
    token: &str,
    what: NewKey,
    key: &TokenKey,
) -> Result<FoundKey, Failure> {
    let named =
        [Attribute::Token(true), Attribute::Id(key.id.clone()), Attribute::Label(key.label.clone().into())];
    let mut public = named.to_vec();
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    let mut private = named.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Unwrap(false),
    ]);
    let mechanism = match what {
        NewKey::Rsa(bits) => {
            public.extend([
                Attribute::Encrypt(true),
                Attribute::ModulusBits(u64::from(bits).into()),
                Attribute::PublicExponent(EXPONENT.to_vec()),
            ]);
            private.push(Attribute::Decrypt(true));
            Mechanism::RsaPkcsKeyPairGen
        }
        NewKey::P256 | NewKey::P384 => {
            let curve = if what == NewKey::P256 { P256.to_vec() } else { P384.to_vec() };
            public.push(Attribute::EcParams(curve));
            private.extend([Attribute::Derive(true), Attribute::Decrypt(false)]);
            Mechanism::EccKeyPairGen
        }
    };
    let (made, _private) = session.generate_key_pair(&mechanism, &public, &private)?;
    let public = numbers(session, made)?;
    let public = public.ok_or_else(|| Failure::Unable("it does not show the key that it made".to_owned()))?;
    Ok(FoundKey { key: TokenKey { token: token.to_owned(), ..key.clone() }, public })
}

/// Removes a key pair that was not used for anything.
pub(crate) fn remove(session: &Session, key: &TokenKey) -> Result<(), Error> {
    for object in session.find_objects(&[Attribute::Id(key.id.clone())])? {
        session.destroy_object(object)?;
    }
    Ok(())
}
