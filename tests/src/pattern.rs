//! Patterns for replies and log lines: `*` is any text, everything else is itself.

/// Whether `text` has the shape of `pattern`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_text_and_nothing_else_is_special() {
        for (pattern, text) in
            [("550 5.7.1 *", "550 5.7.1 no"), ("250 *", "250 "), ("*a*b", "xaxb"), ("a", "a"), ("a.*", "a.")]
        {
            assert!(matches(pattern, text), "{pattern} / {text}");
        }
        for (pattern, text) in
            [("550 *", "250 ok"), ("a", "ab"), ("a*b", "a"), ("a.*", "ab"), ("*ab*ab", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern} / {text}");
        }
    }
}
