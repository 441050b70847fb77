//! What a letter's `style` attribute may say: how things look, never where they lie. Knows no page.
//!
//! SECURITY: nothing that is kept can lay one thing over another, push it out of sight or make its size hang on the
//! frame's. Where a link leads stands in the same page (targets.rs); this is why the letter cannot hide it.

/// Properties that may stand in a letter. The sanitiser's own list, which also normalises what is written.
pub(crate) const PROPERTIES: [&str; 54] = [
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
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
    "border-top-style",
    "border-top-width",
    "border-width",
    "color",
    "direction",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-height",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "white-space",
    "width",
];

/// A block narrower than a link's target would push it out of its page.
const NARROWEST: f32 = 240.0;
/// Space around one element, in pixels, and as a share of the page.
const MAX_SPACE: f32 = 100.0;
const MAX_SPACE_SHARE: f32 = 20.0;
const MAX_HEIGHT: f32 = 2000.0;
const MAX_BORDER: f32 = 30.0;
const MAX_FONT: f32 = 96.0;
const MAX_SPACING: f32 = 16.0;
/// A page's width and a font's size are not known here; shares and ems count as on a large one.
const PAGE: f32 = 1000.0;
const EM: f32 = 16.0;

/// How much a letter may say about widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widths {
    /// As it likes, within bounds.
    Own,
    /// None: it is written from right to left, and what does not fit would leave the page on the side where no
    /// reader can scroll.
    Flowing,
}

/// The declarations of a `style` attribute that are kept, for an element of this name.
pub(crate) fn kept(element: &str, style: &str, widths: Widths) -> String {
    let judged = style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.to_ascii_lowercase();
        let value = value.split_once('!').map_or(value.as_str(), |(value, _important)| value).trim();
        let name = name.trim().to_ascii_lowercase();
        let (name, value) = kept_one(element, &name, value, widths)?;
        Some(format!("{name}:{value}"))
    });
    judged.collect::<Vec<_>>().join(";")
}

fn kept_one(element: &str, name: &str, value: &str, widths: Widths) -> Option<(String, String)> {
    let same = |fine: bool| fine.then(|| (name.to_owned(), value.to_owned()));
    // Escapes, comments, functions other than a colour's: nothing that honest letters need.
    let tokens = tokens(value)?;
    // Only of the shorthand, of which nothing but the colour is kept, an address may be passed over.
    if value.contains("url(") && name != "background" {
        return None;
    }
    let lengths = |most: f32, share: f32| tokens.iter().all(|token| token.is_at_most(most, share));
    match name {
        "background" => {
            // The shorthand can fetch; its colour cannot.
            let colour = tokens.iter().find(|token| token.is_colour())?;
            Some(("background-color".to_owned(), colour.text.to_owned()))
        }
        "height" | "min-height" => {
            // What is higher than it says would be laid over what follows. Pictures and tables never are.
            let grows = matches!(element, "img" | "table" | "tr" | "td" | "th" | "hr");
            let fine = lengths(MAX_HEIGHT, 0.0);
            let name = if grows { name } else { "min-height" };
            fine.then(|| (name.to_owned(), value.to_owned()))
        }
        "width" | "max-width" => match widths {
            Widths::Own => {
                let free = matches!(element, "img" | "table" | "td" | "th" | "col" | "hr");
                let wide = |token: &Token<'_>| match token.length() {
                    Some((_, true)) => token.number().is_some_and(|share| share >= 50.0),
                    Some((pixels, false)) => pixels >= NARROWEST,
                    None => true,
                };
                same(lengths(2000.0, 100.0) && (free || tokens.iter().all(wide)))
            }
            Widths::Flowing => None,
        },
        "vertical-align" => same(tokens.iter().all(|token| token.length().is_none())),
        "line-height" => same(lengths(200.0, 400.0)),
        "letter-spacing" | "border-spacing" => same(lengths(MAX_SPACING, 0.0)),
        "font-size" => same(lengths(MAX_FONT, 400.0)),
        "font" => same(lengths(MAX_FONT, 400.0)),
        "white-space" => match value {
            // What does not wrap pushes the rest away.
            "pre" | "pre-wrap" => Some((name.to_owned(), "pre-wrap".to_owned())),
            "normal" | "pre-line" => same(true),
            _ => None,
        },
        _ if name.starts_with("margin") || name.starts_with("padding") || name == "text-indent" => {
            same(lengths(MAX_SPACE, MAX_SPACE_SHARE))
        }
        _ if name.starts_with("border") => same(lengths(MAX_BORDER, 50.0)),
        _ => same(
            PROPERTIES.contains(&name)
                && tokens.iter().all(|token| token.length().is_none_or(|_| name == "font-weight")),
        ),
    }
}

