//! Builds blocks from tokens. Knows no tokenizer and no page.

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

use sealpost_mail::{Hiding, Link, Visibility};

use super::element::{
    breaks_out, has_margin, is_barrier, is_barrier_for, is_block, is_never_shown, is_spaced, is_table_part,
    is_void,
};
use super::line::Line;
use super::picture_of::PictureOf;
use super::style::{Style, White, attribute, declared, fill, within};
use crate::model::{
    Align, Block, Content, Look, MAX_BLOCKS, MAX_DEPTH, MAX_LINES, MAX_TEXT, blocks_rtl, runs_rtl,
};
use crate::table::{RawCell, RawTable};

mod replaced;

/// Elements open at one time; beyond it their text is kept and their meaning lost.
const MAX_OPEN: usize = 200;

pub(super) struct Builder<'a> {
    picture_of: &'a PictureOf<'a>,
    /// What the letter's own style sheets hide.
    hiding: Hiding,
    open: Vec<Open>,
    frames: Vec<Frame>,
    /// Characters and blocks still allowed.
    text_left: usize,
    blocks_left: usize,
    shortened: bool,
}

/// An open element.
struct Open {
    name: LocalName,
    style: Style,
    /// Number of frames when it was opened.
    frames: usize,
    /// Visibility of its content.
    sight: Visibility,
    /// The link's target and words, if it is one.
    link: Option<OpenLink>,
}

struct OpenLink {
    link: Link,
    /// Its words.
    said: String,
    /// Whether it contains a picture.
    pictured: bool,
}

/// An open block that contains others.
struct Frame {
    kind: Kind,
    blocks: Vec<Block>,
    line: Line,
    /// Alignment of the line: that of its first text.
    align: Align,
    /// Whether a blank line precedes the next paragraph.
    gap: bool,
}

enum Kind {
    Root,
    Quote,
    List { start: Option<u32>, items: Vec<Vec<Block>> },
    Item,
    Table(RawTable),
    Cell(RawCell),
    Caption,
    Heading(u8),
    Preformatted,
}

