//! Rewrites the parsers' errors so that they help the author of the file. Knows no key's meaning.

use std::fmt::Display;
use std::io::ErrorKind;
use std::ops::Range;

use sealpost_mail::{Address, Colour, ColourError, DomainPattern, Term, TermError};

use super::units::{Size, Span};
use super::web::{Language, LanguageError};

/// How to fix a file that cannot be read at all.
pub(super) fn unreadable(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidData => "save it as UTF-8 text",
        ErrorKind::PermissionDenied => {
            "run this as the service's user, or give that user the right to read it"
        }
        _ => "give the path with --config; `sealpost init` writes a new one",
    }
}

/// Messages of other crates' parsers, and what to write instead.
const FOREIGN: [(&str, &str); 5] = [
    ("invalid socket address", "write an address and a port, like \"127.0.0.1:2525\" or \"[::1]:2525\""),
    ("invalid IP address", "write an address, like \"10.0.0.5\" or \"2001:db8::5\""),
    ("duplicate key", "it stands there twice: leave one of the two"),
    ("string values must be quoted", "write texts in quotes: key = \"value\""),
    ("missing field", "add it; gateway.toml in the documentation explains every key"),
];

/// Renamed keys: the old name, a neighbouring key of the same table, and the new name.
const RENAMED: [(&str, &str, &str); 3] = [
    ("answers", "`replies`", "replies"),
    ("answer", "`recipient-list`", "reply"),
    ("answers", "`lock-after`", "answer-attempts"),
];

/// What is wrong, and how to fix it. `value`: the text where the parser stopped, without quotes.
pub(super) fn explain(message: &str, value: &str) -> (String, String) {
    let message = message.replace('\n', " ");
    // For a list the parser reports the whole of it: the value is one of the quoted ones.
    let mut candidates = std::iter::once(value).chain(value.split(['"', '\'']));
    if let Some(hint) = candidates.find_map(|value| ours(&message, value)) {
        return (message, hint);
    }
    let known = FOREIGN.iter().find(|(start, _)| message.starts_with(start));
    match (message.split_once(", expected"), known) {
        (Some((wrong, expected)), None) => (wrong.to_owned(), expect(wrong, expected.trim_start())),
        (Some((wrong, _)), Some((_, hint))) => (wrong.to_owned(), (*hint).to_owned()),
        (None, Some((_, hint))) => (message, (*hint).to_owned()),
        (None, None) => (message, "gateway.toml in the documentation explains every key".to_owned()),
    }
}

/// The text at a position of the file, without quotes.
pub(super) fn written(text: &str, at: Option<Range<usize>>) -> &str {
    at.and_then(|at| text.get(at)).unwrap_or_default().trim_matches(['"', '\''])
}

/// The hint of our own types. A parser passes on only the text of their errors: so the value is parsed once
/// more, and the type whose error has this text knows the hint.
fn ours(message: &str, value: &str) -> Option<String> {
    fn hint<T, E: Display, H: Into<String>>(
        read: Result<T, E>,
        message: &str,
        hint: impl FnOnce(&E) -> H,
    ) -> Option<String> {
        read.err().filter(|error| error.to_string() == message).map(|error| hint(&error).into())
    }
    let text = || value.to_owned();
    hint(Address::parse(value), message, |error| error.hint())
        .or_else(|| hint(DomainPattern::parse(value), message, |error| error.hint()))
        .or_else(|| hint(Colour::parse(value), message, |_| ColourError::HINT))
        .or_else(|| hint(value.parse::<Term>(), message, |_| TermError::HINT))
        .or_else(|| hint(Size::try_from(text()), message, |error| error.hint))
        .or_else(|| hint(Span::try_from(text()), message, |error| error.hint))
        .or_else(|| hint(Language::try_from(text()), message, |_| LanguageError::hint()))
        .or_else(|| sealpost_policy::shape_hint(message))
}

