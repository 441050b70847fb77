//! The header section of a letter as raw bytes, and the edits that a rule requests: fields removed, a tag cut out of
//! the Subject. Knows nothing of the body.

use thiserror::Error;

use crate::address::Address;
use crate::charset::{CharsetHint, Declared};
use crate::clock::Timestamp;
use crate::params::Params;
use crate::plain_fields::PlainFields;
use crate::received::Trace;
use crate::rewritten::{Layers, TooLayered};
use crate::verdict::Edit;
use crate::{date, encoded_words, from, odd_name, tag_cut, word_readings};

/// Why bytes are not an acceptable header section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// Longer than [`Head::MAX`].
    #[error("the header section is longer than {} bytes", Head::MAX)]
    TooLong,
    /// A lone CR, LF or NUL, a last line without CRLF, or the body is included.
    #[error("the header section is not made of lines that end in CRLF")]
    Lines,
    /// More than one From field, more than one mailbox in it, or an ambiguous value.
    #[error("the letter needs exactly one From with exactly one address")]
    From,
}

/// The header section: every line with its CRLF, then the empty line if the letter has one. The letter's bytes are
/// always head ++ rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(Vec<u8>);

impl Head {
    /// Maximum length accepted, in bytes.
    pub const MAX: usize = 256 * 1024;

    /// The length of the head if its end is in `prefix`.
    #[must_use]
    pub fn split(prefix: &[u8]) -> Option<usize> {
        if prefix.starts_with(b"\r\n") {
            return Some(2);
        }
        prefix.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Takes bytes whose lines all end in CRLF, with nothing after the empty line.
    pub fn new(bytes: Vec<u8>) -> Result<Self, HeadError> {
        if bytes.len() > Self::MAX {
            return Err(HeadError::TooLong);
        }
        let ended = Self::split(&bytes).is_none_or(|end| end == bytes.len());
        if ended && is_crlf_clean(&bytes) { Ok(Self(bytes)) } else { Err(HeadError::Lines) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Every field: name, and the raw value with its folding but without the final CRLF. Lines that are not fields (no
    /// name, no colon) are skipped, as readers do.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        Lines { rest: &self.0 }.filter_map(|line| line.field)
    }

    /// Whether a line is not a field. Some readers take such a line for the beginning of the text.
    #[must_use]
    pub fn has_lines_without_field(&self) -> bool {
        Lines { rest: &self.0 }.any(|line| line.field.is_none() && !line.raw.trim_ascii().is_empty())
    }

    /// The first field of that name, decoded (RFC 2047), unfolded, trimmed, without control characters.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<String> {
        self.named(name).next().map(|raw| self.decoded(raw))
    }

    /// Every field of that name, decoded like [`Self::first`].
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        self.named(name).map(|raw| self.decoded(raw)).collect()
    }

    fn decoded(&self, raw: &[u8]) -> String {
        let beside = if raw.is_ascii() { CharsetHint::Nothing } else { self.beside() };
        encoded_words::decode_beside(raw, beside)
    }

    /// The charset of its text, for unlabelled bytes.
    fn beside(&self) -> CharsetHint {
        let kind = Lines { rest: &self.0 }.find_map(|line| line.value_of(&["Content-Type"]));
        let label = kind.and_then(|kind| Params::read(kind).first("charset"));
        label.and_then(|label| Declared::parse(&label)).map_or(CharsetHint::Nothing, CharsetHint::Declared)
    }

    /// Every field of that name in every way it may be read: in each charset that unlabelled bytes may be in, and with
    /// repeated layers of encoding removed.
    ///
    /// # Errors
    /// More layers than the limit: there may be other readings.
    pub fn readings(&self, name: &str, layers: &mut Layers) -> Result<Vec<String>, TooLayered> {
        let mut readings: Vec<String> = Vec::new();
        for raw in self.named(name) {
            let mut seen = word_readings::readings(raw);
            let declared = if raw.is_ascii() { None } else { Some(self.decoded(raw)) };
            seen.extend(declared.filter(|declared| !seen.contains(declared)));
            if raw.len() <= Self::MAX_WORDS
                && let Some(first) = seen.first()
            {
                readings.extend(layers.before(first)?);
            }
            readings.extend(seen);
        }
        Ok(readings)
    }

    /// What every program reads in the fields of that name, without removing repeated layers of encoding.
    #[must_use]
    pub fn plain_fields(&self, name: &str) -> PlainFields {
        let beside = self.beside();
        PlainFields::new(self.named(name).map(|raw| word_readings::shown(raw, beside)))
    }

    /// Every field of that name in every way in which programs take it apart, without removing repeated layers of encoding.
    #[must_use]
    pub fn in_every_way(&self, name: &str) -> Vec<String> {
        self.named(name).flat_map(word_readings::readings).collect()
    }

    /// The longest field that is read as words. No honest subject has a tenth of it.
    pub const MAX_WORDS: usize = 8 * 1024;

    /// Whether a field of that name is longer than [`Self::MAX_WORDS`].
    #[must_use]
    pub fn is_too_long(&self, name: &str) -> bool {
        self.named(name).any(|raw| raw.len() > Self::MAX_WORDS)
    }

    /// Whether a field of that name has words that we cannot decode, so that there may be other readings.
    #[must_use]
    pub fn is_illegible(&self, name: &str) -> bool {
        self.named(name).any(encoded_words::is_illegible)
    }

    /// How many fields have that name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// Includes fields whose name only looks like it: a reader may show them as that field, and rules use fields to
    /// keep letters from leaving.
    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        Lines { rest: &self.0 }.filter_map(move |line| line.value_of(&[name]))
    }

