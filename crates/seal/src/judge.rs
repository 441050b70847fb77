//! Decides whether a key may be used for a purpose, by its facts alone. Pure: knows no key, no library, no trust.

use sealpost_mail::{Address, Domain, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::key_facts::{Algorithm, KeyFacts};

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Encrypting letters to it.
    Encrypt,
    /// Verifying or making signatures.
    Sign,
}

/// Whom a key must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers<'a> {
    /// One person's address.
    Address(&'a Address),
    /// Everyone in this domain: an address in it, or the domain itself.
    Domain(&'a Domain),
}

/// Why a key may not be used. Each says how to fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objection {
    /// It has expired.
    #[error("it has expired; ask for the new one")]
    Expired,
    /// It is not valid yet.
    #[error("it is not yet valid; use it from its first day on, or check the clock")]
    NotYetValid,
    /// Revoked by its holder.
    #[error("its holder has revoked it; ask for the new one")]
    Revoked,
    /// Too short, or of a broken algorithm.
    #[error("its algorithm is too weak (RSA needs 2048 bits, curves 256); ask for a stronger one")]
    WeakKey,
    /// Signed with a hash that can be forged.
    #[error("it was issued with a broken hash (MD5, SHA-1); ask for one that was issued with SHA-256")]
    WeakHash,
    /// Not intended for this purpose.
    #[error("it may not be used for this (key usage); ask for one for encryption and signature of mail")]
    WrongUsage,
    /// A certificate authority's own key.
    #[error("it is a certificate authority's own certificate; name it as a root instead")]
    Authority,
    /// It names another address.
    #[error("it does not name this address; ask for the right one")]
    AddressMismatch,
    /// It names another domain.
    #[error("it names no address of this domain; ask for the right one")]
    DomainMismatch,
    /// It contains an ambiguous name.
    #[error("it names an address that is not written as addresses are; ask for one that is")]
    UnreadableName,
}

/// All objections; empty: it may be used.
#[must_use]
pub fn judge(
    facts: &KeyFacts,
    purpose: Purpose,
    covers: Option<Covers<'_>>,
    now: Timestamp,
) -> Vec<Objection> {
    let used = match purpose {
        Purpose::Encrypt => facts.encrypts,
        Purpose::Sign => facts.signs,
    };
    let algorithm = match purpose {
        Purpose::Encrypt => &facts.algorithm,
        Purpose::Sign => facts.signing_algorithm.as_ref().unwrap_or(&facts.algorithm),
    };
    let stands_for = match covers {
        None => None,
        Some(Covers::Address(address)) if facts.names(address) => None,
        Some(Covers::Domain(domain)) if facts.names_domain(domain) => None,
        Some(Covers::Address(_)) => Some(Objection::AddressMismatch),
        Some(Covers::Domain(_)) => Some(Objection::DomainMismatch),
    };
    let objections = [
        facts.not_after.is_some_and(|end| end < now).then_some(Objection::Expired),
        (now < facts.not_before).then_some(Objection::NotYetValid),
        facts.revoked.then_some(Objection::Revoked),
        is_weak(algorithm).then_some(Objection::WeakKey),
        // A self-signed certificate is trusted by its fingerprint; its own signature proves nothing.
        (!facts.self_issued && has_weak_hash(&facts.signed_by)).then_some(Objection::WeakHash),
        (!used).then_some(Objection::WrongUsage),
        // In a self-signed certificate the flag is the default of many tools.
        (facts.is_authority && !facts.self_issued).then_some(Objection::Authority),
        // CVE-2026-2748: an address with white space was taken for the one without.
        (facts.unreadable_names > 0).then_some(Objection::UnreadableName),
        stands_for,
    ];
    objections.into_iter().flatten().collect()
}

/// BSI TR-02102-1 §2.3 requires 3000 bits since 2024; partners still have 2048, which has not been broken.
fn is_weak(algorithm: &Algorithm) -> bool {
    const CURVES: &[&str] = &[
        "P-256",
        "P-384",
        "P-521",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512r1",
        "Ed25519",
        "X25519",
        "Ed448",
        "X448",
    ];
    match algorithm {
        Algorithm::Rsa(bits) => *bits < 2048,
        Algorithm::Dsa(_) => true,
        Algorithm::Curve(name) => !CURVES.contains(&name.as_str()),
        // A name of the library's: nothing is known about it.
        Algorithm::Other(_) => true,
    }
}

fn has_weak_hash(signed_by: &str) -> bool {
    let name = signed_by.to_ascii_lowercase().replace('-', "");
    ["md2", "md4", "md5", "sha1", "ripemd"].iter().any(|weak| name.contains(weak))
}
