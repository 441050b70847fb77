//! What a client hears when something of ours has failed: to come again, and no more. The log hears why.

use sealpost_mail::Reply;

/// Something of ours failed: nothing is lost, the client keeps the letter. The log hears why.
pub(crate) fn later(error: impl std::fmt::Display) -> Reply {
    Reply::later(451, 3, 0, "Please try again later").because(error)
}

/// The store cannot take it now: nothing is lost, the client keeps the letter.
pub(crate) fn unavailable(error: &sealpost_store::StoreError) -> Reply {
    Reply::later(451, 3, 0, "Temporarily unable to take the message").because(error)
}
