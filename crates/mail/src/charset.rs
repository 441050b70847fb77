//! Bytes to text: the charset that a label names, the one that was meant, and every one that may be read.
//!
//! Labels are those of the WHATWG Encoding Standard, what old programs write for them, and a few that browsers
//! have dropped. Knows no letter.

use encoding_rs::{
    Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED,
};
use mail_parser::decoders::charsets::map::charset_decoder;

/// What is tried where nobody says what the bytes are: what people in this part of the world have ever used.
pub(crate) const GUESSES: [&str; 5] = ["windows-1252", "iso-8859-2", "macintosh", "ibm850", "windows-1251"];
/// Of a page, so much is looked at for its own label (HTML §13.2.3.2 asks for 1,024).
const META: usize = 4096;

/// What a reader may choose where the letter's own word is wrong or missing.
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

    /// Bytes as text in it.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        without_nul(decode_as(bytes, self.0))
    }
}

/// What a label names.
#[derive(Clone, Copy)]
enum Named {
    Known(&'static Encoding),
    /// Not a browser's: UTF-7, DOS.
    Old(fn(&[u8]) -> String),
    /// ASCII, or words for "I do not know".
    Guess,
    Unknown,
}

fn named(label: &str) -> Named {
    let label: String = label
        .split('*')
        .next()
        .unwrap_or(label)
        .trim_matches(|c: char| c.is_whitespace() || "\"';<>".contains(c))
        .to_ascii_lowercase();
    match label.as_str() {
        "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso646-us"
        | "iso_646.irv:1991" | "646" | "us" | "unknown-8bit" | "unknown" | "x-unknown" | "unknown-7bit"
        | "default" | "_default" | "none" | "8bit" | "7bit" | "binary" | "x-user-defined"
        | "user-defined" | "default_charset" | "charset" | "x-ascii" | "us-ascii-8bit" | "ascii-8bit"
        | "_iso-2022-jp$esc" | "ansi" => return Named::Guess,
        // T.61, as old Outlook Express calls what it sends in Latin-1.
        "ansi_x3.110-1983" | "iso-ir-99" | "csiso99naplps" | "t.61" | "t.61-8bit" | "us-latin1" => {
            return Named::Known(WINDOWS_1252);
        }
        _ => {}
    }
    let squeezed: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let spelt = [
        label.clone(),
        label.replace('_', "-"),
        format!("iso-{label}"),
        format!("iso-8859-{}", squeezed.trim_start_matches("iso").trim_start_matches("8859")),
        format!("windows-{}", numbered(&squeezed, &["windows", "win", "cp", "ms", "ansi"])),
        squeezed.replacen("utf", "utf-", 1).replace("mb4", ""),
        squeezed.clone(),
    ];
    let known = spelt.iter().filter_map(|one| Encoding::for_label(one.as_bytes())).next();
    match known {
        Some(encoding) if encoding != REPLACEMENT && encoding != X_USER_DEFINED => Named::Known(encoding),
        Some(_) | None => {
            let dos = numbered(&squeezed, &["cp", "ibm", "dos", "oem"]);
            let old = [label.as_str(), dos].into_iter().find_map(|one| match one {
                // The same letters stand at the same places where German needs them.
                "437" => charset_decoder(b"850"),
                "850" | "858" => charset_decoder(b"850"),
                "65000" | "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" => {
                    charset_decoder(b"utf-7")
                }
                _ => None,
            });
            old.map_or(Named::Unknown, Named::Old)
        }
    }
}

/// "cp1252" → "1252"
fn numbered<'a>(label: &'a str, prefixes: &[&str]) -> &'a str {
    prefixes.iter().find_map(|prefix| label.strip_prefix(prefix)).unwrap_or(label)
}

