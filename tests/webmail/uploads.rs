//! A file over a bad connection: interrupted, it is resumed; after closing the page, too; and the insurer
//! gets exactly the same bytes.

use rig::{Browser, canary, letters};

use crate::axe;
use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";
const CANARY: &str = "Zwergotter-Kniegelenk-48151623";

fn file() -> Vec<u8> {
    let noise = (0..5_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]);
    CANARY.bytes().chain(noise).chain(CANARY.bytes()).collect()
}

/// A letter begun.
fn begin(browser: &Browser) {
    browser.click_through("form[action='/write'] button[value=new]");
    browser.fill("#to", "erika@insurer.example");
    browser.fill("#text", "Anbei das Gutachten.");
}

/// Bytes that the bar says have gone.
fn gone(browser: &Browser) -> f64 {
    browser.execute("return document.querySelector('progress')?.value ?? 0").as_f64().unwrap_or(0.0)
}

fn wait_gone(browser: &Browser, least: f64) {
    browser.wait_for("some of the file to be gone", |browser| (gone(browser) > least).then_some(()));
}

/// Bytes the store has of files on their way.
fn kept(office: &Office) -> i64 {
    office.gateway.count("SELECT coalesce(sum(received), 0) FROM uploads")
}

#[test]
fn a_cut_line_and_a_closed_page_cost_nothing_but_time() {
    let office = Office::new("de");
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    let bytes = file();
    let large = office.gateway.home.write("Gutachten März.pdf", &bytes);
    let small = office.gateway.home.write("klein.txt", b"klein");
    begin(browser);

    // The line breaks in the middle of a piece, and comes back.
    browser.line(Some(700_000));
    browser.choose_files("#file", &[&large, &small]);
    wait_gone(browser, 1_500_000.0);
    browser.line(None);
    browser.wait_for("word of the break", |browser| {
        browser.text_of("[data-uploads]").contains("Unterbrochen").then_some(())
    });
    let before = kept(&office);
    assert!(before >= 1024 * 1024, "nothing was kept: {before}");
    browser.line(Some(700_000));
    browser.wait_for("it to go on", |_| (kept(&office) > before).then_some(()));
    assert_eq!(office.gateway.count("SELECT count(*) FROM uploads"), 1, "begun anew instead of gone on");

    // The page is closed in between; another one shows the progress.
    let page = browser.url();
    browser.open(&office.at("/inbox"));
    let before = kept(&office);
    let sightings = canary::scan(&office.gateway.home.data(), &[rig::Canary::new(CANARY)]);
    assert!(sightings.is_empty(), "readable on disk: {sightings:?}");
    // The console has noted the break, and rightly so.
    let _ = browser.records();
    browser.open(&page);
    let shown = browser.text_of("#files");
    assert!(shown.contains("Gutachten März.pdf") && shown.contains("von 5 MB hochgeladen"), "{shown}");
    assert!(!shown.contains("klein.txt"), "it waited for the large one");
    watched.judge("editor with an unfinished file");
    browser.choose_files("#file", &[&large]);
    wait_gone(browser, before as f64);
    assert_eq!(office.gateway.count("SELECT count(*) FROM uploads"), 1);
    browser.line(Some(50_000_000));
    browser.wait_for("the file to be there", |browser| {
        (browser.count("#files .write-list li:not(.pending)") == 1).then_some(())
    });
    assert_eq!(browser.count(".upload"), 0, "{}", browser.text());

    // One is cancelled on its way and leaves its room; dropped ones are taken like chosen ones.
    browser.line(Some(300_000));
    browser.choose_files("#file", &[&office.gateway.home.write("weg.bin", &bytes)]);
    wait_gone(browser, 1_100_000.0);
    browser.click(".upload button");
    browser.wait_for("it to be gone", |browser| (browser.count(".upload") == 0).then_some(()));
    assert_eq!(kept(&office), 0);
    browser.line(Some(50_000_000));
    browser.execute(
        "const files = new DataTransfer(); \
         for (const n of [1, 2]) files.items.add(new File(['gezogen ' + n], `gezogen${n}.txt`, { type: 'text/plain' })); \
         document.getElementById('files').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));",
    );
    browser
        .wait_for("both to be there", |browser| (browser.count("#files .write-list li") == 3).then_some(()));
    // A file that is too large is reported before a byte of it is sent.
    let huge = office.gateway.home.write("zu groß.bin", &vec![7; 21 * 1024 * 1024]);
    browser.choose_files("#file", &[&huge]);
    browser.wait_for("the refusal", |browser| {
        browser.text_of("[data-uploads]").contains("zu groß.bin: zu groß").then_some(())
    });
    assert_eq!(office.gateway.count("SELECT count(*) FROM uploads"), 0);
    let found = axe::findings(browser);
    assert!(found.is_empty(), "{found:?}");

    browser.click_through("[data-send]");
    assert!(browser.text().contains("Ihre Nachricht ist unterwegs"), "{}", browser.text());
    let arrived = office.hop.wait_to("erika@insurer.example");
    let parsed = letters::files(&arrived.bytes);
    let names: Vec<&str> = parsed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Gutachten März.pdf", "gezogen1.txt", "gezogen2.txt"]);
    assert!(parsed[0].1 == bytes, "the file has changed on the way");
    drop(watched);
    office.gateway.sweep();
}
