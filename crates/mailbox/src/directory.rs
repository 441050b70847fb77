//! Whose a mailbox is: its address, sealed and bound to its public key. Whoever can write rows but has no key cannot put
//! another address or another public key in its place unseen (decision 0022).

use sealpost_mail::{Address, Random};
use sealpost_store::{MailboxRow, MailboxState, ReachedMailbox, Relock};
use sealpost_vault::{Label, MailboxPublic, RowKey, TagKey};

use crate::MailboxError;
use crate::epochs::{Epochs, is_locked};

/// What a row says of whose it is, not yet proven.
#[derive(Clone, Copy, Debug)]
pub struct AddressRecord<'a> {
    /// The id of the mailbox.
    pub mailbox_id: &'a str,
    /// The keyed hash by which the row was found.
    pub tag: &'a [u8; 32],
    /// The public key in its row.
    pub public_key: &'a [u8],
    /// Which password and answer are the present ones.
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

/// A mailbox whose row is proven: the public key is its own, the address the one it was made for.
#[derive(Clone, Debug)]
pub struct Resident {
    id: String,
    public: MailboxPublic,
    text: String,
    address: Address,
}

impl Resident {
    /// Proves a row: the seal holds, and the address in it is the one that the row is found by. Otherwise whoever writes
    /// rows would get somebody's letters by putting that address's tag into the row of a mailbox of their own.
    ///
    /// # Errors
    /// The row is not ours, or of another mailbox, address, key or time.
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
        // A lock is under the seal; any other state has nothing in its rows that opens what it should not.
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

    /// What may be sealed to.
    #[must_use]
    pub fn public(&self) -> &MailboxPublic {
        &self.public
    }

    /// What locks this mailbox (`row` is its own), for [`sealpost_store::Store::lock_mailbox`].
    #[must_use]
    pub fn lock(&self, row: &MailboxRow, rows: &RowKey, random: &dyn Random) -> Relock {
        self.relock(row, Epochs::locked(row, random), rows, random)
    }

    /// What opens it again, for [`sealpost_store::Store::unlock_mailbox`].
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

    /// The address as it was written, for its owner.
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

/// The address of a mailbox with this key as its row keeps it.
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
