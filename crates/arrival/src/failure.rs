//! The replies to a client if something of ours has failed (451) or the disk is nearly full (452): to retry
//! later, no more. The reason is logged.

use sealpost_mail::Reply;

/// Something of ours failed: nothing is lost, the client keeps the letter. The reason is logged.
pub(crate) fn later(error: impl std::fmt::Display) -> Reply {
    Reply::later(451, 3, 0, "Please try again later").because(error)
}

/// The store cannot take it now: nothing is lost, the client keeps the letter.
pub(crate) fn unavailable(error: &sealpost_store::StoreError) -> Reply {
    if error.is_full() {
        return no_space().because(error);
    }
    Reply::later(451, 3, 0, "Temporarily unable to take the message").because(error)
}

/// RFC 5321 §4.2.3. Deliveries continue, so it will improve soon.
pub(crate) fn no_space() -> Reply {
    Reply::later(452, 3, 1, "Not enough space now, please try again later")
}
