//! The target of a link can be read, whatever its letter does to hide it: in a real browser on phone and desktop, and
//! in the PDF.

use std::fmt::Write as _;

use rig::{Browser, Config, Gateway, Hop, Screen, letters, process};
use serde_json::Value;

use crate::vectors::html_letter;

const MAX: &str = "max.kunde@web.example";
/// Where the links of trick number `§` lead.
const HREF: &str = "https://t§-evil.example/a";
/// The same as a whole link.
const LINK: &str = "<a href='https://t§-evil.example/a'>www.bank.example</a>";
/// What must be read of it.
const SHOWN: &str = "t§-evil.example";

/// For every link: its target is shown next to it, visible, uncovered, in our own style. Returns what is shown and what
/// is wrong.
const MEASURE: &str = r#"
    const faults = [], shown = [];
    for (const link of document.querySelectorAll('.letter a')) {
        const beside = [link.nextElementSibling, link.previousElementSibling].find((e) => e?.className === 'target');
        const target = link.className === 'said' ? link : beside;
        const fault = (what) => faults.push(what + ': ' + link.outerHTML.slice(0, 120));
        if (!target) { fault('no target'); continue; }
        if (target !== link && link.contains(target)) fault('inside the link');
        shown.push(target.textContent);
        target.scrollIntoView({ block: 'center', inline: 'nearest' });
        const box = target.getBoundingClientRect();
        if (box.width < 40 || box.height < 16) fault(`only ${box.width} by ${box.height}`);
        if (box.left < -1 || box.right > innerWidth + 1) fault(`from ${box.left} to ${box.right} of ${innerWidth}`);
        const range = document.createRange();
        range.selectNodeContents(target);
        for (const rect of range.getClientRects())
            for (const x of [.02, .25, .5, .75, .98]) for (const y of [.2, .5, .8]) {
                const hit = document.elementFromPoint(rect.left + rect.width * x, rect.top + rect.height * y);
                if (hit !== target) fault(`covered by ${hit?.outerHTML.slice(0, 60)}`);
            }
        const near = [...link.getClientRects()].some((one) =>
            Math.max(one.left - box.right, box.left - one.right, 0) < 80 && Math.max(one.top - box.bottom, box.top - one.bottom, 0) < 60);
        if (!near) fault('far away');
        // No word of a short link is far above or below, so that another link's target would be nearer.
        const words = document.createTreeWalker(link, NodeFilter.SHOW_TEXT);
        for (let first = true; words.nextNode() && link.textContent.length < 120 && first;) {
            if (!words.currentNode.data.trim()) continue;
            first = false;
            range.selectNodeContents(words.currentNode);
            const one = range.getBoundingClientRect();
            const away = Math.max(one.top - box.bottom, box.top - one.bottom, 0);
            if (away > 120) fault(`its first words are ${away} away`);
        }
        const style = getComputedStyle(target);
        const wanted = { fontSize: '13px', letterSpacing: 'normal', textIndent: '0px', direction: 'ltr', visibility: 'visible',
            textTransform: 'none', writingMode: 'horizontal-tb', backgroundColor: 'rgb(243, 246, 248)', opacity: '1' };
        for (const [name, value] of Object.entries(wanted)) if (style[name] !== value) fault(`${name} ${style[name]}`);
        if (!['rgb(58, 70, 81)', 'rgb(11, 79, 138)'].includes(style.color)) fault(style.color);
        for (let one = target; one; one = one.parentElement) {
            const { opacity, transform, filter, clipPath, visibility } = getComputedStyle(one);
            if (opacity !== '1' || transform !== 'none' || filter !== 'none' || clipPath !== 'none' || visibility !== 'visible')
                fault(`within ${one.outerHTML.slice(0, 60)}`);
        }
    }
    return [shown, faults];"#;

