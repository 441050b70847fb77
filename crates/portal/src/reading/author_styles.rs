//! Inlines a letter's style sheets into its elements, so that the sanitiser judges styles in one place.
//!
//! SECURITY: everything here happens before the sanitiser and is as hostile after it as before. Bounded: what is copied
//! to elements is cut down to the properties that the sanitiser would keep, and rules, elements and output are limited.
//! Nothing is fetched: imports and links are dropped unread.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use css_inline::{CSSInliner, InlineOptions};
use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState, QualifiedRuleParser,
    RuleBodyItemParser, RuleBodyParser, StyleSheetParser,
};

use sealpost_mail::counts_at_a_desk;

use crate::css_colour::Paint;
use crate::reading::allowed_elements::{GONE, TAGS};
use crate::reading::css_values::without_remarks;
use crate::reading::declarations::PROPERTIES;
use crate::reading::hidden_text;
use crate::reading::markup::{self, Tags};

/// Longer style sheets are cut: newsletters have some dozens of kilobytes.
const MAX_CSS: usize = 512 * 1024;
/// Letters with more elements are shown without their style sheets.
const MAX_ELEMENTS: usize = 12_000;
/// Rules times elements: maximum number of selector matches.
const MAX_MATCHES: usize = 4_000_000;
/// Maximum bytes of markup with inlined styles.
const MAX_OUTPUT: usize = 4 * 1024 * 1024;
/// Maximum nesting of blocks in a style sheet.
const MAX_DEPTH: u8 = 8;

/// The letter's markup with inlined style sheets, its body as a box, and without what it hides. `None`: it became
/// `late` between two steps.
pub(crate) fn inlined(html: &str, late: &dyn Fn() -> bool) -> Option<String> {
    let Sheets { body, css } = Sheets::of(html);
    let plain = flattened(html);
    let body = body.map(|body| flattened(&format!("<div {body}>"))).unwrap_or_default();
    let body = body.strip_prefix("<div").and_then(|rest| rest.strip_suffix("></div>")).unwrap_or_default();
    let body = painted(body);
    if late() {
        return None;
    }
    let styled = styled(&plain, &body, &css);
    let boxed =
        styled.unwrap_or_else(|| if body.is_empty() { plain } else { format!("<div{body}>{plain}</div>") });
    if late() {
        return None;
    }
    let out = hidden_text::taken_out(&with_grounds(&boxed));
    (!late()).then_some(out)
}

/// A body's colours as styles: boxes have no such attributes.
fn painted(attributes: &str) -> String {
    let mut style = String::new();
    for (name, property) in [("bgcolor", "background-color"), ("text", "color")] {
        let value = attribute(attributes, name).and_then(Paint::attribute);
        if let Some(paint) = value {
            style.push_str(&format!("{property}:{};", paint.written()));
        }
    }
    if style.is_empty() { attributes.to_owned() } else { before_style(attributes, &style) }
}

/// Background pictures given as an attribute, written as a style.
fn with_grounds(markup: &str) -> String {
    if !markup.contains(" background=\"") {
        return markup.to_owned();
    }
    let mut out = String::with_capacity(markup.len());
    let mut copied = 0;
    for tag in Tags::new(markup) {
        out.push_str(markup.get(copied..tag.start).unwrap_or_default());
        copied = tag.end;
        let source = markup.get(tag.start..tag.end).unwrap_or_default();
        let picture = attribute(source, "background").filter(|_| !tag.closing);
        match picture.filter(|value| !value.contains(['(', ')', '\'', ';', '&', '\\', '{', '}'])) {
            Some(value) => {
                let style = format!("background-image:url({value});");
                let inside = source.strip_suffix('>').unwrap_or(source);
                out.push_str(&before_style(inside, &style));
                out.push('>');
            }
            None => out.push_str(source),
        }
    }
    out.push_str(markup.get(copied..).unwrap_or_default());
    out
}

