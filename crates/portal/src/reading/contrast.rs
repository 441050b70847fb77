//! Makes a letter's colours legible: after everything hidden has been removed, text is compared with its background,
//! and repaired with the nearest shade. Works on markup produced by the sanitiser.

use sealpost_mail::Colour;

use crate::css_colour::Paint;
use crate::reading::declarations::declarations;
use crate::reading::markup::Tags;

/// The frame's own colours. Must match `styles/letter.css`.
const LINK: &str = "#0b4f8a";
const MARKED: &str = "#ffff00";

/// Text colour and background at one position.
#[derive(Clone, Copy)]
struct Ground {
    words: Colour,
    behind: Colour,
}

/// The markup with colours in which all text can be read.
pub(crate) fn repaired(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / 16);
    let mut open: Vec<(&str, Ground)> = Vec::new();
    let page = Ground { words: Colour::INK, behind: Colour::WHITE };
    let mut copied = 0;
    for tag in Tags::new(markup) {
        out.push_str(markup.get(copied..tag.start).unwrap_or_default());
        copied = tag.end;
        let source = markup.get(tag.start..tag.end).unwrap_or_default();
        if tag.closing {
            if let Some(at) = open.iter().rposition(|(name, _)| *name == tag.name) {
                open.truncate(at);
            }
            out.push_str(source);
            continue;
        }
        let around = open.last().map_or(page, |(_, ground)| *ground);
        let own = Own::of(tag.name, source);
        let (ground, source) = own.on(around, source);
        out.push_str(&source);
        if !matches!(tag.name, "br" | "col" | "hr" | "img" | "wbr") {
            open.push((tag.name, ground));
        }
    }
    out.push_str(markup.get(copied..).unwrap_or_default());
    out
}

/// The colours an element sets.
#[derive(Default)]
struct Own {
    words: Option<Paint>,
    behind: Option<Paint>,
    /// It has a background picture, which may be missing.
    picture: bool,
}

impl Own {
    fn of(name: &str, source: &str) -> Self {
        let mut own = Self::default();
        match name {
            "a" => own.words = Paint::css(LINK),
            "mark" => (own.words, own.behind) = (Paint::css("#000"), Paint::css(MARKED)),
            "font" => own.words = value(source, "color").and_then(Paint::attribute),
            _ => {}
        }
        if let Some(said) = value(source, "bgcolor").and_then(Paint::attribute) {
            own.behind = Some(said);
        }
        for (name, said) in declarations(value(source, "style").unwrap_or_default()) {
            match name.as_str() {
                "color" if said == "inherit" => own.words = None,
                "color" => own.words = Paint::css(said).or(own.words),
                "background-color" => own.behind = Paint::css(said).or(own.behind),
                "background-image" => own.picture = true,
                _ => {}
            }
        }
        own
    }

    /// The resulting colours, and its tag with the repairs.
    fn on(&self, around: Ground, source: &str) -> (Ground, String) {
        if self.words.is_none() && self.behind.is_none() && !self.picture {
            return (around, source.to_owned());
        }
        let mut repairs = String::new();
        let mut behind = self.behind.map_or(around.behind, |paint| paint.on(around.behind));
        let mut words = self.words.map_or(around.words, |paint| paint.on(behind));
        if self.picture && self.behind.is_none_or(|paint| !paint.is_opaque()) {
            // The text colour was chosen for the picture: if it is missing or translucent, a similar background is
            // used.
            behind = words.ink_on();
            repairs = format!("background-color:{}", behind.css());
        }
        if words.contrast(behind) < Colour::TEXT {
            words = words.legible(behind);
            if !repairs.is_empty() {
                repairs.push(';');
            }
            repairs.push_str("color:");
            repairs.push_str(&words.css());
        }
        let source = if repairs.is_empty() { source.to_owned() } else { with_style(source, &repairs) };
        (Ground { words, behind }, source)
    }
}

/// The value of an attribute of a cleaned tag; values are always in double quotes.
fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

fn with_style(tag: &str, more: &str) -> String {
    if let Some((start, rest)) = tag.split_once(" style=\"")
        && let Some((style, end)) = rest.split_once('"')
    {
        let between = if style.is_empty() { "" } else { ";" };
        return format!("{start} style=\"{style}{between}{more}\"{end}");
    }
    let end = tag.strip_suffix('>').unwrap_or(tag);
    format!("{end} style=\"{more}\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_on_white_is_impossible() {
        for (markup, wanted) in [
            ("<p style=\"color:#ffffff\">a</p>", "<p style=\"color:#ffffff;color:#747676\">a</p>"),
            ("<font color=\"#ffffff\">a</font>", "<font color=\"#ffffff\" style=\"color:#747676\">a</font>"),
            (
                "<table bgcolor=\"#000080\"><tbody><tr><td>a</td></tr></tbody></table>",
                "<table bgcolor=\"#000080\" style=\"color:#868a8e\"><tbody><tr><td>a</td></tr></tbody></table>",
            ),
            (
                "<td style=\"background-color:#000080;color:#ffffff\"><a href=\"x\">a</a></td>",
                "<td style=\"background-color:#000080;color:#ffffff\"><a href=\"x\" style=\"color:#799db8\">a</a></td>",
            ),
            (
                "<td style=\"background-image:url(/m/1/inline/2);color:#ffffff\">a</td>",
                "<td style=\"background-image:url(/m/1/inline/2);color:#ffffff;background-color:#101820\">a</td>",
            ),
            ("<p style=\"color:transparent\">a</p>", "<p style=\"color:transparent;color:#747676\">a</p>"),
        ] {
            let out = repaired(markup);
            let same = out.split("color:#").count() == wanted.split("color:#").count();
            assert!(same, "{markup}\n{out}\n{wanted}");
            assert_eq!(repaired(&out), out, "a repaired letter is in order");
        }
    }

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        for fine in [
            "<p style=\"color:#333333\">a <b>b</b></p>",
            "<div style=\"background-color:#123456;color:#ffffff\"><p>a</p></div><p>b</p>",
            "<div style=\"background-color:#123456;color:#ffffff\"><a href=\"x\" style=\"color:inherit\">a</a></div>",
            "<mark>a</mark>",
            "<a href=\"x\">a</a>",
            "<td bgcolor=\"#ffff00\"><font color=\"#000000\">a</font></td>",
        ] {
            assert_eq!(repaired(fine), fine);
        }
    }
}
