//! Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231), in every reading: a parameter that is
//! doubled, split, badly quoted or encoded in different ways has several values. Knows no field by name.

use crate::charset::{self, CharsetHint};
use crate::double_byte;
use crate::encoded_words;

/// Different values of one parameter that are kept.
const MAX_VALUES: usize = 32;
/// Parameters of one field.
const MAX_PARAMETERS: usize = 200;

/// A field's value, parsed.
#[derive(Debug, Default)]
pub(crate) struct Params {
    /// The value before the first parameter, lower case, without comments and quotes.
    pub(crate) value: String,
    all: Vec<Param>,
    /// The same where half a character looks like a mark, one for each double-byte charset.
    halves: Vec<Param>,
}

#[derive(Debug)]
struct Param {
    /// Lower case, without the suffixes of RFC 2231.
    name: String,
    /// RFC 2231 §3: number of the piece.
    piece: Option<u32>,
    /// RFC 2231 §4: it is percent-encoded and, in the first piece, begins with a charset.
    extended: bool,
    value: Vec<u8>,
    /// Other readings: without removing escapes, up to the first space, with the text after its quotes.
    others: Vec<Vec<u8>>,
}

impl Param {
    /// Read by some programs only: never the best reading.
    fn only_by_some(mut self) -> Self {
        self.others.push(std::mem::take(&mut self.value));
        self.piece = None;
        self.extended = false;
        self
    }
}

