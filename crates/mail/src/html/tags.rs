//! Checks the size of tags before they are parsed: a tokenizer compares every attribute of a tag with all
//! before it.

/// Attributes of one tag. Honest programs write a few dozen at most.
const MAX_ATTRIBUTES: usize = 256;
/// Characters of a tag's name.
const MAX_NAME: usize = 1000;

/// Whether no tag exceeds these limits, at every position where a tag may begin. Bounded itself: a text that
/// has to be scanned again and again is not honest either.
pub(super) fn are_honest(html: &str) -> bool {
    ends(html).all(|(_, end)| end != End::Dishonest)
}

/// The text from the first tag that has no end, wherever one may begin.
pub(super) fn unclosed(html: &str) -> Option<&str> {
    let (at, _) = ends(html).find(|(_, end)| *end == End::Missing)?;
    html.get(at..)
}

/// How a tag ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    There,
    Missing,
    /// It exceeds a limit before.
    Dishonest,
}

/// Every position where a tag may begin, and how it ends.
fn ends(html: &str) -> impl Iterator<Item = (usize, End)> {
    let bytes = html.as_bytes();
    let mut work = bytes.len().saturating_mul(8).saturating_add(1 << 20);
    memchr::memchr_iter(b'<', bytes).filter_map(move |at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        rest.first().is_some_and(u8::is_ascii_alphabetic).then(|| (at, end(rest, &mut work)))
    })
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

fn end(tag: &[u8], work: &mut usize) -> End {
    let (mut place, mut attributes) = (State::Name, 0);
    for (at, byte) in tag.iter().copied().enumerate() {
        match work.checked_sub(1) {
            Some(left) => *work = left,
            None => return End::Dishonest,
        }
        let space = byte.is_ascii_whitespace();
        place = match (place, byte) {
            (State::Quoted(quote), _) if byte == quote => State::Between,
            (State::Quoted(_), _) => place,
            (_, b'>') => return End::There,
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
                    return End::Dishonest;
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
                    return End::Dishonest;
                }
                State::Attribute
            }
        };
    }
    End::Missing
}
