//! Finds the parts of a letter that are its body, and their text. Decides nothing about files.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::charset::{self, Declared};
use crate::container::rtf;
use crate::display::shows_nothing;
use crate::enriched;
use crate::file_type;
use crate::flowed::{self, DelSp};
use crate::html::{self, html_to_text};
use crate::parts::{Opened, Part};
use crate::unpacked::is_cms;

/// Size limit in bytes; a larger page is not searched for visible content.
const MAX_LOOKED_THROUGH: usize = 256 * 1024;

/// How many texts are examined for their charset.
const MAX_ASKED: usize = 20;

/// A section of the body: the same words as text, as HTML, or as both.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) plain: Vec<usize>,
    pub(crate) html: Vec<usize>,
}

/// The body, and the parts that repeat it or have no content; those are not listed as files either.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) blocks: Vec<Block>,
    pub(crate) left_out: Vec<usize>,
}

impl Body {
    /// Every part that is shown.
    pub(crate) fn shown(&self) -> impl Iterator<Item = usize> {
        self.blocks.iter().flat_map(|block| block.plain.iter().chain(&block.html)).copied()
    }
}

pub(crate) fn choose(parts: &[Part<'_>]) -> Body {
    let mut chooser = Chooser { parts, left_out: Vec::new(), said: HashMap::new() };
    let mut blocks = chooser.blocks(0);
    chooser.winmail(&mut blocks);
    // An empty section is worse than a message that there is no text.
    let (mut blank, mut blocks): (Vec<Block>, Vec<Block>) = blocks
        .into_iter()
        .partition(|block| [&block.plain, &block.html].iter().all(|list| chooser.says(list) <= Says::Hidden));
    if blocks.is_empty() {
        blocks.extend(chooser.best_of_the_others());
    }
    if blocks.is_empty() {
        // A text that is hidden as a whole is shown as plain text, where nothing is hidden.
        blank.iter_mut().for_each(|block| {
            let hidden = block.html.iter().copied().filter(|at| chooser.says(&[*at]) == Says::Hidden);
            let hidden: Vec<usize> = hidden.collect();
            block.html.retain(|at| !hidden.contains(at));
            if !hidden.is_empty() {
                blocks.push(Block { plain: hidden, html: Vec::new() });
            }
        });
    }
    for block in blank {
        chooser
            .left_out
            .extend(block.plain.iter().chain(&block.html).copied().filter(|at| !is_file(parts, *at)));
    }
    Body { blocks, left_out: chooser.left_out }
}

struct Chooser<'p, 'a> {
    parts: &'p [Part<'a>],
    left_out: Vec<usize>,
    /// What was found in each part: a page is parsed once, however often it is asked for.
    said: HashMap<usize, Says>,
}

impl Chooser<'_, '_> {
    /// The most that any of these parts contains.
    fn says(&mut self, list: &[usize]) -> Says {
        let Self { parts, said, .. } = self;
        let known = list.iter().filter_map(|at| {
            let part = parts.get(*at)?;
            Some(*said.entry(*at).or_insert_with(|| says(part)))
        });
        known.max().unwrap_or_default()
    }

    /// Where no part is a body by its position: the first readable part, parts that are not files before
    /// those that are.
    fn best_of_the_others(&mut self) -> Option<Block> {
        let parts = self.parts;
        // A first part with a file name is still the best text there is.
        let first = parts.iter().position(|part| !part.is_multipart());
        let is_first = |at: &usize| first == Some(*at);
        let is_leaf = |part: &Part<'_>| part.children.is_empty();
        let open = |part: &Part<'_>| is_leaf(part) && !part.is_attachment();
        let is_bare = |part: &Part<'_>| part.name().is_none();
        let all = || 0..parts.len();
        let any = |wanted: &dyn Fn(&Part<'_>) -> bool| {
            let found = |at: &usize| parts.get(*at).is_some_and(|part| part.level == 0 && wanted(part));
            all().filter(found).collect::<Vec<usize>>()
        };
        let ranked = [
            any(&|part| open(part) && is_text(part) && is_bare(part)),
            any(&|part| open(part) && is_text(part)).into_iter().filter(is_first).collect(),
            any(&|part| is_leaf(part) && is_shown_text(part) && is_bare(part)),
            // Of an unknown type, but plainly a text.
            any(&|part| open(part) && is_bare(part) && is_unknown_text(part))
                .into_iter()
                .filter(is_first)
                .collect(),
        ];
        let mut ranked = ranked.into_iter().flatten().take(MAX_ASKED);
        let at = ranked.find(|at| self.says(&[*at]) == Says::Words)?;
        Some(self.block(at))
    }