/// Puts a style before the element's own.
fn before_style(tag: &str, style: &str) -> String {
    match tag.split_once(" style=\"") {
        Some((start, rest)) => format!("{start} style=\"{style}{rest}"),
        None => format!("{tag} style=\"{style}\""),
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

/// Markup as the browser would build it, with everything that could still affect its look.
fn flattened(html: &str) -> String {
    let attributes = [
        "style",
        "class",
        "id",
        "dir",
        "lang",
        "align",
        "valign",
        "bgcolor",
        "background",
        "hidden",
        "nowrap",
        "text",
        "link",
        "href",
        "src",
        "alt",
        "width",
        "height",
        "border",
        "cellpadding",
        "cellspacing",
        "summary",
        "colspan",
        "rowspan",
        "scope",
        "span",
        "start",
        "type",
        "reversed",
        "value",
        "color",
        "size",
        "face",
        "role",
    ];
    ammonia::Builder::empty()
        .tags(HashSet::from(TAGS))
        .generic_attributes(HashSet::from(attributes))
        .clean_content_tags(HashSet::from(GONE))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(None)
        .strip_comments(true)
        .id_prefix(None)
        .clean(html)
        .to_string()
}

/// Inlines rules into elements; `None`: there are none, or too many.
fn styled(html: &str, body: &str, css: &str) -> Option<String> {
    let elements = Tags::new(html).filter(|tag| !tag.closing).count() + 1;
    if css.is_empty() || elements > MAX_ELEMENTS || !markup::is_showable(html) {
        return None;
    }
    let css = rules(css, MAX_MATCHES / elements);
    if css.is_empty() {
        return None;
    }
    let options: InlineOptions<'_> = CSSInliner::options()
        .inline_style_tags(false)
        .load_remote_stylesheets(false)
        .extra_css(Some(Cow::Owned(css)));
    let page = format!("<!doctype html><html><head></head><body{body}>{html}</body></html>");
    let mut out = Bounded(Vec::with_capacity(page.len() * 2));
    options.build().inline_to(&page, &mut out).ok()?;
    let text = String::from_utf8(out.0).ok()?;
    let (_, inside) = text.split_once("<body")?;
    let (inside, _) = inside.rsplit_once("</body>")?;
    Some(format!("<div{inside}</div>"))
}

/// Accepts this many bytes and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a letter says about itself as a whole.
struct Sheets<'a> {
    /// The attributes of its body, unchanged.
    body: Option<&'a str>,
    css: String,
}

impl<'a> Sheets<'a> {
    fn of(html: &'a str) -> Self {
        let mut found = Self { body: None, css: String::new() };
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            rest = rest.get(at..).unwrap_or_default();
            // What only Outlook reads is in comments; browsers read the rest.
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            // Checked only at a tag: the next one may be far away.
            let name = rest.get(1..).unwrap_or_default();
            let name = name.strip_prefix('/').unwrap_or(name);
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
            let tag = if begins { Tags::new(rest).next().filter(|tag| tag.start == 0) } else { None };
            let Some(tag) = tag else {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let inside = rest.get(tag.name.len() + 1..tag.end.saturating_sub(1)).unwrap_or_default();
            let after = rest.get(tag.end..).unwrap_or_default();
            match (tag.name.to_ascii_lowercase().as_str(), tag.closing) {
                ("style", false) => {
                    let end = closing_style(after);
                    let css = after.get(..end).unwrap_or_default();
                    if is_for_screens(inside) && found.css.len() + css.len() <= MAX_CSS {
                        found.css.push_str(css);
                        found.css.push('\n');
                    }
                    rest = after.get(end..).unwrap_or_default();
                }
                ("body", false) => {
                    found.body = found.body.or(Some(inside));
                    rest = after;
                }
                _ => rest = after,
            }
        }
        found
    }
}

fn closing_style(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("</")) {
        let at = from + at;
        if text.get(at + 2..at + 7).is_some_and(|name| name.eq_ignore_ascii_case("style")) {
            return at;
        }
        from = at + 2;
    }
    text.len()
}

fn is_for_screens(attributes: &str) -> bool {
    let lower = attributes.to_ascii_lowercase();
    lower.split_once("media").is_none_or(|(_, media)| {
        !media.contains("print") && !media.contains("width") && !media.contains("speech")
    })
}

/// The rules that may be copied to elements, up to `most`.
fn rules(css: &str, most: usize) -> String {
    let mut reader =
        Reader { out: String::new(), counts: Counts::All, selectors: 0, most, properties: properties() };
    let mut parser = Parser::new(css);
    parser.set_nested_block_limit(MAX_DEPTH);
    for rule in StyleSheetParser::new(&mut parser, &mut reader) {
        // What cannot be parsed is skipped, as in a browser.
        let _ = rule;
    }
    reader.out
}

/// Properties that the sanitiser knows, those it replaces, and those that hide.
fn properties() -> HashSet<&'static str> {
    let also = ["background", "list-style", "visibility", "overflow", "mso-hide"];
    PROPERTIES.into_iter().chain(also).collect()
}

/// How far the rules of a media query apply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    All,
    /// Only `display`, as on a desktop: otherwise something would be shown twice, or not at all.
    Display,
    Nothing,
}

struct Reader {
    out: String,
    counts: Counts,
    selectors: usize,
    most: usize,
    properties: HashSet<&'static str>,
}

