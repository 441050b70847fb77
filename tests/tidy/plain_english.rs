//! Ceilings on words and forms that make comments and documentation hard to read. They only ever fall. Knows no other rule.

use crate::{files, nothing};

/// A phrase in comment lines of `crates/*/src`, how often it may occur, and what to write instead.
const PHRASES: [(&str, usize, &str); 9] = [
    (
        "nobody",
        15,
        "say which process, person or server does not: \"No other process may …\", or use the passive",
    ),
    ("whoever", 1, "name them: the client, the caller, the operator, the author"),
    ("somebody", 11, "name them: another process, the operator, a sender; or use the passive"),
    ("stands", 5, "\"is\", \"follows\", \"precedes\", \"is listed\", \"is written\""),
    ("so many", 3, "\"this number of\", \"at most N\", \"up to `MAX`\""),
    ("by itself", 0, "\"separately\", \"on its own\", \"automatically\""),
    ("worth", 1, "say what follows: whether it is accepted, trusted, valid"),
    ("is over", 4, "\"has ended\", \"has expired\""),
    ("came to nothing", 0, "\"failed\""),
];

/// The documents that reviewers, operators and partners read, and how often they may contain a phrase.
const DOCUMENTS: [&str; 5] =
    ["docs/threat-model.md", "docs/architecture.md", "docs/partners/", "docs/operators/", "docs/decisions/"];
const PHRASES_IN_DOCUMENTS: [(&str, usize); 7] = [
    ("nobody", 1),
    ("whoever", 0),
    ("somebody", 1),
    ("stands", 0),
    ("is asked", 0),
    ("so many", 0),
    ("goes its way", 0),
];

/// How many struct fields may have a documentation of one to three words.
const SHORT_FIELD_DOCS: usize = 647;

/// The lines of every source of a crate, with its path.
fn sources() -> Vec<(String, Vec<String>)> {
    let all = files(&[".rs"]).into_iter().map(|(path, text)| (path.display().to_string(), text));
    let sources = all.filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/"));
    sources.map(|(path, text)| (path, text.lines().map(|line| line.trim().to_owned()).collect())).collect()
}

/// How often a phrase occurs in a line as whole words.
fn occurrences(line: &str, phrase: &str) -> usize {
    let line = line.to_lowercase();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(phrase)
        .filter(|(at, _)| {
            let before = line.get(..*at).and_then(|before| before.chars().next_back());
            let after = line.get(at + phrase.len()..).and_then(|after| after.chars().next());
            !is_word(before) && !is_word(after)
        })
        .count()
}

#[test]
fn comments_say_who_and_what() {
    let sources = sources();
    let comments = sources.iter().flat_map(|(_, lines)| lines).filter(|line| line.starts_with("//"));
    let comments: Vec<&String> = comments.collect();
    let bad = PHRASES.iter().filter_map(|(phrase, most, instead)| {
        let found: usize = comments.iter().map(|line| occurrences(line, phrase)).sum();
        (found > *most).then(|| format!("{phrase:?}: {found} times, at most {most}; write {instead}"))
    });
    nothing(bad.collect(), "comments use a phrase more often than before (docs/style.md)");
}

#[test]
fn documents_say_who_and_what() {
    let is_read = |path: &str| DOCUMENTS.iter().any(|document| path.starts_with(document));
    let all = files(&[".md"]).into_iter().map(|(path, text)| (path.display().to_string(), text));
    let texts: Vec<String> = all.filter(|(path, _)| is_read(path)).map(|(_, text)| text).collect();
    assert!(texts.len() > DOCUMENTS.len(), "the documents were moved");
    let bad = PHRASES_IN_DOCUMENTS.iter().filter_map(|(phrase, most)| {
        let found: usize =
            texts.iter().flat_map(|text| text.lines()).map(|line| occurrences(line, phrase)).sum();
        (found > *most).then(|| format!("{phrase:?}: {found} times, at most {most}"))
    });
    nothing(bad.collect(), "documents use a phrase more often than before (docs/style.md)");
}

/// Whether a line is the declaration of a struct's field.
fn is_field(line: &str) -> bool {
    let line = line.strip_prefix("pub").map_or(line, |rest| match rest.trim_start().strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or("", |(_, rest)| rest.trim_start()),
        None => rest.trim_start(),
    });
    let name = line.split_once(": ").map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

#[test]
fn a_field_s_documentation_says_what_the_value_is() {
    let is_doc = |line: Option<&String>| line.is_some_and(|line| line.starts_with("///"));
    let mut short = Vec::new();
    for (path, lines) in sources() {
        for (at, line) in lines.iter().enumerate() {
            let Some(doc) = line.strip_prefix("/// ") else { continue };
            let stands_alone =
                !is_doc(at.checked_sub(1).and_then(|before| lines.get(before))) && !is_doc(lines.get(at + 1));
            let next = lines.iter().skip(at + 1).find(|next| !next.starts_with("#["));
            if stands_alone
                && doc.ends_with('.')
                && doc.split_whitespace().count() <= 3
                && next.is_some_and(|next| is_field(next))
            {
                short.push(format!("{path}:{}: {doc}", at + 1));
            }
        }
    }
    let found = short.len();
    assert!(
        found <= SHORT_FIELD_DOCS,
        "{found} fields are documented in three words or less, at most {SHORT_FIELD_DOCS} may be; say what the value is, its unit, \
         and what it means if it is absent:\n  {}",
        short.join("\n  ")
    );
}
