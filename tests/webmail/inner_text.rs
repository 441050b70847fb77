//! The words that rules see of a page are those that a browser displays, in the same order and on the same lines.

use std::collections::HashSet;
use std::path::Path;

use rig::Browser;
use sealpost_mail::{Inside, Letter};
use serde_json::json;

/// A page in a frame without scripts, and what the browser says it shows.
const LOOK: &str = r#"
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-same-origin';
    frame.width = 1000;
    const shown = new Promise(done => frame.addEventListener('load', () => done(frame.contentDocument.body.innerText)));
    frame.srcdoc = arguments[0];
    document.body.append(frame);
    return shown.finally(() => frame.remove());"#;

/// Pages small enough to see what went wrong.
const PAGES: &[&str] = &[
    "<p>Gruss<br class=\"x\">vertraulich<br clear=all>Anna</p>",
    "<p>Gruss<p>vertraulich<p>Anna",
    "<div>a</div><div>b</div>c<div>d</div>",
    "<div dir=ltr>Hallo<div><br></div><div>zwei</div><div>drei</div></div>",
    "<div>a<br></div><div>b</div>",
    "a<div>b<span>c</span></div>d",
    "<ul><li>eins</li><li>zwei</li></ul><ol><li>a<li>b</ol>nach",
    "<ul><li>a<ul><li>b</ul><li>c</ul>",
    "<dl><dt>Nr.<dd>7<dt>Art<dd>x</dl>",
    "<h1>Titel</h1>Text<h2>zwei</h2><h3>drei</h3>",
    "ver<b>trau</b><i>lich</i> <u>x</u>y",
    "a  \n\t b&nbsp;c &amp; d &lt;e&gt; &#246; &ouml; &hellip;",
    "<b>a </b> <i> b</i> c",
    "a<wbr>b&shy;c",
    "a<!-- x -->b<!---->c<!--->d<!-- y -- z -->e<!--- f --->g",
    "<!--[if mso]><p>Word</p><![endif]-->a<![if !mso]>b<![endif]>",
    "<html><head><title>T</title><style>p{color:red}</style><body><p>a</p></body></html>b",
    "<html><head><title>T</title><body><p>a</p>",
    "<?xml version=\"1.0\"?><html xmlns=\"x\"><head/><body><p>a</p></body></html>",
    "<!doctype html><meta charset=utf-8><p>a",
    "<script>document.write('x')</script>a<noscript>b</noscript>",
    "<style><p>a</p></style>b",
    "<template>a</template>b",
    "<div style='display:none'>a</div>b",
    "a<span style='display:none'>b</span>c",
    "<p hidden>a</p>b",
    "<span style='display:block'>a</span><span style='display:block'>b</span>",
    "<div style='display:inline'>a</div><div style='display:inline'>b</div>",
    "<p style='display:none'>a<p>b",
    "<pre>\na   b\n  c</pre>d",
    "<pre>a\n\nb</pre>",
    "<div style='white-space:pre-wrap'>a  b\nc</div>",
    "<div style='white-space:pre-line'>a  b\n c</div>",
    "<div style='white-space:pre'>a <span style='white-space:normal'>b  c\nd</span></div>",
    "<blockquote>a<blockquote>b</blockquote></blockquote>c",
    "<address>a</address><article>b</article><section>c</section><aside>d</aside>",
    "<center>a</center><font size=2>b</font><big>c</big>",
    "<form>a<fieldset><legend>b</legend>c</fieldset></form>d",
    "<figure>a<figcaption>b</figcaption></figure>c",
    "a<hr>b",
    "</p></div></td>a</b>b",
    "<a href=https://x.example>a</a><a>b</a>",
    "<o:p>a</o:p><v:shape>b</v:shape>",
    "<object>a</object><embed>b",
    "<sub>a</sub><sup>b</sup><ruby>c<rt>d</rt></ruby>",
    "<b>a<p>b</b>c</p>d",
    "<div><span>a<div>b</div>c</span></div>",
    "<p>a<table><tr><td>b</table>c",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>e",
    "<table><tr><td>a<td>b<tr><td>c<td>d</table>e",
    "<table><caption>t</caption><thead><tr><th>a<th>b</thead><tbody><tr><td>c<td>d</table>",
    "<table><tr><td></td><td>a</td></tr><tr><td>b</td><td></td></tr></table>",
    "<table><tr><td><p>a</p></td><td><p>b</p><p>c</p></td></tr></table>",
    "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>",
    "<table><tr><td>10</td><td>100</td></tr></table>",
    "<div><p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>b</p></div>",
    "a\u{200b}b\u{a0}c\u{2003}d",
    "<xmp><b>a</b></xmp>b",
    "<div>a<div>b<div>c</div></div></div>d",
    "&lt;p&gt;a&lt;/p&gt;&notit;&#x41;&#65",
    "<p>a</p\n>b<p\nclass=x>c</p>",
    "<p title='a>b'>c</p><p title=\"<p>\">d</p>",
    "<<p>a</p><3 b",
    "<body style='white-space:pre-wrap'>a\nb</body>",
    "<details open><summary>a</summary>b</details>",
    "<style>.b{display:block}</style><span class=b>Gruss</span><span class=b>vertraulich</span>",
    "<style>a{display:block}</style><a>Gruss</a><a>vertraulich</a>",
    "<style>b{display:block}</style><b>Gruss</b><b>vertraulich</b>",
    "<style>.b{display:block}</style><b class=b>Gruss</b><b class=b>v<i>er</i>traulich</b>",
    "<div style='display:flex'><span>Gruss</span><span>vertraulich</span></div>",
    "<div style='display:grid'><i>Gruss</i><i>ver<b>traulich</b></i></div>",
    "<style>div{display:flex}</style><div><b>Gruss</b><b>vertraulich</b></div>",
    "Gruss<span style='display:block;padding:0 20px'>vertraulich</span>",
    "abc<img>vertraulich<img>",
    "abc<input>vertraulich<input>",
    "<div>abc<video></video>vertraulich</div>",
];