impl<'i> QualifiedRuleParser<'i> for Reader {
    type Prelude = Vec<String>;
    type QualifiedRule = ();
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<Self::Prelude, ParseError<()>> {
        let start = input.position();
        while input.next_including_whitespace_and_comments().is_ok() {}
        Ok(selectors(input.slice_from(start)))
    }

    fn parse_block(
        &mut self,
        selectors: Vec<String>,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), ParseError<()>> {
        let mut body = Body { properties: &self.properties, kept: HashMap::new(), order: 0 };
        for declaration in RuleBodyParser::new(input, &mut body) {
            let _ = declaration;
        }
        let mut kept: Vec<(String, (usize, String))> = body.kept.into_iter().collect();
        kept.retain(|(name, _)| self.counts == Counts::All || name == "display");
        kept.sort_by_key(|(_, (order, _))| *order);
        let room = self.most.saturating_sub(self.selectors);
        let chosen: Vec<String> = selectors.into_iter().take(room).collect();
        if kept.is_empty() || chosen.is_empty() {
            return Ok(());
        }
        self.selectors += chosen.len();
        self.out.push_str(&chosen.join(","));
        self.out.push('{');
        for (name, (_, value)) in kept {
            self.out.push_str(&name);
            self.out.push(':');
            self.out.push_str(&value);
            self.out.push(';');
        }
        self.out.push_str("}\n");
        Ok(())
    }
}

impl<'i> AtRuleParser<'i> for Reader {
    type Prelude = Counts;
    type AtRule = ();
    type Error = ();

    fn parse_prelude(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
    ) -> Result<Counts, ParseError<()>> {
        let start = input.position();
        while input.next_including_whitespace_and_comments().is_ok() {}
        let query = input.slice_from(start).trim().to_ascii_lowercase();
        if !name.eq_ignore_ascii_case("media") {
            return Ok(Counts::Nothing);
        }
        // Anything that depends on the size or orientation of the frame would depend on the letter's own height.
        if ["all", "screen", "only screen", "only all"].contains(&query.as_str()) {
            return Ok(Counts::All);
        }
        Ok(if counts_at_a_desk(&query) { Counts::Display } else { Counts::Nothing })
    }

    fn parse_block(
        &mut self,
        counts: Counts,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), ParseError<()>> {
        let outer = self.counts;
        match (counts, outer) {
            (Counts::Nothing, _) | (_, Counts::Nothing) => {}
            (Counts::All | Counts::Display, Counts::All | Counts::Display) => {
                self.counts = if counts == Counts::All { outer } else { counts };
                for rule in StyleSheetParser::new(input, self) {
                    let _ = rule;
                }
                self.counts = outer;
            }
        }
        while input.next().is_ok() {}
        Ok(())
    }

    fn rule_without_block(&mut self, _counts: Counts, _start: &ParserState) -> Result<(), ()> {
        Err(())
    }
}

/// The selectors of one rule that apply to elements in their normal state.
fn selectors(prelude: &str) -> Vec<String> {
    let one = |selector: &str| {
        let mut selector = selector.trim().to_owned();
        // A link counts whether or not it has been visited.
        for link in [":link", ":any-link"] {
            selector = selector.replace(link, "");
        }
        let gone = ["::", ":hover", ":active", ":focus", ":visited", ":before", ":after", ":target"];
        let odd = |c: char| matches!(c, '{' | '}' | '<' | ';' | '\\' | '@');
        let fine = !selector.is_empty()
            && selector.len() <= 300
            && !selector.contains(odd)
            && is_whole(&selector)
            && !gone.iter().any(|gone| selector.contains(gone));
        fine.then_some(selector)
    };
    prelude.split(',').filter_map(one).collect()
}

/// Whether brackets and quotes are balanced: then it is not a fragment of a list.
fn is_whole(selector: &str) -> bool {
    let count = |sign: char| selector.matches(sign).count();
    count('(') == count(')') && count('[') == count(']') && count('"') % 2 == 0 && count('\'') % 2 == 0
}

struct Body<'a> {
    properties: &'a HashSet<&'static str>,
    /// By name, the last of each, in order.
    kept: HashMap<String, (usize, String)>,
    order: usize,
}

impl<'i> DeclarationParser<'i> for Body<'_> {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _start: &ParserState,
    ) -> Result<(), ParseError<()>> {
        let name = name.to_ascii_lowercase();
        let start = input.position();
        while input.next_including_whitespace_and_comments().is_ok() {}
        let value = without_remarks(input.slice_from(start));
        let value = value.trim();
        let fine = self.properties.contains(name.as_str())
            && !value.is_empty()
            && value.len() <= 2000
            && !value.contains(['{', '}', '<', '\\']);
        if fine {
            self.order += 1;
            self.kept.insert(name, (self.order, value.to_owned()));
        }
        Ok(())
    }
}

