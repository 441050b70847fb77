//! OpenPGP keys: parsing, making, importing, and their facts. Knows no trust.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealpost_mail::{Address, Secret, Timestamp, one_line};
use sequoia_openpgp::cert::Preferences as _;
use sequoia_openpgp::cert::amalgamation::key::PrimaryKey as _;
use sequoia_openpgp::cert::{Cert, CertBuilder, CertParser, CipherSuite, ValidCert};
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::crypto::{KeyPair, Password};
use sequoia_openpgp::packet::key::{PublicParts, SecretParts, UnspecifiedRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, Packet, UserID};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{Curve, Features, RevocationStatus, SignatureType};
use sequoia_openpgp::{KeyID, PacketPile};
use zeroize::Zeroizing;

use super::system_time;
use crate::error::KeyError;
use crate::key_facts::{Algorithm, Capability, Fingerprint, KeyFacts, Method};
use crate::key_request::{Holder, Kind};

/// The library's error, without its subject.
pub(crate) fn library(error: &anyhow::Error) -> KeyError {
    KeyError::Library(one_line(&error.to_string()).chars().take(200).collect())
}

/// All facts of a key. They do not depend on the day: whether it may be used does, and is judged elsewhere.
pub(crate) fn facts(cert: &Cert) -> Result<KeyFacts, KeyError> {
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).map_err(|error| library(&error))?;
    let encrypting = valid.keys().supported().for_transport_encryption().revoked(false);
    let encrypting = encrypting.max_by_key(|key| key.key().creation_time());
    let signing =
        valid.keys().supported().for_signing().revoked(false).max_by_key(|key| key.key().creation_time());
    let expiries = [
        valid.primary_key().key_expiration_time(),
        encrypting.as_ref().and_then(|key| key.key_expiration_time()),
    ];
    let primary = algorithm(valid.primary_key().key().role_as_unspecified());
    let names = Names::of(&valid);
    let mut capabilities = vec![Capability::Aes256Cbc];
    if valid.features().is_some_and(|features| features.supports_seipdv2()) {
        capabilities.push(Capability::SeipdV2);
    }
    Ok(KeyFacts {
        method: Method::OpenPgp,
        fingerprint: Fingerprint::new(cert.fingerprint().as_bytes()),
        subject: names.subject,
        issuer: None,
        serial: None,
        addresses: names.addresses,
        unreadable_names: names.unreadable,
        domains: Vec::new(),
        not_before: timestamp(valid.primary_key().key().creation_time()),
        not_after: expiries.into_iter().flatten().map(timestamp).min(),
        algorithm: encrypting
            .as_ref()
            .map_or_else(|| primary.clone(), |key| algorithm(key.key().role_as_unspecified())),
        signing_algorithm: signing.as_ref().map(|key| algorithm(key.key().role_as_unspecified())),
        signed_by: valid.primary_key().binding_signature().hash_algo().to_string(),
        encrypts: encrypting.is_some(),
        signs: signing.is_some(),
        is_authority: false,
        self_issued: true,
        revoked: !matches!(cert.revocation_status(&policy, None), RevocationStatus::NotAsFarAsWeKnow),
        capabilities,
        crl_urls: Vec::new(),
        ocsp_urls: Vec::new(),
    })
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn algorithm(key: &Key<PublicParts, UnspecifiedRole>) -> Algorithm {
    let bits = || u32::try_from(key.mpis().bits().unwrap_or(0)).unwrap_or(0);
    match key.mpis() {
        PublicKey::RSA { .. } => Algorithm::Rsa(bits()),
        PublicKey::DSA { .. } | PublicKey::ElGamal { .. } => Algorithm::Dsa(bits()),
        PublicKey::EdDSA { curve, .. } | PublicKey::ECDSA { curve, .. } | PublicKey::ECDH { curve, .. } => {
            Algorithm::Curve(
                match curve {
                    Curve::NistP256 => "P-256",
                    Curve::NistP384 => "P-384",
                    Curve::NistP521 => "P-521",
                    Curve::BrainpoolP256 => "brainpoolP256r1",
                    Curve::BrainpoolP384 => "brainpoolP384r1",
                    Curve::BrainpoolP512 => "brainpoolP512r1",
                    Curve::Ed25519 => "Ed25519",
                    Curve::Cv25519 => "X25519",
                    _ => "an unknown curve",
                }
                .to_owned(),
            )
        }
        PublicKey::X25519 { .. } => Algorithm::Curve("X25519".to_owned()),
        PublicKey::Ed25519 { .. } => Algorithm::Curve("Ed25519".to_owned()),
        PublicKey::X448 { .. } => Algorithm::Curve("X448".to_owned()),
        PublicKey::Ed448 { .. } => Algorithm::Curve("Ed448".to_owned()),
        _ => Algorithm::Other(key.pk_algo().to_string()),
    }
}