impl Params {
    pub(crate) fn read(raw: &[u8]) -> Self {
        let text: Vec<u8> = raw.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
        let pieces = split(&text);
        let value = pieces.first().map(|first| plain_value(first)).unwrap_or_default();
        let mut all: Vec<Param> = pieces.iter().filter_map(param).take(MAX_PARAMETERS).collect();
        // An unclosed quote swallows all the rest for some readers and nothing for others.
        if text.iter().filter(|b| **b == b'"').count() % 2 == 1 {
            all.extend(text.split(|b| *b == b';').skip(1).filter_map(param).take(MAX_PARAMETERS));
        }
        // A semicolon in a value that is not quoted: what follows it is no parameter.
        all.extend(
            with_semicolons(&pieces).iter().filter_map(param).map(Param::only_by_some).take(MAX_PARAMETERS),
        );
        // So does a missing semicolon, or a comma in its place.
        let words = text.split(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';'));
        all.extend(words.filter_map(param).map(Param::only_by_some).take(MAX_PARAMETERS));
        // RFC 5322 §2.2.3: unfolding keeps white space; readers that remove it get a longer word.
        if raw.trim_ascii_end().contains(&b'\n') {
            let joined = raw.split(|b| *b == b'\n').enumerate().flat_map(|(number, line)| {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if number == 0 { line } else { line.trim_ascii_start() }
            });
            let joined: Vec<u8> = joined.copied().collect();
            all.extend(split(&joined).iter().filter_map(param).map(Param::only_by_some).take(MAX_PARAMETERS));
        }
        let halves = double_byte::escaped(&text);
        let halves = halves.iter().flat_map(|text| split(text)).collect::<Vec<_>>();
        let halves = halves.iter().filter_map(param).filter(|one| one.piece.is_none() && !one.extended);
        Self { value, all, halves: halves.take(MAX_PARAMETERS).collect() }
    }

    /// The best reading: extended before plain (RFC 6266 §4.3), the first of two.
    pub(crate) fn first(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    /// The best reading of a file's name, with what is known about unlabelled bytes: a backslash in a Windows path is
    /// no escape, whatever RFC 5322 §3.2.1 says, and neither is one that is half a character.
    pub(crate) fn file_name(&self, name: &str, beside: CharsetHint) -> Option<String> {
        let halves = self.halves.iter().filter(|one| one.name == name);
        let mut legible = halves.map(|one| encoded_words::decode_beside(&one.value, beside));
        if let Some(name) = legible.find(|text| !text.is_ascii() && !text.contains(['\\', '\u{fffd}'])) {
            return Some(name);
        }
        let all = self.values_beside(name, beside);
        let first = all.first()?.clone();
        if let Some(name) = labelled_plainly(&first, beside) {
            return Some(name);
        }
        // As browsers' forms and some mail programs write it, without RFC 2231: `Gr%C3%B6%C3%9Fe.pdf`.
        let plain = String::from_utf8(percent_decoded(first.as_bytes())).unwrap_or_default();
        if first.is_ascii() && !plain.is_ascii() {
            return Some(plain);
        }
        if let Some(name) = within_single_quotes(&first) {
            return Some(name);
        }
        let bare = |text: &str| text.replace('\\', "");
        let paths = || all.iter().filter(|one| is_windows_path(one)).cloned();
        let path = paths().find(|path| bare(path) == bare(&first));
        Some(path.unwrap_or(first))
    }

    /// Whether a value is in a charset that we cannot decode, so that there may be other readings.
    pub(crate) fn is_illegible(&self) -> bool {
        self.all.iter().any(|one| {
            let labelled = one.extended.then(|| labelled(&one.value));
            let unknown = |(label, rest): (Option<String>, &[u8])| {
                label.is_some_and(|label| charset::is_unknown(&percent_decoded(rest), &label))
            };
            encoded_words::is_illegible(&one.value) || labelled.is_some_and(unknown)
        })
    }

    /// Every reading, the best first.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        self.values_beside(name, CharsetHint::Nothing)
    }

    fn values_beside(&self, name: &str, beside: CharsetHint) -> Vec<String> {
        let named = || self.all.iter().filter(|one| one.name == name);
        let mut found: Vec<String> = Vec::new();
        let mut add = |text: String| {
            if !text.is_empty() && !found.contains(&text) && found.len() < MAX_VALUES {
                found.push(text);
            }
        };
        for one in named().filter(|one| one.piece.is_none() && one.extended) {
            add(extended(&one.value, beside));
        }
        let mut pieces: Vec<&Param> = named().filter(|one| one.piece.is_some()).collect();
        if !pieces.is_empty() {
            let as_they_stand = joined(&pieces, beside);
            pieces.sort_by_key(|one| one.piece);
            let all = joined(&pieces, beside);
            let mut first = pieces.clone();
            first.dedup_by_key(|one| one.piece);
            add(joined(&first, beside));
            pieces.reverse();
            pieces.dedup_by_key(|one| one.piece);
            pieces.reverse();
            add(joined(&pieces, beside));
            add(all);
            add(as_they_stand);
        }
        for one in named().filter(|one| one.piece.is_none() && !one.extended) {
            add(encoded_words::decode_beside(&one.value, beside));
        }
        let halves = self.halves.iter().filter(|one| one.name == name).map(|one| &one.value);
        for one in named().flat_map(|one| one.others.iter().chain([&one.value])).chain(halves) {
            add(encoded_words::decode_beside(one, beside));
            add(beside.decode(one, None));
            if one.contains(&b'%') {
                add(extended(one, beside));
            }
        }
        found
    }
}

/// `utf-8''Gr%C3%B6%C3%9Fe.pdf` in a parameter without the star that RFC 2231 wants for that.
fn labelled_plainly(text: &str, beside: CharsetHint) -> Option<String> {
    let (label, rest) = text.split_once('\'')?;
    let (language, _) = rest.split_once('\'')?;
    let is_language = language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_charset = is_language && !label.is_empty() && !charset::is_open(Some(label));
    (is_charset && text.is_ascii()).then(|| extended(text.as_bytes(), beside))
}

/// `'Bericht.pdf'`: quotes that are none.
fn within_single_quotes(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?.trim();
    (!inner.is_empty() && !inner.contains('\'')).then(|| inner.to_owned())
}

/// `C:\Users\anna\x.pdf`, `\\server\share\x.pdf`
fn is_windows_path(text: &str) -> bool {
    match text.as_bytes() {
        [drive, b':', b'\\', next, ..] => drive.is_ascii_alphabetic() && *next != b'\\',
        [b'\\', b'\\', next, rest @ ..] => *next != b'\\' && rest.contains(&b'\\'),
        _ => false,
    }
}

/// The pieces between semicolons outside quotes and comments.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.iter().copied() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                pieces.push(std::mem::take(&mut piece));
                continue;
            }
            _ => {}
        }
        piece.push(byte);
    }
    pieces.push(piece);
    pieces
}

