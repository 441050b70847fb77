//! Texts that match a pattern: a regular expression or an address pattern. Knows no rule and no letter.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};
use sealpost_mail::{Address, ReversePath, composed};

/// Maximum length of a sample.
const MAX: usize = 4096;

/// A text that the pattern matches; `None` if none was found.
pub(super) fn of_regex(pattern: &str) -> Option<String> {
    let pattern = composed(pattern);
    let hir = regex_syntax::parse(&pattern).ok()?;
    let regex = Regex::new(&pattern).ok()?;
    // A word boundary needs something else beside it.
    let tries = ["", " ", ".", "a"].into_iter().flat_map(|between| {
        (0..3).flat_map(move |more| {
            [("", ""), ("Schaden ", " 4711")].map(|(before, behind)| (between, more, before, behind))
        })
    });
    tries
        .map(|(between, more, before, behind)| {
            let mut text = before.to_owned();
            write(&hir, between, more, &mut text);
            text.push_str(behind);
            text
        })
        .find(|text| regex.is_match(text))
}

fn write(hir: &Hir, between: &str, more: u32, text: &mut String) {
    if text.len() > MAX {
        return;
    }
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Look(_) => text.push_str(between),
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(letter(class)),
        HirKind::Repetition(repetition) => {
            let times = repetition.min.saturating_add(more).min(repetition.max.unwrap_or(u32::MAX));
            (0..times.min(1000)).for_each(|_| write(&repetition.sub, between, more, text));
        }
        HirKind::Capture(capture) => write(&capture.sub, between, more, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, between, more, text)),
        HirKind::Alternation(parts) => {
            let chosen = usize::try_from(more).unwrap_or_default() % parts.len().max(1);
            if let Some(part) = parts.get(chosen) {
                write(part, between, more, text);
            }
        }
    }
}

/// A character that people write, if the class has one.
fn letter(class: &Class) -> Option<char> {
    let usual = "ax1A- .";
    match class {
        Class::Unicode(class) => {
            let has = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&c));
            usual.chars().find(|c| has(*c)).or_else(|| class.iter().next().map(|range| range.start()))
        }
        Class::Bytes(class) => {
            let has = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&(c as u8)));
            usual
                .chars()
                .find(|c| has(*c))
                .or_else(|| class.iter().next().map(|range| char::from(range.start())))
        }
    }
}

/// An address that the pattern matches.
pub(super) fn of_address(pattern: &str) -> Option<ReversePath> {
    if pattern == "<>" {
        return Some(ReversePath::Null);
    }
    let (local, domain) = pattern.rsplit_once('@').unwrap_or(("*", pattern));
    let address = format!("{}@{}", of_wildcard(local), of_wildcard(domain));
    Address::parse(&address).ok().map(ReversePath::Address)
}

/// A name that the pattern matches.
pub(super) fn of_wildcard(pattern: &str) -> String {
    pattern.replace(['*', '?'], "x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_operators_have_samples() {
        for pattern in [
            r"(?i)\bvertraulich\b",
            r"^\[geheim\]",
            r"(?i)schaden(nummer|-nr\.?)\s*:?\s*\d{4,12}",
            r"\b[A-Z]{2}\d{2}(?:\s?\d{4}){4}\b",
            r"(?m)^Diagnose:$",
            r"(?i)(?:^|\s)(pass(wort|word)|kennwort)(?:\s|$)",
            r"[^a-z]$",
            r"\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+",
            r"größe|GRÖSSE",
            r"(?s).+",
            r"\Bx\B",
        ] {
            assert!(of_regex(pattern).is_some(), "{pattern}");
        }
        assert_eq!(of_regex("x^y"), None);
        assert_eq!(of_regex("$."), None);
    }
}
