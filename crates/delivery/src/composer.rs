//! Mails that are written when they go: who writes them. The roof knows words and brand; delivery knows only
//! that the bytes come from the ticket's facts.

/// Writes mails from facts.
pub trait Composer: Send + Sync {
    /// The complete letter, head and body, CRLF. The same facts must give the same letter but for its MIME
    /// boundaries. The text of an error is for the log.
    fn compose(&self, facts: &str, recipient: &sealpost_mail::Address) -> Result<Vec<u8>, String>;
}
