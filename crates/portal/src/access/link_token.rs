//! The token in a link that came by mail, and its row. Whether it is still good is for whoever asked.

use sealpost_store::{TokenPurpose, TokenRow};
use sealpost_vault::{Token, TokenPurpose as VaultPurpose};

use crate::problem::Problem;
use crate::state::Site;

/// A link of ours.
pub(crate) struct Known {
    pub(crate) token: Token,
    pub(crate) hash: [u8; 32],
    pub(crate) row: TokenRow,
}

/// Finds it; `None`: it is not one of ours, or good for something else.
pub(crate) async fn known(site: &Site, purpose: TokenPurpose, text: &str) -> Result<Option<Known>, Problem> {
    let hashed_for = match purpose {
        TokenPurpose::Activation => VaultPurpose::Activation,
        TokenPurpose::Reset => VaultPurpose::Reset,
        TokenPurpose::Deletion => VaultPurpose::Deletion,
    };
    let Some(token) = Token::parse(text) else { return Ok(None) };
    let hash = site.keys.tokens.hash_of(hashed_for, &token);
    let row = site.store.token(&hash).await.map_err(|error| Problem::fault("looking up a link", error))?;
    Ok(row.filter(|row| row.purpose == purpose).map(|row| Known { token, hash, row }))
}
