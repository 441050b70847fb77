//! Header fields about a letter's sender, recipients, date, route and thread: about the letter itself, not
//! its content.

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
