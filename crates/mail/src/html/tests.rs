//! What people and rules read of honest, broken and hostile pages.

use super::*;
use proptest::prelude::*;

fn shown(html: &str) -> String {
    read(html, Reading::Shown).unwrap()
}

fn marked(html: &str) -> String {
    html_to_text(html)
}

fn everything(html: &str) -> String {
    read(html, Reading::Everything).unwrap()
}

#[test]
fn lines_end_where_a_browser_ends_them() {
    for (html, text) in [
        ("<p>Gruss<br class=\"x\">vertraulich<br clear=all>Anna</p>", "Gruss\nvertraulich\nAnna"),
        ("<p>Gruss<p>vertraulich<p>Anna\n", "Gruss\n\nvertraulich\n\nAnna"),
        ("<div>eins</div><div>zwei</div>", "eins\nzwei"),
        ("<div dir=ltr>Hallo<div><br></div><div>zwei</div><div>drei</div></div>", "Hallo\n\nzwei\ndrei"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("<ul><li>eins</li><li>zwei</li></ul><ol><li>a<li>b</ol>", "eins\nzwei\na\nb"),
        ("<dl><dt>Nr.<dd>7</dl>x", "Nr.\n7\n\nx"),
        ("a<hr>b", "a\nb"),
        ("<h1>Titel</h1>Text", "Titel\n\nText"),
        ("a</p>b", "a\n\nb"),
        ("<span style='display:block'>a</span><span style='display: block'>b</span>", "a\nb"),
        ("<div style='display:inline'>ver</div><div style='display:inline'>traulich</div>", "vertraulich"),
        ("ver<b>trau</b><i>lich</i>", "vertraulich"),
        ("a  \n\t b&nbsp;c", "a b c"),
        ("<b>a </b> <i> b</i>", "a b"),
        ("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb"),
        ("<select><option>a<option>b</select>", "a\nb"),
    ] {
        assert_eq!(shown(html), text, "{html}");
    }
}

#[test]
fn cells_of_a_row_are_apart_and_rows_are_lines() {
    for (html, text) in [
        (
            "<table><tr><td>Nr.</td><td>4711</td></tr><tr><td>Betrag<td>100 EUR</table>",
            "Nr. 4711\nBetrag 100 EUR",
        ),
        ("<table><tr><td>10</td><td>100</td></tr></table>", "10 100"),
        ("<table><tr><td><p class=MsoNormal>Nr.</p></td><td><p>7</p></td></tr></table>", "Nr. 7"),
        ("<table><tr><td></td><td>a</td></tr><tr><td></td><td>b</td></tr></table>", "a\nb"),
        ("vor<table><tr><th>a</th><th>b</th></tr></table>nach", "vor\na b\nnach"),
        ("<table><tr><td><div>a</div><div>b</div><div>c</div></td><td>d</td></tr></table>", "a\nb\nc\nd"),
        ("<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>", "a b c"),
        ("<table><caption>t</caption><tbody><tr><td>a</td></tr></tbody></table>", "t\na"),
    ] {
        assert_eq!(shown(html), text, "{html}");
    }
}

#[test]
fn nothing_swallows_the_letter() {
    for html in [
        "<html><head><title>Brief</title><body><p>Das ist vertraulich.</p></body></html>",
        "<?xml version=\"1.0\"?><html xmlns=\"x\"><head/><body><p>Das ist vertraulich.</p></body></html>",
        "<!--- x ---><p>Das ist vertraulich.</p>",
        "<!--> --><p>Das ist vertraulich.</p>",
        "<!-- a -- b --!><p>Das ist vertraulich.",
        "<head><title/><body>Das ist vertraulich.",
        "<head><style/><body>Das ist vertraulich.",
        "<head><script src=x /><body>Das ist vertraulich.",
        "<head><title>Brief<body><p>Das ist vertraulich.</p>",
        "<head><style>p{}<body><p>Das ist vertraulich.</p>",
        "<iframe><p>Das ist vertraulich.</p>",
        "<noscript>Das ist vertraulich.</noscript>",
        "<![CDATA[x]]>Das ist vertraulich.",
        "<o:p>Das ist vertraulich.</o:p>",
        "<textarea>Das ist vertraulich.</textarea>",
        "<object><p>Das ist vertraulich.</p></object>",
        "Das ist ver\0traulich.",
        "Das ist ver<wbr>traulich.",
        "Das ist ver<!-- x -->traulich.",
        "Das ist &#118;ertraulich.",
        "</p></div></td>Das ist vertraulich.<",
        "<span style='display:none'/>Das ist vertraulich.",
    ] {
        for text in [shown(html), marked(html), everything(html)] {
            assert!(text.contains("Das ist vertraulich."), "{html}: {text}");
        }
    }
    assert!(!shown("<title>Brief</title>x").contains("Brief"));
    assert!(!shown("<style>p{}</style><script>x()</script>y").contains(['{', '(']));
}

#[test]
fn what_is_hidden_stays_hidden_for_people_and_counts_for_rules() {
    for html in [
        "<div style='display:none'>geheim</div>offen",
        "<div style='DISPLAY: NONE !important'><p>geheim</p></div>offen",
        "<span hidden>geheim</span>offen",
        "<span style='visibility:hidden'>geheim</span>offen",
        "<span style='mso-hide:all'>geheim</span>offen",
        "<div style='font-size:0px'>geheim</div>offen",
        "<div style='max-height:0;overflow:hidden'>geheim</div>offen",
        "<div style='opacity:0'>geheim</div>offen",
        "<div style='position:absolute;left:-9999px'>geheim</div>offen",
        "<div style='text-indent:-9999px'>geheim</div>offen",
        "<div style='clip:rect(0,0,0,0);position:absolute;width:1px;height:1px;overflow:hidden'>geheim</div>offen",
        "<span class=pre>geheim</span><style>.pre{display:none !important;font-size:1px}</style>offen",
        "<style>/* x */ body .pre, #y{mso-hide:all;display:none}</style><div class='a PRE'>geheim</div>offen",
        "<style>@media print{.z{color:red}} #pre{max-height:0;overflow:hidden}</style><div id=pre>geheim</div>offen",
        "<!-- geheim -->offen",
        "<!--[if mso]><p>geheim</p><![endif]-->offen",
        "<!-- <!-- geheim -->offen",
        "<title>geheim</title>offen",
        "<template>geheim</template>offen",
        "<noembed>geheim</noembed>offen",
        "<style><p>geheim</p></style>offen",
        "<img alt=geheim>offen",
        "<input value='geheim'>offen",
        "<a href='https://x.example/geheim'>offen</a>",
        "<p title='geheim'>offen</p>",
    ] {
        assert!(!shown(html).contains("geheim"), "{html}");
        assert!(shown(html).contains("offen"), "{html}");
        let texts = candidates(html).unwrap();
        assert!(
            texts.iter().any(|text| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "geheim")),
            "{html}: {texts:?}"
        );
    }
    assert_eq!(shown("ver<span style='display:none'>X</span>traulich"), "vertraulich");
    // What we take from a style sheet may be wrong, or meant for another width.
    for html in [
        "<style>.x{display:none}</style>ver<i style='display:none'>X</i><span class=x>trau</span>lich",
        "ver<i style='display:none'>X</i><span style='position:absolute;left:-999px'>trau</span>lich",
        "<style>@media(max-width:1px){.x{display:none}}</style>ver<span class=x>trau</span>lich",
        "ver<span style='text-indent:-999px'>trau</span>lich",
        "<style>p .x{display:none}</style>ver<span class=x>trau</span>lich",
    ] {
        assert!(candidates(html).unwrap().iter().any(|text| text == "vertraulich"), "{html}");
    }
    assert_eq!(shown("<div style='visibility:hidden'>a<b style='visibility:visible'>b</b></div>"), "b");
    assert!(!shown("<p style='display:none'>geheim<p>offen").contains("geheim"));
    let unhidden = candidates("ver<span style='display:none'>trau</span>lich").unwrap();
    assert!(unhidden.iter().any(|text| text == "vertraulich"), "{unhidden:?}");
    for display in ["inline", "in\\6cine", "\\69nline"] {
        let by_sheet = format!("<style>div{{display:{display}}}</style><div>ver</div><div>traulich</div>");
        let texts = candidates(&by_sheet).unwrap();
        assert!(texts.iter().any(|text| text.contains("vertraulich")), "{by_sheet}");
    }
}

