//! Wildcards: `*` any run of characters, `?` any one. Linear in text times pattern, without recursion.

use sealpost_mail::composed;

/// A pattern, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard(Vec<char>);

impl Wildcard {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(composed(&pattern.to_lowercase()).chars().collect())
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = composed(&text.to_lowercase()).chars().collect();
        let (mut at, mut in_pattern) = (0, 0);
        // Where the last star stood and what it has swallowed: only the last one ever needs to grow.
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = text.get(at) {
            match self.0.get(in_pattern) {
                Some('*') => {
                    star = Some((in_pattern, at));
                    in_pattern += 1;
                }
                Some(p) if *p == '?' || p == c => {
                    at += 1;
                    in_pattern += 1;
                }
                _ => match star {
                    Some((star_at, swallowed)) => {
                        star = Some((star_at, swallowed + 1));
                        at = swallowed + 1;
                        in_pattern = star_at + 1;
                    }
                    None => return false,
                },
            }
        }
        self.0.get(in_pattern..).unwrap_or_default().iter().all(|p| *p == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(pattern: &str, text: &str) -> bool {
        Wildcard::new(pattern).matches(text)
    }

    #[test]
    fn stars_and_marks() {
        assert!(holds("*.PDF", "Größe.pdf"));
        assert!(holds("*", ""));
        assert!(holds("a*b*c", "aXbXbXc"));
        assert!(holds("?x", "äx"));
        assert!(!holds("*.pdf", "x.pdf.exe"));
        assert!(!holds("a*b", "ac"));
        assert!(!holds("", "a"));
        assert!(!holds("?", ""));
    }

    proptest! {
        #[test]
        fn agrees_with_a_regular_expression(pattern in "[ab*?]{0,8}", text in "[abc]{0,10}") {
            let body: String = pattern.chars().map(|c| match c { '*' => ".*".to_owned(), '?' => ".".to_owned(), c => c.to_string() }).collect();
            let oracle = regex::Regex::new(&format!("^{body}$")).unwrap();
            prop_assert_eq!(holds(&pattern, &text), oracle.is_match(&text));
        }
    }
}
