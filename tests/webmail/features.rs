//! Every feature of HTML and CSS that mail programs are compared by, tried in a letter's frame and on its PDF, beside
//! the browser's own rendering of the same markup; holds docs/html-support.md.
//!
//! `features/features.tsv` lists what is checked: `property` of the element that holds the word `¤`, `^tag:property` of
//! one around it, `img:property` of the picture in it, `has:` for a value that is not `none`, `inside:selector` for
//! what must be there, `gone` for what must not. `features/refused.tsv` gives the reasons for intended differences.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use rig::Browser;
use rig::process::run;
use rig::readers::root;
use serde_json::{Value, json};

use crate::targets;

const FEATURES: &str = include_str!("features/features.tsv");
const PICTURES: &str = include_str!("features/pictures.tsv");
const REFUSED: &str = include_str!("features/refused.tsv");
/// Probes of one letter: far from every limit.
const A_LETTER: usize = 60;

/// The observed values for each pair of word and look.
const SEEN: &str = r#"
    const holder = (word) => {
        const texts = document.createTreeWalker(document.querySelector('.letter'), NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const { data, parentElement } = texts.currentNode;
            if (data.includes(word) && parentElement.tagName !== 'STYLE') return parentElement;
        }
        return null;
    };
    const seen = (word, look) => {
        let element = holder(word), part;
        if (look === 'gone') return !element || !element.checkVisibility({ visibilityProperty: true });
        if (!element) return 'no words';
        if (look === 'text') return true;
        let [first, ...rest] = look.split(':');
        if (first.startsWith('^')) { element = element.closest(first.slice(1)); first = rest.shift(); }
        if (!element) return 'no element';
        if (first === 'inside') return !!element.querySelector(rest.join(':'));
        if (first === '' && rest[0] === '') { part = '::' + rest[1]; first = rest[2]; }
        if (first === 'state') return 'nothing changes';
        if (first === 'img') {
            element = element.querySelector('img');
            if (!element) return 'no picture';
            first = rest.shift();
            if (first === 'picture') return element.naturalWidth > 0;
        }
        if (first === 'tag') return element.tagName;
        if (first === 'attr') return element.getAttribute(rest[0]);
        if (first === 'has') return getComputedStyle(element).getPropertyValue(rest[0]) !== 'none';
        return getComputedStyle(element, part).getPropertyValue(first);
    };
    return PAIRS.map(([word, look]) => String(seen(word, look)).toLowerCase());"#;

/// One line of the list of features.
struct Probe {
    feature: &'static str,
    gmail: &'static str,
    looks: Vec<&'static str>,
    markup: String,
    /// Its content.
    word: String,
}

fn probes() -> Vec<Probe> {
    let one = |(number, line): (usize, &'static str)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let word = format!("w{number}w");
        Probe {
            feature: cells[0],
            gmail: cells[1],
            looks: cells[2].split(',').collect(),
            markup: cells[3].replace('¤', &word),
            word,
        }
    };
    FEATURES.lines().skip(1).enumerate().map(one).collect()
}

fn pictures() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let cells = |line: &'static str| {
        let mut cells = line.split('\t');
        (cells.next().unwrap(), (cells.next().unwrap(), cells.next().unwrap()))
    };
    PICTURES.lines().map(cells).collect()
}

/// A letter with these probes, each with a plain paragraph after it, and all pictures.
fn letter(number: usize, html: &str) -> Vec<u8> {
    let mut out = format!(
        "From: Erika <erika.muster@insurer.example>\r\nTo: max.kunde@web.example\r\nSubject: [vertraulich] {number}\r\n\
         Date: Fri, 27 Nov 2026 10:00:00 +0100\r\nMessage-ID: <features-{number}@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=\"=_f\"\r\n\r\n--=_f\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n"
    );
    let named = pictures();
    let all = named.iter().map(|(name, picture)| (*name, *picture));
    for (name, (kind, base64)) in all.chain([("pic", named["png"])]) {
        write!(
            out,
            "--=_f\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: inline\r\nContent-ID: <{name}>\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n"
        )
        .unwrap();
        for line in base64.as_bytes().chunks(76) {
            write!(out, "{}\r\n", String::from_utf8_lossy(line)).unwrap();
        }
    }
    out.push_str("--=_f--\r\n");
    out.into_bytes()
}

/// The picture embedded in a letter's markup.
fn written_out(markup: &str) -> String {
    markup.replace("data:png", &format!("data:image/png;base64,{}", pictures()["png"].1))
}

