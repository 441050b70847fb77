//! Our own S/MIME keys: making, importing, certificate requests. Knows no storage and no token.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private};
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{
    X509, X509Builder, X509Extension, X509Name, X509NameBuilder, X509Req, X509ReqBuilder, X509v3Context,
};
use sealpost_mail::{Secret, Timestamp};

use super::certificate::library;
use crate::error::KeyError;
use crate::key_request::Holder;
use crate::token::TokenKey;

/// A private key with its certificate and the chain to a root.
#[derive(Clone)]
pub(crate) struct SmimeKey {
    pub(crate) private: SmimePrivate,
    pub(crate) certificate: X509,
    pub(crate) chain: Vec<X509>,
}

/// The place of a private key.
#[derive(Clone)]
pub(crate) enum SmimePrivate {
    /// In memory.
    Here(PKey<Private>),
    /// In a token.
    InToken(TokenKey),
}

/// RSA with this many bits.
pub(crate) fn rsa(bits: u32) -> Result<PKey<Private>, KeyError> {
    Rsa::generate(bits).and_then(PKey::from_rsa).map_err(library)
}

/// A key on a named curve.
pub(crate) fn curve(nid: Nid) -> Result<PKey<Private>, KeyError> {
    let group = EcGroup::from_curve_name(nid).map_err(library)?;
    EcKey::generate(&group).and_then(PKey::from_ec_key).map_err(library)
}

/// A self-signed certificate: sufficient for partners who compare fingerprints, and until a CA issues one.
pub(crate) fn self_signed(
    key: PKey<Private>,
    holder: &Holder,
    now: Timestamp,
    years: u32,
) -> Result<SmimeKey, KeyError> {
    let certificate = certificate(&key, &key, holder, now, years).map_err(library)?;
    Ok(SmimeKey { private: SmimePrivate::Here(key), certificate, chain: Vec::new() })
}

