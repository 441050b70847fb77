//! Log-in page and inbox are light for a real browser with an empty cache: at most 40 kB over the line with
//! everything they load, at most six requests (docs/design.md).

use rig::browser::Kind;
use rig::{Browser, letters};

use crate::office::Office;

const MAX_BYTES: u64 = 40_000;
const MAX_REQUESTS: usize = 6;
/// More than the list shows of it.
const TEXT: &str = "Sehr geehrte Frau Müller,\n\nvielen Dank für Ihre Rückfrage zu den Fotos, die wir Ihnen in der vorigen \
                    Woche über das Portal geschickt haben. Die Rechnung der Werkstatt fehlt uns noch.\n";

fn weigh(browser: &Browser, url: &str) {
    browser.devtools("Network.enable", &serde_json::json!({}));
    // Empty, but there: the logo is also the icon of the tab.
    browser.devtools("Network.clearBrowserCache", &serde_json::json!({}));
    let _ = browser.records();
    browser.open(url);
    let mut record = Vec::new();
    let loads = browser.wait_for("every load to end", |browser| {
        browser.loads(&mut record).filter(|loads| !loads.is_empty())
    });
    // What comes out of the cache is no request.
    let loads: Vec<_> = loads.into_iter().filter(|(_, bytes)| *bytes > 0).collect();
    let bytes: u64 = loads.iter().map(|(_, bytes)| bytes).sum();
    println!("{url}: {bytes} bytes in {} requests", loads.len());
    assert!(bytes <= MAX_BYTES, "{url} weighs {bytes}: {loads:#?}");
    assert!(loads.len() <= MAX_REQUESTS, "{url} asks for {loads:#?}");
    assert!(loads.len() >= 3 && bytes > 5_000, "that is not everything: {loads:#?}");
}

#[test]
fn log_in_and_inbox_are_light_for_a_real_browser() {
    let office = Office::new("de");
    let browser = Browser::of_kind(&Kind { watched: true, ..Kind::new("de") });
    weigh(&browser, &office.at("/"));
    let link = office.send("anna@web.example", &letters::plain("[vertraulich] eins", "x"));
    for n in 0..15 {
        let subject = format!("Ihre Rückfrage vom 12. November zum Vertrag {n}");
        office.send("anna@web.example", &letters::plain(&subject, TEXT));
        let pdf = letters::pdf("x");
        office.send("anna@web.example", &letters::rich(&subject, TEXT, "<p>x</p>", "Anlage.pdf", &pdf));
    }
    browser.activate(&link);
    weigh(&browser, &office.at("/inbox"));
    assert_eq!(browser.count("ul.letters > li"), 25, "a full page");
    assert_eq!(browser.count("ul.letters i"), 25, "with the first words of each");
}
