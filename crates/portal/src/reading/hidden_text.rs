//! Removes what a letter hides before the sanitiser, which would make it visible; and keeps short unbreakable
//! text on one line. Works on markup written by a parser.

use sealpost_mail::{HiddenAttribute, Visibility};

use crate::reading::declarations::declarations;
use crate::reading::markup::{Tag, Tags};

/// Longer lines wrap, whatever the letter says: they would push the rest off the page.
const MAX_TOGETHER: usize = 40;

/// The markup without what it hides. If nothing is left, nothing was meant to be hidden.
pub(crate) fn taken_out(markup: &str) -> String {
    let out = without(markup);
    if is_empty(&out) { markup.to_owned() } else { out }
}

fn is_empty(markup: &str) -> bool {
    let mut copied = 0;
    for tag in Tags::new(markup) {
        if tag.name == "img" || !markup.get(copied..tag.start).unwrap_or_default().trim().is_empty() {
            return false;
        }
        copied = tag.end;
    }
    markup.get(copied..).unwrap_or_default().trim().is_empty()
}

fn without(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut open: Vec<(&str, Visibility)> = Vec::new();
    let (mut at, mut together) = (0, 0);
    for tag in Tags::new(markup) {
        if tag.start < at {
            // Inside what has been removed.
            continue;
        }
        let sight = open.last().map_or_else(Visibility::default, |(_, sight)| *sight);
        let text = markup.get(at..tag.start).unwrap_or_default();
        if at < together {
            push(&joined(text), sight, &mut out);
        } else {
            push(text, sight, &mut out);
        }
        let source = markup.get(tag.start..tag.end).unwrap_or_default();
        at = tag.end;
        if tag.closing {
            if let Some(from) = open.iter().rposition(|(name, _)| *name == tag.name) {
                open.truncate(from);
            }
            out.push_str(source);
            continue;
        }
        let own = Own::of(&tag, source);
        let mut inside = sight.within(tag.name, own.style, own.hidden);
        if is_void(tag.name) {
            if tag.name != "img" || inside.shows_pictures() {
                out.push_str(source);
            }
            continue;
        }
        let begins_hidden = sight.shows_words() && !inside.shows_words();
        if own.keeps_together || begins_hidden {
            let (end, holds) = end_of(markup, &tag);
            let invisible = !inside.is_gone() && !inside.shows_pictures();
            if begins_hidden && holds.link && !own.is_undisplayed() && !invisible {
                // It contains a link: then the link's target is shown instead.
                inside = sight;
            } else if inside.is_gone() || invisible && !holds.visible {
                at = end;
                continue;
            }
            if own.keeps_together && !holds.link && holds.letters <= MAX_TOGETHER {
                together = together.max(end);
            }
        }
        out.push_str(source);
        open.push((tag.name, inside));
    }
    let sight = open.last().map_or_else(Visibility::default, |(_, sight)| *sight);
    push(markup.get(at..).unwrap_or_default(), sight, &mut out);
    out
}

/// Visible text, and the white space between elements.
fn push(text: &str, sight: Visibility, out: &mut String) {
    if sight.shows_words() {
        out.push_str(text);
    } else if text.starts_with(|c: char| c.is_ascii_whitespace()) {
        out.push(' ');
    }
}

fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img" | "wbr")
}

/// Text that does not wrap.
fn joined(text: &str) -> String {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>().join("&nbsp;");
    let before = if text.starts_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    let after = if text.ends_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    format!("{before}{words}{after}")
}

/// The properties of an element.
struct Own<'a> {
    style: &'a str,
    /// It has the attribute `hidden`.
    hidden: HiddenAttribute,
    /// Its content is kept on one line.
    keeps_together: bool,
}

impl<'a> Own<'a> {
    fn of(tag: &Tag<'_>, source: &'a str) -> Self {
        let style = source.split_once(" style=\"").and_then(|(_, rest)| rest.split_once('"'));
        let style = style.map_or("", |(style, _)| style);
        let nowrap = matches!(tag.name, "td" | "th") && source.contains(" nowrap=\"");
        let said = declarations(style).filter(|(name, _)| name == "white-space").last();
        let said = said.is_some_and(|(_, value)| value.eq_ignore_ascii_case("nowrap"));
        let hidden = match source.contains(" hidden=\"") {
            true => HiddenAttribute::Present,
            false => HiddenAttribute::Absent,
        };
        Self { style, hidden, keeps_together: nowrap || said }
    }

