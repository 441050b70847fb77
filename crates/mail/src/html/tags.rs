//! A look at tags before anything reads them: a tokenizer compares every attribute of a tag with all before it.

/// Attributes of one tag. Some dozens are the most that honest programs write.
const MOST_ATTRIBUTES: usize = 256;
/// Characters of a tag's name.
const LONGEST_NAME: usize = 1000;

/// Whether no tag has more attributes, or a longer name, than any honest one, wherever a tag may be seen to
/// begin. Bounded itself: what makes it look at the same text again and again is not honest either.
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
enum Place {
    Name,
    Between,
    Attribute,
    BeforeValue,
    Value,
    Quoted(u8),
}

fn is_honest(tag: &[u8], work: &mut usize) -> bool {
    let (mut place, mut attributes) = (Place::Name, 0);
    for (at, byte) in tag.iter().copied().enumerate() {
        match work.checked_sub(1) {
            Some(left) => *work = left,
            None => return false,
        }
        let space = byte.is_ascii_whitespace();
        place = match (place, byte) {
            (Place::Quoted(quote), _) if byte == quote => Place::Between,
            (Place::Quoted(_), _) => place,
            (_, b'>') => return true,
            (Place::BeforeValue, b'"' | b'\'') => Place::Quoted(byte),
            (Place::BeforeValue, _) if space => Place::BeforeValue,
            (Place::BeforeValue | Place::Value, _) => {
                if space {
                    Place::Between
                } else {
                    Place::Value
                }
            }
            (Place::Name, _) if !space && byte != b'/' => {
                if at > LONGEST_NAME {
                    return false;
                }
                Place::Name
            }
            (Place::Attribute, b'=') => Place::BeforeValue,
            (Place::Attribute, _) if !space && byte != b'/' => Place::Attribute,
            (Place::Name | Place::Between | Place::Attribute, _) if space || byte == b'/' => {
                // `a =` goes on with its value.
                let equals = tag.get(at..).and_then(|rest| {
                    let skipped = rest.iter().take(64).take_while(|b| b.is_ascii_whitespace()).count();
                    rest.get(skipped)
                });
                if place == Place::Attribute && equals == Some(&b'=') {
                    Place::Attribute
                } else {
                    Place::Between
                }
            }
            (Place::Between | Place::Name | Place::Attribute, _) => {
                attributes += 1;
                if attributes > MOST_ATTRIBUTES {
                    return false;
                }
                Place::Attribute
            }
        };
    }
    true
}
