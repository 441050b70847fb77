//! Assembles the resulting letter: its own head outside, the inner content below. Knows no cryptography.

use sealpost_mail::Head;

use crate::mime::Entity;
use crate::open_result::Note;

/// Fields that a protected head replaces (RFC 9788 §4). Never fields that receivers add and others trust,
/// such as Authentication-Results (CVE-2026-29143, CVE-2026-27443).
const TAKEN_OVER: &[&str] = &[
    "Subject",
    "Date",
    "To",
    "Cc",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Keywords",
    "Comments",
    "Importance",
    "Sensitivity",
];

/// How much of an inner head replaces the outer one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    None,
    /// The subject, as Enigmail and Thunderbird did before RFC 9788.
    Legacy,
    Full,
}

/// `None`: the content is not an entity.
pub(crate) fn assemble(outside: &Head, left: &[u8], notes: &mut Vec<Note>) -> Option<Vec<u8>> {
    let inside = Entity::parse(left)?;
    let content_type = inside.content_type();
    let protection = if content_type.parameter_is("hp", "cipher") || content_type.parameter_is("hp", "clear")
    {
        Protection::Full
    } else if content_type.parameter_is("protected-headers", "v1") {
        Protection::Legacy
    } else {
        Protection::None
    };
    let taken: Vec<&str> = TAKEN_OVER
        .iter()
        .copied()
        .filter(|name| match protection {
            Protection::None => false,
            Protection::Legacy => *name == "Subject",
            Protection::Full => true,
        })
        // A repeated field is ambiguous.
        .filter(|name| inside.head.count(name) == 1)
        .collect();
    let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut letter = Vec::with_capacity(outside.as_bytes().len() + left.len() + 32);
    for (name, value) in outside.fields() {
        if !is_about_body(name) && !is_taken(name) {
            push(&mut letter, name, value);
        }
    }
    let mut ignored = 0;
    for (name, value) in inside.head.fields().filter(|(name, _)| !is_about_body(name)) {
        if is_taken(name) {
            push(&mut letter, name, value);
        } else if !name.eq_ignore_ascii_case("HP-Outer") && !outside_has(outside, name, value) {
            ignored += 1;
        }
    }
    letter.extend_from_slice(b"MIME-Version: 1.0\r\n");
    for (name, value) in inside.head.fields().filter(|(name, _)| is_about_body(name)) {
        if !name.eq_ignore_ascii_case("MIME-Version") {
            push(&mut letter, name, value);
        }
    }
    letter.extend_from_slice(b"\r\n");
    letter.extend_from_slice(inside.body);
    if is_taken("Subject") {
        notes.push(Note::SubjectFromInside);
    }
    if ignored > 0 {
        notes.push(Note::FieldsInsideIgnored(ignored));
    }
    let from = |head: &Head| head.from_address().ok().flatten();
    if inside.head.count("From") > 0 {
        if from(&inside.head) != from(outside) {
            notes.push(Note::OtherFromInside);
        } else if protection == Protection::Full && from(outside).is_some() {
            notes.push(Note::FromProtected);
        }
    }
    Some(letter)
}

fn is_about_body(name: &str) -> bool {
    name.eq_ignore_ascii_case("MIME-Version") || name.to_ascii_lowercase().starts_with("content-")
}

fn outside_has(outside: &Head, name: &str, value: &[u8]) -> bool {
    outside.fields().any(|(other, own)| other.eq_ignore_ascii_case(name) && own == value)
}

fn push(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    to.push(b':');
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}
