//! Stores certificates that came with signed letters as offers. A failure here delays no letter and changes
//! no reply.

use sealpost_mail::Address;
use sealpost_mailbox::audit::{Actor, Event, PartnerChange};
use sealpost_partner::Offered;
use sealpost_seal::{Harvest, Opened, SignatureVerdict, Trust};

use super::Partners;
use crate::context::Shared;

/// Stores what an operator may want to trust.
pub(super) async fn offer(
    shared: &Shared,
    harvest: Harvest,
    partners: &Partners,
    opened: &Opened,
    from: Option<&Address>,
) {
    let Some(from) = from else { return };
    let now = shared.clock.now();
    let noted = |partner: &str| {
        Event::PartnerChanged { partner, what: PartnerChange::KeyOffered }.row(now, &Actor::Sender, None)
    };
    // A letter has one author; further signatures of the same address cause no further offers.
    let Some(key) = opened.harvest(harvest).next() else { return };
    // What is trusted already is not an offer, and the rows need not be read.
    let trusted = SignatureVerdict::Valid(Trust::Key);
    if opened.signatures.iter().any(|found| found.verdict == trusted && found.signer.as_ref() == Some(key)) {
        return;
    }
    match partners.book(shared).offer(from, key, noted, now, &*shared.random).await {
        Ok(Offered::Nothing) => {}
        Ok(Offered::Kept(partner)) => tracing::info!(
            partner.id = %partner, fingerprint = %key.facts().fingerprint.to_hex(),
            "the certificate that signed a letter is kept as an offer: `sealpost partner list` names it"
        ),
        Ok(Offered::Full) => tracing::warn!(
            "the certificate that signed a letter is not kept as an offer: too many of this partner wait for an operator"
        ),
        Err(error) => {
            tracing::warn!(%error, "the certificate that signed a letter could not be kept as an offer");
        }
    }
}