fn expect(wrong: &str, expected: &str) -> String {
    match expected {
        "u16" => return "write a number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => return "write a number that is not negative".to_owned(),
        _ => {}
    }
    let written = wrong.split('`').nth(1).unwrap_or_default();
    if let Some((_, _, now)) =
        RENAMED.iter().find(|(old, beside, _)| *old == written && expected.contains(beside))
    {
        return format!("`{written}` is called `{now}` now: write {now} = …");
    }
    match near(wrong, expected) {
        Some(word) => format!("did you mean `{word}`? Expected {expected}"),
        None => format!("expected {expected}"),
    }
}

/// The expected word that differs least from the one written, if it is similar at all.
fn near<'a>(wrong: &str, expected: &'a str) -> Option<&'a str> {
    let written = wrong.split('`').nth(1)?;
    let words = expected.split('`').skip(1).step_by(2);
    let best = words.map(|word| (distance(written, word), word)).min()?;
    (best.0 <= written.chars().count().max(3) / 3).then_some(best.1)
}

/// Letters to change, add, remove or swap with their neighbour (Damerau-Levenshtein, restricted).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised() {
        let hint = |wrong: &str, expected: &str| explain(&format!("{wrong}, expected {expected}"), "").1;
        let keys = "one of `name`, `data`, `server-key`";
        assert!(hint("unknown field `nmae`", keys).starts_with("did you mean `name`?"));
        assert!(hint("unknown field `server_key`", keys).starts_with("did you mean `server-key`?"));
        assert!(hint("unknown field `colour`", keys).starts_with("expected one of"));
        let renamed = hint("unknown field `answers`", "`default` or `replies`");
        assert_eq!(renamed, "`answers` is called `replies` now: write replies = …");
        let renamed = hint("unknown field `answers`", "one of `reset`, `lock-after`, `answer-attempts`");
        assert_eq!(renamed, "`answers` is called `answer-attempts` now: write answer-attempts = …");
        assert_eq!(hint("invalid value: integer `70000`", "u16"), "write a number from 0 to 65535");
        assert_eq!((distance("", "abc"), distance("abc", "acb"), distance("kitten", "sitting")), (3, 1, 3));
    }

    #[test]
    fn everything_that_is_said_says_what_to_do() {
        for message in ["invalid socket address syntax", "duplicate key", "something new"] {
            let (wrong, hint) = explain(message, "");
            assert!(!wrong.is_empty() && !hint.is_empty(), "{message}");
        }
    }

    /// Through the parser, as a file is read: each type of value of ours has its hint.
    #[test]
    fn values_of_ours_say_how_they_are_written() {
        fn read<T: serde::de::DeserializeOwned>(value: &str) -> (String, String) {
            #[derive(Debug, serde::Deserialize)]
            struct File<T> {
                #[expect(dead_code, reason = "it is read for its error")]
                key: T,
            }
            let text = format!("key = {value}");
            let error = toml::from_str::<File<T>>(&text).err().unwrap();
            explain(error.message(), written(&text, error.span()))
        }
        let hints = [
            (read::<Address>("'nobody'"), "securemail@insurer.example"),
            (read::<sealpost_mail::Domain>("'no domain'"), "mailgate.insurer.example"),
            (read::<Vec<DomainPattern>>("['good.example', '*.no domain']"), "mailgate.insurer.example"),
            (read::<toml::Spanned<Colour>>("'red'"), "#0b5c74"),
            (read::<Term>("'long'"), "18 months"),
            (read::<Option<Size>>("'20 MB'"), "20 MiB"),
            (read::<Vec<Span>>("['1 min', \"soon\"]"), "15 min"),
            (read::<Language>("'xx'"), "de"),
            (read::<sealpost_policy::TreatmentSpec>("'somehow'"), "\"relay\""),
            (read::<sealpost_policy::TreatmentSpec>("{ portal = 1 }"), "\"portal\""),
        ];
        for ((wrong, hint), expected) in hints {
            assert!(hint.contains(expected) && !wrong.contains("; "), "{wrong}: {hint}");
        }
    }
}
