//! What one part of `sealpost check` has to report. Checks nothing.

use super::{complain, say};

/// The findings of one part.
#[derive(Default)]
pub(super) struct CheckFindings {
    /// What works, or what others have answered: one line each.
    pub(super) said: Vec<String>,
    /// The warnings.
    pub(super) wrong: Vec<String>,
}

impl CheckFindings {
    /// Prints them, the warnings on standard error.
    pub(super) fn print(&self) {
        self.said.iter().for_each(say);
        self.wrong.iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    }
}
