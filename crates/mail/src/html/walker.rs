//! Writes elements and text as lines, as they come. Knows no tokenizer.

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

use super::attribute_words::{
    Target, data_in_attributes, pages_in_attributes, target, typed_words, words_in_attributes, words_of_field,
};
use super::element::{
    Kinds, ended_by, is_apart, is_block, is_cell, is_field, is_formatting, is_never_shown, is_raw, is_spaced,
    is_table_part, is_void, keeps_blanks,
};
use super::known::is_known;
use super::line::{Gap, Lines};
use super::open_element::{Cell, Edge, Kind, Open, may_be_box, usual_of};
use super::pictures::{self, Picture};
use super::sheet::Sheet;
use super::style::{Display, Style, White, attribute, style};
use super::visibility::Visibility;
use super::{RULE, Reading};

/// Elements open at one time; beyond it their text is kept and their meaning lost.
const MAX_OPEN: usize = 256;
/// How much of a link's own words is compared with its target, in bytes.
const MAX_SAID: usize = 300;
/// Addresses of one page that are looked into.
const MAX_DATA: usize = 500;

pub(super) struct Walker {
    reading: Reading,
    lines: Lines,
    open: Vec<Open>,
    /// Number of elements open beyond [`MAX_OPEN`].
    lost: usize,
    /// A line end directly after `<pre>` is not shown (HTML §13.2.6.4.7).
    after_pre: bool,
    /// The text of an element without markup, until its end tag.
    raw: Option<String>,
    /// Texts to be read after this one.
    unread: Vec<String>,
    /// Words of attributes, to be written after the text.
    aside: Vec<String>,
    /// Attributes with addresses that hold what they lead to.
    data: Vec<String>,
    hid: bool,
    /// What the page's own style sheets hide, where that applies.
    sheet: Option<Sheet>,
    pictures: Vec<Picture>,
    /// White space where no element declares otherwise.
    page: White,
}

