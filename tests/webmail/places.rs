//! A letter's own links to anchors in it work.

use serde_json::json;

use crate::targets;

#[test]
fn a_link_within_a_letter_brings_its_place_into_sight() {
    let html = format!(
        "<p><a href='#teil-2'>zum zweiten Teil</a> <a href='#alt'>zum Ende</a></p>{}<h2 id='teil-2'>Zweiter Teil</h2>{}<p><a name=alt></a>Ende</p>",
        "<p>Absatz</p>".repeat(80),
        "<p>Absatz</p>".repeat(80)
    );
    let (_hop, gateway, browser, paths) = targets::opened(&[targets::letter(0, &html)]);
    for place in ["in-teil-2", "in-alt"] {
        browser.open(&paths[0]);
        browser.wait_for("the letter", |browser| {
            browser.text_of_frame("iframe.frame").contains("Zweiter Teil").then_some(())
        });
        browser.in_frame("iframe.frame", |browser| browser.click(&format!("a[href='#{place}']")));
        let seen = format!(
            "const frame = document.querySelector('iframe.frame'), place = frame.contentDocument.getElementById('{place}');
             const top = frame.getBoundingClientRect().top + place.getBoundingClientRect().top;
             return top >= -2 && top < innerHeight"
        );
        browser
            .wait_for("the place in sight", |browser| (browser.execute(&seen) == json!(true)).then_some(()));
    }
    gateway.sweep();
}
