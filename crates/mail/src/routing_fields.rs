//! Fields of a header section that say whose a letter is, to whom it goes, when, by which way and in reply to what: about this
//! letter alone, and nothing of what it says.

/// Their names (RFC 5322 §3.6, RFC 3834 §5).
const ROUTING: [&str; 12] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Received",
    "Return-Path",
    "Auto-Submitted",
];

/// Whether this is the name of one.
#[must_use]
pub fn is_routing_field(name: &str) -> bool {
    ROUTING.iter().any(|one| one.eq_ignore_ascii_case(name))
}
