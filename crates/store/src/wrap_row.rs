//! A mailbox's secret key wrapped under one of its ways in, as a row. Knows no key.

use crate::column_values::WrapKind;
use crate::statement::{Batch, sql};

/// A mailbox's secret key, wrapped.
#[derive(Clone, Debug)]
pub struct NewWrap {
    /// What it is wrapped under.
    pub kind: WrapKind,
    /// The wrap.
    pub sealed: Vec<u8>,
}

impl NewWrap {
    pub(crate) fn add_to(self, mailbox_id: &str, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO wraps (mailbox_id, kind, sealed) VALUES (?1, ?2, ?3)",
            mailbox_id,
            self.kind.as_str(),
            self.sealed
        ));
    }
}
