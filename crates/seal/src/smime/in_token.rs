//! Our own S/MIME keys with the private key in a token: their certificates and requests, signed there. Knows no
//! storage.

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::x509::{X509, X509Req};
use sealpost_mail::Timestamp;

use super::certificate::library;
use super::der::{self, BIT_STRING, OCTET_STRING, SEQUENCE};
use super::make::{self, SmimeKey, SmimePrivate};
use super::signed_data::Scheme;
use super::signer::sign;
use crate::error::KeyError;
use crate::key_request::Holder;
use crate::token::{TokenKey, TokenPublic, Tokens};

/// DER of the OIDs of the supported curves: P-256 and P-384.
const CURVES: [(&[u8], Nid); 2] = [
    (&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], Nid::X9_62_PRIME256V1),
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x22], Nid::SECP384R1),
];

/// A self-signed certificate, until an authority issues one.
pub(crate) fn self_signed(
    place: TokenKey,
    public: &TokenPublic,
    holder: &Holder,
    now: Timestamp,
    years: u32,
    tokens: &dyn Tokens,
) -> Result<SmimeKey, KeyError> {
    let public = public_key(public)?;
    let (stand_in, scheme) = stand_in(&public)?;
    let certificate = make::certificate(&public, &stand_in, holder, now, years).map_err(library)?;
    let der = signed_anew(&certificate.to_der().map_err(library)?, &place, scheme, tokens)?;
    let certificate = X509::from_der(&der).map_err(library)?;
    // A token that signs with another key than it shows is detected here, and not by a partner.
    if !certificate.verify(&public).map_err(library)? {
        return Err(KeyError::OtherKey);
    }
    Ok(SmimeKey { private: SmimePrivate::InToken(place), certificate, chain: Vec::new() })
}

/// The key with its certificate among these.
pub(crate) fn certified(
    place: TokenKey,
    public: &TokenPublic,
    certificates: Vec<X509>,
) -> Result<SmimeKey, KeyError> {
    let (certificate, chain) = make::matched(public_key(public)?.as_ref(), certificates)?;
    Ok(SmimeKey { private: SmimePrivate::InToken(place), certificate, chain })
}

/// PKCS#10 as PEM.
pub(crate) fn signing_request(
    own: &SmimeKey,
    place: &TokenKey,
    holder: &Holder,
    tokens: &dyn Tokens,
) -> Result<String, KeyError> {
    let public = own.certificate.public_key().map_err(library)?;
    let (stand_in, scheme) = stand_in(&public)?;
    let request = make::request(&public, &stand_in, holder).map_err(library)?;
    let der = signed_anew(&request.to_der().map_err(library)?, place, scheme, tokens)?;
    make::text(&X509Req::from_der(&der).map_err(library)?)
}

/// OpenSSL signs while it encodes, so a temporary key is used; then the signature is replaced by the token's. The
/// algorithm, which is signed too, is the same.
fn signed_anew(
    der: &[u8],
    place: &TokenKey,
    scheme: Scheme,
    tokens: &dyn Tokens,
) -> Result<Vec<u8>, KeyError> {
    let parts = || {
        let (body, rest) = der::element(der::only(der, SEQUENCE)?)?;
        let (algorithm, _signature) = der::element(rest)?;
        Some((body, algorithm))
    };
    let (body, algorithm) =
        parts().ok_or_else(|| KeyError::Library("it cannot be taken apart".to_owned()))?;
    let signature = sign(tokens, place, scheme, &sha256(body))?;
    Ok(der::of(SEQUENCE, &[body, algorithm, &der::of(BIT_STRING, &[&[0], &signature])]))
}

/// A temporary key of the same kind.
fn stand_in(public: &PKeyRef<Public>) -> Result<(PKey<Private>, Scheme), KeyError> {
    match public.id() {
        Id::RSA => Ok((make::rsa(2048)?, Scheme::RsaPkcs1)),
        Id::EC => Ok((make::curve(Nid::X9_62_PRIME256V1)?, Scheme::Ecdsa)),
        _ => Err(KeyError::Unsupported("only RSA keys and keys on P-256 and P-384 are used from a token")),
    }
}

fn public_key(public: &TokenPublic) -> Result<PKey<Public>, KeyError> {
    match public {
        TokenPublic::Rsa { modulus, exponent } => {
            let number = BigNum::from_slice;
            let numbers = number(modulus).and_then(|n| Ok((n, number(exponent)?)));
            let (modulus, exponent) = numbers.map_err(library)?;
            Rsa::from_public_components(modulus, exponent).and_then(PKey::from_rsa).map_err(library)
        }
        TokenPublic::Curve { curve, point } => {
            let nid = CURVES.iter().find(|(der, _)| der == curve).map(|(_, nid)| *nid);
            let nid =
                nid.ok_or(KeyError::Unsupported("of curves only P-256 and P-384 are used from a token"))?;
            // PKCS#11 wraps the point; some modules do not.
            let point = der::only(point, OCTET_STRING).unwrap_or(point);
            let key = || {
                let group = EcGroup::from_curve_name(nid)?;
                let mut context = openssl::bn::BigNumContext::new()?;
                let point = EcPoint::from_bytes(&group, point, &mut context)?;
                let key = EcKey::from_public_key(&group, &point)?;
                key.check_key()?;
                PKey::from_ec_key(key)
            };
            key().map_err(library)
        }
    }
}
