//! Which parts of a letter are its body, and what each of them says. Decides nothing about files.

use std::borrow::Cow;

use crate::charset;
use crate::display::is_trick;
use crate::flowed;
use crate::html::{Reading, html_to_text, read};
use crate::parts::{Opened, Part};
use crate::unpacked::is_cms;

/// A larger page is not looked through for something to see.
const MAX_LOOKED_THROUGH: usize = 256 * 1024;

/// A stretch of the body: the same words as text, as HTML, or as both.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) plain: Vec<usize>,
    pub(crate) html: Vec<usize>,
}

/// The body, and what stands for the same as it or for nothing: no files either.
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
    let mut chooser = Chooser { parts, left_out: Vec::new() };
    let mut blocks = chooser.blocks(0);
    if blocks.is_empty() {
        // A first part with a file name is still the best text there is.
        let first = parts.iter().position(|part| !part.is_multipart());
        let wanted = |at: &usize| parts.get(*at).is_some_and(|p| is_text(p) && !p.is_attachment());
        if let Some(at) = first.filter(wanted) {
            blocks = vec![chooser.block(at)];
        }
    }
    chooser.winmail(&mut blocks);
    Body { blocks, left_out: chooser.left_out }
}

struct Chooser<'p, 'a> {
    parts: &'p [Part<'a>],
    left_out: Vec<usize>,
}

impl Chooser<'_, '_> {
    /// Which parts under `at` are the body (RFC 2046 §5.1).
    fn blocks(&mut self, at: usize) -> Vec<Block> {
        let parts = self.parts;
        let Some(part) = parts.get(at) else { return Vec::new() };
        match &part.opened {
            Some(Opened::Winmail) => return Vec::new(),
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
            "multipart/signed" => part.children.first().map(|child| self.blocks(*child)).unwrap_or_default(),
            "multipart/encrypted" => Vec::new(),
            _ => self.all(&part.children),
        }
    }

    fn all(&mut self, children: &[usize]) -> Vec<Block> {
        children.iter().flat_map(|child| self.blocks(*child)).collect()
    }

    /// One of them is shown; what says nothing is no alternative.
    fn alternative(&mut self, part: &Part<'_>) -> Vec<Block> {
        let mut all = Block::default();
        for child in &part.children {
            for block in self.blocks(*child) {
                all.plain.extend(block.plain);
                all.html.extend(block.html);
            }
        }
        let parts = self.parts;
        let rich =
            |at: &&usize| parts.get(**at).is_some_and(|p| p.is("text/enriched") || p.is("text/richtext"));
        let other = |at: &&usize| rich(at) || parts.get(**at).is_some_and(|p| p.is("text/x-amp-html"));
        let said = !all.plain.is_empty() || !all.html.is_empty();
        if said {
            self.left_out.extend(part.children.iter().filter(other));
        } else {
            all.plain.extend(part.children.iter().filter(rich));
        }
        let says = |list: &[usize]| list.iter().filter_map(|at| parts.get(*at)).any(|part| !is_blank(part));
        match (says(&all.plain), says(&all.html)) {
            (true, false) => self.left_out.append(&mut all.html),
            (false, true) => self.left_out.append(&mut all.plain),
            (true, true) | (false, false) => {}
        }
        if all.plain.is_empty() && all.html.is_empty() { Vec::new() } else { vec![all] }
    }

    /// The text of a winmail.dat, where the letter does not say it itself.
    fn winmail(&mut self, blocks: &mut Vec<Block>) {
        let parts = self.parts;
        for part in parts.iter().filter(|part| part.opened == Some(Opened::Winmail)) {
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
        if self.parts.get(at).is_some_and(|part| part.is("text/html")) {
            Block { plain: Vec::new(), html: vec![at] }
        } else {
            Block { plain: vec![at], html: Vec::new() }
        }
    }
}

/// The letters and digits that are to be read, to compare two bodies by.
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

fn is_blank(part: &Part<'_>) -> bool {
    if part.body.len() > MAX_LOOKED_THROUGH {
        return false;
    }
    let source = decoded(part);
    if !part.is("text/html") {
        return is_nothing(&source);
    }
    let has_picture = source.match_indices("<img").any(|(at, _)| {
        let tag =
            source.get(at..).and_then(|rest| rest.split('>').next()).unwrap_or_default().to_ascii_lowercase();
        // A picture of one pixel counts readers, and shows nothing.
        !(tag.contains("width=\"1\"") || tag.contains("width=1 ") || tag.contains("width='1'"))
    });
    !has_picture && read(&source, Reading::Shown).is_some_and(|text| is_nothing(&text))
}

fn is_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_trick(c))
}

/// What the part says, for people.
pub(crate) fn text(part: &Part<'_>) -> String {
    let source = decoded(part);
    match part.content_type.as_str() {
        "text/html" | "text/x-amp-html" => html_to_text(&source),
        "text/enriched" | "text/richtext" => read(&source, Reading::Shown).unwrap_or(source),
        _ if part.parameter("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) => {
            flowed::unflowed(
                &source,
                part.parameter("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes")),
            )
        }
        _ => source,
    }
}

/// The part as characters, without the files that stand in the middle of it.
pub(crate) fn decoded(part: &Part<'_>) -> String {
    let mut bytes = part.bytes();
    if let Some(Opened::Text(ranges)) = &part.opened {
        let mut kept = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for range in ranges {
            kept.extend_from_slice(bytes.get(at..range.start).unwrap_or_default());
            at = range.end;
        }
        kept.extend_from_slice(bytes.get(at..).unwrap_or_default());
        bytes = Cow::Owned(kept);
    }
    if let Some(chosen) = part.chosen {
        return chosen.decode(&bytes);
    }
    let own = || charset::declared_in_page(&bytes).filter(|_| part.is("text/html"));
    charset::decode(&bytes, part.parameter("charset").or_else(own).as_deref())
}

/// What can be shown as text if there is nothing better. A calendar is no text for people.
fn is_text(part: &Part<'_>) -> bool {
    let kind = part.content_type.as_str();
    (kind.starts_with("text/") && kind != "text/calendar") || kind.starts_with("multipart/")
}

fn is_shown_text(part: &Part<'_>) -> bool {
    // A multipart without children could not be taken apart: its source is all there is to show.
    part.is("text/plain") || part.is("text/html") || part.content_type.starts_with("multipart/")
}
