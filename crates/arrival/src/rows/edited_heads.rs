//! Heads with the rules' edits, each edit made once. Knows no rows.

use std::sync::Arc;

use sealpost_mail::{Edit, Head};

use crate::edited_head::edited;

/// Heads with the rules' edits: the same edit for a thousand recipients is made once.
#[derive(Default)]
pub(super) struct Heads(Vec<(Vec<Edit>, Arc<Head>)>);

impl Heads {
    pub(super) fn of(&mut self, head: &Head, edits: &[Edit]) -> Arc<Head> {
        if let Some((_, made)) = self.0.iter().find(|(known, _)| known == edits) {
            return Arc::clone(made);
        }
        let made = Arc::new(edited(head, edits));
        self.0.push((edits.to_vec(), Arc::clone(&made)));
        made
    }
}
