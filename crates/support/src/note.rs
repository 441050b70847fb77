//! Why support does something, in words fit for the audit trail.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::AuditRow;

use crate::error::SupportError;

/// A note: not empty, and without an address.
#[derive(Clone, Debug)]
pub struct Note(String);

impl Note {
    /// Checks a note.
    ///
    /// # Errors
    /// It is empty or contains an address.
    pub fn parse(text: &str) -> Result<Self, SupportError> {
        if text.trim().is_empty() {
            return Err(SupportError::NoNote);
        }
        if text.contains('@') {
            return Err(SupportError::AddressInNote);
        }
        Ok(Self(text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()))
    }

    /// The audit row of an action with this note.
    #[must_use]
    pub fn row(&self, event: &Event<'_>, by: &Actor, now: Timestamp) -> AuditRow {
        let row = event.row(now, by, None);
        let detail = format!("{} note={}", row.detail, self.0).trim_start().to_owned();
        AuditRow { detail, ..row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_something_and_names_no_address() {
        assert!(matches!(Note::parse(" \n"), Err(SupportError::NoNote)));
        assert!(matches!(Note::parse("asked by eva@web.example"), Err(SupportError::AddressInNote)));
        let note = Note::parse(" letter of\nthe 3rd ").unwrap();
        let row = note.row(&Event::AddressCleared { mailbox: "m" }, &Actor::System, Timestamp(0));
        assert!(row.detail.ends_with("note=letter of the 3rd"), "{}", row.detail);
    }
}