/// For people: as the label says, unless the bytes say that it is wrong.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let charset = label.map_or(Named::Guess, named);
    let text = match charset {
        Named::Old(decoder) => decoder(bytes),
        Named::Known(encoding) if encoding == UTF_8 => utf_8(bytes),
        // No other charset makes sequences of UTF-8 by chance.
        // Words of an address, joined: back to ASCII and out again says nothing, and the decoder minds.
        Named::Known(encoding) if encoding == ISO_2022_JP => {
            encoding.decode(&without_idle_shifts(bytes)).0.into_owned()
        }
        // What cannot be sixteen bits was never meant as such: Outlook calls a page "unicode" and sends it in UTF-8.
        Named::Known(encoding) if is_sixteen(encoding) && !may_be_sixteen(bytes) => utf_8(bytes),
        // "utf-16" alone says nothing of the order (RFC 2781 §4.3).
        Named::Known(encoding) if encoding == UTF_16LE && Encoding::for_bom(bytes).is_none() => {
            sixteen_bits(bytes).unwrap_or(encoding).decode(bytes).0.into_owned()
        }
        Named::Known(encoding) if encoding.is_single_byte() && is_utf_8_on_purpose(bytes) => utf_8(bytes),
        Named::Known(encoding) => encoding.decode(bytes).0.into_owned(),
        Named::Guess | Named::Unknown => utf_8(bytes),
    };
    without_nul(text)
}

fn is_sixteen(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// Text of sixteen bits has a mark or zeros, or at least not every byte is one of text in eight.
fn may_be_sixteen(bytes: &[u8]) -> bool {
    if Encoding::for_bom(bytes).is_some_and(|(encoding, _)| is_sixteen(encoding)) {
        return true;
    }
    // Line ends and blanks of sixteen bits have a zero, Greek and Cyrillic letters control characters; of Chinese, half
    // of the bytes are beyond ASCII.
    let strange = bytes.iter().any(|b| matches!(b, 0..=8 | 11 | 14..=26 | 28..=31));
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    strange
        || (bytes.len().is_multiple_of(2) && std::str::from_utf8(bytes).is_err() && high * 4 > bytes.len())
}

/// Whether the bytes may be in any charset: nothing, or nothing that is known, is said of them.
pub(crate) fn is_open(label: Option<&str>) -> bool {
    match label.map_or(Named::Guess, named) {
        Named::Guess | Named::Unknown => true,
        Named::Known(_) | Named::Old(_) => false,
    }
}

/// Whether the charset is unsupported and not a superset of ASCII ([`GUESSES`] find what else is in those). EBCDIC writes its letters where others have none.
pub(crate) fn is_unknown(bytes: &[u8], label: &str) -> bool {
    match named(label) {
        Named::Unknown => {
            let plain = bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count();
            !is_plain(bytes) && !is_utf_8_on_purpose(bytes) && plain * 2 < bytes.len()
        }
        Named::Known(_) | Named::Old(_) | Named::Guess => false,
    }
}

/// Letters, digits and punctuation of ASCII alone. EBCDIC writes its letters beyond them.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}

/// Whether bytes that nobody calls text can be nothing else: no control characters but those of text, or sixteen bits.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let is_sixteen = || Encoding::for_bom(bytes).is_some() || sixteen_bits(bytes).is_some();
    let strange = |b: &u8| matches!(b, 0..=8 | 11 | 14..=26 | 28..=31 | 127);
    !bytes.is_empty() && (!bytes.iter().any(strange) || is_sixteen())
}

