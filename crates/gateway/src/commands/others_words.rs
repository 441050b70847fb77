//! What somebody else has written, for a line of an operator's terminal: nothing in it that a terminal would obey.

use sealpost_mail::turns_direction;

/// Three hundred characters of it at most.
pub(crate) fn clean(text: &str) -> String {
    clean_to(text, 300)
}

/// At most `max` characters of it; in place of those that control, or that turn the direction of writing, stand blanks.
pub(crate) fn clean_to(text: &str, max: usize) -> String {
    text.chars().map(|c| if c.is_control() || turns_direction(c) { ' ' } else { c }).take(max).collect()
}