/// Parameters together with the pieces behind them that name none, as they stood.
fn with_semicolons(pieces: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut open: Option<(Vec<u8>, bool)> = None;
    let mut close =
        |open: Option<(Vec<u8>, bool)>| all.extend(open.filter(|(_, longer)| *longer).map(|(text, _)| text));
    for piece in pieces.iter().skip(1) {
        match &mut open {
            Some((text, longer)) if !piece.contains(&b'=') && !piece.trim_ascii().is_empty() => {
                text.push(b';');
                text.extend_from_slice(piece);
                *longer = true;
            }
            Some(_) | None => close(open.replace((piece.clone(), false))),
        }
    }
    close(open);
    all
}

fn plain_value(piece: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&without_comments(piece)).trim().to_ascii_lowercase();
    // RFC 822 allowed blanks between all tokens: `text / html`.
    if let Some((kind, sub)) = text.split_once('/') {
        text = format!("{}/{}", kind.trim_end(), sub.trim_start());
    }
    text.trim_matches(['"', '\'', '<', '>', ' ']).split_whitespace().next().unwrap_or_default().to_owned()
}

/// RFC 822 comments, outside quotes.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.iter().copied() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted || depth > 0 => escaped = true,
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(byte);
        }
    }
    out
}

fn param(piece: &(impl AsRef<[u8]> + ?Sized)) -> Option<Param> {
    let piece = piece.as_ref();
    let equals = piece.iter().position(|b| *b == b'=')?;
    let (name, value) = (piece.get(..equals)?, piece.get(equals + 1..)?.trim_ascii());
    let name = String::from_utf8_lossy(&without_comments(name)).trim().to_ascii_lowercase();
    let (name, extended) = match name.strip_suffix('*') {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    let (name, number) = match name.rsplit_once('*') {
        Some((name, number)) => (name, number.parse().ok()),
        None => (name, None),
    };
    let mut others = Vec::new();
    let first = match value.strip_prefix(b"\"") {
        Some(rest) => {
            let (inside, after) = unquoted(rest);
            others.push(rest.strip_suffix(b"\"").unwrap_or(rest).to_vec());
            others.push([inside.as_slice(), after.trim_ascii()].concat());
            inside
        }
        None => {
            others.push(without_comments(value).trim_ascii().to_vec());
            let word = value.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            others.push(word.to_vec());
            others.push(value.iter().copied().filter(|b| !matches!(b, b'"' | b'\'')).collect());
            value.to_vec()
        }
    };
    others.retain(|other| *other != first);
    Some(Param { name: name.trim().to_owned(), piece: number, extended, value: first, others })
}

/// The text up to the closing quote, and the text after it.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (out, text.get(at + 1..).unwrap_or_default()),
            b'\\' => out.extend(bytes.next().map(|(_, escaped)| escaped)),
            _ => out.push(byte),
        }
    }
    (out, b"")
}

/// RFC 2231 §4.1: extended and plain pieces may be mixed; the first one names the charset.
fn joined(pieces: &[&Param], beside: CharsetHint) -> String {
    let mut label = None;
    let mut bytes = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        if piece.extended {
            let (named, rest) =
                if number == 0 { labelled(&piece.value) } else { (None, piece.value.as_slice()) };
            label = label.or(named);
            bytes.extend(percent_decoded(rest));
        } else {
            bytes.extend_from_slice(&piece.value);
        }
    }
    match label {
        Some(label) => beside.decode(&bytes, Some(&label)),
        None => encoded_words::decode_beside(&bytes, beside),
    }
}

fn extended(value: &[u8], beside: CharsetHint) -> String {
    let (label, rest) = labelled(value);
    let bytes = percent_decoded(rest);
    // Some write encoded-words there, against RFC 2231 §4.
    if bytes.is_ascii() && bytes.windows(2).any(|two| two == b"=?") {
        return encoded_words::decode_beside(&bytes, beside);
    }
    beside.decode(&bytes, label.as_deref())
}

