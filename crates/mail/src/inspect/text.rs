//! Text in every reading: as it is, as a page, as rich text, as a calendar. Knows no fields and no files.

use std::borrow::Cow;

use super::{Item, LeafFields, Search, Sought, Unread, What, openpgp};
use crate::charset;
use crate::container::{calendar, rtf};
use crate::data_address::{self, DataAddress};
use crate::display::is_trick;
use crate::flowed::{self, DelSp};
use crate::{enriched, html, transfer};

/// How many decodings of one part are read as a page; fewer for a large part.
const MAX_PAGES: usize = 4;
const MAX_LARGE_PAGES: usize = 1;
const LARGE: usize = 256 * 1024;

/// The format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Page,
    Rich,
    /// RFC 1896
    Enriched,
    Calendar,
}

/// The format that a type or an extension stands for.
pub(super) fn form(kind: &str, extension: &str) -> Option<Form> {
    let by_type = match kind {
        "text/html" | "application/xhtml+xml" | "text/x-amp-html" | "text/xhtml" | "text/watch-html" => {
            Some(Form::Page)
        }
        "text/enriched" | "text/richtext" => Some(Form::Enriched),
        "text/rtf" | "application/rtf" | "application/x-rtf" | "application/msword-rtf" => Some(Form::Rich),
        "text/calendar" | "application/ics" | "text/x-vcalendar" | "text/vcard" | "text/x-vcard"
        | "text/directory" => Some(Form::Calendar),
        "message/partial"
        | "message/delivery-status"
        | "message/disposition-notification"
        | "message/external-body" => Some(Form::Plain),
        "application/xml" => Some(Form::Page),
        _ if kind.starts_with("text/") && kind.ends_with("html") => Some(Form::Page),
        _ if kind.starts_with("text/") => Some(Form::Plain),
        _ => None,
    };
    let by_name = match extension {
        "txt" | "text" | "asc" | "csv" | "log" | "md" => Some(Form::Plain),
        "htm" | "html" | "xhtml" | "shtml" => Some(Form::Page),
        "rtf" => Some(Form::Rich),
        "ics" | "vcs" | "vcf" | "ical" => Some(Form::Calendar),
        _ => None,
    };
    by_type.or(by_name)
}

/// Without invisible characters, and with plain spaces; `None` if nothing changes.
pub(super) fn without_tricks(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    // U+2800, the Braille pattern without dots, looks like a space or like nothing; as a space it stays where it is.
    let odd = |c: char| {
        is_trick(c)
            || matches!(c, '\u{200c}' | '\u{200d}' | '\u{2800}')
            || (c.is_whitespace() && !c.is_ascii())
    };
    text.contains(odd).then(|| {
        let seen = text.chars().filter(|c| c.is_whitespace() || !odd(*c));
        seen.map(|c| if c.is_whitespace() && !c.is_ascii() { ' ' } else { c }).collect()
    })
}

/// Joins lines that end with a hyphen with the next: `vertrau-` and `lich` are one word, also when hyphenated by hand.
/// Quote marks between them are dropped. `None`: there are no such lines.
pub(super) fn rejoined(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        let line = match &open {
            Some(_) => line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '|')),
            None => line,
        };
        // Programs that make pages of paper make a paragraph of each line.
        if line.is_empty() && open.is_some() {
            continue;
        }
        let parted = line.trim_end().strip_suffix(['-', '\u{ad}', '\u{2010}', '\u{2011}']);
        match parted.filter(|start| start.ends_with(char::is_alphabetic)) {
            Some(start) => open.get_or_insert_default().push_str(start),
            None => {
                if let Some(start) = open.take() {
                    out.push_str(&start);
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
    }
    if let Some(start) = open {
        out.push_str(&start);
        out.push('\n');
    }
    (!out.is_empty()).then_some(out)
}

/// Quoted lines without their marks: `> streng` and `> vertraulich` are two consecutive words. `None`: no two lines are
/// quoted.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, '>' | '|');
    let mut out = String::new();
    let mut before = false;
    let mut found = false;
    for line in text.lines() {
        let is_quoted = line.trim_start().starts_with(is_mark);
        found |= is_quoted && before;
        before = is_quoted;
        let bare =
            if is_quoted { line.trim_start_matches(|c: char| c.is_whitespace() || is_mark(c)) } else { line };
        out.push_str(bare);
        out.push('\n');
    }
    found.then_some(out)
}

/// Replaces the escapes of JSON and scripts (RFC 8259 §7) by their characters; `None` if there are none.
fn without_escapes(text: &str) -> Option<String> {
    if !text.contains("\\u") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split("\\u");
    out.push_str(pieces.next().unwrap_or_default());
    let mut units: Vec<u16> = Vec::new();
    for piece in pieces {
        let unit = piece.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let rest = if unit.is_some() { piece.get(4..).unwrap_or_default() } else { piece };
        units.extend(unit);
        // Surrogate pairs are adjacent.
        if !rest.is_empty() || unit.is_none() {
            out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
            out.push_str(rest);
        }
    }
    out.push_str(&String::from_utf16_lossy(&units));
    Some(out)
}