impl Walker {
    pub(super) fn new(reading: Reading, sheet: Option<Sheet>) -> Self {
        Self {
            reading,
            lines: Lines::default(),
            open: Vec::new(),
            lost: 0,
            after_pre: false,
            raw: None,
            unread: Vec::new(),
            aside: Vec::new(),
            data: Vec::new(),
            hid: false,
            sheet,
            pictures: Vec::new(),
            page: White::default(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.lines.finish()
    }

    /// The pictures on the page.
    pub(super) fn pictures(&mut self) -> Vec<Picture> {
        std::mem::take(&mut self.pictures)
    }

    /// Attributes with addresses that hold what they lead to (RFC 2397).
    pub(super) fn data(&mut self) -> Vec<String> {
        std::mem::take(&mut self.data)
    }

    /// Texts set aside to be read on their own.
    pub(super) fn unread(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unread)
    }

    /// The end of a text.
    pub(super) fn part_ends(&mut self) {
        // `<title>` without an end tag: the author did not mean all the rest.
        let hidden = self.sight().is_gone();
        if let Some(raw) = self.raw.take().filter(|raw| hidden && !raw.trim().is_empty()) {
            self.unread.push(raw);
        }
        while !self.open.is_empty() {
            self.close_to(0);
        }
        self.lost = 0;
        self.lines.quote(0);
        for words in std::mem::take(&mut self.aside) {
            self.lines.want(Gap::Line);
            self.lines.words(&words);
        }
        self.lines.want(Gap::Line);
    }

    fn is_everything(&self) -> bool {
        matches!(self.reading, Reading::Everything | Reading::Parted)
    }

    /// Whether hidden text is read like visible text.
    fn reads_hidden(&self) -> bool {
        matches!(self.reading, Reading::Everything | Reading::Unhidden | Reading::Parted)
    }

    /// Whether something on the page is hidden.
    pub(super) fn has_hidden(&self) -> bool {
        self.hid
    }

    fn is_marked(&self) -> bool {
        self.reading == Reading::Marked
    }

    /// Whether text that comes now is displayed.
    fn is_seen(&self) -> bool {
        self.reads_hidden() || self.sight().shows_words()
    }

    fn sight(&self) -> Visibility {
        self.open.last().map_or_else(Visibility::default, |open| open.sight)
    }

    /// Whether an element that comes now is in the flow of the page, visible or not.
    fn is_there(&self) -> bool {
        self.reads_hidden() || !self.sight().is_gone()
    }

    // ---- text -----------------------------------------------------------------------------------

    pub(super) fn text(&mut self, text: &str) {
        if let Some(raw) = &mut self.raw {
            raw.push_str(text);
        }
        let text = if std::mem::take(&mut self.after_pre) {
            text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
        } else {
            text
        };
        let in_raw = self.raw.is_some() && self.sight().is_gone();
        if !self.is_seen() || in_raw || text.is_empty() {
            return;
        }
        self.note_said(text);
        match self.open.last().map_or(self.page, |open| open.white) {
            White::Collapses => self.lines.words(text),
            White::LinesStay => self.lines.lines(text),
            White::Stays => self.lines.verbatim(text),
        }
    }

    /// The value of a form field, and the targets of an image map.
    fn field(&mut self, tag: &Tag) {
        if !self.sight().inside(&tag.name, &self.said(tag)).shows_words() {
            return;
        }
        if &*tag.name == "area" {
            let Some(target) = target(tag) else { return };
            let said = attribute(tag, "alt").or_else(|| attribute(tag, "title")).unwrap_or_default().trim();
            self.lines.want(Gap::Line);
            self.lines.words(if said.is_empty() { target.shown() } else { said });
            self.say_target(&target, said);
            return self.lines.want(Gap::Line);
        }
        let words = words_of_field(tag);
        if !words.is_empty() {
            self.lines.want(Gap::Space);
            self.lines.words(&words);
            self.lines.want(Gap::Space);
        }
    }

    /// Collects the words of the open link, if there is one.
    fn note_said(&mut self, text: &str) {
        if let Some(said) = self.open.iter_mut().rev().find_map(|open| match &mut open.kind {
            Kind::Link { said, .. } => Some(said),
            Kind::Plain | Kind::Quote | Kind::List(_) | Kind::Cell(_) => None,
        }) && said.len() < MAX_SAID
        {
            said.extend(text.chars().take(MAX_SAID));
        }
    }

    /// A comment is dropped, but some programs show pseudo-comments: `<!--[if mso]>`.
    pub(super) fn comment(&mut self, text: &str) {
        if self.is_everything() && !text.trim().is_empty() {
            self.unread.push(text.to_owned());
        }
    }

    // ---- tags -----------------------------------------------------------------------------------

    pub(super) fn start(&mut self, tag: &Tag) {
        self.after_pre = false;
        let name = &*tag.name;
        if self.is_everything() {
            self.attributes(tag);
            if !is_known(name) {
                self.typed(&typed_words(tag));
            }
        }
        match name {
            "br" => return self.line_break(),
            "hr" => {
                self.close_implied(name);
                return self.rule();
            }
            "input" | "area" if self.is_marked() => return self.field(tag),
            "img" => {
                self.edge(Edge::Box);
                self.picture(tag);
                return self.edge(Edge::Box);
            }
            "html" | "head" | "body" => {
                // These elements exist once, wherever their tags are; their styles apply to the page.
                self.page = style(tag).white.unwrap_or(self.page);
                return self.gap(Gap::Line);
            }
            _ if is_void(name) => {
                return self.edge(if is_apart(name) { Edge::Box } else { Edge::Inline });
            }
            _ => {}
        }
        self.close_implied(name);
        if self.open.len() >= MAX_OPEN && !is_raw(name) {
            self.lost += usize::from(!tag.self_closing);
            self.break_for(name, Gap::Line);
            return;
        }
        self.push(tag);
        if tag.self_closing {
            self.end(&tag.name);
        } else {
            self.after_pre = matches!(name, "pre" | "listing" | "textarea");
            if is_raw(name) {
                self.raw = Some(String::new());
            }
        }
    }

    fn push(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let said = self.said(tag);
        let usual = usual_of(name);
        let display = if is_never_shown(name) { Display::None } else { said.display.unwrap_or(usual) };
        let around = self.sight();
        let outer = self.open.last();
        let sight = around.inside(name, &said);
        let sight = if display == Display::None { sight.nothing() } else { sight };
        let white = said.white.unwrap_or_else(|| match outer {
            _ if keeps_blanks(name) => White::Stays,
            Some(open) => open.white,
            None => self.page,
        });
        // Word and Outlook write every line as a paragraph without margins.
        let is_words = attribute(tag, "class").is_some_and(|class| class.starts_with("Mso"));
        let is_spaced = is_spaced(name) && said.no_margin != Some(true) && !is_words;
        let margin = if is_spaced { Gap::Blank } else { Gap::Line };
        let begins_hidden = around.shows_words() && !sight.shows_words();
        self.hid |= begins_hidden && !is_never_shown(name);
        let in_row = outer.is_some_and(|open| open.boxes);
        let apart = said.is_apart() || is_apart(name);
        let parted = said.is_apart() || in_row || is_field(name);
        let edge = if apart || may_be_box(tag) || in_row { Edge::Box } else { Edge::Inline };
        if self.is_marked() && !sight.is_gone() && parted {
            self.stand_apart(usual);
        }
        if !sight.is_gone() || self.reads_hidden() {
            self.edge(edge);
        }
        if (begins_hidden || apart) && self.is_everything() {
            self.lines.want(Gap::Space);
        }
        self.begin_block(
            if self.reads_hidden() && display == Display::None { usual } else { display },
            margin,
        );
        let kind = self.kind(tag, display);
        self.open.push(Open {
            name: tag.name.clone(),
            kinds: Kinds::of(name),
            display,
            margin,
            apart,
            parted,
            edge,
            boxes: said.boxes == Some(true),
            sight,
            white,
            kind,
        });
    }

    /// Its own style, and what the page's sheets declare for it.
    fn said(&self, tag: &Tag) -> Style {
        let mut said = match &self.sheet {
            Some(sheet) => sheet.said(tag),
            None => style(tag).in_place(),
        };
        if self.reading == Reading::InWord && said.hidden_in_word == Some(true) {
            said.display = Some(Display::None);
        }
        said
    }

    /// For people, a box of its own: words side by side in two boxes are not one word. Text that would be on
    /// separate lines anywhere else (the columns of a letter) is here, too.
    fn stand_apart(&mut self, usual: Display) {
        self.lines.want(if usual == Display::Inline { Gap::Space } else { Gap::Line });
    }

    fn kind(&mut self, tag: &Tag, display: Display) -> Kind {
        match &*tag.name {
            "blockquote" => {
                let outer = self.open.iter().filter(|open| matches!(open.kind, Kind::Quote)).count();
                self.quote(outer + 1);
                Kind::Quote
            }
            "ul" | "menu" | "dir" => Kind::List(None),
            "ol" => {
                Kind::List(Some(attribute(tag, "start").and_then(|s| s.trim().parse().ok()).unwrap_or(1)))
            }
            "li" => {
                self.item();
                Kind::Plain
            }
            "a" => match target(tag) {
                Some(target) => Kind::Link { target, said: String::new() },
                None => Kind::Plain,
            },
            _ if display == Display::Cell => Kind::Cell(Cell {
                written: self.lines.written(),
                breaks: self.lines.breaks(),
                gap: self.lines.gap(),
            }),
            _ => Kind::Plain,
        }
    }

    pub(super) fn end(&mut self, name: &LocalName) {
        self.after_pre = false;
        match &**name {
            "br" => return self.line_break(),
            "html" | "head" | "body" => return self.gap(Gap::Line),
            _ => {}
        }
        if self.raw.is_some() && self.open.last().is_some_and(|open| open.name == *name) {
            let raw = self.raw.take().unwrap_or_default();
            // An invisible drawing: its words count only where it could be mistaken for markup.
            let counts =
                !matches!(&**name, "style" | "script") || raw.contains('<') || raw.contains("content");
            if self.is_everything() && self.sight().is_gone() && counts {
                self.unread.push(raw);
            }
            return self.close_to(self.open.len().saturating_sub(1));
        }
        if self.lost > 0 {
            self.lost -= 1;
            return self.break_for(name, Gap::Line);
        }
        let part = is_table_part(name);
        let at = self
            .open
            .iter()
            .rposition(|open| open.name == *name || (!part && open.kinds.has(Kinds::BARRIERS)));
        match at.filter(|at| self.open.get(*at).is_some_and(|open| open.name == *name)) {
            Some(at) if self.is_misnested(at) => self.close_alone(at),
            Some(at) => self.close_to(at),
            // HTML §13.2.6.4.7: an end tag without its paragraph makes an empty one.
            None if &**name == "p" => self.gap(Gap::Blank),
            None if self.is_everything() && !is_known(name) => self.typed(name),
            None => {}
        }
    }

    /// Closes the element at `at` and all inside it.
    fn close_to(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { return };
            if open.sight.is_gone() && !self.reads_hidden() {
                continue;
            }
            if (open.apart || !open.sight.shows_words()) && self.is_everything() {
                self.lines.want(Gap::Space);
            }
            self.edge(open.edge);
            match open.kind {
                Kind::Link { target, said } => self.say_target(&target, &said),
                Kind::Quote => {
                    let outer = self.open.iter().filter(|open| matches!(open.kind, Kind::Quote)).count();
                    self.quote(outer);
                }
                Kind::Cell(cell) => {
                    self.end_cell(cell);
                    continue;
                }
                Kind::Plain | Kind::List(_) => {}
            }
            if self.is_marked() && open.parted {
                self.stand_apart(usual_of(&open.name));
            }
            if &*open.name == "li" {
                self.lines.unmark();
            }
            match open.display {
                Display::Block => self.gap(open.margin),
                Display::None => self.break_for(&open.name, Gap::Line),
                Display::Inline | Display::InlineBox | Display::Cell => {}
            }
        }
    }

