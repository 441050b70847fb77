//! The address under which browsers know the application, and the keys that prove its forms. Knows no page.

use std::sync::Arc;

use sealpost_mail::Random;

/// Scheme, host and port as a browser writes them into `Origin`.
#[derive(Clone, Debug)]
pub(crate) struct PublicOrigin {
    pub(crate) https: bool,
    pub(crate) text: String,
}

/// What forms are proven with; the application gives it to its workers.
pub(crate) struct FormProofs {
    pub(crate) origin: PublicOrigin,
    /// Generates the cookies that bind the forms of visitors.
    pub(crate) random: Arc<dyn Random>,
}
