//! Converts bytes to text: in the charset that a label names, in the one that was meant, and in every one that a reader may use.
//!
//! Where the label and the bytes contradict each other, the bytes win. Knows no letter.

mod code_pages;
mod label;
mod shifted;

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use label::{Codec, Named, named};

/// Tried for unlabelled bytes: the charsets that have been in use in Europe.
pub(crate) const GUESSES: [&str; 5] = ["windows-1252", "iso-8859-2", "macintosh", "ibm850", "windows-1251"];
/// How many bytes of a page are searched for its own label (HTML §13.2.3.2 asks for 1,024).
const META: usize = 4096;

/// The charsets that a reader may choose where the letter's label is wrong or missing.
pub const CHARSETS: [&str; 16] = [
    "utf-8",
    "windows-1252",
    "iso-8859-15",
    "windows-1250",
    "iso-8859-2",
    "windows-1251",
    "koi8-r",
    "windows-1253",
    "windows-1254",
    "windows-1257",
    "macintosh",
    "ibm850",
    "iso-2022-jp",
    "shift_jis",
    "gb18030",
    "euc-kr",
];

/// One of [`CHARSETS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static str);

impl Charset {
    /// By its label.
    #[must_use]
    pub fn parse(label: &str) -> Option<Self> {
        CHARSETS.into_iter().find(|known| known.eq_ignore_ascii_case(label)).map(Self)
    }

    /// Its label.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.0
    }

    /// Decodes bytes in it.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        without_nul(decode_as(bytes, self.0))
    }
}

/// A charset declared outside the label: by the page itself, or by the text of the same letter. Only charsets in which ASCII is
/// unchanged: what rules find in ASCII must not depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Declared(Codec);

impl Declared {
    /// `None`: the label says nothing about other bytes than its own.
    pub(crate) fn parse(label: &str) -> Option<Self> {
        match named(label) {
            Named::Known(codec) if codec.has_ascii() && !codec.is(UTF_8) => Some(Self(codec)),
            Named::Known(_) | Named::Guess | Named::Unknown => None,
        }
    }

    /// The decoded text, if every byte is valid.
    fn undamaged(self, bytes: &[u8]) -> Option<String> {
        Some(self.0.decode(bytes)).filter(|(_, damaged)| !damaged).map(|(text, _)| text)
    }
}

/// What is known about bytes apart from their own label, which may be missing or wrong.
#[derive(Clone, Copy, Default)]
pub(crate) enum CharsetHint {
    #[default]
    Nothing,
    Declared(Declared),
    /// The reader has chosen a charset, which overrides the letter's.
    Chosen(Charset),
}

impl CharsetHint {
    /// For people: what the label leaves open is decoded as this says.
    pub(crate) fn decode(self, bytes: &[u8], label: Option<&str>) -> String {
        match self {
            Self::Nothing => decode(bytes, label),
            Self::Declared(declared) => decode_beside(bytes, label, Some(declared)),
            Self::Chosen(chosen) if is_open(label) => chosen.decode(bytes),
            Self::Chosen(_) => decode(bytes, label),
        }
    }

    /// What the reader has chosen.
    pub(crate) fn chosen(self) -> Option<Charset> {
        match self {
            Self::Chosen(chosen) => Some(chosen),
            Self::Nothing | Self::Declared(_) => None,
        }
    }

    /// What the letter declares.
    pub(crate) fn declared(self) -> Option<Declared> {
        match self {
            Self::Declared(declared) => Some(declared),
            Self::Nothing | Self::Chosen(_) => None,
        }
    }
}

/// For people: decoded as the label says, unless the bytes contradict it.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    decode_beside(bytes, label, None)
}

/// Like [`decode`]; what the label leaves open, or is certainly wrong about, is decoded as `beside` says.
pub(crate) fn decode_beside(bytes: &[u8], label: Option<&str>, beside: Option<Declared>) -> String {
    without_nul(match label.map_or(Named::Guess, named) {
        Named::Known(codec) => labelled(bytes, codec, beside),
        Named::Guess | Named::Unknown => unlabelled(bytes, beside),
    })
}