    /// Which parts under `at` are the body (RFC 2046 §5.1).
    fn blocks(&mut self, at: usize) -> Vec<Block> {
        let parts = self.parts;
        let Some(part) = parts.get(at) else { return Vec::new() };
        match &part.opened {
            Some(Opened::Winmail(_)) => return Vec::new(),
            Some(Opened::Signature) if at == 0 || is_cms(part) => return self.all(&part.children),
            Some(Opened::Signature) => return Vec::new(),
            Some(Opened::Text(_)) | None => {}
        }
        if !part.is_multipart() {
            let root = at == 0;
            let wanted = is_shown_text(part) || (root && is_text(part));
            let kept_apart = !root && (part.is_attachment() || part.name().is_some());
            return if wanted && !kept_apart { vec![self.block(at)] } else { Vec::new() };
        }
        match part.content_type.as_str() {
            "multipart/alternative" => self.alternative(part),
            // RFC 2387 §3.1: `start` names the root, else it is the first part that can be one.
            "multipart/related" => {
                let named = part.parameter("start").map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
                let is_root = |at: &&usize| {
                    parts.get(**at).is_some_and(|child| match &named {
                        Some(id) => child.content_id.as_ref() == Some(id),
                        None => is_shown_text(child) || child.is_multipart(),
                    })
                };
                let can_be = |at: &&usize| {
                    parts.get(**at).is_some_and(|child| is_shown_text(child) || child.is_multipart())
                };
                let children = &part.children;
                let root = children.iter().find(is_root).or_else(|| children.iter().find(can_be));
                let root = root.or(children.first()).copied();
                root.map(|child| self.blocks(child)).unwrap_or_default()
            }
            // RFC 1847: the first part is what is signed.
            "multipart/signed" if part.signature.is_some() => {
                part.children.first().map(|child| self.blocks(*child)).unwrap_or_default()
            }
            "multipart/encrypted" => Vec::new(),
            _ => self.all(&part.children),
        }
    }

    fn all(&mut self, children: &[usize]) -> Vec<Block> {
        children.iter().flat_map(|child| self.blocks(*child)).collect()
    }

    /// One of them is shown; a part without content does not count as an alternative.
    fn alternative(&mut self, part: &Part<'_>) -> Vec<Block> {
        let mut all = Block::default();
        for child in &part.children {
            // A name does not exclude a part here: GroupWise calls its page `TEXT.htm`.
            let is_form =
                |part: &Part<'_>| is_shown_text(part) && part.children.is_empty() && !part.is_attachment();
            let blocks = match self.parts.get(*child).is_some_and(is_form) {
                true => vec![self.block(*child)],
                false => self.blocks(*child),
            };
            for block in blocks {
                all.plain.extend(block.plain);
                all.html.extend(block.html);
            }
        }
        let parts = self.parts;
        let is_enriched = |at: &usize| parts.get(*at).is_some_and(is_rich);
        let (enriched, pages): (Vec<usize>, Vec<usize>) =
            std::mem::take(&mut all.html).into_iter().partition(is_enriched);
        let others = || part.children.iter().copied().filter(|at| parts.get(*at).is_some_and(is_last_resort));
        let (plain, html) = (self.says(&all.plain), self.says(&pages));
        if plain < Says::Words && html < Says::Own {
            // The usual part is empty, so the parts beside it are not decoration.
            let rest: Vec<usize> = others().filter(|at| self.says(&[*at]) == Says::Words).take(1).collect();
            let better = if self.says(&enriched) == Says::Words { enriched.clone() } else { rest };
            if !better.is_empty() {
                let is_text = |at: &usize| parts.get(*at).is_some_and(|part| !is_page(part));
                let (texts, rich): (Vec<usize>, Vec<usize>) = better.iter().copied().partition(is_text);
                self.left_out.append(&mut all.plain);
                self.left_out.extend(pages);
                self.left_out.extend(enriched.iter().filter(|at| !better.contains(at)));
                return vec![Block { plain: texts, html: rich }];
            }
        }
        self.left_out.extend(enriched);
        self.left_out.extend(others());
        let reactions = part.children.iter().copied();
        self.left_out.extend(reactions.filter(|at| parts.get(*at).is_some_and(is_reaction)));
        all.html = pages;
        match (plain, html) {
            // Remote pictures are not shown: only the words can be seen.
            (Says::Words, Says::Nothing | Says::Hidden | Says::Remote) => self.left_out.append(&mut all.html),
            (Says::Nothing | Says::Hidden, Says::Words | Says::Own | Says::Remote | Says::Hidden) => {
                self.left_out.append(&mut all.plain);
            }
            (Says::Nothing | Says::Hidden, Says::Nothing) => {
                self.left_out.append(&mut all.html);
                self.left_out.append(&mut all.plain);
            }
            (Says::Words | Says::Own | Says::Remote, _) => {}
        }
        if all.plain.is_empty() && all.html.is_empty() { Vec::new() } else { vec![all] }
    }

