//! The decision for each recipient. Knows neither who decides nor how it is carried out.

use std::sync::Arc;

use sealpost_mail::{Judgement, Recipient, TlsFloor};
use sealpost_mailbox::ReturnToken;

use crate::spool::Spooled;
use crate::unclosable::Unclosable;

/// One recipient and the treatment of its copy.
pub struct Decided {
    /// The recipient of this copy.
    pub recipient: Recipient,
    /// What happens to the copy.
    pub way: Way,
}

/// What happens to a copy.
pub enum Way {
    /// As the policy says.
    Judged(Judgement),
    /// To a partner, encrypted.
    Closed(Arc<Copy>),
    /// Relayed with a signature of ours, over at least this TLS.
    Signed(Arc<Copy>, TlsFloor),
    /// Not sent: it would have to be encrypted for a partner and cannot be.
    Unclosable(Unclosable),
    /// It is a report on one of our notices (VERP) and ends here.
    Bounce(ReturnToken),
    /// It is addressed to the notices' sender address, ends here, and its author is told how to reply safely.
    ToUs,
}

/// An encrypted letter, shared by the recipients whose key it is encrypted to.
pub struct Copy {
    pub(crate) spooled: Spooled,
    pub(crate) partner: String,
    pub(crate) fingerprint: String,
}
