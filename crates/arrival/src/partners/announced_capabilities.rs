//! Records with a partner's key the capabilities that its programs announce in a proven signature. A failure
//! here delays no letter and changes no reply: the next letter announces them again.

use sealpost_mail::Address;
use sealpost_mailbox::audit::{Actor, Event, KeyChange};
use sealpost_partner::{PartnerError, Raised, Trusted};
use sealpost_seal::{Opened, SignatureVerdict, Trust};

use super::Partners;
use crate::context::Shared;

/// Records what a trusted signer announces.
pub(super) async fn record(
    shared: &Shared,
    partners: &Partners,
    opened: &Opened,
    from: Option<&Address>,
    trusted: &Trusted,
) {
    let Some(from) = from else { return };
    let Some(signature) = opened.proven_sender() else { return };
    // A certificate trusted only through a chain has no row that letters are encrypted to.
    let (SignatureVerdict::Valid(Trust::Key), Some(key)) = (signature.verdict, &signature.signer) else {
        return;
    };
    // Usually it is already known, and the rows need not be read.
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
            "the partner's programs support stronger encryption: it is used for this partner from now on"
        ),
        Err(error) => {
            tracing::warn!(%error, "the capabilities of a partner's programs could not be recorded")
        }
    }
}
