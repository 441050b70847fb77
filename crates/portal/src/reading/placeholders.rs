//! Replaces elements that the sanitiser would remove by ones that it keeps: form fields with their values,
//! the fallback of an object or a script, image maps, collapsible boxes. Judges nothing.
//!
//! SECURITY: everything here happens before the parser and the sanitiser, and is as hostile after it as
//! before.

use std::borrow::Cow;

use crate::reading::escaped::{escaped, unescaped};
use crate::reading::markup::{Tag, Tags};

/// Elements that are considered.
const KNOWN: [&str; 24] = [
    "<area",
    "<button",
    "<details",
    "<dialog",
    "<fieldset",
    "<form",
    "<hgroup",
    "<input",
    "<label",
    "<legend",
    "<listing",
    "<map",
    "<menu",
    "<meter",
    "<noscript",
    "<object",
    "<optgroup",
    "<plaintext",
    "<progress",
    "<search",
    "<select",
    "<summary",
    "<textarea",
    "<xmp",
];
/// Text in a field looks like a field.
const FIELD: &str = "style=\"border:1px solid #71808c;padding:1px 6px\"";

/// The markup with replacements for those elements.
pub(crate) fn put_in(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    if !KNOWN.iter().any(|name| lower.contains(name)) {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut at = 0;
    for tag in Tags::new(html) {
        if tag.start < at {
            // Inside what is not markup.
            continue;
        }
        let between = html.get(at..tag.start).unwrap_or_default();
        if let Some((before, comment)) = between.rsplit_once("<!--")
            && !comment.contains("-->")
        {
            // Tags in a comment are not tags: its content is unchanged.
            let from = at + before.len();
            let end =
                html.get(from..).and_then(|rest| rest.find("-->")).map_or(html.len(), |end| from + end + 3);
            out.push_str(html.get(at..end).unwrap_or_default());
            at = end;
            continue;
        }
        out.push_str(between);
        let source = html.get(tag.start..tag.end).unwrap_or_default();
        let name = tag.name.to_ascii_lowercase();
        at = tag.end;
        match (name.as_str(), tag.closing) {
            ("style" | "script" | "title" | "iframe" | "noembed" | "noframes" | "template", false) => {
                let end = end_of_raw(html, tag.end, &name);
                out.push_str(html.get(tag.start..end).unwrap_or_default());
                at = end;
            }
            ("textarea" | "xmp" | "plaintext", false) => {
                let end = end_of_raw(html, tag.end, &name);
                let text = html.get(tag.end..end).unwrap_or_default();
                // The text of a field may contain character references, but no tags; that of the others is
                // literal.
                let text = if name == "textarea" { text.replace('<', "&lt;") } else { escaped(text) };
                let look = if name == "textarea" {
                    FIELD.replace("=\"", "=\"white-space:pre-wrap;")
                } else {
                    "style=\"white-space:pre-wrap\"".to_owned()
                };
                out.push_str(&format!("<div {look}>{text}</div>"));
                at = end;
                // Its own end tag is skipped.
                if let Some(end_tag) = html.get(end..).and_then(|rest| Tags::new(rest).next())
                    && end_tag.start == 0
                    && end_tag.closing
                {
                    at = end + end_tag.end;
                }
            }
            _ => write(&name, &tag, source, &mut out),
        }
    }
    out.push_str(html.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// End of the content of an element that contains no markup.
fn end_of_raw(html: &str, from: usize, name: &str) -> usize {
    if name == "plaintext" {
        return html.len();
    }
    let mut at = from;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find("</")) {
        let start = at + found;
        let said = html.get(start + 2..start + 2 + name.len()).unwrap_or_default();
        if said.eq_ignore_ascii_case(name) {
            return start;
        }
        at = start + 2;
    }
    html.len()
}

/// Writes one tag, or its replacement.
fn write(name: &str, tag: &Tag<'_>, source: &str, out: &mut String) {
    let rest = source.get(1 + usize::from(tag.closing) + name.len()..).unwrap_or(">");
    let named = |element: &str| format!("{}{element}{rest}", if tag.closing { "</" } else { "<" });
    match (name, tag.closing) {
        (
            "details" | "dialog" | "fieldset" | "form" | "hgroup" | "legend" | "map" | "search" | "summary",
            _,
        ) => {
            out.push_str(&named("div"));
        }
        ("listing", _) => out.push_str(&named("pre")),
        ("menu" | "select", _) => out.push_str(&named("ul")),
        ("noscript" | "object" | "meter" | "progress", _) => out.push_str(&named("span")),
        ("option", false) if has(source, "selected") => out.push_str("<li>✓ "),
        ("option", false) => out.push_str("<li>"),
        ("option" | "optgroup", true) => out.push_str("</li>"),
        ("optgroup", false) => {
            out.push_str(&format!("<li>{}", escaped(&value(source, "label").unwrap_or_default())));
        }
        ("label", _) => {
            // Keeps text and field apart.
            out.push(' ');
            out.push_str(&named("span"));
        }
        ("button", false) => {
            let rest = rest.strip_suffix('>').unwrap_or(rest);
            let look = if value(source, "style").is_some() { "" } else { FIELD };
            out.push_str(&format!(" <span{rest} {look}>"));
        }
        ("button", true) => out.push_str("</span> "),
        ("input", false) => out.push_str(&field(source)),
        ("area", false) => {
            let Some(href) = value(source, "href") else { return };
            let said = value(source, "alt").or_else(|| value(source, "title"));
            let said = said.filter(|said| !said.trim().is_empty()).unwrap_or_else(|| href.clone());
            out.push_str(&format!("<div><a href=\"{}\">{}</a></div>", escaped(&href), escaped(&said)));
        }
        _ => out.push_str(source),
    }
}

/// The value of a field.
fn field(source: &str) -> String {
    let is_on = has(source, "checked");
    let mark = |on: &str, off: &str| format!(" {} ", if is_on { on } else { off });
    match value(source, "type").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "hidden" | "password" | "image" | "file" | "range" | "color" => String::new(),
        "checkbox" => mark("☑", "☐"),
        "radio" => mark("◉", "○"),
        _ => match value(source, "value").filter(|value| !value.trim().is_empty()) {
            Some(value) => format!(" <span {FIELD}>{}</span> ", escaped(&value)),
            None => String::new(),
        },
    }
}

fn has(source: &str, attribute: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    lower.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).any(|word| {
        word == attribute || word.strip_prefix(attribute).is_some_and(|rest| rest.starts_with('='))
    })
}

