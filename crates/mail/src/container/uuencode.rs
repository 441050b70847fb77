//! Finds uuencoded files within a text (POSIX uuencode): their positions, names and contents.

use std::ops::Range;

use crate::transfer;

/// Files in one text.
const MAX_FILES: usize = 200;

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// From `begin` to the end of `end`.
    pub(crate) range: Range<usize>,
    /// `true`: it has its end line, and every line was valid.
    pub(crate) whole: bool,
}

/// The files in a text, and whether the list is complete.
pub(crate) fn files(text: &[u8]) -> (Vec<File>, bool) {
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(found) = find_begin(text, at) {
        if files.len() == MAX_FILES {
            return (files, false);
        }
        match file(text, found) {
            Some(file) => {
                at = file.range.end.max(found + 1);
                files.push(file);
            }
            None => at = found + 1,
        }
    }
    (files, true)
}

/// The lines of files in a text that are quoted or indented, without the marks before them. Of one that is cut short no program
/// makes a file.
pub(crate) fn quoted(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut lines = Lines { text, at: 0 };
    while found.len() < MAX_FILES
        && let Some(line) = lines.next()
    {
        let marks = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'>' | b'|')).count();
        let (marks, first) = line.split_at_checked(marks).unwrap_or((line, b""));
        if marks.is_empty() || !(first.starts_with(b"begin ") || first.starts_with(b"begin-")) {
            continue;
        }
        let mut file = [first, b"\n"].concat();
        let mut whole = false;
        let mut ahead = Lines { text, at: lines.at };
        while let Some(line) = ahead.next() {
            // A blank at the end of a line may be lost.
            let bare = line.strip_prefix(marks).or_else(|| line.strip_prefix(marks.trim_ascii_end()));
            let Some(bare) = bare.filter(|bare| !bare.starts_with(b"begin")) else { break };
            file.extend_from_slice(bare);
            file.push(b'\n');
            lines.at = ahead.at;
            if matches!(bare, b"end" | b"====") {
                whole = true;
                break;
            }
        }
        if whole {
            found.push(file);
        }
    }
    found
}

/// All of `text` decoded, as `Content-Transfer-Encoding: x-uuencode` means it.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    files(text).0.into_iter().next().map(|file| file.bytes)
}

/// Where a line begins with `begin `.
fn find_begin(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr::memmem::find(text.get(at..)?, b"begin")?;
        let line_starts = found == 0 || text.get(found - 1) == Some(&b'\n');
        if line_starts && matches!(text.get(found + 5), Some(b' ' | b'-')) {
            return Some(found);
        }
        at = found + 1;
    }
}

fn file(text: &[u8], start: usize) -> Option<File> {
    let mut lines = Lines { text, at: start };
    let first = lines.next()?;
    let (kind, rest) = first.split_at_checked(first.iter().position(|b| *b == b' ')?)?;
    let is_base64 = kind == b"begin-base64";
    if !is_base64 && kind != b"begin" {
        return None;
    }
    let rest = rest.trim_ascii_start();
    let (mode, name) = rest.split_at_checked(rest.iter().position(|b| *b == b' ')?)?;
    if !(3..=4).contains(&mode.len()) || !mode.iter().all(|b| (b'0'..=b'7').contains(b)) {
        return None;
    }
    let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
    let mut file = File { name, bytes: Vec::new(), range: start..lines.at, whole: false };
    let mut encoded = Vec::new();
    while let Some(line) = lines.next() {
        if is_base64 {
            if line == b"====" {
                file.whole = true;
            } else {
                encoded.extend_from_slice(line);
            }
        } else if line == b"end" {
            file.whole = true;
        } else if !push(line, &mut file.bytes) {
            // Without a line before it, this was the sentence "begin 644 times" in a letter.
            break;
        }
        file.range.end = lines.at;
        if file.whole {
            break;
        }
    }
    if is_base64 {
        file.bytes = transfer::base64_lenient(&encoded);
    }
    (file.whole || !file.bytes.is_empty()).then_some(file)
}

