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
        "<div style='font-size:0px'>geheim</div>offen",
        "<div style='max-height:0;overflow:hidden'>geheim</div>offen",
        "<div style='opacity:0'>geheim</div>offen",
        "<div style='position:absolute;left:-9999px'>geheim</div>offen",
        "<div style='text-indent:-9999px'>geheim</div>offen",
        "<div style='clip:rect(0,0,0,0);position:absolute;width:1px;height:1px;overflow:hidden'>geheim</div>offen",
        "<span class=pre>geheim</span><style>.pre{display:none !important;font-size:1px}</style>offen",
        "<style>/* x */ body .pre, #y{display:none;mso-hide:all}</style><div class='a PRE'>geheim</div>offen",
        "<style>@media print{.z{color:red}} #pre{max-height:0;overflow:hidden}</style><div id=pre>geheim</div>offen",
        "<style>@media screen{.z{display:none!important}}</style><div class=z>geheim</div>offen",
        "<style>@media only screen and (min-width:480px) { .z { display:none !important } }</style><div class=z style='display:block'>geheim</div>offen",
        "<style>.z{font-size:1px;color:#fff}</style><div class=z>geheim</div>offen",
        "<span style='font-size:1px;line-height:1px;color:#ffffff'>geheim</span>offen",
        "<div style='font-size:0'><span><b style='color:red'>geheim</b></span></div>offen",
        "<div style='font-size:0'><b style='font-size:2em'>geheim</b></div>offen",
        "<div style='opacity:0'><b style='opacity:1;font-size:20px'>geheim</b></div>offen",
        "<div style='height:0;overflow:hidden'><p style='font-size:20px'>geheim</p></div>offen",
        "<div style='max-height:1px;overflow:hidden'>geheim</div>offen",
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
        let texts = candidates(html).unwrap().texts;
        assert!(
            texts.iter().any(|text| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "geheim")),
            "{html}: {texts:?}"
        );
    }
    assert_eq!(shown("ver<span style='display:none'>X</span>traulich"), "vertraulich");
    // Our reading of a style sheet may be wrong, or for another width.
    for html in [
        "<style>.x{display:none}</style>ver<i style='display:none'>X</i><span class=x>trau</span>lich",
        "ver<i style='display:none'>X</i><span style='position:absolute;left:-999px'>trau</span>lich",
        "<style>@media(max-width:1px){.x{display:none}}</style>ver<span class=x>trau</span>lich",
        "ver<span style='text-indent:-999px'>trau</span>lich",
        "<style>p .x{display:none}</style>ver<span class=x>trau</span>lich",
    ] {
        assert!(candidates(html).unwrap().texts.iter().any(|text| text == "vertraulich"), "{html}");
    }
    assert_eq!(shown("<div style='visibility:hidden'>a<b style='visibility:visible'>b</b></div>"), "b");
    assert!(!shown("<p style='display:none'>geheim<p>offen").contains("geheim"));
    let unhidden = candidates("ver<span style='display:none'>trau</span>lich").unwrap().texts;
    assert!(unhidden.iter().any(|text| text == "vertraulich"), "{unhidden:?}");
    for display in ["inline", "in\\6cine", "\\69nline"] {
        let by_sheet = format!("<style>div{{display:{display}}}</style><div>ver</div><div>traulich</div>");
        let texts = candidates(&by_sheet).unwrap().texts;
        assert!(texts.iter().any(|text| text.contains("vertraulich")), "{by_sheet}");
    }
}

#[test]
fn only_what_nobody_can_see_is_hidden() {
    for html in [
        "<div style='font-size:0'><div style='font-size:14px'>offen</div></div>",
        "<td style='font-size:0px;line-height:0;word-break:break-word'><div style='font-family:Arial;font-size:13px;line-height:1'>offen</div></td>",
        "<div style='font-size:0'><font size=2>offen</font></div>",
        "<div style='font-size:0'><p style='font:bold 12px/1.5 Arial'>offen</p></div>",
        "<div style='font-size:0'><p style='font-size:medium'>offen</p></div>",
        "<div style='font-size:0;font-size:12px'>offen</div>",
        "<style>.w{font-size:0} .w td{font-size:14px}</style><table class=w><tr><td>offen</td></tr></table>",
        "<style>.w{font-size:0}.c{font-size:14px}</style><div class=w><div class=c>offen</div></div>",
        "<div style='line-height:0'>offen</div>",
        "<div style='mso-hide:all'>offen</div>",
        "<a style='mso-hide:all' href='https://x.example'>offen</a>",
        "<style>.m{mso-hide:all}</style><p class=m>offen</p>",
        "<div style='visibility:hidden'><p style='visibility:visible'>offen</p></div>",
        "<style>.v{visibility:hidden}.w{visibility:visible}</style><div class=v><p class=w>offen</p></div>",
        "<div style='opacity:.5'>offen</div>",
        "<div style='opacity:1'>offen</div>",
        "<span style='height:0;overflow:hidden'>offen</span>",
        "<table style='height:0;overflow:hidden'><tr style='height:0'><td style='max-height:0;overflow:hidden'>offen</td></tr></table>",
        "<div style='max-height:0'>offen</div>",
        "<div style='height:0'>offen</div>",
        "<style>@media only screen and (max-width:480px){.d{display:none!important}}</style><p class=d>offen</p>",
        "<style>@media print{.d{display:none}}</style><p class=d>offen</p>",
        "<style media=print>.d{display:none}</style><p class=d>offen</p>",
        "<style>.d{display:none}</style><p class=d style='display:block!important'>offen</p>",
        "<style>.d{display:none} #e{display:block}</style><p class=d id=e>offen</p>",
        "<style>.d{display:none!important}.d{display:none}</style><p>offen</p>",
        "<p hidden style='display:block'>offen</p>",
        "<div style='color:transparent'>offen</div>",
        "<div style='color:#fff'>offen</div>",
        "<div style='text-indent:-20px'>offen</div>",
    ] {
        assert!(shown(html).contains("offen"), "{html}: {}", shown(html));
        assert!(marked(html).contains("offen"), "{html}: {}", marked(html));
    }
    // A page that hid everything would be empty.
    assert_eq!(marked("<style>.d{display:none}</style><p class=d>offen</p>"), "offen");
    // Word hides what others show, and the rules read both.
    let texts = candidates("ver<span style='mso-hide:all'>X</span>traulich").unwrap().texts;
    assert!(texts.iter().any(|text| text == "vertraulich"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "verXtraulich"), "{texts:?}");
}

