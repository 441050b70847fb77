//! What somebody else has written, for a line of an operator's terminal: nothing in it that a terminal would obey.

/// Three hundred characters of it at most; in place of those that control, or that turn the direction of writing, stand blanks.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_turning(c) { ' ' } else { c }).take(300).collect()
}

/// Characters that turn the direction of writing (UAX #9).
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}
