//! What a list of revoked certificates (RFC 5280 §5) that was fetched for some certificates is worth: whether it is their authority's, of
//! today and not older than the one that is here, and which of them it names. Fetches nothing.

use std::cmp::Ordering;

use openssl::bn::BigNum;
use openssl::x509::{CrlNumber, CrlStatus, X509, X509Crl};
use sealpost_mail::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::{library, moment};
use super::chain::{self, Anchors};
use super::decoded_lists::DecodedLists;
use crate::error::KeyError;

/// So many certificates are held against it before it is believed to speak of none of them.
const MAX_TRIED: usize = 16;

/// What such a list is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchedList {
    /// It counts.
    Good {
        /// From when.
        since: Timestamp,
        /// Until when.
        until: Timestamp,
        /// Places of those of the certificates that it names.
        revoked: Vec<usize>,
    },
    /// The one that is here is newer: somebody plays an old one back.
    Older,
    /// Their authority has not signed it.
    OtherSigner,
    /// Its time is over, has not come, or has no end.
    NotOfToday,
    /// It is none, is for other certificates, or says something that nobody here understands.
    Unusable,
}

/// What it is held against.
pub(crate) struct ListFor<'a> {
    /// The certificates that name its address, one at least; all of one authority.
    pub(crate) certificates: &'a [X509],
    /// Theirs, which the operator's roots vouch for.
    pub(crate) authority: &'a X509,
    /// DER of the list that is here.
    pub(crate) held: Option<&'a [u8]>,
    pub(crate) now: Timestamp,
}

/// What a list is worth.
pub(crate) fn read(list: &[u8], asked: &ListFor<'_>) -> Result<FetchedList, KeyError> {
    let authority = [asked.authority.to_der().map_err(library)?];
    // Decoded once: it may be large, and they many.
    let anchors = Anchors::new(&authority, DecodedLists::of(&[list]), asked.now)?;
    let Some(crl) = anchors.lists().all().next() else { return Ok(FetchedList::Unusable) };
    // The library overlooks what stands behind it.
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
    // As letters will ask it: a list of changes, of another distribution point or with an extension that must be understood tells
    // nothing of this certificate, and must not take the place of one that does (RFC 5280 §5.2.4, §5.2.5).
    let speaks_of = |one: &X509| chain::lists_speak_of(one, &anchors).unwrap_or(false);
    // One of them may itself be too weak to be asked about.
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

/// Of two lists of one moment (RFC 5280 §5.2.3). One without a number is no older than another.
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