    /// The text of a winmail.dat, if the letter does not contain it elsewhere.
    fn winmail(&mut self, blocks: &mut Vec<Block>) {
        let parts = self.parts;
        for part in parts.iter().filter(|part| matches!(part.opened, Some(Opened::Winmail(_)))) {
            let inner = self.all(&part.children);
            let own = letters_of(parts, blocks);
            let new = letters_of(parts, &inner);
            let leaves: Vec<usize> =
                inner.iter().flat_map(|b| b.plain.iter().chain(&b.html)).copied().collect();
            if new.is_empty() || own.contains(&new) {
                self.left_out.extend(leaves);
            } else if own.is_empty() {
                let blank: Vec<usize> =
                    blocks.iter().flat_map(|b| b.plain.iter().chain(&b.html)).copied().collect();
                self.left_out.extend(blank);
                *blocks = inner;
            } else {
                blocks.extend(inner);
            }
        }
    }

    fn block(&self, at: usize) -> Block {
        if self.parts.get(at).is_some_and(is_page) {
            Block { plain: Vec::new(), html: vec![at] }
        } else {
            Block { plain: vec![at], html: Vec::new() }
        }
    }
}

const AMP: &str = "text/x-amp-html";

/// An HTML page, or a text that is converted to one.
fn is_page(part: &Part<'_>) -> bool {
    is_written_page(part) || part.is(AMP) || part.is("text/watch-html") || is_rich(part) || is_rtf(part)
}

/// HTML, under its own type or another that programs use for it.
fn is_written_page(part: &Part<'_>) -> bool {
    const NAMES: [&str; 8] = [
        "text/html",
        "text/xhtml",
        "text/htm",
        "text/x-html",
        "application/xhtml+xml",
        "application/xhtml",
        "application/html",
        "text/html5",
    ];
    NAMES.iter().any(|kind| part.is(kind))
}

/// Types under which calendars are sent. Not text for people.
fn is_calendar(part: &Part<'_>) -> bool {
    const NAMES: [&str; 6] = [
        "text/calendar",
        "text/x-vcalendar",
        "text/vcalendar",
        "text/x-icalendar",
        "text/ical",
        "text/x-calendar",
    ];
    NAMES.iter().any(|kind| part.is(kind))
}

/// A generic type whose bytes are plainly text.
fn is_unknown_text(part: &Part<'_>) -> bool {
    let known = ["application/octet-stream", "application/unknown", "application/text", "application/plain"];
    known.iter().any(|kind| part.is(kind))
        && file_type::by_bytes(&part.start()).is_none()
        && charset::is_text(&part.start())
}

fn is_rich(part: &Part<'_>) -> bool {
    part.is("text/enriched") || part.is("text/richtext")
}