fn labelled(bytes: &[u8], codec: Codec, beside: Option<Declared>) -> String {
    match codec {
        Codec::Web(encoding) if encoding == UTF_8 => unlabelled(bytes, beside),
        Codec::Web(encoding) if encoding == ISO_2022_JP => japanese(bytes, beside),
        // Bytes that cannot be 16-bit were never meant as such: Outlook calls a page "unicode" and sends it in UTF-8.
        Codec::Web(encoding) if is_sixteen(encoding) && !may_be_sixteen(bytes) => unlabelled(bytes, beside),
        // "utf-16" alone says nothing of the order (RFC 2781 §4.3).
        Codec::Web(encoding) if encoding == UTF_16LE && Encoding::for_bom(bytes).is_none() => {
            sixteen_bits(bytes).unwrap_or(encoding).decode(bytes).0.into_owned()
        }
        Codec::Web(encoding) if is_sixteen(encoding) => encoding.decode(bytes).0.into_owned(),
        // ASCII is part of every other charset; plain ASCII was never meant as EBCDIC or UTF-32.
        Codec::Page(page) if !page.is_ebcdic() || !is_mostly_plain(bytes) => {
            in_eight_bits(bytes, codec, beside)
        }
        Codec::Utf32 if bytes.contains(&0) => codec.decode(bytes).0,
        Codec::Page(_) | Codec::Utf32 => unlabelled(bytes, beside),
        Codec::Utf7 | Codec::Hz | Codec::Iso2022Kr | Codec::Iso2022Cn => match bytes.is_ascii() {
            true => codec.decode(bytes).0,
            false => unlabelled(bytes, beside),
        },
        Codec::Web(_) => in_eight_bits(bytes, codec, beside),
    }
}

/// Decodes a charset of bytes or pairs of bytes; lines that are certainly not in it are decoded on their own.
fn in_eight_bits(bytes: &[u8], codec: Codec, beside: Option<Declared>) -> String {
    if bytes.is_ascii() && codec.has_ascii() {
        return codec.decode(bytes).0;
    }
    if is_utf_8_under(bytes, codec) {
        return unlabelled(bytes, None);
    }
    let (text, damaged) = codec.decode(bytes);
    let other = beside.filter(|_| damaged).and_then(|beside| beside.undamaged(bytes));
    if let Some(other) = other {
        return other;
    }
    let footed = damaged || codec.is_western();
    if footed && bytes.split(|byte| *byte == b'\n').any(|line| is_utf_8_under(line, codec)) {
        return by_lines(bytes, |line| match is_utf_8_under(line, codec) {
            true => String::from_utf8_lossy(line).into_owned(),
            false => codec.decode(line).0,
        });
    }
    text
}

/// ISO-2022-JP: 7-bit, with shift sequences. 8-bit bytes mean one of its relatives, or an unrelated charset.
fn japanese(bytes: &[u8], beside: Option<Declared>) -> String {
    if bytes.is_ascii() {
        // Joined words of an address: shifting to ASCII and back means nothing, but the decoder rejects it.
        return ISO_2022_JP.decode(&without_idle_shifts(bytes)).0.into_owned();
    }
    if is_utf_8_on_purpose(bytes) {
        return by_lines(bytes, |line| match is_japanese(line) {
            true => ISO_2022_JP.decode(&without_idle_shifts(line)).0.into_owned(),
            false => String::from_utf8_lossy(line).into_owned(),
        });
    }
    let relatives = [SHIFT_JIS, EUC_JP].map(|encoding| Declared(Codec::Web(encoding)));
    let relative = relatives.into_iter().find_map(|one| one.undamaged(bytes));
    relative.unwrap_or_else(|| unlabelled(bytes, beside))
}

/// Whether it shifts to JIS X 0208 or 0201 (RFC 1468): such text is Japanese, whatever its label.
fn is_japanese(bytes: &[u8]) -> bool {
    const SHIFTS: [&[u8]; 4] = [b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I"];
    SHIFTS.iter().any(|shift| memchr::memmem::find(bytes, shift).is_some())
}

/// UTF-8 or UTF-16 by byte order mark, UTF-8 if valid; else as `beside` declares, and Windows-1252 otherwise. If only some lines
/// are UTF-8, each line is decoded on its own.
fn unlabelled(bytes: &[u8], beside: Option<Declared>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or_default();
        return match encoding == UTF_8 {
            true => unlabelled(rest, beside),
            false => encoding.decode_without_bom_handling(rest).0.into_owned(),
        };
    }
    if let Some(encoding) = sixteen_bits(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    if bytes.is_ascii() && is_japanese(bytes) {
        return ISO_2022_JP.decode(&without_idle_shifts(bytes)).0.into_owned();
    }
    let other = beside.map(|beside| beside.0);
    if let Ok(text) = std::str::from_utf8(bytes)
        && (bytes.is_ascii() || other.is_none_or(|codec| is_utf_8_under(bytes, codec)))
    {
        return text.to_owned();
    }
    let other = other.filter(|codec| !codec.decode(bytes).1);
    let codec = other.unwrap_or(Codec::Web(WINDOWS_1252));
    if bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii()) {
        return codec.decode(bytes).0;
    }
    by_lines(bytes, |line| match codec {
        _ if is_utf_8_under(line, codec) => String::from_utf8_lossy(line).into_owned(),
        codec if codec.is_western() => by_characters(line),
        codec => codec.decode(line).0,
    })
}

