//! HTML to text, in one pass over its tokens: for rules, reading, quoting, searching and Outlook's files
//! alike. Builds no tree, fetches nothing, runs nothing; knows no letter.
//!
//! SECURITY: hostile. The work is linear in the text: the number of open elements, of nested readings and of
//! attributes of a tag is bounded, and nothing recurses.

mod attribute_words;
mod element;
mod known;
mod length;
mod line;
mod media;
mod open_element;
mod pictures;
mod raw_text;
mod reading;
mod sheet;
mod style;
mod symbol_font;
mod tags;
mod visibility;
mod walker;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

pub use media::counts_at_a_desk;
pub(crate) use pictures::{Picture, content_id};
use raw_text::next_state;
pub(crate) use reading::{RULE, Reading};
pub use sheet::Hiding;
use sheet::Sheet;
pub(crate) use symbol_font::with_signs;
pub use visibility::{HiddenAttribute, Visibility};
use walker::Walker;

use crate::display::shows_nothing;

/// A larger page is read in one way less, as memory limits the number of its texts.
const LARGE: usize = 1024 * 1024;

/// Nested readings: comments in comments, unclosed titles.
const MAX_LEVELS: usize = 4;

/// The text of a page for people.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    let Some((text, pictures)) = seen(html) else { return html.to_owned() };
    if !pictures.is_empty() || !shows_nothing(&text.replace(RULE, "")) {
        return text;
    }
    // No honest letter hides all of its text: our reading of its style sheets may be wrong.
    walked(html, Reading::Marked, None).map_or(text, |walker| line::unfilled(walker.finish()))
}

/// What rules look at of a page.
pub(crate) struct Candidates {
    /// Every text that a reader's program may show.
    pub(crate) texts: Vec<String>,
    /// Attributes with addresses that hold what they lead to (RFC 2397).
    pub(crate) data: Vec<String>,
}

/// Everything that a reader's program may show of a page. `None`: no program would write such tags.
pub(crate) fn candidates(html: &str) -> Option<Candidates> {
    let walker = walked(html, Reading::Shown, Some(sheet(html)))?;
    let has_hidden = walker.has_hidden();
    let mut everything = walked(html, Reading::Everything, None)?;
    let data = everything.data();
    let mut texts = vec![walker.finish(), everything.finish()];
    texts.push(known::typed(html));
    // A browser drops a tag that never ends, with all the text behind its open quote.
    if let Some(tail) = tags::unclosed(html) {
        texts.push(tail.to_owned());
        if html.len() <= LARGE {
            texts.extend(tail.strip_prefix('<').and_then(|tail| read(tail, Reading::Everything)));
        }
    }
    if has_hidden {
        // Our reading of a style sheet may be wrong.
        texts.push(walked(html, Reading::Shown, None)?.finish());
    }
    if has_hidden {
        texts.push(read(html, Reading::Unhidden)?);
    }
    let lower = html.to_ascii_lowercase();
    if lower.contains("mso-hide") {
        texts.push(read(html, Reading::InWord)?);
    }
    // A style may be written with escapes (CSS Syntax §4.3.7): `display:in\6cine`.
    if ["inline", "float", "contents", "absolute", "\\"].iter().any(|word| lower.contains(word)) {
        texts.push(read(html, Reading::Glued)?);
    }
    texts.push(read(html, Reading::Parted)?);
    if html.len() <= LARGE {
        texts.push(read(html, Reading::Boxed)?);
    }
    let mut distinct: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !text.is_empty() && !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    Some(Candidates { texts: distinct, data })
}

/// `None`: no program would write such tags, and reading them would take too long.
pub(crate) fn read(html: &str, reading: Reading) -> Option<String> {
    let for_people = matches!(reading, Reading::Marked | Reading::Shown);
    let sheet = for_people.then(|| sheet(html));
    walked(html, reading, sheet).map(Walker::finish)
}

/// The text of a page for people, and the pictures in it.
pub(crate) fn seen(html: &str) -> Option<(String, Vec<Picture>)> {
    let mut walker = walked(html, Reading::Marked, Some(sheet(html)))?;
    let pictures = walker.pictures();
    Some((line::unfilled(walker.finish()), pictures))
}

/// The style sheets of a page.
fn sheet(html: &str) -> Sheet {
    if tags::are_honest(html) { Sheet::of(html) } else { Sheet::default() }
}

/// With `sheet`: text that it hides or moves off the page counts as hidden.
fn walked(html: &str, reading: Reading, sheet: Option<Sheet>) -> Option<Walker> {
    if !tags::are_honest(html) {
        return None;
    }
    let mut walker = Walker::new(reading, sheet);
    let mut next = vec![html.to_owned()];
    for level in 0..=MAX_LEVELS {
        for text in std::mem::take(&mut next) {
            if level == MAX_LEVELS || !tags::are_honest(&text) {
                walker.text(&text);
            } else {
                walker = pass(&text, walker);
            }
            walker.part_ends();
        }
        next = walker.unread();
        if next.is_empty() {
            break;
        }
    }
    Some(walker)
}

fn pass(html: &str, walker: Walker) -> Walker {
    let tokenizer = Tokenizer::new(Sink(RefCell::new(walker)), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // Only a tree builder would pause it (for a script); our sink never does.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

struct Sink(RefCell<Walker>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walker = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => walker.text(&text),
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => {
                    walker.start(&tag);
                    return next_state(&tag);
                }
                TagKind::EndTag => walker.end(&tag.name),
            },
            Token::CommentToken(text) => walker.comment(&text),
            Token::NullCharacterToken | Token::DoctypeToken(_) | Token::ParseError(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests;