/// One line: its length, then four characters for three bytes. Trailing spaces may have been lost in transit.
fn push(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((first, body)) = line.split_first() else { return true };
    let value = |byte: u8| if (0x20..=0x60).contains(&byte) { Some((byte - 0x20) & 0x3f) } else { None };
    let Some(length) = value(*first).map(usize::from) else { return false };
    // One checksum character may follow; a longer line is not uuencode.
    let needed = length.div_ceil(3) * 4;
    if body.len() > needed + 2 || (length > 0 && body.len() + 4 < needed.min(8)) {
        return false;
    }
    let mut line = Vec::with_capacity(length + 2);
    for four in body.get(..needed.min(body.len())).unwrap_or_default().chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            let Some(six) = value(four.get(at).copied().unwrap_or(b' ')) else { return false };
            bits = bits << 6 | u32::from(six);
        }
        line.extend_from_slice(bits.to_be_bytes().get(1..).unwrap_or_default());
    }
    line.resize(length, 0);
    out.append(&mut line);
    true
}

struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        self.at += end;
        let line = rest.get(..end)?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(bytes: &[u8]) -> String {
        let digit = |six: u8| char::from(if six == 0 { b'`' } else { six + 0x20 });
        let line = |chunk: &[u8]| {
            let body = chunk.chunks(3).flat_map(|three| {
                let byte = |at: usize| three.get(at).copied().unwrap_or(0);
                let bits = u32::from_be_bytes([0, byte(0), byte(1), byte(2)]);
                [18, 12, 6, 0].map(|shift| digit(u8::try_from(bits >> shift & 0x3f).unwrap()))
            });
            format!("{}{}\r\n", digit(u8::try_from(chunk.len()).unwrap()), body.collect::<String>())
        };
        bytes.chunks(45).map(line).collect::<String>() + "`\r\nend\r\n"
    }

    #[test]
    fn files_in_a_text_are_found() {
        let text =
            b"Anbei die Datei\r\n\r\nbegin 644 bericht.txt\r\n+2&%L;&\\@5V5L=`H`\r\n`\r\nend\r\nGruss\r\n";
        let (found, all) = files(text);
        assert!(all);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name.as_str(), found[0].bytes.as_slice()),
            ("bericht.txt", b"Hallo Welt\n".as_slice())
        );
        assert!(found[0].whole && &text[found[0].range.end..] == b"Gruss\r\n");
        let base64 = b"begin-base64 600 a b.txt\nSGFsbG8=\n====\n";
        let (found, _) = files(base64);
        assert_eq!(
            (found[0].name.as_str(), found[0].bytes.as_slice(), found[0].whole),
            ("a b.txt", b"Hallo".as_slice(), true)
        );
    }

    #[test]
    fn quoted_and_indented_files_are_found() {
        let plain = "begin 644 a.txt\r\n+2&%L;&\\@5V5L=`H`\r\n`\r\nend\r\n";
        for marks in ["> ", ">", "    ", "\t", ">> ", "> > ", "| "] {
            let text: String = plain.lines().map(|line| format!("{marks}{line}\r\n")).collect();
            let found = quoted(format!("x\r\n{text}y\r\n").as_bytes());
            let files: Vec<File> = found.iter().flat_map(|text| files(text).0).collect();
            assert_eq!(files.len(), 1, "{marks:?}");
            assert!(files[0].whole && files[0].bytes == b"Hallo Welt\n", "{marks:?}");
        }
        let two = "> begin 644 a\n> #0V%T\n> begin 644 b\n> #0V%T\n> `\n> end\n";
        assert_eq!(quoted(two.as_bytes()).len(), 1, "the first is cut short");
        assert_eq!(quoted(plain.as_bytes()), [b""; 0]);
        assert_eq!(quoted(b"> begin\n> x begin 644 a\n>"), [b""; 0]);
    }

    #[test]
    fn what_only_begins_like_one_is_none_and_what_is_cut_is_said() {
        for prose in [
            "begin 644 times",
            "begin\r\nx",
            "to begin 644 x\r\n",
            "begin 999 x\r\n",
            "begin 644 von allem an wurde gesagt\r\ndass es gut ist\r\n",
        ] {
            assert_eq!(files(prose.as_bytes()), (Vec::new(), true), "{prose}");
        }
        let cut = "begin 644 a.pdf\r\n+2&%L;&\\@5V5L=`H`\r\n";
        let found = files(cut.as_bytes()).0;
        assert_eq!((found.len(), found[0].whole), (1, false));
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = format!("vor\r\nbegin 644 x\r\n{}nach", encode(&bytes));
            let found = files(text.as_bytes()).0;
            prop_assert_eq!(&found[0].bytes, &bytes);
            prop_assert!(found[0].whole);
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(begin(-base64)? 644 x\n|end\n|[ -`]{0,20}\n){0,10}") {
            let _ = files(text.as_bytes());
        }
    }
}