fn by_lines(bytes: &[u8], read: impl Fn(&[u8]) -> String) -> String {
    let mut out = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(text) if text.is_ascii() && !text.contains('\u{1b}') => out.push_str(text),
            Ok(_) | Err(_) => out.push_str(&read(line)),
        }
    }
    out
}

/// A line that is UTF-8 in part: its sequences, the other bytes as Windows-1252, and a replacement character for a truncated
/// sequence.
fn by_characters(line: &[u8]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut is_utf_8 = false;
    let all_latin = line.utf8_chunks().all(|chunk| chunk.valid().is_ascii());
    let mut chunks = line.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        is_utf_8 |= !chunk.valid().is_ascii();
        out.push_str(chunk.valid());
        let is_last = chunks.peek().is_none();
        match chunk.invalid() {
            [] => {}
            // Two or three bytes are the beginning of a longer character; so is the last byte, where it can be.
            [_, _, ..] if !all_latin => out.push(char::REPLACEMENT_CHARACTER),
            [0xc2 | 0xc3] if is_last && is_utf_8 => out.push(char::REPLACEMENT_CHARACTER),
            latin => out.push_str(&WINDOWS_1252.decode_without_bom_handling(latin).0),
        }
    }
    out
}

/// Whether bytes with another label are UTF-8. In single-byte charsets UTF-8 sequences do not occur by chance; in double-byte ones
/// two or three may.
fn is_utf_8_under(bytes: &[u8], codec: Codec) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let sequences = text.chars().filter(|c| !c.is_ascii()).count();
    if codec.is_single_byte() {
        return sequences > 0;
    }
    // No ideograph occurs within a word of ASCII letters.
    let in_a_word = |(before, c): (char, char)| {
        before.is_ascii_alphabetic() && matches!(c, '\u{c0}'..='\u{24f}')
            || c.is_ascii_alphabetic() && matches!(before, '\u{c0}'..='\u{24f}')
    };
    sequences > 3
        || text.chars().any(|c| matches!(c, '\u{800}'..))
        || text.chars().zip(text.chars().skip(1)).any(in_a_word)
}

fn is_sixteen(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// 16-bit text has a byte order mark or zeros, or at least bytes that do not occur in 8-bit text.
fn may_be_sixteen(bytes: &[u8]) -> bool {
    if Encoding::for_bom(bytes).is_some_and(|(encoding, _)| is_sixteen(encoding)) {
        return true;
    }
    // Line ends and spaces in 16 bits have a zero byte, Greek and Cyrillic letters control characters; in Chinese half of the bytes
    // are beyond ASCII.
    let strange = bytes.iter().any(|b| matches!(b, 0..=8 | 11 | 14..=26 | 28..=31));
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    strange
        || (bytes.len().is_multiple_of(2) && std::str::from_utf8(bytes).is_err() && high * 4 > bytes.len())
}

/// Whether the bytes may be in any charset: their label is missing or unknown.
pub(crate) fn is_open(label: Option<&str>) -> bool {
    match label.map_or(Named::Guess, named) {
        Named::Guess | Named::Unknown => true,
        Named::Known(_) => false,
    }
}

/// Whether the charset is unsupported and not a superset of ASCII ([`GUESSES`] find what else is in those). EBCDIC writes its letters where others have none.
pub(crate) fn is_unknown(bytes: &[u8], label: &str) -> bool {
    match named(label) {
        Named::Unknown => !is_plain(bytes) && !is_utf_8_on_purpose(bytes) && !is_mostly_plain(bytes),
        Named::Known(_) | Named::Guess => false,
    }
}

/// Letters, digits and punctuation of ASCII only. EBCDIC has its letters beyond them.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}

/// Whether half of it is letters and digits of ASCII.
fn is_mostly_plain(bytes: &[u8]) -> bool {
    bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count() * 2 >= bytes.len()
}

/// Whether unlabelled bytes can only be text: no control characters but those of text, or 16-bit.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let is_sixteen = || Encoding::for_bom(bytes).is_some() || sixteen_bits(bytes).is_some();
    let strange = |b: &u8| matches!(b, 0..=8 | 11 | 14..=26 | 28..=31 | 127);
    !bytes.is_empty() && (!bytes.iter().any(strange) || is_sixteen())
}