    /// `<b><p></b></p>`: the paragraph goes on (HTML §13.2.6.4.7, the adoption agency).
    fn is_misnested(&self, at: usize) -> bool {
        let inside = self.open.get(at + 1..).unwrap_or_default();
        self.open.get(at).is_some_and(|open| is_formatting(&open.name))
            && inside.iter().any(|open| matches!(open.display, Display::Block | Display::Cell))
    }

    fn close_alone(&mut self, at: usize) {
        let open = self.open.remove(at);
        self.edge(open.edge);
        if let Kind::Link { target, said } = open.kind {
            self.say_target(&target, &said);
        }
    }

    fn close_implied(&mut self, name: &str) {
        let Some((ended, beyond)) = ended_by(name) else { return };
        let from = self.open.iter().rposition(|open| open.kinds.has(beyond)).map_or(0, |at| at + 1);
        if let Some(first) = self.open.iter().skip(from).position(|open| open.kinds.has(ended)) {
            self.close_to(from + first);
        }
    }

    // ---- what is between words --------------------------------------------------------------

    fn gap(&mut self, gap: Gap) {
        if self.reading != Reading::Glued && self.is_there() {
            self.lines.want(gap);
        }
    }

    /// An element begins or ends here.
    fn edge(&mut self, edge: Edge) {
        let parts = match self.reading {
            Reading::Parted => true,
            Reading::Boxed => edge == Edge::Box && self.is_there(),
            Reading::Marked
            | Reading::Shown
            | Reading::Glued
            | Reading::InWord
            | Reading::Unhidden
            | Reading::Everything => false,
        };
        if parts {
            self.lines.want(Gap::Line);
        }
    }

