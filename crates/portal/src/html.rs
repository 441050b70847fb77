//! Hostile HTML made harmless: the first of three walls (then the frame's own CSP, then its sandbox).
//! Knows no session and fetches nothing.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::markup::Tags;

/// What came out of the sanitiser.
pub(crate) struct Clean {
    /// Safe markup for the inside of a body.
    pub(crate) markup: String,
    /// Pictures that would have been fetched from elsewhere.
    pub(crate) remote_images: usize,
}

/// Cleans `html`. `inline` maps a Content-ID to the address of that part, for pictures in the letter itself.
///
/// Call only after [`crate::markup::is_showable`], and off the event loop.
pub(crate) fn clean(html: &str, inline: &HashMap<String, String>) -> Clean {
    // The builder wants to own what its filter uses.
    let (remote, inline) = (Arc::new(AtomicUsize::new(0)), inline.clone());
    let counter = Arc::clone(&remote);
    let markup = {
        let mut builder = ammonia::Builder::empty();
        builder
            .tags(HashSet::from(TAGS))
            .generic_attributes(HashSet::from([
                "style", "dir", "lang", "align", "valign", "bgcolor", "title",
            ]))
            .tag_attributes(HashMap::from([
                ("a", HashSet::from(["href", "name"])),
                ("img", HashSet::from(["src", "alt", "width", "height"])),
                ("table", HashSet::from(["width", "border", "cellpadding", "cellspacing", "summary"])),
                ("td", HashSet::from(["width", "height", "colspan", "rowspan", "nowrap"])),
                ("th", HashSet::from(["width", "height", "colspan", "rowspan", "nowrap", "scope"])),
                ("col", HashSet::from(["width", "span"])),
                ("ol", HashSet::from(["start", "type", "reversed"])),
                ("li", HashSet::from(["value"])),
                ("font", HashSet::from(["color", "size", "face"])),
            ]))
            .clean_content_tags(HashSet::from([
                "script",
                "style",
                "title",
                "template",
                "noscript",
                "iframe",
                "object",
                "svg",
                "math",
                "xmp",
                "noembed",
                "noframes",
                "textarea",
                "select",
                "plaintext",
            ]))
            .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
            // Only the pictures' own addresses are relative; the filter below sees to that.
            .url_relative(ammonia::UrlRelative::PassThrough)
            .filter_style_properties(HashSet::from(STYLES))
            .link_rel(Some("noopener noreferrer nofollow"))
            .set_tag_attribute_value("a", "target", "_blank")
            .strip_comments(true)
            .id_prefix(None)
            .attribute_filter(move |element, attribute, value| match (element, attribute) {
                ("img", "src") => {
                    let found = cid(value).and_then(|id| inline.get(id.as_ref()));
                    if found.is_none() {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    found.map(|address| Cow::Owned(address.clone()))
                }
                ("a", "href") => is_link(value).then_some(Cow::Borrowed(value)),
                // One more wall against properties that fetch or cover: no functions but colours.
                (_, "style") => Some(Cow::Owned(plain_declarations(value))),
                _ => Some(Cow::Borrowed(value)),
            });
        builder.clean(html).to_string()
    };
    Clean { markup: with_targets(&markup), remote_images: remote.load(Ordering::Relaxed) }
}

/// Whether an address leads out of the letter in a way that a reader can judge; nothing relative.
fn is_link(value: &str) -> bool {
    let value = value.trim_start().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme))
}

/// The Content-ID of a `cid:` address (RFC 2392), percent-decoded.
fn cid(value: &str) -> Option<Cow<'_, str>> {
    let (scheme, id) = value.trim().split_once(':')?;
    scheme.eq_ignore_ascii_case("cid").then(|| crate::text::percent_decoded(id))
}

/// Declarations without any function other than a colour's.
fn plain_declarations(style: &str) -> String {
    style
        .split(';')
        .filter(|declaration| {
            let value = declaration.to_ascii_lowercase();
            !value.contains('\\')
                && value.match_indices('(').all(|(at, _)| {
                    value.get(..at).is_some_and(|before| before.ends_with("rgb") || before.ends_with("rgba"))
                })
        })
        .collect::<Vec<_>>()
        .join(";")
}

/// Writes each link's real target beside it (as data, shown by the style sheet): a letter must not be able
/// to say one place and mean another.
fn with_targets(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / 8);
    let mut copied = 0;
    for tag in Tags::new(markup) {
        if tag.closing || tag.name != "a" {
            continue;
        }
        let Some(target) = markup.get(tag.start..tag.end).and_then(target_of) else { continue };
        let at = tag.start + "<a".len();
        out.push_str(markup.get(copied..at).unwrap_or_default());
        out.push_str(" data-target=\"");
        out.push_str(&crate::text::escaped(&target));
        out.push('"');
        copied = at;
    }
    out.push_str(markup.get(copied..).unwrap_or_default());
    out
}

