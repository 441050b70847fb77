//! Which CSS declarations of a letter are allowed: those about looks, never about position. Knows no page.
//!
//! SECURITY: no allowed declaration can lay one thing over another, push it out of sight or make its size
//! depend on the frame's. Each link's target is shown in the same page (link_targets.rs); this is why the
//! letter cannot hide it.

use crate::css_colour::Paint;
use crate::reading::css_values::{Length, Token, flat, no_more_than_all, tokens, without_remarks};

/// Properties allowed in a letter. The sanitiser's own list, which also normalises values.
pub(crate) const PROPERTIES: [&str; 93] = [
    "background-blend-mode",
    "background-clip",
    "background-color",
    "background-image",
    "background-origin",
    "background-position",
    "background-repeat",
    "background-size",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "flex-wrap",
    "font",
    "font-family",
    "font-kerning",
    "font-size",
    "font-size-adjust",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "object-fit",
    "object-position",
    "opacity",
    "outline",
    "outline-color",
    "outline-style",
    "outline-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-align-last",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-decoration-style",
    "text-emphasis",
    "text-indent",
    "text-transform",
    "text-underline-position",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
];

/// Minimum width in pixels: a narrower block would push a link's target out of its page.
const NARROWEST: f32 = 240.0;
/// Maximum space around one element, in pixels, and as a share of the page.
const MAX_SPACE: f32 = 100.0;
const MAX_SPACE_SHARE: f32 = 20.0;
const MAX_HEIGHT: f32 = 2000.0;
const MAX_WIDTH: f32 = 2000.0;
const MAX_BORDER: f32 = 30.0;
/// An outline takes no space: it is drawn over its surroundings.
const MAX_OUTLINE: f32 = 3.0;
/// With larger type the line is so high that a link's target on the next line is far from it.
const MAX_FONT: f32 = 48.0;
/// In lower lines nothing can be read.
const LOWEST_LINE: f32 = 10.0;
const MAX_SPACING: f32 = 16.0;
/// Minimum opacity of a picture; text must be opaque.
const FAINTEST: f32 = 0.2;

/// How far a letter may set widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widths {
    /// Freely, within bounds.
    Own,
    /// Not at all: it is written from right to left, and what does not fit would extend beyond the side to
    /// which no reader can scroll.
    Flowing,
}

/// Maps the letter's name of a picture inside the letter to its URL.
pub(crate) type Pictures<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The declarations of a `style` attribute that are kept for an element of this name.
pub(crate) fn kept(element: &str, style: &str, widths: Widths, pictures: Pictures<'_>) -> String {
    let style = without_remarks(style);
    let judged = declarations(&style).filter_map(|(name, value)| {
        let small = value.to_ascii_lowercase();
        kept_one(element, &name, &small, value, widths, pictures)
    });
    judged.collect::<Vec<_>>().join(";")
}

/// The declarations of a style: names in lower case, values without `!important`.
pub(crate) fn declarations(style: &str) -> impl Iterator<Item = (String, &str)> {
    pieces(style).filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.split_once('!').map_or(value, |(value, _important)| value).trim();
        Some((name.trim().to_ascii_lowercase(), value))
    })
}

/// The text between semicolons outside of brackets: a URL may contain some.
fn pieces(style: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    style.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ';' && depth == 0
    })
}

