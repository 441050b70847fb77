//! Replacements on paper for pictures, form fields and link targets. Knows no tokenizer and no page.

use html5ever::tokenizer::Tag;
use sealpost_mail::Link;

use super::{Border, Builder, Kind, OpenLink};
use crate::html::address::percent_decoded;
use crate::html::style::{attribute, declared};
use crate::model::{Look, Run};
use crate::table::RawCell;

impl Builder<'_> {
    pub(super) fn image(&mut self, tag: &Tag) {
        if !self.hiding.within(self.sight(), tag).shows_pictures() {
            return;
        }
        let alt = attribute(tag, "alt").unwrap_or_default().trim().to_owned();
        let source = attribute(tag, "src").unwrap_or_default().trim();
        let cid = source
            .get(..4)
            .filter(|scheme| scheme.eq_ignore_ascii_case("cid:"))
            .and_then(|_| source.get(4..));
        let file = cid.and_then(|cid| (self.picture_of)(&percent_decoded(cid)));
        let Some(file) = file.filter(|_| self.blocks_left > 0) else {
            // A picture that is not in the letter is not fetched; its alternative text is kept.
            if !alt.is_empty() {
                self.words(&format!("[{alt}]"));
            }
            return;
        };
        self.blocks_left -= 1;
        if let Some(link) = self.open.iter_mut().rev().find_map(|open| open.link.as_mut()) {
            link.pictured = true;
        }
        let points = |name| {
            let said = declared(tag, name).or_else(|| attribute(tag, name).map(str::to_owned))?;
            let pixels: f64 = said.trim().trim_end_matches("px").parse().ok()?;
            (1.0..=4000.0).contains(&pixels).then_some(pixels * 0.75)
        };
        let picture = Run::Picture { file, alt, width: points("width"), height: points("height") };
        let style = self.style();
        match self.frames.last().map(|frame| &frame.kind) {
            Some(Kind::Table(_)) => {
                self.open_cell(RawCell { columns: 1, rows: 1, ..RawCell::default() }, Border::None)
            }
            Some(Kind::List { .. }) => self.push_frame(Kind::Item),
            _ => {}
        }
        if let Some(frame) = self.frames.last_mut() {
            if frame.line.is_empty() {
                frame.align = style.align;
            }
            frame.line.picture(picture);
        }
    }

    /// A target of an image map: on paper it cannot be clicked.
    pub(super) fn area(&mut self, tag: &Tag) {
        let Some(link) = attribute(tag, "href").and_then(Link::read) else { return };
        if !self.sight().shows_words() {
            return;
        }
        let said = attribute(tag, "alt")
            .map(str::trim)
            .filter(|alt| !alt.is_empty())
            .map_or_else(|| link.shown(), str::to_owned);
        self.flush();
        self.words(&said);
        self.say_target(&OpenLink { link, said, pictured: false }, &Look::default());
        self.flush();
    }

    /// The value of a form field.
    pub(super) fn field(&mut self, tag: &Tag) {
        let kind = attribute(tag, "type").unwrap_or_default().trim().to_ascii_lowercase();
        let is_on = attribute(tag, "checked").is_some();
        let words = match kind.as_str() {
            "hidden" | "password" | "image" | "file" | "range" | "color" => return,
            "checkbox" => {
                if is_on {
                    "[x]"
                } else {
                    "[ ]"
                }
            }
            "radio" => {
                if is_on {
                    "(x)"
                } else {
                    "( )"
                }
            }
            _ => attribute(tag, "value").map(str::trim).unwrap_or_default(),
        };
        if !words.is_empty() {
            self.text(&format!(" {words} "));
        }
    }

    /// On paper there is no hovering: the target is printed after the words, unless they are exactly the
    /// target.
    pub(super) fn say_target(&mut self, open: &OpenLink, look: &Look) {
        let empty = open.said.trim().is_empty() && !open.pictured;
        if empty || open.link.is_phone() || (!open.pictured && open.link.is_said_by(&open.said)) {
            return;
        }
        let look = Look { note: true, link: look.link.clone(), ..Look::default() };
        if let Some(frame) = self.frames.last_mut() {
            frame.line.text(&format!(" ‹{}›", open.link.printed()), &look);
        }
    }
}