impl Search<'_> {
    pub(super) fn text(&mut self, text: String) {
        if text.trim().is_empty() || self.sought == Sought::Letters {
            return;
        }
        for what in openpgp::in_text(text.as_bytes()) {
            self.sealed(what);
        }
        self.blocks_in(text.as_bytes());
        let joined = rejoined(&text).into_iter().chain(unquoted(&text));
        for text in without_tricks(&text).into_iter().chain(joined).chain([text]) {
            match self.room.checked_sub(text.len()).filter(|_| self.can_work(text.len())) {
                Some(left) => {
                    self.room = left;
                    self.found.texts.push(text);
                }
                None => self.illegible(Unread::TooMuch),
            }
        }
    }

    pub(super) fn written(&mut self, bytes: &[u8], form: Form, said: &LeafFields) {
        if self.sought == Sought::Letters {
            return;
        }
        let own = if form == Form::Page { charset::declared_in_page(bytes) } else { None };
        let labels: Vec<&str> = said.charsets.iter().chain(&own).map(String::as_str).collect();
        let (texts, whole) = charset::candidates(bytes, &labels);
        // A fold may split a character.
        let unfolded = if form == Form::Calendar { flowed::unfolded_bytes(bytes) } else { Vec::new() };
        let differs = form == Form::Calendar && unfolded != bytes && !bytes.is_ascii();
        let joined = if differs { charset::candidates(&unfolded, &labels).0 } else { Vec::new() };
        if !whole {
            self.illegible(Unread::Charset);
        }
        match form {
            Form::Plain => texts.into_iter().for_each(|text| self.plain(text, said.flowed)),
            Form::Page => {
                let most = if bytes.len() > LARGE { MAX_LARGE_PAGES } else { MAX_PAGES };
                texts.iter().take(most).for_each(|text| self.page(text));
                // The others differ only in their letters: their source is enough.
                texts.into_iter().skip(most).for_each(|text| self.text(text));
            }
            Form::Rich => self.rich(bytes),
            // Some programs read it as a page, some as what it is, some as text.
            Form::Enriched => texts.into_iter().for_each(|text| {
                self.page(&enriched::to_page(&text));
                self.page(&text);
                self.text(text);
            }),
            Form::Calendar => texts.into_iter().chain(joined).for_each(|text| {
                let unfolded = flowed::unfolded_calendar(&text);
                // Outlook displays an invitation as the page it contains (X-ALT-DESC;FMTTYPE=text/html).
                if unfolded.contains('<') {
                    self.page(&unfolded);
                }
                // vCard 2.1
                if text.to_ascii_uppercase().contains("QUOTED-PRINTABLE") {
                    let plain = transfer::Transfer::QuotedPrintable.decode(text.as_bytes());
                    self.text(charset::decode(&plain, None));
                }
                calendar::encoded_texts(&unfolded).for_each(|text| self.text(text));
                self.addresses_with_data(&unfolded);
                self.text(unfolded);
                self.text(text);
            }),
        }
    }

    /// Content of an unknown type that decodes as text: unknown file types, JSON, SVG.
    pub(super) fn perhaps_written(&mut self, bytes: &[u8]) {
        if self.sought == Sought::Letters || !charset::is_text(bytes) || bytes.starts_with(b"{\\rtf") {
            return;
        }
        // It has no type, so an unknown label means nothing here.
        for text in charset::candidates(bytes, &[]).0 {
            if let Some(plain) = without_escapes(&text) {
                self.text(plain);
            }
            self.plain(text, None);
        }
    }

    pub(super) fn plain(&mut self, text: String, flowed: Option<DelSp>) {
        if openpgp::may_be_in(&text) {
            self.illegible(Unread::Encrypted);
        }
        if let Some(delsp) = flowed {
            self.text(flowed::unflowed(&text, delsp));
        }
        // A text labelled plain that begins like a page is displayed as one by some programs.
        let start: String = text.trim_start().chars().take(300).collect::<String>().to_ascii_lowercase();
        if start.starts_with("<!doctype")
            || start.starts_with("<?xml")
            || start.contains("<html")
            || start.contains("<svg")
            || start.contains("<body")
        {
            self.page(&text);
        }
        self.addresses_with_data(&text);
        self.text(text);
    }

    pub(super) fn page(&mut self, page: &str) {
        if openpgp::may_be_in(page) {
            self.illegible(Unread::Encrypted);
        }
        if !self.can_work(page.len().saturating_mul(4)) {
            return self.illegible(Unread::TooMuch);
        }
        match html::candidates(page) {
            Some(found) => {
                found.texts.into_iter().for_each(|text| self.text(text));
                found.data.iter().for_each(|address| self.addresses_with_data(address));
            }
            None => self.illegible(Unread::TooMuch),
        }
    }

    /// What addresses hold that lead nowhere else: a page behind a link, the text of a drawing.
    pub(super) fn addresses_with_data(&mut self, text: &str) {
        for DataAddress { kind, names, charset, bytes } in data_address::found_in(text) {
            let said = LeafFields {
                names,
                types: vec![kind],
                charsets: charset.into_iter().collect(),
                ..LeafFields::default()
            };
            let (bytes, depth) = (Cow::Owned(bytes), self.depth + 1);
            self.push(Item { bytes, depth, what: What::Leaf(said) });
        }
    }

    pub(super) fn rich(&mut self, bytes: &[u8]) {
        match rtf::read(bytes) {
            Some(rich) => {
                self.ids.look(rich.source.as_bytes());
                if let Some(page) = rich.html {
                    self.page(&page);
                }
                rich.aside.into_iter().for_each(|text| self.text(text));
                if let Some(bare) = rich.bare {
                    self.text(bare);
                }
                if rich.source != rich.text {
                    self.text(rich.source);
                }
                self.text(rich.text);
            }
            None if bytes.trim_ascii().is_empty() => {}
            None => {
                self.text(charset::decode(bytes, None));
                self.illegible(Unread::Damaged);
            }
        }
    }
}
