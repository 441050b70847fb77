//! The row that a recalled letter leaves behind, and what its seal is bound to. Knows no letter.

use sealpost_mail::Timestamp;

/// The unsealed fields of that row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Id of the letter.
    pub deposit_id: String,
    /// Id of its mailbox.
    pub mailbox_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was recalled.
    pub withdrawn_at: Timestamp,
    /// Until when its recipient is told.
    pub forget_at: Timestamp,
}

/// A recalled letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnRow {
    /// The unsealed fields of its row.
    pub standing: Standing,
    /// Who recalled it, sealed to [`Standing::bound`].
    pub by_sealed: Vec<u8>,
}

/// The columns of [`WithdrawnRow`], in the order in which they are read.
macro_rules! columns {
    () => {
        "deposit_id, mailbox_id, received_at, withdrawn_at, forget_at, by_sealed"
    };
}
pub(crate) use columns as withdrawn_columns;

impl Standing {
    /// What the sealed name is bound to: no field of the row can be changed, and the row cannot be moved
    /// elsewhere.
    #[must_use]
    pub fn bound(&self) -> String {
        let Self { deposit_id, mailbox_id, received_at, withdrawn_at, forget_at } = self;
        // No id contains a slash.
        format!("{deposit_id}/{mailbox_id}/{}/{}/{}", received_at.0, withdrawn_at.0, forget_at.0)
    }
}