fn kept_one(
    element: &str,
    name: &str,
    value: &str,
    written: &str,
    widths: Widths,
    pictures: Pictures<'_>,
) -> Option<String> {
    match name {
        "background" => return background(value, written, pictures),
        "background-image" => return ground_picture(value, written, pictures),
        _ => {}
    }
    // Escapes, comments, functions other than colours and sums: honest letters do not need them.
    let value = flat(value, &tokens(value)?)?;
    let value = value.as_str();
    let tokens = tokens(value)?;
    // No URL anywhere else.
    if value.contains("url(") {
        return None;
    }
    let kept = |value: &str| Some(format!("{name}:{value}"));
    let same = |fine: bool| fine.then(|| format!("{name}:{value}"));
    let lengths = |most: f32, share: f32| tokens.iter().all(|token| token.is_at_most(most, share));
    let words = |known: &[&str]| tokens.iter().all(|token| known.contains(&token.text));
    let is_picture = element == "img";
    match name {
        "color" if value == "inherit" => same(true),
        "color" | "background-color" | "border-color" | "outline-color" | "text-decoration-color" => {
            painted(name, &tokens)
        }
        "background-repeat" | "background-position" | "background-size" => same(lengths(MAX_WIDTH, 100.0)),
        // `text` would paint text with what may not be shown.
        "background-clip" | "background-origin" => same(words(&["border-box", "padding-box", "content-box"])),
        "display" => displayed(element, value),
        // A high link would have its text at one end and its target at the other.
        "height" | "min-height" if element == "a" => None,
        "height" | "min-height" => {
            // An element higher than declared would be laid over what follows. Pictures and tables never are.
            let grows = matches!(element, "img" | "table" | "tr" | "td" | "th" | "hr");
            let fine = lengths(MAX_HEIGHT, 0.0);
            let name = if grows { name } else { "min-height" };
            fine.then(|| format!("{name}:{value}"))
        }
        "max-height" => same(is_picture && lengths(MAX_HEIGHT, 0.0)),
        "width" | "min-width" | "max-width" => width(element, name, value, &tokens, widths),
        // Text raised above or below its line would leave the targets of its links behind.
        "vertical-align" => {
            let lies = matches!(element, "img" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th");
            same(lies && tokens.iter().all(|token| token.length().is_none()))
        }
        "line-height" => same(lengths(200.0, 400.0) && !tokens.iter().any(is_crowded)),
        "letter-spacing" | "word-spacing" | "border-spacing" => same(lengths(MAX_SPACING, 0.0)),
        "font-size" | "font" => same(lengths(MAX_FONT, 400.0)),
        "font-size-adjust" => same(lengths(1.0, 0.0)),
        "white-space" => match value {
            // Text that does not wrap pushes the rest away.
            "pre" | "pre-wrap" => kept("pre-wrap"),
            "normal" | "pre-line" => same(true),
            _ => None,
        },
        "opacity" => {
            let number = value.parse::<f32>().ok()?;
            same(is_picture && (FAINTEST..=1.0).contains(&number))
        }
        "object-fit" | "object-position" => same(is_picture && lengths(MAX_WIDTH, 100.0)),
        // A text as a bullet can be as long as a letter.
        "list-style-type" => same(tokens.iter().all(is_word)),
        "list-style" => {
            let kind = tokens.iter().find(|token| !is_place(token) && is_word(token));
            let place = tokens.iter().find(|token| is_place(token));
            let kind = kind.map(|token| format!("list-style-type:{}", token.text));
            let place = place.map(|token| format!("list-style-position:{}", token.text));
            let both: Vec<String> = [kind, place].into_iter().flatten().collect();
            (!both.is_empty()).then(|| both.join(";"))
        }
        _ if name.starts_with("outline") => same(PROPERTIES.contains(&name) && lengths(MAX_OUTLINE, 0.0)),
        _ if name.starts_with("margin") || name.starts_with("padding") || name == "text-indent" => {
            same(PROPERTIES.contains(&name) && lengths(MAX_SPACE, MAX_SPACE_SHARE))
        }
        _ if name.starts_with("border") => same(PROPERTIES.contains(&name) && lengths(MAX_BORDER, 50.0)),
        // Set by us, with `display`.
        "flex-wrap" => None,
        _ => same(
            PROPERTIES.contains(&name)
                && tokens.iter().all(|token| token.length().is_none_or(|_| is_weight(name, token))),
        ),
    }
}

/// Whether lines are so close that they overlap.
fn is_crowded(token: &Token<'_>) -> bool {
    match token.length() {
        Some(Length::Pixels(_)) if token.text.parse::<f32>().is_ok_and(|times| times >= 1.0) => false,
        Some(Length::Pixels(pixels)) => pixels < LOWEST_LINE,
        Some(Length::Share(share)) => share < 100.0,
        Some(Length::Between(low, _)) => low < LOWEST_LINE,
        None => false,
    }
}

fn is_place(token: &Token<'_>) -> bool {
    matches!(token.text, "inside" | "outside")
}

fn is_word(token: &Token<'_>) -> bool {
    token.text.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}

fn is_weight(name: &str, token: &Token<'_>) -> bool {
    match name {
        "font-weight" => true,
        "font-stretch" => token.is_at_most(0.0, 200.0),
        _ => false,
    }
}

/// Colours in one notation, so that what is judged is what is seen.
fn painted(name: &str, tokens: &[Token<'_>]) -> Option<String> {
    let paints: Option<Vec<String>> = tokens.iter().map(|token| token.paint().map(Paint::written)).collect();
    paints.filter(|paints| !paints.is_empty()).map(|paints| format!("{name}:{}", paints.join(" ")))
}

/// How a box takes part in the page; hidden boxes are removed before (hidden_text.rs).
fn displayed(element: &str, value: &str) -> Option<String> {
    let simple = ["inline", "block", "inline-block"];
    let boxes = [
        "list-item",
        "table",
        "inline-table",
        "table-row",
        "table-cell",
        "table-row-group",
        "table-header-group",
        "table-footer-group",
        "table-caption",
    ];
    // In a row that does not wrap, content would be cut at the page's edge.
    let rows = ["flex", "inline-flex", "grid", "inline-grid"];
    // A cell grows with its content only as long as it is a cell.
    if matches!(element, "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" | "col" | "colgroup") {
        return None;
    }
    if simple.contains(&value) {
        return Some(format!("display:{value}"));
    }
    // A link and its target must stay together.
    if element == "a" {
        return None;
    }
    if rows.contains(&value) {
        return Some(format!("display:{value};flex-wrap:wrap"));
    }
    boxes.contains(&value).then(|| format!("display:{value}"))
}

fn width(element: &str, name: &str, value: &str, tokens: &[Token<'_>], widths: Widths) -> Option<String> {
    if widths == Widths::Flowing {
        return None;
    }
    // As wide as its content, but no wider than the available space.
    if matches!(value, "fit-content" | "max-content" | "min-content") {
        return Some(format!("{name}:fit-content"));
    }
    // A share of the frame's width is one of the page's.
    let share = value.strip_suffix("vw").and_then(|number| number.trim().parse::<f32>().ok());
    if let Some(share) = share {
        let value = format!("{share}%");
        let whole = (50.0..=100.0).contains(&share);
        return whole.then(|| format!("{name}:{value}"));
    }
    let free = matches!(element, "img" | "table" | "td" | "th" | "col" | "hr");
    let wide = |token: &Token<'_>| match token.length() {
        Some(Length::Share(share)) => share >= 50.0,
        Some(Length::Pixels(pixels)) => pixels >= NARROWEST,
        Some(Length::Between(low, _)) => low >= NARROWEST,
        None => true,
    };
    let bounded = tokens.iter().all(|token| token.is_at_most(MAX_WIDTH, 100.0));
    match name {
        // What wants more width than available gets what is available.
        "min-width" => {
            let is_length = tokens.len() == 1 && tokens.iter().all(|token| token.length().is_some());
            let least = no_more_than_all(value).filter(|_| bounded && is_length);
            least.map(|value| format!("min-width:{value}"))
        }
        _ if !bounded || !(free || tokens.iter().all(wide)) => None,
        // So does a block on a phone.
        "width" if !free && value != "auto" => Some(match no_more_than_all(value) {
            Some(value) => format!("width:{value}"),
            None => format!("width:{value};max-width:100%"),
        }),
        _ => Some(format!("{name}:{value}")),
    }
}

/// The shorthand can fetch; its colour cannot, nor can a picture inside the letter.
fn background(value: &str, written: &str, pictures: Pictures<'_>) -> Option<String> {
    let mut kept = Vec::new();
    if let Some(paint) = first_paint(value) {
        kept.push(format!("background-color:{}", paint.written()));
    }
    if let Some(picture) = ground_picture(value, written, pictures).filter(|kept| kept.contains("url(")) {
        kept.push(picture);
        let word = |known: &[&str]| {
            value.split([' ', '/', ',']).filter(|word| known.contains(word)).collect::<Vec<_>>().join(" ")
        };
        for (name, value) in [
            ("background-repeat", word(&["no-repeat", "repeat-x", "repeat-y", "repeat"])),
            ("background-position", word(&["left", "right", "top", "bottom", "center"])),
            ("background-size", word(&["cover", "contain"])),
        ] {
            if !value.is_empty() {
                kept.push(format!("{name}:{value}"));
            }
        }
    }
    (!kept.is_empty()).then(|| kept.join(";"))
}

/// A picture inside the letter; instead of a gradient its first colour.
fn ground_picture(value: &str, written: &str, pictures: Pictures<'_>) -> Option<String> {
    if let Some(at) = value.find("url(") {
        let inside = written.get(at + 4..)?.split_once(')')?.0.trim().trim_matches(['"', '\'']);
        return pictures(inside).map(|address| format!("background-image:url({address})"));
    }
    let flows = value.contains("gradient(").then(|| first_paint(value)).flatten();
    flows.map(|paint| format!("background-color:{}", paint.written()))
}

/// The first colour in a value.
fn first_paint(value: &str) -> Option<Paint> {
    let mut rest = value;
    while !rest.is_empty() {
        let start = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || ",/()".contains(c));
        let end = start.find(|c: char| c.is_ascii_whitespace() || ",/()".contains(c)).unwrap_or(start.len());
        let (word, after) = start.split_at_checked(end)?;
        let function = matches!(word, "rgb" | "rgba" | "hsl" | "hsla") && after.starts_with('(');
        if word == "url" && after.starts_with('(') {
            rest = after.split_once(')')?.1;
            continue;
        }
        let text = if function { start.get(..end + after.find(')')? + 1)? } else { word };
        // `none`, `center` and the like are not colours; `background` alone would be Windows'.
        if let Some(paint) = Paint::css(text) {
            return Some(paint);
        }
        rest = if function { start.get(text.len()..)? } else { after };
    }
    None
}

/// The width that an element's margins and paddings take from its content, in pixels.
pub(crate) fn squeeze(style: &str) -> f32 {
    style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .filter(|(name, _)| is_space(name.trim()))
        .filter_map(|(name, value)| {
            let tokens = tokens(value.trim())?;
            let pixels: Vec<f32> = tokens.iter().map(Token::pixels).collect();
            Some(match (name.trim(), pixels.as_slice()) {
                ("margin" | "padding", [all]) => all * 2.0,
                ("margin" | "padding", [_, sides] | [_, sides, _]) => sides * 2.0,
                ("margin" | "padding", [_, right, _, left]) => right + left,
                (name, [one]) if name.ends_with("left") || name.ends_with("right") => *one,
                _ => 0.0,
            })
        })
        .sum()
}

/// The same declarations without margins and paddings.
pub(crate) fn unsqueezed(style: &str) -> String {
    let kept = style
        .split(';')
        .filter(|declaration| declaration.split_once(':').is_some_and(|(name, _)| !is_space(name.trim())));
    kept.collect::<Vec<_>>().join(";")
}

fn is_space(name: &str) -> bool {
    name.starts_with("margin") || name.starts_with("padding")
}

#[cfg(test)]
#[path = "declarations_tests.rs"]
mod tests;
