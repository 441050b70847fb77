//! Breaks lines that are longer than a mail server must accept, as Postfix does. Knows no SMTP and no MIME, and leaves
//! every other line as it is.
//!
//! RFC 5321 §4.5.3.1.6: 998 octets and CRLF. Scanners and programs write whole files as one line of base64, whose
//! decoders ignore line ends and spaces (RFC 2045 §6.8). A header field may be folded at a space (RFC 5322 §2.2.3), and
//! text or HTML lose nothing there: so lines are broken at a space where one is near.

use memchr::memchr_iter;

use crate::content::Opened;

/// How far before the end of a piece a space is searched for.
const NEAR: usize = 200;
/// A space at the start of the next line: in the head it continues the field, and no line begins with a dot.
const WITH_BLANK: &[u8] = b"\r\n ";
/// Where the line has a space of its own.
const ALONE: &[u8] = b"\r\n";

/// A line end to be inserted before this octet.
struct Cut {
    at: usize,
    put: &'static [u8],
}

/// The letter with no line longer than `most` octets and CRLF, and the number of inserted line ends.
pub(crate) fn broken(mut letter: Opened, most: usize) -> (Opened, usize) {
    let mut cuts = Vec::new();
    let mut start = 0;
    let ends = memchr_iter(b'\n', &letter.bytes).chain([letter.bytes.len()]);
    for end in ends {
        let line = letter.bytes.get(start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > most {
            cut(line, start, most, &mut cuts);
        }
        start = end.saturating_add(1);
    }
    let more = |cuts: &[Cut]| cuts.iter().map(|cut| cut.put.len()).sum::<usize>();
    let in_head = cuts.partition_point(|cut| cut.at < letter.head);
    letter.head += more(cuts.get(..in_head).unwrap_or_default());
    insert(&mut letter.bytes, &cuts, more(&cuts));
    (letter, cuts.len())
}

/// Where this line, which begins at `start` of the letter, is broken.
fn cut(line: &[u8], start: usize, most: usize, cuts: &mut Vec<Cut>) {
    // Start of the current piece, and the octets of a space inserted before it.
    let (mut from, mut blank) = (0, 0);
    while line.len() - from + blank > most {
        let full = from + (most - blank).max(2);
        let near = line.get(full.saturating_sub(NEAR).max(from + 1)..full).unwrap_or_default();
        let (at, put) = match near.iter().rposition(|octet| matches!(octet, b' ' | b'\t')) {
            Some(before) => (full - near.len() + before, ALONE),
            None => (full - within_character(line, full), WITH_BLANK),
        };
        cuts.push(Cut { at: start + at, put });
        (from, blank) = (at, put.len() - ALONE.len());
    }
}

/// The number of octets by which to cut earlier, so that no UTF-8 character is split.
fn within_character(line: &[u8], at: usize) -> usize {
    let continues = |back: &usize| line.get(at - back).is_some_and(|octet| octet & 0xC0 == 0x80);
    let back = (0..4.min(at)).take_while(continues).count();
    // Four continuation octets in a row are not UTF-8; then any position will do.
    if back < 4 { back } else { 0 }
}

/// Inserts the line ends from the last one on, so that every octet moves once and the letter is not copied.
fn insert(bytes: &mut Vec<u8>, cuts: &[Cut], more: usize) {
    let mut from = bytes.len();
    let mut to = from + more;
    bytes.resize(to, 0);
    for cut in cuts.iter().rev() {
        to -= from - cut.at;
        bytes.copy_within(cut.at..from, to);
        from = cut.at;
        to -= cut.put.len();
        if let Some(place) = bytes.get_mut(to..to + cut.put.len()) {
            place.copy_from_slice(cut.put);
        }
    }
}

/// The most that inserted line ends of a letter of this size can take, with lines of at most this length.
pub(crate) fn max_growth(size: usize, most: usize) -> usize {
    (size / most.saturating_sub(NEAR).max(2) + 1).saturating_mul(WITH_BLANK.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, most: usize) -> String {
        let head = text.find("\r\n\r\n").map_or(text.len(), |at| at + 4);
        let capacity = text.len() + max_growth(text.len(), most);
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(text.as_bytes());
        let place = bytes.as_ptr();
        let (letter, _) = broken(Opened { bytes, head }, most);
        assert_eq!(letter.bytes.as_ptr(), place, "the letter was copied");
        let out = String::from_utf8(letter.bytes).unwrap();
        assert!(out.split("\r\n").all(|line| line.len() <= most), "{out}");
        assert!(
            !text.contains("\r\n\r\n")
                || out.get(..letter.head).is_some_and(|head| head.ends_with("\r\n\r\n")),
            "{out}"
        );
        out
    }

    #[test]
    fn what_fits_is_not_touched() {
        for text in ["", "\r\n", "a\r\n", "Subject: x\r\n\r\n.\r\n..\r\n1234567890\r\n", "no end"] {
            assert_eq!(run(text, 10), text);
        }
    }

    #[test]
    fn base64_decodes_as_before_and_its_neighbours_are_as_they_were() {
        let line = "QUJD".repeat(4_000);
        let text = format!("Subject: scan\r\n\r\n--x\r\n\r\n{line}\r\n--x--\r\n");
        let out = run(&text, 998);
        assert_ne!(out, text);
        assert_eq!(out.replace("\r\n ", ""), text);
    }

    #[test]
    fn a_line_ends_at_a_blank_that_it_has() {
        assert_eq!(run("aaaa bbbb cccc\r\n", 10), "aaaa bbbb\r\n cccc\r\n");
        assert_eq!(run("Subject: aaa bbb\r\n\r\nx\r\n", 14), "Subject: aaa\r\n bbb\r\n\r\nx\r\n");
    }

    #[test]
    fn no_character_is_split() {
        let text = "ä".repeat(100) + "\r\n";
        assert_eq!(run(&text, 11).replace("\r\n ", ""), text);
        let text = "😀".repeat(50) + "\r\n";
        assert_eq!(run(&text, 11).replace("\r\n ", ""), text);
    }

    #[test]
    fn octets_that_are_no_characters_are_broken_all_the_same() {
        let bytes = [vec![0x80; 50], b"\r\n".to_vec()].concat();
        let (letter, cuts) = broken(Opened { bytes, head: 0 }, 10);
        assert!(letter.bytes.split(|octet| *octet == b'\n').all(|line| line.len() <= 11));
        assert_eq!(cuts, 5);
    }

    #[test]
    fn several_long_lines_each_keep_their_end() {
        let text = format!("{}\r\nshort\r\n{}\r\n", "a".repeat(30), "b".repeat(30));
        let out = run(&text, 12);
        assert_eq!(out.replace("\r\n ", ""), text);
    }
}
