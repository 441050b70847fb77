//! Names of elements that programs write. What people type in angle brackets is none: `<vertraulich>`. Knows no page.

/// HTML, present and past (HTML §4, §16.2).
const HTML: &str = " a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote \
    body br button canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div dl \
    dt element em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i \
    iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu menuitem meta meter \
    multicol nav nextid nobr noembed noframes noscript object ol optgroup option output p param picture plaintext portal pre \
    progress q rb rp rt rtc ruby s samp script search section select shadow slot small source spacer span strike strong style sub \
    summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xml xmp ";

/// SVG and MathML, in lower case.
const DRAWN: &str = " animate animatemotion animatetransform circle clippath defs desc ellipse feblend fecolormatrix \
    fecomponenttransfer fecomposite fedropshadow feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge \
    femergenode femorphology feoffset fetile feturbulence filter foreignobject g line lineargradient marker mask metadata path \
    pattern polygon polyline radialgradient rect set stop svg switch symbol text textpath tspan use view annotation \
    annotation-xml math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub \
    msubsup msup mtable mtd mtext mtr munder munderover none semantics ";

/// Of Office and others: `<o:p>`.
const PREFIXES: [&str; 12] = ["o", "v", "w", "m", "x", "st1", "st2", "dt", "u1", "u2", "xsl", "svg"];

/// Whether a program may have written an element of that name, which is in lower case.
pub(super) fn is_known(name: &str) -> bool {
    let is_in = |names: &str| names.split_ascii_whitespace().any(|one| one == name);
    let has_prefix = |(prefix, _): (&str, &str)| PREFIXES.contains(&prefix);
    is_in(HTML) || is_in(DRAWN) || name.split_once(':').is_some_and(has_prefix)
}

/// Texts in angle brackets that are no tag of a program, as they were typed, one a line.
pub(super) fn typed(html: &str) -> String {
    let mut out = String::new();
    for piece in html.split('<').skip(1) {
        let inner = piece.split('>').next().unwrap_or(piece);
        let bare = inner.strip_prefix('/').unwrap_or(inner);
        let name = bare.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        if bare.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_known(&name.to_ascii_lowercase()) {
            out.push_str(bare);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_in_brackets_is_no_tag() {
        let page = "<p>Stufe: <Vertraulich> und </INTERN><b>x</b><o:p></o:p><svg><textPath/></svg> 1 < 2 <streng geheim>";
        assert_eq!(typed(page), "Vertraulich\nINTERN\nstreng geheim\n");
        assert!(is_known("wbr") && is_known("lineargradient") && !is_known("") && !is_known("geheim:p"));
    }
}