/// Tricks with one link each; a `§` is the trick's number. Those of the second list hide link and all where that is
/// honoured, so that there is nothing to be said of it.
fn tricks() -> (Vec<(String, String)>, Vec<String>) {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |html: &str| all.push((html.to_owned(), SHOWN.to_owned()));
    // On the link itself.
    for style in [
        "font-size:0",
        "text-indent:-9999px",
        "letter-spacing:-2em",
        "color:#fff;background-color:#fff",
        "line-height:0",
        "margin-right:-500px",
        "padding-right:3000px",
        "border-right:3000px solid #fff",
        "font:0/0 a",
        "position:absolute;z-index:2147483647",
        "vertical-align:-500px",
        "direction:rtl;unicode-bidi:bidi-override",
        "writing-mode:vertical-rl",
        "transform:scale(0)",
        "clip-path:inset(50%)",
        "text-decoration:none;color:transparent",
        "font-size:96px;letter-spacing:16px",
        "margin:0 100px;padding:0 100px",
    ] {
        add(&format!("<p>Ihr <a href='{HREF}' style='{style}'>www.bank.example</a> Konto</p>"));
    }
    // Around it.
    for style in [
        "font-size:0",
        "font-size:1px;line-height:1px",
        "height:0;overflow:hidden",
        "max-height:0",
        "color:#fff",
        "width:1px",
        "width:1px;overflow:hidden",
        "text-indent:-9999px",
        "letter-spacing:-1em",
        "direction:rtl;width:1px",
        "opacity:0",
        "margin-left:-5000px",
        "margin-left:5000px",
        "padding-left:90%",
        "position:fixed;left:-9999px",
        "clip:rect(0,0,0,0);position:absolute",
        "filter:opacity(0)",
        "zoom:0.01",
        "text-transform:uppercase;font-variant:small-caps",
        "white-space:nowrap;width:240px",
        "text-decoration:line-through",
        "float:left;width:0",
        "content-visibility:hidden",
        "columns:99;column-width:1px",
        "max-width:1%",
    ] {
        add(&format!("<div style='{style}'>{LINK}</div>"));
    }
    // Over it, and next to it.
    let gap = "&nbsp;\u{200b}\u{3164}".repeat(400);
    for html in [
        format!("{LINK}<div style='margin-top:-40px;background:#fff;height:80px'>bank.example</div>"),
        format!(
            "<div style='height:1px;line-height:0'>{LINK}</div><div style='background:#fff'><span style='background:#fff'>bank.example bank.example bank.example</span></div>"
        ),
        format!("{LINK}<span style='margin-left:-400px;background:#fff;padding:0 300px'>bank.example</span>"),
        format!(
            "{LINK}<table align=left bgcolor=#ffffff style='margin-top:-90px' width=600 height=90><tr><td>bank.example</table>"
        ),
        format!(
            "<div style='height:1px'>{LINK}</div><table width='100%' bgcolor=#ffffff height=60><tr><td>bank.example</table>"
        ),
        format!("<table width=1><tr><td width=1 nowrap>{LINK}</table>"),
        format!("<table><tr><td nowrap><a href='{HREF}'>bank{gap}.example</a></table>"),
        format!("<a href='{HREF}'>{gap}www.bank.example{gap}</a>"),
        format!("<a href='{HREF}'>{}</a>", "www.bank.example ".repeat(200)),
        format!("<a href='{HREF}'><table height=1900><tr><td>www.bank.example</table></a>"),
        format!("<a href='{HREF}'>www.bank.example{}</a>", "<br>".repeat(200)),
        format!(
            "<table><tr><td>a<td rowspan=2 valign=bottom>b<br>{LINK}<tr><td colspan=2 align=right><span style='font-size:0'>x</span>bank.example bank.example bank.example</table>"
        ),
        format!("{}{LINK}{}", "<div style='padding:0 100px'>".repeat(20), "</div>".repeat(20)),
        format!("{}{LINK}{}", "<ul><li>".repeat(40), "</ul>".repeat(40)),
        format!("<div dir=rtl>{}{LINK}{}</div>", "<ul><li>".repeat(40), "</ul>".repeat(40)),
        format!("<div dir=rtl style='width:240px'><div style='padding-right:100px'>{LINK}</div></div>"),
        format!("<bdo dir=rtl>{LINK}</bdo>"),
        format!("{}{LINK}{}", "<sub>".repeat(60), "</sub>".repeat(60)),
        format!("{}{LINK}{}", "<big>".repeat(12), "</big>".repeat(12)),
        format!("<a href='{HREF}'>{}www.bank.example{}</a>", "<sup>".repeat(30), "</sup>".repeat(30)),
        format!(
            "{0}<a href='{HREF}'>bank</a>{1} <a href='{HREF}'>{0}www.bank.example{1}</a>",
            "<sup style='font-size:96px'>".repeat(30),
            "</sup>".repeat(30)
        ),
        format!(
            "<a href='{HREF}'><span style='vertical-align:top'>Anmelden<span style='font-size:6em'>&nbsp;<b>&nbsp;</b><b>&nbsp;</b><b>&nbsp;</b></span></span></a>"
        ),
        format!(
            "<a href='{HREF}'>Anmelden{}.{}</a>",
            "<span style='font-size:6em'>".repeat(4),
            "</span>".repeat(4)
        ),
        format!("{}{LINK}{}", "<div style='font-size:400%'>".repeat(5), "</div>".repeat(5)),
        format!("<h1><div>{}{LINK}{}</div></h1>", "<h1><div>".repeat(9), "</div></h1>".repeat(9)),
        format!(
            "<a href='{HREF}' style='display:inline-block'>Anmelden<div style='min-height:1900px'></div>.</a>"
        ),
        format!(
            "<a href='{HREF}'>Anmelden<span style='display:inline-block'>a<span style='display:block;min-height:1900px'></span>.</span></a>"
        ),
        format!("<font size='-7' color=white>{LINK}</font>"),
        format!("<pre>{}{LINK}</pre>", " ".repeat(300)),
        format!(
            "<style>.target{{display:none!important}}span{{font-size:0}}</style><link rel=stylesheet href=//x.example/y>{LINK}"
        ),
        format!(
            "<span class=target id=target>bank.example</span>{LINK}<span class=target>bank.example</span>"
        ),
        format!("<a href='{HREF}' class=said title='www.bank.example' target=_top>www.bank.example</a>"),
        format!("<a href='{HREF}'>x <a href='https://bank.example'>www.bank.example</a></a>")
            .replace("https://bank.example", HREF),
        format!("<p style='color:#fff'><b style='font-size:0'><i>{LINK}"),
        format!(
            "<a href='{HREF}'>{}www.bank.example{}</a>",
            "<b style='padding:0 90px'>".repeat(9),
            "</b>".repeat(9)
        ),
        format!("<table align=right><tr><td><div align=right>{LINK}</div></table>"),
        format!("<table width='100%'><tr><td width='99%'>{}<td>{LINK}</table>", "Text ".repeat(99)),
        format!("<a href='{HREF}'>t§-evil.example www.bank.example</a>"),
        format!("<a href='{HREF}' style='font-size:0'>t§-evil.example</a>"),
        format!("<a href='{HREF}'><span style='font-size:0'>t§-evil.example</span>www.bank.example</a>"),
    ] {
        add(&html);
    }
    // From a style sheet of its own.
    for (css, html) in [
        (".x{font-size:0}", format!("<div class=x>{LINK}</div>")),
        (".x{width:1px;overflow:hidden}", format!("<div class=x>{LINK}</div>")),
        (".x *{opacity:0!important}", format!("<div class=x>{LINK}</div>")),
        ("a{font-size:0;color:#fff;letter-spacing:-9px}", LINK.to_owned()),
        (
            ".target,.target *{display:none!important;opacity:0;font-size:0}span{display:none}",
            LINK.to_owned(),
        ),
        ("body{opacity:0;font-size:0;direction:rtl;text-indent:-999px}", LINK.to_owned()),
        ("*{position:fixed;left:-9999px;transform:scale(0)}", LINK.to_owned()),
        ("p{display:flex}p>a{order:9;margin-right:90px}", format!("<p>bank.example {LINK} bank.example</p>")),
        ("p{display:flex;justify-content:space-between;width:100%}", format!("<p>{LINK}</p>")),
        ("p{display:grid;grid-template-columns:1px 1fr;grid-auto-flow:column}", format!("<p>{LINK} x</p>")),
        ("p{display:inline-grid}", format!("<p>{LINK}</p>")),
        ("a{display:block;height:300px;min-height:300px}", LINK.to_owned()),
        ("a{display:inline-block;width:1px;padding:0 40px}", LINK.to_owned()),
        ("td{display:block;width:1px}", format!("<table><tr><td width=1>{LINK}<td>bank.example</table>")),
        ("table{display:block;width:1px}", format!("<table width=1><tr><td>{LINK}</table>")),
        ("b{display:block;min-width:5000px;width:max-content}", format!("<b>{LINK}</b>")),
        ("ul{list-style:inside \"bank.example bank.example bank.example\"}", format!("<ul><li>{LINK}</ul>")),
        ("a{text-transform:uppercase;word-spacing:16px;text-emphasis:\"x\" red}", LINK.to_owned()),
        ("a{outline:900px solid #fff;border:30px solid #fff}", LINK.to_owned()),
        ("div{width:calc(100% - 999px);margin:calc(1px - 99px)}", format!("<div>{LINK}</div>")),
        ("div{width:clamp(0px,1px,100%)}", format!("<div>{LINK}</div>")),
        ("p{column-count:9;float:left;writing-mode:vertical-rl}", format!("<p>{LINK}</p>")),
        (
            "@media all{a::after{content:' bank.example'}a{visibility:visible;content-visibility:hidden}}",
            LINK.to_owned(),
        ),
        (".x{opacity:0;max-height:0;overflow:hidden}", format!("<div class=x>{LINK}</div>")),
    ] {
        add(&format!("<style>{css}</style>{html}"));
    }
    // In the address.
    for (href, shown) in [
        ("https://www.bank.example@t§-evil.example/", SHOWN),
        ("https://www.bank.example%2flogin@t§-evil.example/", SHOWN),
        ("https:\\\\t§-evil.example\\www.bank.example", SHOWN),
        ("ht\ttps://t§-ev\nil.example/", SHOWN),
        ("https://t§-%65vil.example/", SHOWN),
        ("https://T§-EVIL\u{3002}example/", SHOWN),
        ("https://b\u{430}nk-t§.example/", "xn--bnk-t§-"),
        ("mailto:?to=t§@evil.example", "t§@evil.example"),
        (
            "mailto:service@bank.example?bcc=t§@evil.example",
            "service@bank.example \u{b7} bcc t§@evil.example",
        ),
        (
            "mailto:service@bank.example?CC=a@b.example&subject=x&to=t§@evil.example",
            "service@bank.example, t§@evil.example \u{b7} cc a@b.example",
        ),
    ] {
        all.push((format!("<p><a href='{href}'>www.bank.example</a></p>"), shown.to_owned()));
    }
    let long = format!("https://{}t§-evil.example/", "www.bank.example.".repeat(9));
    all.push((format!("<p><a href='{long}'>www.bank.example</a></p>"), format!("{SHOWN} (\u{2026}")));
    let gone = ["display:none", "visibility:hidden", "mso-hide:all;display:none"];
    let mut gone = gone.map(|style| format!("<div style='{style}'>{LINK}</div>")).to_vec();
    gone.push(format!("<style>.x{{display:none}}</style><p>x</p><div class=x>{LINK}</div>"));
    (all, gone)
}

