//! Warns the operator of keys that expire soon, ours and partners': a line in the log for each, and one mail
//! for all of them if there is an address. Once per step; warnings sent are recorded in the store.

use sealpost_arrival::reminder::{Mailing, Unsent};
use sealpost_arrival::{revocation_state, tell_of_keys};
use sealpost_mail::Timestamp;
use sealpost_notice::{self as notice, KeyOwner, Notice};
use sealpost_partner::{
    Book, ExpiringKey, ExpiryStep, PartnerError, PublicKeys, Whose, own_expiring, partner_expiring,
};
use sealpost_store::KeyWarning;

use crate::job_context::{Counts, Failed, JobContext, PartnerWork};

/// Maximum keys named in the mail; the commands show all.
const NAMED: usize = 40;

pub(super) async fn warn(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let (Some(context), Some(work)) = (&job_context.arrival, &job_context.partners) else {
        return Ok(Vec::new());
    };
    let inbound = &context.tenant.inbound;
    let fetched = revocation_state::Fetched::read(inbound, &job_context.store, &work.tags).await?;
    let said = revocation_state::warnings(inbound, &work.crl_places, &fetched, now);
    for warning in revocation_state::too_large(&work.crl_places).into_iter().chain(said) {
        tracing::warn!("{warning}");
    }
    let ending = untold(job_context, work, now).await?;
    if ending.is_empty() {
        return Ok(vec![("keys", 0)]);
    }
    let mail = job_context.telling.keys_to.as_ref().map(|to| (to, mail(&ending)));
    let warnings = ending.iter().map(|key| KeyWarning {
        key_id: key.id.clone(),
        ends_at: key.end,
        days: key.step.days(),
        at: now,
    });
    match tell_of_keys(context, mail, warnings.collect(), now).await {
        // Another process was first: the next run finds what is left.
        Ok(Mailing::Already | Mailing::Nobody) => Ok(vec![("keys", 0)]),
        Ok(Mailing::Queued) => {
            ending.iter().for_each(|key| say(key, now));
            Ok(vec![("keys", ending.len() as u64)])
        }
        Err(Unsent::Row(said) | Unsent::Store(said)) => Err(Failed::Mail(said)),
    }
}

/// Keys at a step that the operator has not been warned of, nearest end first. Changes nothing.
pub(super) async fn untold(
    job_context: &JobContext,
    work: &PartnerWork,
    now: Timestamp,
) -> Result<Vec<ExpiringKey>, Failed> {
    let told = job_context.store.key_warnings().await?;
    let is_new = |key: &ExpiringKey| {
        let same = |told: &KeyWarning| {
            told.key_id == key.id && told.ends_at == key.end && told.days <= key.step.days()
        };
        !told.iter().any(same)
    };
    let own = PublicKeys { store: &job_context.store, rows: &work.rows }.all().await.map_err(failed)?;
    let mut ending = own_expiring(&own, now);
    ending.extend(partners(job_context, work, now).await?);
    ending.retain(is_new);
    ending.sort_by_key(|key| key.end);
    Ok(ending)
}

async fn partners(
    job_context: &JobContext,
    work: &PartnerWork,
    now: Timestamp,
) -> Result<Vec<ExpiringKey>, Failed> {
    let book = Book { store: &job_context.store, keyring: &work.keyring, tags: &work.tags };
    let mut ending = Vec::new();
    for found in book.all().await.map_err(failed)? {
        match found {
            Ok(found) => ending.extend(partner_expiring(&found, now)),
            Err(error) => tracing::error!(%error, "a partner's keys cannot be looked at"),
        }
    }
    Ok(ending)
}

/// One line each. A partner's name may be an address: the log has its id.
fn say(key: &ExpiringKey, now: Timestamp) {
    let (fingerprint, days) = (key.fingerprint.to_hex(), key.days(now));
    match (&key.whose, key.step) {
        (Whose::Ours(_), ExpiryStep::Ended) => tracing::error!(
            %fingerprint, "a key of our own has ended and signs nothing: `sealpost domain-key make`"
        ),
        (Whose::Ours(_), ExpiryStep::Week | ExpiryStep::Month | ExpiryStep::TwoMonths) => tracing::warn!(
            %fingerprint, days, "a key of our own ends soon and has no successor: `sealpost domain-key make`"
        ),
        (Whose::Partner { id, .. }, ExpiryStep::Ended) => tracing::error!(
            partner.id = %id, %fingerprint,
            "a partner's key has ended and nothing is encrypted to it: `sealpost partner list` names it"
        ),
        (Whose::Partner { id, .. }, ExpiryStep::Week | ExpiryStep::Month | ExpiryStep::TwoMonths) => {
            tracing::warn!(
                partner.id = %id, %fingerprint, days,
                "a partner's key ends soon and has no successor: `sealpost partner list` names it"
            );
        }
    }
}

fn mail(ending: &[ExpiringKey]) -> Notice {
    let named = |key: &ExpiringKey| {
        let (owner, name) = match &key.whose {
            Whose::Ours(domains) => {
                let domains: Vec<&str> = domains.iter().map(sealpost_mail::Domain::as_str).collect();
                (KeyOwner::Ourselves, domains.join(", "))
            }
            Whose::Partner { name, .. } => (KeyOwner::Partner, name.clone()),
        };
        let begin = key.fingerprint.to_hex().chars().take(16).collect::<String>();
        notice::ExpiringKey { owner, name, key: format!("{} {begin}", key.method), end: key.end }
    };
    Notice::KeysEnding {
        keys: ending.iter().take(NAMED).map(named).collect(),
        count: u32::try_from(ending.len()).unwrap_or(u32::MAX),
    }
}

pub(super) fn failed(error: PartnerError) -> Failed {
    match error {
        PartnerError::Store(error) => Failed::Store(error),
        other @ (PartnerError::Forged { .. }
        | PartnerError::Record { .. }
        | PartnerError::Moved { .. }
        | PartnerError::Key { .. }
        | PartnerError::NotOpened
        | PartnerError::Overtaken) => Failed::Keys(other.to_string()),
    }
}
