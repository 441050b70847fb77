//! Tables wider than a phone, judged by their text: each in a box of its own that scrolls, by touch and by
//! keyboard, and shrinks on paper. Works on markup that is already safe; changes nothing inside.

use crate::reading::markup::Tags;

/// Width of the narrowest page, in pixels.
const PHONE: usize = 290;
/// Width of a sheet of paper, upright, without margins.
const SHEET: usize = 660;
/// Smaller scales are never legible on paper.
const MIN_PER_CENT: usize = 35;
/// Width of a normal character, and what a cell adds, in pixels.
const CHARACTER: usize = 8;
const CELL: usize = 12;
/// Maximum columns counted.
const MAX_COLUMNS: usize = 200;

/// A table that contains no other.
struct Table {
    start: usize,
    end: usize,
    width: usize,
}

/// The markup with its wide tables in boxes; `label` names them by number.
pub(crate) fn boxed(markup: &str, label: &dyn Fn(usize) -> String) -> String {
    let wide: Vec<Table> = tables(markup).into_iter().filter(|table| table.width > PHONE).collect();
    if wide.is_empty() {
        return markup.to_owned();
    }
    let mut out = String::with_capacity(markup.len() + wide.len() * 120);
    let mut copied = 0;
    for (number, table) in wide.iter().enumerate() {
        out.push_str(markup.get(copied..table.start).unwrap_or_default());
        let fit = (SHEET * 100 / table.width).clamp(MIN_PER_CENT, 100);
        let style = if fit < 100 { format!(" style=\"--fit:{fit}%\"") } else { String::new() };
        let name = label(number + 1);
        out.push_str(&format!(
            "<div class=\"wide\"{style}><div role=\"region\" aria-label=\"{name}\" tabindex=\"0\">"
        ));
        out.push_str(markup.get(table.start..table.end).unwrap_or_default());
        out.push_str("</div></div>");
        copied = table.end;
    }
    out.push_str(markup.get(copied..).unwrap_or_default());
    out
}

/// A table being measured.
#[derive(Default)]
struct Measured {
    start: usize,
    columns: Vec<usize>,
    column: usize,
    /// Length of the current word, and of the longest in the cell, in characters.
    word: usize,
    longest: usize,
    in_cell: bool,
    /// Inside text that does not wrap.
    whole: bool,
    span: usize,
    holds_table: bool,
}

impl Measured {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let reference = rest.find(';').filter(|end| *end <= 10 && c == '&').map(|end| end + 1);
            rest = rest.get(reference.unwrap_or(c.len_utf8())..).unwrap_or_default();
            if c == '\u{ad}' || (c.is_ascii_whitespace() && !self.whole) {
                self.word_ends()
            } else {
                self.word += 1
            }
            // A word may break at an inner hyphen.
            if c == '-' && !self.whole && rest.starts_with(char::is_alphabetic) {
                self.word_ends();
            }
        }
    }

    fn word_ends(&mut self) {
        self.longest = self.longest.max(self.word);
        self.word = 0;
    }

    fn cell_ends(&mut self) {
        self.word_ends();
        if !std::mem::take(&mut self.in_cell) {
            return;
        }
        let (span, longest) = (self.span.max(1), std::mem::take(&mut self.longest));
        let each = longest.div_ceil(span);
        for column in self.column..(self.column + span).min(MAX_COLUMNS) {
            match self.columns.get_mut(column) {
                Some(most) => *most = each.max(*most),
                None => self.columns.push(each),
            }
        }
        self.column += span;
    }

    fn width(&self) -> usize {
        self.columns.iter().map(|longest| longest * CHARACTER + CELL).sum()
    }
}

/// Tables that contain no other, in order.
fn tables(markup: &str) -> Vec<Table> {
    let mut open: Vec<Measured> = Vec::new();
    let mut found = Vec::new();
    let mut copied = 0;
    for tag in Tags::new(markup) {
        if let Some(table) = open.last_mut() {
            table.text(markup.get(copied..tag.start).unwrap_or_default());
        }
        copied = tag.end;
        match (tag.name, tag.closing) {
            ("table", false) => {
                if let Some(outer) = open.last_mut() {
                    outer.holds_table = true;
                }
                open.push(Measured { start: tag.start, ..Measured::default() });
            }
            ("table", true) => {
                let Some(mut table) = open.pop() else { continue };
                table.cell_ends();
                if !table.holds_table && table.columns.len() > 1 {
                    found.push(Table { start: table.start, end: tag.end, width: table.width() });
                }
            }
            (name, closing) => {
                let Some(table) = open.last_mut() else { continue };
                match (name, closing) {
                    ("tr", _) => {
                        table.cell_ends();
                        table.column = 0;
                    }
                    ("td" | "th", false) => {
                        table.cell_ends();
                        let source = markup.get(tag.start..tag.end).unwrap_or_default();
                        let span =
                            source.split_once(" colspan=\"").and_then(|(_, rest)| rest.split_once('"'));
                        table.span = span.and_then(|(span, _)| span.parse().ok()).unwrap_or(1);
                        table.in_cell = true;
                    }
                    ("td" | "th", true) => table.cell_ends(),
                    ("span", false) => {
                        let source = markup.get(tag.start..tag.end).unwrap_or_default();
                        table.whole = source.contains(" class=\"whole\"");
                    }
                    ("span", true) => table.whole = false,
                    ("br" | "wbr" | "p" | "div" | "li" | "img", _) => table.word_ends(),
                    _ => {}
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::boxed;

    fn boxed_as(markup: &str) -> String {
        boxed(markup, &|number| format!("Tabelle {number}"))
    }

    #[test]
    fn only_what_is_wider_than_a_telephone_is_boxed() {
        let row = |cells: usize| format!("<tr>{}</tr>", "<td>1.234,56&nbsp;EUR</td>".repeat(cells));
        let narrow = format!("<table><tbody>{}</tbody></table>", row(2));
        assert_eq!(boxed_as(&narrow), narrow);
        let wide = format!("<table><tbody>{}</tbody></table>", row(4));
        assert_eq!(
            boxed_as(&format!("a{wide}b")),
            format!(
                "a<div class=\"wide\"><div role=\"region\" aria-label=\"Tabelle 1\" tabindex=\"0\">{wide}</div></div>b"
            )
        );
        let twelve = format!("<table><tbody>{}</tbody></table>", row(12));
        let out = boxed_as(&format!("{wide}{twelve}"));
        assert!(out.contains("Tabelle 2") && out.contains("style=\"--fit:50%\""), "{out}");
        let words = "<table><tbody><tr><td>Ein Absatz mit vielen kurzen Worten</td><td>noch einer</td></tr></tbody></table>";
        assert_eq!(boxed_as(words), words);
        // A table that contains another is a layout; the inner one is measured.
        let outer = format!("<table><tbody><tr><td>{wide}</td></tr></tbody></table>");
        assert!(boxed_as(&outer).starts_with("<table><tbody><tr><td><div class=\"wide\">"));
        let one = format!("<table><tbody><tr><td>{}</td></tr></tbody></table>", "x".repeat(90));
        assert_eq!(boxed_as(&one), one);
    }
}