/// Maximum number of user ids that are examined.
const MAX_NAMES: usize = 1024;

struct Names {
    subject: String,
    addresses: Vec<Address>,
    unreadable: usize,
}

impl Names {
    fn of(valid: &ValidCert<'_>) -> Self {
        let mut names = Self { subject: String::new(), addresses: Vec::new(), unreadable: 0 };
        for user in valid.userids().revoked(false).take(MAX_NAMES) {
            let id = user.userid();
            if names.subject.is_empty() {
                names.subject = one_line(&String::from_utf8_lossy(id.value())).chars().take(400).collect();
            }
            match id.email().ok().flatten().map(Address::parse) {
                Some(Ok(address)) if !names.addresses.contains(&address) => names.addresses.push(address),
                Some(Ok(_known)) => {}
                Some(Err(_refused)) => names.unreadable += 1,
                // A user id without an address is fine; one with an @ and no address is not.
                None if id.value().contains(&b'@') => names.unreadable += 1,
                None => {}
            }
        }
        names
    }
}

/// Maximum number of signatures in a revocation certificate that are examined.
const MAX_REVOCATIONS: usize = 16;

/// The key with the key revocations in these packets added; its facts show which of them are its own.
pub(crate) fn with_revocation(cert: &Cert, bytes: &[u8]) -> Result<Cert, KeyError> {
    let packets = PacketPile::from_bytes(bytes).map_err(|_format| KeyError::Unknown)?;
    let revokes = |packet: &Packet| matches!(packet, Packet::Signature(signature) if signature.typ() == SignatureType::KeyRevocation);
    let revocations: Vec<Packet> = packets.into_children().filter(revokes).take(MAX_REVOCATIONS).collect();
    let (cert, _changed) = cert.clone().insert_packets(revocations).map_err(|error| library(&error))?;
    Ok(cert)
}

/// Every public key in a file; secret parts are dropped.
pub(crate) fn public_keys(bytes: &[u8], most: usize) -> Result<Vec<Cert>, KeyError> {
    let parser = CertParser::from_bytes(bytes).map_err(|_format| KeyError::Unknown)?;
    let mut certs = Vec::new();
    for cert in parser {
        // An unreadable one is no reason to lose the others.
        let Ok(cert) = cert else { continue };
        if certs.len() == most {
            return Err(KeyError::TooLarge);
        }
        certs.push(cert.strip_secret_key_material());
    }
    if certs.is_empty() { Err(KeyError::Unknown) } else { Ok(certs) }
}

/// One public key from the result of [`public_bytes`].
pub(crate) fn public_key(bytes: &[u8]) -> Result<Cert, KeyError> {
    Cert::from_bytes(bytes).map_err(|error| library(&error))
}

/// Binary, without secret parts.
pub(crate) fn public_bytes(cert: &Cert) -> Result<Vec<u8>, KeyError> {
    cert.export_to_vec().map_err(|error| library(&error))
}