#[test]
fn preformatted_text_stays_as_it_is() {
    assert_eq!(
        shown("<pre>\nPosten      Betrag\n  Glas   100\n</pre>x"),
        "Posten      Betrag\n  Glas   100\n\nx"
    );
    assert_eq!(shown("<div style='white-space:pre-wrap'>a  b\nc</div>"), "a  b\nc");
    assert_eq!(shown("<div style='white-space:pre-line'>a  b\nc</div>"), "a b\nc");
    assert_eq!(shown("<pre>a<span style='white-space:normal'>  b\n c</span></pre>"), "a b c");
    assert_eq!(shown("<xmp><b>a</b></xmp>"), "<b>a</b>");
}

#[test]
fn people_see_marks_quotes_links_and_words_for_pictures() {
    for (html, text) in [
        ("<ul><li>eins<li>zwei</ul><ol start=3><li>a<li>b</ol>", "- eins\n- zwei\n3. a\n4. b"),
        ("<ul><li>a<ul><li>b</ul></ul>", "- a\n  - b"),
        ("<ul><li></ul>x", "x"),
        (
            "<p>Bitte <a href=\"https://insurer.example/formular\">hier klicken</a></p>",
            "Bitte hier klicken <https://insurer.example/formular>",
        ),
        ("<a href='https://x.example/'>x.example</a>", "x.example"),
        ("<a href='mailto:a@x.example'>a@x.example</a>", "a@x.example"),
        ("<a href='mailto:a@x.example'>Anna</a>", "Anna <a@x.example>"),
        (
            "<a href='https://bank.example.evil.example/'>bank.example</a>",
            "bank.example <https://bank.example.evil.example/>",
        ),
        ("<a href='javascript:x'>a</a> <a href='#b'>b</a>", "a b"),
        ("<img src=x alt='Unterschrift'> x", "[Unterschrift] x"),
        ("a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n>\n> b\n> c\n>>\n>> d\n\ne"),
    ] {
        assert_eq!(marked(html), text, "{html}");
    }
}

