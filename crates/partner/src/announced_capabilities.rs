//! Records the capabilities that a partner's programs announce in their signatures (SMIMECapabilities, RFC 8551 §2.5.2)
//! with an already trusted certificate: its letters are encrypted more strongly from then on, and never more weakly.
//! Gives no key any trust, and knows no letter.

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_store::{AuditRow, PartnerKeyState};

use crate::error::PartnerError;
use crate::partner_rows::{Book, PartnerKey, Standing};

/// Result for a key whose holder announces capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// Letters to the partner with this id are encrypted more strongly.
    Yes(String),
    /// Nothing new, or the key is not trusted.
    No,
}

impl Book<'_> {
    /// Records the capabilities of the key that signed a letter from this address, if it is a trusted one of the
    /// partner's.
    pub async fn raise(
        &self,
        from: &Address,
        signed: &sealpost_seal::PartnerKey,
        noted: impl Fn(&str) -> AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Raised, PartnerError> {
        let Some(found) = self.of(from).await? else { return Ok(Raised::No) };
        match found.partner.standing {
            Standing::Active | Standing::Waiting => {}
            Standing::Suspended => return Ok(Raised::No),
        }
        let says_more = |known: &PartnerKey| match known.state {
            PartnerKeyState::Trusted => known.key.raised_by(signed).map(|raised| (known.clone(), raised)),
            PartnerKeyState::Offered
            | PartnerKeyState::Suspended
            | PartnerKeyState::Expired
            | PartnerKeyState::Revoked => None,
        };
        let Some((known, raised)) = found.keys.iter().find_map(says_more) else { return Ok(Raised::No) };
        let noted = noted(&found.partner.id);
        self.renew(&found.partner, &known, raised, noted, now, random).await?;
        Ok(Raised::Yes(found.partner.id))
    }
}
