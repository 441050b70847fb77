//! Scans hostile markup before anything expensive is done with it: where its tags are, how deep they nest.
//! Builds nothing and changes nothing.

/// Longer HTML is shown as text. Honest letters are far below.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The sanitiser's work grows with the square of the nesting; nested tables reach some dozens.
const MAX_DEPTH: usize = 256;
/// However the nesting is disguised, this number of elements bounds the work to a few seconds.
const MAX_ELEMENTS: usize = 40_000;

/// Whether the sanitiser can process this with bounded work.
pub(crate) fn is_showable(html: &str) -> bool {
    html.len() <= MAX_BYTES && within_bounds(html)
}

/// A rough tree builder: for honest markup it never sees less depth than a browser would; for other markup,
/// the count of elements is the bound.
fn within_bounds(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut elements = 0_usize;
    for tag in Tags::new(html) {
        if tag.closing {
            // An end tag closes up to its start tag, but not out of a table or the like.
            let reach = open.iter().rposition(|name| is_same(name, tag.name) || is_barrier(name));
            if let Some(at) = reach
                && open.get(at).is_some_and(|name| is_same(name, tag.name))
            {
                open.truncate(at);
            }
            continue;
        }
        elements += 1;
        if is_void(tag.name) {
            continue;
        }
        while open.last().is_some_and(|top| is_one_of(top, ended_by(tag.name))) {
            open.pop();
        }
        open.push(tag.name);
        if open.len() > MAX_DEPTH || elements > MAX_ELEMENTS {
            return false;
        }
    }
    true
}

fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|other| is_same(name, other))
}

fn is_void(name: &str) -> bool {
    is_one_of(
        name,
        &[
            "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
            "wbr",
        ],
    )
}

fn is_barrier(name: &str) -> bool {
    is_one_of(name, &["table", "td", "th", "caption", "object", "applet", "marquee", "template", "select"])
}

/// Elements whose end tags may be omitted, by the start tag that ends them (HTML §13.1.2.4).
fn ended_by(name: &str) -> &'static [&'static str] {
    let all: [(&[&str], &'static [&'static str]); 6] = [
        (&["p"], &["p"]),
        (&["li"], &["p", "li"]),
        (&["dt", "dd"], &["p", "dt", "dd"]),
        (&["td", "th"], &["p", "td", "th"]),
        (&["tr"], &["p", "td", "th", "tr"]),
        (&["tbody", "thead", "tfoot"], &["p", "td", "th", "tr", "tbody", "thead", "tfoot"]),
    ];
    all.iter().find(|(names, _)| is_one_of(name, names)).map_or(&[], |(_, ended)| ended)
}

/// One tag in a text.
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) closing: bool,
    /// Offset of the tag's start, and of its end (after its `>`).
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds tags, respecting quoted attribute values.
pub(crate) struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.text.get(self.at..)?.find('<')?;
            let rest = self.text.get(start + 1..)?;
            let closing = rest.starts_with('/');
            let name_at = start + 1 + usize::from(closing);
            let name = self.text.get(name_at..)?;
            let length = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
            if length == 0 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.at = start + 1;
                continue;
            }
            let mut quote = None;
            let mut end = self.text.len();
            for (offset, byte) in self.text.as_bytes().iter().enumerate().skip(name_at + length) {
                match (quote, byte) {
                    (None, b'>') => {
                        end = offset + 1;
                        break;
                    }
                    (None, b'"' | b'\'') => quote = Some(*byte),
                    (Some(open), byte) if open == *byte => quote = None,
                    (None | Some(_), _) => {}
                }
            }
            self.at = end;
            return Some(Tag { name: name.get(..length)?, closing, start, end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_or_endless_markup_is_not_taken_on() {
        assert!(!is_showable(&"<div>".repeat(1000)));
        assert!(!is_showable(&"<div></x>".repeat(1000)));
        assert!(!is_showable(&"<table><tr><td></div>".repeat(200)));
        assert!(!is_showable(&"<div><object></div></object>".repeat(100_000)));
        assert!(!is_showable(&"x".repeat(MAX_BYTES + 1)));
        assert!(is_showable(&"<p>one".repeat(3000)));
        assert!(is_showable(&"<div><p>a<br></div>".repeat(5000)));
        assert!(is_showable(&format!("<table>{}</table>", "<tr><td>a<td>b".repeat(5000))));
    }
}
