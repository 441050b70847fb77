//! What a partner's programs say in a proven signature that they can read, noted with its key. Whatever goes wrong here keeps
//! no letter waiting and changes no answer: the next letter says it again.

use sealpost_mail::Address;
use sealpost_mailbox::audit::{Actor, Event, KeyChange};
use sealpost_partner::{PartnerError, Raised, Trusted};
use sealpost_seal::{Opened, SignatureVerdict, Trust};

use super::Partners;
use crate::context::Shared;

/// Keeps what the signer whom the operator trusts says of itself.
pub(super) async fn raise(
    shared: &Shared,
    partners: &Partners,
    opened: &Opened,
    from: Option<&Address>,
    trusted: &Trusted,
) {
    let Some(from) = from else { return };
    let Some(signature) = opened.proven_sender() else { return };
    // A certificate that only a chain vouches for is no row that letters are encrypted to.
    let (SignatureVerdict::Valid(Trust::Key), Some(key)) = (signature.verdict, &signature.signer) else {
        return;
    };
    // Mostly what is known says it already, and the rows need not be asked.
    if !trusted.iter().flat_map(|keys| keys.iter()).any(|known| known.key.raised_by(key).is_some()) {
        return;
    }
    let (now, fingerprint) = (shared.clock.now(), key.facts().fingerprint.to_hex());
    let noted = |partner: &str| {
        Event::PartnerKeyChanged { partner, fingerprint: &fingerprint, what: KeyChange::Raised }.row(
            now,
            &Actor::Sender,
            None,
        )
    };
    match partners.book(shared).raise(from, key, noted, now, &*shared.random).await {
        // Another letter was quicker.
        Ok(Raised::No) | Err(PartnerError::Overtaken) => {}
        Ok(Raised::Yes(partner)) => tracing::info!(
            partner.id = %partner, %fingerprint,
            "the partner's programs say that they read more: its letters are closed in a stronger form from now on"
        ),
        Err(error) => tracing::warn!(%error, "what a partner's programs can read could not be noted"),
    }
}
