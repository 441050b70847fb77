//! A separate reverse-path for each copy of a mail (VERP), so that a bounce identifies the letter, and the sealed memo
//! needed when one arrives. Knows neither notices nor replies.

use sealpost_mail::{Address, AddressError, Random, ReversePath};
use sealpost_mailbox::{MemoOf, ReturnToken, seal_memo};
use sealpost_store::NewBounceMemo;
use sealpost_vault::Label;
use serde::Serialize;

use crate::context::Shared;

/// The token in a recipient that is one of our reverse-paths; `base` is the operator's bounce address.
pub(crate) fn token(base: Option<&Address>, recipient: &Address) -> Option<ReturnToken> {
    let base = base?;
    let (start, token) = recipient.local().split_at_checked(base.local().len())?;
    let token = token.strip_prefix('+').filter(|_| start.eq_ignore_ascii_case(base.local()))?;
    (recipient.domain() == base.domain()).then(|| ReturnToken::read(token))
}

/// One copy of one mail, with the token of its reverse-path.
pub(crate) struct Copy<'a> {
    of: MemoOf<'a>,
    token: ReturnToken,
}

impl<'a> Copy<'a> {
    pub(crate) fn new(of: MemoOf<'a>, random: &dyn Random) -> Self {
        Self { of, token: ReturnToken::new(random) }
    }

    /// Its reverse-path below the address that the operator named for bounces. `None`: none was named.
    pub(crate) fn reverse_path(
        &self,
        bounces: Option<&Address>,
    ) -> Result<Option<ReversePath>, AddressError> {
        let Some(base) = bounces else { return Ok(None) };
        let local = format!("{}+{}", base.local(), self.token.expose());
        Ok(Some(ReversePath::Address(Address::from_parts(&local, base.domain().clone())?)))
    }

    /// The row that keeps `memo`, sealed under `label`.
    pub(crate) fn row<M: Serialize>(
        &self,
        shared: &Shared,
        label: Label,
        memo: &M,
    ) -> Result<NewBounceMemo, serde_json::Error> {
        seal_memo(&shared.keys.rows, label, &self.of, &self.token, memo, &*shared.random)
    }
}
