//! Whether a letter answers one of the portal's: Message-IDs, found however they are written. Judges nothing.

use sealpost_mail::Head;
use sealpost_policy::Known;

use crate::context::Shared;

/// Tags asked for in one question to the store.
const AT_ONCE: usize = 500;

/// Whether the letter answers one that a portal user wrote or got. All its Message-IDs are looked up, however many:
/// a confidential answer must not leave in clear because its thread is long.
pub(crate) async fn known(shared: &Shared, head: &Head) -> Known<bool> {
    let named = ["In-Reply-To", "References"].iter().flat_map(|field| head.all(field));
    let mut tags: Vec<[u8; 32]> = Vec::new();
    for id in named.flat_map(|text| message_ids(&text)) {
        // As it was tagged before there was one spelling, and in that; and under server keys before this one.
        for id in [spelt(&id), id] {
            tags.push(shared.keys.tags.thread_tag(&id));
            tags.extend(shared.keys.tags.earlier_thread_tags(&id));
        }
    }
    tags.sort_unstable();
    tags.dedup();
    for some in tags.chunks(AT_ONCE) {
        match shared.store.knows_thread(some).await {
            Ok(false) => {}
            Ok(true) => return Known::Yes(true),
            Err(error) => return Known::Unanswerable(error.to_string()),
        }
    }
    Known::Yes(false)
}

/// The tag under which a letter of the portal is remembered.
pub(crate) fn tag(shared: &Shared, message_id: &str) -> [u8; 32] {
    shared.keys.tags.thread_tag(&spelt(message_id))
}

/// The tags of a letter that came in: its Message-ID as it was parsed, and as it is looked up in an answer.
pub(crate) fn tags(shared: &Shared, parsed: Option<&str>, head: &Head) -> Vec<[u8; 32]> {
    let written = head.all("Message-ID");
    let ids = written.iter().flat_map(|text| message_ids(text)).take(MAX_OWN);
    let mut tags: Vec<[u8; 32]> =
        parsed.map(str::to_owned).into_iter().chain(ids).map(|id| tag(shared, &id)).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// A letter has one Message-ID; what is written around it is seldom more than a few words.
const MAX_OWN: usize = 8;

/// A Message-ID without angle brackets.
pub(crate) fn bare_id(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// The Message-IDs in the value of In-Reply-To or References: between angle brackets, whatever stands around them
/// (RFC 5322 §3.6.4: nothing needs to stand between two; §4.5.4: words may), and every word that stands alone, as some
/// programs leave the brackets out. Where a quoted local part holds brackets, both readings.
fn message_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        ids.extend(bare_words(before));
        if behind.trim_start().starts_with('"') {
            ids.extend(quoted_id(behind));
        }
        // A bracket that is never closed ends at the next one.
        let end = behind.find(['>', '<']).unwrap_or(behind.len());
        let (inside, tail) = behind.split_at_checked(end).unwrap_or((behind, ""));
        ids.push(inside.split_whitespace().collect());
        rest = tail.strip_prefix('>').unwrap_or(tail);
    }
    ids.extend(bare_words(rest));
    ids.retain(|id: &String| !id.is_empty());
    ids
}

/// RFC 5322 §3.2.4: within quotes a bracket is a letter like others.
fn quoted_id(behind: &str) -> Option<String> {
    let mut quoted = false;
    let mut escaped = false;
    let end = behind.char_indices().take(MAX_QUOTED).find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some(at),
            _ => {}
        }
        None
    })?;
    behind.get(..end).map(|inside| inside.split_whitespace().collect())
}

/// RFC 5322 §2.1.1: a line has at most 998 characters, so has what fits on one.
const MAX_QUOTED: usize = 998;

fn bare_words(text: &str) -> impl Iterator<Item = String> {
    let edge = |c: char| c.is_ascii_punctuation() && c != '"';
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(move |word| word.trim_matches(edge).to_owned())
}

/// One spelling: without brackets and white space, the local part unquoted, in lower case. Two Message-IDs that
/// differ only so are taken for one: the letter then goes into the portal once too often, never once too seldom.
fn spelt(message_id: &str) -> String {
    let id: String = message_id.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '>')).collect();
    let id = match id.rsplit_once('@') {
        Some((local, domain)) => match local.strip_prefix('"').and_then(|local| local.strip_suffix('"')) {
            Some(quoted) => format!("{}@{domain}", unescaped(quoted)),
            None => id,
        },
        None => id,
    };
    id.to_lowercase()
}

/// RFC 5322 §3.2.4: a backslash in a quoted string stands for what follows it.
fn unescaped(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{message_ids, spelt};

    #[test]
    fn message_ids_are_found_however_they_are_written() {
        assert_eq!(message_ids("<a@x> <b@x>"), ["a@x", "b@x"]);
        assert_eq!(message_ids("<a@x><b@x>"), ["a@x", "b@x"]);
        assert_eq!(
            message_ids("Your message of Monday (late) < a@x > \"Re: <b@x>\""),
            ["Your", "message", "of", "Monday", "late", "a@x", "\"Re", "b@x", "\""]
        );
        assert_eq!(message_ids(" a@x\t b@x "), ["a@x", "b@x"]);
        assert_eq!(message_ids("<a@x> b@x, c@x <d@x"), ["a@x", "b@x", "c@x", "d@x"]);
        assert_eq!(message_ids("<a@x <b@x>"), ["a@x", "b@x"]);
        assert_eq!(message_ids("<lo ng@ x>"), ["long@x"]);
        assert_eq!(message_ids("abc def"), ["abc", "def"]);
        assert_eq!(message_ids("<a@x> no-at"), ["a@x", "no-at"]);
        assert_eq!(message_ids("<\"a>b\"@x> <c@x>"), ["\"a>b\"@x", "\"a", "b\"@x", "c@x"]);
        assert_eq!(message_ids("a@x (added by mx.example)"), ["a@x", "added", "by", "mx.example"]);
        assert_eq!(message_ids("<>"), [""; 0]);
        assert_eq!(message_ids(""), [""; 0]);
    }

    #[test]
    fn a_message_id_has_one_spelling() {
        for id in [
            "AbC@Gate.Example",
            "<abc@gate.example>",
            "\"abc\"@gate.EXAMPLE",
            " abc @ gate.example",
            "\"a\\bc\"@gate.example",
        ] {
            assert_eq!(spelt(id), "abc@gate.example", "{id}");
        }
        assert_eq!(spelt("no-at"), "no-at");
    }
}