#[test]
fn hostile_pages_cost_no_more_than_they_are_long() {
    let many = 40_000;
    for html in [
        "<div>".repeat(many),
        "<b>".repeat(many),
        "<table><tr><td>".repeat(many / 4),
        "</p>".repeat(many),
        "<ul><li>".repeat(many / 2),
        "<blockquote>".repeat(many / 2) + &"<br>x".repeat(many / 2),
        "<!--".repeat(many),
        "<title>".repeat(many),
        "<a href=https://x.example>".repeat(many / 2),
        format!("<p {}>x", "a ".repeat(10)),
        format!("<a {}", "b='<a x=".repeat(30)),
    ] {
        assert!(candidates(&html).is_some(), "{}", html.get(..30).unwrap());
    }
    let attributes: String = (0..5000).map(|n| format!("a{n} ")).collect();
    for html in [format!("<p {attributes}>x"), format!("<{}>", "p".repeat(5000)), "<b ".repeat(many)] {
        assert_eq!(candidates(&html), None, "{}", html.get(..30).unwrap());
        assert!(!html_to_text(&html).is_empty());
    }
}

#[test]
fn deep_pages_keep_their_words() {
    let deep = format!("{}geheim{}offen", "<div>".repeat(1000), "</div>".repeat(1000));
    assert_eq!(shown(&deep), "geheim\noffen");
    let styled = format!("{}<style>p{{}}</style>offen", "<div>".repeat(1000));
    assert_eq!(shown(&styled), "offen");
}

proptest! {
    #[test]
    fn arbitrary_pages_never_panic(html in "(<(/?)(p|div|td|tr|table|li|ul|a|b|pre|title|style|br|span|!--)( style='display:(none|block)')?( href=x)?/?>|-->|a| |\n|&amp;|<|>){0,60}") {
        let _ = (candidates(&html), html_to_text(&html));
    }

    #[test]
    fn words_are_never_lost(words in proptest::collection::vec("[a-z]{1,8}", 1..20), tags in proptest::collection::vec("<(/?)(p|div|td|tr|table|li|ul|a|b|pre|span|h1|blockquote)>", 20)) {
        let html: String = words.iter().zip(&tags).map(|(word, tag)| format!("{word}{tag}")).collect();
        let text: String = shown(&html).split_whitespace().collect();
        prop_assert_eq!(text, words.concat());
    }
}
