//! Pictures that a letter carries in its markup itself (RFC 2397): extracted, and given URLs below the
//! letter's own, so that the frame's policy need not allow any `data:`. Fetches nothing.

use std::sync::{Mutex, PoisonError};

use actix_web::web::Bytes;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::http::download;
use crate::links;
use crate::reading::text::percent_decoded;
use crate::state::frame_cache::Picture;

/// Their numbers among the letter's parts: no letter has this many parts.
pub(crate) const FIRST: usize = 9000;
const MAX: usize = 900;

/// Some omit the padding, and others cut what is too long.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Pictures extracted so far.
pub(crate) struct DataPictures {
    /// Prefix of their URLs and part numbers.
    base: String,
    prefix: String,
    taken: Mutex<Vec<Picture>>,
}

impl DataPictures {
    /// For the letter with this id, or for one inside it.
    pub(crate) fn new(id: &str, prefix: &str) -> Self {
        let (base, prefix) = (links::letter_pictures(id), prefix.to_owned());
        Self { base, prefix, taken: Mutex::default() }
    }

    /// The URL that replaces this one; `None`: it is not a picture that browsers may show.
    pub(crate) fn take(&self, value: &str) -> Option<String> {
        let (content_type, bytes) = decoded(value)?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let same = taken.iter().find(|one| one.bytes == bytes && one.content_type == content_type);
        if let Some(same) = same {
            return Some(format!("{}{}", self.base, same.part));
        }
        if taken.len() >= MAX {
            return None;
        }
        let part = format!("{}{}", self.prefix, FIRST + taken.len());
        let address = format!("{}{part}", self.base);
        taken.push(Picture { part, content_type, bytes });
        Some(address)
    }

    /// The extracted pictures.
    pub(crate) fn taken(&self) -> Vec<Picture> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn decoded(value: &str) -> Option<(&'static str, Bytes)> {
    let value = value.trim();
    let (scheme, rest) = value.split_once(':')?;
    let (head, data) = rest.split_once(',')?;
    let (content_type, parameters) = head.split_once(';')?;
    let is_base64 =
        parameters.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    if !scheme.eq_ignore_ascii_case("data") || !is_base64 {
        return None;
    }
    let content_type = download::picture_type(content_type.trim())?;
    let data: String = percent_decoded(data).chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(data).ok()?;
    // It must be of the declared type, or it is not shown.
    let begins = |start: &[u8]| bytes.starts_with(start);
    let true_to_it = match content_type {
        "image/png" => begins(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => begins(b"\xff\xd8\xff"),
        "image/gif" => begins(b"GIF87a") || begins(b"GIF89a"),
        "image/webp" => begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        _ => false,
    };
    true_to_it.then(|| (content_type, Bytes::from(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOT: &str = "R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

    #[test]
    fn a_picture_gets_an_address_of_the_letter() {
        let pictures = DataPictures::new("ab", "2.");
        let address = pictures.take(&format!("data:image/gif;base64,{DOT}"));
        assert_eq!(address.as_deref(), Some("/m/ab/inline/2.9000"));
        assert_eq!(pictures.take(&format!(" DATA:image/GIF;charset=x;Base64,{DOT}")), address, "the same");
        assert_eq!(pictures.take(&format!("data:image/gif;base64,{}", DOT.trim_end_matches('='))), address);
        assert_eq!(pictures.taken().len(), 1);
    }

    #[test]
    fn nothing_else_does() {
        let pictures = DataPictures::new("ab", "");
        for evil in [
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:text/html;base64,PHN2Zz4=",
            "data:image/png;base64,PHN2Zz4=",
            &format!("data:image/png;base64,{DOT}"),
            &format!("data:image/gif,{DOT}"),
            "data:,x",
            "https://x.example/y.gif",
            "data:image/gif;base64,%%%",
        ] {
            assert_eq!(pictures.take(evil), None, "{evil}");
        }
    }
}
