//! Which pictures of its own letter a page shows. Knows no letter.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::style::attribute;
use super::{next_state, tags};

/// Pictures of one page.
const MAX: usize = 2000;

/// The Content-IDs in `<img src="cid:…">`, percent-decoded, each once, in their order.
pub(crate) fn pictures(html: &str) -> Vec<String> {
    if !html.to_ascii_lowercase().contains("cid:") || !tags::are_honest(html) {
        return Vec::new();
    }
    let tokenizer = Tokenizer::new(Sink(RefCell::new(Vec::new())), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

struct Sink(RefCell<Vec<String>>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if tag.kind != TagKind::StartTag {
            return TokenSinkResult::Continue;
        }
        let mut found = self.0.borrow_mut();
        let source = attribute(&tag, "src").filter(|_| &*tag.name == "img").map(str::trim);
        let id = source
            .and_then(|source| source.split_once(':'))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("cid"));
        if let Some(id) = id.map(|(_, id)| percent_decoded(id)).filter(|id| !id.is_empty())
            && !found.contains(&id)
            && found.len() < MAX
        {
            found.push(id);
        }
        next_state(&tag)
    }
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
    use super::*;

    #[test]
    fn only_what_is_shown_counts() {
        let page = "<img src='cid:a%40x'><IMG SRC=CID:b><img src=cid:b><td background=cid:c><!-- <img src=cid:d> -->\
                    <style>x{background:url(cid:e)}</style><a href=cid:f>x</a><img src=https://x.example/cid:g>";
        assert_eq!(pictures(page), ["a@x", "b"]);
    }
}