/// What an element's margins and paddings take from the width of what is in it, in pixels.
pub(crate) fn squeeze(style: &str) -> f32 {
    style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .filter(|(name, _)| is_space(name.trim()))
        .filter_map(|(name, value)| {
            let tokens = tokens(value.trim())?;
            let pixels: Vec<f32> =
                tokens.iter().map(|token| token.length().map_or(0.0, |(px, _)| px)).collect();
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

/// One word of a value.
struct Token<'a> {
    text: &'a str,
}

/// The words of a value; `None` if one is of a kind that is never kept.
fn tokens(value: &str) -> Option<Vec<Token<'_>>> {
    if value.is_empty() || value.contains(['\\', '{', '}', '@', '<']) || value.contains("/*") {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',' || c == '/');
        let Some(first) = rest.chars().next() else { return Some(found) };
        let end = if first == '"' || first == '\'' {
            rest.get(1..)?.find(first)? + 2
        } else {
            let stop =
                rest.find(|c: char| c.is_ascii_whitespace() || ",/(\"'".contains(c)).unwrap_or(rest.len());
            if rest.get(stop..)?.starts_with('(') {
                let name = rest.get(..stop)?;
                let close = stop + rest.get(stop..)?.find(')')? + 1;
                if matches!(name, "rgb" | "rgba" | "hsl" | "hsla") {
                    close
                } else {
                    // A picture beside a colour is passed over, and what it would fetch with it.
                    if name != "url" {
                        return None;
                    }
                    rest = rest.get(close..)?;
                    continue;
                }
            } else {
                stop
            }
        };
        let (text, after) = rest.split_at_checked(end)?;
        if text.is_empty() {
            return None;
        }
        found.push(Token { text });
        rest = after;
    }
}