fn numbered(text: &str, number: usize) -> String {
    text.replace('§', &number.to_string())
}

/// The letters, opened in a browser by subject.
pub(crate) fn opened(letters: &[Vec<u8>]) -> (Hop, Gateway, Browser, Vec<String>) {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let browser = Browser::start();
    let mut session = gateway.smtp();
    for letter in letters {
        session.letter("erika.muster@insurer.example", &[MAX], letter).expect("250 *");
    }
    browser.activate(&letters::link(&hop.wait_to(MAX).bytes));
    let mut found = vec![String::new(); letters.len()];
    for page in 1..=letters.len().div_ceil(25) {
        browser.open(&format!("http://{}/inbox?page={page}", gateway.config.web));
        let listed = browser.execute(
            "return [...document.querySelectorAll('ul.letters a')].map(a => [a.querySelector('.what').textContent, a.href.split('?')[0]])",
        );
        for one in listed.as_array().unwrap() {
            let number: usize = one[0].as_str().unwrap().trim().parse().unwrap();
            found[number] = one[1].as_str().unwrap().to_owned();
        }
    }
    (hop, gateway, browser, found)
}

pub(crate) fn letter(number: usize, html: &str) -> Vec<u8> {
    html_letter(&format!("[vertraulich] {number}"), html.as_bytes(), "text/html; charset=utf-8")
}