/// Whether a cell declares borders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Border {
    Drawn,
    None,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new(), line: Line::default(), align: Align::Start, gap: false }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(picture_of: &'a PictureOf<'a>, hiding: Hiding) -> Self {
        Self {
            picture_of,
            hiding,
            open: Vec::new(),
            frames: vec![Frame::new(Kind::Root)],
            text_left: MAX_TEXT,
            blocks_left: MAX_BLOCKS,
            shortened: false,
        }
    }

    pub(super) fn finish(mut self) -> Content {
        self.close_frames(1);
        self.flush();
        let blocks = self.frames.pop().map(|root| root.blocks).unwrap_or_default();
        Content { blocks, shortened: self.shortened }
    }

    fn style(&self) -> Style {
        self.open.last().map(|open| open.style.clone()).unwrap_or_default()
    }

    fn sight(&self) -> Visibility {
        self.open.last().map_or_else(Visibility::default, |open| open.sight)
    }

    fn is_hidden(&self) -> bool {
        self.sight().is_gone()
    }

    // ---- text -----------------------------------------------------------------------------------

    pub(super) fn text(&mut self, text: &str) {
        if self.sight().shows_words() {
            self.words(text);
        }
    }

    fn words(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = self.rationed(text);
        let style = self.style();
        let blank = text.chars().all(|c| c.is_ascii_whitespace());
        match self.frames.last().map(|frame| &frame.kind) {
            // White space between rows and items is layout of the source. Text there is an error of the
            // author's, and kept.
            Some(Kind::Table(_) | Kind::List { .. }) if blank => return,
            Some(Kind::Table(_)) => {
                self.open_cell(RawCell { columns: 1, rows: 1, ..RawCell::default() }, Border::Drawn)
            }
            Some(Kind::List { .. }) => self.push_frame(Kind::Item),
            _ => {}
        }
        let is_pre = self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::Preformatted));
        if let Some(link) = self.open.iter_mut().rev().find_map(|open| open.link.as_mut()) {
            link.said.push_str(&text);
        }
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.line.is_empty() {
            frame.align = style.align;
        }
        match style.white {
            _ if is_pre => frame.line.verbatim(&text, &style.look),
            White::Kept => frame.line.verbatim(&text, &style.look),
            White::Collapsed => frame.line.text(&text, &style.look),
            White::Together => frame.line.text(&together(&text), &style.look),
        }
    }

    /// As much of the text as is still allowed.
    fn rationed(&mut self, text: &str) -> String {
        let most = self.text_left;
        if text.len() <= most {
            self.text_left -= text.len();
            return text.to_owned();
        }
        self.text_left = 0;
        self.shortened = true;
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(..end).unwrap_or_default().to_owned()
    }

    // ---- tags -----------------------------------------------------------------------------------

    pub(super) fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if name == "br" {
            self.line_break();
            return;
        }
        let hidden_by = self.open.iter().find(|open| open.sight.is_gone()).map(|open| &*open.name);
        if self.is_hidden() && !breaks_out(hidden_by, name) {
            // Void elements have no end tag.
            if !is_void(name) && !tag.self_closing {
                self.push_open(tag, self.sight());
            }
            return;
        }
        if self.is_hidden() {
            self.leave_foreign();
        }
        match name {
            "img" => return self.image(tag),
            "area" => return self.area(tag),
            "input" => return self.field(tag),
            "hr" => {
                self.flush();
                return self.push_block(Block::Rule);
            }
            _ if is_void(name) => return,
            _ => {}
        }
        self.close_implied(name);
        if matches!(name, "button" | "select") {
            self.text(" ");
        }
        if is_block(name) {
            self.flush();
            if has_margin(tag) {
                self.blank_line();
            }
        }
        let sight = self.hiding.within(self.sight(), tag);
        let sight = if is_never_shown(name) { sight.nothing() } else { sight };
        let frames = self.frames.len();
        if !sight.is_gone() {
            self.open_frames(tag);
        }
        if !self.push_open(tag, sight) {
            return;
        }
        if let Some(open) = self.open.last_mut() {
            open.frames = frames;
            if name == "a" {
                let link = attribute(tag, "href").and_then(Link::read);
                open.style.look.link = link.as_ref().map(|link| link.href().to_owned());
                open.link = link.map(|link| OpenLink { link, said: String::new(), pictured: false });
            }
        }
    }

    fn push_open(&mut self, tag: &Tag, sight: Visibility) -> bool {
        if self.open.len() >= MAX_OPEN {
            return false;
        }
        let style = within(&self.style(), tag);
        self.open.push(Open { name: tag.name.clone(), style, frames: self.frames.len(), sight, link: None });
        true
    }

    pub(super) fn end(&mut self, name: &LocalName) {
        match &**name {
            "br" => return self.line_break(),
            "p" if !self.open.iter().any(|open| open.name == *name) => {
                self.flush();
                return self.blank_line();
            }
            _ => {}
        }
        let barrier = |open: &Open| is_barrier(&open.name) && !is_table_part(name);
        let Some(at) = self.open.iter().rposition(|open| open.name == *name || barrier(open)) else { return };
        if self.open.get(at).is_some_and(|open| open.name == *name) {
            self.close_to(at);
        }
    }

    /// Closes the element at `at` and all inside it.
    fn close_to(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { return };
            if open.sight.is_gone() {
                continue;
            }
            if let Some(link) = open.link {
                self.say_target(&link, &open.style.look);
            }
            self.close_frames(open.frames);
            if is_block(&open.name) {
                self.flush();
            }
            if is_spaced(&open.name) {
                self.blank_line();
            }
        }
    }

    /// Closes elements whose end tag is optional.
    fn close_implied(&mut self, name: &str) {
        let (ended, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "tr" => (&["tr", "td", "th", "caption"], &["table"]),
            "td" | "th" => (&["td", "th", "caption"], &["table"]),
            "thead" | "tbody" | "tfoot" => {
                (&["thead", "tbody", "tfoot", "tr", "td", "th", "caption"], &["table"])
            }
            "option" => (&["option"], &["select"]),
            _ if is_block(name) => (&["p"], &["td", "th", "li", "blockquote", "table", "div"]),
            _ => return,
        };
        let from = self
            .open
            .iter()
            .rposition(|open| within.contains(&&*open.name) || is_barrier_for(name, &open.name))
            .map_or(0, |at| at + 1);
        let first = self.open.iter().skip(from).position(|open| ended.contains(&&*open.name));
        if let Some(first) = first {
            self.close_to(from + first);
        }
        match name {
            "li" => self.close_implied_frames(&["ul", "ol", "menu", "dir"]),
            "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "caption" => {
                self.close_implied_frames(&["table"])
            }
            _ => {}
        }
    }

    /// Ends a cell or item that was opened for loose text, when the author's own rows or items continue.
    fn close_implied_frames(&mut self, holders: &[&str]) {
        let Some(holder) =
            self.open.iter().rfind(|open| holders.contains(&&*open.name)).map(|open| open.frames)
        else {
            return;
        };
        // Content that is nested too deeply has no frame of its own, so there is nothing to close.
        let own = self.frames.get(holder).map(|frame| &frame.kind);
        let matches = match own {
            Some(Kind::Table(_)) => holders.contains(&"table"),
            Some(Kind::List { .. }) => holders.contains(&"ul"),
            _ => false,
        };
        if matches {
            self.close_frames(holder + 1);
        }
    }

    fn leave_foreign(&mut self) {
        if let Some(at) = self.open.iter().position(|open| open.sight.is_gone()) {
            self.close_to(at);
        }
    }

    // ---- blocks ---------------------------------------------------------------------------------

    fn open_frames(&mut self, tag: &Tag) {
        let name = &*tag.name;
        match name {
            "blockquote" => self.push_frame(Kind::Quote),
            "ul" | "menu" | "dir" => self.push_frame(Kind::List { start: None, items: Vec::new() }),
            "ol" => {
                let start = attribute(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                self.push_frame(Kind::List { start: Some(start), items: Vec::new() });
            }
            "li" => {
                if !self.top_is(|kind| matches!(kind, Kind::List { .. })) {
                    // An item without a list, or in one that is nested too deeply: a list of its own.
                    self.push_frame(Kind::List { start: None, items: Vec::new() });
                }
                if self.top_is(|kind| matches!(kind, Kind::List { .. })) {
                    self.push_frame(Kind::Item);
                }
            }
            "table" => {
                let bordered = attribute(tag, "border")
                    .is_some_and(|width| !matches!(width.trim(), "0" | ""))
                    || declared(tag, "border").is_some_and(|border| !border.starts_with(['0', 'n']));
                let presentation =
                    attribute(tag, "role").is_some_and(|role| role == "presentation" || role == "none");
                self.push_frame(Kind::Table(RawTable { bordered, presentation, ..RawTable::default() }));
            }
            "tr" => {
                if let Some(Kind::Table(table)) = self.frames.last_mut().map(|frame| &mut frame.kind) {
                    table.rows.push(Vec::new());
                }
            }
            "td" | "th" => {
                let span = |name| {
                    attribute(tag, name).and_then(|n| n.trim().parse::<usize>().ok()).map(|n| n.min(1000))
                };
                let cell = RawCell {
                    columns: span("colspan").unwrap_or(1).max(1),
                    rows: span("rowspan").unwrap_or(1),
                    header: name == "th",
                    fill: fill(tag),
                    blocks: Vec::new(),
                };
                let has_border = ["border", "border-bottom", "border-top"].iter().any(|property| {
                    declared(tag, property)
                        .is_some_and(|border| border.contains("solid") && !border.starts_with('0'))
                });
                self.open_cell(cell, if has_border { Border::Drawn } else { Border::None });
            }
            "caption" if self.top_is(|kind| matches!(kind, Kind::Table(_))) => self.push_frame(Kind::Caption),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.bytes().last().map_or(6, |digit| digit.saturating_sub(b'0'));
                self.push_frame(Kind::Heading(level));
            }
            "pre" | "listing" | "xmp" | "plaintext" => self.push_frame(Kind::Preformatted),
            _ => {}
        }
    }

    fn top_is(&self, is: impl Fn(&Kind) -> bool) -> bool {
        self.frames.last().is_some_and(|frame| is(&frame.kind))
    }

    fn open_cell(&mut self, cell: RawCell, border: Border) {
        let Some(Kind::Table(table)) = self.frames.last_mut().map(|frame| &mut frame.kind) else { return };
        table.bordered |= border == Border::Drawn;
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
        }
        self.push_frame(Kind::Cell(cell));
    }

    /// Opens a block that contains others, unless it is nested too deeply: then its content is shown flat.
    fn push_frame(&mut self, kind: Kind) {
        self.flush();
        let holds = |kind: &Kind| matches!(kind, Kind::Quote | Kind::List { .. } | Kind::Table(_));
        let depth = self.frames.iter().filter(|frame| holds(&frame.kind)).count();
        if holds(&kind) && (depth >= MAX_DEPTH || self.blocks_left == 0) {
            return;
        }
        self.frames.push(Frame::new(kind));
    }

    fn close_frames(&mut self, down_to: usize) {
        while self.frames.len() > down_to.max(1) {
            self.close_frame();
        }
    }

    fn close_frame(&mut self) {
        if self.top_is(|kind| matches!(kind, Kind::Heading(_) | Kind::Preformatted)) {
            return self.close_line_frame();
        }
        self.flush();
        let Some(frame) = self.frames.pop() else { return };
        let blocks = frame.blocks;
        match frame.kind {
            Kind::Root | Kind::Heading(_) | Kind::Preformatted => self.adopt(blocks),
            Kind::Quote => {
                if !blocks.is_empty() {
                    self.push_block(Block::Quote { blocks });
                }
            }
            Kind::List { start, mut items } => {
                // A list directly in a list belongs to the item before it.
                match items.last_mut() {
                    Some(last) => last.extend(blocks),
                    None if !blocks.is_empty() => items.push(blocks),
                    None => {}
                }
                if !items.is_empty() {
                    let rtl = items.first().is_some_and(|item| blocks_rtl(item));
                    self.push_block(Block::List { start, items, rtl });
                }
            }
            Kind::Item => match self.frames.last_mut().map(|frame| (&mut frame.kind, &mut frame.blocks)) {
                Some((Kind::List { items, .. }, between)) => {
                    if let Some(last) = items.last_mut() {
                        last.append(between);
                    }
                    items.push(blocks);
                }
                _ => self.adopt(blocks),
            },
            Kind::Cell(mut cell) => {
                let Some(Kind::Table(table)) = self.frames.last_mut().map(|frame| &mut frame.kind) else {
                    return self.adopt(blocks);
                };
                cell.blocks = blocks;
                if self.blocks_left == 0 {
                    self.shortened = true;
                    return;
                }
                self.blocks_left -= 1;
                if let Some(row) = table.rows.last_mut() {
                    row.push(cell);
                }
            }
            Kind::Caption => match self.frames.last_mut().map(|frame| &mut frame.kind) {
                Some(Kind::Table(table)) => table.caption = blocks,
                _ => self.adopt(blocks),
            },
            Kind::Table(mut table) => {
                // Text between the rows comes before the table, as in a browser.
                table.caption.splice(0..0, blocks);
                let blocks = table.into_blocks();
                self.adopt(blocks);
                self.blank_line();
            }
        }
    }

    /// Closes headings and preformatted text: one line is the whole block.
    fn close_line_frame(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        let inner = std::mem::take(&mut frame.blocks);
        match frame.kind {
            Kind::Heading(level) if !frame.line.is_blank() => {
                let runs = frame.line.take();
                let rtl = runs_rtl(&runs);
                self.push_block(Block::Heading { level, runs, rtl });
            }
            Kind::Preformatted if !frame.line.is_blank() => {
                let text = frame.line.take_text();
                let text = text.trim_end_matches(['\n', ' ']);
                let text = text.strip_prefix('\n').unwrap_or(text).to_owned();
                self.push_block(Block::Preformatted { text });
            }
            _ => {}
        }
        self.adopt(inner);
    }

    fn adopt(&mut self, blocks: Vec<Block>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.blocks.extend(blocks);
        }
    }

    fn push_block(&mut self, block: Block) {
        if self.blocks_left == 0 {
            self.shortened = true;
            return;
        }
        self.blocks_left -= 1;
        if let Some(frame) = self.frames.last_mut() {
            frame.blocks.push(block);
            frame.gap = true;
        }
    }

    /// Ends the line: it becomes a paragraph.
    fn flush(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.line.is_empty() || matches!(frame.kind, Kind::Preformatted) {
            return;
        }
        if matches!(frame.kind, Kind::Heading(_)) {
            // `<h1><div>a</div><div>b</div></h1>`
            frame.line.line_break();
            return;
        }
        if frame.line.is_blank() {
            frame.line.take();
            frame.gap = true;
            return;
        }
        let runs = frame.line.take();
        let (align, gap) = (frame.align, frame.gap);
        let rtl = runs_rtl(&runs);
        self.push_block(Block::Paragraph { runs, align, gap, rtl });
        if let Some(frame) = self.frames.last_mut() {
            frame.gap = false;
        }
    }

    fn blank_line(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.gap = true;
        }
    }

    fn line_break(&mut self) {
        if self.is_hidden() {
            return;
        }
        let Some(frame) = self.frames.last_mut() else { return };
        if matches!(frame.kind, Kind::Preformatted) {
            return frame.line.verbatim("\n", &Look::default());
        }
        if frame.line.is_empty() {
            frame.gap = true;
        } else if frame.line.line_break() {
            self.flush();
            self.blank_line();
        } else if frame.line.breaks() >= MAX_LINES {
            self.flush();
        }
    }
}

/// Words that stand on one line; between them and what is around them a line may end.
fn together(text: &str) -> String {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>().join("\u{a0}");
    let before = if text.starts_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    let after = if !words.is_empty() && text.ends_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    format!("{before}{words}{after}")
}
