//! Patterns for names and types of files as people write them: braces, a bare ending. Expands each into simple
//! patterns; knows no file.

/// Maximum number of patterns that one expands to.
const MAX: usize = 64;

/// `*.{pdf,doc}` as `*.pdf` and `*.doc`. `None`: unbalanced or nested braces, or too many.
pub(crate) fn expanded(pattern: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        let (choices, tail) = behind.split_once('}')?;
        if before.contains('}')
            || choices.contains('{')
            || choices.split(',').any(|one| one.trim().is_empty())
        {
            return None;
        }
        let mut choices: Vec<String> = choices.split(',').map(|choice| choice.trim().to_owned()).collect();
        if let [only] = choices.as_slice() {
            // No alternatives: the braces may be part of the name.
            choices.push(format!("{{{only}}}"));
        }
        let each = |start: &String| -> Vec<String> {
            choices.iter().map(|choice| format!("{start}{before}{choice}")).collect()
        };
        all = all.iter().flat_map(each).collect();
        if all.len() > MAX {
            return None;
        }
        rest = tail;
    }
    (!rest.contains('}')).then(|| all.iter().map(|start| format!("{start}{rest}")).collect())
}

/// The same for names, where `.pdf` means every name with that ending.
pub(crate) fn names(pattern: &str) -> Option<Vec<String>> {
    let any = |name: String| if is_ending(&name) { format!("*{name}") } else { name };
    expanded(pattern).map(|all| all.into_iter().map(any).collect())
}

fn is_ending(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|ending| !ending.is_empty() && !ending.contains(['*', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_endings() {
        assert_eq!(names("*.{pdf, doc}").unwrap(), ["*.pdf", "*.doc"]);
        assert_eq!(names("{a,b}.{x,y}").unwrap(), ["a.x", "a.y", "b.x", "b.y"]);
        assert_eq!(names(".pdf").unwrap(), ["*.pdf"]);
        assert_eq!(names(".{pdf,doc}").unwrap(), ["*.pdf", "*.doc"]);
        assert_eq!(names("*.pdf").unwrap(), ["*.pdf"]);
        assert_eq!(names("{4711}.pdf").unwrap(), ["4711.pdf", "{4711}.pdf"]);
        for broken in ["*.{pdf", "*.pdf}", "{a,{b,c}}", "{}", "{a,}", "}{"] {
            assert_eq!(names(broken), None, "{broken}");
        }
        assert_eq!(names(&"{a,b}".repeat(20)), None);
    }
}
