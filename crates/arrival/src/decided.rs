//! What was decided for each recipient. Knows neither who decides nor how it is carried out.

use std::sync::Arc;

use sealpost_mail::{Judgement, Recipient, TlsFloor};

use crate::spool::Spooled;
use crate::unclosable::Unclosable;

/// One recipient and what happens to its copy.
pub struct Decided {
    /// The recipient of this copy.
    pub recipient: Recipient,
    /// What happens to the copy.
    pub way: Way,
}

/// Where a copy goes.
pub enum Way {
    /// Where the policy says.
    Judged(Judgement),
    /// To a partner, encrypted.
    Closed(Arc<Copy>),
    /// On its way with a signature of ours, over at least this TLS.
    Signed(Arc<Copy>, TlsFloor),
    /// Nowhere: it would have had to be closed for a partner and cannot be.
    Unclosable(Unclosable),
    /// It is a report on one of our notices (VERP) and ends here.
    Bounce(String),
    /// It is for the address that notices are from, ends here, and its writer is told how to answer safely.
    ToUs,
}

/// A closed letter, shared by the recipients whose key it is closed to.
pub struct Copy {
    pub(crate) spooled: Spooled,
    pub(crate) partner: String,
    pub(crate) fingerprint: String,
}
