//! Revokes a partner's key permanently if its certificate was revoked by its authority, through whichever
//! channel. Asks no authority.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Actor, Event, KeyChange};
use sealpost_partner::{Book, Partner, PartnerKey, Step, after};

use crate::expiring_keys::failed;
use crate::job_context::{Failed, JobContext, PartnerWork};

/// Returns how many keys were revoked: 0 if it already was.
pub(crate) async fn revoke(
    job_context: &JobContext,
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
    let book = Book { store: &job_context.store, keyring: &work.keyring, tags: &work.tags };
    book.step(partner, key, to, noted, now, &*job_context.random).await.map_err(failed)?;
    Ok(1)
}
