//! How letters look: as their authors meant them, and always legible.

use rig::{Browser, Gateway, Hop, Screen};
use serde_json::{Value, json};

use crate::{axe, targets};

/// Letters whose colours become unreadable if half of them are dropped.
const PALE: &[&str] = &[
    "<table><tr><td style='background:#003366;color:#ffffff'>a</td></tr></table>",
    "<p style='color:white;background:navy'>a</p>",
    "<body bgcolor='#000000' text='#ffffff'><p><font color='#ffffff'>a</font></p>",
    "<body style='background:#222;color:#eee'><p>a <a href='https://x.example'>b</a></p>",
    "<style>body{background-color:#1a1a2e;color:#fff} .x{color:#ffd}</style><p class=x>a</p>",
    "<style>.head td{background:#0b5c74 url(//x.example/y.png) no-repeat}.head *{color:#fff}</style><table class=head><tr><td><b>a</b></table>",
    "<td style='background-image:url(//x.example/dark.png);color:#fff'>a</td>",
    "<div style='background:linear-gradient(90deg,#123,#456);color:#fff'>a</div>",
    "<div style='background-image:linear-gradient(90deg,#eee,#fff);color:#fff'>a</div>",
    "<table background='https://x.example/dark.jpg'><tr><td><font color=white>a</font></table>",
    "<table bgcolor=003366><tr><td>a<p><a href='https://x.example'>b</a></table>",
    "<p style='color:#fff'>a<span style='background:#fff'>b</span></p>",
    "<p style='color:rgba(255,255,255,.9)'>a</p>",
    "<p style='color:transparent'>a</p>",
    "<p style='color:hsl(0,0%,97%)'>a</p>",
    "<p style='color:var(--x);background:var(--y)'>a</p>",
    "<p style='color:windowtext;background:black'>a</p>",
    "<p bgcolor=black style='color:#fff'>a</p>",
    "<font color='#eeeeee'>a</font> <font color=lightyellow>b</font>",
    "<a href='https://x.example' style='color:#fff;background-color:#f60;padding:12px'>a</a>",
    "<a href='https://x.example' style='color:#fff'><span style='background:#0a0'>a</span></a>",
    "<div style='background-color:#0b5c74'><a href='https://x.example' style='color:inherit'>a</a> b</div>",
    "<mark style='color:#ff0'>a</mark>",
    "<div style='background:rgba(0,0,0,.5)'><p style='background:rgba(0,0,0,.5)'>a</p></div>",
    "<table style='color:#fff' bgcolor=navy><tr><td bgcolor=white>a<td>b</table>",
    "<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p style='color:#111'>a</p>",
    "<span style='color:#999'>a</span> <small style='color:#bbb'>b</small>",
];

