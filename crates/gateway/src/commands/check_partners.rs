//! `sealpost check` on partners: rules that name an unknown one, letters that no key of ours could sign, keys
//! that expire. Reads the store, if there is one.

use sealpost_arrival::CrlSource;
use sealpost_arrival::revocation_state::{self, Fetched};
use sealpost_mail::{Clock as _, Signing, SystemClock, Timestamp};
use sealpost_partner::{Book, ExpiringKey, ExpiryStep, OwnKeys, Published, own_expiring, partner_expiring};
use sealpost_seal::Method;
use sealpost_store::{OwnKeyState, Store, StoreError};
use sealpost_vault::{IntakeRole, TagKey};

use super::check_findings::CheckFindings;
use super::fetched_lists::{self, FetchedList};
use super::runtime;
use crate::config::checked::Plan;

/// Checks rules, keys and lists.
pub(super) fn look(plan: &Plan, keys: &IntakeRole) -> CheckFindings {
    let exchanges = plan.rules.closes() || !plan.inbound.listeners.is_empty();
    if !exchanges && plan.rules.signs().next().is_none() {
        return CheckFindings::default();
    }
    let now = SystemClock.now();
    let lists = |fetched: &Fetched| revocation_state::warnings(&plan.inbound, &plan.crl_places, fetched, now);
    if !plan.data.exists() {
        let mut wrong = lists(&Fetched::not_read(&plan.inbound));
        wrong.extend(exchanges.then(no_key));
        wrong.extend(unsigned(plan, &[], now));
        return CheckFindings { said: Vec::new(), wrong };
    }
    let looked = runtime().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let store = Store::open(plan.store()).map_err(|error| error.to_string())?;
            let found = async {
                let fetched = Fetched::read(&plan.inbound, &store, &keys.queue.tags).await?;
                let asked_for = lists_asked_for(plan, &store, &keys.queue.tags).await?;
                let said = asked_for.iter().map(|list| list.line(now)).collect();
                let mut found = CheckFindings { said, wrong: lists(&fetched) };
                let failed = asked_for.iter().filter(|list| list.has_failed());
                found.wrong.extend(failed.map(|list| {
                    format!(
                        "{}; fix: see the log of `sealpost jobs run ocsp`, and let this host reach that address",
                        list.line(now)
                    )
                }));
                found.wrong.extend(of_keys(plan, keys, &store, now).await?);
                Ok::<_, sealpost_partner::PartnerError>(found)
            };
            let found = found.await;
            store.close().await;
            found.map_err(|error| error.to_string())
        })
    });
    looked.unwrap_or_else(|error| {
        let mut wrong = lists(&Fetched::not_read(&plan.inbound));
        wrong.push(format!("partners cannot be looked at: {error}"));
        CheckFindings { said: Vec::new(), wrong }
    })
}

async fn lists_asked_for(plan: &Plan, store: &Store, tags: &TagKey) -> Result<Vec<FetchedList>, StoreError> {
    match plan.inbound.crl_source {
        CrlSource::Files => Ok(Vec::new()),
        CrlSource::Fetch => fetched_lists::all(store, tags).await,
    }
}

async fn of_keys(
    plan: &Plan,
    keys: &IntakeRole,
    store: &Store,
    now: Timestamp,
) -> Result<Vec<String>, sealpost_partner::PartnerError> {
    let mut said = Vec::new();
    let own = OwnKeys { store, rows: &keys.queue.rows, keyring: &keys.keyring }.all().await?;
    let public: Vec<Published> = own.into_iter().map(|own| own.public).collect();
    let exchanges = plan.rules.closes() || !plan.inbound.listeners.is_empty();
    if exchanges && !public.iter().any(|own| own.state == OwnKeyState::Current) {
        said.push(no_key());
    }
    said.extend(unsigned(plan, &public, now));
    for key in own_expiring(&public, now) {
        said.push(format!(
            "our key {} {}; fix: `sealpost domain-key make`, and send partners the new one",
            key.fingerprint,
            ends(&key, now)
        ));
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
                for key in partner_expiring(&found, now) {
                    said.push(format!(
                        "the key {} of {} {}; fix: ask for the new one, `sealpost partner add {}`",
                        key.fingerprint,
                        found.partner.name,
                        ends(&key, now),
                        found.partner.name
                    ));
                }
            }
        }
    }
    Ok(said)
}

/// Rules that sign although no key of ours could: OpenPGP keys do not sign letters that are only signed.
fn unsigned<'a>(plan: &'a Plan, own: &[Published], now: Timestamp) -> impl Iterator<Item = String> + use<'a> {
    let can_sign = own.iter().any(|own| own.signs_anything(Method::Smime, now));
    plan.rules.signs().filter(move |_| !can_sign).map(|(rule, sign)| {
        let goes = match sign {
            Signing::WhenPossible => "its letters leave unsigned",
            Signing::Required | Signing::Off => "its letters are refused (550 5.7.5)",
        };
        format!(
            "rule {rule:?} signs, and there is no S/MIME key of our own that could: {goes}; fix: `sealpost domain-key make \
             insurer.example --name \"…\"`"
        )
    })
}

/// When it ends, in words.
fn ends(key: &ExpiringKey, now: Timestamp) -> String {
    match key.step {
        ExpiryStep::Ended => "has ended and is not used".to_owned(),
        ExpiryStep::Week | ExpiryStep::Month | ExpiryStep::TwoMonths => {
            format!("ends in {} days", key.days(now))
        }
    }
}

fn no_key() -> String {
    "letters would have to be encrypted for partners, and there is no key of our own to sign with: they go as the rule \
     says otherwise, or are refused (550 5.7.5); fix: `sealpost domain-key make insurer.example --name \"…\"`"
        .to_owned()
}
