//! Keys that came with signed letters: kept as offers of a partner that is there already, used for nothing until an
//! operator takes one by its fingerprint. Of two for one address neither is preferred.

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_seal::{Covers, Purpose, judge};
use sealpost_store::{AuditRow, PartnerKeyState};

use crate::error::PartnerError;
use crate::partner_rows::{Book, Found, PartnerKey, Provenance, Reach, Standing, done};

/// So many wait for an operator at one partner: whoever signs letters with new keys all the time fills no store.
const MAX_WAITING: usize = 50;

/// What became of a key that signed a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is kept as an offer of this partner's id.
    Kept(String),
    /// It, or an offer of it, was there already, or it can be used for nothing.
    Nothing,
    /// Too many wait already.
    Full,
}

impl Book<'_> {
    /// Keeps the key that signed a letter from this address as an offer, if the address belongs to a partner in use.
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
        // A row that cannot be read may be this very key, taken back.
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
        // As it was read: two letters at once keep one offer.
        let noted = noted(&found.partner.id);
        done(self.store.change_partner(&row, &changed, &[], &[offer], noted).await?)?;
        Ok(Offered::Kept(found.partner.id))
    }
}

fn is_offer(key: &PartnerKey) -> bool {
    key.state == PartnerKeyState::Offered && key.provenance == Provenance::Harvested
}

impl Found {
    /// Another key that stands for an address of this offer, trusted and not over, or offered as well: one of both may be
    /// a stranger's.
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
