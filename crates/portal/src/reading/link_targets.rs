//! Shows the target of each of a letter's links beside it, in elements of our own. Works on markup produced by the
//! sanitiser.
//!
//! SECURITY: a target is outside its link. Its style sheet resets whatever it could inherit and puts it above
//! everything else; the letter has neither classes nor positions (declarations.rs), and what could lay one target over
//! another, push it away or squeeze it is removed here.

use sealpost_mail::Link;

use crate::reading::declarations::{squeeze, unsqueezed};
use crate::reading::escaped::{escaped, unescaped};
use crate::reading::markup::{Tag, Tags};
use crate::reading::type_size::{Size, USUAL, Within, display, judge, undisplayed, unsized_style};

/// A longer link is named before it begins: its end may be out of sight.
const LONG: usize = 120;
/// Maximum width that margins and paddings around one position may take together, in pixels.
const MAX_SQUEEZE: f32 = 320.0;
/// And those inside a link: a button has some.
const MAX_IN_LINK: f32 = 80.0;
/// Columns of a table that are considered.
const MAX_COLUMNS: usize = 100;
/// Maximum domains listed.
const MAX_DOMAINS: usize = 12;

/// Markup with targets.
pub(crate) struct Marked {
    pub(crate) markup: String,
    /// The domains of its links, each once.
    pub(crate) domains: Vec<String>,
    /// `true`: there are more of them.
    pub(crate) more: bool,
}

/// Writes each link's target beside it.
pub(crate) fn mark(markup: &str) -> Marked {
    let mut writer = Writer {
        out: String::with_capacity(markup.len() + markup.len() / 8),
        open: Vec::new(),
        tables: Vec::new(),
        link: None,
        domains: Vec::new(),
        more: false,
    };
    let mut copied = 0;
    for tag in Tags::new(markup) {
        writer.text(markup.get(copied..tag.start).unwrap_or_default());
        copied = tag.end;
        writer.tag(&tag, markup.get(tag.start..tag.end).unwrap_or_default());
    }
    writer.text(markup.get(copied..).unwrap_or_default());
    Marked { markup: writer.out, domains: writer.domains, more: writer.more }
}

struct Writer {
    out: String,
    open: Vec<Open>,
    tables: Vec<Grid>,
    link: Option<OpenLink>,
    domains: Vec<String>,
    more: bool,
}

/// An open element.
struct Open {
    name: String,
    /// The name it is written with, if changed.
    written: Option<&'static str>,
    /// The width it takes from its content, in pixels.
    taken: f32,
    /// Whether it lays out its content in a row or a grid.
    row: bool,
    size: Size,
}

/// A link whose end has not come yet.
struct OpenLink {
    link: Option<Link>,
    /// The place in the letter itself that it refers to.
    place: Option<String>,
    style: String,
    /// Where its content begins in the output.
    at: usize,
    text: String,
    /// Its length in characters, larger ones counting more.
    length: f32,
    /// Trailing blanks and the like so far.
    blanks: usize,
    holds: Holds,
    /// Whether it may have several lines that are not one text.
    lines: bool,
    /// Width taken by margins and paddings in it, in pixels.
    spaced: f32,
    /// Nested links, which are ignored.
    within: usize,
    /// It would be a box of its own, and its target another one: a box of ours keeps them together.
    in_row: bool,
}

