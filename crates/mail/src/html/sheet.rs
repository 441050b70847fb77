//! Visibility by a page's own `<style>`, for simple selectors: `.preheader`, `span.x`, `#y`. Knows no text.
//!
//! SECURITY: for people only. Rules also read a page without it.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::media::counts_at_a_desk;
use super::style::{Style, attribute, style, weighed};
use super::visibility::Visibility;
use super::{next_state, tags};

/// Limits: bytes of a sheet that are read, and rules that are kept.
const MAX_BYTES: usize = 256 * 1024;
const MAX_RULES: usize = 300;
/// Classes of one element.
const MAX_CLASSES: usize = 20;
/// Nesting depth of blocks.
const MAX_DEPTH: usize = 3;

/// Specificity of a rule (CSS Selectors §17): ids, classes, element names, and position.
type Weight = (usize, usize, usize, usize);

/// One selector with its declarations.
struct Rule {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    weight: Weight,
    usual: Style,
    important: Style,
}

/// Visibility on a page, by its own style sheets and its elements' own styles.
pub struct Hiding(Sheet);

impl Hiding {
    /// The sheets of a page.
    #[must_use]
    pub fn of(html: &str) -> Self {
        Self(if tags::are_honest(html) { Sheet::of(html) } else { Sheet::default() })
    }

    /// Visibility within an element.
    #[must_use]
    pub fn within(&self, around: Visibility, tag: &Tag) -> Visibility {
        around.inside(&tag.name, &self.0.said(tag))
    }
}

/// The rules of a page that hide or show.
#[derive(Default)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    /// Rules by the id, the first class or the element name they select.
    by_name: HashMap<String, Vec<usize>>,
}

impl Sheet {
    /// The sheets of a page whose tags have been checked.
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
        let text = without_comments(&tokenizer.sink.text.into_inner());
        sheet.read(&text.to_ascii_lowercase().replace("<!--", "").replace("-->", ""), 0);
        sheet
    }

    fn read(&mut self, text: &str, depth: usize) {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (selectors, tail) = rest.split_at_checked(open).unwrap_or((rest, ""));
            let tail = tail.strip_prefix('{').unwrap_or_default();
            // Text before the last `;` is an at-rule: `@import …;`
            let selectors =
                selectors.rsplit(';').next().unwrap_or_default().trim_matches(['}', ' ', '\n', '\r', '\t']);
            if selectors.starts_with('@') {
                let (inside, behind) = block(tail);
                if depth < MAX_DEPTH && selectors.strip_prefix("@media").is_some_and(counts_at_a_desk) {
                    self.read(inside, depth + 1);
                }
                rest = behind;
                continue;
            }
            let (declarations, tail) = tail.split_once('}').unwrap_or((tail, ""));
            rest = tail;
            let (usual, important) = weighed(declarations);
            if usual.says_of_sight() || important.says_of_sight() {
                for selector in selectors.split(',') {
                    self.add(selector, usual, important);
                }
            }
        }
    }

    fn add(&mut self, selector: &str, usual: Style, important: Style) {
        if self.rules.len() >= MAX_RULES {
            return;
        }
        let Some(mut rule) = rule(selector, usual, important) else { return };
        let name = match (&rule.id, rule.classes.first(), &rule.tag) {
            (Some(id), _, _) => format!("#{id}"),
            (None, Some(class), _) => format!(".{class}"),
            (None, None, Some(tag)) => tag.clone(),
            (None, None, None) => return,
        };
        rule.weight.3 = self.rules.len();
        self.by_name.entry(name).or_default().push(self.rules.len());
        self.rules.push(rule);
    }

    /// The style of an element by the sheets and its own attribute.
    pub(super) fn said(&self, tag: &Tag) -> Style {
        let own = style(tag);
        if self.rules.is_empty() {
            return own;
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
        let names = classes.iter().map(|class| format!(".{class}"));
        let names = names.chain([format!("#{id}"), tag.name.to_string()]);
        let named = names.filter_map(|name| self.by_name.get(&name)).flatten();
        let mut fitting: Vec<&Rule> = named.filter_map(|at| self.rules.get(*at)).filter(fits).collect();
        if fitting.is_empty() {
            return own;
        }
        fitting.sort_by_key(|rule| rule.weight);
        let all = |said: fn(&Rule) -> Style| {
            fitting.iter().fold(Style::default(), |under, rule| said(rule).over(under))
        };
        let (own, own_important) = attribute(tag, "style").map(weighed).unwrap_or_default();
        let usual = own.over(all(|rule| rule.usual)).over(style(tag));
        own_important.over(all(|rule| rule.important)).over(usual)
    }
}

/// A selector, as far as it selects the element itself. Conditions on other elements are not checked; such a rule only
/// applies if it makes something visible.
fn rule(selector: &str, usual: Style, important: Style) -> Option<Rule> {
    let mut selector = selector.trim();
    for outer in ["html ", "body "] {
        selector = selector.strip_prefix(outer).unwrap_or(selector).trim_start();
    }
    let mut compounds =
        selector.split(|c: char| c.is_whitespace() || c == '>').filter(|part| !part.is_empty());
    let own = compounds.next_back()?;
    let is_simple = |c: char| c.is_alphanumeric() || matches!(c, '.' | '#' | '-' | '_' | '*');
    if !own.chars().all(is_simple) {
        return None;
    }
    let stands_in = compounds.next().is_some();
    let (usual, important) =
        if stands_in { (usual.showing(), important.showing()) } else { (usual, important) };
    let (ids, names) = (selector.matches('#').count(), selector.matches('.').count());
    let mut rule =
        Rule { tag: None, id: None, classes: Vec::new(), weight: (ids, names, 0, 0), usual, important };
    let named = own.find(['.', '#']).unwrap_or(own.len());
    let (tag, mut rest) = own.split_at_checked(named)?;
    rule.tag = Some(tag.to_owned()).filter(|tag| !tag.is_empty() && tag != "*");
    rule.weight.2 = usize::from(rule.tag.is_some()) + usize::from(stands_in);
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

/// The content of a block, which may contain others, and the text after it.
fn block(text: &str) -> (&str, &str) {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
    }
    (text, "")
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
                let counts = attribute(&tag, "media").is_none_or(counts_at_a_desk);
                let begins = tag.kind == TagKind::StartTag;
                *self.inside.borrow_mut() = begins && counts && &*tag.name == "style";
                if begins {
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
