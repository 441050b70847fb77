//! What a letter hides is taken out before the sanitiser, which would bring it to light; and short words that a letter
//! keeps on one line stay there. Works on markup that a parser has written.

use crate::reading::declarations::declarations;
use crate::reading::markup::{Tag, Tags};

/// Longer lines wrap, whatever the letter says: they would push the rest off the page.
const MAX_TOGETHER: usize = 40;
/// Words of this size are not meant to be read.
const SMALLEST: f32 = 1.5;

/// The markup without what it hides. If then nothing is left, nothing was meant to be hidden.
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
    let (mut at, mut together) = (0, 0);
    for tag in Tags::new(markup) {
        if tag.start < at {
            // Within what has been taken out.
            continue;
        }
        let text = markup.get(at..tag.start).unwrap_or_default();
        out.push_str(&if at < together { joined(text) } else { text.to_owned() });
        let source = markup.get(tag.start..tag.end).unwrap_or_default();
        if !tag.closing {
            let looks = Looks::of(&tag, source);
            if looks.is_hidden {
                at = end_of(markup, &tag).0;
                continue;
            }
            if looks.may_be_hidden || looks.is_together {
                let (end, holds) = end_of(markup, &tag);
                if looks.may_be_hidden && !holds.link && (!looks.only_if_leaf || !holds.elements) {
                    at = end;
                    continue;
                }
                if looks.is_together && !holds.link && holds.letters <= MAX_TOGETHER {
                    together = together.max(end);
                }
            }
        }
        out.push_str(source);
        at = tag.end;
    }
    out.push_str(markup.get(at..).unwrap_or_default());
    out
}

/// Text that does not wrap.
fn joined(text: &str) -> String {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>().join("&nbsp;");
    let before = if text.starts_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    let after = if text.ends_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
    format!("{before}{words}{after}")
}

/// What an element's attributes say of being seen.
#[derive(Default)]
struct Looks {
    is_hidden: bool,
    /// Hidden, unless there is a link in it: then where it leads is told instead.
    may_be_hidden: bool,
    /// Only if nothing in it can say otherwise.
    only_if_leaf: bool,
    is_together: bool,
}

impl Looks {
    fn of(tag: &Tag<'_>, source: &str) -> Self {
        let mut looks = Self {
            is_hidden: source.contains(" hidden=\""),
            is_together: matches!(tag.name, "td" | "th") && source.contains(" nowrap=\""),
            ..Self::default()
        };
        let Some(style) = source.split_once(" style=\"").and_then(|(_, rest)| rest.split_once('"')) else {
            return looks;
        };
        let (mut flat, mut cut, mut tiny) = (false, false, false);
        let (mut taken_out, mut far, mut clipped) = (false, false, false);
        for (name, value) in declarations(style.0) {
            let value = value.to_ascii_lowercase();
            let number = || {
                let digits = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
                let pixels = value.ends_with("px") || value.ends_with("pt") || digits == value.len();
                value.get(..digits).and_then(|n| n.parse::<f32>().ok()).filter(|n| pixels || *n == 0.0)
            };
            match name.as_str() {
                "display" => looks.is_hidden = value == "none",
                "visibility" => looks.is_hidden |= value == "hidden" || value == "collapse",
                "opacity" => looks.may_be_hidden |= number() == Some(0.0),
                "max-height" | "height" | "max-width" | "width" => flat |= number().is_some_and(|n| n <= 1.0),
                "overflow" => cut = value == "hidden",
                "font-size" => tiny = number().is_some_and(|n| n <= SMALLEST),
                "color" => tiny |= value == "transparent",
                "position" => taken_out = value == "absolute" || value == "fixed",
                "left" | "top" | "right" | "bottom" => far |= is_far(&value),
                "text-indent" | "margin-left" => looks.may_be_hidden |= is_far(&value),
                "clip" => {
                    clipped = value.starts_with("rect(") && !value.chars().any(|c| ('2'..='9').contains(&c));
                }
                "white-space" => looks.is_together |= value == "nowrap",
                _ => {}
            }
        }
        if (flat && cut) || (taken_out && (far || clipped)) {
            looks.may_be_hidden = true;
        } else if tiny && !looks.may_be_hidden {
            looks.may_be_hidden = true;
            looks.only_if_leaf = true;
        }
        looks
    }
}

/// So far out that it is on no screen.
fn is_far(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.trim().parse::<f32>().is_ok_and(|number| number <= -500.0)
}

/// What is in an element.
#[derive(Default)]
struct Holds {
    link: bool,
    elements: bool,
    letters: usize,
}

/// Where an element ends, and what is in it.
fn end_of(markup: &str, tag: &Tag<'_>) -> (usize, Holds) {
    let mut holds = Holds { link: tag.name == "a", ..Holds::default() };
    if matches!(tag.name, "br" | "col" | "hr" | "img" | "wbr") {
        return (tag.end, holds);
    }
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
        holds.elements |= !inner.closing;
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
            "<div style=\"font-size:1px;color:#fff;line-height:1px\">Vorschau</div>",
            "<img style=\"display:none\" src=\"x\">",
            "<div style=\"position:absolute;left:-9999px\">a</div>",
            "<div style=\"text-indent:-9999px\">a</div>",
            "<div style=\"clip:rect(0,0,0,0);position:absolute\">a</div>",
        ] {
            assert_eq!(taken_out(&format!("{hidden}<p>x</p>")), "<p>x</p>", "{hidden}");
        }
    }

    #[test]
    fn what_only_looks_hidden_stays() {
        for seen in [
            "<div style=\"display:none;display:block\">a</div>",
            "<td style=\"font-size:0\"><div style=\"font-size:14px\">a</div></td>",
            "<div style=\"opacity:0\"><a href=\"https://x.example\">a</a></div>",
            "<div style=\"max-height:0\">a</div>",
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