/// The content of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Text,
    Marks,
    /// Pictures, lines, blocks: it may be of any size.
    More,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let Some(link) = &mut self.link else { return self.out.push_str(text) };
        let text = without_gaps(text, &mut link.blanks);
        self.out.push_str(&text);
        let size = self.open.last().map_or(USUAL, |open| open.size.pixels);
        link.length += unescaped(&text).chars().count() as f32 * (size / USUAL).max(1.0);
        if link.text.len() <= LONG * 4 {
            link.text.push_str(&unescaped(&text));
        }
    }

    fn tag(&mut self, tag: &Tag<'_>, source: &str) {
        match (tag.name, tag.closing) {
            ("a", false) => self.begin_link(source),
            ("a", true) => self.end_link(),
            (name, true) => {
                let at = self.open.iter().rposition(|open| open.name == name);
                let written = at.and_then(|at| self.open.get(at)).and_then(|open| open.written);
                if let Some(at) = at {
                    self.open.truncate(at);
                }
                if name == "table" {
                    self.tables.pop();
                }
                match written {
                    Some(written) => self.out.push_str(&format!("</{written}>")),
                    None => self.out.push_str(source),
                }
            }
            (name, false) => {
                let source = self.in_line(name, source.to_owned());
                let (source, size, written) = self.sized(name, source);
                let source = self.spans(name, source);
                let source = self.squeezed(name, source, size, written);
                let source = self.kept_close(source);
                self.out.push_str(&source);
            }
        }
    }

    fn begin_link(&mut self, source: &str) {
        if let Some(outer) = &mut self.link {
            outer.within += 1;
            outer.holds = Holds::More;
            return;
        }
        if let Some(id) = value(source, "id") {
            self.out.push_str(&format!("<span id=\"{id}\"></span>"));
        }
        let href = value(source, "href");
        let place = href.filter(|href| href.starts_with('#')).map(str::to_owned);
        let link = href.and_then(|href| Link::read(&unescaped(href)));
        let style = value(source, "style").unwrap_or_default();
        let style = if squeeze(style) > MAX_IN_LINK { unsqueezed(style) } else { style.to_owned() };
        let around = self.open.last().map_or_else(Size::default, |open| open.size);
        let judged = judge(around, "a", &style, Within::Link);
        let style = if judged.style_stays { style } else { unsized_style(&style) };
        let at = self.out.len();
        self.link = Some(OpenLink {
            link,
            place,
            style,
            at,
            text: String::new(),
            length: 0.0,
            blanks: 0,
            holds: Holds::Text,
            lines: false,
            spaced: 0.0,
            within: 0,
            in_row: self.open.last().is_some_and(|open| open.row),
        });
    }

    fn end_link(&mut self) {
        if let Some(outer) = self.link.as_mut().filter(|outer| outer.within > 0) {
            outer.within -= 1;
            return;
        }
        let Some(mut open) = self.link.take() else { return };
        // A URL that browsers cannot follow, or that we do not allow: the text is kept.
        if let Some(place) = open.place.filter(|_| !open.text.trim().is_empty()) {
            // It leads nowhere else.
            self.out.insert_str(open.at, &format!("<a href=\"{place}\">"));
            return self.out.push_str("</a>");
        }
        let Some(link) = open.link else { return };
        if open.holds < Holds::More && open.text.trim().is_empty() {
            // Nothing to click on.
            return;
        }
        self.note(&link);
        let href = escaped(link.href());
        let rest = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
        if open.holds == Holds::Text && link.is_said_by(&open.text) {
            self.out.insert_str(open.at, &format!("<a class=\"said\" href=\"{href}\" {rest}>"));
            self.out.push_str("</a>");
            return;
        }
        if open.lines && display(&open.style).is_some_and(|said| said.starts_with("inline-")) {
            // Otherwise its target would be beside its last line only.
            open.style = format!("{};display:block", undisplayed(&open.style));
        }
        let style = if open.style.is_empty() { String::new() } else { format!(" style=\"{}\"", open.style) };
        let start = format!("<a href=\"{href}\" {rest}{style}>");
        let target = element(&link);
        let (before, after) = if open.in_row { ("<span>", "</span>") } else { ("", "") };
        if open.holds == Holds::More || open.length > LONG as f32 {
            self.out.insert_str(open.at, &format!("{before}{target} {start}"));
            self.out.push_str("</a>");
        } else {
            self.out.insert_str(open.at, &format!("{before}{start}"));
            self.out.push_str("</a> ");
            self.out.push_str(&target);
        }
        self.out.push_str(after);
    }

    fn note(&mut self, link: &Link) {
        let Some(domain) = link.domain() else { return };
        if self.domains.iter().any(|known| known == domain) {
            return;
        }
        if self.domains.len() < MAX_DOMAINS {
            self.domains.push(domain.to_owned());
        } else {
            self.more = true;
        }
    }

    /// Keeps the cells of a table apart: overlapping spans would lay them over one another.
    fn spans(&mut self, name: &str, source: String) -> String {
        match name {
            "table" => self.tables.push(Grid::default()),
            "tbody" | "thead" | "tfoot" => {
                if let Some(grid) = self.tables.last_mut() {
                    *grid = Grid::default();
                }
            }
            "tr" => {
                if let Some(grid) = self.tables.last_mut() {
                    grid.row();
                }
            }
            "td" | "th" => {
                if let Some(grid) = self.tables.last_mut() {
                    let number =
                        |name| value(&source, name).and_then(|text| text.trim().parse().ok()).unwrap_or(1);
                    let (columns, rows) = (number("colspan"), number("rowspan"));
                    let free = grid.cell(columns, rows);
                    if free < columns {
                        return with_value(&source, "colspan", &free.to_string());
                    }
                }
            }
            _ => {}
        }
        source
    }

    /// Records what a link contains, and keeps its content on the lines of its text.
    fn in_line(&mut self, name: &str, source: String) -> String {
        let Some(link) = &mut self.link else { return source };
        let style = value(&source, "style").unwrap_or_default();
        let said = display(style);
        let inline = is_inline(name) && said.as_deref().is_none_or(|said| said.starts_with("inline"));
        link.holds = link.holds.max(if inline { Holds::Marks } else { Holds::More });
        link.lines |= !inline && name != "img";
        match said {
            Some(said) if said.starts_with("inline-") => with_value(&source, "style", &undisplayed(style)),
            Some(_) | None => source,
        }
    }

    /// Bounds the size of text, and how far it is raised or lowered, including what surrounds it.
    fn sized(&mut self, name: &str, source: String) -> (String, Size, Option<&'static str>) {
        let around = self.open.last().map_or_else(Size::default, |open| open.size);
        let says = if name == "font" && value(&source, "size").is_none() { "span" } else { name };
        // Inside a link nothing is raised: its target would not be.
        let around = Size { raised: around.raised || self.link.is_some(), ..around };
        let style = value(&source, "style").unwrap_or_default();
        let within = if self.link.is_some() { Within::Link } else { Within::Text };
        let judged = judge(around, says, style, within);
        let source = match judged.style_stays {
            true => source,
            false => with_value(&source, "style", &unsized_style(style)),
        };
        if judged.name_stays {
            return (source, judged.size, None);
        }
        let written = if is_inline(name) { "span" } else { "div" };
        let rest = source.strip_prefix('<').and_then(|rest| rest.strip_prefix(name)).unwrap_or(">");
        (format!("<{written}{rest}"), judged.size, Some(written))
    }

    /// Keeps the content of a link from pushing its end away.
    fn kept_close(&mut self, source: String) -> String {
        let Some(link) = &mut self.link else { return source };
        let style = value(&source, "style").unwrap_or_default();
        let own = squeeze(style);
        if link.spaced + own <= MAX_IN_LINK {
            link.spaced += own;
            return source;
        }
        with_value(&source, "style", &unsqueezed(style))
    }

    /// Bounds the width that margins and paddings take.
    fn squeezed(&mut self, name: &str, source: String, size: Size, written: Option<&'static str>) -> String {
        if is_void(name) {
            return source;
        }
        let style = value(&source, "style").unwrap_or_default();
        let own = if style.is_empty() { 0.0 } else { squeeze(style) };
        let around = self.open.last().map_or(0.0, |open| open.taken);
        let row = style.contains("flex") || style.contains("grid");
        // A cell grows with its content.
        let around = if matches!(name, "td" | "th") { 0.0 } else { around };
        let fits = around + own <= MAX_SQUEEZE;
        let taken = if fits { around + own } else { around };
        self.open.push(Open { name: name.to_owned(), written, taken, row, size });
        if fits {
            return source;
        }
        let style = unsqueezed(style);
        with_value(&source, "style", &style)
    }
}

