//! Content in a letter that was signed by others (RFC 1847 §2.1). Whether a multipart/signed is valid is only
//! known at its second part, after the signed one; until then it is a claim. Knows no line and no encoding.

use std::collections::BTreeMap;

use sealpost_mail::DetachedSignature;

use crate::mime::ContentType;

/// Every multipart/signed of a letter, by its number among the entities.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<usize, Claim>);

struct Claim {
    /// The claim whose first part contains it.
    within: Option<usize>,
    protocol: Option<String>,
    /// The types of its parts; one more than allowed.
    types: Vec<String>,
}

/// A multipart/signed has two parts; with a third it is invalid.
const ENOUGH: usize = 3;
/// The type of a signature is shorter, and no more is kept of one: there may be many.
const MAX_TYPE: usize = 100;

impl Claims {
    /// An entity claims to be signed.
    pub(super) fn begins(&mut self, number: usize, content_type: &ContentType, within: Option<usize>) {
        let protocol = content_type.parameter("protocol").map(kept);
        self.0.insert(number, Claim { within, protocol, types: Vec::new() });
    }

    /// The next part of a claim is of this type.
    pub(super) fn part(&mut self, of: usize, content_type: Option<&ContentType>) {
        if let Some(claim) = self.0.get_mut(&of).filter(|claim| claim.types.len() < ENOUGH) {
            claim.types.push(content_type.map(|found| kept(&found.essence)).unwrap_or_default());
        }
    }

    /// The end of the letter.
    pub(super) fn settle(self) -> Signed {
        let mut outermost: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        // An outer one has the smaller number.
        for (number, claim) in self.0 {
            let around = claim.within.and_then(|within| outermost.get(&within).copied().flatten());
            let is_one = DetachedSignature::of_multipart(claim.protocol.as_deref(), &claim.types).is_some();
            outermost.insert(number, around.or_else(|| is_one.then_some(number)));
        }
        Signed(outermost)
    }
}

/// The type, truncated; or that of an absent field.
fn kept(media_type: &str) -> String {
    let media_type = media_type.trim();
    if media_type.len() > MAX_TYPE { String::new() } else { media_type.to_owned() }
}

/// The valid claims.
#[derive(Debug, Default)]
pub(super) struct Signed(BTreeMap<usize, Option<usize>>);

impl Signed {
    /// The outermost entity with a signature over the first part of this claim.
    pub(super) fn by(&self, claim: Option<usize>) -> Option<usize> {
        self.0.get(&claim?).copied().flatten()
    }
}