/// Rich text of word processors that really is some.
fn is_rtf(part: &Part<'_>) -> bool {
    const NAMES: [&str; 3] = ["text/rtf", "application/rtf", "application/x-rtf"];
    NAMES.iter().any(|kind| part.is(kind)) && part.start().trim_ascii_start().starts_with(b"{\\rtf")
}

/// Gmail's answer of one sign, as programs read it; the same words stand beside it.
fn is_reaction(part: &Part<'_>) -> bool {
    part.is("text/vnd.google.email-reaction+json") && !part.is_attachment()
}

/// Forms of a text that are shown only where there is no other.
fn is_last_resort(part: &Part<'_>) -> bool {
    let kinds = [AMP, "text/watch-html", "text/markdown", "text/x-markdown"];
    (kinds.iter().any(|kind| part.is(kind)) || is_rtf(part)) && !part.is_attachment() && part.name().is_none()
}

/// How much content a part has, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// White space, or a single pixel.
    #[default]
    Nothing,
    /// Words, all of them hidden.
    Hidden,
    /// Remote pictures, which are never fetched.
    Remote,
    /// Pictures included in the letter.
    Own,
    Words,
}

fn says(part: &Part<'_>) -> Says {
    if part.body.len() > MAX_LOOKED_THROUGH {
        return Says::Words;
    }
    if !is_page(part) {
        return if shows_nothing(&decoded(part)) { Says::Nothing } else { Says::Words };
    }
    let page = page(part);
    let Some((text, pictures)) = html::seen(&page) else { return Says::Words };
    // A horizontal rule alone is not content.
    if !shows_nothing(&text.replace(html::RULE, "")) {
        return Says::Words;
    }
    // A picture of one pixel counts readers and shows nothing.
    let large = pictures.iter().filter(|picture| !picture.tiny);
    let is_remote = |address: &str| {
        let start = address.trim_start().get(..8).unwrap_or(address.trim_start()).to_ascii_lowercase();
        start.starts_with("http://") || start.starts_with("https://") || start.starts_with("//")
    };
    let pictures = large.map(|one| if is_remote(&one.address) { Says::Remote } else { Says::Own }).max();
    pictures.unwrap_or_else(|| if hidden_words(&page).is_some() { Says::Hidden } else { Says::Nothing })
}

/// The hidden words of a page that shows nothing.
fn hidden_words(page: &str) -> Option<String> {
    html::read(page, html::Reading::Unhidden).filter(|text| text.chars().any(char::is_alphanumeric))
}

/// The visible letters and digits, for comparing two bodies.
fn letters_of(parts: &[Part<'_>], blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        let list = if block.plain.is_empty() { &block.html } else { &block.plain };
        for part in list.iter().filter_map(|at| parts.get(*at)) {
            out.extend(text(part).chars().filter(|c| c.is_alphanumeric()));
        }
    }
    out
}

/// The part as text for people.
pub(crate) fn text(part: &Part<'_>) -> String {
    said(part, decoded(part), footer(part))
}

/// The first of it, where the whole may be long.
pub(crate) fn first_of_text(part: &Part<'_>) -> String {
    let source = characters(part, &without_files(part, part.beginning()));
    let footer = if part.beginning_is_all() { footer(part) } else { None };
    said(part, source, footer)
}

fn said(part: &Part<'_>, source: String, footer: Option<String>) -> String {
    match part.content_type.as_str() {
        _ if is_page(part) => {
            let page = page_of(part, source, footer);
            let text = html_to_text(&page);
            let hidden = if shows_nothing(&text) { hidden_words(&page) } else { None };
            hidden.unwrap_or(text)
        }
        _ if part.parameter("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) => {
            flowed::unflowed(&source, DelSp::read(part.parameter("delsp")))
        }
        _ => match footer {
            None => source,
            Some(footer) => format!("{}\n\n{footer}", source.trim_end()),
        },
    }
}

/// The part as HTML.
pub(crate) fn page(part: &Part<'_>) -> String {
    page_of(part, decoded(part), footer(part))
}

