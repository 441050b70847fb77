//! Addresses in links and pictures: which may be followed, and what they say. Fetches nothing.

use html5ever::tokenizer::Tag;

use super::style::attribute;

/// A longer address is not one.
const MOST_ADDRESS: usize = 2000;

/// Addresses a reader may follow.
pub(super) fn link_address(tag: &Tag) -> Option<String> {
    let address = attribute(tag, "href")?.trim();
    let (scheme, _) = address.split_once(':')?;
    let known = ["http", "https", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let plain = address.len() <= MOST_ADDRESS && !address.chars().any(char::is_control);
    (known && plain).then(|| address.to_owned())
}

/// RFC 2392: the Content-ID in a `cid:` address is percent-encoded.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
