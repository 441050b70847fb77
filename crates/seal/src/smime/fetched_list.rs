//! Checks a revocation list (RFC 5280 §5) that was fetched for some certificates: whether it is their authority's, current and not
//! older than the present one, and which of them it names. Fetches nothing.

use std::cmp::Ordering;

use openssl::bn::BigNum;
use openssl::x509::{CrlNumber, CrlStatus, X509, X509Crl};
use sealpost_mail::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::{library, moment};
use super::chain::{self, Anchors};
use super::decoded_lists::DecodedLists;
use crate::error::KeyError;

/// Maximum number of certificates that are tried before the list is considered not applicable.
const MAX_TRIED: usize = 16;

/// The verdict on such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchedList {
    /// It is valid.
    Good {
        /// Its thisUpdate.
        since: Timestamp,
        /// Its nextUpdate.
        until: Timestamp,
        /// Indexes of the certificates that it names.
        revoked: Vec<usize>,
    },
    /// The present one is newer: a replayed old list.
    Older,
    /// Their authority has not signed it.
    OtherSigner,
    /// It has expired, is not valid yet, or has no end.
    NotOfToday,
    /// It is not a list, is for other certificates, or contains unknown critical data.
    Unusable,
}

/// What the list is checked against.
pub(crate) struct ListFor<'a> {
    /// The certificates that name its URL, at least one; all of one authority.
    pub(crate) certificates: &'a [X509],
    /// Their authority, which leads to the operator's roots.
    pub(crate) authority: &'a X509,
    /// DER of the present list; `None`: there is none.
    pub(crate) held: Option<&'a [u8]>,
    pub(crate) now: Timestamp,
}

/// Checks a list.
pub(crate) fn read(list: &[u8], asked: &ListFor<'_>) -> Result<FetchedList, KeyError> {
    let authority = [asked.authority.to_der().map_err(library)?];
    // Decoded once: it may be large, and there may be many certificates.
    let anchors = Anchors::new(&authority, DecodedLists::of(&[list]), asked.now)?;
    let Some(crl) = anchors.lists().all().next() else { return Ok(FetchedList::Unusable) };
    // The library ignores trailing data.
    if crl.to_der().ok().as_deref() != Some(list) {
        return Ok(FetchedList::Unusable);
    }
    if !is_of(crl, asked.authority) {
        return Ok(FetchedList::OtherSigner);
    }
    let since = moment(crl.last_update())?;
    let Some(until) = crl.next_update().map(moment).transpose()? else { return Ok(FetchedList::NotOfToday) };
    if since > asked.now || until <= asked.now {
        return Ok(FetchedList::NotOfToday);
    }
    // As letters will use it: a delta list, one of another distribution point or with an unknown critical extension says nothing
    // about this certificate, and must not replace one that does (RFC 5280 §5.2.4, §5.2.5).
    let speaks_of = |one: &X509| chain::lists_speak_of(one, &anchors).unwrap_or(false);
    // One of them may itself be too weak to be verified.
    if !asked.certificates.iter().take(MAX_TRIED).any(speaks_of) {
        return Ok(FetchedList::Unusable);
    }
    let held =
        asked.held.and_then(|der| X509Crl::from_der(der).ok()).filter(|held| is_of(held, asked.authority));
    if let Some(held) = held {
        let age = since.cmp(&moment(held.last_update())?).then_with(|| by_number(crl, &held));
        if age == Ordering::Less {
            return Ok(FetchedList::Older);
        }
    }
    // All are of the authority that has signed it.
    let named = |(_, one): &(usize, &X509)| matches!(crl.get_by_cert(one), CrlStatus::Revoked(_));
    let revoked = asked.certificates.iter().enumerate().filter(named).map(|(at, _)| at).collect();
    Ok(FetchedList::Good { since, until, revoked })
}

fn is_of(crl: &X509Crl, authority: &X509) -> bool {
    let same_name = crl.issuer_name().to_der().ok() == authority.subject_name().to_der().ok();
    same_name && authority.public_key().is_ok_and(|key| crl.verify(&key).unwrap_or(false))
}

/// Compares two lists of the same time (RFC 5280 §5.2.3). One without a number is not older than another.
fn by_number(one: &X509Crl, other: &X509Crl) -> Ordering {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) | (None, Some(_)) | (None, None) => Ordering::Equal,
    }
}

fn number(crl: &X509Crl) -> Option<BigNum> {
    let (_critical, number) = crl.extension::<CrlNumber>().map_err(library).ok().flatten()?;
    number.to_bn().ok()
}