#[test]
fn a_letter_cannot_hide_where_its_links_lead() {
    let (tricks, gone) = tricks();
    assert!(tricks.len() >= 80, "{}", tricks.len());
    let mut all: Vec<Vec<u8>> = Vec::new();
    for (number, (html, _)) in tricks.iter().enumerate() {
        all.push(letter(number, &numbered(html, number)));
    }
    for html in &gone {
        all.push(letter(all.len(), &numbered(html, all.len())));
    }
    let (_hop, gateway, browser, paths) = opened(&all);
    let mut faults = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        for screen in [Screen::PHONE, Screen::DESKTOP] {
            browser.look_on(screen);
            browser.open(&format!("{path}/html"));
            let found = browser.execute(MEASURE);
            let shown: Vec<&str> = found[0].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let (html, wanted) =
                tricks.get(number).map_or(("hidden", None), |(h, s)| (h, Some(numbered(s, number))));
            // A letter's hidden text is not displayed: it cannot be clicked.
            let is_gone = shown.is_empty() && browser.count(".letter a[href]") == 0;
            if let Some(wanted) = wanted
                && !is_gone
                && (shown.is_empty() || !shown.iter().all(|shown| shown.starts_with(&wanted)))
            {
                faults.push(format!("{number} {html:.200}: shows {shown:?}, not {wanted}"));
            }
            for fault in found[1].as_array().unwrap() {
                faults.push(format!("{number} on {}: {html:.200}: {fault}", screen.width));
            }
            let places = browser.text_of("body");
            if !shown.is_empty()
                && !shown[0].contains('@')
                && !places.contains("Die Links dieser Nachricht führen zu:")
            {
                faults.push(format!("{number}: the places are not listed"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    gateway.sweep();
}

#[test]
fn what_says_it_to_the_letter_is_said_once() {
    let html = "<p><a href='https://www.insurer.example/a?b=1'>https://www.insurer.example/a?b=1</a>, \
                <a href='mailto:a@insurer.example'>a@insurer.example</a>, <a href='tel:+4930123'>+49 30 123</a></p>";
    let (_hop, _gateway, browser, paths) = opened(&[letter(0, html)]);
    browser.open(&format!("{}/html", paths[0]));
    assert_eq!((browser.count(".letter a.said"), browser.count(".target")), (3, 0));
    assert_eq!(browser.execute(MEASURE)[1], serde_json::json!([]));
}

#[test]
fn a_pdf_says_where_links_lead() {
    let (tricks, _gone) = tricks();
    let mut html = String::new();
    for (number, (trick, _)) in tricks.iter().enumerate() {
        // Unclosed elements must not reach the next one.
        let _ = write!(
            html,
            "<p>Nummer {number}</p><table><tr><td>{}</td></tr></table>",
            numbered(trick, number)
        );
    }
    let (_hop, gateway, browser, paths) = opened(&[letter(0, &html)]);
    let cookies = browser.execute("return document.cookie");
    assert_eq!(cookies, "", "the session's cookie is not for scripts");
    browser.execute(&format!("location.href = '{}/pdf'", paths[0]));
    let (_, pdf) = browser.download();
    let file = gateway.home.write("links.pdf", &pdf);
    let (code, text, err) =
        process::run(std::process::Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(&file).arg("-"));
    assert_eq!(code, 0, "{err}");
    let words: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    // What the letter hides as a whole is not there, and leads nowhere.
    let (code, links, err) = process::run(std::process::Command::new("pdfinfo").arg("-url").arg(&file));
    assert_eq!(code, 0, "{err}");
    let missing: Vec<String> = tricks
        .iter()
        .enumerate()
        .map(|(number, (html, shown))| (html, numbered(shown, number).replace(' ', "")))
        // Where the text says it to the letter, it is not said again.
        .filter(|(html, shown)| {
            let alone = html.contains(&format!(">{SHOWN}</a>"));
            let host = shown.split('/').next().unwrap_or_default();
            !words.contains(&format!("{}{shown}", if alone { "" } else { "‹" })) && links.contains(host)
        })
        .map(|(html, shown)| format!("{shown} of {html:.200}"))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} missing:\n{}\n{text}",
        missing.len(),
        tricks.len(),
        missing.join("\n")
    );
}
