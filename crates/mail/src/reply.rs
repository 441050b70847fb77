//! An SMTP reply: code, enhanced code and public text together, with its private cause.

use std::fmt;

use serde::{Deserialize, Serialize};

/// RFC 3463: class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnhancedCode(pub u8, pub u16, pub u16);

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Whether a failure is temporary or permanent (RFC 5321 §4.2.1: 4yz may be retried, 5yz must not).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// May be retried.
    Temporary,
    /// A retry would fail in the same way.
    Permanent,
}

/// A reply to a peer. The text is neutral: no configuration, no address but the peer's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<EnhancedCode>,
    text: String,
    cause: Option<String>,
}

impl Reply {
    /// Success (2yz) with enhanced code 2.`subject`.`detail`.
    #[must_use]
    pub fn ok(code: u16, subject: u16, detail: u16, text: &str) -> Self {
        Self::build(code, Some(EnhancedCode(2, subject, detail)), text)
    }

    /// "Try later" (4yz) with enhanced code 4.`subject`.`detail`.
    #[must_use]
    pub fn later(code: u16, subject: u16, detail: u16, text: &str) -> Self {
        debug_assert!((400..500).contains(&code));
        Self::build(code, Some(EnhancedCode(4, subject, detail)), text)
    }

    /// "Never" (5yz) with enhanced code 5.`subject`.`detail`.
    #[must_use]
    pub fn refuse(code: u16, subject: u16, detail: u16, text: &str) -> Self {
        debug_assert!((500..600).contains(&code));
        Self::build(code, Some(EnhancedCode(5, subject, detail)), text)
    }

    /// Replies that carry no enhanced code: 220, 250 to EHLO, 334, 354 (RFC 2034 §4).
    #[must_use]
    pub fn plain(code: u16, text: &str) -> Self {
        Self::build(code, None, text)
    }

    fn build(code: u16, enhanced: Option<EnhancedCode>, text: &str) -> Self {
        // A reply is one line: text from outside must not start another (RFC 5321 §4.2.1).
        let text: String =
            text.chars().map(|c| if c.is_ascii_control() { ' ' } else { c }).take(400).collect();
        Self { code, enhanced, text, cause: None }
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The three-digit code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code, if this reply carries one.
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
    }

    /// The public text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The private cause, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Temporary (4yz) or permanent (5yz); `None` for success.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self.code {
            400..=499 => Some(Fault::Temporary),
            500..=599 => Some(Fault::Permanent),
            _ => None,
        }
    }

    /// The line on the wire, with CRLF.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self.enhanced {
            Some(enhanced) => format!("{} {enhanced} {}\r\n", self.code, self.text),
            None => format!("{} {}\r\n", self.code, self.text),
        }
    }
}