    /// Whether the other has the same subject, byte by byte.
    #[must_use]
    pub fn has_subject_of(&self, other: &Self) -> bool {
        self.named("Subject").eq(other.named("Subject"))
    }

    /// The decoded Subject.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.first("Subject")
    }

    /// The Message-ID without its angle brackets.
    #[must_use]
    pub fn message_id(&self) -> Option<String> {
        self.first("Message-ID").map(|id| id.trim().trim_matches(['<', '>']).to_owned())
    }

    /// Until when the sender asks for it to be kept (`Expires`, RFC 4021 §2.1.50; Outlook's `Expiry-Date`); `None`:
    /// absent, or not readable as a date.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let asked = self.first("Expires").or_else(|| self.first("Expiry-Date"))?;
        date::read(&asked).map(|seconds| Timestamp(seconds.saturating_mul(1000)))
    }

    /// Its Date; `None`: absent, or not readable.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        date::read(&self.first("Date")?).map(|seconds| Timestamp(seconds.saturating_mul(1000)))
    }

    /// The one address in From; `None` without a From field. A value that two programs could read as different senders
    /// is an error, never a guess.
    pub fn from_address(&self) -> Result<Option<Address>, HeadError> {
        self.one_address("From")
    }

    /// The one address in Sender, by the same rules; `None` without the field.
    pub fn sender_address(&self) -> Result<Option<Address>, HeadError> {
        self.one_address("Sender")
    }

    fn one_address(&self, name: &str) -> Result<Option<Address>, HeadError> {
        let mut values = self.named(name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => from::one_address(value).map(Some).ok_or(HeadError::From),
            (Some(_), Some(_)) => Err(HeadError::From),
        }
    }

    /// Where a read receipt is requested (RFC 8098 §2.1): exactly one address, or `None`.
    #[must_use]
    pub fn receipt_to(&self) -> Option<Address> {
        let mut values = self.named("Disposition-Notification-To");
        match (values.next(), values.next()) {
            (Some(value), None) => from::one_address(value),
            (Some(_) | None, _) => None,
        }
    }

    /// How many Received fields there are (RFC 5321 §6.3: loops).
    #[must_use]
    pub fn received_count(&self) -> usize {
        self.count("Received")
    }

    /// The same head with our Received field on top (RFC 5321 §4.4).
    #[must_use]
    pub fn with_trace(&self, trace: &Trace<'_>) -> Self {
        let mut bytes = trace.to_field().into_bytes();
        bytes.extend_from_slice(&self.0);
        Self(bytes)
    }

    /// The same head with these changes; all other bytes stay.
    #[must_use]
    pub fn apply(&self, edits: &[Edit]) -> Self {
        edits.iter().fold(self.clone(), |head, edit| match edit {
            Edit::CutFromSubject(text) => head.without_in_subject(text),
        })
    }

    /// The same head without any field of that name; all other bytes stay.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        for line in (Lines { rest: &self.0 }) {
            if line.field.is_none_or(|(other, _)| !other.eq_ignore_ascii_case(name)) {
                bytes.extend_from_slice(line.raw);
            }
        }
        Self(bytes)
    }

    /// The same head without the fields whose names look as if they began with `start`, whatever is between their
    /// letters; all other bytes stay.
    #[must_use]
    pub fn without_names_like(&self, start: &str) -> Self {
        let start = odd_name::Start::of(start);
        let mut bytes = Vec::with_capacity(self.0.len());
        for line in (Lines { rest: &self.0 }) {
            if !start.begins(line.raw) {
                bytes.extend_from_slice(line.raw);
            }
        }
        Self(bytes)
    }

    /// The same head without the fields for which `goes` is true, by name and raw value; all other bytes stay.
    #[must_use]
    pub fn without_fields(&self, goes: impl Fn(&str, &[u8]) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        for line in (Lines { rest: &self.0 }) {
            if line.field.is_none_or(|(name, value)| !goes(name, value)) {
                bytes.extend_from_slice(line.raw);
            }
        }
        Self(bytes)
    }

    /// The same head with a field of ours on top. Characters that are not allowed in a field (RFC 5322 §2.2) become
    /// question marks.
    #[must_use]
    pub fn with_field(&self, name: &str, value: &str) -> Self {
        let plain = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
        let mut bytes = format!("{name}: ").into_bytes();
        bytes.extend(value.chars().map(|c| u8::try_from(plain(c)).unwrap_or(b'?')));
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.0);
        Self(bytes)
    }

    /// The same head with these ASCII words at the start of the subject; all other bytes stay.
    #[must_use]
    pub fn with_subject_tag(&self, tag: &str) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + tag.len() + 2);
        let mut tagged = false;
        for line in (Lines { rest: &self.0 }) {
            match line.field {
                Some((name, value)) if !tagged && name.eq_ignore_ascii_case("Subject") => {
                    bytes.extend_from_slice(b"Subject: ");
                    bytes.extend_from_slice(tag.as_bytes());
                    // A value that begins with a fold stays folded.
                    if !value.first().is_some_and(|first| matches!(first, b' ' | b'\t' | b'\r')) {
                        bytes.push(b' ');
                    }
                    bytes.extend_from_slice(value);
                    bytes.extend_from_slice(b"\r\n");
                    tagged = true;
                }
                _ => bytes.extend_from_slice(line.raw),
            }
        }
        if !tagged {
            return self.with_field("Subject", tag);
        }
        Self(bytes)
    }

    fn without_in_subject(&self, text: &str) -> Self {
        self.with_subjects(|value| tag_cut::cut(value, text))
    }

    /// The same head without anything in subjects that looks like the text as displayed (UAX #9 §2), in letters of any
    /// script.
    #[must_use]
    pub fn without_subject_like(&self, text: &str) -> Self {
        let in_order = self.with_subjects(tag_cut::in_order);
        in_order.without_in_subject(text).with_subjects(|value| tag_cut::cut_look_alikes(value, text))
    }

    fn with_subjects(&self, changed: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        // Outlook writes the subject a second time.
        const CUT: [&str; 2] = ["Subject", "Thread-Topic"];
        let mut bytes = Vec::with_capacity(self.0.len());
        for line in (Lines { rest: &self.0 }) {
            let cut = line.value_of(&CUT).and_then(|value| Some((value.len(), changed(value)?)));
            match cut {
                Some((length, value)) => {
                    let kept = line.raw.len().saturating_sub(length + 2);
                    bytes.extend_from_slice(line.raw.get(..kept).unwrap_or_default());
                    bytes.extend_from_slice(&value);
                    bytes.extend_from_slice(b"\r\n");
                }
                None => bytes.extend_from_slice(line.raw),
            }
        }
        Self(bytes)
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.0.len())
    }
}