/// Every text that a program may decode the bytes to. `false`: there may be others that we cannot decode.
pub(crate) fn candidates(bytes: &[u8], labels: &[&str]) -> (Vec<String>, bool) {
    // In 16-bit text the CRLF before a delimiter is not a line end.
    let bytes = if bytes.contains(&0) { bytes.strip_suffix(b"\r\n").unwrap_or(bytes) } else { bytes };
    let mut texts = vec![decode(bytes, labels.first().copied())];
    let mut whole = true;
    for charset in labels.iter().map(|label| named(label)) {
        match charset {
            Named::Known(codec) => {
                let (text, damaged) = codec.decode(bytes);
                texts.push(without_nul(text));
                // A program that does not know the charset reads ASCII.
                if !codec.has_ascii() {
                    texts.push(without_nul(String::from_utf8_lossy(bytes).into_owned()));
                }
                if damaged {
                    texts.push(WINDOWS_1252.decode(bytes).0.into_owned());
                }
            }
            Named::Guess => {}
            Named::Unknown => {
                whole &= is_plain(bytes) || is_utf_8_on_purpose(bytes);
            }
        }
    }
    let eight_bit = !bytes.is_ascii();
    if eight_bit && labels.iter().all(|label| matches!(named(label), Named::Guess | Named::Unknown)) {
        for guess in GUESSES {
            texts.push(decode_as(bytes, guess));
        }
    }
    if eight_bit && std::str::from_utf8(bytes).is_ok() {
        texts.push(without_nul(String::from_utf8_lossy(bytes).into_owned()));
    }
    if bytes.contains(&0) {
        texts.push(without_nul(String::from_utf8_lossy(bytes).into_owned()));
        texts.extend([UTF_16LE, UTF_16BE].map(|encoding| without_nul(encoding.decode(bytes).0.into_owned())));
    }
    if bytes.contains(&0x1b) {
        texts.push(decode_as(bytes, "iso-2022-jp"));
    }
    let mut distinct: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    (distinct, whole)
}

/// The charset that a page declares.
pub(crate) fn declared_in_page(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..META.min(bytes.len())).unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    let in_meta = || start.match_indices("<meta").find_map(|(at, _)| named_in(start.get(at..)?, "charset"));
    // HTML §13.2.3.2, "get an XML encoding": where no tag says it, the declaration of XML does.
    let in_xml = || start.trim_start().strip_prefix("<?xml").and_then(|tag| named_in(tag, "encoding"));
    in_meta().or_else(in_xml)
}

/// The charset that a tag names behind a word.
fn named_in(tag: &str, word: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = tag.split_once(word)?.1.trim_start().strip_prefix('=')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || "\"';/>?".contains(c)).unwrap_or(value.len());
    let label = value.get(..end).filter(|label| !label.is_empty())?;
    // HTML §13.2.3.2: that the tag could be read shows that it is not in sixteen bits.
    let sixteen = matches!(named(label), Named::Known(Codec::Web(encoding)) if is_sixteen(encoding));
    Some(if sixteen { "utf-8" } else { label }.to_owned())
}

/// The label of a Windows or DOS code page. 0: not stated.
pub(crate) fn of_code_page(number: u32) -> String {
    if number == 0 { "us-ascii".to_owned() } else { format!("cp{number}") }
}