/// A link's target as shown in a page of ours.
pub(crate) fn element(link: &Link) -> String {
    format!("<span class=\"target\" dir=\"ltr\">{}</span>", escaped(&link.shown()))
}

/// Columns of a table occupied by cells of earlier rows.
#[derive(Default)]
struct Grid {
    rows_left: Vec<usize>,
    column: usize,
}

impl Grid {
    fn row(&mut self) {
        self.rows_left.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
        self.column = 0;
    }

    /// Places the next cell: how many columns are free for it.
    fn cell(&mut self, columns: usize, rows: usize) -> usize {
        let taken = |grid: &Self, at: usize| grid.rows_left.get(at).is_some_and(|rows| *rows > 0);
        while taken(self, self.column) {
            self.column += 1;
        }
        let mut free = 1;
        while free < columns.min(MAX_COLUMNS) && !taken(self, self.column + free) {
            free += 1;
        }
        let end = self.column + free;
        if self.rows_left.len() < end {
            self.rows_left.resize(end.min(self.column + MAX_COLUMNS), 0);
        }
        for left in self.rows_left.iter_mut().take(end).skip(self.column) {
            *left = rows;
        }
        self.column = end;
        free
    }
}

/// The value of an attribute of a cleaned tag; values are always in double quotes.
fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

