//! What a partner's programs say in their signatures that they can read (SMIMECapabilities, RFC 8551 §2.5.2), noted with the
//! certificate that is trusted already: its letters are closed in a stronger form from then on, and never in a weaker one.
//! Gives no key any trust, and knows no letter.

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_store::{AuditRow, PartnerKeyState};

use crate::error::PartnerError;
use crate::partner_rows::{Book, PartnerKey, Standing};

/// What became of a key whose holder says what it can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// Letters of the partner with this id are closed in a stronger form.
    Yes(String),
    /// It says nothing new, or is no key that counts.
    No,
}

impl Book<'_> {
    /// Notes what the key that signed a letter from this address says, if it is one of the partner's that are trusted.
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