/// With pictures in their places, as only a page of the browser's own may have them.
fn with_pictures(markup: &str) -> String {
    let named = pictures();
    let data = |name: &str| {
        let (kind, base64) = named[if name == "pic" { "png" } else { name }];
        format!("data:{kind};base64,{base64}")
    };
    let markup = &written_out(markup);
    let mut out = String::new();
    let mut rest = markup.as_str();
    while let Some((before, after)) = rest.split_once("cid:") {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        out.push_str(before);
        out.push_str(&data(&after[..end]));
        rest = &after[end..];
    }
    out + rest
}

/// What `SEEN` says of these probes in the page that is shown.
fn seen(browser: &Browser, probes: &[&Probe]) -> Vec<Vec<String>> {
    let pairs: Vec<Value> =
        probes.iter().flat_map(|p| p.looks.iter().map(|look| json!([p.word, look]))).collect();
    let script = SEEN.replace("PAIRS", &Value::Array(pairs).to_string());
    let said = browser.execute(&script);
    let mut said = said.as_array().unwrap_or_else(|| panic!("{said}")).iter();
    let mut text = || said.next().unwrap().as_str().unwrap().to_owned();
    probes.iter().map(|p| p.looks.iter().map(|_| text()).collect()).collect()
}

/// How the text layer of a PDF has each word: letters, place, style.
fn written(xml: &str) -> BTreeMap<String, String> {
    let mut fonts = BTreeMap::new();
    for font in xml.split("<fontspec ").skip(1) {
        let id = font.split('"').nth(1).unwrap_or_default();
        // Fonts are embedded in parts: the same one has another beginning in each document.
        let look =
            font.split("/>").next().unwrap_or_default().split_once("size=").map_or("", |(_, look)| look);
        fonts.insert(id.to_owned(), look.to_owned());
    }
    let mut found = BTreeMap::new();
    for text in xml.split("<text ").skip(1) {
        let (head, rest) = text.split_once('>').unwrap();
        let inside = rest.split("</text>").next().unwrap_or_default();
        let number = |name: &str| {
            head.split_once(&format!("{name}=\"")).and_then(|(_, v)| v.split('"').next()).unwrap_or_default()
        };
        let plain: String = inside.chars().filter(|c| !c.is_ascii_digit()).collect();
        for word in inside.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| is_word(w)) {
            let look = format!("{} {} {}", number("left"), fonts[number("font")], plain.replace('c', "w"));
            found.insert(word.to_ascii_lowercase(), look);
        }
    }
    found
}

/// `w12w` of a probe, `c12c` of the plain paragraph after it.
fn is_word(text: &str) -> bool {
    let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit())
}

/// The PDF's rendering of a probe; `None`: its text layer cannot tell.
fn on_paper(probe: &Probe, words: &BTreeMap<String, String>) -> Option<bool> {
    let word = words.get(&probe.word);
    let control = words.get(&probe.word.replace('w', "c"));
    match probe.looks[0] {
        "gone" => Some(word.is_none()),
        "text" => Some(word.is_some()),
        look if look.starts_with("img:") || look.starts_with("has:") || look.starts_with("inside:") => None,
        "tag" if matches!(probe.feature, "html-div" | "html-p" | "html-span" | "html-wbr" | "html-table") => {
            Some(word.is_some())
        }
        _ => Some(word.is_some() && word != control),
    }
}

fn refused() -> BTreeMap<&'static str, &'static str> {
    REFUSED.lines().filter(|line| !line.is_empty()).filter_map(|line| line.split_once('\t')).collect()
}

/// Yes, no, or part of it.
fn verdict(answers: &[bool]) -> &'static str {
    match (answers.iter().all(|yes| *yes), answers.iter().any(|yes| *yes)) {
        _ if answers.is_empty() => "–",
        (true, _) => "yes",
        (false, true) => "partly",
        (false, false) => "no",
    }
}