/// Every CR before an LF, every LF after a CR, no NUL, and a CRLF at the end.
pub(crate) fn is_crlf_clean(bytes: &[u8]) -> bool {
    let mut previous = b'\n';
    for byte in bytes {
        let pair = (previous == b'\r') == (*byte == b'\n');
        if !pair || *byte == 0 {
            return false;
        }
        previous = *byte;
    }
    previous == b'\n'
}

/// One logical line with its folding, and its name and value if it is a field.
struct Line<'a> {
    raw: &'a [u8],
    field: Option<(&'a str, &'a [u8])>,
}

impl<'a> Line<'a> {
    /// Its raw value, if it is a field of one of these names, or looks like one.
    fn value_of(&self, names: &[&str]) -> Option<&'a [u8]> {
        match self.field {
            Some((name, value)) => names.iter().any(|one| name.eq_ignore_ascii_case(one)).then_some(value),
            None => {
                let (name, value) = odd_name::field(self.raw)?;
                names.iter().any(|one| name == odd_name::shape(one)).then_some(value)
            }
        }
    }
}

/// Iterates over the logical lines, including the empty one.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut end = 0;
        loop {
            let tail = self.rest.get(end..).unwrap_or_default();
            match tail.iter().position(|b| *b == b'\n') {
                Some(at) => end += at + 1,
                None => end = self.rest.len(),
            }
            // RFC 5322 §2.2.3: white space at the start continues the line before, but not an empty one.
            let folded = matches!(self.rest.get(end), Some(b' ' | b'\t'));
            if !folded || self.rest.get(..end) == Some(b"\r\n") {
                break;
            }
        }
        let (raw, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Line { raw, field: field(raw) })
    }
}