#[test]
fn pictures_in_writing_of_no_size_are_seen() {
    let page = "<td style='font-size:0'><a href='https://x.example/y'><img src='cid:a' alt='Logo'></a></td>";
    assert_eq!(marked(page), "[Logo] <https://x.example/y>");
    assert_eq!(seen(page).unwrap().1.len(), 1);
    assert!(seen("<div style='visibility:hidden'><img src='cid:a'></div>").unwrap().1.is_empty());
    assert!(seen("<div style='display:none'><img src='cid:a'></div>").unwrap().1.is_empty());
}

#[test]
fn columns_and_fields_stand_apart() {
    for (html, text) in [
        (
            "<div style='display:inline-block;width:50%'>links</div><div style='display:inline-block'>rechts</div>",
            "links\nrechts",
        ),
        (
            "<table><tr><td style='display:inline-block'>links</td><td style='display:inline-block'>rechts</td></tr></table>",
            "links\nrechts",
        ),
        ("<span style='display:inline-block'>Nr.</span><span style='display:inline-block'>7</span>", "Nr. 7"),
        ("<div style='display:flex'><div>a</div><span>b</span></div>", "a\nb"),
        ("<span>Nr.</span><span style='padding-left:12px'>7</span>", "Nr. 7"),
        ("Grü<span style='padding:1px'>ße</span>", "Grüße"),
        ("<select><option>a<option selected>b</select>c", "a\nb\nc"),
        ("Name<input value='Max'>!", "Name Max !"),
        (
            "<input type=checkbox checked>Glas <input type=radio>Sturm<input type=hidden value=x>",
            "[x] Glas ( ) Sturm",
        ),
        ("<button>Ja</button><button>Nein</button>", "Ja Nein"),
        ("Text<textarea>a &amp; b\nc</textarea>d", "Text\na & b\nc\nd"),
        ("<details><summary>Mehr</summary>Inhalt</details>nach", "Mehr\nInhalt\nnach"),
        ("<fieldset><legend>Daten</legend>Inhalt</fieldset>", "Daten\nInhalt"),
        ("a<noscript>b <b>c</b></noscript>", "ab c"),
        ("<object data=x><p>Ersatz</p></object>", "Ersatz"),
        ("<iframe srcdoc='<p>innen</p>'></iframe>x", "x"),
        (
            "<map name=m><area href='https://a.example/x' alt='Kontakt'><area href='www.b.example'><area href='#x'></map>",
            "Kontakt <https://a.example/x>\nhttps://www.b.example/",
        ),
    ] {
        assert_eq!(marked(html), text, "{html}");
    }
}

#[test]
fn what_only_fills_a_line_is_no_text() {
    let filler = "&zwnj;&nbsp;&#847;&#8199;&shy;&nbsp;".repeat(40);
    assert_eq!(marked(&format!("<p>Vorschau {filler}</p><p>Guten Tag</p>")), "Vorschau\n\nGuten Tag");
    assert_eq!(marked(&format!("Vorschau{filler}Guten Tag")), "Vorschau Guten Tag");
    for text in ["می\u{200c}خواهم", "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}", "Donau\u{ad}dampf\u{ad}schiff"]
    {
        assert_eq!(marked(text), text);
    }
}

#[test]
fn links_without_a_scheme_say_where_they_lead() {
    for (html, text) in [
        ("<a href='www.x.example/y'>hier</a>", "hier <https://www.x.example/y>"),
        ("<a href='//x.example/y'>hier</a>", "hier <https://x.example/y>"),
        ("<a href='www.x.example'>www.x.example</a>", "www.x.example"),
        ("<a href='mailto:a@x.example?subject=Schaden%204711'>Anna</a>", "Anna <a@x.example>"),
        ("<a href='mailto:a@x.example?subject=Schaden'>a@x.example</a>", "a@x.example"),
        ("<a href='mailto:?subject=x'>Anna</a>", "Anna"),
        (
            "<a href='tel:+49301234'>+49 30 1234</a> <a href='tel:+49301234'>Anruf</a>",
            "+49 30 1234 Anruf <+49301234>",
        ),
        ("<a href='#x'>unten</a><p id=x>da</p>", "unten\n\nda"),
        ("<a href='seite.html'>hier</a>", "hier"),
    ] {
        assert_eq!(marked(html), text, "{html}");
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
        assert!(candidates(&html).is_none(), "{}", html.get(..30).unwrap());
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
