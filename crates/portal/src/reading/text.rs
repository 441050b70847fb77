//! Plain text as safe markup: quoting kept and graded, links clickable with their target visible. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;

use sealpost_mail::Link;

use crate::reading::escaped::escaped;
use crate::reading::link_targets;

/// Text bodies longer than this are cut on the page; the download has all of it.
const MAX_BYTES: usize = 1024 * 1024;
/// Deeper quoting looks like this level.
const MAX_QUOTES: usize = 8;

/// Markup that is safe by construction.
pub(crate) struct SafeHtml(String);

impl SafeHtml {
    /// Whether there is nothing to read.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl std::fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

// The templates print it unescaped.
impl askama::filters::HtmlSafe for SafeHtml {}

/// `%41` → `A`; unchanged if the result is not valid UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex: String = bytes.clone().take(2).map(char::from).collect();
            if let (2, Ok(value)) = (hex.len(), u8::from_str_radix(&hex, 16)) {
                out.push(value);
                bytes.next();
                bytes.next();
                continue;
            }
        }
        out.push(byte);
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A text body for the page. The flag says whether it had to be cut.
pub(crate) fn to_html(text: &str) -> (SafeHtml, bool) {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let shown = text.get(..end).unwrap_or_default();
    let mut out = String::with_capacity(shown.len() * 2);
    let mut depth = 0;
    // Whether a signature is open, and at which quoting depth.
    let mut signature: Option<usize> = None;
    for line in shown.lines() {
        let (level, line) = quoting(line);
        // RFC 3676 §4.3; it extends to the end of its quoting level.
        if signature.is_some_and(|open| open != level) {
            out.push_str("</span>");
            signature = None;
        }
        while depth < level {
            out.push_str("<blockquote>");
            depth += 1;
        }
        while depth > level {
            out.push_str("</blockquote>");
            depth -= 1;
        }
        if matches!(line, "-- " | "--\u{a0}") && signature.is_none() {
            out.push_str("<span class=\"signature\">");
            signature = Some(level);
        }
        linked(line, &mut out);
        out.push('\n');
    }
    if signature.is_some() {
        out.push_str("</span>");
    }
    for _ in 0..depth {
        out.push_str("</blockquote>");
    }
    (SafeHtml(out), end < text.len())
}