impl Token<'_> {
    fn number(&self) -> Option<f32> {
        let end =
            self.text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c))).unwrap_or(self.text.len());
        self.text.get(..end)?.parse().ok()
    }

    /// In pixels, and whether it is a share of something. Numbers of unknown units are endless.
    fn length(&self) -> Option<(f32, bool)> {
        if !self.text.starts_with(|c: char| c.is_ascii_digit() || ".+-".contains(c)) {
            return None;
        }
        let number = self.number().unwrap_or(f32::INFINITY);
        let unit = self.text.trim_start_matches(|c: char| c.is_ascii_digit() || ".+-".contains(c));
        let factor = match unit {
            "" | "px" => 1.0,
            "pt" => 4.0 / 3.0,
            "em" | "rem" | "pc" => EM,
            "ex" | "ch" => EM / 2.0,
            "in" => 96.0,
            "cm" => 37.8,
            "mm" => 3.78,
            "%" => PAGE / 100.0,
            // Among them all that hang on the size of the frame: it would grow with what grows with it.
            _ => f32::INFINITY,
        };
        Some((if number == 0.0 && factor.is_finite() { 0.0 } else { number * factor }, unit == "%"))
    }

    /// No length, or one of no more than so many pixels, or of so many per cent; never less than nothing.
    fn is_at_most(&self, pixels: f32, share: f32) -> bool {
        match self.length() {
            None => true,
            Some((_, true)) => self.number().is_some_and(|number| (0.0..=share).contains(&number)),
            Some((length, false)) => (0.0..=pixels).contains(&length),
        }
    }

    fn is_colour(&self) -> bool {
        self.text.starts_with('#')
            || self.text.contains('(')
            || (self.text.chars().all(|c| c.is_ascii_alphabetic())
                && !matches!(
                    self.text,
                    "none"
                        | "repeat"
                        | "no"
                        | "scroll"
                        | "fixed"
                        | "local"
                        | "top"
                        | "bottom"
                        | "left"
                        | "right"
                        | "center"
                        | "cover"
                        | "contain"
                        | "inherit"
                        | "initial"
                        | "unset"
                        | "revert"
                        | "auto"
                        | "url"
                ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn div(style: &str) -> String {
        kept("div", style, Widths::Own)
    }

    #[test]
    fn nothing_that_covers_moves_or_grows_is_kept() {
        for evil in [
            "margin-top:-20px",
            "margin:0 0 -1em",
            "margin:-/**/5px",
            "margin:\\2d 5px",
            "margin:calc(0px - 5px)",
            "margin:-5PX",
            "margin: +-5px",
            "margin:1e9px",
            "margin:5vw",
            "text-indent:-9999px",
            "text-indent:9999px",
            "letter-spacing:-1em",
            "letter-spacing:99px",
            "padding-left:5000px",
            "padding:80%",
            "vertical-align:-500px",
            "vertical-align:50%",
            "height:100vh",
            "min-height:100%",
            "height:50dvh",
            "width:100vw",
            "width:1px",
            "max-width:5%",
            "font-size:100vh",
            "font-size:9999px",
            "line-height:100vh",
            "border:500px solid #fff",
            "border-left:90vw solid",
            "white-space:nowrap",
            "position:fixed",
            "opacity:0",
            "display:none",
            "transform:none",
            "background:expression(1)",
            "color:var(--x)",
            "width:min(1px,2px)",
            "border-spacing:400px",
            "font:1px/100vh a",
            "overflow:hidden",
            "clip:rect(0,0,0,0)",
            "float:left",
            "font:url(//x.example/y)",
            "border:1px solid url(//x.example/y)",
            "list-style-type:url(x)",
            "background-color:url(//x.example/y)",
        ] {
            assert_eq!(div(evil), "", "{evil}");
        }
    }

    #[test]
    fn honest_looks_are_kept() {
        for (style, wanted) in [
            ("margin:0 auto", "margin:0 auto"),
            ("MARGIN-TOP: 1em !important; color:#C00", "margin-top:1em;color:#c00"),
            ("background:#fff url(//x.example/y) no-repeat", "background-color:#fff"),
            ("background: navy", "background-color:navy"),
            ("background:url(x)", ""),
            ("height:20px", "min-height:20px"),
            ("font:bold 12px/1.5 \"Segoe UI\",Arial", "font:bold 12px/1.5 \"segoe ui\",arial"),
            ("font-family:'Segoe UI', sans-serif", "font-family:'segoe ui', sans-serif"),
            ("border:1px solid rgb(1, 2, 3)", "border:1px solid rgb(1, 2, 3)"),
            ("width:600px;max-width:100%", "width:600px;max-width:100%"),
            ("font-weight:700;text-decoration:none", "font-weight:700;text-decoration:none"),
            ("white-space:pre", "white-space:pre-wrap"),
            ("line-height:1.4;line-height:140%", "line-height:1.4;line-height:140%"),
        ] {
            assert_eq!(div(style), wanted, "{style}");
        }
        assert_eq!(kept("td", "width:1px;height:1px", Widths::Own), "width:1px;height:1px");
        assert_eq!(kept("td", "width:600px;color:red", Widths::Flowing), "color:red");
    }

    #[test]
    fn what_squeezes_is_summed() {
        assert_eq!(squeeze("padding:10px 20px;margin-left:5px;color:red"), 45.0);
        assert_eq!(squeeze("margin:1px 2px 3px 4px"), 6.0);
        assert_eq!(squeeze("margin:0 auto"), 0.0);
        assert_eq!(unsqueezed("padding:10px;color:red;margin-left:5px"), "color:red");
    }
}