    /// It is not displayed, which is never set on a link by mistake.
    fn is_undisplayed(&self) -> bool {
        let said = declarations(self.style).filter(|(name, _)| name == "display").last();
        said.map_or(self.hidden == HiddenAttribute::Present, |(_, value)| value.eq_ignore_ascii_case("none"))
    }
}

/// The content of an element.
#[derive(Default)]
struct Holds {
    link: bool,
    /// Something in it is declared visible.
    visible: bool,
    letters: usize,
}

/// Where an element ends, and its content.
fn end_of(markup: &str, tag: &Tag<'_>) -> (usize, Holds) {
    let mut holds = Holds { link: tag.name == "a", ..Holds::default() };
    let rest = markup.get(tag.end..).unwrap_or_default();
    let (mut depth, mut copied) = (1_usize, 0);
    for inner in Tags::new(rest) {
        holds.letters += rest.get(copied..inner.start).unwrap_or_default().chars().count();
        copied = inner.end;
        if inner.name == tag.name {
            depth = if inner.closing { depth.saturating_sub(1) } else { depth + 1 };
        }
        if depth == 0 {
            return (tag.end + inner.end, holds);
        }
        holds.visible |=
            !inner.closing && rest.get(inner.start..inner.end).is_some_and(|tag| tag.contains("visible"));
        holds.link |= inner.name == "a";
    }
    (markup.len(), holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_gone() {
        for hidden in [
            "<div style=\"display:none\">a<div>b</div></div>",
            "<div style=\"DISPLAY: None !important; font-size:1px\">a</div>",
            "<span hidden=\"\">a<a href=\"x\">b</a></span>",
            "<p style=\"visibility:hidden\">a</p>",
            "<div style=\"max-height:0;overflow:hidden\">a</div>",
            "<div style=\"opacity:0\">a<b>c</b></div>",
            "<img style=\"display:none\" src=\"x\">",
            "<div style=\"position:absolute;left:-9999px\">a</div>",
            "<div style=\"text-indent:-9999px\">a</div>",
            "<div style=\"clip:rect(0,0,0,0);position:absolute\">a</div>",
        ] {
            assert_eq!(taken_out(&format!("{hidden}<p>x</p>")), "<p>x</p>", "{hidden}");
        }
        for (tiny, left) in [
            ("<div style=\"font-size:1px\">Vorschau</div>", "<div style=\"font-size:1px\"></div>"),
            (
                "<div style=\"font-size:0\"><b>a</b> <i style=\"font-size:9px\">b</i></div>",
                "<div style=\"font-size:0\"><b></b> <i style=\"font-size:9px\">b</i></div>",
            ),
            (
                "<p style=\"visibility:hidden\">a<b style=\"visibility:visible\">b</b><img src=\"x\"></p>",
                "<p style=\"visibility:hidden\"><b style=\"visibility:visible\">b</b></p>",
            ),
        ] {
            assert_eq!(taken_out(&format!("{tiny}<p>x</p>")), format!("{left}<p>x</p>"), "{tiny}");
        }
    }

    #[test]
    fn what_only_looks_hidden_stays() {
        for seen in [
            "<div style=\"display:none;display:block\">a</div>",
            "<td style=\"font-size:0\"><div style=\"font-size:14px\">a</div></td>",
            "<div style=\"opacity:0\"><a href=\"https://x.example\">a</a></div>",
            "<div style=\"max-height:0\">a</div>",
            "<div style=\"mso-hide:all\">a</div>",
            "<td style=\"font-size:0\"><img src=\"x\"></td>",
            "<td style=\"max-height:0;overflow:hidden\">a</td>",
            "<div style=\"position:absolute;left:-9px\">a</div>",
            "<div style=\"position:relative;top:-999px\">a</div>",
            "<div style=\"font-size:1em\">a</div>",
        ] {
            let page = format!("{seen}<p>x</p>");
            assert_eq!(taken_out(&page), page);
        }
        let all = "<div style=\"display:none\">a</div>";
        assert_eq!(taken_out(all), all, "a letter is never empty");
    }

    #[test]
    fn amounts_stay_on_one_line() {
        let out = taken_out("<td style=\"white-space:nowrap\">1.234,00 EUR <b>a b</b></td><td>c d</td>");
        assert_eq!(
            out,
            "<td style=\"white-space:nowrap\">1.234,00&nbsp;EUR <b>a&nbsp;b</b></td><td>c d</td>"
        );
        let long = format!("<td nowrap=\"\">{}</td>", "Wort ".repeat(20));
        assert_eq!(taken_out(&long), long);
    }
}