/// RFC 3676 §4.5: how many `>` are before the line, with or without spaces between.
fn quoting(line: &str) -> (usize, &str) {
    let mut level = 0;
    let mut rest = line;
    while let Some(after) = rest.strip_prefix('>') {
        level += 1;
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    (level.min(MAX_QUOTES), rest)
}

fn linked(line: &str, out: &mut String) {
    let mut links = Links::of(line);
    let mut from = 0;
    while let Some(at) = links.next(from) {
        out.push_str(&escaped(line.get(from..at).unwrap_or_default()));
        let link_on = line.get(at..).unwrap_or_default();
        let stop = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
        let long = link_on.find(stop).unwrap_or(link_on.len());
        let link = link_on.get(..long).unwrap_or(link_on);
        let link = without_tail(link);
        let words = escaped(link);
        match target(link) {
            Some(read) => {
                let _ = write!(
                    out,
                    "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{words}</a>",
                    escaped(read.href())
                );
                // What looks like one site may be another: a name before an @, a letter of another script.
                let said = if link.starts_with("www.") { format!("https://{link}") } else { link.to_owned() };
                if !read.is_said_by(&said) {
                    out.push(' ');
                    out.push_str(&link_targets::element(&read));
                }
            }
            None => out.push_str(&words),
        }
        from = at + link.len();
    }
    out.push_str(&escaped(line.get(from..).unwrap_or_default()));
}

/// Finds the beginnings of links. Each kind is searched from where it was found last: in a line of a megabyte
/// with thousands of one kind and none of another, nothing is read twice.
struct Links<'a> {
    line: &'a str,
    /// A prefix, and where it occurs next; `None`: nowhere.
    next: [(&'static str, Option<usize>); 3],
}

impl<'a> Links<'a> {
    fn of(line: &'a str) -> Self {
        Self { line, next: ["https://", "http://", WWW].map(|begins| (begins, find(line, begins, 0))) }
    }

    /// The first one at or after `from`.
    fn next(&mut self, from: usize) -> Option<usize> {
        for (begins, next) in &mut self.next {
            if next.is_some_and(|at| at < from) {
                *next = find(self.line, begins, from);
            }
        }
        self.next.iter().filter_map(|(_, at)| *at).min()
    }
}

/// "www.insurer.example" counts at the beginning of a word.
const WWW: &str = "www.";

fn find(line: &str, begins: &str, from: usize) -> Option<usize> {
    let found = line.get(from..)?.match_indices(begins).map(|(at, _)| from + at);
    let mut found = found.filter(|at| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        begins != WWW || before.is_none_or(|c| c.is_whitespace() || "(<[\"':,;".contains(c))
    });
    found.next()
}

/// The target of a link in a text: without a scheme it is a web address.
fn target(link: &str) -> Option<Link> {
    if !link.starts_with("www.") {
        return Link::read(link);
    }
    let named = link.get(4..).is_some_and(|rest| rest.contains('.') && !rest.starts_with('.'));
    if named { Link::read(&format!("https://{link}")) } else { None }
}

/// A link without the full stop or bracket of the sentence around it.
fn without_tail(link: &str) -> &str {
    let (opened, mut closed) = (link.matches('(').count(), link.matches(')').count());
    let mut link = link;
    loop {
        let shorter = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let shorter = match shorter.strip_suffix(')') {
            Some(inner) if opened < closed => {
                closed -= 1;
                inner
            }
            Some(_) | None => shorter,
        };
        if shorter.len() == link.len() {
            return link;
        }
        link = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        to_html(text).0.to_string()
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(html("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;\n");
        let out = html("http://a.example/\"onclick=alert(1)//<script>");
        assert!(!out.contains("<script") && out.contains("href=\"http://a.example/\""), "{out}");
        assert!(!html("javascript:alert(1)").contains("href"));
    }

    #[test]
    fn quotes_nest_and_close() {
        assert_eq!(html("a\n> b\n>> c\nd"), "a\n<blockquote>b\n<blockquote>c\n</blockquote></blockquote>d\n");
        let deep = html(&">".repeat(100));
        assert_eq!(deep.matches("<blockquote>").count(), MAX_QUOTES);
        assert_eq!(deep.matches("</blockquote>").count(), MAX_QUOTES);
    }

    #[test]
    fn links_end_where_the_sentence_goes_on() {
        let out = html("See (https://x.example/a_(b)). And http://y.example, ok");
        assert!(out.contains("href=\"https://x.example/a_(b)\""), "{out}");
        assert!(out.contains("href=\"http://y.example/\""), "{out}");
        assert!(out.contains("</a>). And") && out.contains("</a>, ok"), "{out}");
    }

    #[test]
    fn links_without_a_scheme_lead_to_the_web() {
        assert!(html("Siehe www.insurer.example/x.").contains("href=\"https://www.insurer.example/x\""));
        for none in ["awww.x.example", "www.", "www.x", "www..x"] {
            assert!(!html(none).contains("href"), "{none}");
        }
    }

    /// Each of these once took minutes, or hours.
    #[test]
    fn a_long_line_is_read_once() {
        for line in [
            format!("https://x.example/{}", ")".repeat(MAX_BYTES)),
            "https://x.example ".repeat(MAX_BYTES / 18),
            "www.x.example awww.y ".repeat(MAX_BYTES / 21),
            "http://".repeat(MAX_BYTES / 7),
            "(www.".repeat(MAX_BYTES / 5),
        ] {
            assert!(html(&line).len() >= line.len());
        }
    }

    #[test]
    fn a_signature_ends_with_what_it_stands_in() {
        assert_eq!(html("a\n-- \nAnna"), "a\n<span class=\"signature\">-- \nAnna\n</span>");
        assert_eq!(
            html("> a\n> -- \n> Anna\nb"),
            "<blockquote>a\n<span class=\"signature\">-- \nAnna\n</span></blockquote>b\n"
        );
    }

    #[test]
    fn a_link_that_looks_like_another_place_is_told_apart() {
        assert!(!html("https://y.example/a?b and http://Y.example").contains("target\""));
        for (text, place) in [
            ("https://bank.example@evil.example/", "evil.example"),
            ("https://b\u{430}nk.example", "xn--bnk-6cd.example"),
        ] {
            assert!(
                html(text).contains(&format!("<span class=\"target\" dir=\"ltr\">{place}</span>")),
                "{text}"
            );
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let (out, cut) = to_html(&"ä".repeat(MAX_BYTES));
        assert!(cut && out.to_string().len() <= MAX_BYTES + 2);
        assert!(!to_html("short").1);
    }

    #[test]
    fn percent_signs_decode_or_stay() {
        assert_eq!(percent_decoded("a%40b"), "a@b");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
        assert_eq!(percent_decoded("%ff"), "%ff");
    }
}
