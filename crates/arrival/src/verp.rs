//! A separate reverse-path for each copy of a mail (VERP), so that a bounce identifies the letter, and the sealed memo
//! needed when one arrives. Knows neither notices nor replies.

use sealpost_mail::{Address, AddressError, ReversePath, Secret, Timestamp};
use sealpost_store::{NewBounceMemo, bounce_token};
use sealpost_vault::Label;
use serde::Serialize;

use crate::context::Shared;

/// The token in a recipient that is one of our reverse-paths; `base` is the operator's bounce address.
pub(crate) fn token(base: Option<&Address>, recipient: &Address) -> Option<String> {
    let base = base?;
    // A server in transit may write it in capitals.
    let (start, token) = recipient.local().split_at_checked(base.local().len())?;
    let token = token.strip_prefix('+').filter(|_| start.eq_ignore_ascii_case(base.local()))?;
    (recipient.domain() == base.domain()).then(|| token.to_ascii_lowercase())
}

/// One copy of one mail.
pub(crate) struct Copy<'a> {
    pub(crate) mailbox_id: &'a str,
    pub(crate) deposit_id: &'a str,
    /// Number of the notice among those about the same letter.
    pub(crate) number: u8,
    pub(crate) at: Timestamp,
}

impl Copy<'_> {
    /// Its reverse-path below the address that the operator named for bounces. `None`: none was named.
    pub(crate) fn reverse_path(
        &self,
        bounces: Option<&Address>,
    ) -> Result<Option<ReversePath>, AddressError> {
        let Some(base) = bounces else { return Ok(None) };
        let token = bounce_token(self.deposit_id, self.number);
        let address = Address::from_parts(&format!("{}+{token}", base.local()), base.domain().clone())?;
        Ok(Some(ReversePath::Address(address)))
    }

    /// The row that keeps `memo`, sealed under `label`.
    pub(crate) fn row<M: Serialize>(
        &self,
        shared: &Shared,
        label: Label,
        memo: &M,
    ) -> Result<NewBounceMemo, serde_json::Error> {
        let json = Secret::new(serde_json::to_vec(memo)?);
        Ok(NewBounceMemo {
            mailbox_id: self.mailbox_id.to_owned(),
            deposit_id: self.deposit_id.to_owned(),
            number: self.number,
            memo_sealed: shared.keys.rows.seal(label, self.deposit_id, json.expose(), &*shared.random),
            created_at: self.at,
        })
    }
}
