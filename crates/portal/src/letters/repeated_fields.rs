//! A form whose fields may come more than once: the letters that were ticked. Knows no page.

use sealpost_mailbox::is_id;

/// Maximum letters selected at once, or exported as one file.
pub(crate) const MAX_CHOSEN: usize = 500;

/// A form whose fields may come more than once.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The selected letters, each once; invalid ids are ignored.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for (_, id) in self.0.iter().filter(|(key, value)| key == "id" && is_id(value)) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids.truncate(MAX_CHOSEN);
        ids
    }
}
