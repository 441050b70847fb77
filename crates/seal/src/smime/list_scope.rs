//! Whether a revocation list (RFC 5280 §5) says on its own which certificates its authority has revoked. OpenSSL (x_crl.c, x509_vfy.c)
//! takes a list without end for one that is never over, one of changes for a whole one, and passes over what it cannot read of a list's
//! limits. Looks at no signature, no time and no certificate.

use super::der::{self, OCTET_STRING, OID, SEQUENCE, Value};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BOOLEAN: u8 = 0x01;
const EXTENSIONS: u8 = 0xa0;

/// id-ce (RFC 5280 §4.2.1), and what follows it.
const ID_CE: &[u8] = &[0x55, 0x1d];
const DELTA_INDICATOR: u8 = 27;
const ISSUING_DISTRIBUTION_POINT: u8 = 28;

/// Of an issuingDistributionPoint (RFC 5280 §5.2.5).
const ONLY_SOME_REASONS: u8 = 0x83;
const INDIRECT: u8 = 0x84;
const ONLY_ATTRIBUTES: u8 = 0x85;

/// What a list (DER) says on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListScope {
    /// All of what its distribution point has, for a time that it names.
    Complete,
    /// Only a part, or for an unknown time.
    Partial,
}

impl ListScope {
    pub(crate) fn of(der: &[u8]) -> Self {
        match read(der) {
            Some(true) => Self::Complete,
            Some(false) | None => Self::Partial,
        }
    }
}

/// `None`: it is not written as a list is.
fn read(der: &[u8]) -> Option<bool> {
    // What follows it is not part of it, as for OpenSSL.
    let (list, _behind) = der::value(der)?;
    let (body, _signature) = der::value(list.content)?;
    let mut fields = body.content;
    let (mut times, mut extensions) = (0, None);
    while !fields.is_empty() {
        let (field, rest) = der::value(fields)?;
        match field.tag {
            UTC_TIME | GENERALIZED_TIME => times += 1,
            EXTENSIONS => extensions = Some(der::only(field.content, SEQUENCE)?),
            _ => {}
        }
        fields = rest;
    }
    // thisUpdate, and nextUpdate, which every list must have (§5.1.2.5).
    Some(times == 2 && is_unlimited(der::all(extensions.unwrap_or_default())?)?)
}

fn is_unlimited(extensions: Vec<Value<'_>>) -> Option<bool> {
    let mut seen: Vec<&[u8]> = Vec::with_capacity(extensions.len());
    let mut is_unlimited = true;
    for extension in extensions {
        let fields = der::all(extension.content)?;
        let (kind, value) = match fields.as_slice() {
            [kind, value] => (kind, value),
            [kind, critical, value] if critical.tag == BOOLEAN => (kind, value),
            _ => return None,
        };
        // Two of a kind (§4.2): OpenSSL reads neither.
        if kind.tag != OID || value.tag != OCTET_STRING || seen.contains(&kind.content) {
            return None;
        }
        seen.push(kind.content);
        is_unlimited &= match kind.content.strip_prefix(ID_CE) {
            Some([DELTA_INDICATOR]) => false,
            Some([ISSUING_DISTRIBUTION_POINT]) => has_all_reasons(value.content)?,
            Some(_) | None => true,
        };
    }
    Some(is_unlimited)
}

/// Which of its authority's certificates it is for, by their kind and place, OpenSSL holds against each.
fn has_all_reasons(point: &[u8]) -> Option<bool> {
    let mut before = 0;
    let mut all = true;
    for field in der::all(der::only(point, SEQUENCE)?)? {
        // Each once, in their order.
        if field.tag <= before {
            return None;
        }
        before = field.tag;
        all &= !matches!(field.tag, ONLY_SOME_REASONS | INDIRECT | ONLY_ATTRIBUTES);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smime::der::{INTEGER, of};
    use proptest::prelude::*;

    const TIME: &[u8] = b"261130120000Z";

    fn extension(kind: u8, value: &[u8]) -> Vec<u8> {
        let kind = of(OID, &[ID_CE, &[kind]]);
        of(SEQUENCE, &[&kind, &of(BOOLEAN, &[&[0xff]]), &of(OCTET_STRING, &[value])])
    }

    fn list(times: usize, extensions: &[Vec<u8>]) -> Vec<u8> {
        let times = vec![of(UTC_TIME, &[TIME]); times].concat();
        let extensions = of(EXTENSIONS, &[&of(SEQUENCE, &[&extensions.concat()])]);
        let revoked = of(SEQUENCE, &[&of(SEQUENCE, &[&of(INTEGER, &[&[7]]), &of(UTC_TIME, &[TIME])])]);
        let fields = [&of(INTEGER, &[&[1]]), &of(SEQUENCE, &[]), &of(SEQUENCE, &[]), &times, &revoked];
        let fields: Vec<&[u8]> =
            fields.into_iter().map(Vec::as_slice).chain([extensions.as_slice()]).collect();
        of(SEQUENCE, &[&of(SEQUENCE, &fields), &of(SEQUENCE, &[]), &of(3, &[&[0]])])
    }

    fn point(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let fields: Vec<Vec<u8>> = fields.iter().map(|(tag, value)| of(*tag, &[value])).collect();
        extension(ISSUING_DISTRIBUTION_POINT, &of(SEQUENCE, &[&fields.concat()]))
    }

    #[test]
    fn only_what_has_an_end_and_every_reason_speaks_for_itself() {
        let number = extension(20, &[2, 1, 1]);
        let (only_user, attributes, indirect) =
            ((0x81, &[0xff][..]), (0x85, &[0xff][..]), (0x84, &[0xff][..]));
        for (what, list, scope) in [
            ("as most are", list(2, std::slice::from_ref(&number)), ListScope::Complete),
            ("no extension", list(2, &[]), ListScope::Complete),
            ("without an end", list(1, std::slice::from_ref(&number)), ListScope::Partial),
            ("changes", list(2, &[number.clone(), extension(27, &[2, 1, 1])]), ListScope::Partial),
            ("changes, unreadable", list(2, &[extension(27, &[9])]), ListScope::Partial),
            ("of people", list(2, &[point(&[only_user])]), ListScope::Complete),
            ("of a place", list(2, &[point(&[(0xa0, &[0xa0, 0])])]), ListScope::Complete),
            ("some reasons", list(2, &[point(&[(0x83, &[1, 0x40])])]), ListScope::Partial),
            ("indirect", list(2, &[point(&[indirect])]), ListScope::Partial),
            ("attributes", list(2, &[point(&[attributes])]), ListScope::Partial),
            ("a place twice", list(2, &[point(&[only_user]), point(&[only_user])]), ListScope::Partial),
            ("twice in it", list(2, &[point(&[only_user, only_user])]), ListScope::Partial),
            ("no place", list(2, &[extension(28, &[4, 0])]), ListScope::Partial),
            ("a line end behind it", [list(2, &[]), b"\n".to_vec()].concat(), ListScope::Complete),
            ("no list", vec![0x30, 0], ListScope::Partial),
        ] {
            assert_eq!(ListScope::of(&list), scope, "{what}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>) {
            let _ = ListScope::of(&bytes);
        }
    }
}
