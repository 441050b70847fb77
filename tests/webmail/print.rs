//! Printed output: letters complete and without blank sheets, folders as lists.

use rig::{Browser, letters, process};
use serde_json::json;

use crate::office::{Office, claim};
use crate::vectors::html_letter;
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";

/// The sheets that a printer would get, as text.
fn sheets(office: &Office, browser: &Browser) -> Vec<String> {
    let answer = browser.devtools(
        "Page.printToPDF",
        &json!({ "printBackground": false, "paperWidth": 8.27, "paperHeight": 11.69 }),
    );
    let pdf = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        answer["data"].as_str().expect("a document"),
    )
    .unwrap();
    let file = office.gateway.home.write("printed.pdf", &pdf);
    let (code, text, err) = process::run(
        std::process::Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-"),
    );
    assert_eq!(code, 0, "{err}");
    let mut sheets: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    // The last form feed ends the last sheet.
    sheets.pop();
    sheets
}

fn html(subject: &str, paragraphs: usize) -> Vec<u8> {
    let words = "Ihre Kraftfahrzeughaftpflichtversicherung und alles, was dazu zu sagen ist. ".repeat(3);
    let lines: String = (1..=paragraphs).map(|n| format!("<p>Absatz {n}: {words}</p>\r\n")).collect();
    html_letter(
        &format!("[vertraulich] {subject}"),
        format!("{lines}<p>Schlusswort</p>").as_bytes(),
        "text/html; charset=utf-8",
    )
}

#[test]
fn letters_and_folders_are_printed_without_blank_sheets() {
    let office = Office::new("de");
    let link = office.send(ANNA, &html("kurz", 3));
    office.send(ANNA, &claim());
    for paragraphs in [12, 40] {
        office.send(ANNA, &html(&format!("lang {paragraphs}"), paragraphs));
    }
    office.send(ANNA, &letters::plain("[vertraulich] Text", &"Eine Zeile Text.\r\n".repeat(120)));
    for n in 0..26 {
        office.send(ANNA, &letters::plain(&format!("[vertraulich] Brief {n}"), "Text"));
    }
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);

    browser.open(&office.at("/inbox"));
    let paper = sheets(&office, browser);
    let whole = paper.join("\n");
    assert!(whole.contains("Brief 25") && whole.contains("Brief 1"), "{whole}");
    assert!(paper.len() <= 2 && !paper.iter().any(|sheet| sheet.trim().is_empty()), "{paper:#?}");
    for not in ["Suchen", "Löschen", "Impressum", "Alle auswählen", "Neue Nachricht"] {
        assert!(!whole.contains(not), "{not} is on the paper:\n{whole}");
    }

    browser.open(&office.at("/inbox?page=2"));
    let listed = browser.execute(
        "return [...document.querySelectorAll('ul.letters a')].map(a => [a.querySelector('.what').textContent, a.href.split('?')[0]])",
    );
    for one in listed.as_array().unwrap() {
        let (subject, path) = (one[0].as_str().unwrap(), one[1].as_str().unwrap());
        // Minimum and maximum number of sheets: one has some 45 lines.
        let most = match subject {
            "kurz" => 1,
            "lang 12" => 2,
            "lang 40" => 4,
            "Text" => 4,
            _ if subject.contains("Schadenmeldung") => 1,
            _ => continue,
        };
        browser.open(path);
        browser.wait_for("the letter", |browser| {
            let shown = if browser.count("iframe.frame") == 1 {
                browser.text_of_frame("iframe.frame")
            } else {
                browser.text_of("article.message .text")
            };
            ["Schlusswort", "Schadenabteilung", "Eine Zeile"]
                .iter()
                .any(|word| shown.contains(word))
                .then_some(())
        });
        let paper = sheets(&office, browser);
        println!("{subject}: {} sheets", paper.len());
        assert!(paper.iter().all(|sheet| !sheet.trim().is_empty()), "{subject}: a blank sheet: {paper:#?}");
        assert!(paper.len() <= most, "{subject}: {} sheets, not {most}: {paper:#?}", paper.len());
        assert!(
            paper[0].lines().count() > 12 || paper.len() == 1,
            "{subject}: the first sheet is almost blank: {paper:#?}"
        );
        if subject.starts_with("lang") {
            let whole = paper.join("\n");
            assert!(whole.contains("Schlusswort") && whole.contains("Absatz 7:"), "{whole}");
        }
    }
    office.gateway.sweep();
}

