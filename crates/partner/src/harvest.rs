//! Keys that came with signed letters: stored as offers of an existing partner, unused until an operator trusts one by
//! its fingerprint. Of two for one address neither is preferred.

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_seal::{Covers, Purpose, judge};
use sealpost_store::{AuditRow, PartnerKeyState};

use crate::error::PartnerError;
use crate::partner_rows::{Book, PartnerKey, PartnerWithKeys, Provenance, Reach, Standing, done};

/// Maximum offers per partner: signing letters with ever new keys must not fill the store.
const MAX_WAITING: usize = 50;

/// What became of a key that signed a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is stored as an offer; the id of its partner.
    Kept(String),
    /// The key, or an offer of it, exists already, or it is useless.
    Nothing,
    /// There are too many offers.
    Full,
}

impl Book<'_> {
    /// Stores the key that signed a letter from this address as an offer, if the address belongs to a partner in use.
    pub async fn offer(
        &self,
        from: &Address,
        key: &sealpost_seal::PartnerKey,
        noted: impl Fn(&str) -> AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Offered, PartnerError> {
        let facts = key.facts();
        let fits =
            facts.names(from) && judge(facts, Purpose::Encrypt, Some(Covers::Address(from)), now).is_empty();
        if !fits {
            return Ok(Offered::Nothing);
        }
        let Some((row, found)) = self.row_of(from).await? else { return Ok(Offered::Nothing) };
        match found.partner.standing {
            Standing::Active | Standing::Waiting => {}
            Standing::Suspended => return Ok(Offered::Nothing),
        }
        // A row that cannot be read may be this very key, revoked.
        let known = |one: &PartnerKey| one.key.facts().fingerprint == facts.fingerprint;
        if found.unreadable > 0 || found.keys.iter().any(known) {
            return Ok(Offered::Nothing);
        }
        if found.keys.iter().filter(|one| is_offer(one)).count() >= MAX_WAITING {
            return Ok(Offered::Full);
        }
        let offer = PartnerKey {
            id: random.id(),
            state: PartnerKeyState::Offered,
            reach: Reach::Named,
            key: key.clone(),
            source: "a signed letter".to_owned(),
            provenance: Provenance::Harvested,
            vouched_for: Vec::new(),
            since: now,
        };
        let offer = self.key_row(&found.partner.id, &offer, now, random)?;
        let changed = self.row(&found.partner, now, random)?;
        // Unless changed since it was read: two letters at once store one offer.
        let noted = noted(&found.partner.id);
        done(self.store.change_partner(&row, &changed, &[], &[offer], noted).await?)?;
        Ok(Offered::Kept(found.partner.id))
    }
}

fn is_offer(key: &PartnerKey) -> bool {
    key.state == PartnerKeyState::Offered && key.provenance == Provenance::Harvested
}

impl PartnerWithKeys {
    /// Another key for an address of this offer, trusted and not expired, or offered as well: one of the two may be a
    /// stranger's.
    #[must_use]
    pub fn rival(&self, offer: &PartnerKey, now: Timestamp) -> Option<&PartnerKey> {
        if !is_offer(offer) {
            return None;
        }
        self.keys.iter().find(|other| {
            let stands = match other.state {
                PartnerKeyState::Trusted | PartnerKeyState::Offered => true,
                PartnerKeyState::Suspended | PartnerKeyState::Expired | PartnerKeyState::Revoked => false,
            };
            let facts = other.key.facts();
            other.id != offer.id
                && stands
                && facts.method == offer.key.method()
                && facts.not_after.is_none_or(|end| end > now)
                && offer.key.facts().addresses.iter().any(|address| facts.names(address))
        })
    }
}
