//! Makes hostile HTML harmless: the first of three barriers (then the frame's own CSP, then its sandbox). Knows no
//! session and fetches nothing.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealpost_mail::Link;

use crate::css_colour::Paint;
use crate::reading::allowed_elements::{GONE, TAGS};
use crate::reading::anchors;
use crate::reading::author_styles;
use crate::reading::contrast;
use crate::reading::data_pictures::DataPictures;
use crate::reading::declarations::{self, PROPERTIES, Widths};
use crate::reading::line_ends;
use crate::reading::link_targets::{self, Marked};
use crate::reading::placeholders;
use crate::state::frame_cache::Picture;

/// Output of the sanitiser.
pub(crate) struct Clean {
    /// Safe markup for the inside of a body.
    pub(crate) markup: String,
    /// Number of pictures that would have been fetched from elsewhere.
    pub(crate) remote_images: usize,
    /// The domains of the links, and whether there are more.
    pub(crate) domains: Vec<String>,
    pub(crate) more_domains: bool,
    /// Pictures embedded in the markup.
    pub(crate) pictures: Vec<Picture>,
}

/// Cleans `html`. `inline` maps a Content-ID to the URL of that part, for pictures inside the letter; `written` takes
/// those embedded in the markup.
///
/// Call only after [`crate::reading::markup::is_showable`], and off the event loop. `None`: it became `late` between
/// two steps, each of which is bounded by what is showable.
pub(crate) fn clean(
    html: &str,
    inline: &HashMap<String, String>,
    written: DataPictures,
    late: &dyn Fn() -> bool,
) -> Option<Clean> {
    let html = author_styles::inlined(&anchors::named(&placeholders::put_in(html)), late)?;
    let own = Arc::new(Own { inline: inline.clone(), written, places: anchors::led_to(&html) });
    let (mut markup, mut remote_images) = sanitised(&html, &own, Widths::Own);
    if late() {
        return None;
    }
    if runs_from_the_right(&markup) {
        (markup, remote_images) = sanitised(&html, &own, Widths::Flowing);
    }
    let repaired = contrast::repaired(&markup);
    if late() {
        return None;
    }
    let Marked { markup, domains, more } = link_targets::mark(&repaired);
    let markup = line_ends::minded(&markup);
    Some(Clean { markup, remote_images, domains, more_domains: more, pictures: own.written.taken() })
}

/// Pictures inside the letter.
struct Own {
    inline: HashMap<String, String>,
    written: DataPictures,
    /// Targets in the letter that its links refer to.
    places: HashSet<String>,
}

impl Own {
    fn address(&self, value: &str) -> Option<String> {
        let sent = cid(value).and_then(|id| self.inline.get(id.as_ref()).cloned());
        sent.or_else(|| self.written.take(value))
    }
}

/// Whether it contains right-to-left text. The sanitiser has normalised how that is declared.
fn runs_from_the_right(markup: &str) -> bool {
    ["dir=\"rtl\"", "direction:rtl", "direction: rtl"].iter().any(|said| markup.contains(said))
}

fn sanitised(html: &str, own: &Arc<Own>, widths: Widths) -> (String, usize) {
    // The builder must own what its filter uses.
    let (remote, own) = (Arc::new(AtomicUsize::new(0)), Arc::clone(own));
    let counter = Arc::clone(&remote);
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .generic_attributes(HashSet::from(["style", "dir", "lang", "align", "valign", "bgcolor", "id"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src", "alt", "width", "height"])),
            ("table", HashSet::from(["width", "border", "cellpadding", "cellspacing", "summary", "role"])),
            ("td", HashSet::from(["width", "height", "colspan", "rowspan"])),
            ("th", HashSet::from(["width", "height", "colspan", "rowspan", "scope"])),
            ("col", HashSet::from(["width", "span"])),
            ("ol", HashSet::from(["start", "type", "reversed"])),
            ("li", HashSet::from(["value"])),
            ("font", HashSet::from(["color", "size", "face"])),
        ]))
        .clean_content_tags(HashSet::from(GONE))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        // Only our URLs of pictures are relative; the filter below ensures that.
        .url_relative(ammonia::UrlRelative::PassThrough)
        .filter_style_properties(HashSet::from(PROPERTIES))
        .link_rel(None)
        .strip_comments(true)
        .id_prefix(None)
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => {
                let found = own.address(value);
                if found.is_none() && is_elsewhere(value) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                found.map(Cow::Owned)
            }
            ("a", "href") if value.trim_start().starts_with('#') => {
                anchors::of_link(value).map(|place| Cow::Owned(format!("#{place}")))
            }
            ("a", "href") => Link::read(value).map(|link| Cow::Owned(link.href().to_owned())),
            (_, "id") => {
                let place = anchors::of_element(value)?;
                own.places.contains(&place).then_some(Cow::Owned(place))
            }
            (_, "style") => {
                let pictures = |value: &str| own.address(value);
                Some(Cow::Owned(declarations::kept(element, value, widths, &pictures)))
            }
            // On other elements browsers ignore it, and what is judged would not be what is seen.
            ("table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th", "bgcolor") | ("font", "color") => {
                Paint::attribute(value).map(|paint| Cow::Owned(paint.written()))
            }
            (_, "bgcolor") => None,
            // Letters need only the role that marks a layout table.
            (_, "role") => matches!(value, "presentation" | "none").then_some(Cow::Borrowed(value)),
            (_, "dir") => Some(value.to_ascii_lowercase())
                .filter(|value| ["ltr", "rtl"].contains(&value.as_str()))
                .map(Cow::Owned),
            ("table" | "td" | "th" | "col", "width") if widths == Widths::Flowing => None,
            (
                _,
                "width" | "height" | "cellpadding" | "cellspacing" | "border" | "colspan" | "rowspan"
                | "span",
            ) => is_measure(attribute, value).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    let markup = builder.clean(html).to_string();
    (markup, remote.load(Ordering::Relaxed))
}