/// White words on a dark ground stay so on paper, though printers are asked to leave grounds out.
#[test]
fn white_writing_keeps_its_ground_on_paper() {
    let office = Office::new("de");
    let page = "<table width=\"100%\"><tr><td style=\"background:#0b5778;color:#fff;padding:40px\">Ihre Versicherung</td></tr>\
                <tr><td><a href=\"https://insurer.example/\" style=\"background-color:#0b5778;color:white\">Zum Vertrag</a></td></tr>\
                </table><p>Schlusswort</p>";
    let letter = html_letter("[vertraulich] Kopf", page.as_bytes(), "text/html; charset=utf-8");
    let link = office.send(ANNA, &letter);
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.open(&office.at("/inbox"));
    let path = browser.execute("return document.querySelector('ul.letters a').href");
    browser.open(path.as_str().unwrap());
    browser.wait_for("the letter", |browser| {
        let shown = browser.count("iframe.frame") == 1
            && browser.text_of_frame("iframe.frame").contains("Schlusswort");
        shown.then_some(())
    });
    let paper = sheets(&office, browser);
    assert!(paper.join("\n").contains("Ihre Versicherung"), "{paper:#?}");
    let file = office.gateway.home.path().join("printed.pdf");
    let drawn =
        std::process::Command::new("pdftoppm").args(["-r", "50", "-f", "1", "-l", "1"]).arg(&file).output();
    let drawn = drawn.unwrap().stdout;
    // The pixels behind the head of a PPM are three bytes each.
    let pixels = &drawn[drawn.len() % 3..];
    let near = |one: &[u8], other: [u8; 3]| one.iter().zip(other).all(|(a, b)| a.abs_diff(b) < 12);
    let dark = pixels.chunks_exact(3).filter(|one| near(one, [0x0b, 0x57, 0x78])).count();
    assert!(dark > 500, "the ground is not on the paper: {dark} pixels");
    office.gateway.sweep();
}

/// What would be in a frame if both protections before it failed.
const HOLES: &str = r#"
    const letter = document.querySelector('iframe.frame').contentDocument.querySelector('.letter');
    letter.innerHTML += `<p>Schlusswort</p><img src="/inbox?never=1"><img src="/m/1/inline/../../../inbox?never=2">
        <p style="background-image:url(/inbox?never=3)">a</p><p style="background:url('/m/1/inline/2/../x?never=4')">b</p>
        <p style="border-image:image-set('/inbox?never=5' 1x) 1">c</p><ul style="list-style-image:url(/inbox?never=6)"><li>d</ul>
        <iframe src="/inbox?never=7"></iframe><object data="/inbox?never=8"></object><video poster="/inbox?never=9"></video>
        <svg><image href="/inbox?never=10"></image></svg><style>p { background: url(/inbox?never=11) }</style>
        <link rel=stylesheet href="/inbox?never=12"><form action="/inbox?never=13"><input name=x autofocus onfocus="alert(1)"></form>
        <p onclick="alert(1)" id=x class="idle" slot=x>e</p><a href="javascript:alert(1)">f</a><base href="/never/">`;
    document.querySelector('.paper').remove();
    const closed = Element.prototype.attachShadow;
    let sheet;
    Element.prototype.attachShadow = function () { return sheet = closed.call(this, { mode: 'open' }); };
    dispatchEvent(new Event('beforeprint'));
    return sheet.innerHTML;"#;

#[test]
fn paper_is_a_wall_of_its_own() {
    let office = Office::new("de");
    let link = office.send(ANNA, &html("Mauer", 2));
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.open(&office.at("/inbox"));
    browser.click_through("ul.letters a");
    browser.wait_for("the letter", |browser| {
        browser.text_of_frame("iframe.frame").contains("Schlusswort").then_some(())
    });
    browser.wait_for("what is written for the printer", |b| (b.count(".paper") == 1).then_some(()));
    let sheet = browser.execute(HOLES);
    let sheet = sheet.as_str().expect("a sheet").to_ascii_lowercase();
    assert!(sheet.contains("schlusswort") && sheet.contains(">e</p>"), "{sheet}");
    for never in [
        "never", "alert", "href", "onclick", "onfocus", "<svg", "<form", "<input", "<style", "<iframe",
        "<link", "<base", "<video", "<object", "id=", "slot=",
    ] {
        assert!(!sheet.contains(never), "{never} is on the paper: {sheet}");
    }
    assert!(browser.records().dialogs.is_empty());
    office.gateway.sweep();
}
