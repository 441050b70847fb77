//! Text written by others, made safe for a line on an operator's terminal: control characters are removed.

use sealpost_mail::turns_direction;

/// At most three hundred characters of it.
pub(crate) fn clean(text: &str) -> String {
    clean_to(text, 300)
}

/// At most `max` characters of it; control characters, and those that change the writing direction, are replaced by
/// blanks.
pub(crate) fn clean_to(text: &str, max: usize) -> String {
    text.chars().map(|c| if c.is_control() || turns_direction(c) { ' ' } else { c }).take(max).collect()
}
