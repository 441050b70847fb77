//! The row that a letter which was taken back leaves behind, and what seals it. Knows no letter.

use sealpost_mail::Timestamp;

/// That a letter was taken back: everything its row says in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which letter.
    pub deposit_id: String,
    /// Of which mailbox.
    pub mailbox_id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Timestamp,
    /// Until when its recipient is told.
    pub forget_at: Timestamp,
}

/// A letter that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnRow {
    /// What its row says.
    pub standing: Standing,
    /// Who took it back, sealed to [`Standing::bound`].
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
    /// To what the name is sealed that stands in the row: none of it can be changed, and nothing be moved elsewhere.
    #[must_use]
    pub fn bound(&self) -> String {
        let Self { deposit_id, mailbox_id, received_at, withdrawn_at, forget_at } = self;
        // No id has a slash in it.
        format!("{deposit_id}/{mailbox_id}/{}/{}/{}", received_at.0, withdrawn_at.0, forget_at.0)
    }
}
