//! What somebody else has signed within a letter (RFC 1847 §2.1). That a multipart/signed is one shows at its second part, behind what
//! it would have signed; until then it is a claim. Knows no line and no encoding.

use std::collections::BTreeMap;

use sealpost_mail::DetachedSignature;

use crate::mime::ContentType;

/// Every multipart/signed of a letter, by its number among the entities.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<usize, Claim>);

struct Claim {
    /// The claim in whose first part it stands.
    within: Option<usize>,
    protocol: Option<String>,
    /// Of its parts; one more than there may be.
    types: Vec<String>,
}

/// A signature has two parts around it; with a third there is none.
const ENOUGH: usize = 3;
/// No signature's type is so long, and no more is kept of one: there may be many.
const MAX_TYPE: usize = 100;

impl Claims {
    /// An entity calls itself so.
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

    /// The letter has ended.
    pub(super) fn settle(self) -> Signed {
        let mut outermost: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        // What stands around one has the smaller number.
        for (number, claim) in self.0 {
            let around = claim.within.and_then(|within| outermost.get(&within).copied().flatten());
            let is_one = DetachedSignature::of_multipart(claim.protocol.as_deref(), &claim.types).is_some();
            outermost.insert(number, around.or_else(|| is_one.then_some(number)));
        }
        Signed(outermost)
    }
}

/// The type, or that of nothing.
fn kept(media_type: &str) -> String {
    let media_type = media_type.trim();
    if media_type.len() > MAX_TYPE { String::new() } else { media_type.to_owned() }
}

/// Which claims hold.
#[derive(Debug, Default)]
pub(super) struct Signed(BTreeMap<usize, Option<usize>>);

impl Signed {
    /// The outermost entity that bears a signature over what stands in the first part of this claim.
    pub(super) fn by(&self, claim: Option<usize>) -> Option<usize> {
        self.0.get(&claim?).copied().flatten()
    }
}
