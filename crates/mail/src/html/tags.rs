//! Checks the size of tags before they are parsed: a tokenizer compares every attribute of a tag with all
//! before it.

/// Attributes of one tag. Honest programs write a few dozen at most.
const MAX_ATTRIBUTES: usize = 256;
/// Characters of a tag's name.
const MAX_NAME: usize = 1000;

/// Whether no tag exceeds these limits, at every position where a tag may begin. Bounded itself: a text that
/// has to be scanned again and again is not honest either.
pub(super) fn are_honest(html: &str) -> bool {
    let bytes = html.as_bytes();
    let mut work = bytes.len().saturating_mul(8).saturating_add(1 << 20);
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)) {
        at += found + 1;
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first().is_some_and(u8::is_ascii_alphabetic) && !is_honest(rest, &mut work) {
            return false;
        }
    }
    true
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Name,
    Between,
    Attribute,
    BeforeValue,
    Value,
    Quoted(u8),
}

fn is_honest(tag: &[u8], work: &mut usize) -> bool {
    let (mut place, mut attributes) = (State::Name, 0);
    for (at, byte) in tag.iter().copied().enumerate() {
        match work.checked_sub(1) {
            Some(left) => *work = left,
            None => return false,
        }
        let space = byte.is_ascii_whitespace();
        place = match (place, byte) {
            (State::Quoted(quote), _) if byte == quote => State::Between,
            (State::Quoted(_), _) => place,
            (_, b'>') => return true,
            (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
            (State::BeforeValue, _) if space => State::BeforeValue,
            (State::BeforeValue | State::Value, _) => {
                if space {
                    State::Between
                } else {
                    State::Value
                }
            }
            (State::Name, _) if !space && byte != b'/' => {
                if at > MAX_NAME {
                    return false;
                }
                State::Name
            }
            (State::Attribute, b'=') => State::BeforeValue,
            (State::Attribute, _) if !space && byte != b'/' => State::Attribute,
            (State::Name | State::Between | State::Attribute, _) if space || byte == b'/' => {
                // `a =` continues with its value.
                let equals = tag.get(at..).and_then(|rest| {
                    let skipped = rest.iter().take(64).take_while(|b| b.is_ascii_whitespace()).count();
                    rest.get(skipped)
                });
                if place == State::Attribute && equals == Some(&b'=') {
                    State::Attribute
                } else {
                    State::Between
                }
            }
            (State::Between | State::Name | State::Attribute, _) => {
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    return false;
                }
                State::Attribute
            }
        };
    }
    true
}
