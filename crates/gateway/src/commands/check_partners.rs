//! What `check` finds about partners: rules that name one that is not there, letters that nothing of ours could sign,
//! keys that run out. Looks into the store, if there is one.

use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_partner::{Book, OwnKeys};
use sealpost_store::{OwnKeyState, PartnerKeyState, Store, StoreOptions};
use sealpost_vault::IntakeRole;

use super::runtime;
use crate::config::checked::Plan;

/// A key that runs out within these days is said in time to ask for another one.
const SOON: u64 = 30;

/// Every warning, in words.
pub(super) fn warnings(plan: &Plan, keys: &IntakeRole) -> Vec<String> {
    if !plan.rules.closes() && plan.inbound.listeners.is_empty() {
        return Vec::new();
    }
    if !plan.data.exists() {
        return vec![no_key()];
    }
    let looked = runtime().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let store = Store::open(StoreOptions::new(&plan.data)).map_err(|error| error.to_string())?;
            let found = look(plan, keys, &store, SystemClock.now()).await;
            store.close().await;
            found.map_err(|error| error.to_string())
        })
    });
    looked.unwrap_or_else(|error| vec![format!("partners cannot be looked at: {error}")])
}

async fn look(
    plan: &Plan,
    keys: &IntakeRole,
    store: &Store,
    now: Timestamp,
) -> Result<Vec<String>, sealpost_partner::PartnerError> {
    let mut said = Vec::new();
    let own = OwnKeys { store, rows: &keys.queue.rows, keyring: &keys.keyring }.all().await?;
    if !own.iter().any(|own| own.public.state == OwnKeyState::Current) {
        said.push(no_key());
    }
    for own in own.iter().filter(|own| own.public.state == OwnKeyState::Current) {
        let facts = own.key.facts();
        if let Some(days) = runs_out(facts.not_after, now) {
            said.push(format!(
                "our key {} ends in {days} days; mend: `sealpost domain-key make`, and send partners the new one",
                facts.fingerprint
            ));
        }
    }
    let book = Book { store, keyring: &keys.keyring, tags: &keys.queue.tags };
    for (rule, partner) in plan.rules.partners() {
        if book.named(partner).await?.is_none() {
            said.push(format!(
                "rule {rule:?} names the partner {partner:?}, which is not there: its letters go as the rule says \
                 otherwise, or are refused (550 5.7.5); mend: `sealpost partner add {partner} FILE`"
            ));
        }
    }
    for found in book.all().await? {
        match found {
            Err(error) => said.push(error.to_string()),
            Ok(found) => {
                for key in found.keys.iter().filter(|key| key.state == PartnerKeyState::Trusted) {
                    let facts = key.key.facts();
                    if let Some(days) = runs_out(facts.not_after, now) {
                        said.push(format!(
                            "the key {} of {} ends in {days} days; mend: ask for the new one, `sealpost partner add {}`",
                            facts.fingerprint, found.partner.name, found.partner.name
                        ));
                    }
                }
            }
        }
    }
    Ok(said)
}

fn runs_out(end: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    end.map(|end| end.since(now).as_secs() / 86_400).filter(|days| *days <= SOON)
}

fn no_key() -> String {
    "letters would have to be encrypted for partners, and there is no key of our own to sign with: they go as the rule \
     says otherwise, or are refused (550 5.7.5); mend: `sealpost domain-key make insurer.example --name \"…\"`"
        .to_owned()
}