/// The decoded value of an attribute, in any style of quoting.
fn value(source: &str, attribute: &str) -> Option<String> {
    let lower = source.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower.get(from..)?.find(attribute) {
        let start = from + found;
        from = start + attribute.len();
        let begins =
            lower.get(..start)?.ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/'));
        let Some(rest) = source.get(from..)?.trim_start().strip_prefix('=') else { continue };
        if !begins {
            continue;
        }
        let rest = rest.trim_start();
        let quoted = ['"', '\''].into_iter().find_map(|quote| rest.strip_prefix(quote)?.split_once(quote));
        let text = match quoted {
            Some((text, _)) => text,
            None => rest.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default(),
        };
        return Some(unescaped(text));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::put_in;

    #[test]
    fn what_a_field_or_an_object_says_stays() {
        for (html, wanted) in [
            ("<p>x</p>", "<p>x</p>"),
            ("<select name=x><option>a<option selected>b</select>", "<ul name=x><li>a<li>✓ b</ul>"),
            (
                "<TEXTAREA rows=2>a &amp; <b></TEXTAREA>z",
                "<div style=\"white-space:pre-wrap;border:1px solid #71808c;padding:1px 6px\">a &amp; &lt;b></div>z",
            ),
            (
                "<xmp><b>&amp;</b></xmp>z",
                "<div style=\"white-space:pre-wrap\">&lt;b&gt;&amp;amp;&lt;/b&gt;</div>z",
            ),
            ("<noscript>a <b>c</b></noscript>", "<span>a <b>c</b></span>"),
            ("<object data=x><p>a</p></object>", "<span data=x><p>a</p></span>"),
            ("<details><summary>a</summary>b</details>", "<div><div>a</div>b</div>"),
            ("<fieldset><legend>a</legend>b</fieldset>", "<div><div>a</div>b</div>"),
            ("<button style='color:red'>a</button>", " <span style='color:red' >a</span> "),
            ("<input type=checkbox checked>a<input type='radio'>b<input type=hidden value=c>", " ☑ a ○ b"),
            (
                "<map name=m><area shape=rect href=\"https://a.example/?b=1&amp;c\" alt='d'></map>",
                "<div name=m><div><a href=\"https://a.example/?b=1&amp;c\">d</a></div></div>",
            ),
            ("<!-- <select> --><select>", "<!-- <select> --><ul>"),
            (
                "<style>x{}</style><button>a</button>",
                "<style>x{}</style> <span style=\"border:1px solid #71808c;padding:1px 6px\">a</span> ",
            ),
        ] {
            assert_eq!(put_in(html), wanted, "{html}");
        }
        assert!(put_in("<input value='Max &quot;Muster&quot;'>").contains(">Max &quot;Muster&quot;</span>"));
    }

    #[test]
    fn odd_markup_costs_no_more_than_it_is_long() {
        for odd in [
            "<textarea>".repeat(20_000),
            "<xmp".repeat(50_000),
            "<!--<input".repeat(20_000),
            "<plaintext>".repeat(9),
        ] {
            let _ = put_in(&odd);
        }
    }
}