fn page_of(part: &Part<'_>, source: String, footer: Option<String>) -> String {
    // It says itself in which charset its bytes are.
    let rich = if is_rtf(part) { rtf::read(&part.bytes()) } else { None };
    let page = match rich {
        Some(rich) => rich.html.unwrap_or_else(|| as_page(&rich.text)),
        None if is_rich(part) => enriched::to_page(&source),
        None => html::with_signs(source),
    };
    match footer {
        None => page,
        Some(footer) => {
            let footer = as_page(&footer);
            format!("{page}\n{footer}")
        }
    }
}

fn as_page(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace("\r\n", "\n");
    format!("<p style=\"white-space:pre-line\">{text}</p>")
}

/// Text that was appended to the part.
fn footer(part: &Part<'_>) -> Option<String> {
    let text = part.beside.decode(part.footer.trim_ascii(), part.parameter("charset").as_deref());
    (!text.is_empty()).then_some(text)
}

/// The part as characters, without the files embedded in it.
pub(crate) fn decoded(part: &Part<'_>) -> String {
    characters(part, &without_files(part, part.bytes()))
}

/// Bytes from the part's beginning, without the files in them; a file that goes on beyond them is left out too.
fn without_files<'b>(part: &Part<'_>, mut bytes: Cow<'b, [u8]>) -> Cow<'b, [u8]> {
    if let Some(Opened::Text(ranges)) = &part.opened {
        let mut kept = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for range in ranges {
            let end = range.start.min(bytes.len());
            kept.extend_from_slice(bytes.get(at..end).unwrap_or_default());
            at = range.end;
        }
        kept.extend_from_slice(bytes.get(at..).unwrap_or_default());
        bytes = Cow::Owned(kept);
    }
    bytes
}

/// Bytes of the part as text: in the charset that the reader has chosen, or the one its label names, unless
/// the bytes contradict it. Without a label: as the page declares, or as another text of the letter does.
pub(crate) fn characters(part: &Part<'_>, bytes: &[u8]) -> String {
    if let Some(chosen) = part.beside.chosen() {
        return chosen.decode(bytes);
    }
    let label = part.parameter("charset");
    let own = if is_page(part) { charset::declared_in_page(bytes) } else { None };
    // A page whose label says nothing else is read as it declares itself.
    let is_open = charset::is_open(label.as_deref());
    match (own, is_open) {
        (Some(own), true) => charset::decode_beside(bytes, Some(&own), part.beside.declared()),
        (Some(own), false) => {
            charset::decode_beside(bytes, label.as_deref(), Declared::parse(&own).or(part.beside.declared()))
        }
        (None, _) => charset::decode_beside(bytes, label.as_deref(), part.beside.declared()),
    }
}

/// The charset that a letter's text declares, if it can also apply to other bytes.
pub(crate) fn declared(parts: &[Part<'_>]) -> Option<Declared> {
    let texts = parts.iter().filter(|part| is_text(part) && !part.is_multipart() && !part.is_attachment());
    let label = |part: &Part<'_>| {
        let own = || is_page(part).then(|| charset::declared_in_page(&part.start())).flatten();
        part.parameter("charset")
            .and_then(|label| Declared::parse(&label))
            .or_else(|| Declared::parse(&own()?))
    };
    texts.take(MAX_ASKED).find_map(label)
}

/// Whether it was given a name to be saved under.
fn is_file(parts: &[Part<'_>], at: usize) -> bool {
    parts.get(at).is_some_and(|part| part.is_attachment() || part.name().is_some())
}

/// Whether it can be shown as text if there is nothing better. A calendar is not text for people.
fn is_text(part: &Part<'_>) -> bool {
    let kind = part.content_type.as_str();
    (kind.starts_with("text/") && !is_calendar(part))
        || kind.starts_with("multipart/")
        || is_written_page(part)
        || is_rtf(part)
}

fn is_shown_text(part: &Part<'_>) -> bool {
    // A multipart without children could not be parsed: its source is all there is to show.
    part.is("text/plain")
        || is_written_page(part)
        || is_rich(part)
        || part.content_type.starts_with("multipart/")
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
