//! Converts hostile HTML to blocks, in one pass over its tokens. Builds no tree, fetches nothing, runs
//! nothing.
//!
//! SECURITY: there is no document tree, so nothing grows with nesting: the work is linear in the text, and
//! the number of open elements and blocks is bounded. Unknown elements are skipped, their text is kept.

mod address;
mod builder;
mod element;
mod line;
mod picture_of;
mod style;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use sealpost_mail::Hiding;

use crate::model::Content;
use builder::Builder;
pub(crate) use picture_of::PictureOf;

/// The letter's HTML as blocks.
pub(crate) fn blocks(html: &str, picture_of: &PictureOf<'_>) -> Content {
    let sink = Sink(RefCell::new(Builder::new(picture_of, Hiding::of(html))));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // Only a tree builder would pause it (for a script); our sink never does.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink<'a>(RefCell<Builder<'a>>);

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut builder = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => builder.text(&text),
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => {
                    builder.start(&tag);
                    return next_state(&tag);
                }
                TagKind::EndTag => builder.end(&tag.name),
            },
            Token::NullCharacterToken
            | Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::ParseError(_)
            | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

/// Elements whose content is not markup (HTML §13.2.6.2 and following).
fn next_state(tag: &Tag) -> TokenSinkResult<()> {
    match &*tag.name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
