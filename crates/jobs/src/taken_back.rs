//! A partner's key whose certificate its authority has taken back is revoked for good, whoever said so. Asks no authority.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Actor, Event, KeyChange};
use sealpost_partner::{Book, Partner, PartnerKey, Step, after};

use crate::ending_keys::failed;
use crate::workshop::{Failed, PartnerWork, Workshop};

/// How many keys that was: none, where it is revoked already.
pub(crate) async fn revoke(
    workshop: &Workshop,
    work: &PartnerWork,
    partner: &Partner,
    key: &PartnerKey,
    now: Timestamp,
) -> Result<u64, Failed> {
    let Ok(to) = after(key.state, Step::Revoke) else { return Ok(0) };
    let fingerprint = key.key.facts().fingerprint.to_hex();
    let what = KeyChange::Revoked;
    let event = Event::PartnerKeyChanged { partner: &partner.id, fingerprint: &fingerprint, what };
    let noted = event.row(now, &Actor::System, None);
    let book = Book { store: &workshop.store, keyring: &work.keyring, tags: &work.tags };
    book.step(partner, key, to, noted, now, &*workshop.random).await.map_err(failed)?;
    Ok(1)
}
