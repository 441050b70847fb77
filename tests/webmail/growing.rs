//! A letter's frame gets the height of the letter and then stays, whatever the letter's height depends on.

use rig::{Browser, Config, Gateway, Hop, Screen, letters};
use serde_json::json;

use crate::vectors::html_letter;

const MAX: &str = "max.kunde@web.example";

/// What would grow with the frame, if it were let.
fn growing() -> Vec<String> {
    let mut all: Vec<String> = [
        "height:100vh",
        "min-height:100vh",
        "height:120vh",
        "height:100dvh",
        "height:100svh",
        "height:100lvh",
        "height:101vb",
        "min-height:calc(100vh + 1px)",
        "padding-bottom:10vh",
        "margin-top:50vh",
        "font-size:10vh",
        "line-height:100vh",
        "border-bottom:5vh solid #eee",
        "height:100vmax",
        "height:100%;min-height:100%",
        "font:10vh/2 a",
        "border-spacing:9vh",
        "height:max(100vh,1px)",
        "text-indent:100vw",
        "letter-spacing:10vw",
        "width:100vw;padding:0 5vw",
    ]
    .iter()
    .map(|style| format!("<div style='{style}'>Guten Tag</div><p>und mehr</p>"))
    .collect();
    all.extend(
        [
            "<table height='100%' width='100%'><tr><td height='100%'>a<tr><td height='100%' style='height:100%'>b</table>",
            "<html style='height:100%'><body style='height:100%;min-height:100vh'><div style='height:100%'>a</div>",
            "<img height='100%' width='100%' src='cid:x' alt=a style='height:100vh'>",
            "<style>*{height:100vh!important}body{min-height:200vh}</style><p>a",
        ]
        .map(str::to_owned),
    );
    all
}

/// The frame's height once it has not changed for a while; WebDriver has no event for that.
fn at_rest(browser: &Browser) -> u64 {
    let (mut last, mut same) = (0, 0);
    browser.wait_for("the frame to rest", |browser| {
        let script = "const frame = document.querySelector('iframe.frame'); \
                      return frame.contentDocument?.readyState === 'complete' && frame.style.height ? frame.offsetHeight : 0";
        let height = browser.execute(script).as_u64().unwrap_or(0);
        same = if height > 0 && height == last { same + 1 } else { 0 };
        last = height;
        assert!(height < 5000, "{height} pixels and growing");
        (same >= 8).then_some(height)
    })
}

#[test]
fn a_frame_comes_to_rest() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut session = gateway.smtp();
    let words =
        "<p>Eine Zeile, die auf einem Telefon öfter umbricht als auf einem großen Schirm.</p>".repeat(20);
    for html in growing().iter().chain([&words]) {
        let letter = html_letter("[vertraulich] x", html.as_bytes(), "text/html; charset=utf-8");
        session.letter("erika.muster@insurer.example", &[MAX], &letter).expect("250 *");
    }
    let browser = Browser::start();
    browser.look_on(Screen::DESKTOP);
    browser.activate(&letters::link(&hop.wait_to(MAX).bytes));
    let mut paths = Vec::new();
    for page in 1..=2 {
        browser.open(&format!("http://{}/inbox?page={page}", gateway.config.web));
        let listed = browser
            .execute("return [...document.querySelectorAll('ul.letters a')].map(a => a.href.split('?')[0])");
        paths.extend(listed.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()));
    }
    assert_eq!(paths.len(), growing().len() + 1);
    for path in &paths {
        browser.open(path);
        at_rest(&browser);
    }

    // The newest is the ordinary one: it follows the width of its page, to and fro.
    browser.open(&paths[0]);
    let wide = at_rest(&browser);
    browser.look_on(Screen::NARROW);
    let narrow = at_rest(&browser);
    assert!(narrow > wide + 100, "{wide} and {narrow}");
    browser.look_on(Screen::DESKTOP);
    assert_eq!(at_rest(&browser), wide);

    // Even if something got through: our own measuring does not feed itself.
    let script = "document.querySelector('iframe.frame').contentDocument.querySelector('.letter').style.height = 'calc(100vh + 50px)'";
    assert_eq!(browser.execute(script), json!(null));
    assert!(at_rest(&browser) < wide + 500);
    gateway.sweep();
}