    fn break_for(&mut self, name: &str, gap: Gap) {
        self.edge(Edge::Inline);
        if is_block(name) {
            self.gap(gap);
        } else if is_cell(name) {
            self.gap(Gap::Space);
        }
    }

    fn begin_block(&mut self, display: Display, margin: Gap) {
        match display {
            Display::Block => {
                let cell = self.open.iter().rev().find_map(|open| match open.kind {
                    Kind::Cell(cell) => Some(cell),
                    Kind::Plain | Kind::Quote | Kind::List(_) | Kind::Link { .. } => None,
                });
                // `<td><p>`: the paragraph begins at the start of the cell.
                if cell.is_none_or(|cell| cell.written != self.lines.written()) {
                    self.gap(margin);
                }
            }
            Display::Cell => self.gap(Gap::Space),
            Display::Inline | Display::InlineBox | Display::None => {}
        }
    }

    /// A cell of one line continues with the next one: its paragraphs do not separate them.
    fn end_cell(&mut self, cell: Cell) {
        if matches!(self.reading, Reading::Glued | Reading::Parted) || self.lines.breaks() > cell.breaks + 1 {
            return;
        }
        if self.lines.written() == cell.written {
            self.lines.set(cell.gap.max(Gap::Space));
        } else if self.lines.breaks() == cell.breaks || cell.gap >= Gap::Line {
            self.lines.set(Gap::Space);
        }
    }