/// Words that cannot be distinguished from their background. The engine asks for a human check if both have
/// the same colour.
const PALEST: &str = r#"
    const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
    const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
        b: top.b * top.a + under.b * (1 - top.a), a: 1 });
    const channel = (c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const light = ({ r, g, b }) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
    const behind = (element) => element
        ? over(parse(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : { r: 255, g: 255, b: 255, a: 1 };
    const found = [];
    const walker = document.createTreeWalker(document.querySelector('.letter'), NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        if (!node.textContent.trim()) continue;
        const ground = behind(node.parentElement), words = over(parse(getComputedStyle(node.parentElement).color), ground);
        const [a, b] = [light(words), light(ground)].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) found.push(`${node.textContent} at ${ratio.toFixed(2)}`);
    }
    return found;"#;

/// The letters, opened in a browser by subject.
fn opened(html: &[String]) -> (Hop, Gateway, Browser, Vec<String>) {
    let letters: Vec<_> =
        html.iter().enumerate().map(|(number, html)| targets::letter(number, html)).collect();
    targets::opened(&letters)
}

#[test]
fn no_letter_is_white_on_white() {
    let all: Vec<String> = PALE.iter().map(|html| (*html).to_owned()).collect();
    let (_hop, gateway, browser, paths) = opened(&all);
    let mut faults = Vec::new();
    for (path, html) in paths.iter().zip(&all) {
        browser.open(&format!("{path}/html"));
        assert!(browser.text_of(".letter").contains('a'), "{html} shows nothing");
        let mut found = axe::findings_in_frame(&browser);
        let pale = browser.execute(PALEST);
        found.extend(pale.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned));
        faults.extend(found.into_iter().map(|fault| format!("{html}\n  {fault}")));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    gateway.sweep();
}

/// One letter, a script in its frame, and what it must give.
fn cases() -> Vec<(&'static str, &'static str, Value)> {
    let style = |selector: &str, property: &str| {
        format!("return getComputedStyle(document.querySelector('.letter {selector}')).{property}").leak()
            as &str
    };
    let text = "return document.querySelector('.letter').innerText.trim()";
    vec![
        (
            "<style>p.MsoNormal, li.MsoNormal{margin:0cm;margin-bottom:.0001pt;font-size:11.0pt;font-family:\"Calibri\",sans-serif}</style>\
             <body lang=DE><div class=WordSection1><p class=MsoNormal>a</p><p class=MsoNormal>b</p></div>",
            style("p + p", "marginTop"),
            json!("0px"),
        ),
        (
            "<style>p.MsoNormal{margin:0cm}</style><p class=MsoNormal>Guten Tag</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Frau Müller</p>",
            "const [a, b] = [...document.querySelectorAll('.letter p')].filter((p) => p.innerText.trim()).map((p) => p.getBoundingClientRect()); return b.top - a.bottom > 5 && b.top - a.bottom < 40",
            json!(true),
        ),
        ("<div style='white-space:pre-wrap'>a   b\nc</div>", text, json!("a   b\nc")),
        ("<style>.x{white-space:pre}</style><div class=x>a   b\nc</div>", text, json!("a   b\nc")),
        (
            "<div style='display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px'>PREHEADER</div><p>Guten Tag</p>",
            text,
            json!("Guten Tag"),
        ),
        (
            "<style>.preheader{display:none!important;visibility:hidden;opacity:0;color:transparent;height:0;width:0}</style>\
             <span class=preheader>PREHEADER &zwnj;&nbsp;</span><p>Guten Tag</p>",
            text,
            json!("Guten Tag"),
        ),
        (
            "<div style='font-size:1px;color:#fff;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden'>PREHEADER</div><p>Guten Tag</p>",
            text,
            json!("Guten Tag"),
        ),
        (
            "<p>Unterschrift <img alt=Sig src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACgAAAAeCAIAAADRv8uKAAAAK0lEQVR4nO3NMQ0AAAgDsCmZfynIQgYcTfo3056IWCwWi8VisVgsFov/xgvk2cL9h1Oh3gAAAABJRU5ErkJggg=='></p>",
            "const one = document.images[0]; return [one.naturalWidth, one.naturalHeight]",
            json!([40, 30]),
        ),
        ("<div>a</div><section>b</section><article>c</article>d", text, json!("a\nb\nc\nd")),
        (
            "<style>#a > b ~ i:first-of-type + u{text-transform:uppercase}</style><p id=a><b>x</b><i>y</i><u>z</u>",
            text,
            json!("xyZ"),
        ),
        (
            "<style>td.r{text-align:right}</style><table width=300><tr><td class=r>1</table>",
            style("td", "textAlign"),
            json!("right"),
        ),
        ("<style>h1{color:#b00020}</style><h1>a</h1>", style("h1", "color"), json!("rgb(176, 0, 32)")),
        (
            "<style>b{color:#b00020!important}</style><b style='color:#000080'>a</b>",
            style("b", "color"),
            json!("rgb(176, 0, 32)"),
        ),
        (
            "<style>b{color:#b00020}</style><b style='color:#000080'>a</b>",
            style("b", "color"),
            json!("rgb(0, 0, 128)"),
        ),
        ("<body bgcolor='#fff8e1'><p>a", style("p", "color"), json!("rgb(16, 24, 32)")),
        (
            "<div style='font-size:0;line-height:0'><div style='display:inline-block;font-size:14px;width:100%'>a</div><div style='display:inline-block;font-size:14px;width:100%'>b<br>c</div></div>",
            "const range = document.createRange(), letter = document.querySelector('.letter'); range.selectNodeContents(letter);
             const tops = [...range.getClientRects()].filter((one) => one.width > 4 && one.height > 8 && one.height < 30).map((one) => one.top);
             return [letter.innerText.replace(/\\s+/g, ' ').trim(), new Set(tops.map(Math.round)).size >= 3]",
            json!(["ab c", true]),
        ),
        ("<div style='mso-hide:all'>a</div><div style='visibility:hidden'>b<i style='visibility:visible'>c</i></div>", text, json!("a\nc")),
        ("<style>@media screen{.p{display:none!important}}</style><div class=p>VORSCHAU</div><p>a</p>", text, json!("a")),
        ("<style>@media only screen and (min-width:480px){.p{display:none!important}}</style><div class=p>VORSCHAU</div><p>a</p>", text, json!("a")),
        ("<span style='font-size:1px;color:#fff'>VOR<b>SCHAU</b></span><p>a</p>", text, json!("a")),
        ("<noscript>a</noscript> <object><p>b</p></object><textarea>c\nd</textarea><xmp><e></xmp>", text, json!("a\n\nb\n\nc\nd\n<e>")),
        ("<fieldset><legend>a</legend><button>b</button><button>c</button></fieldset>", text, json!("a\nb c")),
    ]
}

#[test]
fn letters_look_as_their_writers_meant_them() {
    let cases = cases();
    let all: Vec<String> = cases.iter().map(|(html, _, _)| (*html).to_owned()).collect();
    let (_hop, gateway, browser, paths) = opened(&all);
    let mut faults = Vec::new();
    for (path, (html, script, wanted)) in paths.iter().zip(&cases) {
        browser.open(&format!("{path}/html"));
        let found = browser.execute(script);
        if found != *wanted {
            faults.push(format!("{html}\n  {found}, not {wanted}:\n{}", browser.source()));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    gateway.sweep();
}

#[test]
fn amounts_are_never_cut_on_a_phone() {
    let rows = "<tr><td>Haftpflicht Fahrzeugversicherung</td><td nowrap>1.234.567,00 EUR</td><td nowrap>01.01.2026 bis 31.12.2026</td><td nowrap>1.234.567,00 EUR</td></tr>";
    let all: Vec<String> = [
        format!("<table width=600 style='width:600px' border=1>{rows}</table>"),
        format!("<div style='width:800px;min-width:800px'><table width='100%'>{rows}</table></div>"),
        format!("<table style='table-layout:fixed;width:100%'>{rows}</table>"),
        format!("<div style='overflow:hidden;width:300px'><table width=900 style='min-width:900px'>{rows}</table></div>"),
        format!("<center><table width=700 align=center><tr><td><table width=700>{rows}</table></table></center>"),
    ]
    .to_vec();
    let (_hop, gateway, browser, paths) = opened(&all);
    browser.look_on(Screen::NARROW);
    for (path, html) in paths.iter().zip(&all) {
        browser.open(&format!("{path}/html"));
        // Every amount can be brought into sight, whole and on one line, and the page itself does not move.
        let faults = browser.execute(
            "const letter = document.querySelector('.letter'), faults = [];
             for (const cell of document.querySelectorAll('td')) {
                 if (!cell.textContent.includes('EUR') || cell.querySelector('table')) continue;
                 const range = document.createRange();
                 range.selectNodeContents(cell);
                 const rects = [...range.getClientRects()];
                 if (rects.some((rect) => Math.abs(rect.top - rects[0].top) > 4)) faults.push('two lines: ' + cell.textContent);
                 cell.scrollIntoView({ inline: 'nearest' });
                 const box = range.getBoundingClientRect(), frame = letter.getBoundingClientRect();
                 if (box.left < frame.left - 1 || box.right > frame.right + 1) faults.push('out of sight: ' + cell.textContent);
             }
             if (document.documentElement.scrollWidth > innerWidth) faults.push('the page itself scrolls');
             const wide = letter.scrollWidth > letter.clientWidth;
             if (wide && getComputedStyle(letter).overflowX !== 'auto') faults.push('no way to scroll');
             return faults",
        );
        assert_eq!(found_none(&faults), "", "{html}");
    }
    gateway.sweep();
}

fn found_none(faults: &Value) -> String {
    faults.as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
}