/// `utf-8'de'text`
fn labelled(value: &[u8]) -> (Option<String>, &[u8]) {
    let mut quotes = value.iter().enumerate().filter(|(_, b)| **b == b'\'').map(|(at, _)| at);
    match (quotes.next(), quotes.next()) {
        (Some(first), Some(second)) => (
            value.get(..first).map(|label| String::from_utf8_lossy(label).into_owned()),
            value.get(second + 1..).unwrap_or_default(),
        ),
        _ => (None, value),
    }
}

pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.filter(|_| *byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(raw: &str, name: &str) -> String {
        Params::read(raw.as_bytes()).first(name).unwrap_or_default()
    }

    #[test]
    fn a_files_name_is_read_as_programs_write_it() {
        for (raw, name) in [
            ("attachment; filename='Bericht.pdf'", "Bericht.pdf"),
            ("attachment; filename=\"'Bericht vom 3. Mai.pdf'\"", "Bericht vom 3. Mai.pdf"),
            ("attachment; filename=\"Anna's 'Bericht'.pdf\"", "Anna's 'Bericht'.pdf"),
            ("attachment; filename=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
            ("attachment; filename=\"UTF-8'de'Gr%C3%B6%C3%9Fe.pdf\"", "Größe.pdf"),
            ("attachment; filename=iso-8859-1''Gr%F6%DFe.pdf", "Größe.pdf"),
            ("attachment; filename=\"it's o'clock.pdf\"", "it's o'clock.pdf"),
            ("attachment; filename*=\"=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=\"", "Größe.pdf"),
            ("attachment; filename*=utf-8''=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=", "Größe.pdf"),
            ("attachment; filename=\"=?utf-8?B?8J+Yg?= =?utf-8?B?CBTY2hhZGVuLnBkZg==?=\"", "😀 Schaden.pdf"),
            (
                "attachment; filename=\"=?utf-8?B?R3LDt?=\r\n =?UTF-8?B?sOfZ?= =?utf-8?B?S5wZGY=?=\"",
                "Größe.pdf",
            ),
        ] {
            let read = Params::read(raw.as_bytes()).file_name("filename", CharsetHint::Nothing);
            assert_eq!(read.as_deref(), Some(name), "{raw}");
        }
    }

    #[test]
    fn a_path_of_windows_keeps_its_backslashes() {
        for (raw, name) in [
            ("attachment; filename=\"C:\\Users\\anna\\Schaden.pdf\"", "C:\\Users\\anna\\Schaden.pdf"),
            ("attachment; filename=\"C:\\\\Users\\\\anna\\\\Schaden.pdf\"", "C:\\Users\\anna\\Schaden.pdf"),
            ("attachment; filename=\"\\\\server\\share\\x.pdf\"", "\\\\server\\share\\x.pdf"),
            ("attachment; filename=\"a\\\"b.pdf\"", "a\"b.pdf"),
            ("attachment; filename=\"Schaden 12\\\\2026.pdf\"", "Schaden 12\\2026.pdf"),
        ] {
            assert_eq!(
                Params::read(raw.as_bytes()).file_name("filename", CharsetHint::Nothing).as_deref(),
                Some(name),
                "{raw}"
            );
        }
    }

    #[test]
    fn half_a_character_is_no_mark() {
        use crate::charset::Declared;
        let read = |raw: &[u8], label: &str| {
            let beside = Declared::parse(label).map_or(CharsetHint::Nothing, CharsetHint::Declared);
            Params::read(raw).file_name("filename", beside).unwrap_or_default()
        };
        for (label, encoding) in
            [("shift_jis", encoding_rs::SHIFT_JIS), ("iso-2022-jp", encoding_rs::ISO_2022_JP)]
        {
            for name in ["予定表.pdf", "ソ能十", "あい\u{3042}表 2026.xlsx"] {
                let field = format!("attachment; filename=\"{name}\"; size=7");
                assert_eq!(read(&encoding.encode(&field).0, label), name, "{label}");
            }
        }
        let field = "attachment; filename=\"成功許可.pdf\"";
        assert_eq!(read(&encoding_rs::BIG5.encode(field).0, "big5"), "成功許可.pdf");
        let field = "attachment; filename=\"誠信\"; x=y";
        assert_eq!(read(&encoding_rs::GBK.encode(field).0, "gbk"), "誠信");
        assert_eq!(read(b"attachment; filename=\"Gr\xf6\\\"x.pdf\"", "iso-8859-1"), "Grö\"x.pdf");
    }

    #[test]
    fn one_value_is_the_best() {
        for (raw, value) in [
            (" attachment; filename=a.pdf", "a.pdf"),
            (" attachment;\r\n\tFileName=\"a b.pdf\"", "a b.pdf"),
            ("attachment; filename=\"a\\\"b.pdf\"", "a\"b.pdf"),
            ("attachment; filename=Rechnung (1).pdf", "Rechnung (1).pdf"),
            ("attachment; filename=x.pdf; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
            ("attachment; filename*0*=utf-8''Gr%C3; filename*1*=%B6%C3%9Fe; filename*2=.pdf", "Größe.pdf"),
            ("attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
            ("x; filename=\"=?UTF-8?Q?Gr=C3?=\r\n =?UTF-8?Q?=B6=C3=9Fe.pdf?=\"", "Größe.pdf"),
            ("x; filename*=iso-8859-1'de'Gr%F6%DFe.pdf", "Größe.pdf"),
            ("x; filename=\"Gr\u{f6}\u{df}e.pdf\"", "Größe.pdf"),
            ("x; filename=\"a;b.pdf\"", "a;b.pdf"),
        ] {
            assert_eq!(first(raw, "filename"), value, "{raw}");
        }
        assert_eq!(first("text/plain; charset=\"iso-8859-1\"", "charset"), "iso-8859-1");
        assert_eq!(Params::read(b" \"Text/HTML\" (x) ; charset=x").value, "text/html");
        assert_eq!(Params::read(b"").first("x"), None);
    }

    #[test]
    fn every_reading_is_a_value() {
        let has = |raw: &str, value: &str| {
            let values = Params::read(raw.as_bytes()).values("filename");
            assert!(values.iter().any(|one| one == value), "{raw}: {values:?}");
        };
        has("x; filename=a.txt; filename=a.pdf", "a.pdf");
        has("x; filename=a.txt; filename=a.pdf", "a.txt");
        has("x; filename=Schaden 7; Teil 2; Befund.pdf; size=7", "Schaden 7; Teil 2; Befund.pdf");
        has("x; filename=Schaden 7; Teil 2; Befund.pdf; size=7", "Schaden 7");
        has("x; filename=a.pdf; filename*=utf-8''a.txt", "a.pdf");
        has("x; filename*0=a.; filename*1=pdf; filename=b.txt", "a.pdf");
        has("x; filename*0=a.; filename*1=txt; filename*1=pdf", "a.txt");
        has("x; filename*0=a.; filename*1=txt; filename*1=pdf", "a.pdf");
        has("x; filename*1=pdf; filename*0=a.", "a.pdf");
        has("x; filename=\"a.pdf", "a.pdf");
        has("x; filename=\"a.txt; filename=b.pdf", "b.pdf");
        has("x; filename=\"a.txt\".pdf", "a.txt.pdf");
        has("x; filename=a.pdf (x)", "a.pdf");
        has("x; filename=a.pdf x", "a.pdf");
        has("x; filename=\"C:\\temp\\a.pdf\"", "C:\\temp\\a.pdf");
        has("x; filename='a.pdf'", "a.pdf");
        has("x; filename=\"a%2Epdf\"", "a.pdf");
        has("x; filename==?utf-8?Q?a.pdf?=", "a.pdf");
        has("filename=a.pdf", "a.pdf");
        has("x; filename=\"a.p\r\n df\"", "a.pdf");
        has("attachment filename=\"a.pdf\"", "a.pdf");
        has("attachment, filename=a.pdf", "a.pdf");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Params::read(&raw).values("filename");
        }

        #[test]
        fn arbitrary_parameters_never_panic(raw in "x(; ?(filename|name)(\\*[0-9]?)?\\*?=[a\"'\\\\%2();= ]{0,8}){0,8}") {
            let _ = (Params::read(raw.as_bytes()).values("filename"), Params::read(raw.as_bytes()).first("name"));
        }
    }
}