/// Armoured, without secret parts and without names as comments.
pub(crate) fn public_text(bytes: &[u8]) -> Result<String, KeyError> {
    use sequoia_openpgp::armor::{Kind as Armour, Writer};
    use std::io::Write as _;
    let write = || {
        let mut writer = Writer::new(Vec::new(), Armour::PublicKey)?;
        writer.write_all(bytes)?;
        writer.finalize()
    };
    let text: Vec<u8> = write().map_err(|error: std::io::Error| KeyError::Library(error.to_string()))?;
    String::from_utf8(text).map_err(|error| KeyError::Library(error.to_string()))
}

/// Binary, with secret parts.
pub(crate) fn secret_bytes(cert: &Cert) -> Result<Vec<u8>, KeyError> {
    cert.as_tsk().to_vec().map_err(|error| library(&error))
}

/// Decryption subkeys by their ids.
pub(crate) type Subkeys = Vec<(KeyID, KeyPair)>;

/// The ids by which letters name the holder: those of the decryption subkeys. Expired ones still decrypt older letters, and one
/// whose newest signature is ahead of our clock (made on another machine a moment ago) already decrypts new ones.
pub(crate) fn decrypting_ids(cert: &Cert) -> Vec<KeyID> {
    let policy = StandardPolicy::new();
    let mut ids = Vec::new();
    for at in [None, last_signed(cert)] {
        let keys = cert.keys().with_policy(&policy, at).supported();
        for key in keys.for_transport_encryption().for_storage_encryption() {
            let id = key.key().keyid();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

/// The time of its holder's last signature on one of its keys.
fn last_signed(cert: &Cert) -> Option<SystemTime> {
    let signed = cert.keys().filter_map(|key| {
        key.self_signatures().filter_map(|signature| signature.signature_creation_time()).max()
    });
    signed.max()
}

/// Whether a decryption subkey also signs, certifies or authenticates, like old RSA keys with one key for everything.
pub(crate) fn decrypts_and_more(cert: &Cert) -> bool {
    let (ids, policy) = (decrypting_ids(cert), StandardPolicy::new());
    [None, last_signed(cert)].into_iter().any(|at| {
        let mut keys = cert.keys().with_policy(&policy, at).filter(|key| ids.contains(&key.key().keyid()));
        keys.any(|key| {
            key.primary() || key.for_signing() || key.for_certification() || key.for_authentication()
        })
    })
}

/// The same keys with their secrets.
pub(crate) fn decrypting_pairs(cert: &Cert) -> Subkeys {
    let keys = decrypting(cert);
    keys.into_iter().filter_map(|key| Some((key.keyid(), key.into_keypair().ok()?))).collect()
}

/// The same as bytes, for a worker that decrypts one letter with them: without signing or certification keys, unless one key does
/// both ([`decrypts_and_more`]).
pub(crate) fn lent(cert: &Cert) -> Result<Secret<Vec<u8>>, KeyError> {
    let packets = decrypting(cert).into_iter().map(|key| {
        let packet = Packet::SecretSubkey(key.role_into_subordinate());
        packet.to_vec().map(Zeroizing::new).map_err(|error| library(&error))
    });
    let packets = packets.collect::<Result<Vec<_>, _>>()?;
    // A growing buffer would leave copies in memory.
    let mut bytes = Vec::with_capacity(packets.iter().map(|packet| packet.len()).sum());
    packets.iter().for_each(|packet| bytes.extend_from_slice(packet));
    Ok(Secret::new(bytes))
}

/// Parses the result of [`lent`].
pub(crate) fn from_lent(bytes: &[u8]) -> Option<Subkeys> {
    let pair = |packet: Packet| match packet {
        Packet::SecretSubkey(key) => Some((key.keyid(), key.role_into_unspecified().into_keypair().ok()?)),
        _ => None,
    };
    Some(PacketPile::from_bytes(bytes).ok()?.into_children().filter_map(pair).collect())
}

fn decrypting(cert: &Cert) -> Vec<Key<SecretParts, UnspecifiedRole>> {
    let ids = decrypting_ids(cert);
    let keys = cert.keys().unencrypted_secret().map(|key| key.key().clone());
    keys.filter(|key| ids.contains(&key.keyid())).collect()
}

/// Parses the result of [`secret_bytes`].
pub(crate) fn from_secret_bytes(bytes: &[u8]) -> Result<Cert, KeyError> {
    let cert = Cert::from_bytes(bytes).map_err(|_secret| KeyError::Unknown)?;
    if cert.is_tsk() { Ok(cert) } else { Err(KeyError::NoPrivateKey) }
}

/// A version 4 key that declares SEIPD version 1 only: GnuPG 2.2 reports "unknown version" for version 2, and senders would use it
/// if it were declared.
pub(crate) fn generate(kind: Kind, holder: &Holder, now: Timestamp, years: u32) -> Result<Cert, KeyError> {
    let suite = match kind {
        Kind::OpenPgpRsa3072 => CipherSuite::RSA3k,
        Kind::OpenPgpRsa4096 => CipherSuite::RSA4k,
        Kind::OpenPgpCurve25519
        | Kind::SmimeRsa3072
        | Kind::SmimeRsa4096
        | Kind::SmimeP256
        | Kind::SmimeP384 => CipherSuite::Cv25519,
    };
    let make = || {
        let user = UserID::from_address(holder.name.as_str(), None, holder.address.to_path().as_str())?;
        CertBuilder::new()
            .set_cipher_suite(suite)
            .set_features(Features::empty().set_seipdv1())?
            // Backdated by a minute: a partner's clock may be behind ours.
            .set_creation_time(system_time(now) - Duration::from_secs(60))
            .set_validity_period(Duration::from_secs(u64::from(years).saturating_mul(31_557_600)))
            .add_userid(user)
            .add_signing_subkey()
            .add_transport_encryption_subkey()
            .generate()
    };
    make().map(|(cert, _revocation)| cert).map_err(|error| library(&error))
}

/// The same key with more addresses, each as a user id that it certifies itself.
pub(crate) fn with_addresses(cert: &Cert, addresses: &[Address], now: Timestamp) -> Result<Cert, KeyError> {
    if cert.userids().count() + addresses.len() > MAX_NAMES {
        return Err(KeyError::TooLarge);
    }
    let make = || {
        let mut signer = cert.primary_key().key().clone().parts_into_secret()?.into_keypair()?;
        let policy = StandardPolicy::new();
        let first = cert.with_policy(&policy, None)?.primary_userid()?.binding_signature().clone();
        let mut packets: Vec<Packet> = Vec::new();
        for address in addresses {
            let user = UserID::from(format!("<{}>", address.to_path()));
            let binding = SignatureBuilder::from(first.clone())
                .set_signature_creation_time(system_time(now))?
                .set_primary_userid(false)?;
            let binding = user.bind(&mut signer, cert, binding)?;
            packets.extend([Packet::from(user), Packet::from(binding)]);
        }
        cert.clone().insert_packets(packets).map(|(cert, _changed)| cert)
    };
    make().map_err(|error| library(&error))
}

/// Imports a secret key; stored without its passphrase, because the store seals it.
pub(crate) fn import(bytes: &[u8], passphrase: Option<&Secret<String>>) -> Result<Cert, KeyError> {
    let cert = Cert::from_bytes(bytes).map_err(|_format| KeyError::Unknown)?;
    if !cert.is_tsk() {
        return Err(KeyError::NoPrivateKey);
    }
    let password = passphrase.map(|secret| Password::from(secret.expose().as_str()));
    let mut opened: Vec<Packet> = Vec::new();
    for key in cert.keys().secret() {
        if !key.key().secret().is_encrypted() {
            continue;
        }
        let password = password.as_ref().ok_or(KeyError::Passphrase)?;
        let plain = key.key().clone().decrypt_secret(password).map_err(|_wrong| KeyError::Passphrase)?;
        opened.push(if key.primary() {
            Packet::SecretKey(plain.role_into_primary())
        } else {
            Packet::SecretSubkey(plain.role_into_subordinate())
        });
    }
    cert.insert_packets(opened).map(|(cert, _changed)| cert).map_err(|error| library(&error))
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
