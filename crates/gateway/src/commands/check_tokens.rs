//! `sealpost check` on tokens: a module that does not load, a missing token, a wrong PIN, a key that is gone or works
//! differently. Opens each token and has every key of ours in it sign and decrypt known data.

use sealpost_partner::{Own, OwnKeys};
use sealpost_seal::try_in_token;
use sealpost_store::Store;
use sealpost_token::Pkcs11Tokens;
use sealpost_vault::IntakeRole;

use super::check_findings::CheckFindings;
use super::runtime;
use crate::config::checked::Plan;

/// Tries every token, and every key of ours in one.
pub(super) fn look(plan: &Plan, keys: &IntakeRole) -> CheckFindings {
    let mut found = CheckFindings::default();
    let own = if plan.data.exists() { own(plan, keys) } else { Ok(Vec::new()) };
    let own = own.unwrap_or_else(|error| {
        found.wrong.push(format!("our keys cannot be looked at: {error}"));
        Vec::new()
    });
    let tokens = Pkcs11Tokens::new(&plan.tokens);
    let mut broken: Vec<&str> = Vec::new();
    for token in &plan.tokens {
        match tokens.open(&token.name) {
            Ok(()) => found.said.push(format!("token {}: logged in, {}", token.name, token.module.display())),
            Err(error) => {
                broken.push(&token.name);
                found.wrong.push(format!("{error}; letters that need it wait (451)"));
            }
        }
    }
    let (said, wrong): (Vec<_>, Vec<_>) = own
        .iter()
        .filter_map(|own| Some((own, own.key.token()?)))
        .filter(|(_, place)| !broken.contains(&place.token.as_str()))
        .map(|(own, place)| {
            let fingerprint = &own.key.facts().fingerprint;
            let errors: Vec<String> = try_in_token(&own.key, &tokens)
                .iter()
                .map(|error| format!("our key {fingerprint}: {error}"))
                .collect();
            let fine = errors.is_empty();
            (
                fine.then(|| format!("token {}: the key {:?} signs and decrypts", place.token, place.label)),
                errors,
            )
        })
        .unzip();
    found.said.extend(said.into_iter().flatten());
    found.wrong.extend(wrong.into_iter().flatten());
    found
}

fn own(plan: &Plan, keys: &IntakeRole) -> Result<Vec<Own>, String> {
    let runtime = runtime().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let store = Store::open(plan.store()).map_err(|error| error.to_string())?;
        let own = OwnKeys { store: &store, rows: &keys.queue.rows, keyring: &keys.keyring }.all().await;
        store.close().await;
        own.map_err(|error| error.to_string())
    })
}
