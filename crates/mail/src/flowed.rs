//! Rejoins plain text that was broken into lines (RFC 3676, RFC 5545 §3.1). Pure.

/// The parameter `DelSp` of `format=flowed` (RFC 3676 §4.1): whether the space at the end of a flowed line is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DelSp {
    /// It is deleted.
    Yes,
    /// It is part of the text.
    No,
}

impl DelSp {
    /// By the parameter, in any of the ways in which it can be read.
    pub(crate) fn read(values: impl IntoIterator<Item = String>) -> Self {
        match values.into_iter().any(|value| value.eq_ignore_ascii_case("yes")) {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// `format=flowed`: joins flowed lines and removes space-stuffing; keeps quoting.
pub(crate) fn unflowed(text: &str, delsp: DelSp) -> String {
    let mut out = String::with_capacity(text.len());
    // Quote depth of the paragraph that continues.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let rest = line.trim_start_matches('>');
        let quotes = line.len() - rest.len();
        let content = rest.strip_prefix(' ').unwrap_or(rest);
        // RFC 3676 §4.3: a signature separator is never joined. §4.5: nor are lines of different quote depth.
        let is_signature = content == "-- ";
        let before = open.take();
        if before != Some(quotes) || is_signature {
            if before.is_some() {
                out.push('\n');
            }
            begin(&mut out, quotes);
            // RFC 3676 §4.4: behind stuffing a mark of quoting is text. With a blank before it no reader takes it for more.
            if content.starts_with('>') {
                out.push(' ');
            }
        }
        let goes_on = content.ends_with(' ') && !is_signature;
        if goes_on {
            open = Some(quotes);
            out.push_str(match delsp {
                DelSp::Yes => content.strip_suffix(' ').unwrap_or(content),
                DelSp::No => content,
            });
        } else {
            out.push_str(content);
            out.push('\n');
        }
    }
    out
}

fn begin(out: &mut String, quotes: usize) {
    if quotes > 0 {
        out.extend(std::iter::repeat_n('>', quotes));
        out.push(' ');
    }
}

/// Joins a calendar's folded lines before the bytes are decoded: a fold may split a character (RFC 5545 §3.1).
pub(crate) fn unfolded_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        rest = match rest {
            [b'\r', b'\n', b' ' | b'\t', after @ ..] | [b'\n', b' ' | b'\t', after @ ..] => after,
            _ => {
                out.push(*byte);
                tail
            }
        };
    }
    out
}

/// Joins a calendar's folded lines and removes its escapes.
pub(crate) fn unfolded_calendar(text: &str) -> String {
    unfolded(text).replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
}

/// Joins a calendar's folded lines.
pub(crate) fn unfolded(text: &str) -> String {
    text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paragraphs_come_together_again() {
        assert_eq!(
            unflowed(
                "Der Satz geht \r\nweiter und \r\nendet hier.\r\n> Zitat das \r\n> weiter geht.\r\n-- \r\nAnna\r\n  From\r\n",
                DelSp::No
            ),
            "Der Satz geht weiter und endet hier.\n> Zitat das weiter geht.\n-- \nAnna\n From\n"
        );
        assert_eq!(unflowed("ver \r\ntraulich\r\n", DelSp::Yes), "vertraulich\n");
        assert_eq!(unflowed("a \r\n>b\r\n", DelSp::No), "a \n> b\n");
        assert_eq!(
            unflowed(" >kein Zitat\r\n> >auch \r\n> >keins\r\n", DelSp::No),
            " >kein Zitat\n>  >auch >keins\n"
        );
        assert_eq!(unfolded_bytes("SUMMARY:Gr\u{f6}".as_bytes()), "SUMMARY:Gr\u{f6}".as_bytes());
        assert_eq!(unfolded_bytes(b"Gr\xc3\r\n \xb6\n\t\xc3\n \x9fe\r\n"), "Größe\r\n".as_bytes());
        assert_eq!(unfolded_calendar("SUMMARY:ver\r\n traulich\\, x\r\n"), "SUMMARY:vertraulich, x\n");
    }

    proptest! {
        #[test]
        fn words_are_never_lost(text in "([a-z>]{0,5} ?\n){0,10}") {
            let words = |text: &str| text.replace(['>', ' ', '\n'], "");
            prop_assert_eq!(words(&unflowed(&text, DelSp::No)), words(&text));
        }
    }
}