/// Name and raw value. White space before the colon is obsolete (RFC 5322 §4.5.8) but other programs take
/// it, so we must see the field too.
fn field(raw: &[u8]) -> Option<(&str, &[u8])> {
    let colon = raw.iter().position(|b| *b == b':')?;
    let name = bare_name(raw.get(..colon)?);
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let value = raw.get(colon + 1..)?.strip_suffix(b"\r\n")?;
    Some((std::str::from_utf8(name).ok()?, value))
}

/// A field's name without invisible characters around it: white space (before it on the first line), a byte order mark
/// of an editor, a no-break space, a zero-width space.
pub(crate) fn bare_name(mut name: &[u8]) -> &[u8] {
    const UNSEEN: [&[u8]; 6] =
        [b"\xc2\xa0", b"\xa0", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\xc2\xad", b"\xe2\x81\xa0"];
    loop {
        let before = name.len();
        name = name.trim_ascii();
        for unseen in UNSEEN {
            name = name.strip_prefix(unseen).unwrap_or(name);
            name = name.strip_suffix(unseen).unwrap_or(name);
        }
        if name.len() == before {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Head {
        Head::new(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_end_is_the_first_empty_line() {
        assert_eq!(Head::split(b"A: b\r\n\r\nbody"), Some(8));
        assert_eq!(Head::split(b"\r\nbody"), Some(2));
        assert_eq!(Head::split(b"A: b\r\n"), None);
        assert_eq!(Head::split(b"A: b\r\n\r"), None);
    }

    #[test]
    fn only_whole_lines_are_taken() {
        for bad in ["A: b", "A: b\n", "A: b\rc\r\n", "A: b\r\n\r\nx", "A: \0\r\n", "\n", "A: b\r", "\r\n\r\n"]
        {
            assert_eq!(Head::new(bad.as_bytes().to_vec()), Err(HeadError::Lines), "{bad:?}");
        }
        assert_eq!(Head::new(vec![b'a'; Head::MAX + 1]), Err(HeadError::TooLong));
        assert_eq!(head("").fields().count(), 0);
        assert_eq!(head("\r\n").fields().count(), 0);
    }

    #[test]
    fn fields_are_seen_whole_and_rubbish_is_passed_over() {
        let head = head("junk\r\nFrom bob Mon 1 12:00\r\nA : 1\r\n 2\r\nb:\r\n: x\r\nC:3\r\n\r\n");
        let seen: Vec<_> = head.fields().map(|(n, v)| (n, String::from_utf8_lossy(v).into_owned())).collect();
        assert_eq!(seen, [("A", " 1\r\n 2".to_owned()), ("b", String::new()), ("C", "3".to_owned())]);
        assert_eq!(head.first("a").as_deref(), Some("1 2"));
        assert_eq!(head.count("c"), 1);
    }

    #[test]
    fn one_from_or_an_error() {
        let from = |text: &str| head(text).from_address().map(|a| a.map(|a| a.to_path()));
        assert_eq!(from("From: Max <max@x.example>\r\n"), Ok(Some("max@x.example".to_owned())));
        assert_eq!(from("To: a@b.example\r\n"), Ok(None));
        assert_eq!(from("From: a@x.example\r\nFROM : b@x.example\r\n"), Err(HeadError::From));
        assert_eq!(from("From: a@x.example, b@x.example\r\n"), Err(HeadError::From));
    }

    #[test]
    fn cutting_the_tag_leaves_every_other_byte() {
        let before = "X: [v]  y\r\nsubject : [V] Hallo\r\nTo:  a@b.example\r\n\r\n";
        let after = head(before).apply(&[Edit::CutFromSubject("[v]".into())]);
        assert_eq!(
            String::from_utf8_lossy(after.as_bytes()),
            "X: [v]  y\r\nsubject : Hallo\r\nTo:  a@b.example\r\n\r\n"
        );
        assert_eq!(head(before).apply(&[]), head(before));
        let outlook =
            head("Subject: [v] a\r\nThread-Topic: [v] a\r\n").apply(&[Edit::CutFromSubject("[v]".into())]);
        assert_eq!(outlook.as_bytes(), b"Subject: a\r\nThread-Topic: a\r\n");
        let twice = head("Subject: [v] a\r\nSubject: b [v]\r\n").apply(&[Edit::CutFromSubject("[v]".into())]);
        assert_eq!(twice.all("subject"), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn arbitrary_heads_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(head) = Head::new(bytes) {
                let _ = (head.subject(), head.from_address());
            }
        }

        #[test]
        fn heads_are_taken_apart_without_loss(lines in proptest::collection::vec("[ \t:a-c=?\\[\\]]{0,12}", 0..12), tag in "[a-c\\[]{1,3}") {
            let text: String = lines.iter().filter(|l| !l.is_empty()).map(|l| format!("{l}\r\n")).collect();
            let head = head(&text);
            let joined: Vec<u8> = Lines { rest: head.as_bytes() }.flat_map(|l| l.raw.to_vec()).collect();
            prop_assert_eq!(joined, head.as_bytes());
            let cut = head.apply(&[Edit::CutFromSubject(tag)]);
            prop_assert!(Head::new(cut.as_bytes().to_vec()).is_ok());
            prop_assert_eq!(cut.fields().count(), head.fields().count());
        }

        #[test]
        fn a_cut_subject_stays_one_field(value in "[ -~]{0,40}", tag in "[ -~]{1,5}") {
            let before = head(&format!("A: 1\r\nSubject:{value}\r\nB: 2\r\n\r\n"));
            let after = before.apply(&[Edit::CutFromSubject(tag)]);
            prop_assert!(Head::new(after.as_bytes().to_vec()).is_ok());
            let names: Vec<&str> = after.fields().map(|(name, _)| name).collect();
            prop_assert_eq!(names, ["A", "Subject", "B"]);
        }
    }
}
