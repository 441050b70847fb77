//! Keys whose signatures are never trusted. Knows no letter and no chain.

use std::collections::HashMap;

use sealpost_seal::{Distrust, DistrustedKey};
use sealpost_store::PartnerKeyState;

use crate::error::PartnerError;
use crate::partner_rows::{Book, PartnerKey, Standing};

/// Whether all distrusted keys are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// They are.
    Complete,
    /// A row cannot be read. Its key may come again in any certificate, so no authority is trusted.
    Incomplete,
}

/// Distrusted keys.
#[derive(Clone, Debug)]
pub struct OutOfUse {
    /// Keys that were revoked, suspended or found expired, and every key of a suspended partner.
    pub keys: Vec<DistrustedKey>,
    /// Whether these are all.
    pub coverage: Coverage,
}

/// Reads complete rows, not only those whose column says "revoked": an attacker could write another word there.
pub(crate) async fn read(book: &Book<'_>) -> Result<OutOfUse, PartnerError> {
    let (mut keys, mut coverage, mut standings) = (Vec::new(), Coverage::Complete, HashMap::new());
    for row in book.store.partners().await? {
        match book.open(&row) {
            Ok(partner) => drop(standings.insert(row.id, partner.standing)),
            Err(error) => {
                tracing::error!(%error, "a partner is not used");
                coverage = Coverage::Incomplete;
            }
        }
    }
    for row in book.store.all_partner_keys().await? {
        match book.open_key(&row) {
            Ok(key) => {
                // A partner whose row cannot be read does not count as in use.
                let standing = standings.get(&row.partner_id).copied().unwrap_or(Standing::Suspended);
                keys.extend(distrusted(standing, key));
            }
            Err(error) => {
                tracing::error!(key.id = %row.id, %error, "a partner's key cannot be read: until it is \
                    repaired or its partner removed, no certificate counts by its authority alone");
                coverage = Coverage::Incomplete;
            }
        }
    }
    Ok(OutOfUse { keys, coverage })
}

fn distrusted(standing: Standing, key: PartnerKey) -> Option<DistrustedKey> {
    let why = match (key.state, standing) {
        (PartnerKeyState::Revoked, _) => Distrust::Revoked,
        (PartnerKeyState::Expired, _) => Distrust::Expired,
        (PartnerKeyState::Suspended, _)
        | (PartnerKeyState::Offered | PartnerKeyState::Trusted, Standing::Suspended) => Distrust::Suspended,
        (PartnerKeyState::Offered | PartnerKeyState::Trusted, Standing::Active | Standing::Waiting) => {
            return None;
        }
    };
    Some(DistrustedKey { key: key.key, why })
}
