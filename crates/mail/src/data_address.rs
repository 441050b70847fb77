//! Addresses that hold what they lead to (RFC 2397): `data:text/html;base64,…`. Knows no page and opens nothing.

use crate::params::percent_decoded;
use crate::transfer::base64_lenient;

/// Addresses in one text.
const MAX: usize = 500;
/// Type and parameters of one.
const MAX_HEAD: usize = 300;

/// What one holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataAddress {
    pub(crate) kind: String,
    pub(crate) names: Vec<String>,
    pub(crate) charset: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// Whether there may be one in the text.
pub(crate) fn is_in(text: &str) -> bool {
    starts(text).next().is_some()
}

/// Those in a text, but pictures, sounds and fonts, which have no words. Where one ends depends on what is around it, so each goes on
/// to the next.
pub(crate) fn found_in(text: &str) -> impl Iterator<Item = DataAddress> {
    let mut starts = starts(text).take(MAX).peekable();
    std::iter::from_fn(move || {
        let (at, head) = starts.next()?;
        let end = starts.peek().map_or(text.len(), |(next, _)| *next);
        Some(read(head, text.get(at + SCHEME.len() + head.len() + 1..end).unwrap_or_default()))
    })
    .filter(|found| has_words(&found.kind))
}

const SCHEME: &str = "data:";

/// Where each begins, and its type with the parameters.
fn starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b':', bytes).filter_map(move |colon| {
        let at = (colon + 1).checked_sub(SCHEME.len())?;
        if !bytes.get(at..=colon)?.eq_ignore_ascii_case(SCHEME.as_bytes()) {
            return None;
        }
        let rest = text.get(colon + 1..)?;
        let head = rest.get(..rest.floor_char_boundary(MAX_HEAD)).unwrap_or(rest);
        let head = head.get(..head.find(',')?)?;
        let is_type = |kind: &str| {
            kind.split_once('/').is_some_and(|(first, second)| !first.is_empty() && !second.is_empty())
        };
        let kind = head.split(';').next().unwrap_or_default().trim();
        let is_one = (kind.is_empty() || is_type(kind)) && !head.contains(['<', '>', '\n', ':']);
        is_one.then_some((at, head))
    })
}

fn read(head: &str, data: &str) -> DataAddress {
    let mut words = head.split(';').map(str::trim);
    let kind = words.next().unwrap_or_default().to_ascii_lowercase();
    let (mut names, mut charset, mut is_base64) = (Vec::new(), None, false);
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => {
                let value = percent_decoded(value.trim_matches(['"', '\'']).as_bytes());
                let value = String::from_utf8_lossy(&value).into_owned();
                match name.trim().to_ascii_lowercase().as_str() {
                    "charset" => charset = Some(value),
                    "name" | "filename" => names.push(value),
                    _ => {}
                }
            }
            None => is_base64 |= word.eq_ignore_ascii_case("base64"),
        }
    }
    let bytes = percent_decoded(data.as_bytes());
    DataAddress {
        kind: if kind.is_empty() { "text/plain".to_owned() } else { kind },
        names,
        charset,
        bytes: if is_base64 { base64_lenient(&bytes) } else { bytes },
    }
}

fn has_words(kind: &str) -> bool {
    kind.contains("svg") || !["image/", "audio/", "video/", "font/"].iter().any(|one| kind.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(String, String)> {
        found_in(text).map(|one| (one.kind, String::from_utf8(one.bytes).unwrap())).collect()
    }

    #[test]
    fn what_addresses_hold_is_read() {
        for (text, kind, content) in [
            ("data:text/html,<p>ver<b>trau</b>lich", "text/html", "<p>ver<b>trau</b>lich"),
            ("DATA:TEXT/HTML;charset=utf-8,%3Cp%3Eja", "text/html", "<p>ja"),
            ("x data:;base64,dmVydHJhdWxpY2g=", "text/plain", "vertraulich"),
            ("data:,vertraulich", "text/plain", "vertraulich"),
            ("data:text/plain;base64,dmVydHJhdWxpY2g%3D", "text/plain", "vertraulich"),
            ("data:text/plain; charset=utf-8; base64, dmVydHJh dWxpY2g", "text/plain", "vertraulich"),
            ("url('data:image/svg+xml,<svg>ja</svg>", "image/svg+xml", "<svg>ja</svg>"),
            ("data:text/plain,Metadata: ja, nein", "text/plain", "Metadata: ja, nein"),
        ] {
            assert_eq!(texts(text), [(kind.to_owned(), content.to_owned())], "{text}");
        }
        assert_eq!(texts("data:text/a,1 data:text/b,2").len(), 2);
        let named = found_in("data:application/pdf;name=a%20b.pdf;base64,AAAA").next().unwrap();
        assert_eq!((named.names.as_slice(), named.bytes.len()), (["a b.pdf".to_owned()].as_slice(), 3));
        for none in
            ["data:image/png;base64,AAAA", "Daten: a, b", "Metadata: a, b", "data:", "data:text/html", "data"]
        {
            assert!(texts(none).is_empty(), "{none}");
        }
        let many = "data:,".repeat(100_000);
        assert_eq!(found_in(&many).count(), MAX);
    }
}
