//! The pictures that a page shows, by their addresses. Knows no letter.

use super::length::is_nothing;
use super::style::{attribute, style};
use html5ever::tokenizer::Tag;

/// Pictures of one page.
pub(super) const MAX: usize = 2000;

/// A picture on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// As written in the page.
    pub(crate) address: String,
    /// Whether it is too small to be seen.
    pub(crate) tiny: bool,
}

/// The picture of an `<img>`. `None`: it shows nothing even where it is not hidden.
pub(super) fn of(tag: &Tag) -> Option<Picture> {
    let address = attribute(tag, "src").map(str::trim).filter(|address| !address.is_empty())?;
    let said = style(tag);
    let length = |name: &str| attribute(tag, name).map(str::trim);
    if said.is_flat() || [length("width"), length("height")].into_iter().flatten().any(is_nothing) {
        return None;
    }
    let is_pixel = |length: &str| length.trim_end_matches("px").trim() == "1";
    let tiny = said.is_pixel() || [length("width"), length("height")].into_iter().flatten().any(is_pixel);
    Some(Picture { address: address.to_owned(), tiny })
}

/// The Content-ID of a `cid:` address (RFC 2392), percent-decoded.
pub(crate) fn content_id(address: &str) -> Option<String> {
    let (scheme, id) = address.split_once(':')?;
    let id = scheme.eq_ignore_ascii_case("cid").then(|| percent_decoded(id))?;
    (!id.is_empty()).then_some(id)
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok()).filter(|_| *byte == b'%');
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
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
    String::from_utf8(out).unwrap_or_else(|_not_text| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::seen;
    use super::*;

    fn ids(page: &str) -> Vec<String> {
        let pictures = seen(page).unwrap().1;
        pictures.iter().filter_map(|picture| content_id(&picture.address)).collect()
    }

    #[test]
    fn only_what_is_shown_counts() {
        let page = "<img src='cid:a%40x'><IMG SRC=CID:b><td background=cid:c><!-- <img src=cid:d> -->\
                    <style>x{background:url(cid:e)}</style><a href=cid:f>x</a><img src=https://x.example/cid:g>";
        assert_eq!(ids(page), ["a@x", "b"]);
    }

    #[test]
    fn what_is_hidden_is_not_shown() {
        for hidden in [
            "<div style='display:none'><img src=cid:a></div>",
            "<style>.weg{display:none}</style><div class=weg><img src=cid:a></div>",
            "<img src=cid:a style='width:0;height:0'>",
            "<img src=cid:a hidden>",
            "<img src=cid:a height=0>",
            "<img src=cid:a style='display:none'>",
            "<div style='visibility:hidden'><img src=cid:a></div>",
            "<div style='max-height:0;overflow:hidden'><img src=cid:a></div>",
            "<div style='position:absolute;left:-9999px'><img src=cid:a></div>",
            "<style>img.x{display:none!important}</style><img class=x src=cid:a style='display:block'>",
        ] {
            assert_eq!(ids(hidden), Vec::<String>::new(), "{hidden}");
        }
        for shown in [
            "<img src=cid:a width=1 height=300>",
            "<style>.weg{display:none}</style><img src=cid:a class=da>",
            "<style>@media screen{.x{display:none}} .y,.x{display:block}</style><img src=cid:a class=x>",
            "<style>.x{display:none} .x{display:block}</style><img src=cid:a class=x>",
            "<style>.x{display:none}</style><img src=cid:a class=x style='display:inline'>",
        ] {
            assert_eq!(ids(shown), ["a"], "{shown}");
        }
    }
}
