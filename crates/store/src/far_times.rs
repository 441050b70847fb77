//! Rows that something waits for until a time in them: a time further ahead than any of ours sets was noted by a clock that was set
//! back since, or by an attacker, and is moved to now. Legs have a rule of their own, which delivery applies.

use sealpost_mail::Timestamp;

use crate::noted_time::{AHEAD, latest_noted};
use crate::statement::{Statement, sql};

/// Events for webhooks and reports on TLS: tried again within hours, given up within a day.
const FAR: [&str; 3] = [
    "UPDATE hook_events SET due_at = ?1 WHERE state = 'queued' AND due_at > ?2",
    "UPDATE tls_submissions SET due_at = ?1 WHERE due_at > ?2",
    "UPDATE tls_submissions SET expires_at = ?1 WHERE expires_at > ?2",
];

/// What moves them.
pub(crate) fn pull_in(now: Timestamp) -> Vec<Statement> {
    FAR.into_iter().map(|far| sql!(far, now, latest_noted(now, AHEAD))).collect()
}