impl<'i> AtRuleParser<'i> for Body<'_> {
    type Prelude = ();
    type AtRule = ();
    type Error = ();
}

impl<'i> QualifiedRuleParser<'i> for Body<'_> {
    type Prelude = ();
    type QualifiedRule = ();
    type Error = ();
}

impl RuleBodyItemParser<'_, (), ()> for Body<'_> {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    fn inlined(html: &str) -> String {
        super::inlined(html, &|| false).unwrap()
    }

    #[test]
    fn rules_reach_their_elements() {
        let html = "<html><head><style><!-- p.MsoNormal, li.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt;} \
             a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1} @page WordSection1 {size:612.0pt} \
             div.WordSection1 {page:WordSection1;} td > b {color:red !important} #x ~ p {color:blue} --></style></head>\
             <body lang=DE link='#0563C1' style='word-wrap:break-word'><div class=WordSection1><p class=MsoNormal style='color:green'>a\
             <a href='https://x.example'>b</a></p></div><table><tr><td><b style='color:green'>c</b></table><i id=x></i><p>d</p></body></html>";
        let out = inlined(html);
        for kept in [
            "font-size: 11.0pt",
            "margin: 0cm",
            "color: #0563C1",
            "color: red",
            "color: blue",
            "<div lang=\"DE\" link=\"#0563C1\" style=\"word-wrap:break-word\">",
        ] {
            assert!(out.replace(": ", ":").contains(&kept.replace(": ", ":")), "{kept} in {out}");
        }
        assert!(!out.contains("mso-style") && !out.contains("<style") && !out.contains("<body"), "{out}");
    }

    #[test]
    fn what_hangs_on_the_frame_or_the_pointer_is_not_brought() {
        for css in [
            "@media (orientation:portrait){p{color:red}}",
            "@media only screen and (max-width:600px){p{color:red}}",
            "@media print{p{color:red}}",
            "@supports (color:red){p{color:red}}",
            "@import url(//x.example/y);",
            "@font-face{font-family:x;src:url(//x.example/y)}",
            "p:hover{color:red}",
            "p::before{content:'red'}",
            "p{position:fixed;content:'red';--red:red}",
        ] {
            let out = inlined(&format!("<style>{css}</style><p>a</p>"));
            assert!(!out.contains("red") && !out.contains("x.example"), "{css}: {out}");
        }
        assert!(inlined("<style media=print>p{color:red}</style><p>a</p>").ends_with("<p>a</p>"));
        assert!(
            inlined("<!--[if mso]><style>p{color:red}</style><![endif]--><p>a</p>").ends_with("<p>a</p>")
        );
        // On a desktop, what is not displayed is not there.
        let hidden = inlined(
            "<style>@media only screen and (min-width:480px){.x{display:none!important;color:red}}\
             @media (max-width:480px){.y{display:none!important}}</style><p class=x>a</p><p class=y>b</p>",
        );
        assert!(!hidden.contains(">a<") && hidden.contains(">b<") && !hidden.contains("red"), "{hidden}");
        for fine in [
            "@media all{p{color:red}}",
            "@media screen { p { color:red } } b{}",
            "x{}}p{color:red}p{color:red}",
        ] {
            assert!(inlined(&format!("<style>{fine}</style><p>a</p>")).contains("red"), "{fine}");
        }
    }

    #[test]
    fn the_work_is_bounded() {
        let rule = "*,* *,* * *,* * * *,p p p p p p p p p{color:red;margin:0}";
        let many = format!("<style>{}</style>{}", rule.repeat(9000), "<p>a<b>b</b></p>".repeat(5000));
        let started = many.len();
        assert!(inlined(&many).len() < started * 20);
        let properties: String = (0..5000).map(|n| format!("--x{n}:1;x{n}:1;")).collect();
        let wide = format!("<style>*{{{properties}color:red}}</style>{}", "<p>a</p>".repeat(5000));
        assert!(inlined(&wide).len() < 500_000);
        for odd in
            ["<".repeat(500_000), "<!--".repeat(100_000), "<style".repeat(100_000), "<style>".repeat(100_000)]
        {
            let _ = inlined(&odd);
        }
        let nested = format!("<style>{}p{{color:red}}</style><p>a</p>", "@media all{".repeat(50_000));
        assert!(!inlined(&nested).contains("red"));
        let selectors = format!("<style>{}p{{color:red}}</style><p>a</p>", "p:not(".repeat(50_000));
        assert!(!inlined(&selectors).contains("red"));
    }
}
