//! Screenshots of the most telling letters of `tests/reading`, for the documentation: each on one sheet, on a
//! phone and on a desktop, in light and dark mode. Knows no page but a letter's.

use std::fmt::Write as _;
use std::path::Path;

use rig::{Browser, Screen};

use crate::Set;

/// The letter and what to look for.
const CASES: [(&str, &str); 40] = [
    ("s-blankhtml", "HTML without a word: the text is shown"),
    ("s-amp", "AMP beside HTML: AMP is left out"),
    ("s-related-start", "`multipart/related` whose root is not first"),
    ("s-enriched", "text/enriched"),
    ("s-uu", "A file in uuencode"),
    ("s-p7m-opaque", "Signed in S/MIME's opaque form"),
    ("s-emloctet", "A letter declared as octet-stream"),
    ("s-own-p7s-1", "A detached signature, listed plainly"),
    ("w-html", "The body only in winmail.dat"),
    ("w-embed", "A letter within winmail.dat"),
    ("tnef-pdf", "A PDF within winmail.dat"),
    ("cs-unknown8", "Characters labelled `unknown-8bit`"),
    ("cs-meta", "Characters that only `<meta>` tells"),
    ("cs-latin1-label-utf8", "UTF-8 labelled as Latin-1"),
    ("cs-utf8-label-latin1", "Latin-1 labelled as UTF-8"),
    ("cs-own-lie-0", "A label that lies"),
    ("h-own-split-0", "A subject whose encoded words split a character"),
    ("c-allday", "An appointment of a whole day"),
    ("c-customtz", "An appointment in a zone of its own"),
    ("c-own-rule-0", "An appointment that comes again"),
    ("c-own-cancel", "An appointment that is cancelled"),
    ("c-own-update", "An appointment that was moved"),
    ("c-own-task-0", "A task"),
    ("c-outlook-fwd", "An invitation that Outlook forwarded"),
    ("i-exchatt", "A picture as Exchange attaches it"),
    ("i-nocid", "An inline picture that nothing refers to"),
    ("i-bg", "A picture as a background"),
    ("i-data", "A picture in the markup"),
    ("x-bgcolor", "White writing on `bgcolor`"),
    ("x-bgshort", "White writing on a `background` that is written short"),
    ("x-body-attr", "Colours of `<body>`"),
    ("x-hidden", "A preheader that stays hidden"),
    ("x-prewrap", "`pre-wrap`"),
    ("x-own-ground-0", "Writing that would not be legible"),
    ("q-amounts", "A table of amounts"),
    ("glue-td", "Cells side by side"),
    ("t-flowed", "format=flowed"),
    ("t-own-quote", "Quotes within quotes"),
    ("t-own-many", "Many recipients"),
    ("v-csv", "A table as CSV, looked at in its own code page"),
];

/// A sheet is half as large as the screens on it.
const SHEET: Screen = Screen { width: 847, height: 828, dark: false };

pub(crate) fn shoot(set: &Set, folder: &Path, gallery: &Path) {
    let letters = Path::new(env!("CARGO_MANIFEST_DIR")).join("reading");
    let parts = tempfile::tempdir().unwrap();
    let mut text =
        "# How real letters look\n\nForty letters of [tests/reading](../tests/reading/README.md), a kind of \
        trouble each, as the webmail shows them: on a phone and on a desktop, by day and by night. Made by \
        `cargo xtask screenshots`.\n"
            .to_owned();
    for (number, (name, about)) in CASES.into_iter().enumerate() {
        let link =
            set.send(&with_mails_line_ends(&std::fs::read(letters.join(format!("{name}.eml"))).unwrap()));
        if number == 0 {
            set.browser.activate(&link);
        }
        set.newest();
        sheet(&set.browser, parts.path(), &folder.join(format!("case-{name}.png")));
        let _ = write!(
            text,
            "\n## {about}\n\n![{name}: phone and desktop, light and dark](images/case-{name}.png)\n"
        );
        println!("{name}");
    }
    std::fs::write(gallery, text).unwrap();
}

fn with_mails_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(
            line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line)),
        );
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn sheet(browser: &Browser, parts: &Path, file: &Path) {
    let mut pictures = String::new();
    for (name, screen) in [
        ("1", Screen::PHONE),
        ("2", Screen::DESKTOP),
        ("3", Screen::PHONE.by_night()),
        ("4", Screen::DESKTOP.by_night()),
    ] {
        browser.look_on(screen);
        let inside = "const frame = document.querySelector('iframe.frame');
            return !frame || (frame.contentDocument?.readyState === 'complete' && frame.style.height !== '')";
        browser.wait_for("the letter in its frame", |browser| {
            (browser.try_execute(inside)? == true).then_some(())
        });
        if screen.width == Screen::DESKTOP.width {
            browser.wait_for("the list beside it", |browser| (browser.count(".beside li") > 0).then_some(()));
        }
        std::fs::write(parts.join(format!("{name}.png")), browser.screenshot()).unwrap();
        let width = screen.width / 2;
        let _ = write!(pictures, "<img src='{name}.png' width={width} height=410>");
    }
    let page = parts.join("sheet.html");
    let style = "body{margin:0;display:grid;grid-template:410px 410px/195px 640px;gap:8px 12px;background:#888}\
        img{object-fit:cover;object-position:top}";
    std::fs::write(&page, format!("<!doctype html><meta charset=utf-8><style>{style}</style>{pictures}"))
        .unwrap();
    browser.look_on(SHEET);
    browser.open(&format!("file://{}", page.display()));
    browser.wait_for("the sheet", |browser| {
        let there = browser
            .try_execute("return [...document.images].every((one) => one.complete && one.naturalWidth)")?;
        (there == true).then_some(())
    });
    std::fs::write(file, browser.screenshot()).unwrap();
}
