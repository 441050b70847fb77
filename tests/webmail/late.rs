//! Without scripts there is no timely warning. The session ends while a letter is being written; sending it
//! leads to the log-in, and after that the text is restored.

use rig::Web;
use rig::reader::PASSWORD;

use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";

/// Ends all sessions, from another device.
fn leave_everywhere(mut web: Web) {
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", ANNA), ("password", PASSWORD)]).expect(303);
    let account = web.get("/account");
    web.submit(&account, "/account/leave", &[]).expect(303);
}

#[test]
fn a_letter_half_written_outlives_its_session() {
    let office = Office::new("en");
    let link = office.send(ANNA, &claim());
    let watched = Watched::new(&office, "en", false);
    let browser = &watched.browser;
    browser.activate(&link);
    assert!(browser.text().contains("You are logged in until"), "{}", browser.text());
    browser.click_through("form[action='/write'] button[value=new]");
    watched.judge("editor without scripts");
    browser.fill("#to", "erika@insurer.example");
    browser.fill("#subject", "Zum <Unfall> & mehr");
    browser.fill("#text", "Erste Zeile\n\nZweite \"Zeile\"");
    leave_everywhere(office.gateway.web());

    browser.click_through("[data-send]");
    assert!(browser.text().contains("What you wrote is not lost"), "{}", browser.text());
    watched.judge("log-in that holds a letter");
    browser.log_in(ANNA, "ganz falsch");
    watched.judge("log-in that holds a letter, wrong password");
    browser.log_in(ANNA, PASSWORD);
    assert!(browser.text().contains("Your text is back. It has not been sent yet."), "{}", browser.text());
    watched.judge("editor with a letter that was late");
    browser.click_through("[data-send]");
    assert!(browser.text().contains("Your message is on its way"), "{}", browser.text());
    let arrived = office.hop.wait_to("erika@insurer.example");
    let parsed = mail_parser::MessageParser::default().parse(&arrived.bytes).unwrap();
    assert_eq!(parsed.subject(), Some("Zum <Unfall> & mehr"));
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), "Erste Zeile\n\nZweite \"Zeile\"");
    drop(watched);
    office.gateway.sweep();
}
