//! The mailbox of an address: the address is sealed and bound to the mailbox's public key. An attacker who can write rows
//! but has no key cannot replace address or public key unnoticed (decision 0022).

use sealpost_mail::{Address, Random};
use sealpost_store::{MailboxRow, MailboxState, ReachedMailbox, Relock};
use sealpost_vault::{Label, MailboxPublic, RowKey, TagKey};

use crate::MailboxError;
use crate::epochs::{Epochs, is_locked};

/// The fields that identify a mailbox, not verified yet.
#[derive(Clone, Copy, Debug)]
pub struct AddressRecord<'a> {
    /// The id of the mailbox.
    pub mailbox_id: &'a str,
    /// The keyed hash by which the row was found.
    pub tag: &'a [u8; 32],
    /// The public key in its row.
    pub public_key: &'a [u8],
    /// Identifies the current password and answer.
    pub epochs: &'a str,
    /// The address, sealed.
    pub sealed: &'a [u8],
    /// The state in its row.
    pub state: MailboxState,
}

impl<'a> From<&'a MailboxRow> for AddressRecord<'a> {
    fn from(row: &'a MailboxRow) -> Self {
        Self {
            mailbox_id: &row.id,
            tag: &row.tag,
            public_key: &row.public_key,
            epochs: &row.epochs,
            sealed: &row.address_sealed,
            state: row.state,
        }
    }
}

impl<'a> From<&'a ReachedMailbox> for AddressRecord<'a> {
    fn from(row: &'a ReachedMailbox) -> Self {
        Self {
            mailbox_id: &row.id,
            tag: &row.tag,
            public_key: &row.public_key,
            epochs: &row.epochs,
            sealed: &row.address_sealed,
            state: row.state,
        }
    }
}

/// A mailbox whose row is verified: the public key is its own, the address the one it was created for.
#[derive(Clone, Debug)]
pub struct Resident {
    id: String,
    public: MailboxPublic,
    text: String,
    address: Address,
}

impl Resident {
    /// Verifies a row: the seal is valid, and the address in it is the one that the row is found by. Otherwise an attacker
    /// who writes rows would get another person's letters by putting that address's tag into their own mailbox's row.
    ///
    /// # Errors
    /// The row is not ours, or belongs to another mailbox, address, key or time.
    pub fn of<'a>(
        record: impl Into<AddressRecord<'a>>,
        rows: &RowKey,
        tags: &TagKey,
    ) -> Result<Self, MailboxError> {
        let record = record.into();
        let public = MailboxPublic::from_bytes(record.public_key)?;
        let plain =
            rows.open(Label::Address, &public.bound_at(record.mailbox_id, record.epochs), record.sealed)?;
        let text = String::from_utf8_lossy(plain.expose()).into_owned();
        let address = Address::parse(&text)
            .map_err(|_unreadable| MailboxError::damaged("a mailbox's address", "it cannot be read"))?;
        if tags.address_tag(&address.identity()) != *record.tag {
            return Err(MailboxError::damaged("a mailbox's row", "its tag is another address's"));
        }
        // A lock is covered by the seal; in any other state the row contains nothing that opens what it should not.
        if is_locked(record.epochs) && record.state == MailboxState::Active {
            return Err(MailboxError::damaged("a mailbox's row", "it is locked, and says that it is not"));
        }
        Ok(Self { id: record.mailbox_id.to_owned(), public, text, address })
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

    /// Locks this mailbox (`row` is its own), for [`sealpost_store::Store::lock_mailbox`].
    #[must_use]
    pub fn lock(&self, row: &MailboxRow, rows: &RowKey, random: &dyn Random) -> Relock {
        self.relock(row, Epochs::locked(row, random), rows, random)
    }

    /// Unlocks it, for [`sealpost_store::Store::unlock_mailbox`].
    #[must_use]
    pub fn unlock(&self, row: &MailboxRow, rows: &RowKey, random: &dyn Random) -> Relock {
        self.relock(row, Epochs::unlocked(row, random), rows, random)
    }

    fn relock(&self, row: &MailboxRow, epochs: String, rows: &RowKey, random: &dyn Random) -> Relock {
        Relock {
            mailbox_id: self.id.clone(),
            epochs_before: row.epochs.clone(),
            address_sealed: seal_address(rows, &self.public, &self.id, &epochs, &self.text, random),
            epochs,
        }
    }

    /// The address as written, for its owner.
    #[must_use]
    pub fn address_text(&self) -> &str {
        &self.text
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

/// The address of a mailbox with this key, sealed for its row.
#[must_use]
pub fn seal_address(
    rows: &RowKey,
    public: &MailboxPublic,
    mailbox_id: &str,
    epochs: &str,
    address: &str,
    random: &dyn Random,
) -> Vec<u8> {
    rows.seal(Label::Address, &public.bound_at(mailbox_id, epochs), address.as_bytes(), random)
}