/// The pages of the letters that the other tests use.
fn of_letters() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["corpus", "reading"].map(|name| std::fs::read_dir(root.join(name)).unwrap());
    let mut files: Vec<_> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let letters = files.iter().filter(|file| file.extension().is_some_and(|end| end == "eml"));
    letters
        .filter_map(|file| {
            let bytes = std::fs::read(file).unwrap();
            Letter::parse(&bytes).ok()?.html()
        })
        // Alternative texts count where the picture is missing, and hostile ones try to be displayed. Form values and
        // collapsed text are for a reader, and not in innerText.
        .filter(|html| !["<script", "<svg", "<textarea", "<details"].iter().any(|kind| html.contains(kind)))
        .collect()
}

fn lines(text: &str) -> Vec<String> {
    let blank = |c: char| c.is_whitespace() || c == '\u{a0}';
    let lines =
        text.lines().map(|line| line.split(blank).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn rules_read_what_a_browser_shows() {
    let browser = Browser::start();
    browser.open("about:blank");
    let mut bad = Vec::new();
    let pages: Vec<String> = PAGES.iter().map(|page| (*page).to_owned()).chain(of_letters()).collect();
    assert!(pages.len() > PAGES.len() + 20, "the letters have no pages: {}", pages.len());
    for page in &pages {
        let shown = browser.execute(&LOOK.replace("arguments[0]", &json!(page).to_string()));
        let shown = lines(shown.as_str().unwrap());
        let letter = format!("From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}");
        let texts: Vec<Vec<String>> =
            Inside::of(letter.as_bytes()).texts.iter().map(|text| lines(text)).collect();
        // If cells contain blocks, a browser breaks lines that people read as one.
        let same_lines = texts.contains(&shown);
        let same_words = texts.iter().any(|text| text.join(" ") == shown.join(" "));
        // What a style sheet does to its classes is not computed: every word that it sets apart is one somewhere.
        let by_sheet = page.contains("<style") && {
            let known: HashSet<&str> = texts.iter().flatten().flat_map(|line| line.split(' ')).collect();
            shown.iter().flat_map(|line| line.split(' ')).all(|word| known.contains(word))
        };
        let agrees = same_lines || (same_words && page.contains("<t")) || by_sheet || shown.is_empty();
        if !agrees {
            let start: String = page.chars().take(300).collect();
            bad.push(format!("{start}\n  browser: {shown:?}\n  rules: {texts:?}"));
        }
    }
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), pages.len(), bad.join("\n\n"));
}