/// Decoded as this label says, whatever the bytes are.
pub(crate) fn decode_as(bytes: &[u8], label: &str) -> String {
    match named(label) {
        Named::Known(codec) => codec.decode(bytes).0,
        Named::Guess | Named::Unknown => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The text of bytes that are in 16 bits, whatever their label. `None`: they are not.
pub(crate) fn from_sixteen_bits(bytes: &[u8]) -> Option<String> {
    let by_mark = Encoding::for_bom(bytes).filter(|(encoding, _)| is_sixteen(encoding));
    let (encoding, mark) = by_mark.or_else(|| Some((sixteen_bits(bytes)?, 0)))?;
    let (text, _) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
    Some(without_nul(text.into_owned()))
}

/// 16-bit text is recognised by its zeros, where nearly every other byte is one.
fn sixteen_bits(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second, pairs) = (zeros(0), zeros(1), start.len() / 2);
    let most = pairs * 3 / 4;
    match (first > most, second > most) {
        (false, true) if pairs > 1 => Some(UTF_16LE),
        (true, false) if pairs > 1 => Some(UTF_16BE),
        (_, _) => None,
    }
}

fn without_idle_shifts(bytes: &[u8]) -> Vec<u8> {
    const TO_ASCII: &[u8] = b"\x1b(B";
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, TO_ASCII) {
        let (before, shift) = rest.split_at_checked(at).unwrap_or((rest, b""));
        let after = shift.get(TO_ASCII.len()..).unwrap_or_default();
        out.extend_from_slice(before);
        if !after.starts_with(b"\x1b") {
            out.extend_from_slice(TO_ASCII);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

fn is_utf_8_on_purpose(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_as_they_are_written() {
        for label in [
            "iso-8859-1",
            "ISO_8859-1",
            "8859-1",
            "iso88591",
            "latin1",
            "latin-1",
            "iso8859_1",
            "windows1252",
            "windows-1252",
            "cp1252",
            "cp-1252",
            "win1252",
            "ansi_x3.110-1983",
            "unknown-8bit",
            "x-unknown",
            "x-user-defined",
            "us-ascii",
            "\"iso-8859-1\"",
            "iso-8859-1*de",
            "utf-8",
            "nonsense",
            "default",
        ] {
            assert_eq!(decode(b"Gr\xf6\xdfe", Some(label)), "Größe", "{label}");
        }
        for label in [
            "utf8",
            "UTF-8",
            "utf_8",
            "utf8mb4",
            "unicode-1-1-utf-8",
            "us-ascii",
            "iso-8859-1",
            "x",
            "cp1252",
        ] {
            assert_eq!(decode("Größe €".as_bytes(), Some(label)), "Größe €", "{label}");
        }
        assert_eq!(decode(b"Gr\x94\xe1e", Some("cp437")), "Größe");
        assert_eq!(decode(b"Gr\x94\xe1e", Some("ibm850")), "Größe");
        assert_eq!(decode(b"Gr+APYA3w-e", Some("utf-7")), "Größe");
        assert_eq!(decode(b"G\0r\0\xf6\0", Some("utf-16le")), "Grö");
        assert_eq!(decode(b"\xff\xfeG\0r\0\xf6\0", None), "Grö");
        assert_eq!(decode(b"G\0r\0\xf6\0\xdf\0e\0", None), "Größe");
        assert_eq!(decode(b"\0G\0r\0\xf6\0\xdf\0e", Some("us-ascii")), "Größe");
        assert_eq!(decode(b"\x82\xa0", Some("shift_jis")), "あ");
        assert_eq!(decode(b"\x1b$B$\"\x1b(B\x1b$B$\"\x1b(Bx", Some("iso-2022-jp")), "ああx");
        assert_eq!(decode(b"\xa4\xa2", Some("x-euc-jp")), "あ");
    }

    #[test]
    fn what_a_reader_may_choose_is_known() {
        for label in CHARSETS {
            assert!(matches!(named(label), Named::Known(_)), "{label}");
            assert_eq!(Charset::parse(&label.to_uppercase()).map(Charset::label), Some(label));
        }
        assert_eq!(Charset::parse("utf-7"), None);
        assert_eq!(Charset::parse("windows-1250").unwrap().decode(b"\x8elu\x9dou\xe8k\xfd"), "Žluťoučký");
    }

    #[test]
    fn sixteen_bits_are_a_lie_where_there_are_eight() {
        let page = |meta: &str, word: &[u8]| {
            let bytes = [b"<html><head><meta ", meta.as_bytes(), b"></head><p>", word].concat();
            decode(&bytes, declared_in_page(&bytes).as_deref())
        };
        for meta in
            ["charset=utf-16", "http-equiv=x content=\"text/html; charset=unicode\"", "charset=UTF-16LE"]
        {
            assert!(page(meta, "Größe – 5 €".as_bytes()).ends_with("Größe – 5 €"), "{meta}");
            assert!(page(meta, b"Gr\xf6\xdfe").ends_with("Größe"), "{meta}");
        }
        for label in ["utf-16", "unicode", "utf-16le", "UTF-16BE", "ucs-2"] {
            for (bytes, text) in [
                ("Größe als 8bit in UTF-8".as_bytes(), "Größe als 8bit in UTF-8"),
                (b"<p>Gr\xf6\xdfe in Latin-1, und noch ein langer Satz, der das zeigt, ganz in acht Bits</p>", "<p>Größe in Latin-1, und noch ein langer Satz, der das zeigt, ganz in acht Bits</p>"),
                (b"plain", "plain"),
            ] {
                assert_eq!(decode(bytes, Some(label)), text, "{label}");
            }
        }
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(decode(&wide("Größe"), Some("utf-16le")), "Größe");
        assert_eq!(decode(&wide("Größe"), Some("unicode")), "Größe");
        assert_eq!(decode(&[b"\xff\xfe".as_slice(), &wide("Жж")].concat(), Some("utf-16")), "Жж");
        assert_eq!(decode(&wide("Грузия"), Some("utf-16le")), "Грузия");
    }

    #[test]
    fn some_damage_is_no_other_charset() {
        assert_eq!(
            decode("Größe \u{20ac}".as_bytes().split_last().unwrap().1, Some("utf-8")),
            "Größe \u{fffd}"
        );
    }

    #[test]
    fn what_is_said_beside_the_bytes_is_heard_where_they_leave_it_open() {
        let beside = |bytes: &[u8], label: Option<&str>, other: &str| {
            decode_beside(bytes, label, Declared::parse(other))
        };
        let koi8 = b"\xf0\xd2\xc9\xd7\xc5\xd4";
        for label in [None, Some("us-ascii"), Some("unknown-8bit"), Some("utf-8"), Some("x-klingon")] {
            assert_eq!(beside(koi8, label, "koi8-r"), "Привет", "{label:?}");
            assert_eq!(beside("Привет".as_bytes(), label, "koi8-r"), "Привет", "{label:?}");
            assert_eq!(beside("Größe 5 €".as_bytes(), label, "shift_jis"), "Größe 5 €", "{label:?}");
        }
        assert_eq!(beside(b"\xaelu\xbb", None, "iso-8859-2"), "Žluť");
        assert_eq!(beside(b"\xd6\xd0\xce\xc4", None, "gb18030"), "中文");
        assert_eq!(beside(b"\x93\xfa\x96{", None, "shift_jis"), "日本");
        // A declaration that the bytes contradict is ignored; so is one that is not an 8-bit charset.
        assert_eq!(beside(b"Gr\xf6\xdfe \xff", None, "shift_jis"), "Größe ÿ");
        for none in ["utf-8", "us-ascii", "utf-16", "utf-7", "iso-2022-jp", "ebcdic-de", "x-klingon"] {
            assert!(Declared::parse(none).is_none(), "{none}");
        }
        // An undefined byte of Windows-1252 contradicts it.
        assert_eq!(beside(b"\x8elu\x9dou\xe8k\xfd", Some("iso-8859-1"), "windows-1250"), "Žluťoučký");
        assert_eq!(decode(b"\x1b$BF|K\\\x1b(B", None), "日本");
        assert_eq!(decode(b"\x1b$BF|K\\\x1b(B", Some("us-ascii")), "日本");
    }

    #[test]
    fn utf_8_is_seen_under_labels_of_two_bytes() {
        for label in
            ["gbk", "gb2312", "shift_jis", "iso-2022-jp", "euc-kr", "big5", "euc-jp", "ks_c_5601-1987"]
        {
            for text in ["Größe für Müller", "Straße 5", "5 €", "Žluťoučký kůň", "日本語のテスト", "中文测试"]
            {
                assert_eq!(decode(text.as_bytes(), Some(label)), text, "{label}");
            }
        }
        assert_eq!(decode(b"\xd6\xd0\xce\xc4", Some("gb2312")), "中文");
        assert_eq!(decode(b"\xb0\xa1\xb3\xaa", Some("euc-kr")), "가나");
        assert_eq!(decode(b"\x93\xfa\x96{\x8c\xea", Some("iso-2022-jp")), "日本語");
        assert_eq!(decode("\u{1b}$BF|K\\\u{1b}(B\nGröße".as_bytes(), Some("iso-2022-jp")), "日本\nGröße");
    }

    #[test]
    fn lines_of_two_charsets_are_each_read() {
        let mixed = b"Gr\xf6\xdfe\r\nf\xc3\xbcr M\xc3\xbcller \xe2\x82\xac\r\nStra\xdfe\r\n";
        for label in [None, Some("utf-8"), Some("iso-8859-1"), Some("windows-1252"), Some("us-ascii")] {
            assert_eq!(decode(mixed, label), "Größe\r\nfür Müller €\r\nStraße\r\n", "{label:?}");
        }
        let one = b"f\xc3\xbcr M\xfcller, Gr\xf6\xdfe";
        assert_eq!(decode(one, Some("utf-8")), "für Müller, Größe");
        let chinese = b"\xd6\xd0\xce\xc4\xff\nGr\xc3\xb6\xc3\x9fe\n";
        assert!(decode(chinese, Some("gbk")).ends_with("\nGröße\n"));
        // Cyrillic text contains UTF-8 sequences by chance.
        assert_eq!(decode(b"\xc5\xa3 \xc5\xc5\r\n\xf0\xd2\r\n", Some("koi8-r")), "её ее\r\nПр\r\n");
    }

    #[test]
    fn a_page_may_say_its_own_charset() {
        let page =
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-2\"></head>";
        assert_eq!(declared_in_page(page.as_bytes()).as_deref(), Some("iso-8859-2"));
        assert_eq!(declared_in_page(b"<META charset=utf-8>").as_deref(), Some("utf-8"));
        assert_eq!(declared_in_page(b"<meta name=x><meta charset = 'cp1250'/>").as_deref(), Some("cp1250"));
        assert_eq!(declared_in_page(b"<p>charset=utf-8"), None);
        let xml = |head: &str| declared_in_page(head.as_bytes());
        assert_eq!(
            xml("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><html>").as_deref(),
            Some("iso-8859-2")
        );
        assert_eq!(
            xml("\r\n<?xml version='1.0' encoding = 'windows-1250' ?>").as_deref(),
            Some("windows-1250")
        );
        assert_eq!(xml("<?xml version='1.0' encoding='utf-16'?>").as_deref(), Some("utf-8"));
        assert_eq!(
            xml("<?xml version='1.0' encoding='koi8-r'?><meta charset=utf-8>").as_deref(),
            Some("utf-8")
        );
        assert_eq!(xml("<?xml version='1.0'?><p encoding=koi8-r>"), None);
    }

    #[test]
    fn every_reading_counts_and_what_nobody_reads_is_said() {
        let has = |bytes: &[u8], labels: &[&str], text: &str| {
            let (texts, whole) = candidates(bytes, labels);
            (texts.iter().any(|one| one.contains(text)), whole)
        };
        assert_eq!(has("persönlich".as_bytes(), &["iso-8859-1"], "persönlich"), (true, true));
        assert_eq!(has(b"pers\xf6nlich", &["utf-8"], "persönlich"), (true, true));
        assert_eq!(has(b"pers\xf6nlich", &["utf-8", "iso-8859-1"], "persönlich"), (true, true));
        assert_eq!(has(b"pers\x94nlich", &["unknown-8bit"], "persönlich"), (true, true));
        assert_eq!(has(b"v\0e\0r\0t", &[], "vert"), (true, true));
        assert_eq!(has(b"vertraulich", &["x-nonsense"], "vertraulich"), (true, true));
        assert_eq!(has("persönlich".as_bytes(), &["utf-8-bom"], "persönlich"), (true, true));
        let ebcdic = b"\xa5\x85\x99\xa3\x99\x81\xa4\x93\x89\x83\x88";
        assert_eq!(has(ebcdic, &["ebcdic-de"], "vertraulich"), (true, true));
        assert_eq!(has(ebcdic, &["x-klingon"], "vertraulich"), (false, false));
        assert_eq!(has(b"x", &["utf-7", "utf-8"], "x"), (true, true));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), label in "[a-z0-9_*-]{0,12}") {
            let _ = (decode(&bytes, Some(&label)), candidates(&bytes, &[&label]), declared_in_page(&bytes));
        }
    }
}
