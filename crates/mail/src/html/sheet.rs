//! What a page's own `<style>` hides, as far as simple selectors say it: `.preheader`, `span.x`, `#y`. Knows no text.
//!
//! SECURITY: for people only. Rules read a page also as if nothing here were said.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::style::{Display, attribute, declared, style};
use super::{next_state, tags};

/// Of a sheet so much is read, and so many of its rules count.
const MAX_BYTES: usize = 256 * 1024;
const MAX_RULES: usize = 300;
/// Classes of one element.
const MAX_CLASSES: usize = 20;

/// One selector, and whether it hides.
struct Rule {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    hides: bool,
    important: bool,
}

impl Rule {
    /// CSS Selectors §17
    fn weight(&self) -> (bool, bool, usize, bool) {
        (self.important, self.id.is_some(), self.classes.len(), self.tag.is_some())
    }
}

/// What a page's own style sheets hide, and what is put where nobody sees it.
pub struct Hiding(Sheet);

impl Hiding {
    /// The sheets of a page.
    #[must_use]
    pub fn of(html: &str) -> Self {
        Self(if tags::are_honest(html) { Sheet::of(html) } else { Sheet::default() })
    }

    /// Whether nobody is meant to see an element: its own style is asked only for being far out.
    #[must_use]
    pub fn hides(&self, tag: &Tag) -> bool {
        let own = style(tag);
        let by_sheet = self.0.hides(tag).filter(|(_, important)| *important || own.display.is_none());
        own.is_far(&tag.name) || by_sheet.is_some_and(|(hides, _)| hides)
    }
}

/// The rules of a page that hide or show.
#[derive(Default)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    /// Rules by the id or the first class they ask for.
    by_name: HashMap<String, Vec<usize>>,
}

impl Sheet {
    /// The sheets of a page whose tags are honest.
    pub(super) fn of(html: &str) -> Self {
        let mut sheet = Self::default();
        if !html.to_ascii_lowercase().contains("<style") {
            return sheet;
        }
        let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(html));
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        sheet.read(&tokenizer.sink.text.into_inner());
        sheet
    }

    fn read(&mut self, text: &str) {
        let text = without_comments(text).to_ascii_lowercase().replace("<!--", "").replace("-->", "");
        let mut rest = text.as_str();
        while let Some(open) = rest.find('{') {
            let (selectors, tail) = rest.split_at_checked(open).unwrap_or((rest, ""));
            let tail = tail.strip_prefix('{').unwrap_or_default();
            // What stands before the last `;` is a rule of another kind: `@import …;`
            let selectors = selectors.rsplit(';').next().unwrap_or_default().trim();
            if selectors.starts_with('@') {
                rest = behind_block(tail);
                continue;
            }
            let (declarations, tail) = tail.split_once('}').unwrap_or((tail, ""));
            rest = tail;
            let said = declared(declarations);
            let vanishes = said.vanishes || said.far || said.indented_away;
            let hides = match said.display {
                Some(Display::None) => true,
                Some(Display::Inline | Display::Block | Display::Cell) => vanishes,
                None if vanishes || said.visible == Some(false) => true,
                None if said.visible == Some(true) => false,
                None => continue,
            };
            let important = declarations.contains("important");
            for selector in selectors.split(',') {
                if let Some(rule) = rule(selector, hides, important) {
                    self.add(rule);
                }
            }
        }
    }

    fn add(&mut self, rule: Rule) {
        let Some(name) = rule.id.clone().or_else(|| rule.classes.first().cloned()) else { return };
        if self.rules.len() < MAX_RULES {
            self.by_name.entry(name).or_default().push(self.rules.len());
            self.rules.push(rule);
        }
    }

    /// Whether it hides an element, and whether that counts more than the element's own word.
    pub(super) fn hides(&self, tag: &Tag) -> Option<(bool, bool)> {
        if self.rules.is_empty() {
            return None;
        }
        let lower = |name: &str| attribute(tag, name).unwrap_or_default().to_ascii_lowercase();
        let (id, classes) = (lower("id"), lower("class"));
        let id = id.trim();
        let classes: Vec<&str> = classes.split_whitespace().take(MAX_CLASSES).collect();
        let fits = |rule: &&Rule| {
            rule.tag.as_ref().is_none_or(|name| **name == *tag.name)
                && rule.id.as_ref().is_none_or(|wanted| wanted == id)
                && rule.classes.iter().all(|wanted| classes.contains(&wanted.as_str()))
        };
        let names = classes.iter().copied().chain([id]);
        let named = names.filter_map(|name| self.by_name.get(name)).flatten();
        let all = named.filter_map(|at| self.rules.get(*at).map(|rule| (*at, rule)));
        let (_, rule) = all.filter(|(_, rule)| fits(rule)).max_by_key(|(at, rule)| (rule.weight(), *at))?;
        Some((rule.hides, rule.important))
    }
}

/// One simple selector; what stands in others is none.
fn rule(selector: &str, hides: bool, important: bool) -> Option<Rule> {
    let mut selector = selector.trim();
    for outer in ["html ", "body "] {
        selector = selector.strip_prefix(outer).unwrap_or(selector).trim_start();
    }
    let is_simple = |c: char| c.is_alphanumeric() || matches!(c, '.' | '#' | '-' | '_' | '*');
    if selector.is_empty() || !selector.chars().all(is_simple) {
        return None;
    }
    let mut rule = Rule { tag: None, id: None, classes: Vec::new(), hides, important };
    let named = selector.find(['.', '#']).unwrap_or(selector.len());
    let (tag, mut rest) = selector.split_at_checked(named)?;
    rule.tag = Some(tag.to_owned()).filter(|tag| !tag.is_empty() && tag != "*");
    while let Some(sign) = rest.chars().next() {
        let tail = rest.get(1..)?;
        let end = tail.find(['.', '#']).unwrap_or(tail.len());
        let (name, after) = tail.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        if sign == '#' {
            rule.id = Some(name.to_owned());
        } else {
            rule.classes.push(name.to_owned());
        }
        rest = after;
    }
    Some(rule)
}

/// Behind the end of a block that holds others.
fn behind_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
}

#[derive(Default)]
struct Sink {
    text: RefCell<String>,
    inside: RefCell<bool>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) if *self.inside.borrow() => {
                let mut all = self.text.borrow_mut();
                if all.len() + text.len() <= MAX_BYTES {
                    all.push_str(&text);
                }
            }
            Token::TagToken(tag) => {
                *self.inside.borrow_mut() = tag.kind == TagKind::StartTag && &*tag.name == "style";
                if tag.kind == TagKind::StartTag {
                    return next_state(&tag);
                }
            }
            Token::CharacterTokens(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::DoctypeToken(_)
            | Token::ParseError(_)
            | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}