/// Host or address in the `href` of a cleaned tag (whose values are always in double quotes).
fn target_of(tag: &str) -> Option<String> {
    let href = tag.split_once(" href=\"")?.1.split_once('"')?.0.replace("&amp;", "&");
    shown_target(&href)
}

/// What to show of a link's address: the host of a web link, the whole of a mail address or number.
pub(crate) fn shown_target(href: &str) -> Option<String> {
    let (scheme, rest) = href.split_once(':')?;
    if scheme.eq_ignore_ascii_case("mailto") || scheme.eq_ignore_ascii_case("tel") {
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        return Some(crate::text::percent_decoded(rest).chars().take(100).collect());
    }
    // A browser reads any number of slashes and backslashes, and drops what stands before an @.
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    (!host.is_empty()).then(|| host.chars().filter(|c| !c.is_control()).take(100).collect())
}

const TAGS: [&str; 59] = [
    "a",
    "abbr",
    "address",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
];

/// Nothing that positions, covers, animates or fetches.
const STYLES: [&str; 52] = [
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
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "width",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(html: &str) -> String {
        clean(html, &HashMap::from([("pic@x".to_owned(), "/m/1/inline/2".to_owned())])).markup
    }

    #[test]
    fn what_runs_fetches_or_covers_is_gone() {
        for evil in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg><animate attributeName=href to=javascript:alert(1)></svg>",
            "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
            "<a href=\"java&#10;script:alert(1)\">x</a>",
            "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
            "<form action=/logout method=post><button>x</button></form>",
            "<base href=//evil.example>",
            "<meta http-equiv=refresh content=0;url=//evil.example>",
            "<iframe srcdoc='<script>1</script>'></iframe>",
            "<object data=//evil.example></object><embed src=//evil.example>",
            "<link rel=stylesheet href=//evil.example>",
            "<style>@import url(//evil.example)</style>",
            "<p style=\"background:url(//evil.example/x)\">x</p>",
            "<p style=\"position:fixed;top:0\">x</p>",
            "<p style=\"color:expression(alert(1))\">x</p>",
            "<p style=\"border:1px solid u\\72l(//evil.example)\">x</p>",
            "<table background=//evil.example/x><tr><td>x</table>",
            "<img srcset=\"//evil.example/x 2x\" src=//evil.example/y>",
            "<video poster=//evil.example/x src=//evil.example/y></video>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
            "<select><template><img src=x onerror=alert(1)></template></select>",
            "<plaintext><img src=x onerror=alert(1)>",
            "<a href=/logout>x</a><a href=//evil.example>x</a><a href=\\\\evil.example>x</a>",
            "<img src=/logout><img src=//evil.example>",
            "<p id=location class=evil onclick=alert(1)>x</p>",
        ] {
            let out = cleaned(evil).to_ascii_lowercase();
            for bad in [
                "script",
                "onerror",
                "onclick",
                "evil.example",
                "javascript",
                "position",
                "expression",
                "<form",
                "<base",
                "/logout",
                "<meta",
                "<iframe",
                "<svg",
                "<style",
                "<link",
                "url(",
                "id=",
                "class=",
            ] {
                assert!(!out.contains(bad), "{evil} left {bad}: {out}");
            }
        }
    }

    #[test]
    fn an_ordinary_letter_keeps_its_look() {
        let out = cleaned(
            "<table width=600 cellpadding=4><tr><td style='color:#c00;background-color:rgb(1,2,3);font-size:14px'>\
             <b>Grüße</b> <img src='cid:pic%40x' alt=Logo></td></tr></table>",
        );
        for kept in [
            "width=\"600\"",
            "color:#c00",
            "rgb(1,2,3)",
            "<b>Grüße</b>",
            "src=\"/m/1/inline/2\"",
            "alt=\"Logo\"",
        ] {
            assert!(out.replace(' ', "").contains(&kept.replace(' ', "")), "{kept} in {out}");
        }
    }

    #[test]
    fn pictures_from_elsewhere_are_counted_and_not_fetched() {
        let out = clean(
            "<img src=https://t.example/1><img src=cid:unknown><img src='cid:a'>",
            &HashMap::from([("a".into(), "/p".into())]),
        );
        assert_eq!(out.remote_images, 2);
        assert!(!out.markup.contains("t.example") && !out.markup.contains("cid:"));
    }

    #[test]
    fn every_link_shows_where_it_really_goes() {
        let out =
            cleaned("<a title='x>y' href='https://bank.example@evil.example/a?b=1&amp;c'>bank.example</a>");
        assert!(out.contains("data-target=\"evil.example\""), "{out}");
        assert!(
            out.contains("rel=\"noopener noreferrer nofollow\"") && out.contains("target=\"_blank\""),
            "{out}"
        );
        assert_eq!(shown_target("https:\\\\evil.example\\x").as_deref(), Some("evil.example"));
        assert_eq!(shown_target("mailto:a%40b?subject=x").as_deref(), Some("a@b"));
        assert_eq!(shown_target("https://"), None);
    }
}
