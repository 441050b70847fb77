//! Creates a pending mailbox: its key pair, and its secret key under every way in that it has while pending.
//! The secret key is erased when the caller drops it: it exists only wrapped.

use sealpost_mail::{Random, Timestamp};
use sealpost_store::{NewMailbox, NewToken, NewWrap, TokenPurpose, WrapKind};
use sealpost_vault::{
    Argon2Cost, EscrowPublic, InitialPassword, MailboxKeys, MailboxPublic, MailboxSecret, Pepper, RowKey,
    Token, TokenHash, VaultError,
};

use crate::seal_address;

/// What opens a pending mailbox.
#[derive(Clone, Copy)]
pub struct WaysIn<'a> {
    /// Seals the link that is stored for further notices.
    pub rows: &'a RowKey,
    /// Used in every wrap.
    pub pepper: &'a Pepper,
    /// The link. With an initial password it is stored without being mailed (decision 0013).
    pub token: &'a Token,
}

impl WaysIn<'_> {
    /// The secret key wrapped under the link, and the link itself, sealed.
    #[must_use]
    pub fn wraps(&self, mailbox_id: &str, secret: &MailboxSecret, random: &dyn Random) -> Vec<NewWrap> {
        let wrap = |kind, sealed| NewWrap { kind, sealed };
        vec![
            wrap(WrapKind::Activation, secret.wrap_activation(mailbox_id, self.token, self.pepper, random)),
            wrap(WrapKind::Link, self.token.keep(self.rows, mailbox_id, random)),
        ]
    }

    /// The same, and the secret key wrapped under an initial password if there is one. Runs Argon2.
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

/// The secret key of a pending mailbox wrapped under an initial password. Runs Argon2.
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

/// The token row of a link that activates a pending mailbox.
#[must_use]
pub fn activation_token(hash: TokenHash, now: Timestamp, expires_at: Timestamp) -> NewToken {
    NewToken { hash, purpose: TokenPurpose::Activation, created_at: now, expires_at, deposit_id: None }
}

/// A pending mailbox being created.
pub struct NewPending {
    id: String,
    public: MailboxPublic,
    secret: MailboxSecret,
    wraps: Vec<NewWrap>,
}

/// The owner of a new mailbox.
#[derive(Clone, Debug)]
pub struct NewOwner<'a> {
    /// Keyed hash of the address.
    pub tag: [u8; 32],
    /// The address as written.
    pub address: &'a str,
    /// Language tag for notices and pages.
    pub language: String,
}

impl NewPending {
    /// A key pair, and its secret key wrapped under the link and, if the operator chose it, under escrow.
    ///
    /// # Errors
    /// The escrow key cannot be sealed to.
    pub fn new(
        ways: &WaysIn<'_>,
        escrow: Option<&EscrowPublic>,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        Self::with(ways, None, escrow, random)
    }

    /// The same, and its secret key wrapped under an initial password if there is one. Runs Argon2.
    ///
    /// # Errors
    /// The escrow key cannot be sealed to, or there is no memory for Argon2.
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

    /// The public key, to be sealed to.
    #[must_use]
    pub fn public(&self) -> &MailboxPublic {
        &self.public
    }

    /// The secret key, for a further wrap.
    #[must_use]
    pub fn secret(&self) -> &MailboxSecret {
        &self.secret
    }

    /// Adds the wrap under an initial password, if Argon2 was run elsewhere.
    pub fn add_initial(&mut self, wrap: NewWrap) {
        self.wraps.push(wrap);
    }

    /// The row. The secret key is erased with `self`.
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
