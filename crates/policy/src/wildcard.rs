//! Wildcards: `*` matches any run of characters, `?` any one. Linear in text times pattern, without
//! recursion.

use sealpost_mail::composed;

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Run,
    One,
    Letter(char),
}

/// A pattern, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard(Vec<Step>);

impl Wildcard {
    pub(crate) fn new(pattern: &str) -> Self {
        Self::in_form(pattern, |literal| composed(&literal.to_lowercase()))
    }

    /// A pattern whose literal parts are converted to the form that the text will be in.
    pub(crate) fn in_form(pattern: &str, form: impl Fn(&str) -> String) -> Self {
        let mut steps = Vec::with_capacity(pattern.len());
        for piece in pattern.split_inclusive(['*', '?']) {
            let (literal, step) = if let Some(literal) = piece.strip_suffix('*') {
                (literal, Some(Step::Run))
            } else if let Some(literal) = piece.strip_suffix('?') {
                (literal, Some(Step::One))
            } else {
                (piece, None)
            };
            steps.extend(form(literal).chars().map(Step::Letter));
            steps.extend(step);
        }
        Self(steps)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matches_formed(&composed(&text.to_lowercase()))
    }

    /// Matches a text that is already in the pattern's form.
    pub(crate) fn matches_formed(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut in_pattern) = (0, 0);
        // Position of the last star and what it has consumed: only the last one ever needs to grow.
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = text.get(at) {
            match self.0.get(in_pattern) {
                Some(Step::Run) => {
                    star = Some((in_pattern, at));
                    in_pattern += 1;
                }
                Some(Step::One) => {
                    at += 1;
                    in_pattern += 1;
                }
                Some(Step::Letter(p)) if p == c => {
                    at += 1;
                    in_pattern += 1;
                }
                Some(Step::Letter(_)) | None => match star {
                    Some((star_at, swallowed)) => {
                        star = Some((star_at, swallowed + 1));
                        at = swallowed + 1;
                        in_pattern = star_at + 1;
                    }
                    None => return false,
                },
            }
        }
        self.0.get(in_pattern..).unwrap_or_default().iter().all(|step| *step == Step::Run)
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