/// For the public key; signed with `signer`.
pub(super) fn certificate<P: HasPublic>(
    key: &PKeyRef<P>,
    signer: &PKeyRef<Private>,
    holder: &Holder,
    now: Timestamp,
    years: u32,
) -> Result<X509, openssl::error::ErrorStack> {
    let mut serial = BigNum::new()?;
    // RFC 5280 §4.1.2.2: positive, at most 20 octets.
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let name = name(holder)?;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    builder.set_serial_number(Asn1Integer::from_bn(&serial)?.as_ref())?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    // Backdated by an hour: a partner's clock may be behind ours.
    builder.set_not_before(Asn1Time::from_unix(now.seconds() - 3600)?.as_ref())?;
    let end = now.seconds().saturating_add(i64::from(years).saturating_mul(31_557_600));
    builder.set_not_after(Asn1Time::from_unix(end)?.as_ref())?;
    builder.set_pubkey(key)?;
    for extension in extensions(key, holder, &builder.x509v3_context(None, None))? {
        builder.append_extension(extension)?;
    }
    let id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(id)?;
    builder.sign(signer, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn name(holder: &Holder) -> Result<X509Name, openssl::error::ErrorStack> {
    let short = |text: &str| text.chars().take(64).collect::<String>();
    let mut name = X509NameBuilder::new()?;
    if let Some(country) = holder.country.as_deref().filter(|country| country.len() == 2) {
        name.append_entry_by_nid(Nid::COUNTRYNAME, country)?;
    }
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, &short(&holder.name))?;
    name.append_entry_by_nid(Nid::COMMONNAME, &short(&holder.name))?;
    Ok(name.build())
}

fn extensions<P: HasPublic>(
    key: &PKeyRef<P>,
    holder: &Holder,
    context: &X509v3Context<'_>,
) -> Result<Vec<X509Extension>, openssl::error::ErrorStack> {
    let mut usage = KeyUsage::new();
    usage.critical().digital_signature();
    if key.id() == Id::EC {
        usage.key_agreement();
    } else {
        usage.key_encipherment();
    }
    let mut names = SubjectAlternativeName::new();
    names.email(&holder.address.to_path());
    if let Some(domain) = holder.domain.as_ref().filter(|domain| !domain.is_literal()) {
        names.dns(domain.as_str());
    }
    Ok(vec![
        BasicConstraints::new().critical().build()?,
        usage.build()?,
        ExtendedKeyUsage::new().email_protection().build()?,
        names.build(context)?,
    ])
}

/// PKCS#10 for the public key; signed with `signer`.
pub(super) fn request<P: HasPublic>(
    key: &PKeyRef<P>,
    signer: &PKeyRef<Private>,
    holder: &Holder,
) -> Result<X509Req, openssl::error::ErrorStack> {
    let mut builder = X509ReqBuilder::new()?;
    builder.set_version(0)?;
    builder.set_subject_name(name(holder)?.as_ref())?;
    builder.set_pubkey(key)?;
    let mut asked = Stack::new()?;
    for extension in extensions(key, holder, &builder.x509v3_context(None))? {
        asked.push(extension)?;
    }
    builder.add_extensions(&asked)?;
    builder.sign(signer, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// PKCS#10 as PEM.
pub(crate) fn signing_request(key: &PKeyRef<Private>, holder: &Holder) -> Result<String, KeyError> {
    text(&request(key, key, holder).map_err(library)?)
}

/// As PEM.
pub(super) fn text(request: &X509Req) -> Result<String, KeyError> {
    let pem = request.to_pem().map_err(library)?;
    String::from_utf8(pem).map_err(|error| KeyError::Library(error.to_string()))
}

/// PKCS#12.
pub(crate) fn from_pkcs12(bytes: &[u8], passphrase: Option<&Secret<String>>) -> Result<SmimeKey, KeyError> {
    let file = Pkcs12::from_der(bytes).map_err(|_stack| KeyError::Unknown)?;
    let passphrase = passphrase.map_or("", |secret| secret.expose().as_str());
    let parsed = file.parse2(passphrase).map_err(|error| {
        let said = library(error).to_string();
        let algorithm = said.contains("unsupported") || said.contains("unknown");
        if algorithm {
            KeyError::Unsupported(
                "this PKCS#12 file is protected with RC2; write it again with AES: openssl pkcs12 -legacy -in old.p12 \
                 -nodes | openssl pkcs12 -export -out new.p12",
            )
        } else {
            KeyError::Passphrase
        }
    })?;
    let key = parsed.pkey.ok_or(KeyError::NoPrivateKey)?;
    let certificate = parsed.cert.ok_or(KeyError::NoCertificate)?;
    let chain: Vec<X509> = parsed.ca.into_iter().flatten().collect();
    in_memory(key, std::iter::once(certificate).chain(chain).collect())
}

/// PEM with a private key and its certificate, in any order.
pub(crate) fn from_pem(bytes: &[u8], passphrase: Option<&Secret<String>>) -> Result<SmimeKey, KeyError> {
    // Without an answer OpenSSL would ask at the terminal.
    let key = PKey::private_key_from_pem_callback(bytes, |to| {
        let passphrase = passphrase.map_or(&[][..], |secret| secret.expose().as_bytes());
        let Some(place) = to.get_mut(..passphrase.len()) else { return Ok(0) };
        place.copy_from_slice(passphrase);
        Ok(passphrase.len())
    });
    let text = String::from_utf8_lossy(bytes);
    let key = key.map_err(|_stack| {
        if text.contains("ENCRYPTED") {
            KeyError::Passphrase
        } else if text.contains("PRIVATE KEY-----") {
            KeyError::Unknown
        } else {
            KeyError::NoPrivateKey
        }
    })?;
    in_memory(key, X509::stack_from_pem(bytes).map_err(|_stack| KeyError::NoCertificate)?)
}

fn in_memory(key: PKey<Private>, certificates: Vec<X509>) -> Result<SmimeKey, KeyError> {
    let (certificate, chain) = matched(&key, certificates)?;
    Ok(SmimeKey { private: SmimePrivate::Here(key), certificate, chain })
}

/// The key's certificate among these; the others lead to a root.
pub(crate) fn matched<P: HasPublic>(
    key: &PKeyRef<P>,
    certificates: Vec<X509>,
) -> Result<(X509, Vec<X509>), KeyError> {
    let belongs = |certificate: &X509| certificate.public_key().is_ok_and(|public| public.public_eq(key));
    let (mut own, chain): (Vec<X509>, Vec<X509>) = certificates.into_iter().partition(belongs);
    if own.is_empty() {
        return Err(if chain.is_empty() { KeyError::NoCertificate } else { KeyError::OtherKey });
    }
    Ok((own.remove(0), chain))
}
