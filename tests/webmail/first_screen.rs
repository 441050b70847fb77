//! The letter first: on a phone its text begins on the first screen; on a wide screen the list is beside it;
//! no page requests more than six files.

use rig::browser::Kind;
use rig::{Browser, Screen};
use serde_json::json;

use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";
const MAX_REQUESTS: usize = 6;

#[test]
fn the_text_of_a_letter_begins_on_the_first_screen_of_a_phone() {
    let office = Office::new("de");
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.click_through("ul.letters a");
    for view in ["", "?view=text"] {
        let page = browser.url();
        for screen in [Screen::PHONE, Screen { height: 667, ..Screen::PHONE }] {
            browser.look_on(screen);
            browser.open(&format!("{}{view}", page.split('?').next().unwrap()));
            let top = browser.execute(
                "const frame = document.querySelector('iframe.frame, .text'); return frame.getBoundingClientRect().top",
            );
            let top = top.as_f64().unwrap();
            println!("{view:?} at {}: {top}", screen.height);
            assert!(top < 500.0, "the text begins at {top} of {}", screen.height);
        }
    }
}

#[test]
fn the_menu_opens_without_scripts() {
    let office = Office::new("de");
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, "de", false);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.click_through("ul.letters a");
    browser.click(".save summary");
    for screen in [Screen::PHONE, Screen::NARROW] {
        browser.look_on(screen);
        let left = "return document.querySelector('.save .menu-body').getBoundingClientRect().left";
        let left = browser.execute(left).as_f64().unwrap();
        assert!(left >= 0.0, "at {} the menu begins at {left}", screen.width);
    }
    assert!(browser.text_of(".save .menu-body").contains("Outlook"), "{}", browser.text());
    browser.click_through(".save button[value=trash]");
    assert!(browser.text_of("main").contains("Papierkorb"), "{}", browser.text());
}

#[test]
fn the_list_stands_beside_the_letter_on_a_wide_screen() {
    let office = Office::new("de");
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, "de", true);
    let browser = &watched.browser;
    browser.activate(&link);
    browser.look_on(Screen::DESKTOP);
    browser.open(&office.at("/inbox"));
    browser.click_through("ul.letters a");
    browser.wait_for("the list", |browser| (browser.count(".beside a[aria-current]") == 1).then_some(()));
    let places = browser.execute(
        "const box = (name) => document.querySelector(name).getBoundingClientRect(); \
         const list = box('.beside'), letter = box('article.message'); \
         return [list.right < letter.left, Math.abs(list.top - letter.top) < 2, letter.right <= innerWidth]",
    );
    assert_eq!(places, json!([true, true, true]));
    watched.judge("a letter with the list beside it");
    browser.look_on(Screen::PHONE);
    assert_eq!(browser.execute("return document.querySelector('.beside').checkVisibility()"), json!(false));
}

fn requests(browser: &Browser, url: &str) -> Vec<(String, u64)> {
    browser.devtools("Network.enable", &json!({}));
    browser.devtools("Network.clearBrowserCache", &json!({}));
    let _ = browser.records();
    browser.open(url);
    if url.contains("/m/") {
        browser.wait_for("the list", |browser| (browser.count(".beside a") > 0).then_some(()));
    }
    let mut record = Vec::new();
    let loads = browser.wait_for("every load to end", |browser| {
        browser.loads(&mut record).filter(|loads| !loads.is_empty())
    });
    loads.into_iter().filter(|(_, bytes)| *bytes > 0).collect()
}

#[test]
fn no_page_asks_for_more_than_six_files() {
    let office = Office::new("de");
    let browser = Browser::of_kind(&Kind { watched: true, ..Kind::new("de") });
    browser.look_on(Screen::DESKTOP);
    let link = office.send(ANNA, &claim());
    browser.activate(&link);
    browser.click_through("ul.letters a");
    let letter = browser.url();
    browser.click_through("button[value=reply]");
    let draft = browser.url();
    for url in [letter, draft, office.at("/inbox"), office.at("/account"), office.at("/export")] {
        let loads = requests(&browser, &url);
        println!("{url}: {} requests", loads.len());
        assert!(loads.len() <= MAX_REQUESTS, "{url} asks for {loads:#?}");
    }
}
