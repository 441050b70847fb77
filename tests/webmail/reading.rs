//! A letter is opened for reading at once, printing prints only the letter, and an archive reports its
//! progress.

use rig::{Browser, letters, process};
use serde_json::json;

use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";
/// A picture of one dot.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A long letter in HTML with two pictures in its text.
fn long() -> Vec<u8> {
    // Paper is narrower than a screen: what fits there in two lines needs three here.
    let words =
        "und damit er auf Papier öfter umbricht als am Schirm, steht hier noch einiges mehr dazu, ".repeat(3);
    let lines: String =
        (1..=120).map(|n| format!("<p>Absatz Nummer {n} von vielen, {words}</p>\r\n")).collect();
    let picture = |n: u32| {
        format!(
            "--r\r\nContent-Type: image/png; name=\"bild{n}.png\"\r\nContent-ID: <bild{n}@insurer>\r\n\
             Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n{PNG}\r\n"
        )
    };
    format!(
        "From: Erika Muster <erika.muster@insurer.example>\r\nTo: Anna <{ANNA}>\r\n\
         Subject: [vertraulich] Langer Brief\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
         Message-ID: <long@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p>Anfang</p><img src=\"cid:bild1@insurer\" alt=eins><img src=\"cid:bild2@insurer\" alt=zwei>\r\n{lines}<p>Schlusswort</p>\r\n\
         {}{}--r--\r\n",
        picture(1),
        picture(2)
    )
    .into_bytes()
}

/// What a printer would get, as text.
fn printed(office: &Office, browser: &Browser) -> String {
    let answer = browser.devtools("Page.printToPDF", &json!({ "printBackground": false }));
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
    text
}

fn opened(office: &Office) -> usize {
    office.gateway.log().matches("letter opened").count()
}

#[test]
fn a_letter_is_opened_once_and_printed_alone() {
    let office = Office::new("de");
    let link = office.send(ANNA, &long());
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    assert_eq!(opened(&office), 0, "a list opens no letter");
    browser.click_through("ul.letters a");
    browser.wait_for("the pictures", |browser| {
        let script = "const frame = document.querySelector('iframe.frame').contentDocument; \
                      return [...frame.images].filter((one) => one.naturalWidth > 0).length";
        (browser.execute(script) == json!(2)).then_some(())
    });
    assert!(browser.text_of_frame("iframe.frame").contains("Schlusswort"));
    assert_eq!(opened(&office), 1, "page, frame and two pictures: one decryption");

    for (kind, view) in [("as HTML", ""), ("as text", "?view=text")] {
        let page = browser.url();
        browser.open(&format!("{}{view}", page.split('?').next().unwrap()));
        browser.wait_for("the letter", |browser| {
            let shown = match view {
                "" => browser.text_of_frame("iframe.frame"),
                _ => browser.text_of("article.message .text"),
            };
            shown.contains("Schlusswort").then_some(())
        });
        let paper = printed(&office, browser);
        for there in ["Langer Brief", "Erika Muster", ANNA, "20. November 2026", "Anfang", "Schlusswort"] {
            assert!(paper.contains(there), "{kind}: {there} is missing on paper:\n{paper}");
        }
        for n in 1..=120 {
            assert!(
                paper.contains(&format!("Absatz Nummer {n} von")),
                "{kind}: paragraph {n} is cut:\n{paper}"
            );
        }
        for not in ["Zurück", "Antworten", "Sichern", "Drucken", "Impressum", "Deutsch", "angemeldet"] {
            assert!(!paper.contains(not), "{kind}: {not} is on the paper:\n{paper}");
        }
    }
    office.gateway.sweep();
}

#[test]
fn an_archive_says_how_far_it_is_and_when_it_is_whole() {
    let office = Office::new("de");
    let link = office.send(ANNA, &claim());
    for n in 0..7 {
        office.send(ANNA, &letters::plain(&format!("[vertraulich] Brief {n}"), "Text"));
    }
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.open(&office.at("/export"));
    watched.judge("export");
    browser.click("form[action='/export/zip'] button.button");
    browser.wait_for("the end to be said", |browser| {
        browser.text_of("main").contains("Fertig. Die ZIP-Datei liegt bei Ihren Downloads.").then_some(())
    });
    assert!(browser.text_of("main").contains("8 von 8 Nachrichten"), "{}", browser.text());
    watched.judge("export, done");
    let (name, bytes) = browser.download();
    assert!(name.ends_with(".zip"), "{name}");
    let file = office.gateway.home.write("all.zip", &bytes);
    let (code, said, err) = process::run(
        std::process::Command::new("python3")
            .args([
                "-c",
                "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))",
            ])
            .arg(file),
    );
    assert!(code == 0 && said.trim() == "None 8", "{said}{err}");
    office.gateway.sweep();
}
