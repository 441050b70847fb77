//! What `check` finds about partners: rules that name one that is not there, letters that nothing of ours could sign,
//! keys that run out. Looks into the store, if there is one.

use sealpost_arrival::Inbound;
use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_partner::{Book, OwnKeys};
use sealpost_seal::{ListSigner, Lists, PartnerKey, RevocationList};
use sealpost_store::{OwnKeyState, PartnerKeyState, Store};
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
    let mut said = lists(&plan.inbound, SystemClock.now());
    let looked = runtime().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let store = Store::open(plan.store()).map_err(|error| error.to_string())?;
            let found = look(plan, keys, &store, SystemClock.now()).await;
            store.close().await;
            found.map_err(|error| error.to_string())
        })
    });
    said.extend(looked.unwrap_or_else(|error| vec![format!("partners cannot be looked at: {error}")]));
    said
}

/// Revocation lists that are missing, over, or not what they say.
fn lists(inbound: &Inbound, now: Timestamp) -> Vec<String> {
    let mut said = Vec::new();
    let found: Vec<RevocationList> =
        inbound.crls.now().iter().flat_map(|der| RevocationList::read(der).unwrap_or_default()).collect();
    if inbound.lists == Lists::Off || (inbound.roots.is_empty() && found.is_empty()) {
        return said;
    }
    if inbound.roots.is_empty() {
        said.push("partners.crls are read and held against nothing: there are no partners.roots".to_owned());
    }
    for list in &found {
        let issuer = &list.issuer;
        if list.signer(&inbound.roots) == ListSigner::NotTheRoot {
            said.push(format!(
                "the revocation list of {issuer:?} is not signed by the root of that name, and counts for nothing; \
                 fix: fetch it again"
            ));
        }
        if !list.is_current(now) {
            said.push(format!(
                "the revocation list of {issuer:?} says nothing of today (its time is over, or has not come): \
                 certificates below it count only where you have trusted them; fix: fetch the new one into partners.crls"
            ));
        }
    }
    for root in &inbound.roots {
        let root = std::slice::from_ref(root);
        let has = |list: &RevocationList| list.signer(root) == ListSigner::Root;
        if inbound.lists == Lists::Require && !found.iter().any(has) {
            let name = PartnerKey::read(root.first().map(Vec::as_slice).unwrap_or_default());
            let name = name.ok().and_then(|keys| keys.first().map(|key| key.facts().subject.clone()));
            said.push(format!(
                "there is no revocation list of the root {:?}: certificates below it count only where you have trusted \
                 them; fix: name its list in partners.crls, or say crl = \"when-known\"",
                name.unwrap_or_default()
            ));
        }
    }
    said
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
        if let Some(end) = runs_out(facts.not_after, now) {
            said.push(format!(
                "our key {} {end}; fix: `sealpost domain-key make`, and send partners the new one",
                facts.fingerprint
            ));
        }
    }
    let book = Book { store, keyring: &keys.keyring, tags: &keys.queue.tags };
    for (rule, partner) in plan.rules.partners() {
        if book.named(partner).await?.is_none() {
            said.push(format!(
                "rule {rule:?} names the partner {partner:?}, which is not there: its letters go as the rule says \
                 otherwise, or are refused (550 5.7.5); fix: `sealpost partner add {partner} FILE`"
            ));
        }
    }
    for found in book.all().await? {
        match found {
            Err(error) => said.push(error.to_string()),
            Ok(found) => {
                for key in found.keys.iter().filter(|key| key.state == PartnerKeyState::Trusted) {
                    let facts = key.key.facts();
                    if let Some(end) = runs_out(facts.not_after, now) {
                        said.push(format!(
                            "the key {} of {} {end}; fix: ask for the new one, `sealpost partner add {}`",
                            facts.fingerprint, found.partner.name, found.partner.name
                        ));
                    }
                }
            }
        }
    }
    Ok(said)
}

/// In words, if it ends soon or has ended.
fn runs_out(end: Option<Timestamp>, now: Timestamp) -> Option<String> {
    const DAY: u64 = 86_400;
    let end = end?;
    if end <= now {
        let days = now.since(end).as_secs() / DAY;
        return Some(format!("ended {days} days ago and is not used"));
    }
    let days = end.since(now).as_secs() / DAY;
    (days <= SOON).then(|| format!("ends in {days} days"))
}

fn no_key() -> String {
    "letters would have to be encrypted for partners, and there is no key of our own to sign with: they go as the rule \
     says otherwise, or are refused (550 5.7.5); fix: `sealpost domain-key make insurer.example --name \"…\"`"
        .to_owned()
}