    fn line_break(&mut self) {
        if self.is_there() {
            self.lines.line_break();
        }
    }

    fn rule(&mut self) {
        self.gap(Gap::Line);
        if self.is_marked() && self.is_seen() {
            self.lines.words(RULE);
        }
        self.gap(Gap::Line);
    }

    fn quote(&mut self, levels: usize) {
        if self.is_marked() {
            self.lines.quote(levels);
        }
    }

    fn item(&mut self) {
        if !self.is_marked() || !self.is_there() {
            return;
        }
        let lists = self.open.iter_mut().rev().filter_map(|open| match &mut open.kind {
            Kind::List(number) => Some(number),
            Kind::Plain | Kind::Quote | Kind::Cell(_) | Kind::Link { .. } => None,
        });
        let mut lists = lists.peekable();
        let mark = match lists.peek_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            Some(None) | None => "- ".to_owned(),
        };
        let indent = "  ".repeat(lists.count().saturating_sub(1).min(8));
        self.lines.mark(format!("{indent}{mark}"));
    }

    // ---- pictures and links ---------------------------------------------------------------------

    fn picture(&mut self, tag: &Tag) {
        let sight = self.sight().inside("img", &self.said(tag));
        self.hid |= !sight.shows_pictures() && self.sight().shows_pictures();
        let seen = self.reads_hidden() || sight.shows_pictures();
        if seen && self.pictures.len() < pictures::MAX {
            self.pictures.extend(pictures::of(tag));
        }
        let Some(alt) = attribute(tag, "alt").map(str::trim).filter(|alt| !alt.is_empty()) else { return };
        if self.is_marked() && seen {
            let words = format!("[{alt}]");
            self.note_said(&words);
            self.lines.words(&words);
        }
    }

    /// On paper or in plain text, a link's target is written after it, unless its words are the same.
    fn say_target(&mut self, target: &Target, said: &str) {
        if !self.is_marked() || target.is_said_by(said) {
            return;
        }
        self.lines.want(Gap::Space);
        self.lines.words(&format!("<{}>", target.shown()));
    }

    /// What was typed in angle brackets, in its place: a browser takes it for an element, and shows nothing.
    fn typed(&mut self, words: &str) {
        self.lines.want(Gap::Space);
        self.lines.words(words);
        self.lines.want(Gap::Space);
    }

    /// Words in attributes that some program may show.
    fn attributes(&mut self, tag: &Tag) {
        let room = MAX_DATA.saturating_sub(self.data.len());
        self.data.extend(data_in_attributes(tag).take(room));
        self.unread.extend(pages_in_attributes(tag));
        self.aside.extend(words_in_attributes(tag));
    }
}