fn with_value(tag: &str, name: &str, new: &str) -> String {
    let before = format!(" {name}=\"");
    let Some((start, rest)) = tag.split_once(&before) else { return tag.to_owned() };
    let Some((_, end)) = rest.split_once('"') else { return tag.to_owned() };
    format!("{start}{before}{new}\"{end}")
}

/// Text without long invisible runs: they would push a target away from its link.
fn without_gaps(text: &str, run: &mut usize) -> String {
    let text = text.replace("&nbsp;", "\u{a0}");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        *run = if is_blank(c) { *run + 1 } else { 0 };
        if *run <= 2 {
            out.push(c);
        }
    }
    out.replace('\u{a0}', "&nbsp;")
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "abbr"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
    )
}

fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(markup: &str) -> String {
        mark(markup).markup
    }

    #[test]
    fn a_target_stands_behind_its_link_or_before_a_large_one() {
        let out = marked(
            "<p><a href=\"https://x@evil.example/?a=1&amp;b\" style=\"color:red\">bank<b>!</b></a>,</p>",
        );
        assert_eq!(
            out,
            "<p><a href=\"https://evil.example/?a=1&amp;b\" target=\"_blank\" rel=\"noopener noreferrer nofollow\" \
             style=\"color:red\">bank<b>!</b></a> <span class=\"target\" dir=\"ltr\">evil.example</span>,</p>"
        );
        for large in ["<img src=\"/x\">", "<div>x</div>", "<br>x", &"x ".repeat(90)] {
            let out = marked(&format!("<a href=\"https://evil.example\">{large}</a>"));
            assert!(out.starts_with("<span class=\"target\" dir=\"ltr\">evil.example</span> <a "), "{out}");
        }
    }

    #[test]
    fn only_what_says_it_exactly_says_it() {
        assert!(marked("<a href=\"https://a.example/\">a.example</a>").starts_with("<a class=\"said\""));
        for other in ["a.example!", "<b>a.example</b>", "b.example a.example", "a.example&nbsp;b"] {
            let out = marked(&format!("<a href=\"https://a.example/\" style=\"font-size:0\">{other}</a>"));
            assert!(out.contains("class=\"target\"") && !out.contains("said"), "{out}");
        }
        // Our style, not the letter's.
        assert!(
            !marked("<a href=\"https://a.example/\" style=\"font-size:0\">a.example</a>")
                .contains("font-size")
        );
    }

    #[test]
    fn a_link_within_the_letter_leads_to_its_place() {
        assert_eq!(
            marked("<a href=\"#in-x\">y</a><a id=\"in-x\">z</a>"),
            "<a href=\"#in-x\">y</a><span id=\"in-x\"></span>z"
        );
        assert_eq!(marked("<a href=\"#in-x\"></a>"), "");
    }

    #[test]
    fn links_that_lead_nowhere_or_lie_in_links_are_words() {
        assert_eq!(marked("<a name=\"x\">y</a><a href=\"https://\">z</a>"), "yz");
        assert_eq!(marked("<a href=\"https://a.example\"></a>"), "");
        let out = marked(
            "<a href=\"https://a.example\"><table><tr><td><a href=\"https://b.example\">x</a></td></tr></table></a>",
        );
        assert!(
            out.matches("<a ").count() == 1 && out.matches("</a>").count() == 1 && !out.contains("b.example"),
            "{out}"
        );
    }

    #[test]
    fn blanks_do_not_push_a_target_away() {
        let out =
            marked(&format!("<a href=\"https://a.example\">x{}y</a>", "&nbsp;\u{200b}\u{3164}".repeat(500)));
        assert!(out.chars().count() < 220, "{out}");
    }

    #[test]
    fn crossing_cells_are_cut() {
        let table = "<table><tbody><tr><td>a</td><td rowspan=\"2\">b</td></tr><tr><td colspan=\"2\">c</td></tr></tbody></table>";
        assert_eq!(marked(table), table.replace("colspan=\"2\"", "colspan=\"1\""));
        let fine =
            "<table><tbody><tr><td colspan=\"2\">a</td></tr><tr><td>b</td><td>c</td></tr></tbody></table>";
        assert_eq!(marked(fine), fine);
    }

    #[test]
    fn squeezing_ends_somewhere() {
        let deep = format!("{}x{}", "<div style=\"padding:0 100px\">".repeat(9), "</div>".repeat(9));
        assert_eq!(marked(&deep).matches("100px").count(), 1);
        let cells = "<table style=\"margin:0 90px\"><tbody><tr><td style=\"padding:0 90px\">x</td></tr></tbody></table>";
        assert_eq!(marked(cells), cells);
    }

    #[test]
    fn a_button_keeps_its_shape_and_no_more() {
        let link = |style: &str| {
            marked(&format!(
                "<a href=\"https://a.example\" style=\"{style}\">x<b style=\"{style}\">y</b></a>"
            ))
        };
        assert_eq!(link("padding:12px 24px").matches("24px").count(), 2);
        assert_eq!(link("padding:12px 30px").matches("30px").count(), 2);
        assert_eq!(link("padding:0 90px;color:red").matches("90px").count(), 0);
        let many = "<b style=\"margin-left:30px\">".repeat(9);
        assert_eq!(
            marked(&format!("<a href=\"https://a.example\">{many}x{}</a>", "</b>".repeat(9)))
                .matches("30px")
                .count(),
            2
        );
    }

    #[test]
    fn in_a_row_a_link_and_its_target_are_one_box() {
        let out =
            marked("<div style=\"display:flex;flex-wrap:wrap\"><a href=\"https://a.example\">x</a></div>");
        assert!(out.contains("\"><span><a ") && out.contains("a.example</span></span></div>"), "{out}");
    }

    #[test]
    fn domains_are_listed_once() {
        let links: String = (0..20).map(|n| format!("<a href=\"https://x.d{n}.example\">x</a>")).collect();
        let found = mark(&format!("{links}{links}"));
        assert!(found.domains.len() == MAX_DOMAINS && found.more && found.domains[0] == "d0.example");
    }
}
