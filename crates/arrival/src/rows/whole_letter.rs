//! What belongs to a letter as a whole while its rows are built. Builds none.

use sealpost_store::{ArrivalRows, OriginalRow};

use crate::partners::{AsItCame, Partners};

/// What belongs to the letter as a whole, independent of its recipients.
pub(crate) struct WholeLetter<'a> {
    pub(crate) partners: &'a Partners,
    /// The original, if it arrived encrypted.
    pub(crate) original: Option<&'a AsItCame>,
    /// The stored original, if it arrived earlier and is reopened.
    pub(crate) reopened: Option<&'a OriginalRow>,
    /// Rows of what is sent because of it.
    pub(crate) sent_with_it: Option<&'a ArrivalRows>,
    /// Tags by which replies to it are recognised.
    pub(crate) threads: &'a [[u8; 32]],
    /// Recognises a retransmission.
    pub(crate) fingerprint: Option<[u8; 32]>,
}
