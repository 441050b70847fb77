//! What belongs to a letter as a whole while its rows are built. Builds none.

use sealpost_store::{ArrivalRows, OriginalRow};

use crate::partners::{AsItCame, Partners};

/// What belongs to the letter as a whole, whoever its recipients are.
pub(crate) struct WholeLetter<'a> {
    pub(crate) partners: &'a Partners,
    /// As it came, if it came encrypted.
    pub(crate) original: Option<&'a AsItCame>,
    /// It came before, and was kept.
    pub(crate) reopened: Option<&'a OriginalRow>,
    /// Rows of what is sent because of it.
    pub(crate) sent_with_it: Option<&'a ArrivalRows>,
    /// Tags by which answers to it are known.
    pub(crate) threads: &'a [[u8; 32]],
    /// What recognises the same transmission.
    pub(crate) fingerprint: Option<[u8; 32]>,
}