/// Every text that a program may take the bytes for. `false`: there may be others that nobody here can read.
pub(crate) fn candidates(bytes: &[u8], labels: &[&str]) -> (Vec<String>, bool) {
    // Of sixteen bits, the line end before a delimiter is none.
    let bytes = if bytes.contains(&0) { bytes.strip_suffix(b"\r\n").unwrap_or(bytes) } else { bytes };
    let mut texts = vec![decode(bytes, labels.first().copied())];
    let mut whole = true;
    if labels.iter().any(|label| label.to_ascii_lowercase().contains("hz")) {
        texts.push(hz(bytes));
    }
    for charset in labels.iter().map(|label| named(label)) {
        match charset {
            Named::Known(encoding) => {
                let (text, _, damaged) = encoding.decode(bytes);
                texts.push(without_nul(text.into_owned()));
                if damaged {
                    texts.push(WINDOWS_1252.decode(bytes).0.into_owned());
                }
            }
            Named::Old(decoder) => texts.push(decoder(bytes)),
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

/// HZ (RFC 1843), which browsers have given up and mail programs have not: `~{` and `~}` around two-byte characters, `~~`
/// for a tilde, and a tilde at a line end for nothing.
fn hz(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let (taken, more): (&[u8], &[u8]) = match rest {
            [b'~', b'{', more @ ..] if !shifted => {
                shifted = true;
                (b"", more)
            }
            [b'~', b'}', more @ ..] if shifted => {
                shifted = false;
                (b"", more)
            }
            [b'~', b'~', more @ ..] if !shifted => (b"~", more),
            [b'~', b'\r', b'\n', more @ ..] | [b'~', b'\n', more @ ..] => (b"", more),
            // A line end ends it, too.
            [b'\n', more @ ..] => {
                shifted = false;
                (b"\n", more)
            }
            [_, more @ ..] if shifted => {
                out.push(first | 0x80);
                (b"", more)
            }
            _ => (std::slice::from_ref(first), tail),
        };
        out.extend_from_slice(taken);
        rest = more;
    }
    without_nul(encoding_rs::GBK.decode(&out).0.into_owned())
}

/// The label that a page gives itself.
pub(crate) fn declared_in_page(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..META.min(bytes.len())).unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    start.match_indices("<meta").find_map(|(at, _)| {
        let tag = start.get(at..)?.split('>').next()?;
        let value = tag.split_once("charset")?.1.trim_start().strip_prefix('=')?;
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let end = value.find(|c: char| c.is_whitespace() || "\"';/>".contains(c)).unwrap_or(value.len());
        let label = value.get(..end).filter(|label| !label.is_empty())?;
        // HTML §13.2.3.2: that the tag could be read shows that it is not in sixteen bits.
        let sixteen = matches!(named(label), Named::Known(encoding) if is_sixteen(encoding));
        Some(if sixteen { "utf-8" } else { label }.to_owned())
    })
}

/// A code page of Windows or DOS by its number.
pub(crate) fn of_code_page(number: u32) -> String {
    match number {
        65001 => "utf-8".to_owned(),
        1200 => "utf-16le".to_owned(),
        20127 | 0 => "us-ascii".to_owned(),
        28591..=28606 => format!("iso-8859-{}", number - 28590),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        50220..=50222 => "iso-2022-jp".to_owned(),
        10000 => "macintosh".to_owned(),
        other => format!("cp{other}"),
    }
}

pub(crate) fn decode_as(bytes: &[u8], label: &str) -> String {
    match named(label) {
        Named::Known(encoding) => encoding.decode(bytes).0.into_owned(),
        Named::Old(decoder) => decoder(bytes),
        Named::Guess | Named::Unknown => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// UTF-8 or UTF-16 by its mark, UTF-8 where it is, Windows-1252 where no sequence of UTF-8 is to be found.
fn utf_8(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0.into_owned();
    }
    if let Some(encoding) = sixteen_bits(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii()) => {
            WINDOWS_1252.decode(bytes).0.into_owned()
        }
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Text of sixteen bits shows by its zeros, where nearly every other byte is one.
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
            assert!(matches!(named(label), Named::Known(_) | Named::Old(_)), "{label}");
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
    fn a_page_may_say_its_own_charset() {
        let page =
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-2\"></head>";
        assert_eq!(declared_in_page(page.as_bytes()).as_deref(), Some("iso-8859-2"));
        assert_eq!(declared_in_page(b"<META charset=utf-8>").as_deref(), Some("utf-8"));
        assert_eq!(declared_in_page(b"<meta name=x><meta charset = 'cp1250'/>").as_deref(), Some("cp1250"));
        assert_eq!(declared_in_page(b"<p>charset=utf-8"), None);
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
        // EBCDIC
        assert_eq!(
            has(b"\xa5\x85\x99\xa3\x99\x81\xa4\x93\x89\x83\x88", &["ebcdic-de"], "vertraulich"),
            (false, false)
        );
        assert_eq!(has(b"x", &["utf-7", "utf-8"], "x"), (true, true));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), label in "[a-z0-9_*-]{0,12}") {
            let _ = (decode(&bytes, Some(&label)), candidates(&bytes, &[&label]), declared_in_page(&bytes));
        }
    }
}
