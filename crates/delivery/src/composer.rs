//! The interface for mails that are written when they are sent. The application knows words and brand;
//! delivery only knows that the bytes derive from the ticket's facts.

/// Writes mails from facts.
pub trait Composer: Send + Sync {
    /// The complete letter, head and body, CRLF. The same facts must give the same letter, except for its
    /// MIME boundaries. An error's text is for the log.
    fn compose(&self, facts: &str, recipient: &sealpost_mail::Address) -> Result<Vec<u8>, String>;
}