/// Measures that lay nothing over anything. A height in per cent would depend on the frame's.
fn is_measure(attribute: &str, value: &str) -> bool {
    let (number, share) = match value.trim().strip_suffix('%') {
        Some(number) => (number, true),
        None => (value.trim().trim_end_matches("px"), false),
    };
    let Ok(number) = number.trim().parse::<u32>() else { return false };
    match attribute {
        "width" => number <= if share { 100 } else { 2000 },
        "height" => number <= 2000 && !share,
        "colspan" | "span" => (1..=100).contains(&number) && !share,
        "rowspan" => (1..=1000).contains(&number) && !share,
        _ => number <= 40 && !share,
    }
}

/// Whether a URL leads out of the letter. A file of it that no browser renders is among the files.
fn is_elsewhere(address: &str) -> bool {
    let address = address.trim_start();
    let start = address.get(..address.floor_char_boundary(8)).unwrap_or_default().to_ascii_lowercase();
    ["http://", "https://", "//"].iter().any(|scheme| start.starts_with(scheme))
}

/// The Content-ID of a `cid:` address (RFC 2392), percent-decoded.
fn cid(value: &str) -> Option<Cow<'_, str>> {
    let (scheme, id) = value.trim().split_once(':')?;
    scheme.eq_ignore_ascii_case("cid").then(|| crate::reading::text::percent_decoded(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(html: &str) -> String {
        let inline = HashMap::from([("pic@x".to_owned(), "/m/1/inline/2".to_owned())]);
        clean(html, &inline, DataPictures::new("1", ""), &|| false).unwrap().markup
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
            "<a href=/logout>x</a><a href=../evil.example>x</a><a href=\\evil.example>x</a>",
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
            "color:#cc0000",
            "background-color:#010203",
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
            "<img src=https://t.example/1><img src=//t.example/2><img src=cid:heic><img src=a.png><img src='cid:a'>",
            &HashMap::from([("a".into(), "/p".into())]),
            DataPictures::new("1", ""),
            &|| false,
        )
        .unwrap();
        assert_eq!(out.remote_images, 2);
        assert!(!out.markup.contains("t.example") && !out.markup.contains("cid:"));
    }

    #[test]
    fn every_link_shows_where_it_really_goes() {
        let out =
            cleaned("<a title='x>y' href='https://bank.example@evil.example/a?b=1&amp;c'>bank.example</a>");
        assert!(out.contains("</a> <span class=\"target\" dir=\"ltr\">evil.example</span>"), "{out}");
        assert!(
            out.contains("rel=\"noopener noreferrer nofollow\"") && out.contains("target=\"_blank\""),
            "{out}"
        );
        assert!(!out.contains("title") && out.contains("href=\"https://evil.example/a?b=1&amp;c\""), "{out}");
    }

    #[test]
    fn links_without_a_scheme_and_in_pictures_say_where_they_go() {
        for address in ["//evil.example/x", "\\\\evil.example/x", "www.evil.example/x"] {
            let out = cleaned(&format!("<a href='{address}'>bank.example</a>"));
            assert!(out.contains("href=\"https://") && out.contains("\"ltr\">evil.example</span>"), "{out}");
        }
        let out = cleaned(
            "<img src='cid:pic@x' usemap='#m'><map name=m><area href='https://evil.example/' alt=Bank></map>",
        );
        assert!(out.contains(">Bank</a> <span class=\"target\" dir=\"ltr\">evil.example</span>"), "{out}");
    }

    #[test]
    fn a_letter_leads_to_its_own_places() {
        let out = cleaned("<a href='#x'>y</a><h2 id=x>z</h2><p id=location>a</p><a name=frame>b</a>");
        assert!(out.contains("<a href=\"#in-x\">y</a><h2 id=\"in-x\">z</h2>"), "{out}");
        assert!(!out.contains("location") && !out.contains("frame"), "{out}");
    }

    #[test]
    fn fields_and_fallbacks_keep_their_words() {
        let out = cleaned(
            "<noscript>a</noscript><object>b</object><select><option>c<option>d</select><textarea>e<i></textarea>\
             <button>f</button><button>g</button><details><summary>h</summary>i</details>",
        );
        let text = sealpost_mail::html_to_text(&out);
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
        assert_eq!(words, ["ab", "c", "d", "e", "i", "f", "g", "h", "i"], "{out}");
    }

    #[test]
    fn what_is_no_markup_is_text() {
        for html in [
            "<plaintext><img src=x onerror=a>",
            "<xmp><img src=x onerror=a></xmp>",
            "<textarea><img src=x onerror=a></textarea>",
        ] {
            let out = cleaned(html);
            assert!(out.contains("&lt;img src=x onerror=a&gt;") && !out.contains("<img"), "{out}");
        }
    }

    #[test]
    fn a_letter_cannot_write_targets_of_its_own() {
        let out = cleaned(
            "<span class=target dir=ltr>bank.example</span><a class=said href=https://evil.example>x</a>",
        );
        assert_eq!(out.matches("class=").count(), 1, "{out}");
    }

    #[test]
    fn from_right_to_left_nothing_leaves_the_page() {
        let html = "<p dir=RTL><table width=50><tr><td width=50 style='width:50px;color:red'>x</table>";
        assert!(!cleaned(html).contains("width") && cleaned(html).contains("color:#ff0000"));
        assert!(cleaned(&html.replace("RTL", "ltr")).contains("width"));
        assert!(!cleaned("<div style='direction: rtl;width:300px'>x</div>").contains("width"));
    }
}
