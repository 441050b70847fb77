//! The notice to the operator about expiring keys. Says which texts it consists of. Knows no HTML.

use crate::layout::{Page, Reader};
use crate::notice::{ExpiringKey, KeyOwner};
use crate::writer::{Writer, Written};
use crate::{dates, sanitize};

impl Writer<'_> {
    pub(super) fn keys_ending(&self, keys: &[ExpiringKey]) -> Written<Page> {
        let mut page = self.start(["keys-subject", "keys-heading", "keys-intro"])?;
        page.reader = Reader::Inside;
        for key in keys {
            let label = match key.owner {
                KeyOwner::Ourselves => "label-own-key",
                KeyOwner::Partner => "label-partner-key",
            };
            let end = dates::date(key.end, self.language, self.zone)?;
            let told = [sanitize::line(&key.name), sanitize::line(&key.key), end].join(" · ");
            page.facts.push(self.fact(label, told)?);
        }
        page.steps = self.section("keys-steps", &["keys-own", "keys-partner", "keys-all"])?;
        Ok(page)
    }
}