#[test]
fn the_table_of_features_is_true() {
    let probes = probes();
    // What runs from right to left changes the rules for its whole letter.
    let (rest, from_the_right): (Vec<&Probe>, Vec<&Probe>) =
        probes.iter().partition(|probe| !probe.markup.contains("rtl") && probe.feature != "html-base");
    let mut bundles: Vec<Vec<&Probe>> = rest.chunks(A_LETTER).map(<[&Probe]>::to_vec).collect();
    bundles.extend(from_the_right.into_iter().map(|probe| vec![probe]));
    let bodies: Vec<String> = bundles
        .iter()
        .map(|bundle| {
            let blocks = bundle
                .iter()
                .map(|p| format!("<div>{}</div><p>{}</p>\r\n", p.markup, p.word.replace('w', "c")));
            written_out(&format!("<body bgcolor=\"#fffff8\">{}</body>", blocks.collect::<String>()))
        })
        .collect();
    let all: Vec<Vec<u8>> = bodies.iter().enumerate().map(|(n, body)| letter(n, body)).collect();
    let (_hop, gateway, browser, paths) = targets::opened(&all);
    let mut frame: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut paper: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for ((bundle, body), path) in bundles.iter().zip(&bodies).zip(&paths) {
        browser.open(&format!("{path}/html"));
        let ours = seen(&browser, bundle);
        let style = browser.execute("return document.querySelector('style').textContent");
        let raw = format!(
            "<!doctype html><meta charset=utf-8><style>{}</style><body><div class=letter><div style='background-color:#fffff8'>{}</div></div>",
            style.as_str().unwrap(),
            with_pictures(body)
        );
        let file = gateway.home.write("raw.html", raw.as_bytes());
        browser.open(&format!("file://{}", file.display()));
        let theirs = seen(&browser, bundle);

        // From within a letter's frame nothing is saved.
        browser.open(path);
        browser.execute(&format!("location.href = '{path}/pdf'"));
        let pdf = gateway.home.write("features.pdf", &browser.download().1);
        let (code, xml, err) =
            run(Command::new("pdftohtml").args(["-xml", "-i", "-stdout", "-enc", "UTF-8"]).arg(&pdf));
        assert_eq!(code, 0, "{err}");
        let words = written(&xml);
        for ((probe, ours), theirs) in bundle.iter().zip(ours).zip(theirs) {
            let nothing = ["nothing changes", "false", "no words"];
            let same = ours == theirs && !ours.iter().any(|one| nothing.contains(&one.as_str()));
            if !same {
                println!("{}: {:?}: ours {ours:?}, the browser's {theirs:?}", probe.feature, probe.looks);
            }
            frame.entry(probe.feature).or_default().push(same);
            paper.entry(probe.feature).or_default().extend(on_paper(probe, &words));
        }
    }
    gateway.sweep();
    held(&probes, &frame, &paper);
}

/// The document is as the test saw it, and what Gmail shows we show, or say why not.
fn held(
    probes: &[Probe],
    frame: &BTreeMap<&'static str, Vec<bool>>,
    paper: &BTreeMap<&'static str, Vec<bool>>,
) {
    let refused = refused();
    let mut gmail: BTreeMap<&str, &str> = BTreeMap::new();
    for probe in probes {
        gmail.insert(probe.feature, probe.gmail);
    }
    let (mut faults, mut rows, mut count) = (Vec::new(), String::new(), BTreeMap::new());
    for (feature, theirs) in &gmail {
        let ours = verdict(&frame[feature]);
        let why = refused.get(feature).copied();
        *count.entry(ours).or_insert(0) += 1;
        match (ours, *theirs, why) {
            ("yes", _, Some(_)) => {
                faults.push(format!("{feature} is shown, and a reason is given why it is not"))
            }
            ("no" | "partly", "y", None) => {
                faults.push(format!("{feature} is shown by Gmail: why not by us?"))
            }
            _ => {}
        }
        let theirs = match *theirs {
            "y" => "yes",
            "a" => "partly",
            "n" => "no",
            _ => "unknown",
        };
        let paper = verdict(paper.get(feature).map_or(&[], Vec::as_slice));
        writeln!(rows, "| {feature} | {ours} | {paper} | {theirs} | {} |", why.unwrap_or_default()).unwrap();
    }
    for feature in refused.keys().filter(|feature| !gmail.contains_key(*feature)) {
        faults.push(format!("unknown feature {feature}"));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let of = |verdict: &str| count.get(verdict).copied().unwrap_or(0);
    let text = format!(
        "# What our frame shows of HTML and CSS\n\n\
         Written by `tests/webmail/features.rs`, which tries each feature in a real browser: the same markup once through the\n\
         portal's frame and once as a page of its own. *Frame*: it looks the same. *PDF*: it changes how the text layer\n\
         of the PDF is written (–: that cannot tell). *Gmail*: its web client, from the public caniemail data set (MIT), 2026-11.\n\
         A change here fails the test; `SEALPOST_WRITE_TABLE=1` writes the table anew.\n\n\
         {} features: {} shown, {} partly, {} not.\n\n\
         | feature | frame | PDF | Gmail | why not, or not wholly |\n|---|---|---|---|---|\n{rows}",
        gmail.len(),
        of("yes"),
        of("partly"),
        of("no"),
    );
    let file = root().join("docs/html-support.md");
    if std::env::var_os("SEALPOST_WRITE_TABLE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let stands = std::fs::read_to_string(&file).unwrap_or_default();
    let differs: Vec<&str> =
        text.lines().filter(|line| !stands.lines().any(|other| other == *line)).collect();
    assert!(stands == text, "docs/html-support.md says otherwise; now it is:\n{}", differs.join("\n"));
}
