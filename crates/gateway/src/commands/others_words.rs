//! What somebody else has written, for a line of an operator's terminal: nothing in it that a terminal would obey.

/// Three hundred characters of it at most.
pub(crate) fn clean(text: &str) -> String {
    clean_to(text, 300)
}

/// At most `max` characters of it; in place of those that control, or that turn the direction of writing, stand blanks.
pub(crate) fn clean_to(text: &str, max: usize) -> String {
    text.chars().map(|c| if c.is_control() || is_turning(c) { ' ' } else { c }).take(max).collect()
}

/// Characters that turn the direction of writing (UAX #9).
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}
