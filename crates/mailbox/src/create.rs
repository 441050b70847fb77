//! A mailbox that nobody has activated: its key pair, and its secret under every way in that it has while pending. The
//! secret is forgotten again when the caller drops it: it exists only wrapped.

use sealpost_mail::{Random, Timestamp};
use sealpost_store::{NewMailbox, NewToken, NewWrap, TokenPurpose, WrapKind};
use sealpost_vault::{
    Argon2Cost, EscrowPublic, InitialPassword, MailboxKeys, MailboxPublic, MailboxSecret, Pepper, RowKey,
    Token, TokenHash, VaultError,
};

use crate::seal_address;

/// What leads into a pending mailbox.
#[derive(Clone, Copy)]
pub struct WaysIn<'a> {
    /// Seals the link that is kept for further notices.
    pub rows: &'a RowKey,
    /// Goes into every wrap.
    pub pepper: &'a Pepper,
    /// The link. With an initial password it is kept without being mailed (decision 0013).
    pub token: &'a Token,
}

impl WaysIn<'_> {
    /// The secret under the link, and the link itself, sealed.
    #[must_use]
    pub fn wraps(&self, mailbox_id: &str, secret: &MailboxSecret, random: &dyn Random) -> Vec<NewWrap> {
        let wrap = |kind, sealed| NewWrap { kind, sealed };
        vec![
            wrap(WrapKind::Activation, secret.wrap_activation(mailbox_id, self.token, self.pepper, random)),
            wrap(WrapKind::Link, self.token.keep(self.rows, mailbox_id, random)),
        ]
    }

    /// The same, and the secret under an initial password where there is one. Argon2 runs in here.
    ///
    /// # Errors
    /// There is no memory for Argon2.
    pub fn wraps_with(
        &self,
        initial: Option<&InitialPassword>,
        mailbox_id: &str,
        secret: &MailboxSecret,
        random: &dyn Random,
    ) -> Result<Vec<NewWrap>, VaultError> {
        let mut wraps = self.wraps(mailbox_id, secret, random);
        if let Some(initial) = initial {
            wraps.push(initial_wrap(mailbox_id, secret, initial, self.pepper, random)?);
        }
        Ok(wraps)
    }
}

/// The secret of a pending mailbox under an initial password. Argon2 runs in here.
///
/// # Errors
/// There is no memory for Argon2.
pub fn initial_wrap(
    mailbox_id: &str,
    secret: &MailboxSecret,
    initial: &InitialPassword,
    pepper: &Pepper,
    random: &dyn Random,
) -> Result<NewWrap, VaultError> {
    let sealed = secret.wrap_initial(mailbox_id, initial, pepper, &Argon2Cost::standard(), random)?;
    Ok(NewWrap { kind: WrapKind::Initial, sealed })
}

/// The row of a link by which a pending mailbox is activated.
#[must_use]
pub fn activation_token(hash: TokenHash, now: Timestamp, expires_at: Timestamp) -> NewToken {
    NewToken { hash, purpose: TokenPurpose::Activation, created_at: now, expires_at, deposit_id: None }
}

/// A pending mailbox that is being made.
pub struct NewPending {
    id: String,
    public: MailboxPublic,
    secret: MailboxSecret,
    wraps: Vec<NewWrap>,
}

/// Whose a new mailbox is.
#[derive(Clone, Debug)]
pub struct NewOwner<'a> {
    /// Keyed hash of the address.
    pub tag: [u8; 32],
    /// The address as it is written.
    pub address: &'a str,
    /// Language tag for notices and pages.
    pub language: String,
}

impl NewPending {
    /// A key pair, and its secret under the link and under escrow where the operator chose that.
    ///
    /// # Errors
    /// The escrow key is none to seal to.
    pub fn new(
        ways: &WaysIn<'_>,
        escrow: Option<&EscrowPublic>,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        Self::with(ways, None, escrow, random)
    }

    /// The same, and its secret under an initial password where there is one. Argon2 runs in here.
    ///
    /// # Errors
    /// The escrow key is none to seal to, or there is no memory for Argon2.
    pub fn with(
        ways: &WaysIn<'_>,
        initial: Option<&InitialPassword>,
        escrow: Option<&EscrowPublic>,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        let id = random.id();
        let (public, secret) = MailboxKeys::generate(random);
        let mut wraps = ways.wraps_with(initial, &id, &secret, random)?;
        if let Some(escrow) = escrow {
            wraps.push(NewWrap { kind: WrapKind::Escrow, sealed: secret.wrap_escrow(&id, escrow, random)? });
        }
        Ok(Self { id, public, secret, wraps })
    }

    /// The mailbox's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What may be sealed to.
    #[must_use]
    pub fn public(&self) -> &MailboxPublic {
        &self.public
    }

    /// For a further wrap.
    #[must_use]
    pub fn secret(&self) -> &MailboxSecret {
        &self.secret
    }

    /// The secret under an initial password, for whoever runs Argon2 elsewhere.
    pub fn add_initial(&mut self, wrap: NewWrap) {
        self.wraps.push(wrap);
    }

    /// The row. The secret is gone with it.
    #[must_use]
    pub fn row(
        self,
        rows: &RowKey,
        owner: NewOwner<'_>,
        token: NewToken,
        now: Timestamp,
        random: &dyn Random,
    ) -> NewMailbox {
        NewMailbox {
            tag: owner.tag,
            address_sealed: seal_address(rows, &self.public, &self.id, "", owner.address, random),
            public_key: self.public.to_bytes(),
            language: owner.language,
            created_at: now,
            wraps: self.wraps,
            token: Some(token),
            id: self.id,
        }
    }
}
